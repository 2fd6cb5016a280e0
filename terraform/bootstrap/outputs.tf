output "backend" {
  description = "What environments/state.hcl has: where states are, and the key that encrypts them."
  value       = <<-EOT
    bucket     = "${aws_s3_bucket.this["state"].bucket}"
    kms_key_id = "${aws_kms_key.this.arn}"
  EOT
}

output "artifacts_bucket" {
  description = "Bucket that releases put the functions' code in, as functions/<release>/<name>.zip."
  value       = aws_s3_bucket.this["artifacts"].bucket
}

output "repositories" {
  description = "Repositories of images."
  value       = { for image, repository in aws_ecr_repository.this : image => repository.repository_url }
}

output "release_role_arn" {
  description = "Role of the workflow that makes releases."
  value       = aws_iam_role.release.arn
}
