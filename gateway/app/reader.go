package app

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

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

// address returns host:port.
func (r *reader) address(name, fallback string) string {
	v := r.text(name, fallback)
	if v == "" {
		return ""
	}
	if _, port, err := net.SplitHostPort(v); err != nil {
		r.fail(name, "is not host:port")
	} else if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		r.fail(name, "has a port that is no number up to 65535")
	}
	return v
}

// secret returns a text that is too long to be guessed.
func (r *reader) secret(name string) string {
	v := r.text(name, "")
	if v != "" && len(v) < minSecretBytes {
		r.fail(name, fmt.Sprintf("is shorter than %d characters", minSecretBytes))
	}
	return v
}

// auditKey returns a private key of audit checkpoints.
func (r *reader) auditKey(name string) string {
	v := r.text(name, "")
	if v != "" {
		if _, err := audit.PublicKey(v); err != nil {
			r.fail(name, "is no key as `corsia audit key` prints it")
		}
	}
	return v
}

// retention returns how long something stays in the store.
func (r *reader) retention(name string, parse func(text string) (time.Duration, error)) time.Duration {
	d, err := parse(r.text(name, ""))
	if err != nil {
		r.fail(name, err.Error())
	}
	return d
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
	minSecretBytes   = 32
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

// document returns a file's name, or the JSON object itself, as a secret has it.
func (r *reader) document(name string) string {
	if v := r.text(name, ""); strings.HasPrefix(v, "{") {
		return v
	}
	return r.file(name)
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
