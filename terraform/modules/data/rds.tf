# The store. The owner's password is made, kept and renewed by RDS; the roles of gateway, archiver and operations are made with
# SQL, once, as terraform/README.md shows.
resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "postgres15"
  description = "Encrypted connections only; no statement with its values in a log"

  dynamic "parameter" {
    for_each = {
      "rds.force_ssl"                     = "1"
      "log_statement"                     = "ddl"
      "log_connections"                   = "1"
      "log_disconnections"                = "1"
      "log_min_duration_statement"        = "-1"
      "log_parameter_max_length"          = "0" # in bytes: values may be what somebody typed
      "log_parameter_max_length_on_error" = "0"
    }

    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = "15"
  instance_class = var.database.instance_class
  db_name        = "corsia"
  username       = "corsia_owner"
  port           = 5432

  manage_master_user_password   = true
  master_user_secret_kms_key_id = var.key_arns.data

  storage_type          = "gp3"
  allocated_storage     = var.database.storage_gb
  max_allocated_storage = var.database.storage_max_gb
  storage_encrypted     = true
  kms_key_id            = var.key_arns.data

  multi_az               = var.database.multi_az
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [var.security_group_ids.database]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period   = var.database.backup_days # with it point-in-time recovery
  backup_window             = "00:30-01:30"            # UTC, before the dump at 02:00
  maintenance_window        = "sun:03:30-sun:04:30"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = var.protected
  skip_final_snapshot       = !var.protected
  final_snapshot_identifier = var.protected ? "${var.name}-final" : null

  auto_minor_version_upgrade      = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.key_arns.data

  depends_on = [aws_cloudwatch_log_group.database]

  lifecycle {
    precondition {
      condition     = !var.protected || var.database.multi_az
      error_message = "Where records are kept the database has a standby in a second zone."
    }
  }
}

# RDS renews the password that it made; no function is needed.
resource "aws_secretsmanager_secret_rotation" "owner" {
  secret_id          = join("", aws_db_instance.this.master_user_secret[*].secret_arn) # there is one
  rotate_immediately = false

  rotation_rules {
    automatically_after_days = 30
  }
}

resource "aws_db_instance" "replica" {
  count = var.database.read_replica ? 1 : 0

  identifier                      = "${var.name}-replica"
  replicate_source_db             = aws_db_instance.this.identifier
  instance_class                  = var.database.instance_class
  storage_type                    = "gp3"
  storage_encrypted               = true
  vpc_security_group_ids          = [var.security_group_ids.database]
  publicly_accessible             = false
  parameter_group_name            = aws_db_parameter_group.this.name
  auto_minor_version_upgrade      = true
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.key_arns.data
  deletion_protection             = var.protected
  skip_final_snapshot             = true # what it has, the other has
}

resource "aws_db_instance_automated_backups_replication" "this" {
  count = var.protected ? 1 : 0

  region                 = var.replica_region
  source_db_instance_arn = aws_db_instance.this.arn
  kms_key_id             = var.key_arns.replica
  retention_period       = var.database.backup_days
}

resource "aws_cloudwatch_log_group" "database" {
  for_each = toset(["postgresql", "upgrade"])

  name              = "/aws/rds/instance/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arns.logs
}
