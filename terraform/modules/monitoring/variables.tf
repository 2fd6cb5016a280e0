variable "name" {
  description = "Prefix of all names, such as corsia-production."
  type        = string
}

variable "environment" {
  description = "The environment, as tags and alerts name it."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "dev, staging or production."
  }
}

variable "runbooks" {
  description = "Base of the repository's files, to which alarms add docs/runbooks/<name>.md."
  type        = string

  validation {
    condition     = startswith(var.runbooks, "https://") && !endswith(var.runbooks, "/")
    error_message = "It is an https URL without a slash at its end."
  }
}

variable "endpoints" {
  description = "Where messages of CloudWatch go: PagerDuty's https URL for what is critical, Slack's e-mail address of a channel (or an https URL) for all."
  type        = object({ pagerduty = string, slack = string })
  sensitive   = true # PagerDuty's has its key
}

variable "watched" {
  description = "What alarms look at, as CloudWatch names it."
  type = object({
    load_balancer    = string
    target_groups    = map(string)
    cluster          = string
    services         = map(string)
    database         = string
    cache            = string
    cache_nodes      = number
    broker           = string
    web_acl          = string
    certificate_arns = map(string)
    namespace        = string
    functions        = map(string)
  })
}

variable "network" {
  description = "VPC, private subnets, the security group of these tasks, the private zone of tasks, and the cluster."
  type = object({
    vpc_id            = string
    subnet_ids        = list(string)
    security_group_id = string
    namespace_id      = string
    cluster_arn       = string
  })
}

variable "images" {
  description = "Images with the configuration of files/ in them: prometheus, alertmanager, grafana."
  type        = object({ prometheus = string, alertmanager = string, grafana = string })

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("[:@][^/]+$", image)) && !endswith(image, ":latest")])
    error_message = "Each has a tag or a digest, and not latest: what runs must be known."
  }
}

variable "grafana" {
  description = "Grafana's name, its certificate, the listener that leads to it, and the addresses from which people may open it."
  type        = object({ host = string, certificate_arn = string, listener_arn = string, allowed_cidrs = list(string) })

  validation {
    condition     = length(var.grafana.allowed_cidrs) > 0 && length(var.grafana.allowed_cidrs) <= 4 && alltrue([for cidr in var.grafana.allowed_cidrs : can(cidrnetmask(cidr)) && tonumber(split("/", cidr)[1]) >= 8])
    error_message = "One to four networks of IPv4, and never the whole internet."
  }
}

variable "secret_arns" {
  description = "Secrets by name: grafana-admin, pagerduty-key, slack-url."
  type        = map(string)
}

variable "key_arns" {
  description = "KMS keys: data for secrets, logs for logs, topics and traces."
  type        = object({ data = string, logs = string })
}

variable "budget" {
  description = "Dollars a month that the environment may cost before somebody is told."
  type        = number

  validation {
    condition     = var.budget > 0
    error_message = "More than nothing."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
}
