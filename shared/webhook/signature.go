package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tolerance is how far a signed time may be from ours, before or after (SPEC W3).
const tolerance = 300 * time.Second

// Headers of Standard Webhooks, and the names under which Svix sends them.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
	headerGitHub    = "X-Hub-Signature-256"

	maxSignatures = 32 // of one request
	maxMessageID  = 256
)

// Reasons why a request is not authenticated, for metrics and audit; the sender learns none of them.
const (
	reasonMissing   = "missing_credentials"
	reasonMalformed = "malformed_credentials"
	reasonClock     = "clock_skew"
	reasonSignature = "bad_signature"
	reasonSecret    = "wrong_secret"
	reasonMessageID = "bad_message_id"
)

// Verify reports whether a request comes from the source: an empty reason says that it does. Comparisons take the same time
// wherever two texts differ.
func (s *Source) Verify(h http.Header, body []byte, now time.Time) (reason string) {
	switch s.Profile {
	case Standard:
		return s.verifyStandard(h, body, now)
	case GitHub:
		return s.verifyGitHub(h, body)
	case Bearer:
		token, ok := credentials(h, "bearer")
		if !ok {
			return reasonMissing
		}
		return s.verifySecret([]byte(token))
	case Basic:
		encoded, ok := credentials(h, "basic")
		if !ok {
			return reasonMissing
		}
		pair, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return reasonMalformed
		}
		return s.verifySecret(pair)
	}
	return reasonMissing
}

// single returns the value of a header that is there once.
func single(h http.Header, name string) string {
	if values := h.Values(name); len(values) == 1 {
		return values[0]
	}
	return ""
}

// standardHeaders returns id, time and signatures; what is missing is empty.
func standardHeaders(h http.Header) (id, timestamp, signatures string) {
	id, timestamp, signatures = single(h, headerID), single(h, headerTimestamp), single(h, headerSignature)
	if id == "" && timestamp == "" && signatures == "" {
		return single(h, "Svix-Id"), single(h, "Svix-Timestamp"), single(h, "Svix-Signature")
	}
	return id, timestamp, signatures
}

func (s *Source) verifyStandard(h http.Header, body []byte, now time.Time) string {
	id, timestamp, signatures := standardHeaders(h)
	if id == "" || timestamp == "" || signatures == "" {
		return reasonMissing
	}
	at, ok := leadingInteger(timestamp)
	if !ok {
		return reasonMalformed
	}
	if skew := now.Unix() - at; skew > int64(tolerance/time.Second) || skew < -int64(tolerance/time.Second) {
		return reasonClock
	}
	if len(id) > maxMessageID || strings.Contains(id, ".") { // a dot would let id and time be told apart in two ways
		return reasonMessageID
	}
	given := strings.Split(signatures, " ")
	if len(given) > maxSignatures {
		return reasonMalformed
	}
	good := 0
	for _, key := range s.keys {
		want := []byte(SignStandard(key, id, at, body))
		for _, one := range given {
			version, rest, _ := strings.Cut(one, ",")
			signature, _, _ := strings.Cut(rest, ",")
			if version == "v1" {
				good |= subtle.ConstantTimeCompare([]byte("v1,"+signature), want)
			}
		}
	}
	if good != 1 {
		return reasonSignature
	}
	return ""
}

// maxUnixTime is far beyond every time, and far from overflowing.
const maxUnixTime = 1 << 50

// leadingInteger reads a whole number as JavaScript's parseInt does, which the reference implementation of Standard
// Webhooks uses: what follows the digits is not looked at. Only the number is signed.
func leadingInteger(s string) (n int64, ok bool) {
	s = strings.TrimLeft(s, " \t\r\n\v\f")
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	for i := 0; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		ok = true
		n = min(n*10+int64(s[i]-'0'), maxUnixTime)
	}
	if negative {
		n = -n
	}
	return n, ok
}

// SignStandard returns the signature of a message, "v1,…", as Standard Webhooks wants it in Webhook-Signature.
func SignStandard(key []byte, id string, unix int64, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(unix, 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Source) verifyGitHub(h http.Header, body []byte) string {
	given := single(h, headerGitHub)
	if given == "" {
		return reasonMissing
	}
	encoded, ok := strings.CutPrefix(given, "sha256=")
	sum, err := hex.DecodeString(encoded)
	if !ok || err != nil {
		return reasonMalformed
	}
	good := 0
	for _, key := range s.keys {
		good |= subtle.ConstantTimeCompare(sum, hubSum(key, body))
	}
	if good != 1 {
		return reasonSignature
	}
	return ""
}

// SignGitHub returns the value of X-Hub-Signature-256.
func SignGitHub(key, body []byte) string { return "sha256=" + hex.EncodeToString(hubSum(key, body)) }

func hubSum(key, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return mac.Sum(nil)
}

// credentials returns what stands after the scheme in the one Authorization header.
func credentials(h http.Header, scheme string) (string, bool) {
	given, rest, ok := strings.Cut(single(h, "Authorization"), " ")
	rest = strings.TrimSpace(rest)
	return rest, ok && rest != "" && strings.EqualFold(given, scheme)
}

// verifySecret compares hashes, so that lengths are not told either.
func (s *Source) verifySecret(given []byte) string {
	sum, good := sha256.Sum256(given), 0
	for _, key := range s.keys {
		want := sha256.Sum256(key)
		good |= subtle.ConstantTimeCompare(sum[:], want[:])
	}
	if good != 1 {
		return reasonSecret
	}
	return ""
}
