"""``python -m services.impact``."""

from chassis.service import run
from services.impact.app import service

run(service())
