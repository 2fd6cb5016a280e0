package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// devKeyFile is the name of the development key's file in its folder.
const devKeyFile = "corsia-dev.pem"

// maxKeyFileBytes bounds the file that is read back; a key of 2048 bits takes 1.7 KB.
const maxKeyFileBytes = 64 << 10

// DevKeys are the key pair of one installation, for development alone: who can read its file can be anybody.
// Production refuses it (SPEC 1, ENV).
type DevKeys struct {
	StaticKeys // the public key, under its own kid alone
	kid        string
	private    *rsa.PrivateKey
}

// OpenDevKeys loads the key pair kept in folder, and makes it first if there is none: RSA 2048 in a file of mode 0600.
// Of two processes that start at once, one makes it and both load it. A file that others can read is refused.
func OpenDevKeys(folder string) (*DevKeys, error) {
	path := filepath.Join(folder, devKeyFile)
	keys, err := loadDevKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if err := makeDevKeys(path); err != nil {
		return nil, fmt.Errorf("make development key: %w", err)
	}
	return loadDevKeys(path)
}

func loadDevKeys(path string) (*DevKeys, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open development key: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("development key: %w", err)
	}
	if mode := info.Mode(); !mode.IsRegular() {
		return nil, fmt.Errorf("development key %s is not a file", path)
	} else if mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" { // which has no such bits
		return nil, fmt.Errorf("development key %s can be read by others (mode %04o): delete it, and a new one is made", path, mode.Perm())
	}
	data, err := io.ReadAll(io.LimitReader(file, maxKeyFileBytes))
	if err != nil {
		return nil, fmt.Errorf("read development key: %w", err)
	}
	private, err := parsePrivate(data)
	if err != nil {
		return nil, fmt.Errorf("development key %s is damaged (delete it, and a new one is made): %w", path, err)
	}
	kid := thumbprint(&private.PublicKey)
	return &DevKeys{StaticKeys: StaticKeys{{kid, &private.PublicKey}}, kid: kid, private: private}, nil
}

func parsePrivate(data []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("no RSA key but a %T", parsed)
	}
	if _, err := usable(&private.PublicKey); err != nil {
		return nil, fmt.Errorf("key %w", err)
	}
	return private, nil
}

// makeDevKeys writes a new key under another name and links it to path, so that the file is whole from the moment it is
// there, and one that another process made meanwhile stays.
func makeDevKeys(path string) error {
	private, err := rsa.GenerateKey(rand.Reader, minKeyBits)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".corsia-dev-*.pem") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // after the rename there is nothing to remove
	err = pem.Encode(file, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	err = os.Link(file.Name(), path)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil { // a file system without links: the last writer's key stays
		return os.Rename(file.Name(), path)
	}
	return nil
}

// thumbprint returns the kid of a key, a hash of it.
func thumbprint(public *rsa.PublicKey) string {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(public))
	return "dev-" + base64.RawURLEncoding.EncodeToString(sum[:12])
}
