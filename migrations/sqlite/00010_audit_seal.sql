-- +goose Up

-- The last row of each shard that has left audit_log for the archive (T5), one row each time: where a chain goes on when
-- audit_log has no rows of it any more.
CREATE TABLE audit_floors (
    shard       INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    chain       BLOB    NOT NULL,
    archived_at INTEGER NOT NULL,
    PRIMARY KEY (shard, seq)
) STRICT;

-- A restore opens a new epoch of the trail (D8).
CREATE TABLE audit_epochs (
    epoch     INTEGER NOT NULL PRIMARY KEY,
    opened_at INTEGER NOT NULL
) STRICT;

INSERT INTO audit_epochs (epoch, opened_at) VALUES (1, unixepoch() * 1000000);

-- Signed notes over the heads of all chains (T4), numbered from 1.
CREATE TABLE audit_checkpoints (
    number     INTEGER NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL,
    note       TEXT    NOT NULL
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER audit_floors_append_only BEFORE UPDATE ON audit_floors
BEGIN
    SELECT RAISE(ABORT, 'audit_floors is append only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_epochs_append_only BEFORE UPDATE ON audit_epochs
BEGIN
    SELECT RAISE(ABORT, 'audit_epochs is append only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE ON audit_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'audit_checkpoints is append only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_pending_append_only BEFORE UPDATE ON audit_pending
BEGIN
    SELECT RAISE(ABORT, 'audit_pending is append only');
END;
-- +goose StatementEnd
