package drivertest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Publisher is the port of the bus between instances.
type Publisher interface {
	Publish(ctx context.Context, n collab.Notice) error
	Subscribe(res collab.Resource, inst collab.InstanceID, deliver func(collab.Notice) bool) (cancel func())
}

// Bus checks rule D4 as far as the bus answers for it. A bus at which nothing is away has a subscription in force when
// Subscribe returns: a room then reads the journal, and what is published later must reach it.
func Bus(t *testing.T, open func(*testing.T) Publisher) {
	cases := []struct {
		name string
		run  func(*testing.T, Publisher)
	}{
		{"D4 a notice reaches the other instances, whole and in order", delivered},
		{"D4 what is published after Subscribe returned is heard", heardFromTheFirst},
		{"D4 the subscriptions of a resource end one by one", endedOneByOne},
		{"D4 who published may use the body again", bodyKept},
		{"D4 a notice of 4 MiB of updates passes", largePassed},
		{"D4 a notice is not delivered back to its instance", notDeliveredBack},
		{"D4 a notice stays in its resource and tenant", noticesApart},
		{"D4 what a subscriber drops costs nobody else", dropped},
		{"D4 nothing is delivered after cancel", cancelled},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// listen subscribes and gathers what is heard.
func listen(t *testing.T, b Publisher, r collab.Resource, inst collab.InstanceID) (heard <-chan collab.Notice, cancel func()) {
	t.Helper()
	notices := make(chan collab.Notice, 1000)
	cancel = b.Subscribe(r, inst, func(n collab.Notice) bool {
		select {
		case notices <- n:
			return true
		default:
			return false
		}
	})
	t.Cleanup(cancel)
	return notices, cancel
}

func publish(t *testing.T, b Publisher, r collab.Resource, from collab.InstanceID, body string) {
	t.Helper()
	must(t, b.Publish(timeLimit(t), collab.Notice{Resource: r, From: from, Kind: collab.BusUpdates, Body: []byte(body)}))
}

func wantNotice(t *testing.T, heard <-chan collab.Notice, r collab.Resource, from collab.InstanceID, body string) {
	t.Helper()
	n := next(t, heard)
	if n.Resource != r || n.From != from || n.Kind != collab.BusUpdates || string(n.Body) != body {
		t.Fatalf("heard %s of %d bytes (%.40q) about %v from %s, want %.40q about %v from %s", n.Kind, len(n.Body), n.Body, n.Resource, n.From, body, r, from)
	}
}

func next(t *testing.T, heard <-chan collab.Notice) collab.Notice {
	t.Helper()
	select {
	case n := <-heard:
		return n
	case <-time.After(patience):
		t.Fatal("nothing was heard")
		return collab.Notice{}
	}
}

func delivered(t *testing.T, b Publisher) {
	r := resource()
	two, _ := listen(t, b, r, "i_2")
	three, _ := listen(t, b, r, "i_3")
	for n := range 100 {
		publish(t, b, r, "i_1", fmt.Sprintf(`{"n":%d}`, n))
	}
	for n := range 100 {
		wantNotice(t, two, r, "i_1", fmt.Sprintf(`{"n":%d}`, n))
		wantNotice(t, three, r, "i_1", fmt.Sprintf(`{"n":%d}`, n))
	}
}

func heardFromTheFirst(t *testing.T, b Publisher) {
	for n := range 100 {
		r := resource()
		heard, cancel := listen(t, b, r, "i_2")
		publish(t, b, r, "i_1", fmt.Sprint(n))
		wantNotice(t, heard, r, "i_1", fmt.Sprint(n))
		cancel()
	}
}

func endedOneByOne(t *testing.T, b Publisher) {
	r := resource()
	first, cancelFirst := listen(t, b, r, "i_2")
	second, cancelSecond := listen(t, b, r, "i_2")
	publish(t, b, r, "i_1", "both")
	wantNotice(t, first, r, "i_1", "both")
	wantNotice(t, second, r, "i_1", "both")
	cancelFirst()
	publish(t, b, r, "i_1", "second")
	wantNotice(t, second, r, "i_1", "second")
	cancelSecond()
	again, _ := listen(t, b, r, "i_2") // at once: the end of the last must not take the new one with it
	publish(t, b, r, "i_1", "again")
	wantNotice(t, again, r, "i_1", "again")
	if len(first) != 0 || len(second) != 0 {
		t.Fatalf("%d and %d notices after cancel", len(first), len(second))
	}
}

func bodyKept(t *testing.T, b Publisher) {
	r := resource()
	heard, _ := listen(t, b, r, "i_2")
	other, _ := listen(t, b, r, "i_3")
	body := []byte("a")
	must(t, b.Publish(timeLimit(t), collab.Notice{Resource: r, From: "i_1", Kind: collab.BusUpdates, Body: body}))
	body[0] = 'z'
	n := next(t, heard)
	n.Body[0] = 'y' // the receiver owns it
	wantNotice(t, other, r, "i_1", "a")
}

func largePassed(t *testing.T, b Publisher) {
	r := resource()
	heard, _ := listen(t, b, r, "i_2")
	large := strings.Repeat("0123456789abcdef", 6<<20/16) // JSON takes a third more
	publish(t, b, r, "i_1", large)
	publish(t, b, r, "i_1", "small")
	wantNotice(t, heard, r, "i_1", large)
	wantNotice(t, heard, r, "i_1", "small")
}

func notDeliveredBack(t *testing.T, b Publisher) {
	r := resource()
	one, _ := listen(t, b, r, "i_1")
	publish(t, b, r, "i_1", "own")
	publish(t, b, r, "i_2", "other's")
	wantNotice(t, one, r, "i_2", "other's")
}

func noticesApart(t *testing.T, b Publisher) {
	r := resource()
	heard, _ := listen(t, b, r, "i_1")
	other := r
	other.ID += "#1"
	publish(t, b, other, "i_2", "other resource")
	other = r
	other.Tenant += "2"
	publish(t, b, other, "i_2", "other tenant")
	publish(t, b, r, "i_2", "here")
	wantNotice(t, heard, r, "i_2", "here")
}

func dropped(t *testing.T, b Publisher) {
	r := resource()
	t.Cleanup(b.Subscribe(r, "i_3", func(collab.Notice) bool { return false }))
	heard, _ := listen(t, b, r, "i_2")
	publish(t, b, r, "i_1", "a")
	publish(t, b, r, "i_1", "b")
	wantNotice(t, heard, r, "i_1", "a")
	wantNotice(t, heard, r, "i_1", "b")
}

func cancelled(t *testing.T, b Publisher) {
	r := resource()
	gone, cancel := listen(t, b, r, "i_2")
	heard, _ := listen(t, b, r, "i_3")
	cancel()
	cancel()
	publish(t, b, r, "i_1", "late")
	wantNotice(t, heard, r, "i_1", "late")
	select {
	case n := <-gone:
		t.Fatalf("heard %+v after cancel", n)
	default:
	}
}
