# The bus between instances. Word on it may be lost without harm (docs/architecture.md): a cluster keeps it quick, not safe.
locals {
  broker_user = "corsia"
}

resource "aws_mq_broker" "this" {
  broker_name        = var.name
  engine_type        = "RabbitMQ"
  engine_version     = "3.13"
  host_instance_type = var.broker.instance_type
  deployment_mode    = var.broker.cluster ? "CLUSTER_MULTI_AZ" : "SINGLE_INSTANCE"
  subnet_ids         = var.broker.cluster ? var.subnet_ids : slice(var.subnet_ids, 0, 1)
  security_groups    = [var.security_group_ids.broker]

  publicly_accessible        = false
  auto_minor_version_upgrade = true

  encryption_options {
    use_aws_owned_key = false
    kms_key_id        = var.key_arns.data
  }

  logs {
    general = true
  }

  maintenance_window_start_time {
    day_of_week = "SUNDAY"
    time_of_day = "05:30"
    time_zone   = "UTC"
  }

  user {
    username = local.broker_user
    password = data.aws_secretsmanager_secret_version.seed["broker"].secret_string
  }

  lifecycle {
    ignore_changes = [user] # renewed without Terraform

    precondition {
      condition     = !var.protected || var.broker.cluster
      error_message = "Where records are kept the broker is a cluster."
    }
  }
}
