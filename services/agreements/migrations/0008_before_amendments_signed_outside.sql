-- Amendments signed outside: as for the agreement's own document, each revision with where it was made and what its
-- signatures were judged by.
ALTER TABLE amendment_revision
    ADD COLUMN media_type text NOT NULL DEFAULT 'application/pdf'
        CHECK (media_type IN ('application/pdf', 'application/pkcs7-mime')),
    ADD COLUMN origin text NOT NULL DEFAULT 'system' CHECK (origin IN ('system', 'outside'));

-- Which document was handed in: that of an amendment, or with 0 the agreement's own.
ALTER TABLE signature_upload ADD COLUMN amendment integer NOT NULL DEFAULT 0 CHECK (amendment >= 0);

CREATE TABLE amendment_revision_material (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    amendment integer NOT NULL,
    revision integer NOT NULL,
    sha256 text NOT NULL,
    PRIMARY KEY (city, agreement_id, amendment, revision, sha256),
    FOREIGN KEY (city, agreement_id, amendment, revision)
        REFERENCES amendment_revision (city, agreement_id, amendment, revision),
    FOREIGN KEY (city, sha256) REFERENCES validation_material (city, sha256)
);
CREATE TRIGGER amendment_revision_material_append_only BEFORE UPDATE OR DELETE ON amendment_revision_material
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
