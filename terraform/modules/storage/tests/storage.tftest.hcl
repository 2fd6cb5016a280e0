mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  name           = "corsia-test"
  replica_region = "eu-west-1"
  key_arns = {
    archive = "arn:aws:kms:eu-central-1:123456789012:key/archive"
    replica = "arn:aws:kms:eu-west-1:123456789012:key/replica"
  }
}

run "the_archive_is_locked_for_ten_years_and_so_is_its_copy" {
  assert {
    condition = alltrue([for name in ["archive", "archive-replica"] : aws_s3_bucket.this[name].object_lock_enabled
      && aws_s3_bucket_object_lock_configuration.archive[name].rule[0].default_retention[0].mode == "COMPLIANCE"
    && aws_s3_bucket_object_lock_configuration.archive[name].rule[0].default_retention[0].years == 10])
    error_message = "Objects of the archive can be deleted (T5)."
  }
  assert {
    condition     = alltrue([for name in ["archive", "archive-replica"] : anytrue([for s in jsondecode(aws_s3_bucket_policy.this[name].policy).Statement : s.Effect == "Deny" && contains(s.Action, "s3:DeleteObjectVersion")])])
    error_message = "The archive's policy does not refuse deletions (T5)."
  }
}

run "nothing_expires_in_the_archive" {
  assert {
    condition     = alltrue(flatten([for c in values(aws_s3_bucket_lifecycle_configuration.archive) : [for rule in c.rule : length(rule.expiration) == 0 && length(rule.noncurrent_version_expiration) == 0]]))
    error_message = "A rule deletes from the archive (T5)."
  }
}

run "backups_are_kept_for_thirty_days_and_monthly_ones_for_ten_years" {
  assert {
    condition = alltrue([for name in ["backups", "backups-replica"] : { for rule in aws_s3_bucket_lifecycle_configuration.this[name].rule : rule.filter[0].prefix => rule.expiration[0].days if length(rule.expiration) > 0 }
    == { "backups/2" = 30, "monthly/backups/2" = 3653, "redis-" = 30 }])
    error_message = "Backups are kept for another time, or what is beside them is deleted too (O4)."
  }
}

run "every_bucket_is_closed_encrypted_and_has_versions" {
  assert {
    condition     = alltrue([for b in values(aws_s3_bucket_public_access_block.this) : b.block_public_acls && b.block_public_policy && b.ignore_public_acls && b.restrict_public_buckets]) && length(aws_s3_bucket_public_access_block.this) == 6
    error_message = "A bucket may be opened to the public."
  }
  assert {
    condition     = alltrue([for name, c in aws_s3_bucket_server_side_encryption_configuration.this : one(one(c.rule).apply_server_side_encryption_by_default).sse_algorithm == (contains(["logs", "widget"], name) ? "AES256" : "aws:kms")])
    error_message = "Records lie there without a key of ours."
  }
}

run "copies_are_in_the_second_region_under_its_key" {
  assert {
    condition     = aws_s3_bucket.this["archive-replica"].region == "eu-west-1" && aws_s3_bucket.this["backups-replica"].region == "eu-west-1"
    error_message = "A copy lies beside the original."
  }
  assert {
    condition     = alltrue(flatten([for c in values(aws_s3_bucket_replication_configuration.this) : [for rule in c.rule : rule.delete_marker_replication[0].status == "Disabled"]]))
    error_message = "A deletion is copied."
  }
  assert {
    condition     = toset([for rule in aws_s3_bucket_replication_configuration.this["archive"].rule : rule.id]) == toset(["region", "drills"])
    error_message = "Drills have no trail to measure by, or the archive is in one region only."
  }
}

run "who_copies_may_not_delete" {
  assert {
    condition     = !strcontains(aws_iam_role_policy.replication.policy, "Delete")
    error_message = "The role of the copies may delete."
  }
}

run "a_shorter_lock_is_refused" {
  command = plan
  variables {
    archive_years = 9
  }
  expect_failures = [var.archive_years]
}

run "backups_of_a_week_are_refused" {
  command = plan
  variables {
    backup_days = 7
  }
  expect_failures = [var.backup_days]
}
