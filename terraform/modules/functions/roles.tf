# Each function has a role of its own, with what it needs and nothing else.
locals {
  own = {
    webhook      = []
    locksweep    = []
    auditarchive = []
    backupverify = concat([{
      Effect    = "Allow"
      Action    = "cloudwatch:PutMetricData"
      Resource  = "*" # wildcard: AWS has no resource for this action; the condition names the metrics
      Condition = { StringEquals = { "cloudwatch:namespace" = "Corsia/Backup" } }
    }], var.drill.statements)
  }
}

resource "aws_iam_role" "this" {
  for_each = local.functions

  name = "${var.name}-${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  for_each = local.functions

  name = each.key
  role = aws_iam_role.this[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.this[each.key].arn}:log-stream:*" # wildcard: streams are named by processes
      },
      {
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*" # wildcard: AWS has no resource for these actions
      },
      {
        Effect   = "Allow"
        Action   = ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]
        Resource = "*" # wildcard: Lambda's own calls for interfaces that are not there yet
      },
      { Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.dead[each.key].arn },
      { Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = var.key_arns.logs },
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = sort([for name in values(each.value.secrets) : var.secret_arns[name]]) },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = var.key_arns.data },
      ], [for bucket in compact([each.value.bucket]) : { Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::${bucket}" }
      ], [for bucket in compact([each.value.bucket]) : {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:PutObjectRetention", "s3:AbortMultipartUpload"] # and nothing that deletes
        Resource = "arn:aws:s3:::${bucket}/*"                                                           # wildcard: objects are named by day and content
      }], [for bucket in compact([each.value.bucket]) : { Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = var.key_arns.archive }
    ], local.own[each.key])
  })
}
