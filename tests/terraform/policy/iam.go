package policy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

type statement struct {
	Effect       string
	Action       texts
	NotAction    texts
	Resource     texts
	NotResource  texts
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Condition    map[string]any
}

// texts is one string or a list of them.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// identity are attributes with a policy that is of a role. In that of a resource, "*" is the resource itself.
var identity = map[string][]string{
	"aws_iam_policy":      {"policy"},
	"aws_iam_role_policy": {"policy"},
	"aws_iam_role":        {"inline_policy.*.policy"},
}

var ofResource = map[string][]string{
	"aws_iam_role":                       {"assume_role_policy"},
	"aws_kms_key":                        {"policy"},
	"aws_kms_key_policy":                 {"policy"},
	"aws_s3_bucket_policy":               {"policy"},
	"aws_sns_topic":                      {"policy"},
	"aws_sns_topic_policy":               {"policy"},
	"aws_sqs_queue":                      {"policy"},
	"aws_sqs_queue_policy":               {"policy"},
	"aws_secretsmanager_secret":          {"policy"},
	"aws_secretsmanager_secret_policy":   {"policy"},
	"aws_vpc_endpoint":                   {"policy"},
	"aws_cloudwatch_log_resource_policy": {"policy_document"},
}

// statements calls with every statement of a policy. A text that is none, as what a stand-in invents, has no statements.
func (v *view) statements(where map[string][]string, each func(resource, statement)) {
	for _, r := range v.all {
		for _, path := range where[r.kind] {
			for _, text := range gather(r.values, path) {
				var document struct{ Statement []statement }
				if json.Unmarshal([]byte(str(text)), &document) != nil {
					continue
				}
				for _, s := range document.Statement {
					each(r, s)
				}
			}
		}
	}
}

// powerful are managed policies that no part needs.
var powerful = regexp.MustCompile(`FullAccess|AdministratorAccess|PowerUser`)

func wildcardActions(v *view, find func(string, string, ...any)) {
	each := func(r resource, s statement) {
		if s.Effect != "Allow" {
			return
		}
		if len(s.NotAction)+len(s.NotResource) > 0 {
			find(r.address, "allows all but what it names")
		}
		for _, action := range s.Action {
			ownKey := r.kind == "aws_kms_key" || r.kind == "aws_kms_key_policy"
			if ownKey && action == "kms:*" && regexp.MustCompile(`^\{"AWS":\[?"arn:aws:iam::\d{12}:root"\]?\}$`).Match(s.Principal) {
				continue // without it nobody could mend the key's policy; it allows only what IAM policies allow too
			}
			if strings.Contains(action, "*") {
				find(r.address, "allows %s", action)
			}
		}
	}
	v.statements(identity, each)
	v.statements(ofResource, each)
	for _, r := range v.of("aws_iam_role_policy_attachment") {
		if arn := r.str("policy_arn"); powerful.MatchString(arn) {
			find(r.address, "attaches %s", arn)
		}
	}
}

// reason is what stands beside a wildcard that AWS leaves no choice about.
var (
	reason           = regexp.MustCompile(`#\s*wildcard:\s*\S+`)
	writtenWildcards = regexp.MustCompile(`(?i)\bresources?"?\s*[=:]\s*\[?\s*"\*"`)
)

// linesAbove is how far above a wildcard its reason may begin.
const linesAbove = 4

// wildcardResources wants a reason beside each wildcard in the source, and in the folder of each module whose roles have one.
func wildcardResources(v *view, find func(string, string, ...any)) {
	reasons := map[string]bool{} // by the name of a folder
	for _, file := range v.files() {
		content, err := os.ReadFile(file)
		if err != nil {
			find(file, "cannot be read: %v", err)
			continue
		}
		lines := strings.Split(string(content), "\n")
		keyPolicy := regexp.MustCompile(`(?i)kms|key`).MatchString(filepath.Base(file))
		for i, line := range lines {
			if reason.MatchString(line) {
				reasons[filepath.Base(filepath.Dir(file))] = true
			}
			if writtenWildcards.MatchString(line) && !keyPolicy && !slices.ContainsFunc(lines[max(0, i-linesAbove):i+1], reason.MatchString) {
				find(file, "line %d has a wildcard and no reason (# wildcard: …)", i+1)
			}
		}
	}
	v.statements(identity, func(r resource, s statement) {
		if s.Effect == "Allow" && slices.Contains(s.Resource, "*") && !reasons[moduleOf(r.address, v.Environment)] {
			find(r.address, "allows %s on everything, and no reason is written in its module", strings.Join(s.Action, ", "))
		}
	})
}

// moduleOf returns the folder of a resource: that of the innermost module, by its name, or the environment's.
func moduleOf(address, environment string) string {
	parts := strings.Split(address, ".")
	for i := len(parts) - 2; i >= 0; i-- {
		if parts[i] == "module" {
			name, _, _ := strings.Cut(parts[i+1], "[")
			return name
		}
	}
	return environment
}

// files returns the sources, without their tests.
func (v *view) files() (found []string) {
	for _, folder := range v.Sources {
		err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() && entry.Name() == ".terraform" {
				return filepath.SkipDir
			}
			if err == nil && strings.HasSuffix(path, ".tf") {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			found = append(found, folder) // which cannot be read, and is found
		}
	}
	return found
}

// principals refuses a policy of a resource that lets in everybody, unless a condition says who.
func principals(v *view, find func(string, string, ...any)) {
	v.statements(ofResource, func(r resource, s statement) {
		if s.Effect != "Allow" || len(s.Condition) > 0 {
			return
		}
		if p := string(s.Principal); p == `"*"` || strings.Contains(p, `:"*"`) || strings.Contains(p, `["*"`) || len(s.NotPrincipal) > 0 {
			if r.kind == "aws_vpc_endpoint" {
				return // who reaches the endpoint is in the network already
			}
			find(r.address, "trusts everybody")
		}
	})
}
