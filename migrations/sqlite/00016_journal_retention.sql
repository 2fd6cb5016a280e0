-- Journals whose first rows were removed (O7, D3).

-- +goose Up

-- What the rows that were removed from the beginning of a journal amount to: the document at a revision. The history (D9) begins
-- there, and the journal goes on after it. Without a row, or with revision 1, the journal has all its rows, from revision 2 on.
CREATE TABLE yjs_bases (
    tenant      TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    revision    INTEGER NOT NULL, -- the last one that state holds
    state       BLOB    NOT NULL, -- a Yjs V1 update
    last_at     INTEGER NOT NULL, -- when the latest of the rows was written that are not there any more
    made_at     INTEGER NOT NULL,
    PRIMARY KEY (tenant, resource_id)
) STRICT;

-- +goose Down
DROP TABLE yjs_bases;
