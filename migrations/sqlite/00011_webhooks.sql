-- The inbox of webhooks (W3, W4): what other systems said about their records.

-- +goose Up

-- Messages by their sources' own ids, for as long as a source may send one again.
CREATE TABLE webhook_messages (
    source      TEXT    NOT NULL,
    message_id  TEXT    NOT NULL,
    sum         BLOB    NOT NULL, -- SHA-256 of the body
    delivery_id TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (source, message_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_messages_time ON webhook_messages (received_at);

-- What is to be told, in the order of position: one row for each resource that a message is about. told_at is NULL until an
-- instance has told its rooms; data is erased soon after that.
CREATE TABLE webhook_inbox (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id TEXT    NOT NULL UNIQUE,
    source      TEXT    NOT NULL,
    tenant      TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    event_type  TEXT    NOT NULL,
    version     TEXT    NOT NULL, -- JSON, or empty
    occurred_at INTEGER NOT NULL,
    data        BLOB    NOT NULL, -- JSON, or empty
    received_at INTEGER NOT NULL,
    superseded  INTEGER NOT NULL, -- older than what the source had said: nobody is told
    told_at     INTEGER
) STRICT;

CREATE INDEX webhook_inbox_time ON webhook_inbox (received_at);
CREATE INDEX webhook_inbox_data ON webhook_inbox (told_at) WHERE length(data) > 0;
CREATE INDEX webhook_inbox_untold ON webhook_inbox (position) WHERE told_at IS NULL;

-- The newest that each source has said of each resource.
CREATE TABLE webhook_versions (
    source      TEXT    NOT NULL,
    tenant      TEXT    NOT NULL,
    resource_id TEXT    NOT NULL,
    version     TEXT    NOT NULL, -- JSON
    occurred_at INTEGER NOT NULL,
    PRIMARY KEY (source, tenant, resource_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE webhook_versions;
DROP TABLE webhook_inbox;
DROP TABLE webhook_messages;
