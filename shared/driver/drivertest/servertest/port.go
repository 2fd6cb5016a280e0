// Package servertest owns what the packages share that start a private server of some kind for tests: free ports,
// certificates, and the end of the server with the tests.
package servertest

import "net"

// FreePorts returns n ports of the loopback interface that nobody uses at the moment. Another program may be quicker to use
// one: who starts a server tries again.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close() // all at the end, so that they differ
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
