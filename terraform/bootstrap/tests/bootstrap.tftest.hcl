mock_provider "aws" {}

variables {
  account_id = "123456789012"
  repository = "example/corsia"
}

run "a_state_that_was_can_be_gone_back_to" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.this["state"].versioning_configuration[0].status == "Enabled" && aws_s3_bucket_server_side_encryption_configuration.this["state"].rule != null
    error_message = "A state that was overwritten is lost."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.state.rule[0].noncurrent_version_expiration[0].newer_noncurrent_versions >= 20 && length(aws_s3_bucket_lifecycle_configuration.state.rule[0].expiration) == 0
    error_message = "The last states are deleted."
  }
}

run "the_table_is_what_terraform_locks_by" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.locks.hash_key == "LockID" && one(aws_dynamodb_table.locks.attribute).type == "S" && aws_dynamodb_table.locks.deletion_protection_enabled
    error_message = "Terraform cannot lock by this table, or it can be deleted."
  }
}

run "a_tag_is_never_given_twice" {
  command = plan

  assert {
    condition     = alltrue([for r in values(aws_ecr_repository.this) : r.image_tag_mutability == "IMMUTABLE"])
    error_message = "What runs may be another image than what was tested."
  }
}

run "an_account_of_eleven_digits_is_refused" {
  command = plan
  variables {
    account_id = "12345678901"
  }
  expect_failures = [var.account_id]
}

run "a_repository_with_a_wildcard_is_refused" {
  command = plan
  variables {
    repository = "example/*"
  }
  expect_failures = [var.repository]
}
