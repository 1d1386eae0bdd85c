"""The single contact point: needs, offers, stakeholders, their account managers and what steers the matching."""
