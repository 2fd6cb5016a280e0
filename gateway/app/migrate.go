package app

import (
	"context"
	"errors"
	"strings"
)

// Roles of the database get what they need of the schema. Empty: none.
type Roles struct{ Application, Archiver string }

// MigrateStore brings a store to the newest schema, as the owner of its tables, and grants anew: a table that is new is nobody's.
func MigrateStore(ctx context.Context, storeURL string, r Roles) error {
	if strings.HasPrefix(storeURL, "sqlite:") && r != (Roles{}) {
		return errors.New("a file has no roles")
	}
	store, err := openAuditStore(ctx, storeURL) // migrates
	if err != nil {
		return err
	}
	if err := store.Close(); err != nil {
		return err
	}
	return grantRoles(ctx, storeURL, r)
}
