package app

import (
	"errors"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/privacy"
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
	InstanceAddr   string // host:port where other instances reach this one; empty: the address that it listens on
	ClusterKey     string // secret that the instances share; empty: no requests are passed on (SPEC C3)
	TrustedProxies []netip.Prefix

	JWTKeys     []string // files: PEM or JWKS
	JWKSURL     string
	JWTIssuer   string
	JWTAudience string

	AuditKey       string        // private half of the key that signs checkpoints; empty: this installation's own (SPEC T4)
	AuditRetention time.Duration // after which archived rows leave the store; 0: never (SPEC T5)

	JournalRetention time.Duration // after which rows of journals are removed; 0: never (SPEC O7)

	AllowedOrigins []string
	RolePolicy     string // file
	WebhookSources string // file, or what is in it (SPEC W1)

	PingInterval     time.Duration
	PingTimeout      time.Duration
	LockTTL          time.Duration
	SessionTTL       time.Duration
	ActivityTTL      time.Duration
	ResumeGrace      time.Duration // how long a session outlives its transport (SPEC C11)
	RedisGrace       time.Duration // how long operations wait for the state driver (SPEC F1)
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
	"ADDR", "ENV", "STORE_URL", "STATE_URL", "BUS_URL", "ARCHIVE_URL", "INSTANCE_ID", "INSTANCE_ADDR",
	"CLUSTER_KEY", "TRUSTED_PROXIES", "JWT_KEYS", "JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE", "AUDIT_KEY", "AUDIT_RETENTION", "JOURNAL_RETENTION", "ALLOWED_ORIGINS",
	"ROLE_POLICY", "WEBHOOK_SOURCES", "PING_INTERVAL", "PING_TIMEOUT", "LOCK_TTL", "SESSION_TTL", "ACTIVITY_TTL", "RESUME_GRACE",
	"REDIS_GRACE", "COMPACT_AFTER", "BREAKER_THRESHOLD", "MAX_MESSAGES_PER_SECOND", "MAX_SESSIONS_PER_USER",
	"MAX_ROOMS_PER_SESSION", "MAX_OUTBOX_BYTES", "MAX_UPDATE_BYTES", "MAX_DOCUMENT_BYTES", "LOG_LEVEL",
}

// Load reads the configuration. Its error names every wrong value at once, without the values: they may be secret.
func Load(getenv func(string) string) (Config, error) {
	r := reader{getenv: getenv}
	c := Config{
		Addr:           r.address("ADDR", "127.0.0.1:8080"),
		Production:     r.oneOf("ENV", "development", "development", "production") == "production",
		StoreURL:       r.text("STORE_URL", "sqlite:corsia.db"),
		StateURL:       r.text("STATE_URL", "inproc:"),
		BusURL:         r.text("BUS_URL", "inproc:"),
		ArchiveURL:     r.text("ARCHIVE_URL", "file:archive"),
		Instance:       r.instance("INSTANCE_ID"),
		InstanceAddr:   r.address("INSTANCE_ADDR", ""),
		ClusterKey:     r.secret("CLUSTER_KEY"),
		TrustedProxies: r.networks("TRUSTED_PROXIES"),
		JWTKeys:        r.files("JWT_KEYS"),
		JWKSURL:        r.webURL("JWKS_URL"),
		JWTIssuer:      r.text("JWT_ISSUER", ""),
		JWTAudience:    r.text("JWT_AUDIENCE", ""),
		AuditKey:       r.auditKey("AUDIT_KEY"),
		AuditRetention: r.retention("AUDIT_RETENTION", audit.ParseRetention),
		AllowedOrigins: r.origins("ALLOWED_ORIGINS"),
		RolePolicy:     r.file("ROLE_POLICY"),
		WebhookSources: r.document("WEBHOOK_SOURCES"),

		JournalRetention: r.retention("JOURNAL_RETENTION", privacy.ParseJournalRetention),

		PingInterval:     r.duration("PING_INTERVAL", 30*time.Second),
		PingTimeout:      r.duration("PING_TIMEOUT", 30*time.Second),
		LockTTL:          r.duration("LOCK_TTL", 30*time.Second),
		SessionTTL:       r.duration("SESSION_TTL", time.Hour),
		ActivityTTL:      r.duration("ACTIVITY_TTL", 5*time.Minute),
		ResumeGrace:      r.duration("RESUME_GRACE", 5*time.Second),
		RedisGrace:       r.duration("REDIS_GRACE", 10*time.Second),
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
	c.checkDrivers(r)
	if c.JWKSURL != "" && len(c.JWTKeys) > 0 {
		r.fail("JWKS_URL", "and JWT_KEYS exclude each other")
	}
	if !c.Production {
		return
	}
	if c.JWKSURL == "" && len(c.JWTKeys) == 0 {
		r.fail("JWT_KEYS", "is missing: ENV=production refuses development keys")
	}
	if c.AuditKey == "" {
		r.fail("AUDIT_KEY", "is missing: ENV=production refuses development keys")
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
	if c.ClusterKey == "" {
		r.fail("CLUSTER_KEY", "is required by ENV=production: its instances pass requests on to each other")
	}
}

// checkDrivers judges the URLs of the drivers by their schemes. What stands behind the scheme of a service is judged by
// its driver.
func (c *Config) checkDrivers(r *reader) {
	for _, d := range []struct {
		name, value        string
		embedded, services string // schemes
		file               bool   // the embedded driver keeps a file or a folder
	}{
		{"STORE_URL", c.StoreURL, "sqlite", "postgres", true}, {"STATE_URL", c.StateURL, "inproc", "redis rediss", false},
		{"BUS_URL", c.BusURL, "inproc", "amqp amqps", false}, {"ARCHIVE_URL", c.ArchiveURL, "file", "s3", true},
	} {
		scheme, rest, ok := strings.Cut(d.value, ":")
		switch {
		case ok && scheme == d.embedded:
			if d.file && rest == "" {
				r.fail(d.name, "names no file")
			} else if c.Production {
				r.fail(d.name, "names an embedded driver, which ENV=production refuses")
			}
		case !ok || !slices.Contains(strings.Fields(d.services), scheme):
			r.fail(d.name, "has none of the schemes "+strings.TrimSpace(d.embedded+" "+d.services))
		case serviceHost(d.value) == "":
			r.fail(d.name, "names no host")
		case c.Production && !encrypted(d.value):
			r.fail(d.name, "is not encrypted, which ENV=production refuses")
		case c.Production && unlocked(d.value):
			r.fail(d.name, "leaves the audit trail without locks, which ENV=production refuses")
		}
	}
}

func serviceHost(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// encrypted reports whether a connection to the service of a URL is always encrypted.
func encrypted(rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "postgres":
		return slices.Contains([]string{"require", "verify-ca", "verify-full"}, u.Query().Get("sslmode"))
	case "s3":
		endpoint := u.Query().Get("endpoint")
		return endpoint == "" || strings.HasPrefix(endpoint, "https:")
	default:
		return u.Scheme == "rediss" || u.Scheme == "amqps"
	}
}

// unlocked reports whether an archive is a bucket whose objects are not locked (SPEC T5).
func unlocked(rawURL string) bool {
	u, err := url.Parse(rawURL)
	return err == nil && u.Scheme == "s3" && u.Query().Get("lock") == "none"
}

// Development reports whether tokens are verified with this installation's own key pair.
func (c *Config) Development() bool { return !c.Production && c.JWKSURL == "" && len(c.JWTKeys) == 0 }

// KeyFolder is where the development key pair lies: beside the store's file, else in the working folder.
func (c *Config) KeyFolder() string {
	if path, embedded := strings.CutPrefix(c.StoreURL, "sqlite:"); embedded {
		return filepath.Dir(path)
	}
	return "."
}
