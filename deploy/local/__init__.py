"""The one-machine launcher: everything of Sportello on one computer, without Docker and without root."""
