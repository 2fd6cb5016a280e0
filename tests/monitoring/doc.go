// Package monitoring runs what watches over the gateways: the shipped rules, routes and dashboards, by the real programs beside
// a real gateway, and holds the runbooks against them.
package monitoring
