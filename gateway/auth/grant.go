package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"corsia/shared/collab"
)

// Names of permissions that are not about one resource (A6).
const (
	Admin      = "admin"       // H2
	BreakGlass = "break_glass" // L7
)

// Rule gives a mode on the resources of a pattern.
type Rule struct {
	Resource Glob
	Mode     collab.Mode
}

// Permissions are the claim of that name: rules, and names such as "admin".
type Permissions struct {
	Rules []Rule
	Names []string
}

// ParsePermissions reads a JSON list as in the claim, or names separated by commas. The empty text is no claim: nil.
func ParsePermissions(text string) (*Permissions, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	if strings.HasPrefix(text, "[") {
		var claim any
		if err := json.Unmarshal([]byte(text), &claim); err != nil {
			return nil, fmt.Errorf("permissions: %w", err)
		}
		p, err := permissionsFrom(claim)
		if err != nil {
			return nil, fmt.Errorf("permissions: %w", err)
		}
		return p, nil
	}
	p := &Permissions{}
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			p.Names = append(p.Names, name)
		}
	}
	return p, nil
}

// permissionsFrom reads the claim as encoding/json decodes it. One entry that cannot be read refuses all of it: half of
// what an issuer meant is not what it meant.
func permissionsFrom(claim any) (*Permissions, error) {
	list, ok := claim.([]any)
	if !ok {
		return nil, errors.New("is not a list")
	}
	p := &Permissions{}
	for _, entry := range list {
		switch entry := entry.(type) {
		case string:
			p.Names = append(p.Names, entry)
		case map[string]any:
			pattern, _ := entry["resource"].(string)
			mode, _ := entry["mode"].(string)
			rule, err := newRule(pattern, mode)
			if err != nil {
				return nil, err
			}
			p.Rules = append(p.Rules, rule)
		default:
			return nil, errors.New("has an entry that is neither a name nor a resource with a mode")
		}
	}
	return p, nil
}

func newRule(pattern, mode string) (Rule, error) {
	if pattern == "" {
		return Rule{}, errors.New("has an entry without a resource pattern")
	}
	m, err := collab.ParseMode(mode)
	if err != nil {
		return Rule{}, errors.New(`has an entry whose mode is neither "editor" nor "viewer"`)
	}
	return Rule{NewGlob(pattern), m}, nil
}

// MarshalJSON returns the claim: a list of names and of resources with their mode.
func (p *Permissions) MarshalJSON() ([]byte, error) {
	claim := make([]any, 0, len(p.Names)+len(p.Rules))
	for _, name := range p.Names {
		claim = append(claim, name)
	}
	for _, rule := range p.Rules {
		claim = append(claim, map[string]string{"resource": rule.Resource.String(), "mode": string(rule.Mode)})
	}
	return json.Marshal(claim)
}

// Policy gives each role its rules.
type Policy map[string][]Rule

// LoadPolicy reads a ROLE_POLICY file, JSON {"<role>": {"<resource glob>": "editor"|"viewer"}}.
func LoadPolicy(path string) (Policy, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read role policy: %w", err)
	}
	p, err := ParsePolicy(data)
	if err != nil {
		return nil, fmt.Errorf("role policy %s: %w", path, err)
	}
	return p, nil
}

// ParsePolicy reads the JSON of a role policy. Its error names every wrong entry.
func ParsePolicy(data []byte) (Policy, error) {
	var file map[string]map[string]string
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	p := make(Policy, len(file))
	var wrong []error
	for role, globs := range file {
		p[role] = []Rule{} // a role without patterns is known, and may do nothing
		for pattern, mode := range globs {
			rule, err := newRule(pattern, mode)
			if err != nil {
				wrong = append(wrong, fmt.Errorf("role %q, pattern %q: %w", role, pattern, err))
				continue
			}
			p[role] = append(p[role], rule)
		}
	}
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return p, errors.Join(wrong...)
}

// Grants decides who may read and write what (A6). It is immutable, and quick enough to be asked on every event.
type Grants struct {
	policy      Policy // nil: none is configured
	development bool
}

// NewGrants returns the decisions under a role policy, nil if none is configured. Where neither a token's claim nor a
// policy says anything, development lets everybody edit and production nobody in.
func NewGrants(policy Policy, development bool) *Grants {
	return &Grants{policy: policy, development: development}
}

// Mode returns the most that the identity may do with a resource of its own tenant, and false if that is nothing.
func (g *Grants) Mode(id Identity, resource collab.ResourceID) (collab.Mode, bool) {
	switch {
	case id.Permissions != nil:
		return most(id.Permissions.Rules, resource)
	case g.policy != nil:
		return most(g.policy[id.Role], resource)
	case g.development:
		return collab.Editor, true
	}
	return "", false
}

// Allows reports whether the identity has a resource in the mode it wants.
func (g *Grants) Allows(id Identity, resource collab.ResourceID, want collab.Mode) bool {
	mode, ok := g.Mode(id, resource)
	return ok && mode.Allows(want)
}

// Has reports whether the token names a permission such as Admin or BreakGlass. Only the claim gives these: no role
// policy and no development mode does.
func (g *Grants) Has(id Identity, name string) bool {
	return id.Permissions != nil && slices.Contains(id.Permissions.Names, name)
}

func most(rules []Rule, resource collab.ResourceID) (collab.Mode, bool) {
	best := collab.Mode("")
	for _, rule := range rules {
		if rule.Mode != best && rule.Resource.Match(string(resource)) {
			best = rule.Mode
			if best == collab.Editor {
				break
			}
		}
	}
	return best, best != ""
}
