output "name_servers" {
  description = "Name servers that the parent domain delegates to, before certificates can be had."
  value       = module.platform.name_servers
}

output "names" {
  description = "Host names: gateway, grafana, hooks, cdn."
  value       = module.platform.names
}

output "deployment" {
  description = "What `scripts/deploy` needs, its alarms among it."
  value       = module.platform.deployment
}

output "widget" {
  description = "Where a release puts the widget: the bucket, and the distribution whose /collab-sdk.js it invalidates."
  value       = module.platform.widget
}

output "database" {
  description = "The database: identifier, host, secret of its owner."
  value       = module.platform.database
}

output "secrets" {
  description = "Secrets by name; those that terraform/README.md names are filled by an operator."
  value       = module.platform.secrets
}

output "buckets" {
  description = "Buckets by purpose."
  value       = module.platform.buckets
}

output "alarm_names" {
  description = "All alarms."
  value       = module.platform.alarm_names
}
