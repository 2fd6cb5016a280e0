-- +goose Up

-- What else pages show of a field that is known to be older than the document (G4): a JSON list, empty for none. Where value
-- is null the field was never seeded.
ALTER TABLE yjs_seeds ADD COLUMN known text NOT NULL DEFAULT '';
