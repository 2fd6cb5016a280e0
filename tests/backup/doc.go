// Package backup tests what a DBA does at three in the morning, on a real PostgreSQL: backups, their six levels, restores,
// point-in-time recovery (SPEC O4, D8). The tests have the build tag integration.
package backup
