variable "account_id" {
  description = "Account that is prepared. Nothing is done in another one."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account has twelve digits."
  }
}

variable "environment" {
  description = "The environment whose account this is, for tags: dev, staging, production, or shared by several."
  type        = string
  default     = "shared"

  validation {
    condition     = contains(["dev", "staging", "production", "shared"], var.environment)
    error_message = "dev, staging, production or shared."
  }
}

variable "region" {
  description = "Region of states, images and code: that of the environments."
  type        = string
  default     = "eu-central-1"
}

variable "repository" {
  description = "GitHub repository (owner/name) whose main branch makes releases."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.repository))
    error_message = "A repository is owner/name, without wildcards."
  }
}
