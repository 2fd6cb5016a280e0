-- Recovery after a restore (D8).

-- +goose Up

-- In which life of its document an id was reserved or bound last: what a restore lost is written under ids of the life
-- before, never under those of this one.
ALTER TABLE yjs_clients ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;

-- The times in which browsers may give back what a restore lost: one row for each tenant and restore. The tenant '' is
-- every tenant. epoch is the life that is healed: that of documents before the restore.
CREATE TABLE recoveries (
    tenant    TEXT    NOT NULL,
    epoch     INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    until     INTEGER NOT NULL, -- closed before its time: when
    opened_by TEXT    NOT NULL,
    reason    TEXT    NOT NULL,
    PRIMARY KEY (tenant, epoch)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE recoveries;
ALTER TABLE yjs_clients DROP COLUMN epoch;
