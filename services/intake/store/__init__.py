"""All SQL of intake."""

from __future__ import annotations

from chassis.database.pool import Connection
from services.intake.store.balances import Balances
from services.intake.store.imports import Imports
from services.intake.store.needs import Needs
from services.intake.store.offers import Offers
from services.intake.store.people import People
from services.intake.store.rejections import Rejections
from services.intake.store.stakeholders import Stakeholders
from services.intake.store.steering import Steering


class Store:
    """What intake keeps, one room per kind of thing, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self.needs = Needs(connection)
        self.offers = Offers(connection)
        self.stakeholders = Stakeholders(connection)
        self.people = People(connection)
        self.balances = Balances(connection)
        self.steering = Steering(connection)
        self.imports = Imports(connection)
        self.rejections = Rejections(connection)
