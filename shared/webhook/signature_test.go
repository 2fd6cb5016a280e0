package webhook

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What the two specifications publish.
const (
	publishedSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	publishedID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	publishedTime      = 1614265330
	publishedBody      = `{"test": 2432232314}`
	publishedSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

	hubSecret    = "It's a Secret to Everybody"
	hubBody      = "Hello, World!"
	hubSignature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
)

// parsed returns the sources of a configuration.
func parsed(t testing.TB, config string) Sources {
	t.Helper()
	sources, err := ParseSources([]byte(config), true)
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

const fourSources = `{
	"emr": {"profile": "standard", "secrets": ["` + publishedSecret + `", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="]},
	"hub": {"profile": "github", "secrets": ["` + hubSecret + `", "another secret to everybody"], "tenant": "north"},
	"fhir": {"profile": "bearer", "secrets": ["0123456789abcdef-old", "0123456789abcdef-new"]},
	"hl7": {"profile": "basic", "secrets": ["adt:0123456789abcdef"]}
}`

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestPublishedVectorsVerify(t *testing.T) { // W1
	sources := parsed(t, fourSources)
	now := time.Unix(publishedTime, 0)
	h := headers("webhook-id", publishedID, "webhook-timestamp", "1614265330", "webhook-signature", publishedSignature)
	if why := sources["emr"].Verify(h, []byte(publishedBody), now); why != "" {
		t.Errorf("Standard Webhooks: %s", why)
	}
	if why := sources["hub"].Verify(headers("X-Hub-Signature-256", hubSignature), []byte(hubBody), now); why != "" {
		t.Errorf("GitHub: %s", why)
	}
	key, err := StandardKey(publishedSecret)
	if err != nil || SignStandard(key, publishedID, publishedTime, []byte(publishedBody)) != publishedSignature || SignGitHub([]byte(hubSecret), []byte(hubBody)) != hubSignature {
		t.Error("the signatures that are made differ")
	}
}

func TestARequestIsRefusedForWhateverIsWrongWithIt(t *testing.T) { // W1, W3
	sources := parsed(t, fourSources)
	good := func() http.Header {
		return headers("webhook-id", publishedID, "webhook-timestamp", "1614265330", "webhook-signature", publishedSignature)
	}
	set := func(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }
	resigned := func(id string) func(http.Header) {
		return func(h http.Header) {
			if err := Sign(h, Standard, publishedSecret, id, time.Unix(publishedTime, 0), []byte(publishedBody)); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name   string
		change func(http.Header)
		skew   time.Duration
		body   string
		want   string
	}{
		{"as it is", nil, 0, "", ""},
		{"300 s late", nil, 300 * time.Second, "", ""},
		{"300 s early", nil, -300 * time.Second, "", ""},
		{"301 s late", nil, 301 * time.Second, "", reasonClock},
		{"301 s early", nil, -301 * time.Second, "", reasonClock},
		{"another body", nil, 0, publishedBody + " ", reasonSignature},
		{"another id", set("webhook-id", "msg_other"), 0, "", reasonSignature},
		{"another time", set("webhook-timestamp", "1614265331"), 0, "", reasonSignature},
		{"no time", set("webhook-timestamp", "soon"), 0, "", reasonMalformed},
		{"no id", func(h http.Header) { h.Del("webhook-id") }, 0, "", reasonMissing},
		{"two ids", func(h http.Header) { h.Add("webhook-id", publishedID) }, 0, "", reasonMissing},
		{"an id with a dot", resigned("msg.1614265330"), 0, "", reasonMessageID},
		{"a long id", resigned(strings.Repeat("x", 257)), 0, "", reasonMessageID},
		{"another version", set("webhook-signature", "v2"+publishedSignature[2:]), 0, "", reasonSignature},
		{"no version", set("webhook-signature", publishedSignature[3:]), 0, "", reasonSignature},
		{"a version alone", set("webhook-signature", "v1"), 0, "", reasonSignature},
		{"a good one among others", set("webhook-signature", "v1,AAAA v1a,BBBB "+publishedSignature), 0, "", ""},
		{"too many", set("webhook-signature", strings.Repeat("v1,AAAA ", 40)+publishedSignature), 0, "", reasonMalformed},
		{"under the names of Svix", func(h http.Header) {
			for _, name := range []string{"id", "timestamp", "signature"} {
				h.Set("svix-"+name, h.Get("webhook-"+name))
				h.Del("webhook-" + name)
			}
		}, 0, "", ""},
	}
	for _, tt := range tests {
		h, body := good(), publishedBody
		if tt.change != nil {
			tt.change(h)
		}
		if tt.body != "" {
			body = tt.body
		}
		if got := sources["emr"].Verify(h, []byte(body), time.Unix(publishedTime, 0).Add(tt.skew)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestEverySecretOfASourceIsGood(t *testing.T) { // W1: rotation
	sources := parsed(t, fourSources)
	now, body := time.Unix(publishedTime, 0), []byte(publishedBody)
	basic := func(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }
	signed := func(profile Profile, secret string) http.Header {
		h := http.Header{}
		if err := Sign(h, profile, secret, "msg_1", now, body); err != nil {
			t.Fatal(err)
		}
		return h
	}
	tests := []struct {
		name, source string
		header       http.Header
		want         string
	}{
		{"the second standard secret", "emr", signed(Standard, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), ""},
		{"another standard secret", "emr", signed(Standard, "whsec_AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), reasonSignature},
		{"the second GitHub secret", "hub", signed(GitHub, "another secret to everybody"), ""},
		{"another GitHub secret", "hub", signed(GitHub, "a third secret to everybody"), reasonSignature},
		{"GitHub's old hash", "hub", headers("X-Hub-Signature", "sha1=00"), reasonMissing},
		{"no hash", "hub", headers("X-Hub-Signature-256", "sha256=xyz"), reasonMalformed},
		{"an old token", "fhir", signed(Bearer, "0123456789abcdef-old"), ""},
		{"a new token", "fhir", signed(Bearer, "0123456789abcdef-new"), ""},
		{"a token in lower case", "fhir", headers("Authorization", "bearer 0123456789abcdef-new"), ""},
		{"another token", "fhir", headers("Authorization", "Bearer 0123456789abcdef"), reasonSecret},
		{"no token", "fhir", headers("Authorization", "Bearer "), reasonMissing},
		{"a password for a token", "fhir", signed(Basic, "adt:0123456789abcdef"), reasonMissing},
		{"a password", "hl7", signed(Basic, "adt:0123456789abcdef"), ""},
		{"another user", "hl7", headers("Authorization", basic("adu:0123456789abcdef")), reasonSecret},
		{"another password", "hl7", headers("Authorization", basic("adt:0123456789abcdeg")), reasonSecret},
		{"no base64", "hl7", headers("Authorization", "Basic ###"), reasonMalformed},
		{"nothing", "hl7", http.Header{}, reasonMissing},
	}
	for _, tt := range tests {
		if got := sources[tt.source].Verify(tt.header, body, now); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if Sign(http.Header{}, "none", "x", "", now, nil) == nil || Sign(http.Header{}, Standard, "x", "", now, nil) == nil {
		t.Error("a profile that is none, or a secret that is too short, signs")
	}
}

func TestAConfigurationThatIsWrongIsRefusedWithoutItsSecrets(t *testing.T) { // W1, T6
	const secret = "a secret that nobody sees"
	for name, config := range map[string]string{
		"no JSON":               `[`,
		"more than one":         `{} {}`,
		"an unknown key":        `{"emr": {"profile": "github", "secrets": ["` + secret + `"], "colour": "red"}}`,
		"no profile":            `{"emr": {"secrets": ["` + secret + `"]}}`,
		"no secrets":            `{"emr": {"profile": "github"}}`,
		"nine secrets":          `{"emr": {"profile": "github", "secrets": [` + strings.Repeat(`"`+secret+`",`, 8) + `"` + secret + `"]}}`,
		"a short secret":        `{"emr": {"profile": "bearer", "secrets": ["nobody sees"]}}`,
		"no base64":             `{"emr": {"profile": "standard", "secrets": ["` + secret + `"]}}`,
		"a short standard one":  `{"emr": {"profile": "standard", "secrets": ["whsec_c2VjcmV0"]}}`,
		"no user":               `{"emr": {"profile": "basic", "secrets": [":` + secret + `"]}}`,
		"no password":           `{"emr": {"profile": "basic", "secrets": ["` + secret + `"]}}`,
		"a name with a slash":   `{"e/r": {"profile": "github", "secrets": ["` + secret + `"]}}`,
		"no tenant":             `{"emr": {"profile": "github", "secrets": ["` + secret + `"], "tenant": ""}}`,
		"an open brace":         `{"emr": {"profile": "github", "secrets": ["` + secret + `"], "resourceId": "page:{/id"}}`,
		"a brace too many":      `{"emr": {"profile": "github", "secrets": ["` + secret + `"], "resourceId": "page:}"}}`,
		"no expression":         `{"emr": {"profile": "github", "secrets": ["` + secret + `"], "messageId": "{patient}"}}`,
		"two ids of a message":  `{"emr": {"profile": "standard", "secrets": ["` + publishedSecret + `"], "messageId": "{/id}"}}`,
		"a header with a space": `{"emr": {"profile": "github", "secrets": ["` + secret + `"], "messageId": "{header:X Y}"}}`,
	} {
		_, err := ParseSources([]byte(config), true)
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "nobody sees") || strings.Contains(err.Error(), "MfKQ9r") {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
	short := []byte(`{"s": {"profile": "bearer", "secrets": ["nobody sees"]}, "t": {"profile": "basic", "secrets": ["a:b"]}}`)
	if _, err := ParseSources(short, false); err != nil {
		t.Errorf("in development: %v", err)
	}
	if s := parsed(t, fourSources); s["hub"].Tenant != "north" || s["emr"].Tenant != "default" {
		t.Error("a source is of the wrong tenant")
	}
}
