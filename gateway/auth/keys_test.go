package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func pkix(t testing.TB, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// jwk returns a key of a JWKS; more are further members, each with a comma before it.
func jwk(kid string, public *rsa.PublicKey, more string) string {
	return fmt.Sprintf(`{"kty":"RSA","kid":%q,"n":%q,"e":%q%s}`, kid, base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()), more)
}

func jwks(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

func TestA2ParseKeys(t *testing.T) {
	public := &ours().PublicKey
	certificate, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
	}, &x509.Certificate{SerialNumber: big.NewInt(1)}, public, ours())
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	short := newKey(1024)
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	const none = "no RS256 key of 2048 bits or more"
	tests := []struct {
		name, text string
		kids       string // of the keys found, "-" for none
		wantErr    string
	}{
		{"public key", string(pkix(t, public)), "-", ""},
		{"two, with text around", "ours\n" + string(pkix(t, public)) + "theirs\n" + string(pkix(t, &theirs().PublicKey)), "- -", ""},
		{"PKCS 1", block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(public)), "-", ""},
		{"certificate", block("CERTIFICATE", certificate), "-", ""},
		{"damaged certificate", block("CERTIFICATE", certificate[:50]), "", "CERTIFICATE"},
		{"private key", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(ours())), "", "is given the public key alone"},
		{"elliptic curve", string(pkix(t, &curve.PublicKey)), "", "is no RSA key but a *ecdsa.PublicKey"},
		{"too short", string(pkix(t, &short.PublicKey)), "", "has 1024 bits, fewer than 2048"},
		{"something else", block("MESSAGE", nil), "", "is not a public key"},
		{"no PEM", "hello", "", "neither a JWKS nor a PEM block"},
		{"empty", "", "", "neither a JWKS nor a PEM block"},
		{"JWKS", "\n " + jwks(jwk("a", public, `,"use":"sig","alg":"RS256","key_ops":["verify"]`), jwk("b", &theirs().PublicKey, "")), "a b", ""},
		{"JWKS with others between", jwks(
			`{"kty":"EC","crv":"P-256","kid":"e","x":"AA","y":"AA"}`, `{"kty":"oct","k":"AAAA"}`, `7`, jwk("enc", public, `,"use":"enc"`),
			jwk("rs512", public, `,"alg":"RS512"`), jwk("sign", public, `,"key_ops":["sign"]`), jwk("short", &short.PublicKey, ""),
			`{"kty":"RSA","kid":"noN","e":"AQAB"}`, jwk("good", public, `,"x5c":["not a certificate"],"x5u":"http://evil/x"`),
		), "good", ""},
		{"JWKS without a usable key", jwks(jwk("short", &short.PublicKey, "")), "", none + ": key 1 has 1024 bits"},
		{"JWKS with a public exponent of 1", jwks(strings.Replace(jwk("x", public, ""), `"e":"AQAB"`, `"e":"AQ"`, 1)), "", none},
		{"JWKS with an even exponent", jwks(strings.Replace(jwk("x", public, ""), `"e":"AQAB"`, `"e":"BA"`, 1)), "", none},
		{"JWKS with an endless exponent", jwks(strings.Replace(jwk("x", public, ""), `"e":"AQAB"`, `"e":"AQAAAAAAAAAAAQAB"`, 1)), "", none},
		{"no keys", `{}`, "", none},
		{"too many", jwks(strings.Split(strings.Repeat("{} ", maxKeys)+"{}", " ")...), "", "65 keys are more than 64"},
		{"no JSON", `{"keys":`, "", "JWKS:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := ParseKeys([]byte(tt.text))
			if (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Fatalf("error %v, want %q", err, tt.wantErr)
			}
			var kids []string
			for _, k := range keys {
				if k.kid == "" {
					k.kid = "-"
				}
				kids = append(kids, k.kid)
			}
			if got := strings.Join(kids, " "); got != tt.kids {
				t.Errorf("keys %q, want %q", got, tt.kids)
			}
		})
	}
}

func TestLoadKeysNamesEveryWrongFile(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain, set := file("a.pem", string(pkix(t, &ours().PublicKey))), file("b.json", jwks(jwk("b", &theirs().PublicKey, "")))
	keys, err := LoadKeys(plain + " , " + set + ",")
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	wrong := file("c.pem", "hello")
	absent := filepath.Join(folder, "absent.pem")
	if _, err := LoadKeys(strings.Join([]string{wrong, plain, absent}, ",")); err == nil ||
		!strings.Contains(err.Error(), wrong) || !strings.Contains(err.Error(), absent) {
		t.Errorf("got %v", err)
	}
	if _, err := LoadKeys(" , "); err == nil {
		t.Error("no error without a file")
	}
	if _, err := LoadKeys(strings.Repeat(plain+",", maxKeys+1)); err == nil {
		t.Error("no error for too many keys")
	}
}

func TestStaticKeysWithoutAKidServeEveryToken(t *testing.T) {
	keys := StaticKeys{{"", &ours().PublicKey}, {"a", &theirs().PublicKey}}
	for kid, want := range map[string]int{"": 2, "a": 2, "b": 1} {
		if found, err := keys.Keys(t.Context(), kid); err != nil || len(found) != want {
			t.Errorf("kid %q: %d keys, %v; want %d", kid, len(found), err, want)
		}
	}
	if _, err := keys[1:].Keys(t.Context(), "b"); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("got %v", err)
	}
}

func FuzzParseKeysGivesUsableKeysAlone(f *testing.F) {
	public := &ours().PublicKey
	for _, seed := range []string{
		jwks(jwk("a", public, "")), jwks(jwk("a", public, `,"use":"enc"`), "{}"), string(pkix(f, public)), "{", "-----BEGIN X-----",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := ParseKeys(data)
		if err == nil && len(keys) == 0 {
			t.Fatal("neither keys nor an error")
		}
		for _, k := range keys {
			if k.public.N.BitLen() < minKeyBits || k.public.E < 3 {
				t.Fatalf("key %q of %d bits, exponent %d", k.kid, k.public.N.BitLen(), k.public.E)
			}
		}
	})
}
