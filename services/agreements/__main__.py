"""`python -m services.agreements` runs the service."""

from chassis.service import run
from services.agreements.app import service

if __name__ == "__main__":
    run(service())
