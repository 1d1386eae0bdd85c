"""What the Legal Office decides and why, without any I/O, clock or identifier maker."""
