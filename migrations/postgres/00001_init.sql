-- The tables and columns are those of ../sqlite/00001_init.sql, which explains them. The journal's primary key does what
-- position, yjs_revisions and yjs_indexed do there.
--
-- Ids compare byte by byte (COLLATE "C"): that is fast, the same on every machine, and no update of the operating system
-- changes the order of what the indexes hold.

-- +goose Up

-- A row of revision 0 is a resource that has no document: somebody has locked it. All that changes a resource holds its
-- row of this table until the end of the transaction.
CREATE TABLE yjs_heads (
    tenant        text COLLATE "C" NOT NULL,
    resource_id   text COLLATE "C" NOT NULL,
    resource_type text             NOT NULL,
    revision      bigint           NOT NULL,
    guard         bigint           NOT NULL,
    epoch         bigint           NOT NULL,
    next_client   bigint           NOT NULL,
    created_at    timestamptz      NOT NULL,
    updated_at    timestamptz      NOT NULL,
    PRIMARY KEY (tenant, resource_id)
) WITH (fillfactor = 50); -- updated at every commit: room for the new version on the same page

CREATE TABLE yjs_updates (
    tenant      text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    revision    bigint           NOT NULL,
    "update"    bytea            COMPRESSION lz4 NOT NULL,
    user_id     text             NOT NULL,
    session_id  text             NOT NULL,
    client_ids  bigint[]         NOT NULL,
    fields      text[]           NOT NULL,
    created_at  timestamptz      NOT NULL,
    PRIMARY KEY (tenant, resource_id, revision)
);

-- +goose StatementBegin
CREATE FUNCTION refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER yjs_updates_append_only BEFORE UPDATE ON yjs_updates
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_update();

CREATE TABLE yjs_states (
    tenant      text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    state       bytea            COMPRESSION lz4 NOT NULL, -- pglz takes five times as long for a large one
    revision    bigint           NOT NULL,
    updated_at  timestamptz      NOT NULL,
    epoch       bigint           NOT NULL,
    PRIMARY KEY (tenant, resource_id)
);

CREATE TABLE yjs_clients (
    tenant      text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    client_id   bigint           NOT NULL,
    user_id     text             NOT NULL,
    session_id  text COLLATE "C" NOT NULL,
    used        boolean          NOT NULL,
    retired     boolean          NOT NULL,
    PRIMARY KEY (tenant, resource_id, client_id)
);

CREATE INDEX yjs_clients_unused ON yjs_clients (tenant, resource_id, session_id) WHERE NOT used AND NOT retired;

CREATE TABLE yjs_seeds (
    tenant      text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    field       text COLLATE "C" NOT NULL,
    value       text             NOT NULL,
    PRIMARY KEY (tenant, resource_id, field)
);

CREATE TABLE lock_fences (
    tenant      text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    field       text COLLATE "C" NOT NULL,
    fence       bigint           NOT NULL,
    PRIMARY KEY (tenant, resource_id, field)
);

CREATE TABLE locks (
    lock_id       text COLLATE "C" NOT NULL PRIMARY KEY,
    tenant        text COLLATE "C" NOT NULL,
    resource_id   text COLLATE "C" NOT NULL,
    field         text COLLATE "C" NOT NULL,
    fence         bigint           NOT NULL,
    user_id       text             NOT NULL,
    name          text             NOT NULL,
    session_id    text             NOT NULL,
    instance      text             NOT NULL,
    acquired_at   timestamptz      NOT NULL,
    expires_at    timestamptz      NOT NULL,
    ttl           bigint           NOT NULL,
    explicit      boolean          NOT NULL,
    closed_at     timestamptz,
    closed_reason text,
    UNIQUE (tenant, resource_id, field, fence)
);

CREATE UNIQUE INDEX locks_open ON locks (tenant, resource_id, field) WHERE closed_at IS NULL;
CREATE INDEX locks_expiry ON locks (expires_at) WHERE closed_at IS NULL;

CREATE TABLE audit_pending (
    position    bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id    text COLLATE "C" NOT NULL UNIQUE,
    shard       smallint         NOT NULL,
    tenant      text             NOT NULL,
    recorded_at timestamptz      NOT NULL,
    type        text             NOT NULL,
    outcome     text             NOT NULL,
    actor       text             NOT NULL,
    resource_id text             NOT NULL,
    session_id  text             NOT NULL,
    body        bytea            NOT NULL
);

CREATE INDEX audit_pending_shard ON audit_pending (shard, position);

CREATE TABLE audit_log (
    shard         smallint         NOT NULL,
    seq           bigint           NOT NULL,
    event_id      text COLLATE "C" NOT NULL UNIQUE,
    tenant        text COLLATE "C" NOT NULL,
    recorded_at   timestamptz      NOT NULL,
    type          text             NOT NULL,
    outcome       text             NOT NULL,
    actor         text             NOT NULL,
    role          text             NOT NULL,
    session_id    text             NOT NULL,
    instance      text             NOT NULL,
    address       text             NOT NULL,
    resource_id   text COLLATE "C" NOT NULL,
    fields        text[],
    revision_from bigint,
    revision_to   bigint,
    fence         bigint,
    reason        text             NOT NULL,
    details       jsonb,
    body          bytea            NOT NULL,
    leaf          bytea            NOT NULL,
    chain         bytea            NOT NULL,
    PRIMARY KEY (shard, seq)
);

CREATE INDEX audit_log_resource ON audit_log (tenant, resource_id, recorded_at);
CREATE INDEX audit_log_time ON audit_log (recorded_at);

CREATE TRIGGER audit_log_append_only BEFORE UPDATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_update();

CREATE TABLE revocations (
    tenant     text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL CHECK (kind IN ('user', 'session', 'token')),
    value      text COLLATE "C" NOT NULL,
    revoked_at timestamptz      NOT NULL,
    until      timestamptz,
    PRIMARY KEY (tenant, kind, value)
);

-- grant_application gives a role what the gateway needs: it may add to the journal and to the audit tables and read them,
-- and neither change nor delete anything there (T3). The owner of the tables calls it once for each role, and again after
-- each migration: SELECT grant_application('gateway');
-- +goose StatementBegin
CREATE FUNCTION grant_application(application regrole) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', current_schema(), application);
    EXECUTE format('GRANT SELECT ON goose_db_version TO %s', application);
    EXECUTE format('GRANT SELECT, INSERT ON yjs_updates, audit_pending, audit_log TO %s', application);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON yjs_heads, yjs_states, yjs_seeds, lock_fences, locks, revocations TO %s', application);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON yjs_clients TO %s', application);
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION grant_application FROM PUBLIC;

-- +goose Down
DROP FUNCTION grant_application;
DROP TABLE revocations;
DROP TABLE audit_log;
DROP TABLE audit_pending;
DROP TABLE locks;
DROP TABLE lock_fences;
DROP TABLE yjs_seeds;
DROP TABLE yjs_clients;
DROP TABLE yjs_states;
DROP TABLE yjs_updates;
DROP TABLE yjs_heads;
DROP FUNCTION refuse_update;
