-- The table and the column are those of ../sqlite/00013_recovery.sql, which explains them.

-- +goose Up

ALTER TABLE yjs_clients ADD COLUMN epoch bigint NOT NULL DEFAULT 0;

CREATE TABLE recoveries (
    tenant    text COLLATE "C" NOT NULL,
    epoch     bigint           NOT NULL,
    opened_at timestamptz      NOT NULL,
    until     timestamptz      NOT NULL,
    opened_by text             NOT NULL,
    reason    text             NOT NULL,
    PRIMARY KEY (tenant, epoch)
);

-- What the gateway's role may do with it comes on top of what it might before.
ALTER FUNCTION grant_application(regrole) RENAME TO grant_application_00013;

-- +goose StatementBegin
CREATE FUNCTION grant_application(application regrole) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM grant_application_00013(application);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON recoveries TO %s', application);
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION grant_application FROM PUBLIC;

-- +goose Down
DROP FUNCTION grant_application;
ALTER FUNCTION grant_application_00013(regrole) RENAME TO grant_application;
DROP TABLE recoveries;
ALTER TABLE yjs_clients DROP COLUMN epoch;
