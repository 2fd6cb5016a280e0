-- The tables and columns are those of ../sqlite/00011_webhooks.sql, which explains them.

-- +goose Up

CREATE TABLE webhook_messages (
    source      text COLLATE "C" NOT NULL,
    message_id  text COLLATE "C" NOT NULL,
    sum         bytea            NOT NULL,
    delivery_id text             NOT NULL,
    received_at timestamptz      NOT NULL,
    PRIMARY KEY (source, message_id)
);

CREATE INDEX webhook_messages_time ON webhook_messages (received_at);

CREATE TABLE webhook_inbox (
    position    bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id text COLLATE "C" NOT NULL UNIQUE,
    source      text             NOT NULL,
    tenant      text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    event_type  text             NOT NULL,
    version     text             NOT NULL,
    occurred_at timestamptz      NOT NULL,
    data        bytea            NOT NULL,
    received_at timestamptz      NOT NULL,
    superseded  boolean          NOT NULL,
    told_at     timestamptz
);

CREATE INDEX webhook_inbox_time ON webhook_inbox (received_at);
CREATE INDEX webhook_inbox_data ON webhook_inbox (told_at) WHERE length(data) > 0;
CREATE INDEX webhook_inbox_untold ON webhook_inbox (position) WHERE told_at IS NULL;

CREATE TABLE webhook_versions (
    source      text COLLATE "C" NOT NULL,
    tenant      text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    version     text             NOT NULL,
    occurred_at timestamptz      NOT NULL,
    PRIMARY KEY (source, tenant, resource_id)
);

-- What the gateway's role may do with the inbox comes on top of what it might before.
ALTER FUNCTION grant_application(regrole) RENAME TO grant_application_00011;

-- +goose StatementBegin
CREATE FUNCTION grant_application(application regrole) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM grant_application_00011(application);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_messages, webhook_inbox, webhook_versions TO %s', application);
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION grant_application FROM PUBLIC;

-- +goose Down
DROP FUNCTION grant_application;
ALTER FUNCTION grant_application_00011(regrole) RENAME TO grant_application;
DROP TABLE webhook_versions;
DROP TABLE webhook_inbox;
DROP TABLE webhook_messages;
