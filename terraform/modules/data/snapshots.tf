data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

# Every six hours a snapshot of Redis goes to the backups (SPEC O4): the last one is removed, one is made, and it is copied. The steps
# are far enough apart for a cache of gigabytes.
locals {
  snapshot    = "${var.name}-six-hourly"
  elasticache = "arn:aws:elasticache:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}"

  steps = {
    remove = { minute = 0, call = "deleteSnapshot", input = { SnapshotName = local.snapshot } }
    make   = { minute = 15, call = "createSnapshot", input = { SnapshotName = local.snapshot, ReplicationGroupId = aws_elasticache_replication_group.this.id } }
    copy = { minute = 45, call = "copySnapshot", input = {
      SourceSnapshotName = local.snapshot
      TargetSnapshotName = "redis-<aws.scheduler.execution-id>"
      TargetBucket       = var.backup_bucket
    } }
  }
}

resource "aws_scheduler_schedule" "snapshot" {
  for_each = local.steps

  name                = "${var.name}-redis-${each.key}"
  schedule_expression = "cron(${each.value.minute} 0/6 * * ? *)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "arn:aws:scheduler:::aws-sdk:elasticache:${each.value.call}"
    role_arn = aws_iam_role.snapshot.arn
    input    = replace(replace(jsonencode(each.value.input), "\\u003c", "<"), "\\u003e", ">") # the scheduler fills in what is in angle brackets

    retry_policy {
      maximum_retry_attempts       = 3
      maximum_event_age_in_seconds = 600
    }
  }
}

resource "aws_iam_role" "snapshot" {
  name = "${var.name}-redis-snapshot"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "snapshot" {
  name = "snapshot"
  role = aws_iam_role.snapshot.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = ["elasticache:CreateSnapshot", "elasticache:CopySnapshot", "elasticache:DeleteSnapshot"]
        Resource = [
          "${local.elasticache}:replicationgroup:${aws_elasticache_replication_group.this.id}",
          "${local.elasticache}:cluster:${aws_elasticache_replication_group.this.id}-*", # wildcard: nodes are numbered
          "${local.elasticache}:snapshot:${local.snapshot}",
          "${local.elasticache}:snapshot:redis-*", # wildcard: copies are named by the run that made them
        ]
      },
      { Effect = "Allow", Action = ["s3:GetBucketLocation", "s3:ListBucket"], Resource = "arn:aws:s3:::${var.backup_bucket}" },
      { Effect = "Allow", Action = "s3:ListAllMyBuckets", Resource = "*" }, # wildcard: AWS has no resource for this action, and an export asks it
      { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"], Resource = var.key_arns.data },
    ]
  })
}
