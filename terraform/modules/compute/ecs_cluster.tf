data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.region
  colours = toset(["blue", "green"])
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  configuration {
    managed_storage_configuration {
      fargate_ephemeral_storage_kms_key_id = var.key_arns.data # dumps are there for a while
    }
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE"]
}

# Prometheus asks this zone which tasks there are. A task that is not healthy is not in it.
resource "aws_service_discovery_private_dns_namespace" "this" {
  name        = "corsia.internal"
  description = "tasks of ${var.name}"
  vpc         = var.network.vpc_id
}

resource "aws_service_discovery_service" "gateway" {
  name = "gateway"

  dns_config {
    namespace_id   = aws_service_discovery_private_dns_namespace.this.id
    routing_policy = "MULTIVALUE"

    dns_records {
      ttl  = 10
      type = "A"
    }
  }

  health_check_custom_config {
    failure_threshold = 1 # what ECS finds ill is not named
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["gateway", "agent", "metrics", "operations"])

  name              = "/corsia/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arns.logs
}
