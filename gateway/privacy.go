package main

import (
	"fmt"
	"io"
)

const privacyUsage = `usage: corsia privacy <command> [flags]

  erase    erase what a record holds, the audit trail kept (GDPR 17); without -yes say what would go
`

// privacyCommand does what data protection law asks of who keeps the store (SPEC O7).
func privacyCommand(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "erase":
		return privacyErase(args, getenv, stdout, stderr)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stderr, privacyUsage)
		return 0
	}
	fmt.Fprintf(stderr, "corsia privacy: there is no command %q\n%s", command, privacyUsage)
	return 2
}
