package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"corsia/shared/collab"
)

// Config is everything that can be set, by environment variables or by flags of the same names (SPEC 1).
type Config struct {
	Addr       string
	Production bool

	StoreURL   string
	StateURL   string
	BusURL     string
	ArchiveURL string

	Instance       collab.InstanceID
	TrustedProxies []netip.Prefix

	JWTKeys     []string // files: PEM or JWKS
	JWKSURL     string
	JWTIssuer   string
	JWTAudience string

	AllowedOrigins []string
	RolePolicy     string // file

	PingInterval     time.Duration
	PingTimeout      time.Duration
	LockTTL          time.Duration
	SessionTTL       time.Duration
	ActivityTTL      time.Duration
	CompactAfter     time.Duration
	BreakerThreshold int

	MessagesPerSecond int
	SessionsPerUser   int
	RoomsPerSession   int
	OutboxBytes       int
	UpdateBytes       int
	DocumentBytes     int

	LogLevel string
}

// Settings are the names of all variables that Load reads, in the order of the documentation. A flag has the same name
// in lower case with dashes.
var Settings = []string{
	"ADDR", "ENV", "STORE_URL", "STATE_URL", "BUS_URL", "ARCHIVE_URL", "INSTANCE_ID", "TRUSTED_PROXIES", "JWT_KEYS",
	"JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE", "ALLOWED_ORIGINS", "ROLE_POLICY", "PING_INTERVAL", "PING_TIMEOUT",
	"LOCK_TTL", "SESSION_TTL", "ACTIVITY_TTL", "COMPACT_AFTER", "BREAKER_THRESHOLD", "MAX_MESSAGES_PER_SECOND",
	"MAX_SESSIONS_PER_USER", "MAX_ROOMS_PER_SESSION", "MAX_OUTBOX_BYTES", "MAX_UPDATE_BYTES", "MAX_DOCUMENT_BYTES",
	"LOG_LEVEL",
}

// Load reads the configuration. Its error names every wrong value at once, without the values: they may be secret.
func Load(getenv func(string) string) (Config, error) {
	r := reader{getenv: getenv}
	c := Config{
		Addr:           r.text("ADDR", "127.0.0.1:8080"),
		Production:     r.oneOf("ENV", "development", "development", "production") == "production",
		StoreURL:       r.text("STORE_URL", "sqlite:corsia.db"),
		StateURL:       r.text("STATE_URL", "inproc:"),
		BusURL:         r.text("BUS_URL", "inproc:"),
		ArchiveURL:     r.text("ARCHIVE_URL", "file:archive"),
		Instance:       r.instance("INSTANCE_ID"),
		TrustedProxies: r.networks("TRUSTED_PROXIES"),
		JWTKeys:        r.files("JWT_KEYS"),
		JWKSURL:        r.webURL("JWKS_URL"),
		JWTIssuer:      r.text("JWT_ISSUER", ""),
		JWTAudience:    r.text("JWT_AUDIENCE", ""),
		AllowedOrigins: r.origins("ALLOWED_ORIGINS"),
		RolePolicy:     r.file("ROLE_POLICY"),

		PingInterval:     r.duration("PING_INTERVAL", 30*time.Second),
		PingTimeout:      r.duration("PING_TIMEOUT", 30*time.Second),
		LockTTL:          r.duration("LOCK_TTL", 30*time.Second),
		SessionTTL:       r.duration("SESSION_TTL", time.Hour),
		ActivityTTL:      r.duration("ACTIVITY_TTL", 5*time.Minute),
		CompactAfter:     r.duration("COMPACT_AFTER", 5*time.Second),
		BreakerThreshold: r.number("BREAKER_THRESHOLD", 5, 1, 1000),

		MessagesPerSecond: r.number("MAX_MESSAGES_PER_SECOND", 200, 1, 1_000_000),
		SessionsPerUser:   r.number("MAX_SESSIONS_PER_USER", 10, 1, 1_000_000),
		RoomsPerSession:   r.number("MAX_ROOMS_PER_SESSION", 64, 1, 10_000),
		OutboxBytes:       r.number("MAX_OUTBOX_BYTES", 1<<20, 64<<10, 1<<30),
		UpdateBytes:       r.number("MAX_UPDATE_BYTES", 921600, 1<<10, maxUpdateBytes),
		DocumentBytes:     r.number("MAX_DOCUMENT_BYTES", 16<<20, 64<<10, 1<<30),

		LogLevel: r.oneOf("LOG_LEVEL", "info", "debug", "info", "warn", "error"),
	}
	c.check(&r)
	return c, errors.Join(r.wrong...)
}

// check judges values that depend on each other.
func (c *Config) check(r *reader) {
	if _, port, err := net.SplitHostPort(c.Addr); err != nil {
		r.fail("ADDR", "is not host:port")
	} else if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		r.fail("ADDR", "has a port that is no number up to 65535")
	}
	for _, u := range []struct{ name, value, schemes string }{
		{"STORE_URL", c.StoreURL, "sqlite"}, {"STATE_URL", c.StateURL, "inproc"},
		{"BUS_URL", c.BusURL, "inproc"}, {"ARCHIVE_URL", c.ArchiveURL, "file"},
	} {
		scheme, rest, ok := strings.Cut(u.value, ":")
		switch {
		case !ok || !strings.Contains(" "+u.schemes+" ", " "+scheme+" "):
			r.fail(u.name, "has none of the schemes "+u.schemes)
		case rest == "" && scheme != "inproc":
			r.fail(u.name, "names no file")
		case c.Production:
			r.fail(u.name, "names an embedded driver, which ENV=production refuses")
		}
	}
	if c.JWKSURL != "" && len(c.JWTKeys) > 0 {
		r.fail("JWKS_URL", "and JWT_KEYS exclude each other")
	}
	if !c.Production {
		return
	}
	if c.JWKSURL == "" && len(c.JWTKeys) == 0 {
		r.fail("JWT_KEYS", "is missing: ENV=production refuses development keys")
	}
	if c.JWTIssuer == "" {
		r.fail("JWT_ISSUER", "is required by ENV=production")
	}
	if c.JWTAudience == "" {
		r.fail("JWT_AUDIENCE", "is required by ENV=production")
	}
	if strings.HasPrefix(c.JWKSURL, "http:") {
		r.fail("JWKS_URL", "is not encrypted, which ENV=production refuses")
	}
}

// Development reports whether tokens are verified with this installation's own key pair.
func (c *Config) Development() bool { return !c.Production && c.JWKSURL == "" && len(c.JWTKeys) == 0 }

// KeyFolder is where the development key pair lies: beside the store.
func (c *Config) KeyFolder() string { return filepath.Dir(c.storePath()) }

func (c *Config) storePath() string { return strings.TrimPrefix(c.StoreURL, "sqlite:") }

func (c *Config) archivePath() string { return strings.TrimPrefix(c.ArchiveURL, "file:") }

// reader reads values and gathers what is wrong with them.
type reader struct {
	getenv func(string) string
	wrong  []error
}

func (r *reader) fail(name, why string) { r.wrong = append(r.wrong, fmt.Errorf("%s %s", name, why)) }

func (r *reader) text(name, fallback string) string {
	if v := strings.TrimSpace(r.getenv(name)); v != "" {
		return v
	}
	return fallback
}

// instance returns a name that fits into keys and logs.
func (r *reader) instance(name string) collab.InstanceID {
	v := r.text(name, string(collab.NewInstanceID()))
	if len(v) > maxInstanceBytes || strings.ContainsFunc(v, func(c rune) bool { return c <= ' ' || c > '~' }) {
		r.fail(name, fmt.Sprintf("is not up to %d characters without spaces", maxInstanceBytes))
	}
	return collab.InstanceID(v)
}

const (
	maxInstanceBytes = 64
	maxUpdateBytes   = 1_000_000 // what fits into a message of 1 MiB (SPEC C2) beside its other fields
)

func (r *reader) oneOf(name, fallback string, allowed ...string) string {
	v := r.text(name, fallback)
	for _, a := range allowed {
		if v == a {
			return v
		}
	}
	r.fail(name, "is none of "+strings.Join(allowed, ", "))
	return fallback
}

func (r *reader) duration(name string, fallback time.Duration) time.Duration {
	v := r.text(name, "")
	if v == "" {
		return fallback
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Millisecond || d > 366*24*time.Hour {
		r.fail(name, "is not a duration such as 30s")
		return fallback
	}
	return d
}

func (r *reader) number(name string, fallback, low, high int) int {
	v := r.text(name, "")
	if v == "" {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		r.fail(name, fmt.Sprintf("is not a whole number from %d to %d", low, high))
		return fallback
	}
	return n
}

func (r *reader) list(name string) []string {
	var out []string
	for v := range strings.SplitSeq(r.getenv(name), ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

func (r *reader) networks(name string) []netip.Prefix {
	var out []netip.Prefix
	for _, v := range r.list(name) {
		p, err := netip.ParsePrefix(v)
		if err != nil {
			addr, addrErr := netip.ParseAddr(v)
			if addrErr != nil {
				r.fail(name, "has an entry that is no network such as 10.0.0.0/16")
				continue
			}
			p = netip.PrefixFrom(addr, addr.BitLen())
		}
		out = append(out, p.Masked())
	}
	return out
}

func (r *reader) origins(name string) []string {
	var out []string
	for _, v := range r.list(name) {
		u, err := url.Parse(v)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || v != u.Scheme+"://"+u.Host || u.Hostname() == "" {
			r.fail(name, "has an entry that is no origin such as https://emr.example")
			continue
		}
		out = append(out, strings.ToLower(v)) // as browsers send it
	}
	return out
}

func (r *reader) webURL(name string) string {
	v := r.text(name, "")
	if v == "" {
		return ""
	}
	if u, err := url.Parse(v); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		r.fail(name, "is no http or https URL")
	}
	return v
}

func (r *reader) file(name string) string {
	v := r.text(name, "")
	if v != "" {
		r.readable(name, v)
	}
	return v
}

func (r *reader) files(name string) []string {
	all := r.list(name)
	for _, v := range all {
		r.readable(name, v)
	}
	return all
}

func (r *reader) readable(name, path string) {
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		r.fail(name, "names a file that cannot be read")
	}
}
