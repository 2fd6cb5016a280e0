package main

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// document is what `terraform providers schema -json` prints of a provider.
//
//go:embed aws.json.gz
var document []byte

type (
	attribute struct {
		Type      json.RawMessage `json:"type"`
		Required  bool            `json:"required"`
		Optional  bool            `json:"optional"`
		Computed  bool            `json:"computed"`
		Sensitive bool            `json:"sensitive"`
		WriteOnly bool            `json:"write_only"`
	}
	nestedBlock struct {
		Block    *block `json:"block"`
		Nesting  string `json:"nesting_mode"`
		MinItems int64  `json:"min_items"`
		MaxItems int64  `json:"max_items"`
	}
	block struct {
		Attributes map[string]attribute   `json:"attributes"`
		Blocks     map[string]nestedBlock `json:"block_types"`
	}
	typeSchema struct {
		Version int64  `json:"version"`
		Block   *block `json:"block"`
	}
)

var nesting = map[string]tfprotov5.SchemaNestedBlockNestingMode{
	"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
	"list":   tfprotov5.SchemaNestedBlockNestingModeList,
	"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
	"map":    tfprotov5.SchemaNestedBlockNestingModeMap,
	"group":  tfprotov5.SchemaNestedBlockNestingModeGroup,
}

// load reads the embedded document.
func load() (*server, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(document))
	if err != nil {
		return nil, fmt.Errorf("unzip the schemas: %w", err)
	}
	var parsed struct {
		Providers map[string]struct {
			Provider  typeSchema            `json:"provider"`
			Resources map[string]typeSchema `json:"resource_schemas"`
			Data      map[string]typeSchema `json:"data_source_schemas"`
		} `json:"provider_schemas"`
	}
	if err := json.NewDecoder(unzipped).Decode(&parsed); err != nil {
		return nil, fmt.Errorf("read the schemas: %w", err)
	}
	s := &server{resources: map[string]*tfprotov5.Schema{}, data: map[string]*tfprotov5.Schema{}}
	for _, p := range parsed.Providers {
		if s.provider, err = p.Provider.proto(); err != nil {
			return nil, err
		}
		for name, r := range p.Resources {
			if s.resources[name], err = r.proto(); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		for name, d := range p.Data {
			if s.data[name], err = d.proto(); err != nil {
				return nil, fmt.Errorf("data.%s: %w", name, err)
			}
		}
	}
	return s, nil
}

func (s typeSchema) proto() (*tfprotov5.Schema, error) {
	b, err := s.Block.proto()
	return &tfprotov5.Schema{Version: s.Version, Block: b}, err
}

func (b *block) proto() (*tfprotov5.SchemaBlock, error) {
	out := &tfprotov5.SchemaBlock{}
	if b == nil {
		return out, nil
	}
	for _, name := range slices.Sorted(maps.Keys(b.Attributes)) {
		a := b.Attributes[name]
		typ, err := tftypes.ParseJSONType(a.Type) //nolint:staticcheck // there is no other parser of JSON types
		if err != nil {
			return nil, fmt.Errorf("type of %s: %w", name, err)
		}
		out.Attributes = append(out.Attributes, &tfprotov5.SchemaAttribute{Name: name, Type: typ, Required: a.Required,
			Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly})
	}
	for _, name := range slices.Sorted(maps.Keys(b.Blocks)) {
		n := b.Blocks[name]
		inner, err := n.Block.proto()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out.BlockTypes = append(out.BlockTypes, &tfprotov5.SchemaNestedBlock{TypeName: name, Block: inner,
			Nesting: nesting[n.Nesting], MinItems: n.MinItems, MaxItems: n.MaxItems})
	}
	return out, nil
}
