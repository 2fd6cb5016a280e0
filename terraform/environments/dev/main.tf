provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      Environment = "dev"
      Project     = "corsia"
    }
  }
}

locals {
  registry = "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com/corsia"
  images   = { for image in ["gateway", "operations", "prometheus", "alertmanager", "grafana"] : image => "${local.registry}/${image}:${var.release}" }
}

module "platform" {
  source = "../../modules/platform"

  environment        = "dev"
  protected          = false
  domain             = var.domain
  replica_region     = var.replica_region
  images             = merge(local.images, { agent = var.agent_image })
  functions          = { bucket = "corsia-artifacts-${var.account_id}", prefix = "functions/${var.release}" }
  settings           = var.settings
  operators          = var.operators
  runbooks           = "https://github.com/${var.repository}/blob/main"
  budget             = var.budget
  rotation_functions = var.rotation_functions

  deploy = {
    provider_arn = "arn:aws:iam::${var.account_id}:oidc-provider/token.actions.githubusercontent.com"
    repository   = var.repository
    environment  = "dev"
  }

  # One of each: a zone that fails takes it away. Its data are made up.
  nat_gateways = 1
  tasks        = { cpu = 512, memory = 1024, wanted = 1, least = 1, most = 2 }
  database     = { instance_class = "db.t3.micro", storage_gb = 20, storage_max_gb = 50, multi_az = false, backup_days = 7, read_replica = false }
  cache        = { node_type = "cache.t3.micro", nodes = 1 }
  broker       = { instance_type = "mq.t3.micro", cluster = false }
}
