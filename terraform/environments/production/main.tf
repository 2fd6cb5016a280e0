provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      Environment = "production"
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

  environment        = "production"
  protected          = true
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
    environment  = "production"
  }

  # As the specification has it (O1).
  nat_gateways = 3
  tasks        = { cpu = 1024, memory = 2048, wanted = 3, least = 3, most = 10 }
  database     = { instance_class = "db.t3.medium", storage_gb = 100, storage_max_gb = 1000, multi_az = true, backup_days = 35, read_replica = false }
  cache        = { node_type = "cache.t3.medium", nodes = 2 }
  broker       = { instance_type = "mq.m5.large", cluster = true }
}
