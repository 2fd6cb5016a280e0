package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// target is what the product is built for: other systems need other modules.
var target = []string{"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0"}

// modules returns the modules that packages are built of, in order.
func modules(root string, args ...string) ([]part, error) {
	const form = "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}"
	cmd := exec.Command("go", append([]string{"list", "-deps", "-f", form}, args...)...) //nolint:gosec // the arguments are this program's own
	cmd.Dir, cmd.Env = root, append(os.Environ(), target...)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the modules of %v: %w", args, err)
	}
	lines := slices.Compact(slices.Sorted(strings.Lines(string(out))))
	parts := make([]part, 0, len(lines))
	for _, line := range lines {
		name, rest, found := strings.Cut(strings.TrimSpace(line), "\t")
		version, dir, _ := strings.Cut(rest, "\t")
		if !found {
			continue
		}
		licence, err := licenceOf(dir)
		if err != nil {
			return nil, fmt.Errorf("licence of %s: %w", name, err)
		}
		parts = append(parts, part{name, version, licence})
	}
	return parts, nil
}

// notice are the names that a module's licence has.
var notice = regexp.MustCompile(`(?i)^(licen[sc]e|copying)([-.](md|txt|mit|apache|bsd))?$`)

// licenceOf returns the SPDX name of the licence in a folder, several with AND.
func licenceOf(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var found []string
	for _, e := range entries {
		if e.IsDir() || !notice.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		found = append(found, classify(string(text))...)
	}
	slices.Sort(found)
	if found = slices.Compact(found); len(found) == 0 {
		return "unknown", nil
	}
	return strings.Join(found, " AND "), nil
}

// classify names the licences that a text has, by the sentence that only each of them has. What is none of these is unknown,
// and so may not ship.
func classify(text string) []string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	has := func(words string) bool { return strings.Contains(text, words) }
	var found []string
	add := func(is bool, name string) {
		if is {
			found = append(found, name)
		}
	}
	add(has("apache license") && has("version 2.0"), "Apache-2.0")
	add(has("permission is hereby granted, free of charge, to any person obtaining a copy"), "MIT")
	add(has("permission to use, copy, modify, and/or distribute this software") || has("permission to use, copy, modify, and distribute this software for any"), "ISC")
	bsd, named := has("redistribution and use in source and binary forms"), has("neither the name") || has("may be used to endorse or promote")
	add(bsd && named, "BSD-3-Clause")
	add(bsd && !named, "BSD-2-Clause")
	add(has("mozilla public license"), "MPL-2.0")
	for _, words := range []string{"gnu general public license", "gnu lesser general public license", "gnu affero general public license"} {
		add(has(words), "GPL")
	}
	if found == nil {
		return []string{"unknown"}
	}
	return found
}

// locked returns the packages of all lock files below root, in order, each once.
func locked(root string) ([]part, error) {
	var parts []part
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && path != root):
			return fs.SkipDir
		case entry.Name() != "package-lock.json":
			return nil
		}
		found, err := lockFile(path)
		parts = append(parts, found...)
		return err
	})
	slices.SortFunc(parts, func(a, b part) int {
		return strings.Compare(a.Name+"\t"+a.Version+"\t"+a.Licence, b.Name+"\t"+b.Version+"\t"+b.Licence)
	})
	return slices.Compact(parts), err
}

// lockFile returns the packages of a lock file but those of the checkout itself.
func lockFile(path string) ([]part, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Packages map[string]struct {
			Name, Version string
			License       string
			Link          bool
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var parts []part
	for place, p := range file.Packages {
		_, name, installed := cutLast(place, "node_modules/")
		if !installed || p.Link {
			continue
		}
		if p.License == "" {
			p.License = "unknown"
		}
		parts = append(parts, part{name, p.Version, strings.Trim(p.License, "()")})
	}
	return parts, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// heading is the line of the widget's notices that names a package.
var heading = regexp.MustCompile(`(?m)^(@?[a-z0-9._/-]+) ([0-9]+\.[0-9]+\.[0-9]+\S*)$`)

// bundled returns the packages of the built widget, with the licences that the lock files say.
func bundled(root string, packages []part) ([]part, error) {
	text, err := os.ReadFile(filepath.Join(root, "widget/dist/collab-sdk.licences.txt"))
	if err != nil {
		return nil, err
	}
	var parts []part
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		i := slices.IndexFunc(packages, func(p part) bool { return p.Name == m[1] && p.Version == m[2] })
		if i < 0 {
			return nil, fmt.Errorf("%s %s is in the widget and in no lock file", m[1], m[2])
		}
		parts = append(parts, packages[i])
	}
	if len(parts) == 0 {
		return nil, errors.New("the widget's notices name nothing")
	}
	return parts, nil
}
