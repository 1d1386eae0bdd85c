"""How well matching ranks: sets with judgements, measured with the service's own filters and signals."""
