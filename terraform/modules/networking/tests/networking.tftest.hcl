mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
}

variables {
  name         = "corsia-test"
  zones        = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat_gateways = 3
  kms_key_arn  = "arn:aws:kms:eu-central-1:123456789012:key/1"
}

run "three_zones_have_three_tiers_that_do_not_overlap" {
  assert {
    condition     = length(distinct([for subnet in concat(values(aws_subnet.public), values(aws_subnet.private), values(aws_subnet.data)) : subnet.cidr_block])) == 9
    error_message = "Two subnets have the same addresses."
  }
  assert {
    condition     = alltrue([for subnet in values(aws_subnet.public) : !subnet.map_public_ip_on_launch])
    error_message = "What is started in a public subnet gets a public address without asking."
  }
}

run "the_data_tier_has_no_route_out" {
  assert {
    condition     = alltrue([for route in concat([aws_route.internet], values(aws_route.nat)) : route.route_table_id != aws_route_table.data.id])
    error_message = "A route leads out of the data tier."
  }
  assert {
    condition     = alltrue([for table in values(aws_route_table_association.data) : table.route_table_id == aws_route_table.data.id])
    error_message = "A data subnet has another table than that without routes."
  }
  assert {
    condition     = length([for rule in values(aws_vpc_security_group_egress_rule.https) : rule if contains([for tier in ["database", "cache", "broker"] : aws_security_group.this[tier].id], rule.security_group_id)]) == 0
    error_message = "The data tier may call out."
  }
}

run "each_zone_goes_out_through_its_own_nat_gateway" {
  assert {
    condition     = alltrue([for zone, route in aws_route.nat : route.nat_gateway_id == aws_nat_gateway.this[zone].id])
    error_message = "A zone depends on another's NAT gateway."
  }
}

run "one_nat_gateway_serves_all_zones" {
  variables {
    nat_gateways = 1
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(distinct([for route in values(aws_route.nat) : route.nat_gateway_id])) == 1 && length(aws_route.nat) == 3
    error_message = "A private subnet has no way out."
  }
}

run "the_internet_reaches_the_load_balancer_alone" {
  assert {
    condition     = alltrue([for rule in values(aws_vpc_security_group_ingress_rule.public) : rule.security_group_id == aws_security_group.this["load_balancer"].id && contains([443, 80], rule.from_port) && rule.from_port == rule.to_port])
    error_message = "Something else than 443 and 80 of the load balancer is open to the internet."
  }
  assert {
    condition     = alltrue([for rule in values(aws_vpc_security_group_ingress_rule.flow) : rule.cidr_ipv4 == null && rule.from_port == rule.to_port])
    error_message = "An inner way is opened to addresses or to a range of ports."
  }
  assert {
    condition     = toset([for flow in values(local.flows) : flow.from if flow.to == "database"]) == toset(["gateway", "functions", "operations"])
    error_message = "Somebody else reaches the database."
  }
}

run "a_number_of_nat_gateways_between_is_refused" {
  command = plan
  variables {
    nat_gateways = 2
  }
  expect_failures = [aws_vpc.this]
}

run "one_zone_is_refused" {
  command = plan
  variables {
    zones        = ["eu-central-1a"]
    nat_gateways = 1
  }
  expect_failures = [var.zones]
}
