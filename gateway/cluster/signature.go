package cluster

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"corsia/shared/collab"
)

// The headers of a passed-on request. Any of them makes a request one that must be signed.
const (
	headerPrefix  = "Corsia-Forwarded-"
	headerTo      = headerPrefix + "To"  // instance, base64url
	headerFor     = headerPrefix + "For" // the client's address
	headerAt      = headerPrefix + "At"  // ms since 1970
	headerMAC     = headerPrefix + "Mac" // HMAC-SHA-256, base64url
	macContext    = "corsia passes a request on, 1"
	maxSkew       = 30 * time.Second
	minKeyBytes   = 32
	sha256MACSize = sha256.Size
)

// forwarding is what a signature says beside the request itself: to whom, for whom, when.
type forwarding struct {
	to      collab.InstanceID
	address string
	at      time.Time
}

var (
	errKeyShort  = errors.New("the cluster's key is shorter than 32 bytes")
	errHeaders   = errors.New("its headers are incomplete")
	errTarget    = errors.New("it is for another instance")
	errSkew      = errors.New("it is too old, or clocks differ")
	errSignature = errors.New("its signature is wrong")
)

// mac authenticates a request: every part with its length, so that none can pass for a piece of another.
func (f forwarding) mac(key []byte, method, uri string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	sum := sha256.Sum256(body)
	for _, part := range []string{macContext, method, uri, string(sum[:]), f.address, string(f.to), f.millis()} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

func (f forwarding) millis() string { return strconv.FormatInt(f.at.UnixMilli(), 10) }

// sign adds the headers of a request that is passed on.
func (f forwarding) sign(h http.Header, key []byte, method, uri string, body []byte) {
	h.Set(headerTo, base64.RawURLEncoding.EncodeToString([]byte(f.to)))
	h.Set(headerFor, f.address)
	h.Set(headerAt, f.millis())
	h.Set(headerMAC, base64.RawURLEncoding.EncodeToString(f.mac(key, method, uri, body)))
}

// isForwarded reports whether a request claims to have been passed on.
func isForwarded(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, headerPrefix) {
			return true
		}
	}
	return false
}

// unsigned removes the headers again.
func unsigned(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, headerPrefix) {
			delete(h, name)
		}
	}
}

// claim reads the headers and judges what needs no body: that they are complete, meant for this instance, and recent.
func claim(h http.Header, me collab.InstanceID, now time.Time) (f forwarding, mac []byte, err error) {
	for _, name := range []string{headerTo, headerFor, headerAt, headerMAC} {
		if len(h[name]) != 1 {
			return f, nil, errHeaders
		}
	}
	to, err1 := strict.DecodeString(h.Get(headerTo))
	mac, err2 := strict.DecodeString(h.Get(headerMAC))
	ms, err3 := strconv.ParseInt(h.Get(headerAt), 10, 64)
	if errors.Join(err1, err2, err3) != nil || len(mac) != sha256MACSize {
		return f, nil, errHeaders
	}
	f = forwarding{to: collab.InstanceID(to), address: h.Get(headerFor), at: time.UnixMilli(ms)}
	if f.to != me {
		return f, nil, errTarget
	}
	if skew := now.Sub(f.at); skew > maxSkew || skew < -maxSkew {
		return f, nil, errSkew
	}
	return f, mac, nil
}

// verify compares the signature with the request as it came.
func (f forwarding) verify(key, mac []byte, method, uri string, body []byte) error {
	if !hmac.Equal(mac, f.mac(key, method, uri, body)) {
		return errSignature
	}
	return nil
}
