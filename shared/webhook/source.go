// Package webhook takes what EMR and PACS systems send about their records (SPEC W): it owns the sources, the ways in which
// they prove who they are, the forms of their bodies, and the order in which a request is judged. What a message says is cut
// down to ids, kinds and times, and what the source itself puts under "data". It does no I/O but through its Inbox and to read
// its sources, so the gateway and a function run the same code.
package webhook

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"corsia/shared/collab"
)

// Profile is how a source proves who it is (SPEC W1).
type Profile string

// The profiles.
const (
	Standard Profile = "standard" // Standard Webhooks: HMAC-SHA256 over id, time and body
	GitHub   Profile = "github"   // X-Hub-Signature-256: HMAC-SHA256 over the body
	Bearer   Profile = "bearer"   // a fixed token
	Basic    Profile = "basic"    // user and password
)

// Source is one registered sender.
type Source struct {
	Name    string
	Profile Profile
	Tenant  collab.Tenant

	keys     [][]byte // any of them is good: a new one is added before the old one is taken away
	resource template // of the resource's id; nil: as usual for the form of the body
	message  template // of the message's id; likewise
}

// Sources are all registered senders by their names.
type Sources map[string]*Source

// Bounds of a configuration.
const (
	maxSecrets       = 8
	minStandardBytes = 24 // of a Standard Webhooks secret, by its specification
	maxStandardBytes = 64
	minTextSecret    = 16 // bytes of a secret that is a text, in production
	secretPrefix     = "whsec_"
)

var sourceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// OpenSources reads what WEBHOOK_SOURCES names: a file, or the JSON object itself, as a secret has it. Empty: there are none.
func OpenSources(setting string, production bool) (Sources, error) {
	setting = strings.TrimSpace(setting)
	if setting == "" {
		return Sources{}, nil
	}
	text := []byte(setting)
	if !strings.HasPrefix(setting, "{") {
		var err error
		if text, err = os.ReadFile(setting); err != nil {
			return nil, errors.New("the file of webhook sources cannot be read") // who got a secret for a name would print it
		}
	}
	return ParseSources(text, production)
}

// ParseSources reads the JSON object of sources. In production a secret must be too long to be guessed. The error names every source
// that is wrong, and shows no secret.
func ParseSources(config []byte, production bool) (Sources, error) {
	var raw map[string]struct {
		Profile    Profile  `json:"profile"`
		Secrets    []string `json:"secrets"`
		Tenant     *string  `json:"tenant"`
		ResourceID string   `json:"resourceId"`
		MessageID  string   `json:"messageId"`
	}
	d := json.NewDecoder(bytes.NewReader(config))
	d.DisallowUnknownFields()
	if err := d.Decode(&raw); err != nil {
		return nil, errors.New("webhook sources are no JSON object of {profile, secrets, tenant, resourceId, messageId}")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("webhook sources go on after their JSON object")
	}
	sources := Sources{}
	var wrong []error
	for name, r := range raw {
		s := &Source{Name: name, Profile: r.Profile, Tenant: collab.DefaultTenant}
		fail := func(why string) { wrong = append(wrong, fmt.Errorf("webhook source %q %s", name, why)) }
		if !sourceName.MatchString(name) {
			fail("has a name that is not up to 64 letters, digits, - and _")
		}
		if r.Tenant != nil {
			tenant, err := collab.ParseTenant(*r.Tenant)
			if err != nil {
				fail("has a tenant that is none")
			}
			s.Tenant = tenant
		}
		least := 1
		if production {
			least = minTextSecret
		}
		if why := s.setKeys(r.Secrets, least); why != "" {
			fail(why)
		}
		for what, setting := range map[string]struct {
			text string
			into *template
		}{"resourceId": {r.ResourceID, &s.resource}, "messageId": {r.MessageID, &s.message}} {
			if setting.text == "" {
				continue
			}
			t, err := parseTemplate(setting.text)
			if err != nil {
				fail("has a " + what + " that " + err.Error())
			}
			*setting.into = t
		}
		if s.Profile == Standard && s.message != nil {
			fail("has a messageId, which the standard profile has in its header")
		}
		sources[name] = s
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return sources, nil
}

// setKeys takes the secrets in the form of the profile; texts have so many bytes at least. It returns what is wrong with them.
func (s *Source) setKeys(secrets []string, least int) string {
	if len(secrets) == 0 || len(secrets) > maxSecrets {
		return fmt.Sprintf("has not 1 to %d secrets", maxSecrets)
	}
	for _, secret := range secrets {
		key := []byte(secret)
		switch s.Profile {
		case Standard:
			var err error
			if key, err = StandardKey(secret); err != nil {
				return err.Error()
			}
		case GitHub, Bearer:
			if len(key) < least {
				return fmt.Sprintf("has a secret of fewer than %d bytes", least)
			}
		case Basic:
			if user, password, ok := strings.Cut(secret, ":"); !ok || user == "" || len(password) < least {
				return fmt.Sprintf("has a secret that is not user:password with a password of %d bytes or more", least)
			}
		default:
			return "has none of the profiles standard, github, bearer, basic"
		}
		s.keys = append(s.keys, key)
	}
	return ""
}

// StandardKey returns the key of a secret in the form of Standard Webhooks: base64, perhaps after "whsec_".
func StandardKey(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil || len(key) < minStandardBytes || len(key) > maxStandardBytes {
		return nil, fmt.Errorf("has a secret that is not %d to %d bytes in base64, perhaps after %q", minStandardBytes, maxStandardBytes, secretPrefix)
	}
	return key, nil
}
