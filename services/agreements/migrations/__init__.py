"""SQL files, each run once; `data/` holds the records a new installation starts with."""
