# The eight modules together. What each does by itself is tested there.
mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }
  mock_data "aws_secretsmanager_secret_version" {
    defaults = { secret_string = "https://example.com/x" }
  }
}

variables {
  environment    = "production"
  protected      = true
  domain         = "corsia.example"
  replica_region = "eu-west-1"
  images         = { gateway = "g:1", operations = "o:1", agent = "a:1", prometheus = "p:1", alertmanager = "m:1", grafana = "r:1" }
  functions      = { bucket = "artifacts", prefix = "functions/1" }
  settings       = { JWKS_URL = "https://idp.example/keys", JWT_ISSUER = "https://idp.example", JWT_AUDIENCE = "corsia", ALLOWED_ORIGINS = "https://emr.example" }
  operators      = ["192.0.2.0/24"]
  runbooks       = "https://github.com/example/corsia/blob/main"
  budget         = 1800
}

run "production_is_what_the_specification_says_when_nothing_else_is_said" {
  assert {
    condition     = length(module.networking.public_subnet_ids) == 3 && length(module.networking.private_subnet_ids) == 3 && length(module.networking.data_subnet_ids) == 3
    error_message = "Not three zones (O1)."
  }
  assert {
    condition     = module.data.cache.nodes == 2 && module.compute.deployment.least_tasks == 3
    error_message = "Redis has no replica, or fewer than three tasks run (O1)."
  }
}

run "a_deployment_is_told_all_that_it_needs" {
  assert {
    condition     = length(output.deployment.alarms) > 0 && length(setsubtract(output.deployment.alarms, output.alarm_names)) == 0 && toset(keys(output.deployment.target_groups)) == toset(["blue", "green"])
    error_message = "A deployment looks at alarms that are not there, or lacks a colour (O2)."
  }
  assert {
    condition     = alltrue([for name in output.deployment.alarms : startswith(name, "corsia-production-")])
    error_message = "The deployment's role may not look at an alarm."
  }
}

run "an_environment_of_another_name_is_refused" {
  command = plan
  variables {
    environment = "live"
  }
  expect_failures = [var.environment]
}
