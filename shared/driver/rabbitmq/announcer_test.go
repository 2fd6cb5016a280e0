//go:build integration

package rabbitmq

import (
	"context"
	"fmt"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/rabbittest"
)

func announce(t testing.TB, a *Announcer, res collab.Resource, body string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return a.Publish(ctx, collab.Notice{Resource: res, From: "f_1", Kind: collab.BusInbox, Body: []byte(body)})
}

func TestAnAnnouncerReturnsWhenTheBrokerHasTheNoticeAndKeepsItsConnection(t *testing.T) {
	t.Parallel()
	listener, _ := connected(t, rabbittest.URL(t), Options{})
	rooms := []collab.Resource{fresh(), fresh()}
	heard := []<-chan collab.Notice{subscribe(t, listener, rooms[0], "i_1"), subscribe(t, listener, rooms[1], "i_1")}
	a, err := OpenAnnouncer(rabbittest.URL(t), Options{Instance: "f_1"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var first *connection
	for i := range 10 {
		text := fmt.Sprint("word ", i)
		if err := announce(t, a, rooms[i%2], text); err != nil {
			t.Fatal(err)
		}
		wantHeard(t, heard[i%2], text)
		if first == nil {
			first = a.conn
		}
	}
	if a.conn != first {
		t.Error("it has another connection than before")
	}
	a.conn.socket.Close() // as while a function stands still
	if err := announce(t, a, rooms[0], "afterwards"); err != nil {
		t.Fatal(err)
	}
	wantHeard(t, heard[0], "afterwards")
}

func TestAnAnnouncerSaysThatTheBrokerIsAwayInTime(t *testing.T) {
	t.Parallel()
	server := rabbittest.Start(t)
	a, err := OpenAnnouncer(server.URL, Options{Instance: "f_1"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := announce(t, a, fresh(), "there"); err != nil {
		t.Fatal(err)
	}
	server.Freeze(t)
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := a.Publish(ctx, collab.Notice{Resource: fresh(), From: "f_1", Kind: collab.BusInbox}); err == nil {
		t.Error("a broker that stands still has it")
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	server.Thaw(t)
	if err := announce(t, a, fresh(), "again"); err != nil {
		t.Error(err)
	}
}

func TestAnAnnouncerTellsNoURL(t *testing.T) {
	if _, err := OpenAnnouncer("amqp://u:hunter2@h/#f", Options{}); err == nil || err.Error() != errURL.Error() {
		t.Errorf("got %v", err)
	}
}
