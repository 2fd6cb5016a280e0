// Costs estimates what each environment costs in a month, from what `terraform show -json` prints of its state and from a list of
// prices that is kept here: no service is asked.
//
//	go run ./scripts/costs dev=dev.json staging=staging.json production=production.json > docs/costs.md
//
// It prints Markdown. docs/costs.md is what it prints of the environments of terraform/ as they are written.
package main

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

//go:embed prices.json
var list []byte

func main() {
	flag.Parse()
	if err := run(flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "costs:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("name at least one environment: dev=state.json")
	}
	var p prices
	if err := json.Unmarshal(list, &p); err != nil {
		return fmt.Errorf("read prices.json: %w", err)
	}
	var all []estimate
	for _, arg := range args {
		name, path, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%q is not environment=file", arg)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var state tfjson.State
		if err := state.UnmarshalJSON(content); err != nil {
			return fmt.Errorf("read the state of %s: %w", name, err)
		}
		e, err := p.estimate(name, state.Values)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, e)
	}
	return p.write(out, all)
}
