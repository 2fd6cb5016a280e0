-- The table and its columns are those of ../sqlite/00017_erasures.sql, which explains them.

-- +goose Up

CREATE TABLE erasures (
    tenant      text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    epoch       bigint           NOT NULL,
    erased_at   timestamptz      NOT NULL,
    erased_by   text             NOT NULL,
    reason      text             NOT NULL,
    repeats     text             NOT NULL,
    PRIMARY KEY (tenant, resource_id, epoch)
);

-- The gateway's role may read when something was erased. Only who owns the tables erases.
ALTER FUNCTION grant_application(regrole) RENAME TO grant_application_00017;

-- +goose StatementBegin
CREATE FUNCTION grant_application(application regrole) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM grant_application_00017(application);
    EXECUTE format('GRANT SELECT ON erasures TO %s', application);
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION grant_application FROM PUBLIC;

-- +goose Down
DROP FUNCTION grant_application;
ALTER FUNCTION grant_application_00017(regrole) RENAME TO grant_application;
DROP TABLE erasures;
