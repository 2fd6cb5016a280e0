output "bucket_names" {
  description = "Buckets by purpose: archive, backups, logs, widget, and the copies archive-replica and backups-replica."
  value       = { for name, bucket in aws_s3_bucket.this : name => bucket.bucket }
  depends_on  = [aws_s3_bucket_policy.this] # who writes logs looks at the policy first
}

output "bucket_arns" {
  description = "The same as ARNs."
  value       = local.arns
}

output "widget_domain" {
  description = "Where CloudFront fetches the widget's files."
  value       = aws_s3_bucket.this["widget"].bucket_regional_domain_name
}
