package policy

import "strings"

// encrypted says for each type what must be set; "a|b": one of them.
var encrypted = map[string][]string{
	"aws_db_instance":                   {"storage_encrypted", "kms_key_id"},
	"aws_rds_cluster":                   {"storage_encrypted", "kms_key_id"},
	"aws_elasticache_replication_group": {"at_rest_encryption_enabled", "kms_key_id"},
	"aws_mq_broker":                     {"encryption_options.0.kms_key_id"},
	"aws_sns_topic":                     {"kms_master_key_id"},
	"aws_sqs_queue":                     {"kms_master_key_id|sqs_managed_sse_enabled"},
	"aws_cloudwatch_log_group":          {"kms_key_id"},
	"aws_secretsmanager_secret":         {"kms_key_id"},
	"aws_dynamodb_table":                {"server_side_encryption.0.enabled"},
	"aws_cloudtrail":                    {"kms_key_id"},
	"aws_ecr_repository":                {"encryption_configuration.0.kms_key"},
	"aws_lambda_function":               {"kms_key_arn"},
	"aws_backup_vault":                  {"kms_key_arn"},
	"aws_kms_key":                       {"enable_key_rotation"},
}

func encryption(v *view, find func(string, string, ...any)) {
	for _, r := range v.all {
		for _, alternatives := range encrypted[r.kind] {
			if !anySet(r, strings.Split(alternatives, "|")) {
				find(r.address, "has no %s", strings.ReplaceAll(alternatives, "|", " and no "))
			}
		}
	}
	for _, b := range v.of("aws_s3_bucket") {
		if len(v.about("aws_s3_bucket_server_side_encryption_configuration", b)) == 0 {
			find(b.address, "has no server-side encryption")
		}
	}
	for _, r := range v.of("aws_ssm_parameter") {
		if r.str("type") != "SecureString" && secretName.MatchString(r.str("name")) {
			find(r.address, "keeps a secret in plain text")
		}
	}
}

// about returns the resources of a type that are about a bucket.
func (v *view) about(kind string, bucket resource) []resource {
	return v.with(kind, "bucket", bucket.id())
}

func anySet(r resource, paths []string) bool {
	for _, path := range paths {
		switch value := r.get(path).(type) {
		case bool:
			if value {
				return true
			}
		default:
			if str(value) != "" {
				return true
			}
		}
	}
	return false
}

// transit is about what goes over wires.
func transit(v *view, find func(string, string, ...any)) {
	for _, r := range v.of("aws_lb_listener") {
		switch {
		case r.str("protocol") == "HTTPS" && strings.HasPrefix(r.str("ssl_policy"), "ELBSecurityPolicy-TLS13-1-2"):
		case r.str("protocol") == "HTTPS":
			find(r.address, "speaks TLS below 1.2: ssl_policy is %q", r.str("ssl_policy"))
		case r.str("protocol") == "HTTP" && r.str("default_action.0.redirect.0.protocol") == "HTTPS":
		default:
			find(r.address, "serves %s without a redirect to HTTPS", r.str("protocol"))
		}
	}
	for _, r := range v.of("aws_elasticache_replication_group") {
		if !r.is("transit_encryption_enabled") {
			find(r.address, "speaks without TLS")
		}
		if r.str("auth_token") == "" && len(r.strs("user_group_ids")) == 0 {
			find(r.address, "asks for no password")
		}
	}
	for _, r := range v.of("aws_db_instance") {
		group := v.with("aws_db_parameter_group", "name", r.str("parameter_group_name"))
		if len(group) == 0 || parameter(group[0], "rds.force_ssl") != "1" {
			find(r.address, "takes connections without TLS: rds.force_ssl is not 1")
		}
	}
	for _, r := range v.of("aws_cloudfront_distribution") {
		for _, policy := range append(gather(r.values, "default_cache_behavior.*.viewer_protocol_policy"), gather(r.values, "ordered_cache_behavior.*.viewer_protocol_policy")...) {
			if policy != "redirect-to-https" && policy != "https-only" {
				find(r.address, "serves viewers by %v", policy)
			}
		}
		if least := r.str("viewer_certificate.0.minimum_protocol_version"); !strings.HasPrefix(least, "TLSv1.2_") && !strings.HasPrefix(least, "TLSv1.3") {
			find(r.address, "speaks TLS below 1.2: minimum_protocol_version is %q", least)
		}
	}
}

// parameter returns a value of a parameter group.
func parameter(group resource, name string) string {
	for _, p := range gather(group.values, "parameter.*") {
		if str(get(p, "name")) == name {
			return str(get(p, "value"))
		}
	}
	return ""
}
