# Who reads the widget's files is CloudFront alone; who writes them is the role that deploys.
resource "aws_s3_bucket_policy" "widget" {
  bucket = var.widget_bucket.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "CloudFrontReads"
        Effect    = "Allow"
        Principal = { Service = "cloudfront.amazonaws.com" }
        Action    = "s3:GetObject"
        Resource  = "${var.widget_bucket.arn}/*" # wildcard: all files of the widget are public
        Condition = { StringEquals = { "aws:SourceArn" = aws_cloudfront_distribution.widget.arn } }
      },
      {
        Sid       = "EncryptedConnectionsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
        Resource  = [var.widget_bucket.arn, "${var.widget_bucket.arn}/*"] # wildcard: a denial for all objects
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_iam_role_policy" "release" {
  count = var.deploys ? 1 : 0

  name = "widget"
  role = var.deploy_role

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = ["${var.widget_bucket.arn}/v/*", "${var.widget_bucket.arn}/collab-sdk.js", "${var.widget_bucket.arn}/collab-sdk.min.js"] # wildcard: files of a version
      },
      { Effect = "Allow", Action = "cloudfront:CreateInvalidation", Resource = aws_cloudfront_distribution.widget.arn },
    ]
  })
}
