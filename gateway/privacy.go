package main

import (
	"fmt"
	"io"
)

const privacyUsage = `usage: corsia privacy <command> [flags]

  export   write all that the system has about a user or a record, for people and machines (GDPR 15, 20)
  erase    erase what a record holds, and keep the audit trail (GDPR 17)
  trim     let rows of the journals go that are older than a time (GDPR 5)
`

// privacyCommand does what data protection law asks of who keeps the store (SPEC O7).
func privacyCommand(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "export":
		return privacyExport(args, getenv, stdout, stderr)
	case "erase":
		return privacyErase(args, getenv, stdout, stderr)
	case "trim":
		return privacyTrim(args, getenv, stdout, stderr)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stderr, privacyUsage)
		return 0
	}
	fmt.Fprintf(stderr, "corsia privacy: there is no command %q\n%s", command, privacyUsage)
	return 2
}
