variable "environment" {
  description = "The environment: dev, staging or production."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "dev, staging or production."
  }
}

variable "protected" {
  description = "Whether patients' records are kept. Then single zones, nodes and brokers are refused, and deletions by mistake."
  type        = bool
}

variable "domain" {
  description = "Domain of the environment, whose zone is made here."
  type        = string
}

variable "replica_region" {
  description = "Second region, for copies of backups and archive."
  type        = string
}

variable "nat_gateways" {
  description = "One for each of the three zones, or one for all."
  type        = number
  default     = 3
}

variable "images" {
  description = "Images with tags or digests."
  type        = object({ gateway = string, operations = string, agent = string, prometheus = string, alertmanager = string, grafana = string })
}

variable "functions" {
  description = "Where the functions' code is: bucket, and the folder of a release."
  type        = object({ bucket = string, prefix = string })
}

variable "settings" {
  description = "Settings of the gateway that are no secrets, by name."
  type        = map(string)
}

variable "tasks" {
  description = "Tasks of the gateway, as the module compute takes them."
  type        = object({ cpu = optional(number), memory = optional(number), wanted = optional(number), least = optional(number), most = optional(number) })
  default     = {}
}

variable "database" {
  description = "The database, as the module data takes it."
  type = object({ instance_class = optional(string), storage_gb = optional(number), storage_max_gb = optional(number), multi_az = optional(bool),
  backup_days = optional(number), read_replica = optional(bool) })
  default = {}
}

variable "cache" {
  description = "Redis, as the module data takes it."
  type        = object({ node_type = optional(string), nodes = optional(number) })
  default     = {}
}

variable "broker" {
  description = "RabbitMQ, as the module data takes it."
  type        = object({ instance_type = optional(string), cluster = optional(bool) })
  default     = {}
}

variable "operators" {
  description = "Networks from which Grafana may be opened."
  type        = list(string)
}

variable "runbooks" {
  description = "Base of the repository's files on the web."
  type        = string
}

variable "budget" {
  description = "Dollars a month."
  type        = number
}

variable "deploy" {
  description = "Who may deploy, as the module compute takes it."
  type        = object({ provider_arn = string, repository = string, environment = string })
  default     = null
}

variable "rotation_functions" {
  description = "ARNs of functions that rotate secrets, by the secret's name."
  type        = map(string)
  default     = {}
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
}
