mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_secretsmanager_secret_version" {
    defaults = { secret_string = "p/w" }
  }
  mock_resource "aws_mq_broker" {
    defaults = { instances = [{ console_url = "", ip_address = "", endpoints = ["amqps://b-1.mq.eu-central-1.amazonaws.com:5671"] }] }
  }
  mock_resource "aws_elasticache_replication_group" {
    defaults = { primary_endpoint_address = "master.corsia-test.cache.amazonaws.com" }
  }
  mock_resource "aws_db_instance" {
    defaults = { master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds", kms_key_id = "", secret_status = "active" }] }
  }
}

variables {
  name               = "corsia-test"
  protected          = true
  subnet_ids         = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_ids = { database = "sg-database", cache = "sg-cache", broker = "sg-broker" }
  key_arns           = { data = "arn:aws:kms:eu-central-1:123456789012:key/data", logs = "arn:aws:kms:eu-central-1:123456789012:key/logs", replica = "arn:aws:kms:eu-west-1:123456789012:key/replica" }
  secret_arns        = { state-url = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:state", bus-url = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:bus" }
  backup_bucket      = "corsia-test-backups"
  replica_region     = "eu-west-1"
}

run "connections_are_encrypted_and_passwords_fit_in_urls" {
  assert {
    condition     = anytrue([for p in aws_db_parameter_group.this.parameter : p.name == "rds.force_ssl" && p.value == "1"])
    error_message = "PostgreSQL takes plain connections."
  }
  assert {
    condition     = aws_secretsmanager_secret_version.state_url.secret_string == "rediss://:p%2Fw@master.corsia-test.cache.amazonaws.com:6379/0"
    error_message = "STATE_URL is no URL that the gateway takes in production."
  }
  assert {
    condition     = aws_secretsmanager_secret_version.bus_url.secret_string == "amqps://corsia:p%2Fw@b-1.mq.eu-central-1.amazonaws.com:5671"
    error_message = "BUS_URL is no URL that the gateway takes in production."
  }
}

run "redis_is_as_the_gateway_needs_it" {
  assert {
    condition     = { for p in aws_elasticache_parameter_group.this.parameter : p.name => p.value } == { "maxmemory-policy" = "noeviction", "notify-keyspace-events" = "Ex" }
    error_message = "Redis evicts, or does not tell of the end of locks."
  }
  assert {
    condition     = aws_elasticache_replication_group.this.automatic_failover_enabled && aws_elasticache_replication_group.this.transit_encryption_enabled
    error_message = "The replica does not take over, or lines are open."
  }
}

run "no_statement_is_logged_with_its_values" {
  assert {
    condition     = alltrue([for p in aws_db_parameter_group.this.parameter : p.value == "0" if startswith(p.name, "log_parameter_max_length")]) && length([for log in aws_elasticache_replication_group.this.log_delivery_configuration : log if log.log_type == "slow-log"]) == 0
    error_message = "A log has values of statements (T6)."
  }
}

run "the_owners_password_is_renewed_by_rds" {
  assert {
    condition     = aws_secretsmanager_secret_rotation.owner.rotation_rules[0].automatically_after_days == 30 && aws_secretsmanager_secret_rotation.owner.secret_id == "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds"
    error_message = "The owner's password is not renewed every 30 days."
  }
}

run "redis_is_copied_to_the_backups_every_six_hours" {
  assert {
    condition     = alltrue([for s in values(aws_scheduler_schedule.snapshot) : strcontains(s.schedule_expression, " 0/6 ")])
    error_message = "Not every six hours (O4)."
  }
  assert {
    condition     = jsondecode(aws_scheduler_schedule.snapshot["copy"].target[0].input).TargetSnapshotName == "redis-<aws.scheduler.execution-id>" && strcontains(aws_scheduler_schedule.snapshot["copy"].target[0].input, "<aws.scheduler.execution-id>")
    error_message = "The second copy has the first one's name."
  }
}

run "a_copy_of_the_backups_is_in_the_second_region" {
  assert {
    condition     = aws_db_instance_automated_backups_replication.this[0].region == "eu-west-1" && aws_db_instance_automated_backups_replication.this[0].kms_key_id == var.key_arns.replica
    error_message = "Point-in-time recovery ends with the region."
  }
}

run "without_records_one_of_each_is_enough" {
  variables {
    protected = false
    database  = { multi_az = false, backup_days = 7 }
    cache     = { nodes = 1 }
    broker    = { cluster = false, instance_type = "mq.t3.micro" }
  }

  assert {
    condition     = aws_mq_broker.this.deployment_mode == "SINGLE_INSTANCE" && length(aws_mq_broker.this.subnet_ids) == 1 && !aws_elasticache_replication_group.this.multi_az_enabled
    error_message = "A single broker takes one subnet, and a single node has no second zone."
  }
}

run "a_second_database_to_read_from_is_there_when_asked_for" {
  variables {
    database = { read_replica = true }
  }

  assert {
    condition     = length(aws_db_instance.replica) == 1 && !aws_db_instance.replica[0].publicly_accessible
    error_message = "There is no read replica."
  }
}

run "production_refuses_a_single_zone" {
  command = plan
  variables {
    database = { multi_az = false }
  }
  expect_failures = [aws_db_instance.this]
}

run "production_refuses_redis_without_a_replica" {
  command = plan
  variables {
    cache = { nodes = 1 }
  }
  expect_failures = [aws_elasticache_replication_group.this]
}

run "production_refuses_a_single_broker" {
  command = plan
  variables {
    broker = { cluster = false }
  }
  expect_failures = [aws_mq_broker.this]
}

run "six_days_of_backups_are_refused" {
  command = plan
  variables {
    database = { backup_days = 6 }
  }
  expect_failures = [var.database]
}

run "a_cluster_of_the_smallest_brokers_is_refused" {
  command = plan
  variables {
    broker = { instance_type = "mq.t3.micro" }
  }
  expect_failures = [var.broker]
}
