-- +goose Up

-- remove_archived removes a shard's rows up to one that the archive has (T5), and notes in the same transaction that the chain
-- goes on after it. It has the rights of the tables' owner, and refuses what the archive cannot have: a chain that is not the
-- shard's, rows of the last day, a chain with a gap. What is removed already is removed once: then it returns 0.
-- +goose StatementBegin
CREATE FUNCTION remove_archived(of_shard smallint, up_to bigint, with_chain bytea) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    floor_seq bigint;
    removed bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1131443057, of_shard); -- the second of two waits, and sees the floor of the first
    SELECT coalesce(max(seq), 0) INTO floor_seq FROM audit_floors WHERE shard = of_shard;
    IF EXISTS (SELECT FROM audit_floors WHERE shard = of_shard AND seq = up_to AND chain = with_chain) THEN
        RETURN 0;
    END IF;
    IF NOT EXISTS (SELECT FROM audit_log WHERE shard = of_shard AND seq = up_to AND chain = with_chain) THEN
        RAISE EXCEPTION 'audit_log: shard % has no row % with that chain', of_shard, up_to;
    END IF;
    IF EXISTS (SELECT FROM audit_log WHERE shard = of_shard AND seq <= up_to AND recorded_at > now() - interval '1 day') THEN
        RAISE EXCEPTION 'audit_log: rows of the last day are not removed';
    END IF;
    INSERT INTO audit_floors (shard, seq, chain, archived_at) VALUES (of_shard, up_to, with_chain, now());
    DELETE FROM audit_log WHERE shard = of_shard AND seq <= up_to;
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed <> up_to - floor_seq THEN
        RAISE EXCEPTION 'audit_log: shard % has a gap between % and %', of_shard, floor_seq, up_to;
    END IF;
    RETURN removed;
END
$$;
-- +goose StatementEnd

-- The function finds its tables where they are now, and never among the caller's temporary ones.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION remove_archived SET search_path = %I, pg_temp', current_schema());
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION remove_archived FROM PUBLIC;

-- grant_archiver gives a role what archiving the trail needs: it may read the trail, and remove what remove_archived lets it. It
-- is another role than the gateway's, which must never have both. The owner of the tables calls it once for each role:
-- SELECT grant_archiver('archiver');
-- +goose StatementBegin
CREATE FUNCTION grant_archiver(archiver regrole) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', current_schema(), archiver);
    EXECUTE format('GRANT SELECT ON audit_pending, audit_log, audit_floors, audit_epochs, audit_checkpoints TO %s', archiver);
    EXECUTE format('GRANT EXECUTE ON FUNCTION remove_archived TO %s', archiver);
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION grant_archiver FROM PUBLIC;

-- +goose Down
DROP FUNCTION grant_archiver;
DROP FUNCTION remove_archived;
