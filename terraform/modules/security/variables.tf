variable "name" {
  description = "Prefix of all names, such as corsia-production."
  type        = string
}

variable "replica_region" {
  description = "Second region, where copies of backups and of the archive lie under a key of that region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+-[1-9]$", var.replica_region))
    error_message = "It is the name of a region, such as eu-west-1."
  }
}

variable "log_bucket" {
  description = "Bucket that the trail of API calls is written to."
  type        = string
}

variable "watched_bucket_arns" {
  description = "Buckets of which every access to an object is recorded: archive and backups."
  type        = list(string)
}

variable "rotation_days" {
  description = "Days after which a secret is renewed."
  type        = number
  default     = 30

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 30
    error_message = "A secret is renewed at least every 30 days (SPEC O1)."
  }
}

variable "rotation_functions" {
  description = "ARNs of Lambda functions that rotate, by the secret's name. Of a secret without one, people are reminded."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, arn in var.rotation_functions : can(regex("^arn:aws:lambda:", arn))])
    error_message = "Each is the ARN of a Lambda function."
  }
}

variable "reminder_topic_arn" {
  description = "Topic that says when secrets without a rotating function are to be renewed by hand."
  type        = string
}
