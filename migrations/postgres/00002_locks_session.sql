-- +goose Up

-- The open locks of a session that another instance takes over (C11).
CREATE INDEX locks_session ON locks (tenant, session_id) WHERE closed_at IS NULL;
