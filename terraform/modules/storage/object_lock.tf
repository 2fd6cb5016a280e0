# Compliance mode: nobody can delete or overwrite a version, or shorten its time, until it ends. The gateway sets the same on each
# audit object itself; this is for whatever else is put there.
resource "aws_s3_bucket_object_lock_configuration" "archive" {
  for_each = toset(["archive", "archive-replica"])

  region = local.buckets[each.key].region
  bucket = aws_s3_bucket.this[each.key].id

  rule {
    default_retention {
      mode  = "COMPLIANCE"
      years = var.archive_years
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
