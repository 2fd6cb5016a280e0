-- What the audit trail vouches for of the journals (T2).

-- +goose Up

-- The revision up to which DOCUMENT_UPDATED events cover the journal of a resource; without a row it is 1, the creation.
-- Who covers holds the row until the end of the transaction that records the events.
CREATE TABLE audit_covers (
    tenant      text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    revision    bigint           NOT NULL,
    PRIMARY KEY (tenant, resource_id)
) WITH (fillfactor = 50);

-- When an instance last looked at all heads for what nobody had covered.
CREATE TABLE audit_looked (
    at timestamptz NOT NULL -- one row
);

INSERT INTO audit_looked (at) VALUES ('-infinity');

ALTER FUNCTION grant_application(regrole) RENAME TO grant_application_00015;

-- +goose StatementBegin
CREATE FUNCTION grant_application(application regrole) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM grant_application_00015(application);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON audit_covers TO %s', application);
    EXECUTE format('GRANT SELECT, UPDATE ON audit_looked TO %s', application);
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION grant_application FROM PUBLIC;

-- +goose Down
DROP FUNCTION grant_application;
ALTER FUNCTION grant_application_00015(regrole) RENAME TO grant_application;
DROP TABLE audit_looked;
DROP TABLE audit_covers;
