package auth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"corsia/shared/collab"
)

// Keys take a while to make: the tests share two.
var (
	ours   = sync.OnceValue(func() *rsa.PrivateKey { return newKey(2048) })
	theirs = sync.OnceValue(func() *rsa.PrivateKey { return newKey(2048) })
)

func newKey(bits int) *rsa.PrivateKey {
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return private
}

// sign returns the token of these parts, whatever they say.
func sign(private *rsa.PrivateKey, header, payload string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

const plainHeader = `{"alg":"RS256","typ":"JWT"}`

// claims returns the JSON of valid claims with some of them replaced, and those that are nil left out.
func claims(replace map[string]any) string {
	all := map[string]any{"userId": "usr_001", "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range replace {
		if value == nil {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func token(replace map[string]any) string { return sign(ours(), plainHeader, claims(replace)) }

func newVerifier(s Settings) *Verifier {
	if s.Keys == nil {
		s.Keys = StaticKeys{{"", &ours().PublicKey}}
	}
	return NewVerifier(s)
}

// reasonOf returns the reason of a refusal, "" for no error, and the text of any other error.
func reasonOf(err error) Reason {
	if err == nil {
		return ""
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Reason
	}
	return Reason(err.Error())
}

func TestA3EveryClaimOfATokenIsRead(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	id, err := newVerifier(Settings{Issuer: "https://idp", Audience: "corsia"}).Verify(t.Context(), token(map[string]any{
		"iss": "https://idp", "aud": []string{"other", "corsia"}, "name": "Dr\nRossi", "role": "surgeon", "tenant": "st-mary",
		"sid": "sess-9", "jti": "tok-7", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"permissions": []any{"admin", map[string]string{"resource": "page:/*", "mode": "viewer"}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	if id.User != "usr_001" || id.Name != "DrRossi" || id.Role != "surgeon" || id.Tenant != "st-mary" ||
		id.SessionClaim != "sess-9" || id.TokenID != "tok-7" || !id.Issued.Equal(now) || !id.Expires.Equal(now.Add(time.Minute)) {
		t.Errorf("identity %+v", id)
	}
	if p := id.Permissions; p == nil || len(p.Rules) != 1 || p.Rules[0].Mode != collab.Viewer || len(p.Names) != 1 || p.Names[0] != "admin" {
		t.Errorf("permissions %+v", p)
	}
}

func TestA3WhatIsOptionalMayBeAbsentOrNull(t *testing.T) {
	null := json.RawMessage("null")
	for name, replace := range map[string]map[string]any{
		"absent": {"userId": nil, "sub": "usr_002"},
		"null": {
			"userId": null, "sub": "usr_002", "name": null, "role": null, "tenant": null, "permissions": null,
			"sid": null, "jti": null, "iat": null, "nbf": null,
		},
	} {
		id, err := newVerifier(Settings{}).Verify(t.Context(), token(replace))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if id.User != "usr_002" || id.Tenant != "default" || id.Permissions != nil || !id.Issued.IsZero() {
			t.Errorf("%s: identity %+v", name, id)
		}
	}
}

func TestA6AnEmptyPermissionsClaimIsNotAnAbsentOne(t *testing.T) {
	id, err := newVerifier(Settings{}).Verify(t.Context(), token(map[string]any{"permissions": []any{}}))
	if err != nil || id.Permissions == nil || len(id.Permissions.Rules)+len(id.Permissions.Names) != 0 {
		t.Fatalf("permissions %+v, %v", id.Permissions, err)
	}
}

func TestA3Claims(t *testing.T) {
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	tests := []struct {
		name    string
		replace map[string]any
		want    Reason
	}{
		{"userId wins over sub", map[string]any{"sub": 7}, ""},
		{"neither userId nor sub", map[string]any{"userId": nil}, MalformedToken},
		{"userId is empty", map[string]any{"userId": "", "sub": "usr_002"}, MalformedToken},
		{"userId is a number", map[string]any{"userId": 12}, MalformedToken},
		{"userId of 256 bytes", map[string]any{"userId": strings.Repeat("u", 256)}, ""},
		{"userId of 257 bytes", map[string]any{"userId": strings.Repeat("u", 257)}, MalformedToken},
		{"userId with a control character", map[string]any{"userId": "a\x00b"}, MalformedToken},
		{"userId with half a surrogate pair", map[string]any{"userId": json.RawMessage(`"a\ud800"`)}, MalformedToken},
		{"claims are read by their exact names", map[string]any{"userId": nil, "USERID": "usr_003"}, MalformedToken},
		{"no exp", map[string]any{"exp": nil}, MalformedToken},
		{"exp is a text", map[string]any{"exp": "2031"}, MalformedToken},
		{"exp in milliseconds", map[string]any{"exp": in(time.Hour) * 1000}, MalformedToken},
		{"exp is negative", map[string]any{"exp": -5}, MalformedToken},
		{"exp with a fraction", map[string]any{"exp": float64(in(time.Hour)) + .5}, ""},
		{"exp has no skew", map[string]any{"exp": in(-time.Second)}, Expired},
		{"iat within the skew", map[string]any{"iat": in(50 * time.Second)}, ""},
		{"iat beyond the skew", map[string]any{"iat": in(70 * time.Second)}, NotYetValid},
		{"nbf within the skew", map[string]any{"nbf": in(50 * time.Second)}, ""},
		{"nbf beyond the skew", map[string]any{"nbf": in(70 * time.Second)}, NotYetValid},
		{"tenant of 64 characters", map[string]any{"tenant": strings.Repeat("A.b_9-xy", 8)}, ""},
		{"tenant of 65 characters", map[string]any{"tenant": strings.Repeat("a", 65)}, MalformedToken},
		{"tenant with a separator", map[string]any{"tenant": "a|b"}, MalformedToken},
		{"tenant is empty", map[string]any{"tenant": ""}, MalformedToken},
		{"tenant is a list", map[string]any{"tenant": []string{"a"}}, MalformedToken},
		{"name is too long and cut", map[string]any{"name": strings.Repeat("è", 200)}, ""},
		{"name is a number", map[string]any{"name": 1}, MalformedToken},
		{"role is too long", map[string]any{"role": strings.Repeat("r", 257)}, MalformedToken},
		{"jti has a control character", map[string]any{"jti": "a\n"}, MalformedToken},
		{"permissions is a text", map[string]any{"permissions": "admin"}, MalformedToken},
		{"permissions has a number", map[string]any{"permissions": []any{1}}, MalformedToken},
		{"permissions has an unknown mode", map[string]any{"permissions": []any{map[string]string{"resource": "*", "mode": "owner"}}}, MalformedToken},
		{"permissions has no resource", map[string]any{"permissions": []any{map[string]string{"mode": "editor"}}}, MalformedToken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := newVerifier(Settings{}).Verify(t.Context(), token(tt.replace))
			if got := reasonOf(err); got != tt.want {
				t.Fatalf("reason %q (%v), want %q", got, err, tt.want)
			}
			if len(id.Name) > maxNameBytes {
				t.Errorf("name of %d bytes", len(id.Name))
			}
		})
	}
}

func TestA3IssuerAndAudienceAreExactWhenConfigured(t *testing.T) {
	tests := []struct {
		name     string
		iss, aud any
		want     Reason
	}{
		{"both right", "https://idp", "corsia", ""},
		{"list of audiences", "https://idp", []string{"x", "corsia"}, ""},
		{"no issuer", nil, "corsia", WrongIssuer},
		{"prefix of the issuer", "https://id", "corsia", WrongIssuer},
		{"issuer is a list", []string{"https://idp"}, "corsia", WrongIssuer},
		{"no audience", "https://idp", nil, WrongAudience},
		{"other audience", "https://idp", []any{"Corsia", 7}, WrongAudience},
		{"audience is an object", "https://idp", map[string]string{"a": "corsia"}, WrongAudience},
	}
	v := newVerifier(Settings{Issuer: "https://idp", Audience: "corsia"})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), token(map[string]any{"iss": tt.iss, "aud": tt.aud}))
			if got := reasonOf(err); got != tt.want {
				t.Fatalf("reason %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := newVerifier(Settings{}).Verify(t.Context(), token(map[string]any{"iss": "any", "aud": "any"})); err != nil {
		t.Errorf("not configured, yet %v", err)
	}
}

func TestA2HeadersAndAlgorithms(t *testing.T) {
	hmac := func(method jwt.SigningMethod, key any) string {
		text, err := jwt.NewWithClaims(method, jwt.MapClaims{"userId": "usr_001", "exp": time.Now().Add(time.Hour).Unix()}).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	valid := token(nil)
	parts := strings.Split(valid, ".")
	tests := []struct {
		name, token string
		want        Reason
	}{
		{"none at all", "", MissingToken},
		{"valid", valid, ""},
		{"not a token", "hello", MalformedToken},
		{"two parts", parts[0] + "." + parts[1], MalformedToken},
		{"four parts", valid + ".x", MalformedToken},
		{"padded", parts[0] + "." + parts[1] + "." + parts[2] + "==", MalformedToken},
		{"too long", strings.Repeat("a", maxTokenBytes+1), MalformedToken},
		{"header is no JSON", sign(ours(), "x", claims(nil)), MalformedToken},
		{"claims are no object", sign(ours(), plainHeader, `[1]`), MalformedToken},
		{"claims are null", sign(ours(), plainHeader, `null`), MalformedToken},
		{"something after the claims", sign(ours(), plainHeader, claims(nil)+"{}"), MalformedToken},
		{"no alg", sign(ours(), `{}`, claims(nil)), BadAlgorithm},
		{"alg is a number", sign(ours(), `{"alg":1}`, claims(nil)), BadAlgorithm},
		{"unknown alg", sign(ours(), `{"alg":"XX1"}`, claims(nil)), BadAlgorithm},
		{"alg in lower case", sign(ours(), `{"alg":"rs256"}`, claims(nil)), BadAlgorithm},
		{"alg none", hmac(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), BadAlgorithm},
		{"HS256 with the public key", hmac(jwt.SigningMethodHS256, ours().PublicKey.N.Bytes()), BadAlgorithm},
		{"RS512", hmac(jwt.SigningMethodRS512, ours()), BadAlgorithm},
		{"PS256", hmac(jwt.SigningMethodPS256, ours()), BadAlgorithm},
		{"jku", sign(ours(), `{"alg":"RS256","jku":"https://evil/keys"}`, claims(nil)), BadAlgorithm},
		{"x5u", sign(ours(), `{"alg":"RS256","x5u":""}`, claims(nil)), BadAlgorithm},
		{"jwk", sign(ours(), `{"alg":"RS256","jwk":{}}`, claims(nil)), BadAlgorithm},
		{"x5c", sign(ours(), `{"alg":"RS256","x5c":[]}`, claims(nil)), BadAlgorithm},
		{"crit", sign(ours(), `{"alg":"RS256","crit":["exp"]}`, claims(nil)), BadAlgorithm},
		{"crit is null", sign(ours(), `{"alg":"RS256","crit":null}`, claims(nil)), BadAlgorithm},
		{"kid is a number", sign(ours(), `{"alg":"RS256","kid":7}`, claims(nil)), MalformedToken},
		{"somebody else's key", sign(theirs(), plainHeader, claims(nil)), BadSignature},
		{"claims of another token", parts[0] + "." + strings.Split(token(map[string]any{"userId": "x"}), ".")[1] + "." + parts[2], BadSignature},
		{"no signature", parts[0] + "." + parts[1] + ".", BadSignature},
		{"expired and badly signed", sign(theirs(), plainHeader, claims(map[string]any{"exp": 1})), BadSignature},
	}
	v := newVerifier(Settings{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), tt.token)
			if got := reasonOf(err); got != tt.want {
				t.Fatalf("reason %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func TestA2AKidChoosesAmongTheKeys(t *testing.T) {
	v := NewVerifier(Settings{Keys: StaticKeys{{"a", &theirs().PublicKey}, {"b", &ours().PublicKey}}})
	tests := []struct {
		header string
		want   Reason
	}{
		{`{"alg":"RS256","kid":"b"}`, ""},
		{`{"alg":"RS256"}`, ""},
		{`{"alg":"RS256","kid":"a"}`, BadSignature},
		{`{"alg":"RS256","kid":"c"}`, UnknownKey},
	}
	for _, tt := range tests {
		_, err := v.Verify(t.Context(), sign(ours(), tt.header, claims(nil)))
		if got := reasonOf(err); got != tt.want {
			t.Errorf("%s: reason %q, want %q", tt.header, got, tt.want)
		}
	}
}

func TestA4ARefusalTellsTheClientItsReasonAndNothingElse(t *testing.T) {
	_, err := newVerifier(Settings{}).Verify(t.Context(), token(map[string]any{"userId": 3}))
	told := collab.AsError(fmt.Errorf("connect: %w", err))
	if told.Code != collab.CodeUnauthorized {
		t.Fatalf("code %q", told.Code)
	}
	detail, _ := json.Marshal(told.Detail)
	if string(detail) != `{"reason":"malformed_token"}` || strings.Contains(told.Msg, "userId") {
		t.Errorf("detail %s, message %q", detail, told.Msg)
	}
	if !strings.Contains(err.Error(), "claim userId is not a string") {
		t.Errorf("the log would not say what was wrong: %v", err)
	}
	if got := Refuse(Revoked).Error(); got != "token refused: revoked" {
		t.Errorf("got %q", got)
	}
}

// broken is a source that has no keys to give.
type broken struct{ err error }

func (b broken) Keys(context.Context, string) ([]*rsa.PublicKey, error) { return nil, b.err }

func TestKeysThatCannotBeHadAreNoRefusal(t *testing.T) {
	away := &collab.Error{Code: collab.CodeUnavailable, Msg: "away"}
	_, err := newVerifier(Settings{Keys: broken{away}}).Verify(t.Context(), token(nil))
	if _, refused := errors.AsType[*Refusal](err); refused || collab.AsError(err).Code != collab.CodeUnavailable {
		t.Fatalf("got %v", err)
	}
	_, err = newVerifier(Settings{Keys: broken{context.Canceled}}).Verify(t.Context(), token(nil))
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestA5ARevokedTokenIsRefused(t *testing.T) {
	list := &RevocationList{}
	list.Set([]collab.Revocation{{Tenant: "default", Kind: collab.RevokeToken, Value: "tok-7", RevokedAt: time.Now()}})
	v := newVerifier(Settings{Revocations: list})
	if _, err := v.Verify(t.Context(), token(map[string]any{"jti": "tok-7"})); reasonOf(err) != Revoked {
		t.Errorf("got %v", err)
	}
	if _, err := v.Verify(t.Context(), token(map[string]any{"jti": "tok-8"})); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer abc": "abc", "bearer  abc ": "abc", "Basic abc": "", "": "", "Bearer": "", "abc": "",
	} {
		if got := Bearer(header); got != want {
			t.Errorf("Bearer(%q) is %q, want %q", header, got, want)
		}
	}
}

func FuzzVerifyAcceptsOnlyWhatWasSigned(f *testing.F) {
	valid := token(map[string]any{"exp": math.MaxInt32})
	for _, seed := range []string{
		valid, valid[:len(valid)-1], "a.b.c", "..", token(map[string]any{"exp": 1}),
		sign(ours(), `{"alg":"none"}`, "{}"), sign(theirs(), plainHeader, claims(nil)),
	} {
		f.Add(seed)
	}
	v := newVerifier(Settings{})
	f.Fuzz(func(t *testing.T, text string) {
		_, err := v.Verify(context.Background(), text)
		if err == nil && text != valid {
			t.Fatalf("accepted %q", text)
		}
		if _, ok := errors.AsType[*Refusal](err); err != nil && !ok {
			t.Fatalf("%q: no refusal but %v", text, err)
		}
	})
}

func FuzzClaimsMakeAValidIdentity(f *testing.F) {
	f.Add(`{"userId":"u","exp":2e9,"permissions":[{"resource":"*","mode":"editor"},"admin"]}`)
	f.Add(`{"sub":"\ud800","exp":1e400,"tenant":{},"iat":-1,"aud":[null],"nbf":1.7e9}`)
	v := newVerifier(Settings{})
	f.Fuzz(func(t *testing.T, text string) {
		var payload jwt.MapClaims
		if json.Unmarshal([]byte(text), &payload) != nil {
			return
		}
		now := time.Unix(1_800_000_000, 0)
		id, err := v.identity(payload, now)
		if err != nil {
			if _, ok := errors.AsType[*Refusal](err); !ok {
				t.Fatalf("no refusal but %v", err)
			}
			return
		}
		_, userErr := collab.ParseUserID(string(id.User))
		_, tenantErr := collab.ParseTenant(string(id.Tenant))
		if userErr != nil || tenantErr != nil || !id.Expires.After(now) || len(id.Name) > maxNameBytes {
			t.Fatalf("%s makes %+v", text, id)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	v, text := newVerifier(Settings{}), token(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), text); err != nil {
			b.Fatal(err)
		}
	}
}
