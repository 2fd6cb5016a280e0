//go:build integration

package yjs

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Histories of one run. FUZZ_COUNT replaces the number of the random ones,
// FUZZ_SEED the seed of the first, to see a failure again.
const (
	fixedHistories  = 500
	longHistories   = 20
	textHistories   = 60
	randomHistories = 60
	longSteps       = 400
)

// TestEngineAgreesWithYjs takes random histories of several clients through
// the engine and through yjs (D1): shuffled and duplicated delivery, restarts
// half-way, plans, reports, edits of the server.
func TestEngineAgreesWithYjs(t *testing.T) {
	if err := Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	count := fromEnvironment("FUZZ_COUNT", randomHistories)
	first := fromEnvironment("FUZZ_SEED", 1_000_000+rand.IntN(1<<30))
	t.Logf("random histories begin with seed %d", first)
	t.Run("fixed", func(t *testing.T) { compare(t, 1, fixedHistories) })
	t.Run("long", func(t *testing.T) { compare(t, 1, longHistories, "--steps", strconv.Itoa(longSteps)) })
	t.Run("text", func(t *testing.T) { compare(t, 1, textHistories, "--steps", "200", "--text") })
	t.Run("random", func(t *testing.T) { compare(t, first, count) })
}

func fromEnvironment(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// compare generates histories, runs them and has yjs check the results.
func compare(t *testing.T, first, count int, options ...string) {
	folder := t.TempDir()
	histories, results := filepath.Join(folder, "histories"), filepath.Join(folder, "results")
	args := append([]string{strconv.Itoa(first), strconv.Itoa(count), histories}, options...)
	if out, err := Node(t.Context(), "generate.mjs", args...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	runHistories(t, histories, results)
	out, err := Node(t.Context(), "check.mjs", histories, results)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(out)
}

func runHistories(t *testing.T, histories, results string) {
	in, err := os.Open(histories)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(results)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<28)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		var h history
		if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
			t.Fatal(err)
		}
		if err := encoder.Encode(runHistory(h)); err != nil {
			t.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// encodeJSON encodes a value of the engine as content.mjs does.
func encodeJSON(v any) string {
	b, err := json.Marshal(tagged(v))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// tagged marks what JSON cannot say.
func tagged(v any) any {
	switch v := v.(type) {
	case []byte:
		return map[string]any{"$bytes": base64.StdEncoding.EncodeToString(v)}
	case int64:
		return map[string]any{"$bigint": strconv.FormatInt(v, 10)}
	case []any:
		for i := range v {
			v[i] = tagged(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = tagged(v[k])
		}
	}
	return v
}
