package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/shared/collab"
)

func TestADevelopmentKeyIsMadeOnceAndKept(t *testing.T) {
	folder := t.TempDir()
	first, err := OpenDevKeys(folder)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(folder, devKeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	again, err := OpenDevKeys(folder)
	if err != nil || again.kid != first.kid || !again.private.Equal(first.private) {
		t.Fatalf("another key after a restart: %v", err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("%d files are left, %v", len(files), err)
	}
	other, err := OpenDevKeys(t.TempDir())
	if err != nil || other.kid == first.kid {
		t.Errorf("two installations share a key, %v", err)
	}
}

func TestProcessesThatStartAtOnceShareTheDevelopmentKey(t *testing.T) {
	folder := t.TempDir()
	kids := make([]string, 4)
	var wg sync.WaitGroup
	for i := range kids {
		wg.Go(func() {
			keys, err := OpenDevKeys(folder)
			if err != nil {
				t.Error(err)
				return
			}
			kids[i] = keys.kid
		})
	}
	wg.Wait()
	for _, kid := range kids {
		if kid != kids[0] {
			t.Fatalf("different keys: %v", kids)
		}
	}
}

func TestADevelopmentKeyThatCannotBeTrustedIsRefused(t *testing.T) {
	write := func(t *testing.T, text string, mode fs.FileMode) string {
		folder := t.TempDir()
		path := filepath.Join(folder, devKeyFile)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	block := func(private any) string {
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text string
		mode       fs.FileMode
		want       string
	}{
		{"others can read it", block(ours()), 0o644, "can be read by others (mode 0644)"},
		{"the group can read it", block(ours()), 0o640, "can be read by others (mode 0640)"},
		{"no PEM", "hello", 0o600, "is damaged"},
		{"no key in it", "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n", 0o600, "is damaged"},
		{"no RSA key", block(curve), 0o600, "no RSA key but a *ecdsa.PrivateKey"},
		{"too short", block(newKey(1024)), 0o600, "has 1024 bits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := OpenDevKeys(write(t, tt.text, tt.mode))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}

	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, devKeyFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDevKeys(folder); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a folder in its place: %v", err)
	}
	if _, err := OpenDevKeys(filepath.Join(folder, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestATokenOfTheIssuerIsAccepted(t *testing.T) {
	keys, err := OpenDevKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v := NewVerifier(Settings{Keys: keys, Issuer: "corsia-dev", Audience: "corsia"})
	issuer := keys.Issuer("corsia-dev", "corsia")
	permissions := &Permissions{Rules: []Rule{{NewGlob("page:/*"), collab.Editor}}, Names: []string{Admin}}
	text, err := issuer.Issue(TokenRequest{
		User: "usr_001", Name: "Dr Rossi", Role: "surgeon", Tenant: "st-mary", Permissions: permissions, Session: "s9", TTL: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := v.Verify(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	if id.User != "usr_001" || id.Name != "Dr Rossi" || id.Role != "surgeon" || id.Tenant != "st-mary" || id.SessionClaim != "s9" || id.TokenID == "" {
		t.Errorf("identity %+v", id)
	}
	if left := time.Until(id.Expires); left < 50*time.Second || left > time.Minute {
		t.Errorf("expires in %v", left)
	}
	if g := NewGrants(nil, false); !g.Has(id, Admin) || !g.Allows(id, "page:/a", collab.Editor) || g.Allows(id, "x", collab.Viewer) {
		t.Errorf("permissions %+v", id.Permissions)
	}

	plain, err := issuer.Issue(TokenRequest{User: "usr_002"})
	if err != nil {
		t.Fatal(err)
	}
	id, err = v.Verify(t.Context(), plain)
	if err != nil || id.Permissions != nil || id.Tenant != collab.DefaultTenant || time.Until(id.Expires) < DefaultTTL-time.Minute {
		t.Errorf("identity %+v, %v", id, err)
	}
	expired, err := issuer.Issue(TokenRequest{User: "usr_002", TTL: -time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), expired); reasonOf(err) != Expired {
		t.Errorf("got %v", err)
	}
	if _, err := newVerifier(Settings{}).Verify(t.Context(), plain); reasonOf(err) != BadSignature {
		t.Errorf("another installation: %v", err)
	}
}

func TestTheIssuerRefusesWhatNoTokenMayName(t *testing.T) {
	keys := &DevKeys{kid: "dev", private: ours()}
	for name, request := range map[string]TokenRequest{
		"no user": {}, "a tenant with a separator": {User: "u", Tenant: "a|b"},
		"too much": {User: "u", Name: strings.Repeat("x", maxTokenBytes)},
	} {
		if text, err := keys.Issuer("", "").Issue(request); err == nil {
			t.Errorf("%s: issued %q", name, text)
		}
	}
}
