package webhook

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Sign puts into a request's header what its source has to prove under a profile. It is the sender's half of Verify.
func Sign(h http.Header, profile Profile, secret, id string, at time.Time, body []byte) error {
	switch profile {
	case Standard:
		key, err := StandardKey(secret)
		if err != nil {
			return errors.New("this " + strings.Replace(err.Error(), "has a secret that", "secret", 1))
		}
		h.Set(headerID, id)
		h.Set(headerTimestamp, strconv.FormatInt(at.Unix(), 10))
		h.Set(headerSignature, SignStandard(key, id, at.Unix(), body))
	case GitHub:
		h.Set(headerGitHub, SignGitHub([]byte(secret), body))
	case Bearer:
		h.Set("Authorization", "Bearer "+secret)
	case Basic:
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(secret)))
	default:
		return errors.New("the profile is none of standard, github, bearer, basic")
	}
	return nil
}
