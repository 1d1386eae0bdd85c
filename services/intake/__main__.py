"""``python -m services.intake``"""

from __future__ import annotations

from chassis.service import run
from services.intake.app import service

run(service())
