output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer, one in each zone."
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "Subnets of tasks and functions, one in each zone."
  value       = [for zone in var.zones : aws_subnet.private[zone].id]
}

output "data_subnet_ids" {
  description = "Subnets of the database, the cache and the broker, one in each zone, without a way out."
  value       = [for zone in var.zones : aws_subnet.data[zone].id]
}

output "security_group_ids" {
  description = "Security groups by what they are of: load_balancer, gateway, functions, operations, monitoring, database, cache, broker."
  value       = { for name, group in aws_security_group.this : name => group.id }
}

output "cidr" {
  description = "Addresses of the VPC: the load balancer's are among them, whose X-Forwarded-For the gateway believes."
  value       = aws_vpc.this.cidr_block
}
