"""HTTP as every service speaks it: problem+json, idempotency keys, entity tags, cursor paging, health."""
