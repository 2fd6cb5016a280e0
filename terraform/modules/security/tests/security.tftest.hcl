mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  name                = "corsia-test"
  replica_region      = "eu-west-1"
  log_bucket          = "corsia-test-logs"
  watched_bucket_arns = ["arn:aws:s3:::corsia-test-archive", "arn:aws:s3:::corsia-test-backups"]
  reminder_topic_arn  = "arn:aws:sns:eu-central-1:123456789012:warnings"
}

run "a_key_for_copies_is_in_the_second_region" {
  assert {
    condition     = aws_kms_key.this["replica"].region == "eu-west-1" && aws_kms_key.this["data"].region == "eu-central-1"
    error_message = "A key is in another region than what it encrypts."
  }
  assert {
    condition     = alltrue([for key in values(aws_kms_key.this) : key.enable_key_rotation])
    error_message = "A key is not rotated."
  }
}

run "no_key_policy_has_a_wildcard_action" {
  assert {
    condition     = alltrue(flatten([for key in values(aws_kms_key.this) : [for s in jsondecode(key.policy).Statement : [for a in flatten([s.Action]) : !strcontains(a, "*")]]]))
    error_message = "A policy of a key has a wildcard for an action."
  }
  assert {
    condition     = alltrue(flatten([for key in values(aws_kms_key.this) : [for s in jsondecode(key.policy).Statement : can(s.Principal.AWS) || can(s.Condition)]]))
    error_message = "A service may use a key for other accounts too."
  }
}

run "secrets_of_which_no_function_takes_care_are_in_the_reminder" {
  variables {
    rotation_functions = { "cluster-key" = "arn:aws:lambda:eu-central-1:123456789012:function:rotate" }
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.this["cluster-key"].rotation_rules[0].automatically_after_days == 30
    error_message = "A secret is not rotated every 30 days."
  }
  assert {
    condition = alltrue([for name in keys(aws_secretsmanager_secret.this) : contains(keys(aws_secretsmanager_secret_rotation.this), name) != strcontains(aws_scheduler_schedule.reminder["these"].target[0].input, name)
    if !contains(["store-url"], name)]) && strcontains(aws_scheduler_schedule.reminder["these"].target[0].input, "store-url,")
    error_message = "A secret is neither rotated nor in the reminder, or both."
  }
  assert {
    condition     = aws_scheduler_schedule.reminder["these"].schedule_expression == "rate(30 days)"
    error_message = "The reminder does not come every 30 days."
  }
}

run "the_archiver_has_a_secret_of_its_own" {
  assert {
    condition     = aws_secretsmanager_secret.this["store-url"].name != aws_secretsmanager_secret.this["store-url-archiver"].name
    error_message = "The archiver has the gateway's role in the store."
  }
}

run "the_trail_watches_the_archive_and_proves_its_files" {
  assert {
    condition     = aws_cloudtrail.this.enable_log_file_validation && aws_cloudtrail.this.is_multi_region_trail
    error_message = "Files of the trail can be changed unseen, or a region is left out."
  }
  assert {
    condition     = contains(flatten([for s in aws_cloudtrail.this.advanced_event_selector : [for f in s.field_selector : coalesce(f.starts_with, [])]]), "arn:aws:s3:::corsia-test-archive/")
    error_message = "Access to the archive is not recorded."
  }
}

run "a_longer_life_of_secrets_is_refused" {
  command = plan
  variables {
    rotation_days = 90
  }
  expect_failures = [var.rotation_days]
}
