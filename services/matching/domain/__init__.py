"""What matching decides, without any input or output."""
