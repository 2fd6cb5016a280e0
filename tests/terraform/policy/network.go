package policy

import (
	"net/netip"
	"slices"
)

// everywhere are the networks that everybody is in.
var everywhere = []string{"0.0.0.0/0", "::/0"}

const (
	zonesWanted = 3 // SPEC O1
	vpcCIDR     = "10.0.0.0/16"
)

// networks checks that addresses are valid, subnets lie in their VPC and nowhere twice, and what O1 counts.
func networks(v *view, find func(string, string, ...any)) {
	for _, vpc := range v.of("aws_vpc") {
		if vpc.str("cidr_block") != vpcCIDR {
			find(vpc.address, "has the network %s, not %s", vpc.str("cidr_block"), vpcCIDR)
		}
		if len(v.with("aws_flow_log", "vpc_id", vpc.id())) == 0 {
			find(vpc.address, "has no flow log")
		}
		whole, _ := netip.ParsePrefix(vpc.str("cidr_block"))
		v.subnets(vpc, whole, find)
	}
	for _, r := range v.of("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule") {
		if text := r.str("cidr_ipv4"); text != "" && !valid(text) {
			find(r.address, "names %q, which is no network", text)
		}
	}
}

func (v *view) subnets(vpc resource, whole netip.Prefix, find func(string, string, ...any)) {
	var seen []netip.Prefix
	public, private := map[string]bool{}, map[string]bool{} // by zone
	for _, subnet := range v.with("aws_subnet", "vpc_id", vpc.id()) {
		text := subnet.str("cidr_block")
		prefix, err := netip.ParsePrefix(text)
		if err != nil || !valid(text) {
			find(subnet.address, "has %q, which is no network", text)
			continue
		}
		if !whole.IsValid() || !whole.Overlaps(prefix) || prefix.Bits() < whole.Bits() {
			find(subnet.address, "has %s, outside of its VPC", prefix)
		}
		if slices.ContainsFunc(seen, prefix.Overlaps) {
			find(subnet.address, "has addresses of another subnet")
		}
		seen = append(seen, prefix)
		if v.public(subnet.id()) {
			public[subnet.str("availability_zone")] = true
		} else {
			private[subnet.str("availability_zone")] = true
		}
	}
	if len(public) != zonesWanted || len(private) != zonesWanted {
		find(vpc.address, "has public subnets in %d zones and private ones in %d, not in %d", len(public), len(private), zonesWanted)
	}
	if gateways := len(v.of("aws_nat_gateway")); v.production() && gateways != zonesWanted {
		find(vpc.address, "has %d NAT gateways, not one for each zone", gateways)
	}
}

// valid tells whether a text is a network and not an address inside one.
func valid(text string) bool {
	prefix, err := netip.ParsePrefix(text)
	return err == nil && prefix == prefix.Masked()
}

// public tells whether the internet reaches a subnet: addresses are given to whatever is in it, or its routes lead to the
// internet gateway. A subnet without a table of its own has the VPC's, which nobody has looked at.
func (v *view) public(subnet string) bool {
	for _, s := range v.with("aws_subnet", "id", subnet) {
		if s.is("map_public_ip_on_launch") {
			return true
		}
	}
	associations := v.with("aws_route_table_association", "subnet_id", subnet)
	if len(associations) == 0 {
		return true
	}
	gateways := map[string]bool{}
	for _, g := range v.of("aws_internet_gateway") {
		gateways[g.id()] = true
	}
	for _, a := range associations {
		for _, route := range v.with("aws_route", "route_table_id", a.str("route_table_id")) {
			if gateways[route.str("gateway_id")] {
				return true
			}
		}
		for _, table := range v.with("aws_route_table", "id", a.str("route_table_id")) {
			for _, gateway := range gather(table.values, "route.*.gateway_id") {
				if gateways[str(gateway)] {
					return true
				}
			}
		}
	}
	return false
}

// inside says where each type keeps its subnets. None of them may be public.
var inside = map[string]string{
	"aws_db_subnet_group":          "subnet_ids",
	"aws_elasticache_subnet_group": "subnet_ids",
	"aws_mq_broker":                "subnet_ids",
	"aws_lambda_function":          "vpc_config.0.subnet_ids",
	"aws_ecs_service":              "network_configuration.0.subnets",
	"aws_cloudwatch_event_target":  "ecs_target.0.network_configuration.0.subnets",
	"aws_scheduler_schedule":       "target.0.ecs_parameters.0.network_configuration.0.subnets",
}

func placement(v *view, find func(string, string, ...any)) {
	for _, r := range v.all {
		path, placed := inside[r.kind]
		if !placed {
			continue
		}
		subnets := r.strs(path)
		if len(subnets) == 0 && r.kind != "aws_cloudwatch_event_target" && r.kind != "aws_scheduler_schedule" {
			find(r.address, "is in no subnet of ours")
		}
		for _, subnet := range subnets {
			if v.public(subnet) {
				find(r.address, "is in a public subnet, %s", subnet)
			}
		}
	}
	for _, r := range v.of("aws_db_instance", "aws_mq_broker") {
		if r.is("publicly_accessible") {
			find(r.address, "has a public address")
		}
	}
	for _, r := range v.of("aws_ecs_service") {
		if r.is("network_configuration.0.assign_public_ip") {
			find(r.address, "gives its tasks public addresses")
		}
	}
}

// entry is one rule of a security group.
type entry struct {
	address, group, protocol string
	from, to                 float64
	networks                 []string
	egress                   bool
}

// entries gathers the rules of security groups in all the ways in which they can be written.
func (v *view) entries() (all []entry) {
	for _, r := range v.of("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule") {
		all = append(all, entry{r.address, r.str("security_group_id"), r.str("ip_protocol"), r.number("from_port"), r.number("to_port"),
			[]string{r.str("cidr_ipv4"), r.str("cidr_ipv6")}, r.kind == "aws_vpc_security_group_egress_rule"})
	}
	for _, r := range v.of("aws_security_group_rule") {
		all = append(all, entry{r.address, r.str("security_group_id"), r.str("protocol"), r.number("from_port"), r.number("to_port"),
			append(r.strs("cidr_blocks"), r.strs("ipv6_cidr_blocks")...), r.str("type") == "egress"})
	}
	for _, r := range v.of("aws_security_group", "aws_default_security_group") {
		for _, way := range []string{"ingress", "egress"} {
			for _, one := range gather(r.values, way+".*") {
				e := resource{values: map[string]any{"it": one}}
				all = append(all, entry{r.address, r.id(), e.str("it.protocol"), e.number("it.from_port"), e.number("it.to_port"),
					append(e.strs("it.cidr_blocks"), e.strs("it.ipv6_cidr_blocks")...), way == "egress"})
			}
		}
	}
	return all
}

// listens says on which ports what is behind a security group listens, by the type that has it and where.
var listens = []struct {
	kind, path string
	ports      []float64
}{
	{"aws_lb", "security_groups", []float64{80, 443}},
	{"aws_db_instance", "vpc_security_group_ids", []float64{5432}},
	{"aws_elasticache_replication_group", "security_group_ids", []float64{6379}},
	{"aws_mq_broker", "security_groups", []float64{5671, 443, 15671}},
	{"aws_lambda_function", "vpc_config.0.security_group_ids", nil},
	{"aws_ecs_service", "network_configuration.0.security_groups", []float64{8080, 3000, 9090, 9093}},
}

// ports allows into a group what those that have it listen on, from everywhere only to the load balancer, and out to
// everywhere only HTTPS.
func ports(v *view, find func(string, string, ...any)) {
	needed, ofBalancer := map[string][]float64{}, map[string]bool{}
	for _, l := range listens {
		for _, r := range v.of(l.kind) {
			for _, group := range r.strs(l.path) {
				needed[group] = append(needed[group], l.ports...)
				ofBalancer[group] = ofBalancer[group] || l.kind == "aws_lb"
			}
		}
	}
	for _, e := range v.entries() {
		open := slices.ContainsFunc(e.networks, func(n string) bool { return slices.Contains(everywhere, n) })
		switch {
		case e.protocol == "-1" || e.from != e.to:
			find(e.address, "opens more than one port: %s %v to %v", e.protocol, e.from, e.to)
		case e.egress && open && e.to != 443:
			find(e.address, "lets out to everywhere on port %v", e.to)
		case !e.egress && open && !ofBalancer[e.group]:
			find(e.address, "lets everybody in to what is not the load balancer")
		case !e.egress && !slices.Contains(needed[e.group], e.to):
			find(e.address, "opens port %v, on which nothing listens there", e.to)
		}
	}
}
