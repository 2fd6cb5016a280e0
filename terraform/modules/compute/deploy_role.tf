# The role of `scripts/deploy` in GitHub's workflow: tokens of one environment of one repository, and what a deployment does.
resource "aws_iam_role" "deploy" {
  count = var.deploy == null ? 0 : 1

  name                 = "${var.name}-deploy"
  max_session_duration = 14400 # seconds; a canary takes more than an hour

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = var.deploy.provider_arn }
      Condition = { StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:${var.deploy.repository}:environment:${var.deploy.environment}"
      } }
    }]
  })
}

resource "aws_iam_role_policy" "deploy" {
  count = var.deploy == null ? 0 : 1

  name = "deploy"
  role = aws_iam_role.deploy[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.runner, [ # drills, too
      {
        Effect   = "Allow"
        Action   = ["ecs:DescribeServices", "ecs:UpdateService", "ecs:TagResource", "ecs:UntagResource"] # tags say what a colour is
        Resource = [for service in aws_ecs_service.gateway : service.id]
      },
      {
        Effect    = "Allow"
        Action    = ["ecs:ListTasks", "ecs:DescribeTasks"]
        Resource  = "*" # wildcard: tasks have no names before they run
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.this.arn } }
      },
      { Effect = "Allow", Action = ["ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition"], Resource = "*" }, # wildcard: AWS has no resource for these actions
      {
        Effect    = "Allow"
        Action    = "ecs:TagResource"
        Resource  = [for task in aws_ecs_task_definition.gateway : "${task.arn_without_revision}:*"] # wildcard: revisions are numbered
        Condition = { StringEquals = { "ecs:CreateAction" = "RegisterTaskDefinition" } }
      },
      {
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [aws_iam_role.execution.arn, aws_iam_role.gateway.arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      { Effect = "Allow", Action = "elasticloadbalancing:ModifyListener", Resource = aws_lb_listener.https.arn },
      { Effect = "Allow", Action = ["elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeTargetHealth"], Resource = "*" }, # wildcard: AWS has no resource for these actions
      {
        Effect    = "Allow"
        Action    = "application-autoscaling:RegisterScalableTarget"
        Resource  = "arn:aws:application-autoscaling:${local.region}:${local.account}:scalable-target/*" # wildcard: AWS makes up the names
        Condition = { StringEquals = { "application-autoscaling:service-namespace" = "ecs" } }
      },
      { Effect = "Allow", Action = "application-autoscaling:DescribeScalableTargets", Resource = "*" }, # wildcard: AWS has no resource for this action
      {
        Effect   = "Allow"
        Action   = "cloudwatch:DescribeAlarms"
        Resource = "arn:aws:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-*" # wildcard: all alarms of this environment
      },
    ])
  })
}
