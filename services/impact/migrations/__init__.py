"""The schema of the service."""
