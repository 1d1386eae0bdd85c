"""Migrations of the notifications schema: plain SQL, run in order by the chassis."""
