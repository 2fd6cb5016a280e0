package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"corsia/gateway/app"
	"corsia/gateway/auth"
)

// token prints a token signed with this installation's development key.
func token(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("corsia token", flag.ContinueOnError)
	set.SetOutput(stderr)
	user := set.String("user", "", "user id, such as usr_001 (required)")
	name := set.String("name", "", "name that colleagues see")
	role := set.String("role", "", "role, such as surgeon")
	tenant := set.String("tenant", "", "tenant; default: default")
	permissions := set.String("permissions", "", `JSON list as in the claim, or names such as "admin,break_glass"`)
	ttl := set.Duration("ttl", auth.DefaultTTL, "how long it is good for")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	config, err := app.Load(getenv)
	if err != nil {
		fmt.Fprintf(stderr, "corsia: the configuration is wrong:\n%s\n", indent(err.Error()))
		return 2
	}
	if !config.Development() {
		fmt.Fprintln(stderr, "corsia token: tokens are made with development keys alone, and this configuration has others")
		return 2
	}
	claim, err := auth.ParsePermissions(*permissions)
	if err != nil || *user == "" || set.NArg() > 0 {
		fmt.Fprintln(stderr, "corsia token: -user is required, -permissions must be a JSON list or names, and there are no arguments")
		return 2
	}
	keys, err := auth.OpenDevKeys(config.KeyFolder())
	if err != nil {
		fmt.Fprintf(stderr, "corsia token: %v\n", err)
		return 1
	}
	signed, err := keys.Issuer(config.JWTIssuer, config.JWTAudience).Issue(auth.TokenRequest{
		User: *user, Name: *name, Role: *role, Tenant: *tenant, Permissions: claim, TTL: *ttl})
	if err != nil {
		fmt.Fprintf(stderr, "corsia token: %v\n", err)
		return 1
	}
	fmt.Fprintln(stdout, signed)
	return 0
}
