"""Every event, by the service that publishes it."""

from contracts.events import agreements, departments, impact, intake, matching, notifications

__all__ = ["agreements", "departments", "impact", "intake", "matching", "notifications"]
