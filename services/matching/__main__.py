"""``python -m services.matching`` runs the service."""

from chassis.service import run
from services.matching.app import service

run(service())
