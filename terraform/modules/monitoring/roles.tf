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
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-monitoring-execution"
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
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = [for name in ["grafana-admin", "pagerduty-key", "slack-url"] : var.secret_arns[name]] },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = var.key_arns.data },
    ]
  })
}

# They call nothing of AWS: names are found by DNS. The role is there so that they have no other.
resource "aws_iam_role" "task" {
  name               = "${var.name}-monitoring"
  assume_role_policy = local.task_trust
}
