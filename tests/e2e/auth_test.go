//go:build integration

package e2e

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/tests/testkit"
)

type fields = testkit.Fields

// publicKey is what an attacker knows of the gateway's key.
func publicKey(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&testkit.Key(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func hs256(secret []byte) func([]byte) []byte {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

func TestEachBadTokenIsRefusedWithItsReason_A2_A3_A4(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "JWT_ISSUER=https://idp.example", "JWT_AUDIENCE=corsia")
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	right := fields{"iss": "https://idp.example", "aud": "corsia"}
	claims := func(change fields) fields {
		all := fields{"userId": "usr_bad", "exp": now + 3600, "iat": now, "iss": "https://idp.example", "aud": "corsia"}
		for name, value := range change {
			if all[name] = value; value == nil {
				delete(all, name)
			}
		}
		return all
	}
	header := func(change fields) fields {
		all := fields{"alg": "RS256", "typ": "JWT"}
		for name, value := range change {
			all[name] = value
		}
		return all
	}
	sign := testkit.RS256(testkit.Key(t))
	good := g.Token("usr_good", right)
	parts := strings.Split(good, ".")
	with := func(change fields) string { return testkit.Sign(header(nil), claims(change), sign) }
	under := func(change fields) string { return testkit.Sign(header(change), claims(nil), sign) }
	cases := []struct{ name, reason, token string }{
		{"none at all", "missing_token", ""},
		{"no JWT", "malformed_token", "what is this"},
		{"two parts", "malformed_token", parts[0] + "." + parts[1]},
		{"claims that are no JSON", "malformed_token", parts[0] + ".bm8gSlNPTg." + parts[2]},
		{"20 KB", "malformed_token", strings.Repeat("a", 20<<10)},
		{"no user", "malformed_token", with(fields{"userId": nil})},
		{"a user that is a number", "malformed_token", with(fields{"userId": 7})},
		{"no expiry", "malformed_token", with(fields{"exp": nil})},
		{"an expiry that is text", "malformed_token", with(fields{"exp": "tomorrow"})},
		{"a tenant with a slash", "malformed_token", with(fields{"tenant": "a/b"})},
		{"a tenant of 65 characters", "malformed_token", with(fields{"tenant": strings.Repeat("a", 65)})},
		{"permissions that are no list", "malformed_token", with(fields{"permissions": "admin"})},
		{"permissions of an unknown mode", "malformed_token", with(fields{"permissions": []any{fields{"resource": "*", "mode": "owner"}}})},
		{"alg none", "bad_algorithm", testkit.Sign(header(fields{"alg": "none"}), claims(nil), func([]byte) []byte { return nil })},
		{"alg HS256 with the public key as its secret", "bad_algorithm", testkit.Sign(header(fields{"alg": "HS256"}), claims(nil), hs256(publicKey(t)))},
		{"alg RS512", "bad_algorithm", under(fields{"alg": "RS512"})},
		{"header jku", "bad_algorithm", under(fields{"jku": "https://evil.example/keys"})},
		{"header jwk", "bad_algorithm", under(fields{"jwk": fields{"kty": "RSA"}})},
		{"header x5u", "bad_algorithm", under(fields{"x5u": "https://evil.example/cert"})},
		{"header x5c", "bad_algorithm", under(fields{"x5c": []any{"AAAA"}})},
		{"header crit", "bad_algorithm", under(fields{"crit": []any{"exp"}})},
		{"somebody else's key", "bad_signature", testkit.Sign(header(nil), claims(nil), testkit.RS256(other))},
		{"claims changed after signing", "bad_signature", parts[0] + "." + strings.Split(with(fields{"userId": "usr_root"}), ".")[1] + "." + parts[2]},
		{"an unknown kid", "unknown_key", under(fields{"kid": "another"})},
		{"expired a second ago", "expired", with(fields{"exp": now - 1})},
		{"valid in two minutes", "not_yet_valid", with(fields{"nbf": now + 120})},
		{"issued in two minutes", "not_yet_valid", with(fields{"iat": now + 120})},
		{"another issuer", "wrong_issuer", with(fields{"iss": "https://idp.example.evil"})},
		{"no issuer", "wrong_issuer", with(fields{"iss": nil})},
		{"another audience", "wrong_audience", with(fields{"aud": []any{"billing"}})},
	}
	for _, c := range cases {
		t.Run(c.reason+" for "+c.name, func(t *testing.T) {
			refused := g.Refused(t, testkit.Options{Token: c.token})
			data, _ := refused["data"].(fields)
			if refused.Text("message") != "UNAUTHORIZED" || data.Text("code") != "UNAUTHORIZED" || data.Text("reason") != c.reason || len(data) != 2 {
				t.Fatalf("got %v, want reason %s", refused, c.reason)
			}
		})
	}
	t.Run("each is audited as CONNECTION_REJECTED with its reason, and makes no session", func(t *testing.T) {
		store := g.Store(t)
		rejected := store.WaitAudit(len(cases), "type", "CONNECTION_REJECTED")
		for i, e := range rejected {
			if e.Reason() != cases[i].reason || e.Outcome != "denied" {
				t.Errorf("%s: got %+v", cases[i].name, e)
			}
		}
		if n := store.Count("SELECT count(*) FROM " + testkit.AuditEvents + " WHERE type = 'USER_CONNECTED'"); n != 0 {
			t.Errorf("%d sessions began", n)
		}
	})
	t.Run("what is allowed by the skew of 60 s connects", func(t *testing.T) {
		for _, change := range []fields{{"nbf": now + 30}, {"iat": now + 30}, {"aud": []any{"billing", "corsia"}}, {"userId": nil, "sub": "usr_sub"}} {
			c := g.ConnectWith(t, testkit.Options{Token: with(change)})
			if c.Connected.Text("userId") == "" {
				t.Errorf("%v: %v", change, c.Connected)
			}
		}
	})
	t.Run("the good token connects", func(t *testing.T) { g.ConnectWith(t, testkit.Options{Token: good}) })
}

func TestTheTokenMayTravelInTheHeaderAndNeverInTheQuery_A1(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	c := g.ConnectWith(t, testkit.Options{Header: http.Header{"Authorization": {"Bearer " + g.Token("usr_header")}}})
	if c.Connected.Text("userId") != "usr_header" {
		t.Fatalf("got %v", c.Connected)
	}
	both := g.ConnectWith(t, testkit.Options{Token: g.Token("usr_payload"), Header: http.Header{"Authorization": {"Bearer " + g.Token("usr_header")}}})
	if both.Connected.Text("userId") != "usr_payload" {
		t.Fatalf("of two tokens the payload's counts; got %v", both.Connected)
	}
}

func TestACommandMakesTokensThatTheGatewayAccepts(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	out, errs, status := testkit.Run(t, g.Dir, g.Env(), "token", "-user", "usr_001", "-name", "Dr Rossi", "-role", "surgeon", "-tenant", "north",
		"-permissions", `[{"resource":"page:/*","mode":"viewer"},"admin"]`, "-ttl", "5m")
	if status != 0 || errs != "" {
		t.Fatalf("status %d: %s", status, errs)
	}
	c := g.ConnectWith(t, testkit.Options{Token: strings.TrimSpace(out)})
	if c.Connected.Text("userId") != "usr_001" || c.Connected.Text("name") != "Dr Rossi" || c.Connected.Text("role") != "surgeon" {
		t.Fatalf("got %v", c.Connected)
	}
	if code := c.Refusal("JOIN_RESOURCE", fields{"resourceId": "page:/1", "mode": "editor"}).Text("code"); code != "PERMISSION_DENIED" {
		t.Fatalf("got %s", code)
	}
}

func TestADevelopmentKeyIsMadeOncePerInstallationAndKeptFromOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := []string{"STORE_URL=sqlite:" + filepath.Join(dir, "corsia.db")}
	first, errs, status := testkit.Run(t, dir, env, "token", "-user", "usr_1")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	second, _, _ := testkit.Run(t, dir, env, "token", "-user", "usr_1")
	if a, b := strings.Split(first, ".")[0], strings.Split(second, ".")[0]; a != b {
		t.Fatalf("two keys: %s and %s", a, b)
	}
	info, err := os.Stat(filepath.Join(dir, "corsia-dev.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key's file: %v, %v", info, err)
	}
}

func TestProductionMakesNoTokensAndHasNoTokenPage_ENV(t *testing.T) {
	t.Parallel()
	out, errs, status := testkit.Run(t, t.TempDir(), []string{"ENV=production"}, "token", "-user", "usr_1")
	if status != 2 || out != "" || errs == "" {
		t.Fatalf("status %d, %q, %q", status, out, errs)
	}
}

func TestKeysOfAJWKSFileVerifyTokens_A2(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pemFile := filepath.Join(dir, "public.pem")
	if err := os.WriteFile(pemFile, publicKey(t), 0o600); err != nil {
		t.Fatal(err)
	}
	g := testkit.Start(t, "JWT_KEYS="+pemFile)
	g.Connect(t, "usr_pem")
	t.Run("and then there is no token page", func(t *testing.T) {
		if status, _, _ := g.HTTP(t, "GET", "/token?user=usr_1", "", nil); status != http.StatusNotFound {
			t.Fatalf("status %d", status)
		}
	})
}

func TestWithoutAClaimARolePolicyDecides_A6(t *testing.T) {
	t.Parallel()
	policy := filepath.Join(t.TempDir(), "policy.json")
	body, _ := json.Marshal(fields{"nurse": fields{"page:/ward/*": "editor", "*": "viewer"}})
	if err := os.WriteFile(policy, body, 0o600); err != nil {
		t.Fatal(err)
	}
	g := testkit.Start(t, "ROLE_POLICY="+policy)
	nurse, clerk := g.Connect(t, "usr_n"), g.Connect(t, "usr_c", fields{"role": "clerk"})
	nurse.OK("JOIN_RESOURCE", fields{"resourceId": "page:/ward/1", "mode": "editor"})
	nurse.OK("JOIN_RESOURCE", fields{"resourceId": "page:/icu/1", "mode": "viewer"})
	for _, c := range []struct {
		client         *testkit.Client
		resource, mode string
	}{{nurse, "page:/icu/1", "editor"}, {clerk, "page:/ward/1", "viewer"}} {
		if code := c.client.Refusal("JOIN_RESOURCE", fields{"resourceId": c.resource, "mode": c.mode}).Text("code"); code != "PERMISSION_DENIED" {
			t.Errorf("%s as %s: %s", c.resource, c.mode, code)
		}
	}
}

func TestTheEndOfATokenIsAnnouncedAndThenEndsTheSession_A5(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	expires := time.Now().Add(4 * time.Second).Truncate(time.Second)
	c := g.Connect(t, "usr_short", fields{"exp": expires.Unix()})
	if got := c.Next("TOKEN_EXPIRING").Int("expiresAt"); got != expires.UnixMilli() {
		t.Fatalf("expiresAt %d, want %d", got, expires.UnixMilli())
	}
	if e := c.Next("UNAUTHORIZED"); e.Text("code") != "UNAUTHORIZED" || e.Text("reason") != "expired" {
		t.Fatalf("got %v", e)
	}
	if how := c.Ended(); how != "disconnect" {
		t.Fatalf("the connection ended by %q", how)
	}
	if early := time.Until(expires); early > 0 {
		t.Fatalf("ended %v before the token", early)
	}
}

func TestATokenIsRenewedInPlace_A5(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	c := g.Connect(t, "usr_renew", fields{"exp": time.Now().Add(3 * time.Second).Unix()})
	c.OK("JOIN_RESOURCE", fields{"resourceId": "page:/auth/renew", "mode": "editor"})
	c.Next("TOKEN_EXPIRING")
	expires := time.Now().Add(time.Hour)
	answer := c.OK("TOKEN_REFRESH", fields{"token": g.Token("usr_renew", fields{"exp": expires.Unix()})})
	if answer.Int("expiresAt") != expires.Unix()*1000 {
		t.Errorf("expiresAt %v", answer)
	}
	time.Sleep(4 * time.Second)
	c.OK("Y_SYNC", fields{"resourceId": "page:/auth/renew"})
	c.None("UNAUTHORIZED", "TOKEN_EXPIRING", "PERMISSION_DENIED")
}

func TestARenewalForSomebodyElseEndsTheSession_A5(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	for name, token := range map[string]string{
		"another user":     g.Token("usr_other"),
		"another tenant":   g.Token("usr_one", fields{"tenant": "other"}),
		"an expired token": g.Token("usr_one", fields{"exp": time.Now().Unix() - 5}),
	} {
		t.Run(name, func(t *testing.T) {
			c := g.Connect(t, "usr_one")
			c.Emit("TOKEN_REFRESH", fields{"token": token})
			if e := c.Next("UNAUTHORIZED"); e.Text("code") != "UNAUTHORIZED" || e.Text("reason") == "" {
				t.Fatalf("got %v", e)
			}
			c.Ended()
		})
	}
}

func TestARenewalWithoutTheEditorsRightMakesAViewerAndReleasesItsLocks_A5(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/auth/demoted"
	c, other := g.Connect(t, "usr_demoted"), g.Connect(t, "usr_witness")
	other.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	other.Next("USER_JOINED")
	granted := c.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	c.OK("TOKEN_REFRESH", fields{"token": g.Token("usr_demoted", fields{"permissions": []any{fields{"resource": "*", "mode": "viewer"}}})})
	if e := c.Next("PERMISSION_DENIED"); e.Text("resourceId") != resource || e.Text("event") != "TOKEN_REFRESH" || e.Text("reason") == "" {
		t.Errorf("got %v", e)
	}
	if e := other.Next("LOCK_RELEASED"); e.Text("field") != "notes" || e.Text("userId") != "usr_demoted" {
		t.Errorf("got %v", e)
	}
	if e := other.Next("USER_JOINED"); e["user"].(fields).Text("mode") != "viewer" {
		t.Errorf("got %v", e)
	}
	if code := c.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": []byte{0, 0}}).Text("code"); code != "PERMISSION_DENIED" {
		t.Errorf("got %s", code)
	}
	c.OK("Y_SYNC", fields{"resourceId": resource})
	store := g.Store(t)
	if n := store.Count("SELECT count(*) FROM locks WHERE lock_id = ? AND closed_at IS NOT NULL", granted.Text("lockId")); n != 1 {
		t.Errorf("the lock's record is open")
	}
}

func TestARenewalWithoutAnyRightLeavesTheRoom_A5(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/auth/banished"
	c, other := g.Connect(t, "usr_banished"), g.Connect(t, "usr_witness")
	other.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "viewer"})
	c.OK("TOKEN_REFRESH", fields{"token": g.Token("usr_banished", fields{"permissions": []any{}})})
	c.Next("PERMISSION_DENIED")
	if e := other.Next("USER_LEFT"); e.Text("userId") != "usr_banished" {
		t.Errorf("got %v", e)
	}
	if code := c.Refusal("Y_SYNC", fields{"resourceId": resource}).Text("code"); code != "NOT_JOINED" {
		t.Errorf("got %s", code)
	}
}

func TestARevocationTakesEffectWithinFiveSeconds_A5_H2(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	admin := g.Token("usr_revoker", fields{"permissions": []any{"admin"}})
	for name, revoke := range map[string]func(c *testkit.Client) fields{
		"of a user":    func(*testkit.Client) fields { return fields{"userId": "usr_revoked of a user"} },
		"of a session": func(c *testkit.Client) fields { return fields{"sessionId": c.Session()} },
		"of a token":   func(*testkit.Client) fields { return fields{"jti": "token of a token"} },
	} {
		t.Run(name, func(t *testing.T) {
			token := g.Token("usr_revoked "+name, fields{"jti": "token " + name, "iat": time.Now().Unix() - 10})
			c := g.ConnectWith(t, testkit.Options{Token: token})
			start := time.Now()
			status, _, body := g.HTTP(t, "POST", "/api/revocations", admin, revoke(c))
			if status != http.StatusOK {
				t.Fatalf("status %d: %s", status, body)
			}
			if e := c.Next("UNAUTHORIZED"); e.Text("reason") != "revoked" {
				t.Errorf("got %v", e)
			}
			c.Ended()
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if name == "of a session" {
				return // its token may connect again
			}
			refused := g.Refused(t, testkit.Options{Token: token})
			if data, _ := refused["data"].(fields); data.Text("reason") != "revoked" {
				t.Errorf("got %v", refused)
			}
		})
	}
	t.Run("and each is audited once", func(t *testing.T) {
		g.Store(t).WaitAudit(3, "actor", "usr_revoker", "TOKEN_REVOKED")
	})
}

func TestRevocationsSurviveARestart_A5(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "ADDR="+testkit.Port(t))
	token := g.Token("usr_gone", fields{"iat": time.Now().Unix() - 10})
	admin := g.Token("usr_admin", fields{"permissions": []any{"admin"}})
	if status, _, body := g.HTTP(t, "POST", "/api/revocations", admin, fields{"userId": "usr_gone"}); status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	g.Kill9()
	g.Restart(t)
	refused := g.Refused(t, testkit.Options{Token: token})
	if data, _ := refused["data"].(fields); data.Text("reason") != "revoked" {
		t.Errorf("got %v", refused)
	}
}

func TestOnlyAdministratorsRevoke_H2(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	admin := g.Token("usr_admin", fields{"permissions": []any{"admin"}})
	cases := []struct {
		name, token string
		body        any
		status      int
	}{
		{"nobody", "", fields{"userId": "usr_x"}, http.StatusUnauthorized},
		{"a nurse", g.Token("usr_nurse"), fields{"userId": "usr_x"}, http.StatusForbidden},
		{"an editor of everything", g.Token("usr_e", fields{"permissions": []any{fields{"resource": "*", "mode": "editor"}}}), fields{"userId": "usr_x"}, http.StatusForbidden},
		{"a request that names nothing", admin, fields{}, http.StatusBadRequest},
		{"a request that names two", admin, fields{"userId": "usr_x", "jti": "y"}, http.StatusBadRequest},
		{"a request with an unknown field", admin, fields{"user": "usr_x"}, http.StatusBadRequest},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if status, _, body := g.HTTP(t, "POST", "/api/revocations", c.token, c.body); status != c.status {
				t.Fatalf("status %d, want %d: %s", status, c.status, body)
			}
		})
	}
}

func TestTwoTenantsNeverMeet_SPEC2(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/auth/tenants"
	north, south := g.Connect(t, "usr_same", fields{"tenant": "north"}), g.Connect(t, "usr_same", fields{"tenant": "south"})
	join := fields{"resourceId": resource, "mode": "editor"}
	north.OK("JOIN_RESOURCE", join)
	state := south.OK("JOIN_RESOURCE", join)
	if users := state["users"].([]any); len(users) != 1 || state.Int("revision") != 1 {
		t.Fatalf("got %v", state)
	}
	north.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	south.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	north.OK("SEED", fields{"resourceId": resource, "values": fields{"dose": testkit.Marker}})
	north.OK("AWARENESS", fields{"resourceId": resource, "state": fields{"field": "dose"}})
	time.Sleep(200 * time.Millisecond)
	south.None("USER_JOINED", "Y_UPDATE", "AWARENESS", "LOCK_RELEASED", "LOCK_DENIED")
	if locks := len(south.Waiting("LOCK_STATUS_CHANGED")); locks != 1 {
		t.Errorf("%d words of locks, want that of its own", locks)
	}
	admin := g.Token("usr_admin", fields{"tenant": "south", "permissions": []any{"admin"}})
	g.HTTP(t, "POST", "/api/revocations", admin, fields{"sessionId": north.Session()})
	time.Sleep(2 * time.Second)
	north.None("UNAUTHORIZED")
}

// smallKey returns a public key that is too small to be trusted.
func smallKey(t *testing.T) string {
	t.Helper()
	modulus := new(big.Int).SetBit(big.NewInt(1), 1023, 1) // of 1024 bits
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: modulus, E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
