"""What the public sees: entries of the register, notices, feeds and tables of them. No I/O."""
