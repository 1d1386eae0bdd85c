-- Amendments, renewals and several agreements of one match; lists that need no file.

-- A match may have several agreements; `part` tells them apart, so a repeated acceptance still opens nothing.
ALTER TABLE agreement ADD COLUMN part integer NOT NULL DEFAULT 1 CHECK (part >= 1);
ALTER TABLE agreement DROP CONSTRAINT agreement_city_match_id_key;
ALTER TABLE agreement ADD UNIQUE (city, match_id, part);

ALTER TABLE agreement DROP CONSTRAINT agreement_state_check, DROP CONSTRAINT agreement_check2;
ALTER TABLE agreement
    ADD CONSTRAINT agreement_state_check CHECK (state IN ('drafted', 'in_review', 'approved', 'signing', 'signed',
        'active', 'suspended', 'completed', 'rejected', 'terminated', 'expired')),
    ADD CONSTRAINT signed_has_first_day CHECK (state NOT IN ('signed', 'active', 'suspended', 'completed', 'terminated',
        'expired') OR valid_from IS NOT NULL);

-- What lists show, sort and filter by; all of it is in the content too.
ALTER TABLE agreement
    ADD COLUMN value_cents bigint,
    ADD COLUMN triangulation boolean NOT NULL DEFAULT false,
    ADD COLUMN party_names text[] NOT NULL DEFAULT '{}',
    ADD COLUMN valid_to date,
    ADD COLUMN ends_on date,
    ADD COLUMN suspended_until date,
    ADD COLUMN amendment text CHECK (amendment IN ('drafted', 'in_review', 'approved', 'signing')),
    ADD COLUMN open_checks integer,
    -- The next day on which something is due; far away when nothing is, so that one index gives the order.
    ADD COLUMN deadline date NOT NULL DEFAULT '2999-12-31',
    -- What words are looked for in: title, parties, number; in small letters.
    ADD COLUMN words text NOT NULL DEFAULT '';
UPDATE agreement SET
    value_cents = (SELECT sum((line ->> 'value_cents')::bigint) FROM jsonb_array_elements(content -> 'allocations') AS line),
    triangulation = (content ->> 'triangulation')::boolean,
    party_names = ARRAY(SELECT party ->> 'name' FROM jsonb_array_elements(content -> 'parties') AS party),
    valid_to = (content ->> 'valid_to')::date;
UPDATE agreement SET
    deadline = CASE WHEN state IN ('signed', 'active', 'suspended') THEN coalesce(valid_to, '2999-12-31')
        ELSE '2999-12-31' END,
    words = lower(concat_ws(' ', title, array_to_string(party_names, ' '),
        protocol_year || '/' || lpad(protocol_number::text, 7, '0')));
CREATE INDEX agreement_listed ON agreement (city, drafted_at DESC, agreement_id DESC);
CREATE INDEX agreement_desk ON agreement (city, deadline, agreement_id)
    WHERE state NOT IN ('completed', 'rejected', 'terminated', 'expired');
-- What the calendar looks for.
CREATE INDEX agreement_ending ON agreement (ends_on) WHERE ends_on IS NOT NULL;
CREATE INDEX agreement_resting ON agreement (suspended_until) WHERE suspended_until IS NOT NULL;
CREATE INDEX agreement_running ON agreement (valid_to) WHERE state IN ('signed', 'active', 'suspended');

-- An amendment's document: revision 0 as approved, each signature brings the next. The agreement's own never changes.
CREATE TABLE amendment_revision (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    amendment integer NOT NULL CHECK (amendment >= 1),
    revision integer NOT NULL CHECK (revision >= 0),
    sha256 text NOT NULL,
    content bytea NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (city, agreement_id, amendment, revision),
    FOREIGN KEY (city, agreement_id) REFERENCES agreement (city, agreement_id)
);
CREATE TRIGGER amendment_revision_append_only BEFORE UPDATE OR DELETE ON amendment_revision
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What impact reported as delivered, so that an amendment does not go below it.
CREATE TABLE delivered (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    offer_id uuid NOT NULL,
    offer_line integer NOT NULL,
    need_line integer,
    quantity numeric(18, 3) NOT NULL,
    UNIQUE NULLS NOT DISTINCT (city, agreement_id, offer_id, offer_line, need_line)
);
