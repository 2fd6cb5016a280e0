provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      Environment = "staging"
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

  environment        = "staging"
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
    environment  = "staging"
  }

  # The shape of production, so that what passes here passes there; smaller where the shape allows it. Its data are made up.
  nat_gateways = 3
  tasks        = { cpu = 1024, memory = 2048, wanted = 2, least = 2, most = 4 }
  database     = { instance_class = "db.t3.medium", storage_gb = 50, storage_max_gb = 100, multi_az = true, backup_days = 7, read_replica = false }
  cache        = { node_type = "cache.t3.small", nodes = 2 }
  broker       = { instance_type = "mq.m5.large", cluster = false }
}
