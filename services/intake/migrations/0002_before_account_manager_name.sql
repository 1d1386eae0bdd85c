-- Partners are told the name of their guide. Personal data: shown on pages, never on the bus.
ALTER TABLE account_manager ADD COLUMN display_name text;
