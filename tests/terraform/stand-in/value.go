package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

const account = "123456789012"

// maker says what a computed attribute without a value becomes.
type maker func(name string, a *tfprotov5.SchemaAttribute) tftypes.Value

// unpack returns the attributes and blocks of a configuration.
func unpack(v *tfprotov5.DynamicValue, schema *tfprotov5.Schema) (map[string]tftypes.Value, error) {
	value, err := v.Unmarshal(schema.ValueType())
	if err != nil {
		return nil, err
	}
	out := map[string]tftypes.Value{}
	return out, value.As(&out)
}

// text returns a known string, or another one.
func text(v tftypes.Value, otherwise string) string {
	var s string
	if v.IsNull() || !v.IsKnown() || v.As(&s) != nil {
		return otherwise
	}
	return s
}

// list returns the elements of a known list or set.
func list(v tftypes.Value) (out []tftypes.Value) {
	if v.IsNull() || !v.IsKnown() || v.As(&out) != nil {
		return nil
	}
	return out
}

// object returns what is in a known object or map.
func object(v tftypes.Value) (out map[string]tftypes.Value) {
	if v.IsNull() || !v.IsKnown() || v.As(&out) != nil {
		return nil
	}
	return out
}

// fill gives a value to every computed attribute that has none. What may only be written is forgotten, as every provider does.
func fill(b *tfprotov5.SchemaBlock, v tftypes.Value, value maker) (tftypes.Value, error) {
	if v.IsNull() || !v.IsKnown() {
		return v, nil
	}
	m := map[string]tftypes.Value{}
	if err := v.As(&m); err != nil {
		return v, err
	}
	for _, a := range b.Attributes {
		switch has := m[a.Name]; {
		case a.WriteOnly:
			m[a.Name] = tftypes.NewValue(a.Type, nil)
		case a.Computed && (has.IsNull() || !has.IsKnown()):
			m[a.Name] = value(a.Name, a)
		}
	}
	for _, n := range b.BlockTypes {
		inner := m[n.TypeName]
		if inner.IsNull() || !inner.IsKnown() {
			continue
		}
		switch n.Nesting {
		case tfprotov5.SchemaNestedBlockNestingModeSingle, tfprotov5.SchemaNestedBlockNestingModeGroup:
			filled, err := fill(n.Block, inner, value)
			if err != nil {
				return v, err
			}
			m[n.TypeName] = filled
		case tfprotov5.SchemaNestedBlockNestingModeList, tfprotov5.SchemaNestedBlockNestingModeSet:
			all := list(inner)
			for i := range all {
				filled, err := fill(n.Block, all[i], value)
				if err != nil {
					return v, err
				}
				all[i] = filled
			}
			m[n.TypeName] = tftypes.NewValue(inner.Type(), all)
		}
	}
	return tftypes.NewValue(v.Type(), m), nil
}

func unknown(_ string, a *tfprotov5.SchemaAttribute) tftypes.Value {
	return tftypes.NewValue(a.Type, tftypes.UnknownValue)
}

// tag sets tags_all to the provider's default tags and the resource's own.
func (s *server) tag(v tftypes.Value) (tftypes.Value, error) {
	m := object(v)
	all, tagged := m["tags_all"]
	own, settable := m["tags"]
	if !tagged || !settable || !own.IsKnown() {
		return v, nil
	}
	merged := maps.Clone(s.defaultTags)
	maps.Copy(merged, object(own))
	m["tags_all"] = tftypes.NewValue(all.Type(), merged)
	return tftypes.NewValue(v.Type(), m), nil
}

// inventor makes values in the form that AWS gives them. Unique is what an id has that is of one resource alone.
func (s *server) inventor(typeName, unique string, resource map[string]tftypes.Value) maker {
	kind := strings.TrimPrefix(typeName, "aws_")
	id := kind + "-" + unique
	for _, name := range []string{"bucket", "function_name", "identifier", "replication_group_id", "name", "domain", "family"} {
		if given := text(resource[name], ""); given != "" {
			id = given
			break
		}
	}
	arn := "arn:aws:" + service(kind) + ":" + s.region + ":" + account + ":" + kind + "/" + id
	switch {
	case kind == "s3_bucket":
		arn = "arn:aws:s3:::" + id
	case strings.HasPrefix(kind, "iam_"):
		arn = "arn:aws:iam::" + account + ":" + strings.TrimPrefix(kind, "iam_") + "/" + id
	}
	if kind == "security_group" || kind == "vpc" || kind == "subnet" || kind == "lb_target_group" || strings.HasPrefix(kind, "lb") {
		id = kind + "-" + unique // a name is none here: two environments, or two groups, may share it
	}
	return func(name string, a *tfprotov5.SchemaAttribute) tftypes.Value {
		switch {
		case a.Type.Is(tftypes.String) && name == "arn":
			return tftypes.NewValue(a.Type, arn)
		case a.Type.Is(tftypes.String) && name == "id":
			return tftypes.NewValue(a.Type, id)
		case a.Type.Is(tftypes.String) && (name == "region" || name == "account_id"):
			return tftypes.NewValue(a.Type, map[string]string{"region": s.region, "account_id": account}[name])
		}
		return invent(id, name, a.Type, !a.Optional)
	}
}

// service is the part of an ARN that names the service.
func service(kind string) string {
	first, _, _ := strings.Cut(kind, "_")
	if known, ok := map[string]string{"lb": "elasticloadbalancing", "db": "rds", "cloudwatch": "logs", "vpc": "ec2", "subnet": "ec2"}[first]; ok {
		return known
	}
	return first
}

// digest is the same for the same question: data are read again at each plan.
func digest(question string) string {
	sum := sha256.Sum256([]byte(question))
	return hex.EncodeToString(sum[:8])
}

func random() string {
	b := make([]byte, 8)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// invent makes a value of a type. A list that only AWS makes has one element, as that of a broker's instances has. What
// could have been set and was not stays empty, so that it is not taken for what somebody chose.
func invent(id, name string, typ tftypes.Type, one bool) tftypes.Value {
	if strings.HasSuffix(name, "_arn") {
		id = "arn:aws:stand-in:eu-central-1:" + account + ":" + id
	}
	var elements []tftypes.Value
	switch t := typ.(type) {
	case tftypes.List:
		if one {
			elements = append(elements, invent(id, name, t.ElementType, one))
		}
		return tftypes.NewValue(t, elements)
	case tftypes.Set:
		if one {
			elements = append(elements, invent(id, name, t.ElementType, one))
		}
		return tftypes.NewValue(t, elements)
	case tftypes.Map:
		return tftypes.NewValue(t, map[string]tftypes.Value{})
	case tftypes.Object:
		m := map[string]tftypes.Value{}
		for key, inner := range t.AttributeTypes {
			m[key] = invent(id, key, inner, one)
		}
		return tftypes.NewValue(t, m)
	}
	switch {
	case typ.Is(tftypes.String) && !one && name != "name":
		return tftypes.NewValue(typ, "") // the provider's default, which the schemas do not have
	case typ.Is(tftypes.String) && strings.HasSuffix(name, "_arn"):
		return tftypes.NewValue(typ, id)
	case typ.Is(tftypes.String):
		return tftypes.NewValue(typ, id+"."+strings.ReplaceAll(name, "_", "-"))
	case typ.Is(tftypes.Number):
		return tftypes.NewValue(typ, 0)
	case typ.Is(tftypes.Bool):
		return tftypes.NewValue(typ, false)
	}
	return tftypes.NewValue(typ, nil)
}
