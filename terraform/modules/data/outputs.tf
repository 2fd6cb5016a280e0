output "database" {
  description = "The database: its identifier, host, and the secret of its owner."
  value = {
    identifier       = aws_db_instance.this.identifier
    host             = aws_db_instance.this.address
    owner_secret_arn = join("", aws_db_instance.this.master_user_secret[*].secret_arn)
    replica          = one(aws_db_instance.replica[*].address)
  }
}

output "cache" {
  description = "Redis: its replication group, and how many nodes it has."
  value       = { id = aws_elasticache_replication_group.this.id, nodes = var.cache.nodes }
}

output "broker_name" {
  description = "Broker, as its metrics name it."
  value       = aws_mq_broker.this.broker_name
}
