# Three ways: the archive and the backups to the second region, and the audit trail to the backups, where drills measure a
# restored trail by it. A copy's deletion is not copied: the second region keeps what an intruder deletes here.
locals {
  copies = {
    archive = {
      region = { prefix = "", to = "archive-replica", priority = 1 }
      drills = { prefix = "audit/", to = "backups", priority = 2 }
    }
    backups = {
      region = { prefix = "", to = "backups-replica", priority = 1 }
    }
  }
}

resource "aws_s3_bucket_replication_configuration" "this" {
  for_each = local.copies

  bucket = aws_s3_bucket.this[each.key].id
  role   = aws_iam_role.replication.arn

  dynamic "rule" {
    for_each = each.value

    content {
      id       = rule.key
      priority = rule.value.priority
      status   = "Enabled"

      filter {
        prefix = rule.value.prefix
      }
      delete_marker_replication {
        status = "Disabled"
      }
      source_selection_criteria {
        sse_kms_encrypted_objects {
          status = "Enabled"
        }
      }
      destination {
        bucket        = aws_s3_bucket.this[rule.value.to].arn
        storage_class = "STANDARD_IA"

        encryption_configuration {
          replica_kms_key_id = local.buckets[rule.value.to].key
        }
        metrics {
          status = "Enabled"
          event_threshold {
            minutes = 15
          }
        }
        replication_time {
          status = "Enabled"
          time {
            minutes = 15
          }
        }
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_iam_role" "replication" {
  name = "${var.name}-replication"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "s3.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "replication" {
  name = "copy"
  role = aws_iam_role.replication.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = [local.arns["archive"], local.arns["backups"]]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging", "s3:GetObjectRetention", "s3:GetObjectLegalHold"]
        Resource = ["${local.arns["archive"]}/*", "${local.arns["backups"]}/*"] # wildcard: all objects are copied
      },
      {
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateTags", "s3:PutObjectRetention"]
        Resource = ["${local.arns["archive-replica"]}/*", "${local.arns["backups-replica"]}/*", "${local.arns["backups"]}/audit/*"] # wildcard: all objects are copied
      },
      { Effect = "Allow", Action = ["kms:Decrypt"], Resource = var.key_arns.archive },
      { Effect = "Allow", Action = ["kms:Encrypt", "kms:GenerateDataKey"], Resource = [var.key_arns.archive, var.key_arns.replica] },
    ]
  })
}
