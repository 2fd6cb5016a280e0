// Package policy judges what terraform/ makes of an environment by rules that no schema knows: who may do what, what is
// encrypted, what is reached from where, what is kept how long, and whether AWS takes the values at all. It reads a state,
// in which, unlike in a plan, every reference has a value: who is reached from where follows from ids.
package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// Tree is an environment and where it was written.
type Tree struct {
	Environment string // dev, staging, production
	Values      *tfjson.StateValues
	Sources     []string // folders with the .tf files, for reasons that stand beside what they are for
}

// Finding is a resource that breaks a rule.
type Finding struct{ Address, Rule, Problem string }

func (f Finding) String() string { return f.Address + ": " + f.Problem + " (" + f.Rule + ")" }

// rule judges all resources together; most look at one at a time.
type rule struct {
	name  string
	check func(*view, func(address, problem string, args ...any))
}

var rules = []rule{
	{"no wildcard actions", wildcardActions},
	{"wildcard resources have a reason", wildcardResources},
	{"who is trusted is named", principals},
	{"all is encrypted", encryption},
	{"all ways are encrypted", transit},
	{"networks are whole and apart", networks},
	{"private things are in private subnets", placement},
	{"only needed ports are open", ports},
	{"all is tagged", tags},
	{"AWS knows the value", values},
	{"schedules are valid", schedules},
	{"logs are kept, and not for ever", retention},
	{"buckets are not public", buckets},
	{"the archive cannot be changed for ten years", archive},
	{"databases survive", durability},
	{"secrets are references", secrets},
	{"containers can change nothing", containers},
}

// Check returns what breaks a rule, in the order of the addresses.
func Check(t Tree) []Finding {
	v := newView(t)
	var found []Finding
	for _, r := range rules {
		r.check(v, func(address, problem string, args ...any) {
			found = append(found, Finding{address, r.name, fmt.Sprintf(problem, args...)})
		})
	}
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Address, b.Address), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Problem, b.Problem))
	})
	return slices.Compact(found)
}

// view is a tree by the types of its resources.
type view struct {
	Tree
	all []resource
}

type resource struct {
	address, kind string
	values        map[string]any
}

func newView(t Tree) *view {
	v := &view{Tree: t}
	if t.Values != nil {
		v.add(t.Values.RootModule)
	}
	return v
}

func (v *view) add(m *tfjson.StateModule) {
	if m == nil {
		return
	}
	for _, r := range m.Resources {
		if r.Mode == tfjson.ManagedResourceMode {
			v.all = append(v.all, resource{r.Address, r.Type, r.AttributeValues})
		}
	}
	for _, child := range m.ChildModules {
		v.add(child)
	}
}

// of returns the resources of some types.
func (v *view) of(kinds ...string) (found []resource) {
	for _, r := range v.all {
		if slices.Contains(kinds, r.kind) {
			found = append(found, r)
		}
	}
	return found
}

// with returns the resources of a type whose attribute has a value.
func (v *view) with(kind, path, value string) (found []resource) {
	for _, r := range v.of(kind) {
		if value != "" && r.str(path) == value {
			found = append(found, r)
		}
	}
	return found
}

// production tells whether patients depend on it.
func (v *view) production() bool { return v.Environment == "production" }

// get follows a path such as "versioning_configuration.0.status"; nil: there is nothing.
func (r resource) get(path string) any { return get(r.values, path) }

func get(from any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		switch here := from.(type) {
		case map[string]any:
			from = here[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(here) {
				return nil
			}
			from = here[i]
		default:
			return nil
		}
	}
	return from
}

// gather follows a path in which * stands for every element of a list.
func gather(from any, path string) []any {
	before, after, several := strings.Cut(path, "*")
	if !several {
		if found := get(from, path); found != nil {
			return []any{found}
		}
		return nil
	}
	list, _ := get(from, strings.TrimSuffix(before, ".")).([]any)
	if after = strings.TrimPrefix(after, "."); after == "" {
		return list
	}
	var found []any
	for _, one := range list {
		found = append(found, gather(one, after)...)
	}
	return found
}

func (r resource) str(path string) string { return str(r.get(path)) }

// str is how a value is written; empty: there is none.
func str(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

func (r resource) is(path string) bool { b, ok := r.get(path).(bool); return ok && b }

// number returns a number, or -1.
func (r resource) number(path string) float64 {
	n, err := strconv.ParseFloat(r.str(path), 64)
	if err != nil {
		return -1
	}
	return n
}

func (r resource) strs(path string) (all []string) {
	list, _ := r.get(path).([]any)
	for _, one := range list {
		all = append(all, str(one))
	}
	return all
}

func (r resource) id() string { return r.str("id") }
