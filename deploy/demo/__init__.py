"""The demo: partnerships that really happened, played through the public interfaces as the people who would."""
