# Two passwords are there before the first apply, made by Secrets Manager itself (terraform/README.md). They end up in the state, which
# is encrypted; renewing them, which Terraform does not undo, makes what is there worthless.
data "aws_secretsmanager_secret_version" "seed" {
  for_each = toset(["redis", "broker"])

  secret_id = "${var.name}/seed-${each.key}"
}

resource "aws_secretsmanager_secret_version" "state_url" {
  secret_id     = var.secret_arns.state-url
  secret_string = "rediss://:${urlencode(data.aws_secretsmanager_secret_version.seed["redis"].secret_string)}@${aws_elasticache_replication_group.this.primary_endpoint_address}:6379/0"

  lifecycle {
    ignore_changes = [secret_string, version_stages]
  }
}

resource "aws_secretsmanager_secret_version" "bus_url" {
  secret_id = var.secret_arns.bus-url
  secret_string = replace(
    join("", flatten(aws_mq_broker.this.instances[*].endpoints)), # RabbitMQ has one, of the cluster too
    "amqps://", "amqps://${local.broker_user}:${urlencode(data.aws_secretsmanager_secret_version.seed["broker"].secret_string)}@"
  )

  lifecycle {
    ignore_changes = [secret_string, version_stages]
  }
}
