"""``python -m services.notifications``."""

from chassis.service import run
from services.notifications.app import service

if __name__ == "__main__":
    run(service())
