-- Times are microseconds since 1970 UTC. The tables and columns are those of ../postgres/00001_init.sql, but for the
-- journal's index.

-- +goose Up

-- The head of each document (D2b). guard is raised by every grant or end of a lock, epoch by a restore (D8),
-- next_client is the next Yjs client id to reserve (D7).
CREATE TABLE yjs_heads (
    tenant        TEXT    NOT NULL,
    resource_id   TEXT    NOT NULL,
    resource_type TEXT    NOT NULL,
    revision      INTEGER NOT NULL,
    guard         INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    next_client   INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant, resource_id)
) STRICT, WITHOUT ROWID;

-- The journal (D3): append only, without gaps from revision 2 on. Rows lie in the order of their commits, so that one
-- commit of many documents writes few pages. position grows for ever.
CREATE TABLE yjs_updates (
    position    INTEGER PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    "update"    BLOB    NOT NULL,
    user_id     TEXT    NOT NULL,
    session_id  TEXT    NOT NULL,
    client_ids  TEXT    NOT NULL, -- JSON array of numbers
    fields      TEXT    NOT NULL, -- JSON array of strings
    created_at  INTEGER NOT NULL
) STRICT;

-- Where the revisions of a document lie in yjs_updates. It is filled many rows at a time, at most seconds late: rows after
-- the position in yjs_indexed are not in it yet. (In PostgreSQL the primary key of yjs_updates does this.)
CREATE TABLE yjs_revisions (
    tenant      TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    PRIMARY KEY (tenant, resource_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE yjs_indexed (
    position INTEGER NOT NULL -- one row
) STRICT;

INSERT INTO yjs_indexed (position) VALUES (0);

-- +goose StatementBegin
CREATE TRIGGER yjs_updates_append_only BEFORE UPDATE ON yjs_updates
BEGIN
    SELECT RAISE(ABORT, 'yjs_updates is append only');
END;
-- +goose StatementEnd

-- The compacted prefix of each journal (D3).
CREATE TABLE yjs_states (
    tenant      TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    state       BLOB    NOT NULL, -- a Yjs V1 update
    revision    INTEGER NOT NULL, -- the last one that state holds
    updated_at  INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    PRIMARY KEY (tenant, resource_id)
) STRICT;

-- Whose a Yjs client id is in a document (D7).
CREATE TABLE yjs_clients (
    tenant      TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    client_id   INTEGER NOT NULL,
    user_id     TEXT    NOT NULL,
    session_id  TEXT    NOT NULL,
    used        INTEGER NOT NULL, -- has structs in the document
    retired     INTEGER NOT NULL, -- nothing new is accepted under it (D2c)
    PRIMARY KEY (tenant, resource_id, client_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX yjs_clients_unused ON yjs_clients (tenant, resource_id, session_id) WHERE used = 0 AND retired = 0;

-- What the server wrote from a page into fields that were never written (G4).
CREATE TABLE yjs_seeds (
    tenant      TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    field       TEXT NOT NULL,
    value       TEXT NOT NULL, -- JSON
    PRIMARY KEY (tenant, resource_id, field)
) STRICT, WITHOUT ROWID;

-- The last fence of each lock key, kept for ever (L1). The empty field is the whole resource.
CREATE TABLE lock_fences (
    tenant      TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    field       TEXT    NOT NULL,
    fence       INTEGER NOT NULL,
    PRIMARY KEY (tenant, resource_id, field)
) STRICT, WITHOUT ROWID;

-- Every grant of a lock; it is effective while closed_at is NULL (L1, L5).
CREATE TABLE locks (
    lock_id       TEXT    NOT NULL PRIMARY KEY,
    tenant        TEXT    NOT NULL,
    resource_id   TEXT    NOT NULL,
    field         TEXT    NOT NULL,
    fence         INTEGER NOT NULL,
    user_id       TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    session_id    TEXT    NOT NULL,
    instance      TEXT    NOT NULL,
    acquired_at   INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    ttl           INTEGER NOT NULL, -- microseconds
    explicit      INTEGER NOT NULL, -- the client named the TTL (L4)
    closed_at     INTEGER,
    closed_reason TEXT,
    UNIQUE (tenant, resource_id, field, fence)
) STRICT;

CREATE UNIQUE INDEX locks_open ON locks (tenant, resource_id, field) WHERE closed_at IS NULL;
CREATE INDEX locks_expiry ON locks (expires_at) WHERE closed_at IS NULL;

-- Audit events of committed changes that are not chained yet (T3). position is the order of insertion.
CREATE TABLE audit_pending (
    position    INTEGER PRIMARY KEY,
    event_id    TEXT    NOT NULL UNIQUE,
    shard       INTEGER NOT NULL,
    tenant      TEXT    NOT NULL,
    recorded_at INTEGER NOT NULL,
    type        TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    session_id  TEXT    NOT NULL,
    body        BLOB    NOT NULL  -- RFC 8785
) STRICT;

CREATE INDEX audit_pending_shard ON audit_pending (shard, position);

-- The sealed audit trail: one hash chain per shard (T2).
CREATE TABLE audit_log (
    shard         INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    event_id      TEXT    NOT NULL UNIQUE,
    tenant        TEXT    NOT NULL,
    recorded_at   INTEGER NOT NULL,
    type          TEXT    NOT NULL,
    outcome       TEXT    NOT NULL,
    actor         TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    session_id    TEXT    NOT NULL,
    instance      TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    resource_id   TEXT    NOT NULL,
    fields        TEXT,             -- JSON array of strings
    revision_from INTEGER,
    revision_to   INTEGER,
    fence         INTEGER,
    reason        TEXT    NOT NULL,
    details       TEXT,             -- JSON object
    body          BLOB    NOT NULL, -- RFC 8785, what is hashed
    leaf          BLOB    NOT NULL, -- SHA256(0x00 || body)
    chain         BLOB    NOT NULL, -- SHA256(0x01 || previous || seq || leaf)
    PRIMARY KEY (shard, seq)
) STRICT;

CREATE INDEX audit_log_resource ON audit_log (tenant, resource_id, recorded_at);
CREATE INDEX audit_log_time ON audit_log (recorded_at);

-- +goose StatementBegin
CREATE TRIGGER audit_log_append_only BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append only');
END;
-- +goose StatementEnd

-- Users, sessions and token ids whose tokens are refused (A5); until NULL is for ever.
CREATE TABLE revocations (
    tenant     TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('user', 'session', 'token')),
    value      TEXT    NOT NULL,
    revoked_at INTEGER NOT NULL,
    until      INTEGER,
    PRIMARY KEY (tenant, kind, value)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE revocations;
DROP TABLE audit_log;
DROP TABLE audit_pending;
DROP TABLE locks;
DROP TABLE lock_fences;
DROP TABLE yjs_seeds;
DROP TABLE yjs_clients;
DROP TABLE yjs_states;
DROP TABLE yjs_indexed;
DROP TABLE yjs_revisions;
DROP TABLE yjs_updates;
DROP TABLE yjs_heads;
