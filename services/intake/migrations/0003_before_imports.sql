-- What became of each import of needs, row by row.
CREATE TABLE import_report (
    city text NOT NULL,
    import_id uuid NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    needs jsonb NOT NULL,
    PRIMARY KEY (city, import_id)
);
