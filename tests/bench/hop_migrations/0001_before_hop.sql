CREATE TABLE effect (
    city text NOT NULL,
    id uuid NOT NULL,
    PRIMARY KEY (city, id)
);
