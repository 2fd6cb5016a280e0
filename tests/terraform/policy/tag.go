package policy

// tags wants Environment and Project on all that can have tags.
func tags(v *view, find func(string, string, ...any)) {
	for _, r := range v.all {
		all, taggable := r.values["tags_all"]
		if !taggable {
			continue
		}
		set, _ := all.(map[string]any)
		if set["Environment"] != v.Environment {
			find(r.address, "has the tag Environment = %q", str(set["Environment"]))
		}
		if str(set["Project"]) == "" {
			find(r.address, "has no tag Project")
		}
	}
}
