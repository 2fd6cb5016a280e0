package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"corsia/shared/webhook"
)

// webhooks is the path under which sources are, as at the gateway.
const webhooks = "/api/webhooks/"

// request is an event of API Gateway's HTTP API as the receiver judges it. The names of its headers are in lower case; one that
// came several times is one value with commas. The address is the one that API Gateway saw.
func request(e *events.APIGatewayV2HTTPRequest) webhook.Request {
	h := make(http.Header, len(e.Headers))
	for name, value := range e.Headers {
		h.Add(name, value)
	}
	var body io.Reader = strings.NewReader(e.Body)
	if e.IsBase64Encoded {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	return webhook.Request{Method: e.RequestContext.HTTP.Method, Source: source(e.RawPath), Address: address(e.RequestContext.HTTP.SourceIP),
		Header: h, Body: body}
}

// source returns the last part of /api/webhooks/{source}, before which the names of a stage and of a mapping may stand. Empty:
// it is another path.
func source(path string) string {
	at := strings.LastIndex(path, webhooks)
	if at < 0 {
		return ""
	}
	name, err := url.PathUnescape(path[at+len(webhooks):])
	if err != nil || strings.Contains(name, "/") {
		return ""
	}
	return name
}

func address(text string) string {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	return a.Unmap().String()
}

// response is the receiver's answer as API Gateway sends it, with the headers that every answer of a gateway has.
func response(a webhook.Answer) events.APIGatewayV2HTTPResponse {
	r := events.APIGatewayV2HTTPResponse{StatusCode: a.Status, Body: string(a.Body), Headers: map[string]string{
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "no-referrer",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
	}}
	for name, values := range a.Header {
		r.Headers[name] = strings.Join(values, ", ")
	}
	return r
}
