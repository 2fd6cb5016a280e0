-- What the audit trail vouches for of the journals (T2).

-- +goose Up

-- The position in yjs_updates up to which DOCUMENT_UPDATED events cover all journals. (In PostgreSQL audit_covers has a
-- revision for each resource.)
CREATE TABLE audit_covered (
    position INTEGER NOT NULL -- one row
) STRICT;

INSERT INTO audit_covered (position) VALUES (0);

-- +goose Down
DROP TABLE audit_covered;
