package auth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
)

// provider answers requests for keys without a network, so that its time is the test's.
type provider struct {
	asked  atomic.Int32
	answer atomic.Pointer[string] // nil: the provider is away
	takes  time.Duration          // before each answer
}

func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked.Add(1)
	select {
	case <-time.After(p.takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	text := p.answer.Load()
	if text == nil {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(*text)), Request: r}, nil
}

func (p *provider) serve(kids ...string) {
	var keys []string
	for _, kid := range kids {
		keys = append(keys, jwk(kid, &ours().PublicKey, ""))
	}
	text := jwks(keys...)
	p.answer.Store(&text)
}

// remote returns the keys of a provider that serves kid "a".
func remote(t *testing.T) (*provider, *RemoteKeys) {
	t.Helper()
	p := &provider{}
	p.serve("a")
	keys, err := NewRemoteKeys("https://idp.example/keys", &http.Client{Transport: p})
	if err != nil {
		t.Fatal(err)
	}
	return p, keys
}

// expect asks for a kid and compares what comes, and how often the provider was asked by then.
func expect(t *testing.T, p *provider, keys *RemoteKeys, kid, want string, asked int32) {
	t.Helper()
	_, err := keys.Keys(t.Context(), kid)
	got := "found"
	switch {
	case errors.Is(err, ErrUnknownKey):
		got = "unknown"
	case err != nil:
		got = string(collab.AsError(err).Code)
	}
	if got != want || p.asked.Load() != asked {
		t.Fatalf("kid %q: %s, asked %d times (%v); want %s, %d", kid, got, p.asked.Load(), err, want, asked)
	}
}

func TestA2KeysAreCachedForFifteenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, keys := remote(t)
		if p.asked.Load() != 0 {
			t.Fatal("asked before anybody needed a key")
		}
		expect(t, p, keys, "a", "found", 1)
		time.Sleep(15*time.Minute - time.Second)
		expect(t, p, keys, "a", "found", 1)
		time.Sleep(time.Second)
		expect(t, p, keys, "a", "found", 2)
		expect(t, p, keys, "", "found", 2)
	})
}

func TestA2KeysServeStaleForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, keys := remote(t)
		expect(t, p, keys, "a", "found", 1)
		p.answer.Store(nil)
		time.Sleep(16 * time.Minute)
		expect(t, p, keys, "a", "found", 2)
		expect(t, p, keys, "a", "found", 2) // a provider that is away is not asked for each token
		time.Sleep(30 * time.Second)
		expect(t, p, keys, "a", "found", 3)
		time.Sleep(23 * time.Hour)
		expect(t, p, keys, "a", "found", 4)
		time.Sleep(time.Hour)
		expect(t, p, keys, "a", "UNAVAILABLE", 5)
		p.serve("a")
		time.Sleep(time.Second)
		expect(t, p, keys, "a", "found", 6)
	})
}

func TestA2AnUnknownKidAsksOnceInThirtySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, keys := remote(t)
		expect(t, p, keys, "x", "unknown", 1) // asked just now: asking again would tell nothing
		expect(t, p, keys, "x", "unknown", 2)
		expect(t, p, keys, "y", "unknown", 2)
		time.Sleep(29 * time.Second)
		expect(t, p, keys, "y", "unknown", 2)
		p.serve("a", "y")
		time.Sleep(time.Second)
		expect(t, p, keys, "y", "found", 3)
	})
}

func TestA2ANewKeyIsFoundAtOnceByAllThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, keys := remote(t)
		expect(t, p, keys, "a", "found", 1)
		p.serve("b")
		p.takes = time.Second
		results := make(chan error, 10)
		for range cap(results) {
			go func() {
				_, err := keys.Keys(t.Context(), "b")
				results <- err
			}()
		}
		for range cap(results) {
			if err := <-results; err != nil {
				t.Errorf("got %v", err)
			}
		}
		expect(t, p, keys, "a", "unknown", 2)
	})
}

func TestConcurrentFirstFetchesAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, keys := remote(t)
		p.takes = time.Second
		results := make(chan error, 10)
		for range cap(results) {
			go func() {
				_, err := keys.Keys(t.Context(), "a")
				results <- err
			}()
		}
		for range cap(results) {
			if err := <-results; err != nil {
				t.Errorf("got %v", err)
			}
		}
		expect(t, p, keys, "a", "found", 1)
	})
}

func TestAFailedRefetchLeavesTheKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, keys := remote(t)
		expect(t, p, keys, "a", "found", 1)
		p.answer.Store(nil)
		expect(t, p, keys, "x", "unknown", 2)
		expect(t, p, keys, "a", "found", 2)
	})
}

func TestAProviderThatIsAwayAtStartIsAskedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, keys := remote(t)
		p.answer.Store(nil)
		expect(t, p, keys, "a", "UNAVAILABLE", 1)
		expect(t, p, keys, "a", "UNAVAILABLE", 1)
		time.Sleep(time.Second)
		p.serve("a")
		expect(t, p, keys, "a", "found", 2)
	})
}

func TestAFetchOutlivesTheOneWhoBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, keys := remote(t)
		p.takes = time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := keys.Keys(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 100*time.Millisecond {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
		expect(t, p, keys, "a", "found", 1)
	})
}

func TestAnUnknownKidWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, keys := remote(t)
		expect(t, p, keys, "a", "found", 1)
		p.takes = time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := keys.Keys(ctx, "b"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		time.Sleep(time.Second) // the fetch ends
	})
}

func TestAProviderThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, keys := remote(t)
		p.takes = time.Hour
		began := time.Now()
		expect(t, p, keys, "a", "UNAVAILABLE", 1)
		if took := time.Since(began); took != fetchTimeout {
			t.Fatalf("took %v", took)
		}
	})
}

func TestAnswersThatAreNoKeys(t *testing.T) {
	secure := httptest.NewTLSServer(http.RedirectHandler("http://127.0.0.1:1/keys", http.StatusFound))
	defer secure.Close()
	client := secure.Client()
	client.CheckRedirect = keepSecure
	handlers := map[string]http.HandlerFunc{
		"status 404":            http.NotFound,
		"JWKS:":                 func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"more than 1048576":     func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxJWKSBytes+1)) },
		"more than 3 redirects": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) },
		"unexpected EOF": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = w.Write([]byte("{"))
		},
		"redirect from https to h": nil,
	}
	for want, handler := range handlers {
		t.Run(want, func(t *testing.T) {
			address, using := secure.URL, client
			if handler != nil {
				server := httptest.NewServer(handler)
				defer server.Close()
				address, using = server.URL, nil
			}
			keys, err := NewRemoteKeys(address, using)
			if err != nil {
				t.Fatal(err)
			}
			_, err = keys.Keys(t.Context(), "a")
			if collab.AsError(err).Code != collab.CodeUnavailable || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestAnAddressThatIsNoneIsNotQuoted(t *testing.T) {
	for _, address := range []string{"", "idp.example/keys", "ftp://idp/keys", "https://", "http://u:hunter2@h:x/"} {
		if _, err := NewRemoteKeys(address, nil); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
