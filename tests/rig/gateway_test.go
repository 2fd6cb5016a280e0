package rig

import "testing"

func TestTheListeningLineIsFoundAmongOthers(t *testing.T) {
	log := []byte("open http://x/demo/\n{\"msg\":\"audit\",\"url\":\"no\"}\n{\"msg\":\"gateway: listening\",\"url\":\"http://127.0.0.1:4711\"}\n{\"msg\":")
	if got := listeningURL(log); got != "http://127.0.0.1:4711" {
		t.Errorf("got %q", got)
	}
	if got := listeningURL([]byte(`{"msg":"gateway: listening"`)); got != "" {
		t.Errorf("half a line names %q", got)
	}
}
