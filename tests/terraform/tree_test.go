//go:build integration

package terraform

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// modules are those of SPEC O1, with the files that it names.
var modules = map[string][]string{
	"networking": {"vpc.tf", "subnets.tf", "security_groups.tf"},
	"compute":    {"ecs_cluster.tf", "ecs_service.tf", "auto_scaling.tf"},
	"data":       {"rds.tf", "elasticache.tf", "amazon_mq.tf"},
	"functions":  nil,
	"edge":       nil,
	"storage":    nil,
	"security":   nil,
	"monitoring": {"cloudwatch.tf", "alarms.tf", "dashboards.tf"},
}

var environments = []string{"dev", "staging", "production"}

func TestTheTreeHasTheModulesAndEnvironmentsOfTheSpecification(t *testing.T) { // SPEC O1
	root := tree(t)
	needed := []string{"README.md", "bootstrap/main.tf"}
	for module, files := range modules {
		for _, file := range append(files, "variables.tf", "outputs.tf", "README.md") {
			needed = append(needed, "modules/"+module+"/"+file)
		}
	}
	for _, environment := range environments {
		for _, file := range []string{"main.tf", "backend.tf", "variables.tf", "terraform.tfvars"} {
			needed = append(needed, "environments/"+environment+"/"+file)
		}
	}
	for _, path := range needed {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Errorf("terraform/%s is missing", path)
		}
	}
}

func TestTheTreeIsFormatted(t *testing.T) {
	terraform(t, tree(t), "fmt", "-check", "-recursive", "-diff")
}

func TestStatesAreLockedAndApart(t *testing.T) { // SPEC O1: state in S3 with DynamoDB locking, a key each
	for _, environment := range environments {
		content, err := os.ReadFile(filepath.Join(tree(t), "environments", environment, "backend.tf"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`backend\s+"s3"`, `key\s+=\s+"` + environment + `/terraform\.tfstate"`, `dynamodb_table\s+=\s+"`,
			`use_lockfile\s+=\s+true`, `encrypt\s+=\s+true`} {
			if !regexp.MustCompile(want).Match(content) {
				t.Errorf("environments/%s/backend.tf has no %s", environment, want)
			}
		}
	}
}

// succeeded is the end of what `terraform test` prints.
var succeeded = regexp.MustCompile(`Success! ([1-9][0-9]*) passed, 0 failed`)

func TestModulesAreValidAndPassTheirTests(t *testing.T) {
	root := tree(t)
	found, err := filepath.Glob(filepath.Join(root, "modules", "*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("there are no modules: %v", err)
	}
	for _, folder := range append(found, filepath.Join(root, "bootstrap")) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			terraform(t, folder, "init", "-backend=false")
			terraform(t, folder, "validate")
			if out := terraform(t, folder, "test"); !succeeded.MatchString(out) {
				t.Errorf("terraform test ran no test:\n%s", out)
			}
		})
	}
}
