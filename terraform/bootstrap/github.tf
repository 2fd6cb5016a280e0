# GitHub's workflows show a token of their own and have no key of this account. Which of them may do what is the deployment role's
# condition (module compute).
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

# A workflow in GitHub's environment "release" makes releases: it puts images and code where environments find them, and figures beside
# them, and nothing else. The repository says which branches and tags that environment takes.
resource "aws_iam_role" "release" {
  name = "corsia-release"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Condition = { StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:${var.repository}:environment:release"
      } }
    }]
  })
}

resource "aws_iam_role_policy" "release" {
  name = "release"
  role = aws_iam_role.release.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" }, # wildcard: AWS has no resource for this action
      {
        Effect = "Allow"
        Action = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart",
        "ecr:CompleteLayerUpload", "ecr:PutImage"]
        Resource = [for repository in aws_ecr_repository.this : repository.arn]
      },
      {
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = [for folder in ["functions", "figures"] : "${aws_s3_bucket.this["artifacts"].arn}/${folder}/*"] # wildcard: a folder for each release
      },
      { Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = aws_kms_key.this.arn },
    ]
  })
}
