"""All SQL of the service, and only here."""

from __future__ import annotations

from chassis.database.pool import Connection
from services.impact.store.disclosures import Disclosures
from services.impact.store.facts import Facts
from services.impact.store.library import Library
from services.impact.store.names import Names
from services.impact.store.plans import Plans
from services.impact.store.readings import Readings
from services.impact.store.results import Results


class Store:
    """What a unit of work loads from and saves to, by subject."""

    def __init__(self, connection: Connection) -> None:
        self.plans = Plans(connection)
        self.disclosures = Disclosures(connection)
        self.facts = Facts(connection)
        self.library = Library(connection)
        self.names = Names(connection)
        self.readings = Readings(connection)
        self.results = Results(connection)
