package webhook

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// template is a text with expressions in braces, such as "page:/patient/{PID-3.1}". An expression is a JSON pointer
// ({/patient/id}), a name of what a FHIR notification has ({id}), a place in an HL7 message ({PID-3.1}), or, for ids of
// messages, a header ({header:X-Delivery}).
type template []part

type part struct {
	text       string
	expression bool
}

var (
	hl7Place   = regexp.MustCompile(`^[A-Z][A-Z0-9]{2}-[1-9][0-9]{0,2}(\.[1-9][0-9]{0,2})?$`)
	headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
)

const headerPrefix = "header:"

// fhirNames are the expressions that a FHIR notification has.
var fhirNames = map[string]bool{"reference": true, "type": true, "id": true, "topic": true, "subscription": true, "bundle": true, "events": true}

func isExpression(s string) bool {
	return strings.HasPrefix(s, "/") || fhirNames[s] || hl7Place.MatchString(s) ||
		strings.HasPrefix(s, headerPrefix) && headerName.MatchString(s[len(headerPrefix):])
}

// parseTemplate reads a template. A text that is an expression as a whole needs no braces.
func parseTemplate(s string) (template, error) {
	if isExpression(s) {
		return template{{s, true}}, nil
	}
	var out template
	for s != "" {
		open := strings.IndexAny(s, "{}")
		if open < 0 {
			return append(out, part{s, false}), nil
		}
		if open > 0 {
			out = append(out, part{s[:open], false})
		}
		length := strings.IndexByte(s[open:], '}')
		if s[open] != '{' || length < 0 {
			return nil, errors.New("has a brace without its other half")
		}
		expression := s[open+1 : open+length]
		if !isExpression(expression) {
			return nil, errors.New("has an expression that is no JSON pointer, no FHIR name, no place such as PID-3.1 and no header")
		}
		out = append(out, part{expression, true})
		s = s[open+length+1:]
	}
	if len(out) == 0 {
		return nil, errors.New("is empty")
	}
	return out, nil
}

func mustTemplate(s string) template {
	t, err := parseTemplate(s)
	if err != nil {
		panic(err)
	}
	return t
}

// expand fills the template in. It reports false when a value is missing or empty.
func (t template) expand(value func(expression string) string) (string, bool) {
	var b strings.Builder
	for _, p := range t {
		text := p.text
		if p.expression {
			if text = value(p.text); text == "" {
				return "", false
			}
		}
		b.WriteString(text)
	}
	return b.String(), true
}

// pointed returns the text or the number that a JSON pointer (RFC 6901) leads to; empty: there is none.
func pointed(doc any, pointer string) string {
	if !strings.HasPrefix(pointer, "/") {
		return ""
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		switch at := doc.(type) {
		case map[string]any:
			doc = at[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(at) {
				return ""
			}
			doc = at[i]
		default:
			return ""
		}
	}
	switch v := doc.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
