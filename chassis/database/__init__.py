"""Postgres: pools, roles, migrations."""
