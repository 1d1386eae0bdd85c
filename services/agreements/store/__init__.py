"""All SQL of the service, and only here."""

from __future__ import annotations

from chassis.database.pool import Connection
from services.agreements.store.directory import Directory
from services.agreements.store.documents import Documents
from services.agreements.store.files import Files
from services.agreements.store.instruments import Instruments
from services.agreements.store.register import Register


class Store:
    """The service's tables over one connection, by room."""

    def __init__(self, connection: Connection) -> None:
        self.files = Files(connection)
        self.documents = Documents(connection)
        self.instruments = Instruments(connection)
        self.register = Register(connection)
        self.directory = Directory(connection)
