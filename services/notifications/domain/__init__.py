"""What events come to: entries of a case's story, and work for people. Pure: no I/O, no clock, no chance."""
