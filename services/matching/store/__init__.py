"""All SQL of matching, and only here."""

from __future__ import annotations

from chassis.database.pool import Connection
from services.matching.store.candidates import CandidateStore
from services.matching.store.history import HistoryStore
from services.matching.store.instruments import InstrumentStore
from services.matching.store.ledger import LedgerStore
from services.matching.store.looks import LookStore
from services.matching.store.matches import MatchStore
from services.matching.store.overview import OverviewStore
from services.matching.store.plans import PlanStore
from services.matching.store.projections import ProjectionStore
from services.matching.store.rankings import RankingStore
from services.matching.store.revisions import RevisionStore


class MatchingStore:
    """What one transaction (or one query) sees of matching's schema."""

    def __init__(self, connection: Connection) -> None:
        self.projections = ProjectionStore(connection)
        self.instruments = InstrumentStore(connection)
        self.candidates = CandidateStore(connection)
        self.ledger = LedgerStore(connection)
        self.looks = LookStore(connection)
        self.matches = MatchStore(connection)
        self.overview = OverviewStore(connection)
        self.plans = PlanStore(connection)
        self.rankings = RankingStore(connection)
        self.history = HistoryStore(connection)
        self.revisions = RevisionStore(connection)
