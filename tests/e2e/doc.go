// Package e2e tests the gateway from outside: the real program on its SQLite store, with unmodified npm clients and with
// a client of our own where a rule needs precision. The tests run with the build tag integration and need Node; they
// cite the rules of the specification.
package e2e
