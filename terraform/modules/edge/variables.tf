variable "name" {
  description = "Prefix of all names, such as corsia-production."
  type        = string
}

variable "domain" {
  description = "Domain of the environment. A zone is made for it; gateway, hooks, cdn and grafana are names in it."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "It is a domain in lower case, without a dot at its end."
  }
}

variable "load_balancer" {
  description = "The load balancer: its ARN, its name and its zone for aliases."
  type        = object({ arn = string, dns_name = string, zone_id = string })
}

variable "api_domain" {
  description = "What the name of webhooks is an alias of."
  type        = object({ domain = string, zone_id = string })
}

variable "widget_bucket" {
  description = "Bucket of the widget's files: name, ARN, and where CloudFront fetches them."
  type        = object({ name = string, arn = string, domain = string })
}

variable "deploys" {
  description = "Whether there is a role that deploys."
  type        = bool
  default     = false
}

variable "deploy_role" {
  description = "Name of the role that deploys, which puts the widget's files in their bucket."
  type        = string
  default     = null
}

variable "logs_key_arn" {
  description = "KMS key of logs."
  type        = string
}

variable "requests_per_address" {
  description = "Requests that one address may make in five minutes. A hospital is often one address, and polling makes several requests a minute for each of its users."
  type        = number
  default     = 20000

  validation {
    condition     = var.requests_per_address >= 1000
    error_message = "1000 at least: fewer would shut a hospital out."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
}
