// Package recovery tests that browsers give back what a restore lost (SPEC D8): real gateways on PostgreSQL, unmodified
// clients and the widget in Chromium.
package recovery
