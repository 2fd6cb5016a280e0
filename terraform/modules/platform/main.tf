# One environment: the eight modules, and what each tells the others. Which of them is made first Terraform finds out by itself.
data "aws_availability_zones" "available" {
  state = "available"
}

# Where messages go is secret (PagerDuty's URL has its key): both are there before the first apply, as terraform/README.md shows.
data "aws_secretsmanager_secret_version" "endpoint" {
  for_each = toset(["pagerduty", "slack"])

  secret_id = "${local.name}/seed-${each.key}"
}

locals {
  name  = "corsia-${var.environment}"
  zones = slice(data.aws_availability_zones.available.names, 0, 3)
  keys  = module.security.key_arns
}

module "networking" {
  source = "../networking"

  name               = local.name
  zones              = local.zones
  nat_gateways       = var.nat_gateways
  kms_key_arn        = local.keys.logs
  log_retention_days = var.log_retention_days
}

module "security" {
  source = "../security"

  name                = local.name
  replica_region      = var.replica_region
  log_bucket          = module.storage.bucket_names.logs
  watched_bucket_arns = [module.storage.bucket_arns.archive, module.storage.bucket_arns.backups]
  rotation_functions  = var.rotation_functions
  reminder_topic_arn  = module.monitoring.topic_arns.warning
}

module "storage" {
  source = "../storage"

  name           = local.name
  replica_region = var.replica_region
  key_arns       = { archive = local.keys.archive, replica = local.keys.replica }
}

module "data" {
  source = "../data"

  name               = local.name
  protected          = var.protected
  subnet_ids         = module.networking.data_subnet_ids
  security_group_ids = module.networking.security_group_ids
  key_arns           = local.keys
  secret_arns        = { state-url = module.security.secret_arns["state-url"], bus-url = module.security.secret_arns["bus-url"] }
  backup_bucket      = module.storage.bucket_names.backups
  replica_region     = var.replica_region
  database           = var.database
  cache              = var.cache
  broker             = var.broker
  log_retention_days = var.log_retention_days
}

module "compute" {
  source = "../compute"

  name      = local.name
  protected = var.protected
  network = {
    vpc_id             = module.networking.vpc_id
    cidr               = module.networking.cidr
    public_subnet_ids  = module.networking.public_subnet_ids
    private_subnet_ids = module.networking.private_subnet_ids
    security_group_ids = module.networking.security_group_ids
  }
  images             = var.images
  tasks              = var.tasks
  settings           = var.settings
  secret_arns        = module.security.secret_arns
  buckets            = module.storage.bucket_names
  key_arns           = local.keys
  replica_region     = var.replica_region
  certificate_arn    = module.edge.certificate_arns.gateway
  deploy             = var.deploy
  log_retention_days = var.log_retention_days
}

module "functions" {
  source = "../functions"

  name               = local.name
  code               = var.functions
  network            = { subnet_ids = module.networking.private_subnet_ids, security_group_id = module.networking.security_group_ids.functions }
  secret_arns        = module.security.secret_arns
  buckets            = module.storage.bucket_names
  key_arns           = local.keys
  drill              = module.compute.drill
  api                = { domain = module.edge.names.hooks, certificate_arn = module.edge.certificate_arns.hooks }
  alarm_topic_arns   = module.monitoring.topic_arns
  runbooks           = var.runbooks
  log_retention_days = var.log_retention_days
}

module "edge" {
  source = "../edge"

  name               = local.name
  domain             = var.domain
  load_balancer      = module.compute.load_balancer
  api_domain         = module.functions.api_domain
  widget_bucket      = { name = module.storage.bucket_names.widget, arn = module.storage.bucket_arns.widget, domain = module.storage.widget_domain }
  logs_key_arn       = local.keys.logs
  deploys            = var.deploy != null
  deploy_role        = module.compute.deploy_role
  log_retention_days = var.log_retention_days
}
