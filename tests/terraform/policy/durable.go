package policy

import "slices"

// logPeriods are the days that CloudWatch Logs can keep a group.
var logPeriods = []float64{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func retention(v *view, find func(string, string, ...any)) {
	for _, r := range v.of("aws_cloudwatch_log_group") {
		if days := r.number("retention_in_days"); !slices.Contains(logPeriods, days) {
			find(r.address, "is kept %v days", days)
		}
	}
}

func buckets(v *view, find func(string, string, ...any)) {
	for _, b := range v.of("aws_s3_bucket") {
		blocks := v.about("aws_s3_bucket_public_access_block", b)
		if len(blocks) == 0 {
			find(b.address, "has no public access block")
		}
		for _, block := range blocks {
			for _, name := range []string{"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"} {
				if !block.is(name) {
					find(block.address, "does not %s", name)
				}
			}
		}
	}
}

const archiveYears = 10 // SPEC T5

// archive wants one bucket that is locked, and locks to hold against everybody.
func archive(v *view, find func(string, string, ...any)) {
	locked := 0
	for _, lock := range v.of("aws_s3_bucket_object_lock_configuration") {
		const kept = "rule.0.default_retention.0."
		if mode := lock.str(kept + "mode"); mode != "COMPLIANCE" {
			find(lock.address, "locks in mode %q, which an administrator can lift", mode)
			continue
		}
		if lock.number(kept+"years") < archiveYears && lock.number(kept+"days") < archiveYears*365 {
			continue // a lock of something that is kept for a shorter time
		}
		for _, b := range v.with("aws_s3_bucket", "id", lock.str("bucket")) {
			versioned := slices.ContainsFunc(v.about("aws_s3_bucket_versioning", b), func(r resource) bool {
				return r.str("versioning_configuration.0.status") == "Enabled"
			})
			if !b.is("object_lock_enabled") || !versioned {
				find(b.address, "is locked without object_lock_enabled or without versions")
			}
			if b.is("force_destroy") {
				find(b.address, "is destroyed with what is in it")
			}
			locked++
		}
	}
	if locked == 0 {
		find("aws_s3_bucket_object_lock_configuration", "no bucket is locked for %d years", archiveYears)
	}
}

const (
	backupDays   = 7 // SPEC O1
	rotationDays = 30
)

func durability(v *view, find func(string, string, ...any)) {
	for _, r := range v.of("aws_db_instance") {
		if r.str("replicate_source_db") != "" {
			continue // a replica is made again
		}
		if days := r.number("backup_retention_period"); days < backupDays {
			find(r.address, "keeps backups for %v days", days)
		}
		if v.production() && !(r.is("multi_az") && r.is("deletion_protection")) {
			find(r.address, "is in one zone, or can be deleted")
		}
		if v.production() && r.is("skip_final_snapshot") {
			find(r.address, "leaves no snapshot behind")
		}
	}
	for _, r := range v.of("aws_elasticache_replication_group") {
		if v.production() && !(r.is("automatic_failover_enabled") && r.is("multi_az_enabled")) {
			find(r.address, "has no replica that takes over")
		}
	}
	for _, r := range v.of("aws_mq_broker") {
		if mode := r.str("deployment_mode"); v.production() && mode != "CLUSTER_MULTI_AZ" {
			find(r.address, "is no cluster: %s", mode)
		}
	}
	for _, r := range v.of("aws_secretsmanager_secret_rotation") {
		if days := r.number("rotation_rules.0.automatically_after_days"); days > rotationDays {
			find(r.address, "rotates after %v days", days)
		}
	}
	if len(v.of("aws_secretsmanager_secret")) > 0 && len(v.of("aws_secretsmanager_secret_rotation")) == 0 {
		find("aws_secretsmanager_secret_rotation", "no secret rotates")
	}
}
