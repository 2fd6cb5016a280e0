//go:build integration

package terraform

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

const requirements = "terraform {\n  required_providers {\n    aws = {\n      source  = \"hashicorp/aws\"\n      version = \"~> 6.25\"\n    }\n  }\n}\n"

// habits has what the stand-in does beyond its schemas.
const habits = requirements + `
provider "aws" {
  region = "eu-west-1"
  default_tags { tags = { Project = "corsia", Tier = "default" } }
}
data "aws_region" "here" {}
data "aws_availability_zones" "all" {}
resource "aws_subnet" "one" {
  count      = 2
  vpc_id     = "vpc-1"
  cidr_block = "10.0.${count.index}.0/24"
  tags       = { Tier = "private" }
}
resource "aws_s3_bucket" "archive" { bucket = "archive" }
data "aws_iam_policy_document" "base" {
  statement {
    sid       = "read"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.archive.arn}/*"]
  }
}
data "aws_iam_policy_document" "whole" {
  source_policy_documents = [data.aws_iam_policy_document.base.json]
  statement {
    sid     = "trust"
    effect  = "Deny"
    actions = ["s3:DeleteObject"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "StringNotEquals"
      variable = "aws:SourceVpc"
      values   = [aws_subnet.one[0].vpc_id]
    }
  }
}
resource "aws_s3_bucket_policy" "archive" {
  bucket = aws_s3_bucket.archive.id
  policy = data.aws_iam_policy_document.whole.json
}
data "aws_secretsmanager_secret_version" "one" { secret_id = "one" }
resource "aws_ssm_parameter" "copy" {
  name  = "copy"
  type  = "SecureString"
  value = data.aws_secretsmanager_secret_version.one.secret_string
}
output "zones" { value = data.aws_availability_zones.all.names }
output "region" { value = data.aws_region.here.region }
`

// small writes a configuration of one file and makes it ready.
func small(t *testing.T, content string) string {
	t.Helper()
	tree(t)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "main.tf"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	terraform(t, folder, "init")
	return folder
}

func TestTheStandInHasTheHabitsOfTheProvider(t *testing.T) {
	folder := small(t, habits)
	terraform(t, folder, "apply", "-auto-approve")
	var state tfjson.State
	decode(t, terraform(t, folder, "show", "-json"), &state)
	at := map[string]map[string]any{}
	for _, r := range state.Values.RootModule.Resources {
		at[r.Address] = r.AttributeValues
	}

	first, second := at["aws_subnet.one[0]"], at["aws_subnet.one[1]"]
	if first["id"] == "" || first["id"] == second["id"] {
		t.Errorf("two subnets have the ids %v and %v", first["id"], second["id"])
	}
	if all, _ := first["tags_all"].(map[string]any); all["Project"] != "corsia" || all["Tier"] != "private" || len(all) != 2 {
		t.Errorf("tags_all is %v: want the default tags below its own", first["tags_all"])
	}
	const want = `{"Statement":[{"Action":["s3:GetObject"],"Effect":"Allow","Resource":["arn:aws:s3:::archive/*"],"Sid":"read"},` +
		`{"Action":["s3:DeleteObject"],"Condition":{"StringNotEquals":{"aws:SourceVpc":["vpc-1"]}},"Effect":"Deny","Principal":{"AWS":["*"]},"Sid":"trust"}],"Version":"2012-10-17"}`
	if got := at["aws_s3_bucket_policy.archive"]["policy"]; got != want {
		t.Errorf("the policy document is\n%v, want\n%s", got, want)
	}
	if zones, _ := state.Values.Outputs["zones"].Value.([]any); len(zones) != 3 || zones[0] != "eu-west-1a" || state.Values.Outputs["region"].Value != "eu-west-1" {
		t.Errorf("outputs are %v and %v", state.Values.Outputs["zones"].Value, state.Values.Outputs["region"].Value)
	}
	terraform(t, folder, "plan", "-detailed-exitcode") // 2 if there were changes
	terraform(t, folder, "destroy", "-auto-approve")
}

func TestTheStandInRefusesWhatTheProviderDoes(t *testing.T) {
	for _, tt := range []struct{ name, resource, want string }{
		{"a misspelt argument", `cidr_blok = "10.0.0.0/24"`, "Unsupported argument"},
		{"a missing argument", ``, "Missing required argument"},
		{"a value of another type", "vpc_id = \"v\"\n  map_public_ip_on_launch = \"often\"", "Incorrect attribute value type"},
		{"a value that it decides", "vpc_id = \"v\"\n  arn = \"mine\"", "unconfigurable attribute"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder := small(t, requirements+"resource \"aws_subnet\" \"it\" {\n  "+tt.resource+"\n}\n")
			_, all, err := run(t.Context(), folder, "validate")
			if err == nil || !strings.Contains(all, tt.want) {
				t.Errorf("validate: %v, want %q\n%s", err, tt.want, all)
			}
		})
	}
}
