package policy

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	apigateway "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	cloudfront "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	cloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ecs "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elasticache "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	lambda "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	mq "github.com/aws/aws-sdk-go-v2/service/mq/types"
	s3 "github.com/aws/aws-sdk-go-v2/service/s3/types"
	waf "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// names turns a list of the SDK into strings.
func names[T ~string](values []T) (out []string) {
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

// oneOf are the values that AWS takes, by type and path: those of the SDK, where it has a list.
var oneOf = map[string]map[string][]string{
	"aws_lb": {
		"load_balancer_type": names(balancing.LoadBalancerTypeEnum("").Values()),
		"ip_address_type":    names(balancing.IpAddressType("").Values()),
	},
	"aws_lb_target_group": {
		"protocol":                      names(balancing.ProtocolEnum("").Values()),
		"target_type":                   names(balancing.TargetTypeEnum("").Values()),
		"health_check.*.protocol":       names(balancing.ProtocolEnum("").Values()),
		"stickiness.*.type":             {"lb_cookie", "app_cookie"},
		"load_balancing_algorithm_type": {"round_robin", "least_outstanding_requests", "weighted_random"},
	},
	"aws_lb_listener": {
		"protocol":              names(balancing.ProtocolEnum("").Values()),
		"default_action.*.type": names(balancing.ActionTypeEnum("").Values()),
		"default_action.*.redirect.*.status_code": names(balancing.RedirectActionStatusCodeEnum("").Values()),
	},
	"aws_lb_listener_rule": {"action.*.type": names(balancing.ActionTypeEnum("").Values())},
	"aws_ecs_task_definition": {
		"network_mode":                               names(ecs.NetworkMode("").Values()),
		"requires_compatibilities.*":                 names(ecs.Compatibility("").Values()),
		"runtime_platform.*.cpu_architecture":        names(ecs.CPUArchitecture("").Values()),
		"runtime_platform.*.operating_system_family": names(ecs.OSFamily("").Values()),
	},
	"aws_ecs_service": {
		"launch_type":                  names(ecs.LaunchType("").Values()),
		"scheduling_strategy":          names(ecs.SchedulingStrategy("").Values()),
		"propagate_tags":               names(ecs.PropagateTags("").Values()),
		"deployment_controller.*.type": names(ecs.DeploymentControllerType("").Values()),
	},
	"aws_ecs_cluster": {"setting.*.name": names(ecs.ClusterSettingName("").Values())},
	"aws_db_instance": {
		"engine":                            {"postgres"},
		"storage_type":                      {"gp3"},
		"enabled_cloudwatch_logs_exports.*": {"postgresql", "upgrade", "iam-db-auth-error"},
	},
	"aws_elasticache_replication_group": {
		"engine":                                        {"redis", "valkey"},
		"transit_encryption_mode":                       names(elasticache.TransitEncryptionMode("").Values()),
		"auth_token_update_strategy":                    names(elasticache.AuthTokenUpdateStrategyType("").Values()),
		"log_delivery_configuration.*.log_type":         names(elasticache.LogType("").Values()),
		"log_delivery_configuration.*.log_format":       names(elasticache.LogFormat("").Values()),
		"log_delivery_configuration.*.destination_type": names(elasticache.DestinationType("").Values()),
	},
	"aws_mq_broker": {
		"deployment_mode":                             names(mq.DeploymentMode("").Values()),
		"authentication_strategy":                     lower(names(mq.AuthenticationStrategy("").Values())),
		"storage_type":                                lower(names(mq.BrokerStorageType("").Values())),
		"maintenance_window_start_time.*.day_of_week": names(mq.DayOfWeek("").Values()),
	},
	"aws_lambda_function": {
		"runtime":                     names(lambda.Runtime("").Values()),
		"architectures.*":             names(lambda.Architecture("").Values()),
		"package_type":                names(lambda.PackageType("").Values()),
		"tracing_config.*.mode":       names(lambda.TracingMode("").Values()),
		"logging_config.*.log_format": names(lambda.LogFormat("").Values()),
	},
	"aws_cloudwatch_metric_alarm": {
		"comparison_operator": names(cloudwatch.ComparisonOperator("").Values()),
		"statistic":           names(cloudwatch.Statistic("").Values()),
		"unit":                names(cloudwatch.StandardUnit("").Values()),
		"treat_missing_data":  {"missing", "ignore", "breaching", "notBreaching"},
	},
	"aws_wafv2_web_acl": {
		"scope": names(waf.Scope("").Values()),
		"rule.*.statement.*.rate_based_statement.*.aggregate_key_type": names(waf.RateBasedStatementAggregateKeyType("").Values()),
	},
	"aws_apigatewayv2_api":         {"protocol_type": names(apigateway.ProtocolType("").Values())},
	"aws_apigatewayv2_integration": {"integration_type": names(apigateway.IntegrationType("").Values()), "connection_type": names(apigateway.ConnectionType("").Values())},
	"aws_s3_bucket_versioning":     {"versioning_configuration.*.status": names(s3.BucketVersioningStatus("").Values())},
	"aws_s3_bucket_server_side_encryption_configuration": {
		"rule.*.apply_server_side_encryption_by_default.*.sse_algorithm": names(s3.ServerSideEncryption("").Values()),
	},
	"aws_s3_bucket_object_lock_configuration": {"rule.*.default_retention.*.mode": names(s3.ObjectLockRetentionMode("").Values())},
	"aws_s3_bucket_lifecycle_configuration": {
		"rule.*.status":                                        names(s3.ExpirationStatus("").Values()),
		"rule.*.transition.*.storage_class":                    names(s3.TransitionStorageClass("").Values()),
		"rule.*.noncurrent_version_transition.*.storage_class": names(s3.TransitionStorageClass("").Values()),
	},
	"aws_s3_bucket_ownership_controls": {"rule.*.object_ownership": names(s3.ObjectOwnership("").Values())},
	"aws_s3_bucket_replication_configuration": {
		"rule.*.destination.*.storage_class": names(s3.StorageClass("").Values()),
		"rule.*.status":                      names(s3.ReplicationRuleStatus("").Values()),
	},
	"aws_cloudfront_distribution": {
		"price_class":  names(cloudfront.PriceClass("").Values()),
		"http_version": lower(names(cloudfront.HttpVersion("").Values())),
		"default_cache_behavior.*.viewer_protocol_policy":   names(cloudfront.ViewerProtocolPolicy("").Values()),
		"viewer_certificate.*.minimum_protocol_version":     names(cloudfront.MinimumProtocolVersion("").Values()),
		"viewer_certificate.*.ssl_support_method":           names(cloudfront.SSLSupportMethod("").Values()),
		"restrictions.*.geo_restriction.*.restriction_type": names(cloudfront.GeoRestrictionType("").Values()),
	},
	"aws_cloudfront_origin_access_control": {
		"origin_access_control_origin_type": names(cloudfront.OriginAccessControlOriginTypes("").Values()),
		"signing_behavior":                  names(cloudfront.OriginAccessControlSigningBehaviors("").Values()),
		"signing_protocol":                  names(cloudfront.OriginAccessControlSigningProtocols("").Values()),
	},
	"aws_flow_log":               {"traffic_type": {"ACCEPT", "REJECT", "ALL"}, "log_destination_type": {"cloud-watch-logs", "s3", "kinesis-data-firehose"}},
	"aws_kms_key":                {"key_usage": {"ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC"}},
	"aws_sns_topic_subscription": {"protocol": {"https", "sqs", "lambda", "email", "email-json", "firehose", "sms", "application", "http"}},
	"aws_budgets_budget": {"budget_type": {"COST", "USAGE", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION", "SAVINGS_PLANS_COVERAGE"},
		"time_unit": {"DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY"}},
}

func lower(all []string) (out []string) {
	for _, one := range all {
		out = append(out, strings.ToLower(one), one)
	}
	return out
}

// forms are values that the SDK has no list of.
var forms = map[string]map[string]*regexp.Regexp{
	"aws_db_instance": {
		"instance_class": regexp.MustCompile(`^db\.(t3|t4g|m5|m6g|m6i|m7g|m7i|r5|r6g|r6i|r7g|r7i)\.(micro|small|medium|large|[0-9]*xlarge)$`),
		"engine_version": regexp.MustCompile(`^15(\.\d+)?$`), // SPEC O1
	},
	"aws_elasticache_replication_group": {
		"node_type": regexp.MustCompile(`^cache\.(t3|t4g|m5|m6g|m7g|r5|r6g|r7g)\.(micro|small|medium|large|[0-9]*xlarge)$`),
	},
	"aws_mq_broker": {
		"engine_type":        regexp.MustCompile(`(?i)^rabbitmq$`),
		"host_instance_type": regexp.MustCompile(`^mq\.(t3\.micro|(m5|m7g)\.(medium|large|[0-9]*xlarge))$`),
	},
	"aws_subnet": {"availability_zone": regexp.MustCompile(`^[a-z]{2}-[a-z]+-\d[a-z]$`)},
}

// memory says how much memory, in MB, Fargate gives to so many CPU units: least, most, in steps of.
var memory = map[string][3]float64{
	"256": {512, 2048, 512}, "512": {1024, 4096, 1024}, "1024": {2048, 8192, 1024},
	"2048": {4096, 16384, 1024}, "4096": {8192, 30720, 1024},
}

func values(v *view, find func(string, string, ...any)) {
	for _, r := range v.all {
		for path, allowed := range oneOf[r.kind] {
			for _, value := range gather(r.values, path) {
				if text := str(value); text != "" && !slices.Contains(allowed, text) {
					find(r.address, "%s is %q, not one of %s", path, text, strings.Join(allowed, ", "))
				}
			}
		}
		for path, form := range forms[r.kind] {
			if text := r.str(path); !form.MatchString(text) {
				find(r.address, "%s is %q", path, text)
			}
		}
	}
	for _, r := range v.of("aws_ecs_task_definition") {
		m, known := memory[r.str("cpu")]
		if got := r.number("memory"); !known || got < m[0] || got > m[1] || (got != 512 && int(got)%int(m[2]) != 0) {
			find(r.address, "Fargate has no task of %s CPU units and %s MB", r.str("cpu"), r.str("memory"))
		}
	}
	for _, r := range v.of("aws_cloudwatch_dashboard") {
		if !json.Valid([]byte(r.str("dashboard_body"))) {
			find(r.address, "dashboard_body is no JSON")
		}
	}
}
