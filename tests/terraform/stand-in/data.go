package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// answer returns what a data source says that is not invented.
func (s *server) answer(typeName string, config map[string]tftypes.Value) (map[string]tftypes.Value, error) {
	str := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	switch typeName {
	case "aws_caller_identity":
		return map[string]tftypes.Value{"account_id": str(account), "id": str(account), "arn": str("arn:aws:iam::" + account + ":user/stand-in")}, nil
	case "aws_partition":
		return map[string]tftypes.Value{"partition": str("aws"), "id": str("aws"), "dns_suffix": str("amazonaws.com")}, nil
	case "aws_region":
		return map[string]tftypes.Value{"region": str(s.region), "id": str(s.region)}, nil
	case "aws_availability_zones":
		names := []tftypes.Value{str(s.region + "a"), str(s.region + "b"), str(s.region + "c")}
		return map[string]tftypes.Value{"names": tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, names)}, nil
	case "aws_iam_policy_document":
		written, err := policyDocument(config)
		return map[string]tftypes.Value{"json": str(written), "minified_json": str(written)}, err
	}
	return nil, nil
}

// policyDocument writes a policy as the real provider does: statements of the sources, its own, then those that override.
func policyDocument(config map[string]tftypes.Value) (string, error) {
	statements := []map[string]any{}
	add := func(one map[string]any) {
		same := func(other map[string]any) bool { return one["Sid"] != nil && one["Sid"] == other["Sid"] }
		if i := slices.IndexFunc(statements, same); i >= 0 {
			statements[i] = one
			return
		}
		statements = append(statements, one)
	}
	include := func(documents []tftypes.Value) error {
		for _, d := range documents {
			var parsed struct{ Statement []map[string]any }
			if err := json.Unmarshal([]byte(text(d, "{}")), &parsed); err != nil {
				return fmt.Errorf("read a policy document: %w", err)
			}
			for _, one := range parsed.Statement {
				add(one)
			}
		}
		return nil
	}
	if err := include(list(config["source_policy_documents"])); err != nil {
		return "", err
	}
	for _, one := range list(config["statement"]) {
		add(statement(object(one)))
	}
	if err := include(list(config["override_policy_documents"])); err != nil {
		return "", err
	}
	out, err := json.Marshal(map[string]any{"Version": text(config["version"], "2012-10-17"), "Statement": statements})
	return string(out), err
}

func statement(config map[string]tftypes.Value) map[string]any {
	out := map[string]any{"Effect": text(config["effect"], "Allow")}
	if sid := text(config["sid"], ""); sid != "" {
		out["Sid"] = sid
	}
	for key, name := range map[string]string{"Action": "actions", "NotAction": "not_actions", "Resource": "resources", "NotResource": "not_resources"} {
		if all := texts(config[name]); len(all) > 0 {
			out[key] = all
		}
	}
	for key, name := range map[string]string{"Principal": "principals", "NotPrincipal": "not_principals"} {
		principals := map[string][]string{}
		for _, one := range list(config[name]) {
			p := object(one)
			kind := text(p["type"], "")
			principals[kind] = append(principals[kind], texts(p["identifiers"])...)
		}
		if len(principals) > 0 {
			out[key] = principals
		}
	}
	conditions := map[string]map[string][]string{}
	for _, one := range list(config["condition"]) {
		c := object(one)
		test, variable := text(c["test"], ""), text(c["variable"], "")
		if conditions[test] == nil {
			conditions[test] = map[string][]string{}
		}
		conditions[test][variable] = append(conditions[test][variable], texts(c["values"])...)
	}
	if len(conditions) > 0 {
		out["Condition"] = conditions
	}
	return out
}

// texts returns a list or set of strings, in the order of their names.
func texts(v tftypes.Value) (out []string) {
	for _, one := range list(v) {
		out = append(out, text(one, ""))
	}
	slices.Sort(out)
	return out
}
