-- Rows leave audit_log for the archive (T5) below a row of audit_floors, which 00010 has made. SQLite has no roles: what
-- PostgreSQL's function remove_archived checks, the driver checks.

-- +goose Up
SELECT 1;

-- +goose Down
SELECT 1;
