"""What intake knows and decides, without I/O, clock or random numbers."""
