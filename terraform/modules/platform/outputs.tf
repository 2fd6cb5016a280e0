output "name_servers" {
  description = "Name servers that the parent domain delegates to, before certificates can be had."
  value       = module.edge.name_servers
}

output "names" {
  description = "Host names: gateway, grafana, hooks, cdn."
  value       = module.edge.names
}

output "deployment" {
  description = "What `scripts/deploy` needs, its alarms among it."
  value = merge(module.compute.deployment, {
    environment = var.environment
    url         = "https://${module.edge.names.gateway}"
    profile     = var.protected ? "standard" : "fast"
    alarms      = module.monitoring.deployment_alarms
    operations  = { for key, value in module.compute.drill : key => value if contains(["task", "subnets", "security_groups"], key) }
  })
}

output "widget" {
  description = "Where a release puts the widget: the bucket, and the distribution whose /collab-sdk.js it invalidates."
  value       = { bucket = module.storage.bucket_names.widget, distribution = module.edge.distribution_id }
}

output "database" {
  description = "The database: identifier, host, secret of its owner."
  value       = module.data.database
}

output "secrets" {
  description = "Secrets by name; those that terraform/README.md names are filled by an operator."
  value       = module.security.secret_arns
}

output "buckets" {
  description = "Buckets by purpose."
  value       = module.storage.bucket_names
}

output "alarm_names" {
  description = "All alarms."
  value       = sort(concat(module.functions.alarm_names, module.monitoring.alarm_names))
}
