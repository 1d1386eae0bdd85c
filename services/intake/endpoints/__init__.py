"""The endpoints of the API, one file per kind of thing; `api.py` puts them together."""
