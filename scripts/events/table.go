package main

import (
	"fmt"
	"strings"
)

// clientTable is the table of the events that clients send.
func (p *protocol) clientTable() string {
	var b strings.Builder
	b.WriteString("| event | fields | callback |\n|---|---|---|\n")
	for _, e := range p.Client {
		name := "`" + e.Name + "`"
		if e.Alias != "" {
			name += ", alias `" + e.Alias + "`"
		}
		answer := "the fields of `" + e.Answers + "`"
		if e.Answers == "" {
			answer = "`{" + strings.Join(append([]string{"ok"}, names(e.Answer)...), ", ") + "}`"
		}
		switch {
		case strings.HasPrefix(e.Also, "once"):
			answer += " " + e.Also
		case e.Also != "":
			answer += "; " + e.Also
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, listed(e.Fields), answer)
	}
	return b.String()
}

// serverTable is the table of those that the server sends.
func (p *protocol) serverTable() string {
	var b strings.Builder
	b.WriteString("| event | fields | rule |\n|---|---|---|\n")
	for _, e := range p.Server {
		fields := listed(e.Fields)
		if e.Also != "" {
			fields += "; " + e.Also
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", e.Name, fields, e.Rule)
	}
	return b.String()
}

func names(fields []field) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.Name
		if f.Optional {
			all[i] += "?"
		}
	}
	return all
}

// listed returns fields as code, such as `a, b?` (a note)`, c`.
func listed(fields []field) string {
	if len(fields) == 0 {
		return "–"
	}
	var b strings.Builder
	open := false
	for i, f := range fields {
		if !open {
			b.WriteByte('`')
			open = true
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(names(fields[i : i+1])[0])
		if f.Note != "" {
			fmt.Fprintf(&b, "` (%s)", f.Note)
			open = false
		}
	}
	if open {
		b.WriteByte('`')
	}
	return b.String()
}

// between puts a text between two marks of a page.
func between(page, mark, text string) (string, error) {
	begin, end := "<!-- events: "+mark+" -->\n", "<!-- /events -->"
	before, rest, found := strings.Cut(page, begin)
	_, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		return "", fmt.Errorf("the page has no %q with %q after it", strings.TrimSpace(begin), end)
	}
	return before + begin + text + end + after, nil
}
