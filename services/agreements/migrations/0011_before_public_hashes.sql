-- What was erased from the register does not stay in public notices, the public line is covered by hashes, amendments
-- may have signatories of their own, revocation answers are kept.

-- A notice's words still never change but once: when they are erased, for good.
ALTER TABLE public_notice ADD COLUMN erased_at timestamptz;
CREATE OR REPLACE FUNCTION refuse_rewording() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := '{state,reason,changed_at}';
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL THEN
        free := free || '{words,link,erased_at}'::text[];
    END IF;
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - free) IS DISTINCT FROM (to_jsonb(OLD) - free) THEN
        RAISE EXCEPTION 'a public notice is corrected by another one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
UPDATE public_notice n SET
    words = jsonb_build_object('title', omitted, 'text', omitted, 'write_to', n.words -> 'write_to'),
    reason = CASE WHEN n.reason IS NULL THEN NULL ELSE 'Omesso / Omitted' END, link = NULL, erased_at = now()
FROM redaction r, (SELECT '{"it": "Omesso", "en": "Omitted"}'::jsonb AS omitted) o
WHERE r.city = n.city AND r.agreement_id = n.agreement_id AND r.level = 'erased' AND r.at > n.made_at;

-- The salts of an entry's commitments to what the public line is made of (domain/lines.py). The words are the file's;
-- without the salt, which erasing deletes, nobody can guess them from the commitment.
CREATE TABLE register_line_salt (
    city text NOT NULL,
    position integer NOT NULL,
    name text NOT NULL CHECK (name IN ('facts', 'descriptions', 'people')),
    salt text NOT NULL,
    PRIMARY KEY (city, position, name),
    FOREIGN KEY (city, position) REFERENCES register_entry (city, position)
);
-- `stated`: what the line of an agreement that was signed before this is made of, committed to afterwards.
ALTER TABLE register_entry DROP CONSTRAINT register_entry_act_check;
ALTER TABLE register_entry ADD CONSTRAINT register_entry_act_check CHECK (act IN ('registered', 'signed', 'published',
    'amended', 'stated', 'rejected', 'terminated', 'completed', 'expired'));

-- Who is expected to sign for a party under an amendment; with 0, under the agreement and whatever names nobody else.
ALTER TABLE named_signatory
    ADD COLUMN amendment integer NOT NULL DEFAULT 0 CHECK (amendment >= 0),
    DROP CONSTRAINT named_signatory_pkey,
    ADD PRIMARY KEY (city, agreement_id, amendment, party_id, seat);

-- Answers about revocation that were fetched are kept beside lists.
ALTER TABLE validation_material
    DROP CONSTRAINT validation_material_kind_check,
    ADD CONSTRAINT validation_material_kind_check CHECK (kind IN ('anchor', 'crl', 'ocsp'));
