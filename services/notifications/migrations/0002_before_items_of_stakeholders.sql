-- An account manager assigned to an organisation moves its open items: found by array, not by reading all of them.
CREATE INDEX work_item_stakeholders ON work_item USING gin (stakeholder_ids) WHERE parts > 0 AND done_at IS NULL;
