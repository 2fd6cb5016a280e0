-- Erasures of what resources held (O7).

-- +goose Up

-- epoch is the life of the document that began with the erasure: what browsers kept of lives before it they forget, and a
-- recovery of such a life takes nothing back (D8). An epoch 0 is that of a resource which the restored store does not know.
CREATE TABLE erasures (
    tenant      TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    erased_at   INTEGER NOT NULL,
    erased_by   TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    repeats     TEXT    NOT NULL, -- events of erasures that a restore had forgotten and this one carried out again, comma-separated
    PRIMARY KEY (tenant, resource_id, epoch)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE erasures;
