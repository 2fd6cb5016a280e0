-- Erasures of what resources held (O7).

-- +goose Up

-- epoch is the life of the document that began with the erasure: what browsers kept of lives before it they forget, and a
-- recovery of such a life takes nothing back (D8).
CREATE TABLE erasures (
    tenant      TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    erased_at   INTEGER NOT NULL,
    erased_by   TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    PRIMARY KEY (tenant, resource_id, epoch)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE erasures;
