"""Pure rules: no I/O, no clock, no ids of their own making."""
