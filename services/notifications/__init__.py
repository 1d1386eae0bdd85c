"""Who has to do what by when, and the story of every case."""
