package auth

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/MicahParks/jwkset"
)

// minKeyBits is the least size of a key (A2).
const minKeyBits = 2048

// maxKeys bounds a key set, and with it the work that a token without kid can cause.
const maxKeys = 64

// ErrUnknownKey says that no key can have signed a token with such a kid.
var ErrUnknownKey = errors.New("no key of that id")

// KeySource finds the keys that may have signed a token.
type KeySource interface {
	// Keys returns the keys of that kid and those that have none; all keys when kid is empty. It returns ErrUnknownKey
	// when there are none.
	Keys(ctx context.Context, kid string) ([]*rsa.PublicKey, error)
}

// StaticKeys are keys that were given at start. They do not change.
type StaticKeys []key

// key is a public key of at least minKeyBits; kid is empty for one from a PEM file.
type key struct {
	kid    string
	public *rsa.PublicKey
}

// Keys returns the keys for a kid (KeySource).
func (s StaticKeys) Keys(_ context.Context, kid string) ([]*rsa.PublicKey, error) {
	var found []*rsa.PublicKey
	for _, k := range s {
		if kid == "" || k.kid == "" || k.kid == kid {
			found = append(found, k.public)
		}
	}
	if len(found) == 0 {
		return nil, ErrUnknownKey
	}
	return found, nil
}

// LoadKeys reads JWT_KEYS: PEM files and JWKS files, separated by commas. Its error names every file that is wrong.
func LoadKeys(list string) (StaticKeys, error) {
	var keys StaticKeys
	var wrong []error
	for path := range strings.SplitSeq(list, ",") {
		if path = strings.TrimSpace(path); path == "" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("read key file: %w", err))
			continue
		}
		more, err := ParseKeys(data)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("key file %s: %w", path, err))
			continue
		}
		keys = append(keys, more...)
	}
	if len(wrong) == 0 && len(keys) == 0 {
		wrong = append(wrong, errors.New("no key file is named"))
	}
	if len(keys) > maxKeys {
		wrong = append(wrong, fmt.Errorf("%d keys are more than %d", len(keys), maxKeys))
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return keys, nil
}

// ParseKeys reads public keys: a JWKS if the text begins with a brace, else PEM blocks of public keys or certificates.
func ParseKeys(data []byte) (StaticKeys, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return parseJWKS(data)
	}
	var keys StaticKeys
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		public, err := parseBlock(block)
		if err != nil {
			return nil, fmt.Errorf("PEM block %q: %w", block.Type, err)
		}
		keys = append(keys, key{public: public})
	}
	if len(keys) == 0 {
		return nil, errors.New("neither a JWKS nor a PEM block")
	}
	return keys, nil
}

func parseBlock(block *pem.Block) (*rsa.PublicKey, error) {
	if strings.Contains(block.Type, "PRIVATE KEY") {
		return nil, errors.New("is a private key: the gateway verifies tokens and is given the public key alone")
	}
	var parsed any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		parsed, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		parsed, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			parsed = certificate.PublicKey
		}
	default:
		err = errors.New("is not a public key")
	}
	if err != nil {
		return nil, err
	}
	return usable(parsed)
}

// usable returns the key if A2 allows it.
func usable(parsed any) (*rsa.PublicKey, error) {
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("is no RSA key but a %T", parsed)
	}
	if bits := public.N.BitLen(); bits < minKeyBits {
		return nil, fmt.Errorf("has %d bits, fewer than %d", bits, minKeyBits)
	}
	if public.E < 3 || public.E&1 == 0 || public.N.Bit(0) == 0 {
		return nil, errors.New("is no valid RSA key")
	}
	return public, nil
}

// parseJWKS returns the keys of a set that can verify RS256. A provider's set may hold others, for encryption or other
// algorithms: they are passed over. A set without any usable key is an error.
func parseJWKS(data []byte) (StaticKeys, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("JWKS: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("JWKS: %d keys are more than %d", len(set.Keys), maxKeys)
	}
	var keys StaticKeys
	var passedOver []error
	for i, raw := range set.Keys {
		k, err := parseJWK(raw)
		if err != nil {
			passedOver = append(passedOver, fmt.Errorf("key %d %w", i+1, err))
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("JWKS: no RS256 key of %d bits or more: %w", minKeyBits, errors.Join(passedOver...))
	}
	return keys, nil
}

func parseJWK(raw json.RawMessage) (key, error) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &m); err != nil {
		return key{}, fmt.Errorf("is no JWK: %w", err)
	}
	switch {
	case m.KTY != jwkset.KtyRSA:
		return key{}, errors.New("is of another type than RSA")
	case m.USE != "" && m.USE != jwkset.UseSig:
		return key{}, errors.New("is not for signatures")
	case m.ALG != "" && m.ALG != jwkset.AlgRS256:
		return key{}, errors.New("is for another algorithm than RS256")
	case len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify):
		return key{}, errors.New("is not for verifying")
	}
	// Only n and e count: certificates (x5c, x5u) in a key are neither read nor fetched.
	m = jwkset.JWKMarshal{KTY: m.KTY, KID: m.KID, N: m.N, E: m.E}
	k, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return key{}, fmt.Errorf("is no RSA key: %w", err)
	}
	public, err := usable(k.Key())
	if err != nil {
		return key{}, err
	}
	return key{m.KID, public}, nil
}
