package app

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"corsia/shared/audit"
)

func TestT4AnInstallationHasOneAuditKey(t *testing.T) {
	folder := t.TempDir()
	var all sync.WaitGroup
	found := make([]string, 8)
	for i := range found { // that start at once
		all.Go(func() {
			key, err := auditKey("", folder)
			if err != nil {
				t.Error(err)
			}
			found[i] = key
		})
	}
	all.Wait()
	for _, key := range found {
		if _, err := audit.PublicKey(key); err != nil || key != found[0] {
			t.Fatalf("two instances have two keys, or one that is none: %v", err)
		}
	}
	names, err := os.ReadDir(folder)
	if err != nil || len(names) != 1 {
		t.Fatalf("the folder has %v, %v", names, err)
	}
	if key, err := auditKey("configured", folder); err != nil || key != "configured" {
		t.Fatalf("the configured key is not used: %v", err)
	}
	if err := os.Chmod(filepath.Join(folder, devAuditKey), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := auditKey("", folder); err == nil || !strings.Contains(err.Error(), "can be read by others") || strings.Contains(err.Error(), found[0][:20]) {
		t.Fatalf("a key that others can read: %v", err)
	}
}

func TestT4AKeyThatIsNoneIsNotShown(t *testing.T) {
	folder := t.TempDir()
	const secret = "PRIVATE+KEY+hunter2+01234567+AAAA"
	if err := os.WriteFile(filepath.Join(folder, devAuditKey), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := VerifyAudit(t.Context(), AuditSource{Store: "sqlite:" + filepath.Join(folder, "corsia.db")})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatal(err)
	}
}
