output "key_arns" {
  description = "KMS keys by what they encrypt: data, archive, logs, replica."
  value       = { for name, key in aws_kms_key.this : name => key.arn }
}

output "secret_arns" {
  description = "Secrets by name: store-url, state-url and so on."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}

output "trail_arn" {
  description = "Trail of API calls."
  value       = aws_cloudtrail.this.arn
}
