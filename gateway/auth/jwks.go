package auth

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"corsia/shared/collab"
)

// The times of A2, and how a provider that does not answer is spared.
const (
	freshFor     = 15 * time.Minute // keys are used this long without asking
	staleFor     = 24 * time.Hour   // and this long when asking fails
	unknownEvery = 30 * time.Second // an unknown kid asks at most this often
	retryStale   = 30 * time.Second // after a failure, with old keys at hand
	retryNone    = time.Second      // after a failure, without any
	fetchTimeout = 3 * time.Second  // under the 5 s in which a socket has to authenticate (C8)
	maxJWKSBytes = 1 << 20
)

// RemoteKeys are the keys of a JWKS URL, fetched when they are needed. It has no goroutine of its own; a fetch that is
// under way ends within fetchTimeout, whoever still waits for it. It is safe for concurrent use.
type RemoteKeys struct {
	// Set by NewRemoteKeys, never changed.
	address string
	client  *http.Client
	flight  singleflight.Group // concurrent fetches for one cause are one

	// Guarded by mu.
	mu        sync.Mutex
	keys      StaticKeys
	fetched   time.Time // when keys were had; zero: never
	failed    time.Time // when fetching failed last; zero: not since keys were had
	cause     error     // of that failure
	unknownAt time.Time // when an unknown kid asked last
}

// NewRemoteKeys returns the keys of an http or https URL. A nil client is one that follows no redirect from https to
// http. Nothing is fetched yet.
func NewRemoteKeys(address string, client *http.Client) (*RemoteKeys, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("JWKS URL is not an http or https address") // it may hold a password: not quoted
	}
	if client == nil {
		client = &http.Client{CheckRedirect: keepSecure}
	}
	return &RemoteKeys{address: address, client: client}, nil
}

func keepSecure(next *http.Request, via []*http.Request) error {
	if len(via) >= 3 {
		return errors.New("more than 3 redirects")
	}
	if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return errors.New("redirect from https to " + next.URL.Scheme)
	}
	return nil
}

// Keys returns the keys for a kid (KeySource). Keys older than 15 minutes are fetched again; if that fails they serve up
// to 24 hours. A kid that is not among them is looked for once more at the provider, at most every 30 seconds. Without
// usable keys the error is a *collab.Error of code UNAVAILABLE.
func (r *RemoteKeys) Keys(ctx context.Context, kid string) ([]*rsa.PublicKey, error) {
	keys, asked, err := r.current(ctx)
	if err != nil {
		return nil, err
	}
	found, err := keys.Keys(ctx, kid)
	if err == nil || asked {
		return found, err
	}
	if err := r.wait(ctx, "unknown kid", r.refetch); err != nil {
		return nil, err
	}
	r.mu.Lock()
	keys = r.keys
	r.mu.Unlock()
	return keys.Keys(ctx, kid)
}

// current returns usable keys, and whether the provider was just asked for them.
func (r *RemoteKeys) current(ctx context.Context) (keys StaticKeys, asked bool, err error) {
	if keys, due, err := r.held(); !due {
		return keys, false, err
	}
	if err := r.wait(ctx, "keys are old", r.renew); err != nil {
		return nil, false, err
	}
	keys, _, err = r.held()
	return keys, true, err
}

// held returns the keys at hand, or the error that says that there are none, and whether it is time to fetch.
func (r *RemoteKeys) held() (keys StaticKeys, due bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	age := now.Sub(r.fetched)
	switch {
	case r.fetched.IsZero() || age >= staleFor:
		due = now.Sub(r.failed) >= retryNone
		return nil, due, &collab.Error{
			Code: collab.CodeUnavailable, Msg: "the identity provider cannot be reached",
			RetryAfter: retryNone, Err: r.cause,
		}
	case age >= freshFor:
		return r.keys, now.Sub(r.failed) >= retryStale, nil
	}
	return r.keys, false, nil
}

// wait runs fetch, together with all that wait for the same cause, and returns when it is done or ctx ends.
func (r *RemoteKeys) wait(ctx context.Context, cause string, fetch func(context.Context)) error {
	done := r.flight.DoChan(cause, func() (any, error) {
		// Others wait for this fetch too: it does not end with the ctx of the one that happened to come first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		fetch(ctx)
		return nil, nil
	})
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-done:
		return nil
	}
}

// renew fetches if that is still due: the fetch before this one may have ended just now.
func (r *RemoteKeys) renew(ctx context.Context) {
	if _, due, _ := r.held(); due {
		r.fetch(ctx)
	}
}

// refetch fetches unless an unknown kid made it do so a short while ago.
func (r *RemoteKeys) refetch(ctx context.Context) {
	r.mu.Lock()
	due := r.unknownAt.IsZero() || time.Since(r.unknownAt) >= unknownEvery
	if due {
		r.unknownAt = time.Now()
	}
	r.mu.Unlock()
	if due {
		r.fetch(ctx)
	}
}

// fetch asks the provider and keeps the answer, or the failure beside the keys that are there.
func (r *RemoteKeys) fetch(ctx context.Context) {
	keys, err := r.download(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failed, r.cause = time.Now(), err
		return
	}
	r.keys, r.fetched, r.failed, r.cause = keys, time.Now(), time.Time{}, nil
}

func (r *RemoteKeys) download(ctx context.Context) (StaticKeys, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch keys: status %d", answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxJWKSBytes+1))
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	if len(body) > maxJWKSBytes {
		return nil, fmt.Errorf("fetch keys: more than %d bytes", maxJWKSBytes)
	}
	return parseJWKS(body)
}
