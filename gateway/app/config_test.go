package app

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// env is an environment for Load.
func env(settings ...string) func(string) string {
	values := map[string]string{}
	for i := 0; i < len(settings); i += 2 {
		values[settings[i]] = settings[i+1]
	}
	return func(name string) string { return values[name] }
}

func TestConfigurationHasTheDefaultsOfTheSpecification(t *testing.T) { // SPEC 1
	c, err := Load(env())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(c.Instance), "i_") {
		t.Errorf("instance %q, want a random one", c.Instance)
	}
	c.Instance = ""
	want := Config{Addr: "127.0.0.1:8080", StoreURL: "sqlite:corsia.db", StateURL: "inproc:", BusURL: "inproc:", ArchiveURL: "file:archive",
		PingInterval: 30 * time.Second, PingTimeout: 30 * time.Second, LockTTL: 30 * time.Second, SessionTTL: time.Hour, ActivityTTL: 5 * time.Minute,
		ResumeGrace: 5 * time.Second, RedisGrace: 10 * time.Second, CompactAfter: 5 * time.Second, BreakerThreshold: 5, MessagesPerSecond: 200, SessionsPerUser: 10, RoomsPerSession: 64, OutboxBytes: 1 << 20,
		AuditRetention: 400 * 24 * time.Hour, UpdateBytes: 921600, DocumentBytes: 16 << 20, LogLevel: "info"}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if !c.Development() || c.KeyFolder() != "." {
		t.Errorf("development %v with keys in %q", c.Development(), c.KeyFolder())
	}
}

func TestConfigurationReadsEverySetting(t *testing.T) { // SPEC 1
	file := filepath.Join(t.TempDir(), "keys.pem")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	values := env("ADDR", ":0", "STORE_URL", "sqlite:/var/lib/corsia/ward.db", "INSTANCE_ID", "gateway-1", "INSTANCE_ADDR", "10.0.0.7:8080",
		"CLUSTER_KEY", strings.Repeat("k", 32), "RESUME_GRACE", "1s", "REDIS_GRACE", "3s", "TRUSTED_PROXIES", "10.0.0.7/8, 192.0.2.1",
		"JWT_KEYS", file+", "+file, "JWT_ISSUER", "emr", "ALLOWED_ORIGINS", "https://EMR.example, http://localhost:3000", "LOCK_TTL", "2s",
		"MAX_ROOMS_PER_SESSION", " 3 ", "LOG_LEVEL", "debug")
	c, err := Load(func(name string) string { asked[name] = true; return values(name) })
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Settings {
		if !asked[name] {
			t.Errorf("%s is a flag that nothing reads", name)
		}
		delete(asked, name)
	}
	for name := range asked {
		t.Errorf("%s is read and is no flag", name)
	}
	if c.Addr != ":0" || c.Instance != "gateway-1" || c.LockTTL != 2*time.Second || c.RoomsPerSession != 3 || len(c.JWTKeys) != 2 || c.JWTIssuer != "emr" {
		t.Errorf("got %+v", c)
	}
	if want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32")}; !slices.Equal(c.TrustedProxies, want) {
		t.Errorf("proxies %v, want %v", c.TrustedProxies, want)
	}
	if want := []string{"https://emr.example", "http://localhost:3000"}; !slices.Equal(c.AllowedOrigins, want) {
		t.Errorf("origins %v, want %v", c.AllowedOrigins, want)
	}
	if c.Development() || c.KeyFolder() != "/var/lib/corsia" {
		t.Errorf("development %v with keys in %q", c.Development(), c.KeyFolder())
	}
}

func TestEveryWrongValueIsNamedAtOnceAndNoneIsShown(t *testing.T) { // SPEC 1, T6
	const secret = "hunter2"
	wrong := map[string][]string{
		"ADDR":                    {secret, "127.0.0.1", "127.0.0.1:" + secret, "127.0.0.1:65536"},
		"ENV":                     {secret, "Production"},
		"STORE_URL":               {secret, "mysql://root:" + secret + "@db", "sqlite:", "postgres:" + secret, "postgres://:" + secret + "@/corsia"},
		"STATE_URL":               {"memcached:" + secret, "redis:" + secret, "rediss://:" + secret + "%zz@redis:6379"},
		"BUS_URL":                 {"kafka:" + secret, "amqp:///" + secret},
		"ARCHIVE_URL":             {"ftp:" + secret, "file:", "s3:" + secret, "s3:///" + secret},
		"AUDIT_KEY":               {secret, "PRIVATE+KEY+" + secret, "PRIVATE+KEY+corsia-audit+00000000+" + secret},
		"AUDIT_RETENTION":         {secret, "47h", "400", "-9600h"},
		"JOURNAL_RETENTION":       {secret, "23h", "365", "-8760h"},
		"INSTANCE_ID":             {secret + " with spaces", strings.Repeat(secret, 10), secret + "\n"},
		"INSTANCE_ADDR":           {secret, "10.0.0.7", "10.0.0.7:" + secret},
		"CLUSTER_KEY":             {secret},
		"RESUME_GRACE":            {secret, "0s"},
		"REDIS_GRACE":             {secret},
		"TRUSTED_PROXIES":         {secret, "10.0.0.0/8," + secret, "10.0.0.0/33"},
		"JWT_KEYS":                {"/no/such/" + secret, "/tmp"},
		"JWKS_URL":                {secret, "ftp://" + secret, "https://"},
		"ALLOWED_ORIGINS":         {secret, "https://emr.example/" + secret, "https://user:" + secret + "@emr.example", "https://emr.example#" + secret, "*", "https://"},
		"ROLE_POLICY":             {"/no/such/" + secret},
		"PING_INTERVAL":           {secret, "0s", "-1s", "9999h", "30"},
		"PING_TIMEOUT":            {secret},
		"LOCK_TTL":                {secret},
		"SESSION_TTL":             {secret},
		"ACTIVITY_TTL":            {secret},
		"COMPACT_AFTER":           {secret},
		"BREAKER_THRESHOLD":       {secret, "0", "-1", "1.5"},
		"MAX_MESSAGES_PER_SECOND": {secret, "0"},
		"MAX_SESSIONS_PER_USER":   {secret, "99999999999999999999"},
		"MAX_ROOMS_PER_SESSION":   {secret, "0"},
		"MAX_OUTBOX_BYTES":        {secret, "1"},
		"MAX_UPDATE_BYTES":        {secret, "1"},
		"MAX_DOCUMENT_BYTES":      {secret, "1"},
		"LOG_LEVEL":               {secret, "verbose"},
	}
	all := []string{}
	for name, values := range wrong {
		for _, value := range values {
			if strings.TrimSpace(value) == secret && name == "INSTANCE_ID" {
				continue // trimmed, it is a name
			}
			_, err := Load(env(name, value))
			if err == nil || !strings.HasPrefix(err.Error(), name+" ") || strings.Contains(err.Error(), secret) {
				t.Errorf("%s=%q: error %v, want one that names the setting and not its value", name, value, err)
			}
		}
		all = append(all, name, values[0])
	}
	_, err := Load(env(all...))
	if err == nil {
		t.Fatal("a configuration of wrong values was taken")
	}
	for name := range wrong {
		if !strings.Contains("\n"+err.Error(), "\n"+name+" ") {
			t.Errorf("%s is not named among\n%v", name, err)
		}
	}
}

func TestProductionRefusesWhatIsForDevelopment(t *testing.T) { // SPEC 1, ENV
	_, err := Load(env("ENV", "production"))
	if err == nil {
		t.Fatal("production took the defaults")
	}
	for _, name := range []string{"STORE_URL", "STATE_URL", "BUS_URL", "ARCHIVE_URL", "CLUSTER_KEY", "JWT_KEYS", "JWT_ISSUER", "JWT_AUDIENCE", "AUDIT_KEY"} {
		if !strings.Contains("\n"+err.Error(), "\n"+name+" ") {
			t.Errorf("%s is not named among\n%v", name, err)
		}
	}
	open := []string{"ENV", "production", "STORE_URL", "postgres://db/corsia?sslmode=prefer", "STATE_URL", "redis://cache:6379", "BUS_URL", "amqp://queue",
		"ARCHIVE_URL", "s3://archive?endpoint=http://10.0.0.7:7070"}
	if _, err = Load(env(open...)); err == nil || strings.Count(err.Error(), "is not encrypted") != 4 {
		t.Errorf("services over open lines: %v", err)
	}
	sealed := []string{"ENV", "production", "STORE_URL", "postgres://db/corsia?sslmode=verify-full", "STATE_URL", "rediss://cache:6379", "BUS_URL", "amqps://queue",
		"ARCHIVE_URL", "s3://archive?region=eu-south-1"}
	if _, err = Load(env(sealed...)); err == nil || strings.Contains(err.Error(), "_URL is") || strings.Contains(err.Error(), "STORE_URL") {
		t.Errorf("services over encrypted lines: %v", err)
	}
	if _, err = Load(env("ENV", "production", "ARCHIVE_URL", "s3://archive?lock=none")); err == nil || !strings.Contains(err.Error(), "ARCHIVE_URL leaves the audit trail without locks") { // T5
		t.Errorf("an archive without locks: %v", err)
	}
	_, err = Load(env("ENV", "production", "JWKS_URL", "http://keys.example", "JWT_ISSUER", "emr", "JWT_AUDIENCE", "corsia"))
	if err == nil || !strings.Contains(err.Error(), "JWKS_URL is not encrypted") || strings.Contains(err.Error(), "JWT_ISSUER") {
		t.Errorf("keys over an open line: %v", err)
	}
	file := filepath.Join(t.TempDir(), "keys.pem")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(env("JWKS_URL", "https://keys.example", "JWT_KEYS", file)); err == nil || !strings.Contains(err.Error(), "exclude each other") {
		t.Errorf("two sources of keys: %v", err)
	}
}
