package httpapi

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestAddressIsThePeersUnlessATrustedProxySaysOtherwise(t *testing.T) { // SPEC 1, TRUSTED_PROXIES
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "203.0.113.9:4711", nil, "203.0.113.9"},
		{"a client that names another", "203.0.113.9:4711", []string{"192.0.2.1"}, "203.0.113.9"},
		{"a proxy", "10.0.0.1:80", []string{"203.0.113.9"}, "203.0.113.9"},
		{"a proxy without word", "10.0.0.1:80", nil, "10.0.0.1"},
		{"two proxies", "10.0.0.1:80", []string{"203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"two headers", "10.0.0.1:80", []string{"203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		{"what a client made up before it", "10.0.0.1:80", []string{"192.0.2.1, 10.9.9.9, 203.0.113.9"}, "203.0.113.9"},
		{"rubbish before the client", "10.0.0.1:80", []string{"<script>, 203.0.113.9"}, "203.0.113.9"},
		{"rubbish as the client", "10.0.0.1:80", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		{"proxies alone", "10.0.0.1:80", []string{"10.0.0.3,10.0.0.2"}, "10.0.0.3"},
		{"a proxy of IPv6", "[fd00::1]:80", []string{"2001:db8::7"}, "2001:db8::7"},
		{"IPv4 written as IPv6", "[::ffff:10.0.0.1]:80", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"no address at all", "@", []string{"203.0.113.9"}, ""},
		{"a name as the peer", "localhost:80", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.peer
			for _, v := range tt.forwarded {
				r.Header.Add("X-Forwarded-For", v)
			}
			if got := ClientAddress(trusted)(r); got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLocalIsThisMachineByItsOwnName(t *testing.T) { // SPEC 1, ENV
	tests := []struct {
		name, peer, host, header string
		want                     bool
	}{
		{"a browser here", "127.0.0.1:4711", "127.0.0.1:8080", "", true},
		{"by its name", "127.0.0.1:4711", "localhost:8080", "", true},
		{"without a port", "127.0.0.1:4711", "localhost", "", true},
		{"by IPv6", "[::1]:4711", "[::1]:8080", "", true},
		{"by IPv6 without a port", "[::1]:4711", "[::1]", "", true},
		{"a name elsewhere that points here", "127.0.0.1:4711", "evil.example:8080", "", false},
		{"a name that begins like ours", "127.0.0.1:4711", "localhost.evil.example", "", false},
		{"an address that ends like ours", "127.0.0.1:4711", "evil-127.0.0.1", "", false},
		{"no name", "127.0.0.1:4711", "", "", false},
		{"a browser elsewhere", "192.0.2.1:4711", "127.0.0.1:8080", "", false},
		{"through a proxy", "127.0.0.1:4711", "127.0.0.1:8080", "X-Forwarded-For", false},
		{"through another proxy", "127.0.0.1:4711", "127.0.0.1:8080", "Forwarded", false},
		{"through a third", "127.0.0.1:4711", "127.0.0.1:8080", "X-Real-IP", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/token", nil)
			r.RemoteAddr, r.Host = tt.peer, tt.host
			if tt.header != "" {
				r.Header.Set(tt.header, "192.0.2.1")
			}
			if got := local(r); got != tt.want {
				t.Fatalf("got %v, want %v", got, tt.want)
			}
		})
	}
}
