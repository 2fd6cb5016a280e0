variable "name" {
  description = "Prefix of all names, such as corsia-production. The account's number follows it in the names of buckets."
  type        = string
}

variable "replica_region" {
  description = "Second region, where copies of archive and backups lie."
  type        = string
}

variable "key_arns" {
  description = "KMS keys by what they encrypt: archive, and replica in the second region."
  type        = object({ archive = string, replica = string })
}

variable "archive_years" {
  description = "Years that nobody, the account's owner included, can delete what is in the archive."
  type        = number
  default     = 10

  validation {
    condition     = var.archive_years >= 10
    error_message = "The audit trail is kept for ten years at least (SPEC T5)."
  }
}

variable "backup_days" {
  description = "Days that daily backups are kept."
  type        = number
  default     = 30

  validation {
    condition     = var.backup_days >= 30
    error_message = "Daily backups are kept for 30 days at least (SPEC O4)."
  }
}

variable "log_days" {
  description = "Days that access logs and the trail of API calls are kept."
  type        = number
  default     = 2192

  validation {
    condition     = var.log_days >= 2192
    error_message = "Six years at least: 45 CFR 164.316(b)(2)."
  }
}
