package s3

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// address is what the URL of an archive says.
type address struct {
	bucket, prefix, region string
	endpoint               string // empty: Amazon's
	locks                  bool
}

// parse reads a URL. Its errors do not show it.
func parse(rawURL string) (address, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "s3" || u.Opaque != "" || u.Fragment != "" {
		return address{}, errors.New("its URL is none such as s3://bucket/prefix")
	}
	if u.Host == "" || u.Port() != "" {
		return address{}, errors.New("its URL names no bucket")
	}
	if u.User != nil {
		return address{}, errors.New("its URL names a user: credentials come from the environment")
	}
	a := address{bucket: u.Host, locks: true}
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		if a.prefix = prefix + "/"; !isKey(prefix) {
			return address{}, errors.New("the prefix in its URL is no path")
		}
	}
	parameters, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return address{}, errors.New("the parameters of its URL cannot be read")
	}
	for name, values := range parameters {
		value := values[0]
		switch {
		case name == "region" && len(values) == 1:
			a.region = value
		case name == "endpoint" && len(values) == 1 && isEndpoint(value):
			a.endpoint = value
		case name == "lock" && len(values) == 1 && value == "none":
			a.locks = false
		default:
			return address{}, fmt.Errorf("the parameter %q of its URL is unknown or has a wrong value", name)
		}
	}
	return a, nil
}

func isEndpoint(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}
