variable "account_id" {
  description = "Account of the environment. Nothing is done in another one."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account has twelve digits."
  }
}

variable "region" {
  description = "Region of the environment."
  type        = string
}

variable "replica_region" {
  description = "Second region, for copies of backups and archive."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+-[1-9]$", var.replica_region))
    error_message = "It is the name of a region, such as eu-west-1."
  }
}

variable "domain" {
  description = "Domain of the environment, which the parent domain delegates."
  type        = string
}

variable "release" {
  description = "Tag of the project's images and folder of the functions' code. A deployment changes what runs; this is what Terraform begins with."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$", var.release)) && var.release != "latest"
    error_message = "A tag, and not latest: what runs must be known."
  }
}

variable "agent_image" {
  description = "Image of CloudWatch's agent."
  type        = string
}

variable "settings" {
  description = "Settings of the gateway that are no secrets: JWKS_URL, JWT_ISSUER, JWT_AUDIENCE, ALLOWED_ORIGINS and others."
  type        = map(string)
}

variable "operators" {
  description = "Networks from which Grafana may be opened."
  type        = list(string)
}

variable "repository" {
  description = "GitHub repository (owner/name) that deploys, and where the runbooks are."
  type        = string
}

variable "budget" {
  description = "Dollars a month."
  type        = number
}

variable "rotation_functions" {
  description = "ARNs of functions that rotate secrets, by the secret's name."
  type        = map(string)
  default     = {}
}
