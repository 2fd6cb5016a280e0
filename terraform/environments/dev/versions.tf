terraform {
  required_version = ">= 1.10" # the first that locks a state by a file in S3 (use_lockfile)

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
  }
}
