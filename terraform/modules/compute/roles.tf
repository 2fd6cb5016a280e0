locals {
  task_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })

  # What keeps objects in a bucket: everything but deleting.
  keeper = { for name, bucket in { archive = var.buckets.archive, backups = var.buckets.backups } : name => [
    { Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::${bucket}" },
    {
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:PutObjectRetention", "s3:AbortMultipartUpload"]
      Resource = "arn:aws:s3:::${bucket}/*" # wildcard: objects are named by day and content
    },
    { Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = var.key_arns.archive },
  ] }
}

# What ECS itself does to start a task: images, logs, secrets.
resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = local.task_trust
}

resource "aws_iam_role_policy" "execution" {
  name = "start"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" }, # wildcard: AWS has no resource for this action
      {
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
        Resource = "arn:aws:ecr:${local.region}:${local.account}:repository/corsia/*" # wildcard: the project's repositories
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = [for group in aws_cloudwatch_log_group.this : "${group.arn}:log-stream:*"] # wildcard: streams are named by tasks
      },
      {
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = sort(distinct(concat(values(local.secrets), [var.secret_arns["store-url-operations"]])))
      },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = var.key_arns.data },
    ]
  })
}

# What the gateway and its agent do.
resource "aws_iam_role" "gateway" {
  name               = "${var.name}-gateway"
  assume_role_policy = local.task_trust
}

resource "aws_iam_role_policy" "gateway" {
  name = "gateway"
  role = aws_iam_role.gateway.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.keeper.archive, [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = [aws_cloudwatch_log_group.this["metrics"].arn, "${aws_cloudwatch_log_group.this["metrics"].arn}:log-stream:*"] # wildcard: streams are named by tasks
      },
      {
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"]
        Resource = "*" # wildcard: AWS has no resource for these actions
      },
    ])
  })
}

# What backups, restores and drills do: the same for the bucket of backups, and no more.
resource "aws_iam_role" "operations" {
  name               = "${var.name}-operations"
  assume_role_policy = local.task_trust
}

resource "aws_iam_role_policy" "operations" {
  name = "operations"
  role = aws_iam_role.operations.id

  policy = jsonencode({ Version = "2012-10-17", Statement = local.keeper.backups })
}
