# The operations image has PostgreSQL's programs. One task definition serves backups, drills and restores: the command differs.
locals {
  backup_url  = "s3://${var.buckets.backups}?region=${local.region}"
  monthly_url = "s3://${var.buckets.backups}/monthly?region=${local.region}"
  redundancy  = "replicated to ${var.replica_region}"

  # Daily ones are kept for thirty days, those of the first of a month for ten years, by rules of the bucket (module storage).
  backups = {
    daily   = { schedule = "cron(0 2 * * ? *)", url = local.backup_url }
    monthly = { schedule = "cron(0 3 1 * ? *)", url = local.monthly_url }
  }
}

resource "aws_ecs_task_definition" "operations" {
  family                   = "${var.name}-operations"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 4096
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.operations.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "ARM64"
  }

  ephemeral_storage {
    size_in_gib = 100 # a dump and its scratch space
  }

  volume {
    name = "scratch"
  }

  container_definitions = jsonencode([merge(local.confined, {
    name      = "corsia" # as the function backupverify calls it
    image     = var.images.operations
    essential = true
    command   = ["backup", "-redundancy", local.redundancy]
    environment = [
      { name = "ENV", value = "production" },
      { name = "ARCHIVE_URL", value = local.backup_url },
      { name = "AWS_REGION", value = local.region },
      { name = "TMPDIR", value = "/scratch" },
    ]
    secrets = [
      { name = "STORE_URL", valueFrom = var.secret_arns["store-url-operations"] },
      { name = "AUDIT_KEY", valueFrom = var.secret_arns["audit-key"] },
    ]
    mountPoints      = [{ sourceVolume = "scratch", containerPath = "/scratch", readOnly = false }]
    stopTimeout      = 30
    logConfiguration = local.log_options["operations"]
  })])
}

resource "aws_scheduler_schedule" "backup" {
  for_each = local.backups

  name                         = "${var.name}-backup-${each.key}"
  schedule_expression          = each.value.schedule
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_ecs_cluster.this.arn
    role_arn = aws_iam_role.scheduler.arn
    input = jsonencode({ containerOverrides = [{
      name        = "corsia"
      command     = ["backup", "-redundancy", local.redundancy]
      environment = [{ name = "ARCHIVE_URL", value = each.value.url }]
    }] })

    ecs_parameters {
      task_definition_arn     = aws_ecs_task_definition.operations.arn_without_revision
      launch_type             = "FARGATE"
      enable_ecs_managed_tags = true
      propagate_tags          = "TASK_DEFINITION"

      network_configuration {
        subnets          = var.network.private_subnet_ids
        security_groups  = [var.network.security_group_ids.operations]
        assign_public_ip = false
      }
    }

    retry_policy {
      maximum_retry_attempts       = 3
      maximum_event_age_in_seconds = 1800
    }
  }
}

resource "aws_iam_role" "scheduler" {
  name = "${var.name}-backup-schedule"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "run"
  role   = aws_iam_role.scheduler.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.runner })
}

locals {
  # Who may start tasks of operations may hand them these two roles, and no others.
  runner = [
    {
      Effect    = "Allow"
      Action    = "ecs:RunTask"
      Resource  = "${aws_ecs_task_definition.operations.arn_without_revision}:*" # wildcard: revisions are numbered
      Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.this.arn } }
    },
    {
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = [aws_iam_role.execution.arn, aws_iam_role.operations.arn]
      Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    },
  ]
}
