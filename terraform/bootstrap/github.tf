# GitHub's workflows show a token of their own and have no key of this account. Which of them may do what is the deployment role's
# condition (module compute).
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}
