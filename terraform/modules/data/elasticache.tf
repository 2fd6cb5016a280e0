# The state: sessions, presence, leases. What the gateway needs of it is in README.md under "More than one machine".
resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_elasticache_parameter_group" "this" {
  name        = var.name
  family      = "redis7"
  description = "Nothing is evicted, and the end of a lock is known at once"

  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }
  parameter {
    name  = "notify-keyspace-events"
    value = "Ex"
  }
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = var.name
  description          = "state of ${var.name}"
  engine               = "redis"
  engine_version       = "7.1"
  node_type            = var.cache.node_type
  num_cache_clusters   = var.cache.nodes
  port                 = 6379
  parameter_group_name = aws_elasticache_parameter_group.this.name
  subnet_group_name    = aws_elasticache_subnet_group.this.name
  security_group_ids   = [var.security_group_ids.cache]

  automatic_failover_enabled = var.cache.nodes > 1
  multi_az_enabled           = var.cache.nodes > 1

  transit_encryption_enabled = true
  at_rest_encryption_enabled = true
  kms_key_id                 = var.key_arns.data
  auth_token                 = data.aws_secretsmanager_secret_version.seed["redis"].secret_string
  auth_token_update_strategy = "ROTATE"

  snapshot_retention_limit   = 7
  snapshot_window            = "01:30-02:30"
  maintenance_window         = "sun:04:30-sun:05:30"
  auto_minor_version_upgrade = true

  # The slow log is not taken: it has what was asked for, names among it.
  log_delivery_configuration {
    destination      = aws_cloudwatch_log_group.cache.name
    destination_type = "cloudwatch-logs"
    log_format       = "json"
    log_type         = "engine-log"
  }

  lifecycle {
    ignore_changes = [auth_token] # renewed without Terraform

    precondition {
      condition     = !var.protected || var.cache.nodes >= 2
      error_message = "Where records are kept Redis has a replica."
    }
  }
}

resource "aws_cloudwatch_log_group" "cache" {
  name              = "/corsia/${var.name}/redis"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arns.logs
}
