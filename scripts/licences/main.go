// Command licences writes docs/security/dependencies.md: what of others ships in the product, what its tests use, and
// under which licence each is.
//
//	go run ./scripts/licences > docs/security/dependencies.md
//
// It asks the go command which modules the programs are built of, and reads their licences from the module cache; of npm
// packages it reads the lock files, and which of them are in the widget from the notices that its build writes. Its test
// keeps the report up to date, and anything that is under no allowed licence out of the product.
package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// allowed are the licences of what ships: none asks for more than its notice.
var allowed = []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT"}

// part is a module or a package of others.
type part struct {
	Name, Version, Licence string
}

// inventory is what of others there is.
type inventory struct {
	Programs []part // Go modules in the gateway and the functions
	Widget   []part // npm packages in the built widget
	Tests    []part // Go modules and npm packages that only build and test
}

func main() { os.Exit(run(".", os.Stdout, os.Stderr)) }

// run returns the exit status: 0 written, 1 something could not be read, 2 the product has what it may not have.
func run(root string, stdout, stderr io.Writer) int {
	all, err := take(root)
	if err != nil {
		fmt.Fprintf(stderr, "licences: %v\n", err)
		return 1
	}
	if _, err := stdout.Write(report(all)); err != nil {
		fmt.Fprintf(stderr, "licences: %v\n", err)
		return 1
	}
	bad := refused(all)
	for _, p := range bad {
		fmt.Fprintf(stderr, "licences: %s %s ships, under %s\n", p.Name, p.Version, p.Licence)
	}
	if len(bad) > 0 {
		return 2
	}
	return 0
}

// take reads everything below the root of the checkout.
func take(root string) (inventory, error) {
	var all inventory
	var err error
	if all.Programs, err = modules(root, "./gateway", "./functions/..."); err != nil {
		return all, err
	}
	if all.Tests, err = modules(root, "-test", "-tags=integration", "./..."); err != nil {
		return all, err
	}
	packages, err := locked(root)
	if err != nil {
		return all, err
	}
	if all.Widget, err = bundled(root, packages); err != nil {
		return all, err
	}
	all.Tests = slices.DeleteFunc(append(all.Tests, packages...), func(p part) bool {
		return slices.Contains(all.Programs, p) || slices.Contains(all.Widget, p)
	})
	return all, nil
}

// refused returns what ships and is under no allowed licence. "A OR B" is the choice of who uses it.
func refused(all inventory) []part {
	return slices.DeleteFunc(slices.Concat(all.Programs, all.Widget), func(p part) bool {
		for choice := range strings.SplitSeq(p.Licence, " OR ") {
			if !slices.ContainsFunc(strings.Split(choice, " AND "), func(l string) bool { return !slices.Contains(allowed, l) }) {
				return true
			}
		}
		return false
	})
}

func report(all inventory) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Dependencies and their licences

Written by `+"`go run ./scripts/licences > docs/security/dependencies.md`"+`; `+"`TestTheReportIsUpToDate`"+` fails when it is not what that writes.
What ships is under %s alone, which `+"`TestWhatShipsIsUnderAnAllowedLicence`"+` holds; what only builds and tests may be
under others. Known weaknesses are looked for by govulncheck, npm audit and a scan for secrets, in
`+"`.github/workflows/ci.yml`"+`; [audit-report.md](audit-report.md) says which rules the linter's gosec adds.

`, listed(allowed))
	table(&b, "In the gateway and the functions (Go)", all.Programs)
	table(&b, "In the widget (npm)", all.Widget)
	fmt.Fprintf(&b, "## In builds and tests alone\n\n| licence | parts |\n|---|---|\n")
	by := map[string][]string{}
	for _, p := range all.Tests {
		by[p.Licence] = append(by[p.Licence], p.Name)
	}
	for _, licence := range slices.Sorted(maps.Keys(by)) {
		names := slices.Compact(slices.Sorted(slices.Values(by[licence])))
		said := fmt.Sprintf("%d", len(names))
		if !slices.Contains(allowed, licence) {
			said += ": " + strings.Join(names, ", ")
		}
		fmt.Fprintf(&b, "| %s | %s |\n", licence, said)
	}
	return b.Bytes()
}

func table(b *bytes.Buffer, title string, parts []part) {
	fmt.Fprintf(b, "## %s\n\n| name | version | licence |\n|---|---|---|\n", title)
	for _, p := range parts {
		fmt.Fprintf(b, "| %s | %s | %s |\n", p.Name, p.Version, p.Licence)
	}
	b.WriteString("\n")
}

func listed(words []string) string {
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
