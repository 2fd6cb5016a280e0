# Who called which API of AWS, in all regions, and who touched an object of the archive or of the backups.
resource "aws_cloudtrail" "this" {
  name                          = var.name
  s3_bucket_name                = var.log_bucket
  s3_key_prefix                 = "cloudtrail"
  kms_key_id                    = aws_kms_key.this["logs"].arn
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  enable_logging                = true

  advanced_event_selector {
    name = "calls that change or read the set-up"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  advanced_event_selector {
    name = "objects of archive and backups"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }
    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }
    field_selector {
      field       = "resources.ARN"
      starts_with = [for arn in var.watched_bucket_arns : "${arn}/"]
    }
  }
}
