package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// protocol is docs/events.yaml.
type protocol struct {
	Types  map[string]group
	Fields map[string]map[string]any
	Client []event
	Server []event
}

// group is some fields that stand together.
type group struct {
	Description string
	Fields      []field
}

// event is one that a side sends.
type event struct {
	Name    string
	Alias   string
	Rule    string
	Summary string
	Fields  []field
	Answer  []field // of the callback, beside ok; nil with Answers
	Answers string  // the event whose fields the callback has
	Also    string  // what else is to be said
}

// field is a name in an event.
type field struct {
	Name     string
	Optional bool
	Note     string
	Schema   map[string]any // nil: the one of all events
}

// UnmarshalYAML reads a name, or a map.
func (f *field) UnmarshalYAML(node *yaml.Node) error {
	var full struct {
		Name   string
		Note   string
		Schema map[string]any
	}
	if node.Kind == yaml.ScalarNode {
		full.Name = node.Value
	} else if err := node.Decode(&full); err != nil {
		return err
	}
	f.Name, f.Optional = strings.CutSuffix(full.Name, "?")
	f.Note, f.Schema = full.Note, full.Schema
	return nil
}

func read(path string) (*protocol, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was read
	var p protocol
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(&p); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &p, p.check()
}

// check finds fields that nothing explains, and explanations that nothing needs.
func (p *protocol) check() error {
	used := map[string]bool{}
	each := func(where string, fields []field) error {
		for _, f := range fields {
			if f.Schema == nil {
				used[f.Name] = true
				if p.Fields[f.Name] == nil {
					return fmt.Errorf("%s: nothing says what %s is", where, f.Name)
				}
			}
		}
		return nil
	}
	for name, g := range p.Types {
		if err := each(name, g.Fields); err != nil {
			return err
		}
	}
	for _, e := range slices.Concat(p.Client, p.Server) {
		if err := each(e.Name, slices.Concat(e.Fields, e.Answer)); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Fields)) {
		if !used[name] {
			return fmt.Errorf("no event has the field %s", name)
		}
	}
	return nil
}
