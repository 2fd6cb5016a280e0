data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

# A key for each kind of what is kept: who may read logs cannot therefore read records.
locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.region

  keys = {
    data    = { region = local.region, text = "database, cache, broker, secrets" }
    archive = { region = local.region, text = "archive and backups" }
    logs    = { region = local.region, text = "logs, alarms, queues of what went wrong" }
    replica = { region = var.replica_region, text = "copies in the second region" }
  }

  # What roles of this account may be allowed to do with a key, by their own policies.
  administration = [
    "kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy", "kms:GetKeyRotationStatus", "kms:EnableKeyRotation", "kms:DisableKeyRotation",
    "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription", "kms:CreateAlias", "kms:UpdateAlias",
    "kms:DeleteAlias", "kms:EnableKey", "kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:ListGrants", "kms:RevokeGrant",
  ]
  use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:CreateGrant"]

  services = {
    data    = [] # services use it in the name of who calls them
    archive = []
    logs    = ["logs.${local.region}.amazonaws.com", "cloudtrail.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com", "scheduler.amazonaws.com"]
    replica = []
  }
}

resource "aws_kms_key" "this" {
  for_each = local.keys

  region                  = each.value.region
  description             = "${var.name}: ${each.value.text}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      Sid       = "Account"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${local.account}:root" }
      Action    = concat(local.administration, local.use)
      Resource  = "*" # wildcard: a policy of a key is about that key alone
      }], [for service in local.services[each.key] : {
      Sid       = replace(title(split(".", service)[0]), "-", "")
      Effect    = "Allow"
      Principal = { Service = service }
      Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"]
      Resource  = "*" # wildcard: a policy of a key is about that key alone
      Condition = startswith(service, "logs.") ? {
        ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${local.region}:${local.account}:log-group:*" }
        } : {
        StringEquals = { "aws:SourceAccount" = local.account }
      }
    }])
  })

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_kms_alias" "this" {
  for_each = local.keys

  region        = each.value.region
  name          = "alias/${var.name}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}
