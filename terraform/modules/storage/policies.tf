# Beside what roles are allowed, each bucket refuses what nobody should do. The widget's policy is CloudFront's (module edge).
locals {
  arns = { for name, bucket in local.buckets : name => "arn:aws:s3:::${var.name}-${local.account}-${name}" }

  encrypted_only = { for name in keys(local.buckets) : name => {
    Sid       = "EncryptedConnectionsOnly"
    Effect    = "Deny"
    Principal = "*"
    Action    = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
    Resource  = [local.arns[name], "${local.arns[name]}/*"] # wildcard: a denial for all objects
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  } }

  nobody_deletes = { for name in keys(local.buckets) : name => {
    Sid       = "NobodyDeletes"
    Effect    = "Deny"
    Principal = "*"
    Action    = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:DeleteBucket"]
    Resource  = [local.arns[name], "${local.arns[name]}/*"] # wildcard: a denial for all objects
  } if startswith(name, "archive") }

  writers_of_logs = [
    {
      Sid       = "LoadBalancer"
      Effect    = "Allow"
      Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.arns["logs"]}/alb/*" # wildcard: objects are named by time
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    },
    {
      Sid       = "AccessToBuckets"
      Effect    = "Allow"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.arns["logs"]}/s3/*" # wildcard: objects are named by time
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    },
    {
      Sid       = "TrailLooks"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:GetBucketAcl"
      Resource  = local.arns["logs"]
      Condition = { StringEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:${local.region}:${local.account}:trail/${var.name}" } }
    },
    {
      Sid       = "TrailWrites"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.arns["logs"]}/cloudtrail/AWSLogs/${local.account}/*" # wildcard: objects are named by time
      Condition = { StringEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:${local.region}:${local.account}:trail/${var.name}" } }
    },
  ]

  # ElastiCache writes its snapshots itself.
  writer_of_snapshots = [{
    Sid       = "RedisSnapshots"
    Effect    = "Allow"
    Principal = { Service = "${local.region}.elasticache-snapshot.amazonaws.com" }
    Action    = ["s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:GetBucketAcl", "s3:ListMultipartUploadParts", "s3:ListBucketMultipartUploads"]
    Resource  = [local.arns["backups"], "${local.arns["backups"]}/redis-*"] # wildcard: snapshots are named by the run that made them
  }]
}

resource "aws_s3_bucket_policy" "this" {
  for_each = toset([for name in keys(local.buckets) : name if name != "widget"])

  region = local.buckets[each.key].region
  bucket = aws_s3_bucket.this[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.encrypted_only[each.key]],
      [for name, statement in local.nobody_deletes : statement if name == each.key],
      [for statement in local.writers_of_logs : statement if each.key == "logs"],
      [for statement in local.writer_of_snapshots : statement if each.key == "backups"],
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}
