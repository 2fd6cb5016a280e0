# The bucket and its key are the account's: `terraform init -backend-config=../state.hcl`, which terraform/bootstrap makes.
terraform {
  backend "s3" {
    key            = "production/terraform.tfstate"
    region         = "eu-central-1"
    dynamodb_table = "corsia-terraform-locks"
    use_lockfile   = true
    encrypt        = true
  }
}
