variable "name" {
  description = "Prefix of all names, such as corsia-production."
  type        = string
}

variable "code" {
  description = "Where the functions' code is: bucket, and the folder of a release, in which each function is <name>.zip."
  type        = object({ bucket = string, prefix = string })

  validation {
    condition     = length(var.code.prefix) > 0 && !endswith(var.code.prefix, "/")
    error_message = "The folder of a release, without a slash at its end."
  }
}

variable "network" {
  description = "Private subnets and the security group of the functions."
  type        = object({ subnet_ids = list(string), security_group_id = string })
}

variable "secret_arns" {
  description = "Secrets by name, as the module security makes them."
  type        = map(string)

  validation {
    condition     = alltrue([for name in ["store-url", "store-url-archiver", "state-url", "bus-url", "webhook-sources"] : contains(keys(var.secret_arns), name)])
    error_message = "store-url, store-url-archiver, state-url, bus-url and webhook-sources are needed."
  }
}

variable "buckets" {
  description = "Names of the buckets for archive and backups."
  type        = object({ archive = string, backups = string })
}

variable "key_arns" {
  description = "KMS keys: data for secrets, archive for the buckets, logs for logs and queues."
  type        = object({ data = string, archive = string, logs = string })
}

variable "drill" {
  description = "How backupverify starts a drill: cluster, task, subnets, security groups, and the statements that let it."
  type = object({
    cluster         = string
    task            = string
    subnets         = list(string)
    security_groups = list(string)
    statements      = any
  })
}

variable "api" {
  description = "Name under which webhooks are taken in and its certificate; requests a second, and how many at once."
  type = object({
    domain          = string
    certificate_arn = string
    rate            = optional(number, 50)
    burst           = optional(number, 100)
  })

  validation {
    condition     = var.api.rate > 0 && var.api.burst >= var.api.rate
    error_message = "Some requests a second, and no fewer at once."
  }
}

variable "audit_retention" {
  description = "How long archived rows stay in the store, as AUDIT_RETENTION takes it."
  type        = string
  default     = "9600h"

  validation {
    condition     = var.audit_retention == "forever" || can(regex("^[0-9]+h$", var.audit_retention))
    error_message = "A number of hours such as 9600h, or forever."
  }
}

variable "alarm_topic_arns" {
  description = "Topics by severity: critical, warning."
  type        = object({ critical = string, warning = string })
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
}

variable "runbooks" {
  description = "Base of the repository's files, to which alarms add docs/runbooks/<name>.md."
  type        = string

  validation {
    condition     = startswith(var.runbooks, "https://") && !endswith(var.runbooks, "/")
    error_message = "It is an https URL without a slash at its end."
  }
}
