// Package cluster holds the scenarios of the specification as tests: three gateways, real Redis, RabbitMQ and PostgreSQL,
// clients spread over the instances, and what happens when any of these fails. They have the build tag integration.
package cluster
