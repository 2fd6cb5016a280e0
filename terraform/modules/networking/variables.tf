variable "name" {
  description = "Prefix of all names, such as corsia-production."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "A name has 3 to 24 lower-case letters, digits and dashes, a letter first: names of load balancers are made of it."
  }
}

variable "cidr" {
  description = "Addresses of the VPC. Each of up to sixteen subnets gets a sixteenth of it."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.cidr)) && tonumber(split("/", var.cidr)[1]) <= 20
    error_message = "It is an IPv4 network of /20 or larger: a task takes an address each."
  }
}

variable "zones" {
  description = "Availability zones, one public, one private and one data subnet in each."
  type        = list(string)

  validation {
    condition     = length(distinct(var.zones)) == length(var.zones) && length(var.zones) >= 2 && length(var.zones) <= 5
    error_message = "Two to five different zones: a load balancer and a database with a standby want two."
  }
}

variable "nat_gateways" {
  description = "How many zones have a NAT gateway of their own: all of them, or one, through which then all traffic goes and with whose zone it ends."
  type        = number
}

variable "gateway_port" {
  description = "Port on which the tasks of the gateway listen."
  type        = number
  default     = 8080

  validation {
    condition     = var.gateway_port >= 1024 && var.gateway_port <= 65535
    error_message = "1024 to 65535: the process is not root."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the flow logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days that flow logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "It is one of the periods that CloudWatch Logs has, at least 30 days."
  }
}
