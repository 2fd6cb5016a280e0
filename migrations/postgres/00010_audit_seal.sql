-- The tables are those of ../sqlite/00010_audit_seal.sql, which explains them.

-- +goose Up
CREATE TABLE audit_floors (
    shard       smallint    NOT NULL,
    seq         bigint      NOT NULL,
    chain       bytea       NOT NULL,
    archived_at timestamptz NOT NULL,
    PRIMARY KEY (shard, seq)
);

CREATE TABLE audit_epochs (
    epoch     bigint      NOT NULL PRIMARY KEY,
    opened_at timestamptz NOT NULL
);

INSERT INTO audit_epochs (epoch, opened_at) VALUES (1, now());

CREATE TABLE audit_checkpoints (
    number     bigint      NOT NULL PRIMARY KEY,
    created_at timestamptz NOT NULL,
    note       text        NOT NULL
);

CREATE TRIGGER audit_floors_append_only BEFORE UPDATE ON audit_floors
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_update();
CREATE TRIGGER audit_epochs_append_only BEFORE UPDATE ON audit_epochs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_update();
CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_update();
CREATE TRIGGER audit_pending_append_only BEFORE UPDATE ON audit_pending
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_update();

-- discard_sealed removes pending events that are in the chain, byte by byte as they were recorded, and no others. It has the
-- rights of the tables' owner: with it the gateway's role needs no right to delete (T3).
-- +goose StatementBegin
CREATE FUNCTION discard_sealed(positions bigint[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE discarded bigint;
BEGIN
    DELETE FROM audit_pending p USING audit_log l
        WHERE p.position = ANY (positions) AND l.event_id = p.event_id AND l.shard = p.shard AND l.body = p.body;
    GET DIAGNOSTICS discarded = ROW_COUNT;
    RETURN discarded;
END
$$;
-- +goose StatementEnd

-- The function finds its tables where they are now, and never among the caller's temporary ones.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION discard_sealed SET search_path = %I, pg_temp', current_schema());
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION discard_sealed FROM PUBLIC;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION grant_application(application regrole) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', current_schema(), application);
    EXECUTE format('GRANT SELECT ON goose_db_version TO %s', application);
    EXECUTE format('GRANT SELECT, INSERT ON yjs_updates, audit_pending, audit_log, audit_checkpoints TO %s', application);
    EXECUTE format('GRANT SELECT ON audit_floors, audit_epochs TO %s', application);
    EXECUTE format('GRANT EXECUTE ON FUNCTION discard_sealed TO %s', application);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON yjs_heads, yjs_states, yjs_seeds, lock_fences, locks, revocations TO %s', application);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON yjs_clients TO %s', application);
END
$$;
-- +goose StatementEnd
