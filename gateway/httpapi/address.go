package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ClientAddress returns how to tell a client's address: the peer's, or, when the peer is a trusted proxy, the last
// address of X-Forwarded-For that is none. Whatever stands before it may be invented.
func ClientAddress(trusted []netip.Prefix) func(*http.Request) string {
	isTrusted := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
	}
	return func(r *http.Request) string {
		addr, ok := peer(r)
		if !ok {
			return ""
		}
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && isTrusted(addr); i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				break
			}
			addr = hop
		}
		return addr.Unmap().String()
	}
}

func peer(r *http.Request) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(host)
	return addr, err == nil
}

// loopback reports whether an address that ClientAddress told is this machine's.
func loopback(address string) bool {
	addr, err := netip.ParseAddr(address)
	return err == nil && addr.IsLoopback()
}

// local reports whether a request comes from this machine and was meant for it: a page elsewhere that made its own name
// point here is not.
func local(r *http.Request) bool {
	addr, ok := peer(r)
	if !ok || !addr.Unmap().IsLoopback() {
		return false
	}
	for _, header := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via"} {
		if len(r.Header.Values(header)) > 0 { // it came through a proxy, from whomever
			return false
		}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "localhost" {
		return true
	}
	named, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && named.IsLoopback()
}
