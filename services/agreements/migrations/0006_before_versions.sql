-- What a file said after each change, as long as it can be changed: two of them make a redline.
CREATE TABLE file_version (
    city text NOT NULL,
    agreement_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    saved_at timestamptz NOT NULL,
    act text NOT NULL,
    content jsonb NOT NULL,
    PRIMARY KEY (city, agreement_id, version),
    FOREIGN KEY (city, agreement_id) REFERENCES agreement (city, agreement_id)
);
