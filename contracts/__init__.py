"""The published language of Sportello: what the services say to each other, and nothing else."""
