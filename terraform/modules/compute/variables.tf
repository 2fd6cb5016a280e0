variable "name" {
  description = "Prefix of all names, such as corsia-production."
  type        = string

  validation {
    condition     = length(var.name) <= 24
    error_message = "24 characters at most: a target group has 32 with its colour."
  }
}

variable "protected" {
  description = "Whether patients' records are kept: then fewer than three tasks and a deletion of the load balancer are refused."
  type        = bool
}

variable "network" {
  description = "The VPC, its public and private subnets, its addresses, and the security groups of load balancer, gateway and operations."
  type = object({
    vpc_id             = string
    cidr               = string
    public_subnet_ids  = list(string)
    private_subnet_ids = list(string)
    security_group_ids = object({ load_balancer = string, gateway = string, operations = string })
  })
}

variable "images" {
  description = "Images with their tags or digests: gateway, operations (with PostgreSQL's programs), agent (of CloudWatch)."
  type        = object({ gateway = string, operations = string, agent = string })

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("[:@][^/]+$", image)) && !endswith(image, ":latest")])
    error_message = "Each has a tag or a digest, and not latest: what runs must be known."
  }
}

variable "tasks" {
  description = "Tasks of the gateway: processor units (1024 are one), MiB, how many are wanted at first, at least and at most."
  type = object({
    cpu    = optional(number, 1024)
    memory = optional(number, 2048)
    wanted = optional(number, 3)
    least  = optional(number, 3)
    most   = optional(number, 10)
  })
  default = {}

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.tasks.cpu) && var.tasks.memory >= 2 * var.tasks.cpu && var.tasks.memory <= 8 * var.tasks.cpu
    error_message = "Fargate has 256 to 16384 units, and two to eight MiB for each of them."
  }
  validation {
    condition     = var.tasks.least >= 1 && var.tasks.least <= var.tasks.wanted && var.tasks.wanted <= var.tasks.most
    error_message = "At least one, and least <= wanted <= most."
  }
}

variable "scaling" {
  description = "What a task should have on average: open sockets, and per cent of its processor."
  type = object({
    connections = optional(number, 2000)
    cpu         = optional(number, 60)
  })
  default = {}

  validation {
    condition     = var.scaling.connections >= 100 && var.scaling.cpu >= 20 && var.scaling.cpu <= 80
    error_message = "100 sockets or more, and 20 to 80 per cent."
  }
}

variable "settings" {
  description = "Settings of the gateway that are no secrets, by name: JWKS_URL, JWT_ISSUER, JWT_AUDIENCE, ALLOWED_ORIGINS and what else is to differ from its default."
  type        = map(string)

  validation {
    condition     = alltrue([for name in ["JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE", "ALLOWED_ORIGINS"] : contains(keys(var.settings), name)])
    error_message = "JWKS_URL, JWT_ISSUER, JWT_AUDIENCE and ALLOWED_ORIGINS are required by ENV=production."
  }
  validation {
    condition     = length(setintersection(keys(var.settings), ["STORE_URL", "STATE_URL", "BUS_URL", "CLUSTER_KEY", "AUDIT_KEY", "WEBHOOK_SOURCES"])) == 0
    error_message = "URLs with passwords, keys and sources are secrets: they are given by ARN."
  }
}

variable "secret_arns" {
  description = "Secrets by name, as the module security makes them."
  type        = map(string)

  validation {
    condition     = alltrue([for name in ["store-url", "store-url-operations", "state-url", "bus-url", "cluster-key", "audit-key", "webhook-sources"] : contains(keys(var.secret_arns), name)])
    error_message = "store-url, store-url-operations, state-url, bus-url, cluster-key, audit-key and webhook-sources are needed."
  }
}

variable "buckets" {
  description = "Names of the buckets for archive, backups and logs."
  type        = object({ archive = string, backups = string, logs = string })
}

variable "key_arns" {
  description = "KMS keys: data for secrets, archive for the buckets, logs."
  type        = object({ data = string, archive = string, logs = string })
}

variable "replica_region" {
  description = "Second region, which manifests of backups name as the place of their copy."
  type        = string
}

variable "certificate_arn" {
  description = "Certificate of the load balancer."
  type        = string
}

variable "idle_timeout" {
  description = "Seconds that the load balancer keeps a connection on which nothing passes."
  type        = number
  default     = 180

  validation {
    condition     = var.idle_timeout >= 120 && var.idle_timeout <= 4000
    error_message = "120 to 4000 seconds: the gateway's heartbeats are 30 s apart, and it waits as long for the answer."
  }
}

variable "deploy" {
  description = "Who may deploy: the provider of GitHub's tokens in this account, the repository (owner/name) and its environment. Without it no role is made."
  type        = object({ provider_arn = string, repository = string, environment = string })
  default     = null

  validation {
    condition     = var.deploy == null || can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.deploy.repository))
    error_message = "A repository is owner/name, without wildcards."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
}
