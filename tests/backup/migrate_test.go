//go:build integration

package backup

import (
	"net/url"
	"strings"
	"testing"

	"corsia/tests/testkit"
)

// Before a release the owner of the tables makes the schema; a gateway whose role may not then runs on it.
func TestAGatewayRunsOnASchemaThatItsOwnerMade_O2_T3(t *testing.T) {
	store := postgresServer(t).Database(t)
	exec1(t, store, "CREATE ROLE ward_gateway LOGIN", "CREATE ROLE ward_archiver LOGIN")
	out, errs, status := testkit.Run(t, t.TempDir(), []string{"STORE_URL=" + store}, "migrate", "-application", "ward_gateway", "-archiver", "ward_archiver")
	if status != 0 || !strings.Contains(out, "the schema is that of version") {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	as, err := url.Parse(store)
	if err != nil {
		t.Fatal(err)
	}
	as.User = url.User("ward_gateway")
	w := open(t, as.String())
	w.join(t, "usr_anna", "page:/patient/1").write(t, "notes", "it works")
	if n := number(t, store, "SELECT count(*) FROM yjs_updates"); n != 1 {
		t.Errorf("%d rows in the journal", n)
	}
	if n := number(t, store, "SELECT has_function_privilege('ward_archiver', 'remove_archived(smallint, bigint, bytea)', 'execute')::int"); n != 1 {
		t.Error("the archiver may not archive")
	}

	if out, errs, status := testkit.Run(t, t.TempDir(), []string{"STORE_URL=" + store}, "migrate", "-application", "nobody_such"); status != 1 || !strings.Contains(errs, "nobody_such") {
		t.Errorf("a role that is not there: status %d: %s%s", status, out, errs)
	}
	if _, errs, status := testkit.Run(t, t.TempDir(), nil, "migrate", "-application", "x"); status != 1 || !strings.Contains(errs, "no roles") {
		t.Errorf("roles of a file: status %d: %s", status, errs)
	}
	if _, errs, status := testkit.Run(t, t.TempDir(), nil, "migrate"); status != 0 {
		t.Errorf("a file: status %d: %s", status, errs)
	}
}
