-- Journals whose first rows were removed (O7, D3). The table is that of ../sqlite/00016_journal_retention.sql, which explains it.

-- +goose Up

CREATE TABLE yjs_bases (
    tenant      text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    revision    bigint           NOT NULL,
    state       bytea            COMPRESSION lz4 NOT NULL,
    last_at     timestamptz      NOT NULL,
    made_at     timestamptz      NOT NULL,
    PRIMARY KEY (tenant, resource_id)
);

-- When an instance last looked at all journals for rows that are old enough to be removed.
CREATE TABLE journal_looked (
    at timestamptz NOT NULL -- one row
);

INSERT INTO journal_looked (at) VALUES ('-infinity');

-- remove_journal removes the first rows of a journal up to a revision, and keeps in their place what they amount to. It has the
-- rights of the tables' owner, who alone may delete from a journal, and refuses whatever the state and the audit trail do not
-- have: rows of the last day, beyond the state, beyond what the trail covers, with a gap, or of which an event covers a part
-- alone: its rows lie within two seconds (T2). That they are removed must have been recorded in the same transaction. It
-- returns how many rows it removed; 0 says that somebody else has removed them, or that the resource began a new life: then the
-- caller undoes the transaction.
--
-- The base is written before the head is locked, for which all who write to the resource wait.
-- +goose StatementBegin
CREATE FUNCTION remove_journal(of_tenant text, of_resource text, of_epoch bigint, first bigint, up_to bigint, base bytea, recorded_as text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    below bigint;
    lowest bigint;
    rows_there bigint;
    newest timestamptz;
    following timestamptz;
    removed bigint;
BEGIN
    -- Of two at once the second waits here, and sees what the first has left.
    INSERT INTO yjs_bases (tenant, resource_id, revision, state, last_at, made_at) VALUES (of_tenant, of_resource, 1, '\x0000', now(), now())
        ON CONFLICT DO NOTHING;
    SELECT b.revision INTO below FROM yjs_bases b WHERE b.tenant = of_tenant AND b.resource_id = of_resource FOR UPDATE;
    IF below <> first - 1 OR up_to < first THEN
        RETURN 0;
    END IF;
    SELECT min(u.revision), count(*), max(u.created_at) INTO lowest, rows_there, newest FROM yjs_updates u
        WHERE u.tenant = of_tenant AND u.resource_id = of_resource AND u.revision <= up_to;
    IF rows_there <> up_to - below OR lowest <> first THEN
        RAISE EXCEPTION 'yjs_updates: the journal has not each revision from % to %', first, up_to;
    END IF;
    IF newest > now() - interval '1 day' THEN
        RAISE EXCEPTION 'yjs_updates: rows of the last day are not removed';
    END IF;
    SELECT min(u.created_at) INTO following FROM yjs_updates u
        WHERE u.tenant = of_tenant AND u.resource_id = of_resource AND u.revision > up_to;
    IF following <= newest + interval '2 seconds' THEN
        RAISE EXCEPTION 'yjs_updates: an event may cover rows up to revision % and after it', up_to;
    END IF;
    IF NOT EXISTS (SELECT FROM audit_pending p WHERE p.event_id = recorded_as AND p.type = 'ADMIN_ACTION' AND p.tenant = of_tenant
        AND p.resource_id = of_resource AND p.xmin = pg_current_xact_id()::xid
        AND convert_from(p.body, 'UTF8')::jsonb @> jsonb_build_object('tenant', of_tenant, 'resource_id', of_resource, 'type', 'ADMIN_ACTION',
            'revision_from', first, 'revision_to', up_to, 'details', jsonb_build_object('action', 'journal_removed', 'cause', 'retention',
                'rows', rows_there::text, 'revisions', first::text || CASE WHEN up_to > first THEN '-' || up_to ELSE '' END))) THEN
        RAISE EXCEPTION 'yjs_updates: that revisions % to % are removed is not recorded', first, up_to;
    END IF;
    UPDATE yjs_bases b SET revision = up_to, state = base, last_at = newest, made_at = now()
        WHERE b.tenant = of_tenant AND b.resource_id = of_resource;
    PERFORM FROM yjs_heads h WHERE h.tenant = of_tenant AND h.resource_id = of_resource AND h.epoch = of_epoch FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    IF NOT EXISTS (SELECT FROM yjs_states s WHERE s.tenant = of_tenant AND s.resource_id = of_resource AND s.epoch = of_epoch AND s.revision >= up_to) THEN
        RAISE EXCEPTION 'yjs_updates: the state has not revision %', up_to;
    END IF;
    IF NOT EXISTS (SELECT FROM audit_covers c WHERE c.tenant = of_tenant AND c.resource_id = of_resource AND c.revision >= up_to) THEN
        RAISE EXCEPTION 'yjs_updates: the audit trail does not cover revision %', up_to;
    END IF;
    DELETE FROM yjs_updates u WHERE u.tenant = of_tenant AND u.resource_id = of_resource AND u.revision <= up_to;
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed <> rows_there THEN
        RAISE EXCEPTION 'yjs_updates: % rows were removed, and not %', removed, rows_there;
    END IF;
    RETURN removed;
END
$$;
-- +goose StatementEnd

-- The function finds its tables where they are now, and never among the caller's temporary ones.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION remove_journal SET search_path = %I, pg_temp', current_schema());
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION remove_journal FROM PUBLIC;

ALTER FUNCTION grant_application(regrole) RENAME TO grant_application_00016;

-- +goose StatementBegin
CREATE FUNCTION grant_application(application regrole) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM grant_application_00016(application);
    EXECUTE format('GRANT SELECT ON yjs_bases TO %s', application);
    EXECUTE format('GRANT SELECT, UPDATE ON journal_looked TO %s', application);
    EXECUTE format('GRANT EXECUTE ON FUNCTION remove_journal TO %s', application);
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION grant_application FROM PUBLIC;

-- +goose Down
DROP FUNCTION grant_application;
ALTER FUNCTION grant_application_00016(regrole) RENAME TO grant_application;
DROP FUNCTION remove_journal;
DROP TABLE journal_looked;
DROP TABLE yjs_bases;
