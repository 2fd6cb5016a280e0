package engineio

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// idleClients makes this test binary a client that opens that many WebSockets
// at IDLE_ADDR and holds them until its standard input ends.
const idleClients = "IDLE_CLIENTS"

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(idleClients)); err == nil {
		holdIdle(os.Getenv("IDLE_ADDR"), n)
		return
	}
	os.Exit(m.Run())
}

func holdIdle(addr string, n int) {
	conns := make([]*websocket.Conn, n)
	dialer := websocket.Dialer{ReadBufferSize: 512, WriteBufferSize: 512}
	for i := range conns {
		c, _, err := dialer.Dial("ws://"+addr+"/ws/?EIO=4&transport=websocket", nil)
		if err != nil {
			fmt.Println("dial:", err)
			return
		}
		_, _, _ = c.ReadMessage()
		conns[i] = c
	}
	fmt.Println("connected")
	_, _ = io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(conns)
}

// BenchmarkIdleSockets measures the resident memory of this process for each
// idle WebSocket; the clients are another process. IDLE_SOCKETS changes their
// number.
//
//	IDLE_SOCKETS=10000 go test -run xxx -bench IdleSockets -benchtime 1x ./gateway/engineio
func BenchmarkIdleSockets(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("IDLE_SOCKETS"))
	if err != nil {
		n = 2000
	}
	for b.Loop() {
		b.ReportMetric(idleKiB(b, n), "KiB/socket")
	}
}

// idleKiB opens n sockets and returns what each of them adds to the process.
func idleKiB(b *testing.B, n int) float64 {
	server := NewServer(Options{}, func(*Socket) Receiver { return keeper{new([][]byte)} })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	httpServer := &http.Server{Handler: server}
	go func() { _ = httpServer.Serve(listener) }()
	defer httpServer.Close()
	before := residentKiB(b)

	client := exec.Command(os.Args[0])
	client.Env = append(os.Environ(), fmt.Sprintf("%s=%d", idleClients, n), "IDLE_ADDR="+listener.Addr().String())
	input, _ := client.StdinPipe()
	output, _ := client.StdoutPipe()
	if err := client.Start(); err != nil {
		b.Fatal(err)
	}
	if line, _ := bufio.NewReader(output).ReadString('\n'); strings.TrimSpace(line) != "connected" {
		b.Fatalf("client: %s", line)
	}
	time.Sleep(time.Second) // the process settles; this is no test
	after := residentKiB(b)
	_ = input.Close()
	_ = client.Wait()
	for server.Len() > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	return (after - before) / float64(n)
}

func residentKiB(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kib); err == nil {
			return kib
		}
	}
	b.Fatal("no VmRSS in /proc/self/status")
	return 0
}
