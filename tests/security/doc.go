// Package security attacks a running gateway as docs/security/audit-report.md tells, and keeps the documents of
// docs/security true: what they name must be there.
package security
