"""All SQL of the service, and only here."""

from __future__ import annotations

from chassis.database.pool import Connection
from services.agreements.store.amendments import Amendments
from services.agreements.store.clauses import Clauses
from services.agreements.store.comments import Comments
from services.agreements.store.days import Days
from services.agreements.store.directory import Directory
from services.agreements.store.documents import Documents
from services.agreements.store.files import Files
from services.agreements.store.instruments import Instruments
from services.agreements.store.lines import Lines
from services.agreements.store.lists import Lists
from services.agreements.store.notices import Notices
from services.agreements.store.public import PublicRegister
from services.agreements.store.redactions import Redactions
from services.agreements.store.register import Register
from services.agreements.store.signatures import Signatures
from services.agreements.store.told import Told
from services.agreements.store.versions import Versions


class Store:
    """The service's tables over one connection, by room."""

    def __init__(self, connection: Connection) -> None:
        self.files = Files(connection)
        self.versions = Versions(connection)
        self.lists = Lists(connection)
        self.amendments = Amendments(connection)
        self.documents = Documents(connection)
        self.signatures = Signatures(connection)
        self.instruments = Instruments(connection)
        self.told = Told(connection)
        self.clauses = Clauses(connection)
        self.comments = Comments(connection)
        self.register = Register(connection)
        self.lines = Lines(connection)
        self.redactions = Redactions(connection)
        self.days = Days(connection)
        self.public = PublicRegister(connection)
        self.notices = Notices(connection)
        self.directory = Directory(connection)
