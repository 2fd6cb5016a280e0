package obs

import (
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	maxTextBytes  = 512  // of a string value, an error text, a message
	maxStackBytes = 8192 // of a goroutine stack, or of a signed note
	maxNameBytes  = 64   // of a wrong name quoted in an error
)

var (
	// jsonWebToken finds header.payload(.signature); a JSON object in base64url always begins with "eyJ" or, with a
	// space after the brace, "eyA" or "ewo".
	jsonWebToken = regexp.MustCompile(`(?:eyJ|eyA|ewo)[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}`)
	bearer       = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}`)
	userInfo     = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^/\s"'?#]*@`)
	query        = regexp.MustCompile(`([^\s"'?]*[/:][^\s"'?]*)\?[^\s"']*`)
	secretPair   = regexp.MustCompile(`(?i)\b(password|passwd|secret|token|signature|cookie|resumekey)=[^\s"'&,;]+`)
)

// cleanValue returns the value as it may be written. It refuses what could print anything of any length.
func cleanValue(key string, v slog.Value) (slog.Value, bool) {
	limit := maxTextBytes
	if key == KeyStack || key == KeyNote {
		limit = maxStackBytes
	}
	switch v.Kind() {
	case slog.KindString:
		if key == KeyErr || key == KeyURL || key == KeyPath || key == KeyPanic {
			return slog.StringValue(cleanError(v.String())), true
		}
		return slog.StringValue(cleanText(v.String(), limit)), true
	case slog.KindGroup:
		return v, false
	case slog.KindAny:
		return cleanAny(v.Any(), limit)
	default: // numbers, booleans, times, durations
		return v, true
	}
}

func cleanAny(v any, limit int) (slog.Value, bool) {
	switch v := v.(type) {
	case nil:
		return slog.AnyValue(nil), true
	case error:
		return slog.StringValue(cleanError(v.Error())), true
	case []string:
		return slog.StringValue(cleanText(strings.Join(v, " "), limit)), true
	case fmt.Stringer:
		return slog.StringValue(cleanText(v.String(), limit)), true
	}
	return slog.Value{}, false
}

// cleanText bounds a text and takes tokens out of it.
func cleanText(s string, limit int) string {
	if strings.Contains(s, "ey") || strings.Contains(s, "ewo") {
		s = jsonWebToken.ReplaceAllString(s, "[token]")
	}
	return clip(s, limit)
}

// cleanError bounds an error's text and takes out of it what libraries like to put there: credentials of URLs, query
// strings (url.Error prints the whole URL), authorization headers and tokens.
func cleanError(s string) string {
	s = clip(s, 8*maxTextBytes) // so that the expressions below have bounded work
	s = userInfo.ReplaceAllString(s, "$1")
	s = query.ReplaceAllString(s, "$1")
	s = bearer.ReplaceAllString(s, "$1 [hidden]")
	s = secretPair.ReplaceAllString(s, "$1=[hidden]")
	return cleanText(s, maxTextBytes)
}

// clip returns at most limit bytes of s, ending on a rune, with a mark where something was cut.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const mark = "…"
	cut := limit - len(mark)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}
