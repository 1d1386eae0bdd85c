-- What a need and an offer say, kept comparable in both languages, and what they are found by.
-- All of it belongs to the read models and is made anew by ``sportello replay``. Rows from before have none of it until
-- then: they are compared by their words and found as the newest of their kind.

ALTER TABLE need ADD COLUMN terms text[], ADD COLUMN direction bytea, ADD COLUMN text_version text;
ALTER TABLE offer ADD COLUMN terms text[], ADD COLUMN direction bytea, ADD COLUMN text_version text;

-- Short rows of what a first look at many hundred candidates needs; their quantities are in the ledger.
-- ``sketch``: on which side of each of its 512 axes the text's direction lies; two such differ in as many bits as the
-- angle between the texts is wide.
CREATE TABLE need_trait (
    city text NOT NULL,
    need_id uuid NOT NULL,
    policy_area text NOT NULL,
    nil integer,
    municipio integer,
    cpv text[] NOT NULL,
    starts_on date,
    ends_on date,
    valid_until timestamptz,
    requires text[] NOT NULL,
    sketch bit(512),
    keys bigint[] NOT NULL,
    PRIMARY KEY (city, need_id)
);
CREATE TABLE offer_trait (
    city text NOT NULL,
    offer_id uuid NOT NULL,
    policy_area text,
    nil integer,
    municipio integer,
    cpv text[] NOT NULL,
    starts_on date,
    ends_on date,
    valid_until timestamptz,
    answers_need_id uuid,
    sketch bit(512),
    keys bigint[] NOT NULL,
    PRIMARY KEY (city, offer_id)
);

-- The lists that candidates are looked up in: under each key (hashed: kind and unit with a word, a category, a
-- neighbourhood …) the open needs or offers that carry it, the newest at one end. A closed one is in no list.
CREATE TABLE need_key (
    city text NOT NULL,
    key bigint NOT NULL,
    need_id uuid NOT NULL,
    PRIMARY KEY (city, key, need_id)
);
CREATE TABLE offer_key (
    city text NOT NULL,
    key bigint NOT NULL,
    offer_id uuid NOT NULL,
    PRIMARY KEY (city, key, offer_id)
);
