"""How Sportello is brought up: on one machine (``local``), by compose and on a cluster."""
