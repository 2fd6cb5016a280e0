package drivertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Publisher is the port of the bus between instances.
type Publisher interface {
	Publish(ctx context.Context, n collab.Notice) error
	Subscribe(res collab.Resource, inst collab.InstanceID, deliver func(collab.Notice) bool) (cancel func())
}

// Bus checks rule D4 as far as the bus answers for it. A subscription may take a while to be in force: the cases wait for
// it with notices of their own.
func Bus(t *testing.T, open func(*testing.T) Publisher) {
	cases := []struct {
		name string
		run  func(*testing.T, Publisher)
	}{
		{"D4 a notice reaches the other instances, whole and in order", delivered},
		{"D4 a notice is not delivered back to its instance", notDeliveredBack},
		{"D4 a notice stays in its resource and tenant", noticesApart},
		{"D4 what a subscriber drops costs nobody else", dropped},
		{"D4 nothing is delivered after cancel", cancelled},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// listen subscribes and waits until the subscription is in force.
func listen(t *testing.T, b Publisher, r collab.Resource, inst collab.InstanceID) (heard <-chan collab.Notice, cancel func()) {
	t.Helper()
	const probe = "probe"
	notices := make(chan collab.Notice, 1000)
	probed := make(chan struct{}, 1)
	cancel = b.Subscribe(r, inst, func(n collab.Notice) bool {
		if n.Kind == probe {
			select {
			case probed <- struct{}{}:
			default:
			}
			return true
		}
		select {
		case notices <- n:
			return true
		default:
			return false
		}
	})
	t.Cleanup(cancel)
	for deadline := time.After(patience); ; {
		must(t, b.Publish(timeLimit(t), collab.Notice{Resource: r, From: "i_probe", Kind: probe}))
		select {
		case <-probed:
			return notices, cancel
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatal("the subscription is not in force")
		}
	}
}

func publish(t *testing.T, b Publisher, r collab.Resource, from collab.InstanceID, body string) {
	t.Helper()
	must(t, b.Publish(timeLimit(t), collab.Notice{Resource: r, From: from, Kind: collab.BusUpdates, Body: []byte(body)}))
}

func wantNotice(t *testing.T, heard <-chan collab.Notice, r collab.Resource, from collab.InstanceID, body string) {
	t.Helper()
	select {
	case n := <-heard:
		if n.Resource != r || n.From != from || n.Kind != collab.BusUpdates || string(n.Body) != body {
			t.Fatalf("heard %+v, want %q from %s", n, body, from)
		}
	case <-time.After(patience):
		t.Fatalf("%q from %s was not heard", body, from)
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
