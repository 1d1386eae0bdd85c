-- What keeps needs and offers apart whatever they are about: each short row says what its subject is known as and what it
-- refuses, and the search passes over pairs where the two meet. ``refuses_places`` of a need is about what meets its
-- lines; who brings a capability may come from anywhere. Part of the read models: rows from before say nothing here
-- until ``sportello replay``, and the filters judge every pair again.

ALTER TABLE need_trait ADD COLUMN known_as text[], ADD COLUMN refuses text[], ADD COLUMN refuses_places text[],
    ADD COLUMN refuses_kinds text[];
ALTER TABLE offer_trait ADD COLUMN known_as text[], ADD COLUMN refuses text[];

-- Offers that an organisation takes part in without being their giver; most offers have no partners.
CREATE INDEX offer_with_partners ON offer USING gin ((snapshot -> 'partners') jsonb_path_ops)
    WHERE state = 'open' AND snapshot -> 'partners' <> '[]';
