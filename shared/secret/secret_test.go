package secret

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const base = "arn:aws:secretsmanager:eu-south-1:123456789012:secret:corsia/"

// manager speaks as much of the JSON protocol of AWS Secrets Manager as one operation needs. It stands in for a service that
// cannot be had in a test: what it answers is what the service's reference says.
type manager struct {
	t     *testing.T
	asked atomic.Int32
	sick  atomic.Int32 // how many of the next requests fail on the server's side
}

var secrets = map[string]string{
	"store": `{"SecretString": "postgres://corsia:hunter2@db/corsia"}`,
	"pair":  `{"SecretString": "{\"url\": \"amqps://hunter2@mq\", \"key\": \"hunter3\", \"port\": 5671}"}`,
	"bytes": `{"SecretBinary": "aHVudGVyMg=="}`,
}

func (m *manager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.asked.Add(1)
	var q struct{ SecretID string } // JSON knows no case here
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		m.t.Errorf("body: %v", err)
	}
	if target := r.Header.Get("X-Amz-Target"); target != "secretsmanager.GetSecretValue" {
		m.t.Errorf("operation %q", target)
	}
	if signed := r.Header.Get("Authorization"); !strings.Contains(signed, "/eu-south-1/secretsmanager/aws4_request") {
		m.t.Errorf("signed as %q, want for the region of the ARN", signed)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	name := strings.TrimPrefix(q.SecretID, base)
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type": %q, "Message": "no access to %s"}`, code, q.SecretID)
	}
	switch body, ok := secrets[name]; {
	case m.sick.Add(-1) >= 0:
		refuse(http.StatusInternalServerError, "InternalServiceError")
	case name == "slow":
		<-r.Context().Done()
	case name == "denied":
		refuse(http.StatusBadRequest, "AccessDeniedException")
	case !ok:
		refuse(http.StatusBadRequest, "ResourceNotFoundException")
	default:
		fmt.Fprint(w, body)
	}
}

// serve starts the service for a test, and lets the SDK find it there.
func serve(t *testing.T) *manager {
	m := &manager{t: t}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": server.URL, "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	return m
}

func env(settings ...string) func(string) string {
	values := map[string]string{}
	for i := 0; i < len(settings); i += 2 {
		values[settings[i]] = settings[i+1]
	}
	return func(name string) string { return values[name] }
}

var names = []string{"STORE_URL", "BUS_URL", "CLUSTER_KEY", "ADDR"}

func TestSettingThatNamesASecretHasItsValue(t *testing.T) { // SPEC 1
	m := serve(t)
	getenv, err := Resolve(t.Context(), env("STORE_URL", " "+base+"store ", "BUS_URL", base+"pair#url", "CLUSTER_KEY", base+"pair#key", "ADDR", ":0", "GOGC", base+"store"), names)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"STORE_URL": "postgres://corsia:hunter2@db/corsia", "BUS_URL": "amqps://hunter2@mq", "CLUSTER_KEY": "hunter3",
		"ADDR": ":0", "GOGC": base + "store", "ENV": ""} {
		if got := getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if n := m.asked.Load(); n != 2 {
		t.Errorf("%d requests for two secrets", n)
	}
}

func TestWithoutSecretsNothingIsAsked(t *testing.T) { // SPEC 1
	m := serve(t)
	getenv, err := Resolve(t.Context(), env("STORE_URL", "sqlite:corsia.db", "BUS_URL", "arn:aws:s3:::bucket", "CLUSTER_KEY", "arn:aws"), names)
	if err != nil || getenv("STORE_URL") != "sqlite:corsia.db" || getenv("BUS_URL") != "arn:aws:s3:::bucket" {
		t.Errorf("%v", err)
	}
	if n := m.asked.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestSecretThatCannotBeReadIsNamedByItsSettingAlone(t *testing.T) { // SPEC 1, T6
	serve(t)
	for value, want := range map[string]string{
		base + "denied":           "AccessDeniedException",
		base + "missing":          "ResourceNotFoundException",
		base + "bytes":            "is binary",
		base + "store#url":        "is no JSON object",
		base + "pair#missing":     "has no text under its key",
		base + "pair#port":        "has no text under its key",
		"arn:aws:secretsmanager:": "has no complete ARN",
	} {
		_, err := Resolve(t.Context(), env("ADDR", value, "STORE_URL", value), names)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", value, err, want)
			continue
		}
		for _, name := range []string{"ADDR", "STORE_URL"} {
			if !strings.Contains("\n"+err.Error(), "\n"+name+" is a secret that ") {
				t.Errorf("%s: %s is not named in %v", value, name, err)
			}
		}
		if strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "123456789012") {
			t.Errorf("%s: the error shows a value: %v", value, err)
		}
	}
}

func TestServiceThatIsSickIsAskedAgainAndNotForEver(t *testing.T) { // SPEC 1
	m := serve(t)
	m.sick.Store(attempts - 1)
	if _, err := Resolve(t.Context(), env("STORE_URL", base+"store"), names); err != nil || m.asked.Load() != attempts {
		t.Errorf("%v after %d requests", err, m.asked.Load())
	}
	m.sick.Store(attempts)
	if _, err := Resolve(t.Context(), env("STORE_URL", base+"store"), names); err == nil || m.asked.Load() != 2*attempts {
		t.Errorf("%v after %d requests", err, m.asked.Load())
	}
}

func TestServiceThatHangsIsNotWaitedFor(t *testing.T) { // SPEC 1
	serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := Resolve(ctx, env("STORE_URL", base+"slow"), names); err == nil || !strings.Contains(err.Error(), "deadline") || time.Since(begin) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}
