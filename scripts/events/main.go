// Command events makes what is written of the protocol's events from the one place where they are listed, docs/events.yaml: the
// tables in docs/protocol.md, and docs/asyncapi.yaml.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	docs := flag.String("docs", "docs", "folder of the documents")
	flag.Parse()
	files, err := generate(*docs)
	for path, content := range files {
		if err == nil {
			err = os.WriteFile(path, content, 0o644) //nolint:gosec // documents are for everybody
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "events:", err)
		os.Exit(1)
	}
}

// generate returns what the files should be, by their paths.
func generate(docs string) (map[string][]byte, error) {
	p, err := read(filepath.Join(docs, "events.yaml"))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(docs, "protocol.md")
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	page, err := between(string(content), "client", p.clientTable())
	if err == nil {
		page, err = between(page, "server", p.serverTable())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	async, err := p.asyncAPI()
	return map[string][]byte{path: []byte(page), filepath.Join(docs, "asyncapi.yaml"): async}, err
}
