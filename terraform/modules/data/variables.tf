variable "name" {
  description = "Prefix of all names, such as corsia-production."
  type        = string
}

variable "protected" {
  description = "Whether patients' records are kept: then one zone, one broker and a deletion by mistake are refused."
  type        = bool
}

variable "subnet_ids" {
  description = "Data subnets, one in each zone."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Security groups of the three services."
  type        = object({ database = string, cache = string, broker = string })
}

variable "key_arns" {
  description = "KMS keys: data for what is kept here, logs for what is said of it, replica for copies in the second region."
  type        = object({ data = string, logs = string, replica = string })
}

variable "secret_arns" {
  description = "Secrets that the URLs with their passwords are written to."
  type        = object({ state-url = string, bus-url = string })
}

variable "backup_bucket" {
  description = "Bucket that snapshots of Redis are copied to."
  type        = string
}

variable "replica_region" {
  description = "Second region, where the database's automatic backups are copied to."
  type        = string
}

variable "database" {
  description = "The database: class and size in GB, how far the disk may grow by itself, standby in a second zone, days of point-in-time recovery, a second one to read from."
  type = object({
    instance_class = optional(string, "db.t3.medium")
    storage_gb     = optional(number, 100)
    storage_max_gb = optional(number, 500)
    multi_az       = optional(bool, true)
    backup_days    = optional(number, 14)
    read_replica   = optional(bool, false)
  })
  default = {}

  validation {
    condition     = var.database.backup_days >= 7 && var.database.backup_days <= 35
    error_message = "7 to 35 days of point-in-time recovery (SPEC O1)."
  }
  validation {
    condition     = var.database.storage_gb >= 20 && var.database.storage_max_gb >= var.database.storage_gb
    error_message = "20 GB at least, and no less in the end than at the start."
  }
  validation {
    condition     = startswith(var.database.instance_class, "db.")
    error_message = "It is the class of an instance, such as db.t3.medium."
  }
}

variable "cache" {
  description = "Redis: class, and how many nodes, the primary one included."
  type = object({
    node_type = optional(string, "cache.t3.medium")
    nodes     = optional(number, 2)
  })
  default = {}

  validation {
    condition     = startswith(var.cache.node_type, "cache.") && var.cache.nodes >= 1 && var.cache.nodes <= 6
    error_message = "A class such as cache.t3.medium, and one to six nodes."
  }
}

variable "broker" {
  description = "RabbitMQ: class, and whether it is a cluster of three in three zones."
  type = object({
    instance_type = optional(string, "mq.m5.large")
    cluster       = optional(bool, true)
  })
  default = {}

  validation {
    condition     = startswith(var.broker.instance_type, "mq.") && !(var.broker.cluster && startswith(var.broker.instance_type, "mq.t3"))
    error_message = "A class such as mq.m5.large; those of mq.t3 make no clusters."
  }
}

variable "log_retention_days" {
  description = "Days that logs of the services are kept."
  type        = number
  default     = 365
}
