// Package privacy tests what data protection law asks of who keeps the store (SPEC O7): real gateways, real clients, the
// program's own commands.
package privacy
