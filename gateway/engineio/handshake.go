package engineio

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Handshake is what a socket remembers of the request that opened it.
type Handshake struct {
	RemoteAddr    string // as told by Options.ClientAddress
	Origin        string
	UserAgent     string
	Authorization string // forgotten by ForgetAuthorization
}

// Refusal is an error of Options.Admit that chooses the HTTP answer.
type Refusal struct {
	Status     int           // 0 means 503
	Message    string        // shown to the client
	RetryAfter time.Duration // 0 means no Retry-After header
}

// Error returns the message.
func (e *Refusal) Error() string { return e.Message }

// protocolError is the JSON body of a refused request.
type protocolError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

var (
	errTransport = protocolError{0, "Transport unknown"}
	errUnknownID = protocolError{1, "Session ID unknown"}
	errMethod    = protocolError{2, "Bad handshake method"}
	errRequest   = protocolError{3, "Bad request"}
	errForbidden = protocolError{4, "Forbidden"}
	errVersion   = protocolError{5, "Unsupported protocol version"}
)

// guardAnswer keeps browsers from taking an answer for anything but the data of a script.
func guardAnswer(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

func writeError(w http.ResponseWriter, status int, e protocolError) {
	body, _ := json.Marshal(e) // cannot fail: an int and a string
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone, nothing depends on it
}

// writeRefusal answers a handshake that err refuses.
func writeRefusal(w http.ResponseWriter, err error) {
	refusal := &Refusal{Message: err.Error()}
	errors.As(err, &refusal)
	status := refusal.Status
	if status == 0 {
		status = http.StatusServiceUnavailable
	}
	if refusal.RetryAfter > 0 {
		seconds := (refusal.RetryAfter + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	writeError(w, status, protocolError{errForbidden.Code, refusal.Message})
}

// NewID returns 120 random bits as 20 characters of URL-safe base64.
func NewID() string {
	var raw [15]byte
	_, _ = rand.Read(raw[:]) // never returns an error
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// admit asks Options.Admit; when it refuses, the request has been answered.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) bool {
	if err := s.opts.Admit(r); err != nil {
		writeRefusal(w, err)
		return false
	}
	return true
}

func (s *Server) handshake(r *http.Request) Handshake {
	return Handshake{
		RemoteAddr:    s.opts.ClientAddress(r),
		Origin:        r.Header.Get("Origin"),
		UserAgent:     r.UserAgent(),
		Authorization: r.Header.Get("Authorization"),
	}
}

// openPacket returns the payload of the open packet.
func (s *Server) openPacket(sid string, upgrades ...string) []byte {
	body, _ := json.Marshal(struct { // cannot fail: strings and numbers
		SID          string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int64    `json:"maxPayload"`
	}{sid, append([]string{}, upgrades...), s.opts.PingInterval.Milliseconds(), s.opts.PingTimeout.Milliseconds(), s.opts.MaxPayload})
	return body
}

// allowOrigin checks the Origin header (C9) and sets the CORS headers of the
// answer. A request without the header comes from no browser and is allowed.
func (s *Server) allowOrigin(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if !s.opts.AllowOrigin(r, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	return true
}

// preflightMaxAge is how long, in seconds, a browser may remember a preflight.
const preflightMaxAge = "600"

func answerPreflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Max-Age", preflightMaxAge)
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
		h.Add("Vary", "Access-Control-Request-Headers")
	}
	w.WriteHeader(http.StatusNoContent)
}

// SameOrigin is the default of Options.AllowOrigin.
func SameOrigin(r *http.Request, origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// peerAddress is the default of Options.ClientAddress.
func peerAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
