// Corsia is the gateway: it keeps the fields of hospital web applications in step, for everybody on the same record.
package main

import (
	"fmt"
	"io"
	"os"

	"corsia/gateway/app"
)

const usage = `usage: corsia [command] [flags]

  serve     run the gateway (the default)
  health    ask the gateway on this machine how it is: 0 it is well, 1 it is not
  token     print a development token: corsia token -user usr_001 -name "Dr Rossi" -role surgeon
  audit     verify, export or archive the audit trail, make its key: corsia audit verify
  migrate   bring the store to the schema of this version, and grant its roles what they need: corsia migrate -application corsia
  backup    back the store up, list, check and prune backups: corsia backup
  restore   restore a backup to a new store and verify it: corsia restore -to postgres://…/corsia_restored
  drill     prove that the newest backup can be restored, and measure it: corsia drill
  recovery  let browsers give back what a restore lost: corsia recovery open -all -for 30m -reason "…"
  privacy   export all about a user or a record, erase a record, let old rows go: corsia privacy export -user usr_001
  webhook   send a signed message as an EMR would: corsia webhook send -profile standard -resource page:/patient/12345
  version   print the version

Every setting is an environment variable, such as ADDR, and a flag of the same name, such as -addr.
`

func main() { os.Exit(run(os.Args[1:], os.Getenv, os.Stdout, os.Stderr)) }

// run returns the exit status: 0 done, 1 it went wrong, 2 it was asked wrongly. `audit verify` and
// those about backups have their own.
func run(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	command := "serve"
	if len(args) > 0 && (args[0] == "" || args[0][0] != '-') {
		command, args = args[0], args[1:]
	}
	switch command {
	case "serve":
		return serve(args, getenv, stdout, stderr)
	case "health":
		return health(args, getenv, stdout, stderr)
	case "token":
		return token(args, getenv, stdout, stderr)
	case "audit":
		return auditCommand(args, getenv, stdout, stderr)
	case "migrate":
		return migrate(args, getenv, stdout, stderr)
	case "backup":
		return backupCommand(args, getenv, stdout, stderr)
	case "restore":
		return restoreCommand(args, getenv, stdout, stderr)
	case "drill":
		return drillCommand(args, getenv, stdout, stderr)
	case "recovery":
		return recoveryCommand(args, getenv, stdout, stderr)
	case "privacy":
		return privacyCommand(args, getenv, stdout, stderr)
	case "webhook":
		return sendWebhook(args, getenv, stdout, stderr)
	case "version":
		fmt.Fprintln(stdout, app.Version)
		return 0
	case "help":
		fmt.Fprint(stdout, usage)
		return 0
	}
	fmt.Fprintf(stderr, "corsia: there is no command %q\n%s", command, usage)
	return 2
}
