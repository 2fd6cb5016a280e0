package testkit

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// devKey is the key pair of all gateways that these tests start. Making one takes long, and each would make its own.
var devKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

const devKeyFile = "corsia-dev.pem"

// putKey gives a gateway's folder the key, unless it has one.
func putKey(dir string) error {
	path := filepath.Join(dir, devKeyFile)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	key, err := devKey()
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode the key: %w", err)
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// KeyFile returns the path of the private key that signs the gateway's tokens.
func (g *Gateway) KeyFile() string { return filepath.Join(g.Dir, devKeyFile) }

// Token returns a token of a user. Its name carries Marker, as no log may show names. Claims replace the usual ones; nil
// takes one away.
func (g *Gateway) Token(user string, claims ...Fields) string {
	all := Fields{"userId": user, "name": "Dr " + Marker + " " + user, "role": "nurse", "exp": time.Now().Add(time.Hour).Unix(),
		"iat": time.Now().Unix()}
	for _, c := range claims {
		maps.Copy(all, c)
	}
	for name, value := range all {
		if value == nil {
			delete(all, name)
		}
	}
	return Sign(Fields{"alg": "RS256", "typ": "JWT"}, all, rs256)
}

// Key returns the private key of all gateways.
func Key(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := devKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rs256(input []byte) []byte {
	key, err := devKey()
	if err != nil {
		panic(err) // no key, no tests
	}
	return RS256(key)(input)
}

// RS256 returns the signing function of a key.
func RS256(key *rsa.PrivateKey) func(input []byte) []byte {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			panic(err) // a key of 2048 bits signs
		}
		return signature
	}
}

// Sign returns a token with any header and claims, signed by any means: also one that nobody should accept.
func Sign(header, claims Fields, sign func(input []byte) []byte) string {
	input := segment(header) + "." + segment(claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(input)))
}

func segment(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(err) // the tests' own maps
	}
	return base64.RawURLEncoding.EncodeToString(encoded)
}
