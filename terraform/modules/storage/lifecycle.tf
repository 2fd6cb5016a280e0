# Who writes backups has no right to delete: these rules do. A dump's folder begins with its year; reports and the numbers of
# epochs lie beside them and stay.
locals {
  month_years = 3653 # days of ten years

  expirations = {
    backups = {
      daily   = { prefix = "backups/2", days = var.backup_days }
      monthly = { prefix = "monthly/backups/2", days = local.month_years }
      redis   = { prefix = "redis-", days = var.backup_days }
    }
    backups-replica = {
      daily   = { prefix = "backups/2", days = var.backup_days }
      monthly = { prefix = "monthly/backups/2", days = local.month_years }
      redis   = { prefix = "redis-", days = var.backup_days }
    }
    logs = { all = { prefix = "", days = var.log_days } }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.expirations

  region = local.buckets[each.key].region
  bucket = aws_s3_bucket.this[each.key].id

  dynamic "rule" {
    for_each = each.value

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }
      expiration {
        days = rule.value.days
      }
      noncurrent_version_expiration {
        noncurrent_days = 7 # time to notice that something was deleted or replaced
      }
      dynamic "transition" {
        for_each = rule.value.days > 365 ? [90] : []

        content {
          days          = transition.value
          storage_class = "GLACIER_IR" # read within milliseconds: a restore does not wait
        }
      }
    }
  }

  rule {
    id     = "unfinished"
    status = "Enabled"

    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

# Days of the trail are read when they are verified or asked for; what was not for a quarter costs a fifth afterwards.
resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  for_each = toset(["archive", "archive-replica"])

  region = local.buckets[each.key].region
  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "cold"
    status = "Enabled"

    filter {}
    transition {
      days          = 90
      storage_class = "GLACIER_IR"
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
