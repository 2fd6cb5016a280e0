# What is watched, by the names that CloudWatch has for it.
module "monitoring" {
  source = "../monitoring"

  name        = local.name
  environment = var.environment
  runbooks    = var.runbooks
  endpoints   = { for name, secret in data.aws_secretsmanager_secret_version.endpoint : name => secret.secret_string }
  watched = {
    load_balancer    = module.compute.load_balancer.suffix
    target_groups    = module.compute.load_balancer.group_suffix
    cluster          = module.compute.cluster.name
    services         = module.compute.deployment.services
    database         = module.data.database.identifier
    cache            = module.data.cache.id
    cache_nodes      = module.data.cache.nodes
    broker           = module.data.broker_name
    web_acl          = module.edge.web_acl_names.alb
    certificate_arns = module.edge.certificate_arns
    namespace        = module.compute.metric_namespace
    functions        = module.functions.function_names
  }
  network = {
    vpc_id            = module.networking.vpc_id
    subnet_ids        = module.networking.private_subnet_ids
    security_group_id = module.networking.security_group_ids.monitoring
    namespace_id      = module.compute.cluster.namespace_id
    cluster_arn       = module.compute.cluster.arn
  }
  images = var.images
  grafana = {
    host            = module.edge.names.grafana
    certificate_arn = module.edge.certificate_arns.grafana
    listener_arn    = module.compute.load_balancer.listener_arn
    allowed_cidrs   = var.operators
  }
  secret_arns        = module.security.secret_arns
  key_arns           = local.keys
  budget             = var.budget
  log_retention_days = var.log_retention_days
}
