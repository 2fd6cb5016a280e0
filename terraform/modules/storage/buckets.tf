data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

# archive   audit trail: locked from the moment that it is written
# backups   dumps, their manifests, snapshots of Redis, and a copy of the audit trail for drills
# logs      access logs of the load balancer and of buckets, the trail of API calls
# widget    what browsers load, through CloudFront
# The last two of the map are the copies in the second region. None is emptied by Terraform, and S3 keeps a bucket that has objects.
locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.region

  buckets = {
    archive         = { region = local.region, lock = true, key = var.key_arns.archive }
    backups         = { region = local.region, lock = true, key = var.key_arns.archive }
    logs            = { region = local.region, lock = false, key = null } # load balancers write with keys of S3 alone
    widget          = { region = local.region, lock = false, key = null } # public by its purpose
    archive-replica = { region = var.replica_region, lock = true, key = var.key_arns.replica }
    backups-replica = { region = var.replica_region, lock = true, key = var.key_arns.replica }
  }

  logged = toset(["archive", "backups", "widget"])
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  region              = each.value.region
  bucket              = "${var.name}-${local.account}-${each.key}"
  object_lock_enabled = each.value.lock
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets

  region = each.value.region
  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  region = each.value.region
  bucket = aws_s3_bucket.this[each.key].id

  rule {
    bucket_key_enabled = each.value.key != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = each.value.key == null ? "AES256" : "aws:kms"
      kms_master_key_id = each.value.key
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  region                  = each.value.region
  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.buckets

  region = each.value.region
  bucket = aws_s3_bucket.this[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = local.logged

  bucket        = aws_s3_bucket.this[each.key].id
  target_bucket = aws_s3_bucket.this["logs"].id
  target_prefix = "s3/${each.key}/"
}
