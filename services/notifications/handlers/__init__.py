"""One function per command or event."""
