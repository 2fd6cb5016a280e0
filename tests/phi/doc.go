// Package phi drives the whole product with marked text in every place where something sensitive stands, and then looks for
// it wherever the product leaves traces: logs, metrics, Redis, RabbitMQ, PostgreSQL, the archive, answers, the browser's disk.
// It may be where SPEC allows it, and nowhere else (SPEC T6). docs/security/phi-sweep.md says what is allowed where. The
// tests have the build tag integration.
package phi
