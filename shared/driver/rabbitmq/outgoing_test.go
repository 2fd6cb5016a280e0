package rabbitmq

import (
	"fmt"
	"strings"
	"testing"

	"corsia/shared/collab"
)

// opened returns a queue that lets notices in.
func opened() *outgoing {
	o := newOutgoing()
	o.open()
	return o
}

func about(id, body string) collab.Notice {
	n := notice(body)
	n.Resource.ID = collab.ResourceID(id)
	return n
}

// taken returns what the queue holds, a message a line.
func taken(t *testing.T, o *outgoing) string {
	t.Helper()
	var lines []string
	for parcels := o.take(); len(parcels) > 0; parcels = o.take() {
		encoded, count := pack(parcels)
		m, err := decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		var sections []string
		for _, s := range m.sections {
			line := string(s.resource.ID) + ":"
			for _, n := range s.notices {
				line += " " + string(n.body)
				count--
			}
			sections = append(sections, line)
		}
		if count != 0 {
			t.Fatalf("a message counts %d notices more than it has", count)
		}
		lines = append(lines, strings.Join(sections, ", "))
	}
	if o.notices != 0 || o.bytes != 0 || len(o.growing) != 0 {
		t.Fatalf("the empty queue counts %d notices, %d bytes, %d parcels", o.notices, o.bytes, len(o.growing))
	}
	return strings.Join(lines, "\n")
}

func TestNoticesThatWaitTogetherTravelTogether(t *testing.T) {
	o := opened()
	for _, n := range []collab.Notice{about("1", "a"), about("2", "b"), about("1", "c"), about("3", "d"), about("2", "e")} {
		if !o.add(n) {
			t.Fatal("a notice was dropped")
		}
	}
	if got, want := taken(t, o), "1: a c, 2: b e, 3: d"; got != want {
		t.Fatalf("messages\n%s\nwant\n%s", got, want)
	}
}

func TestALargeMessageTakesNoMoreAndARoomKeepsItsOrder(t *testing.T) {
	o := opened()
	large := strings.Repeat("x", togetherBytes)
	for _, body := range []string{"a", large, "b", "c"} {
		o.add(about("1", body))
	}
	o.add(about("2", "d"))
	if got, want := taken(t, o), "1: a\n1: "+large+"\n1: b c, 2: d"; got != want {
		t.Fatalf("messages %.40s…, want %.40s…", got, want)
	}
	for range maxTogether + 1 {
		o.add(about("1", ""))
	}
	if first, second := o.take(), o.take(); len(first) != 1 || first[0].notices != maxTogether || len(second) != 1 || second[0].notices != 1 {
		t.Fatalf("parcels %v and %v", first, second)
	}
	for n := range maxSections + 1 {
		o.add(about(fmt.Sprint(n), ""))
	}
	if first, second := o.take(), o.take(); len(first) != maxSections || len(second) != 1 {
		t.Fatalf("%d and %d sections", len(first), len(second))
	}
}

func TestInstancesDoNotShareAMessage(t *testing.T) {
	o := opened()
	other := about("1", "b")
	other.From = "i_2"
	o.add(about("1", "a"))
	o.add(other)
	if got, want := taken(t, o), "1: a\n1: b"; got != want {
		t.Fatalf("messages\n%s\nwant\n%s", got, want)
	}
}

func TestWhatWaitsIsBoundedInNumberAndBytes(t *testing.T) {
	o := opened()
	for n := range maxWaitingNotices + 10 {
		if o.add(about(fmt.Sprint(n%100), "")) != (n < maxWaitingNotices) {
			t.Fatalf("notice %d of at most %d", n, maxWaitingNotices)
		}
	}
	if got := o.lost(); got != 10 {
		t.Errorf("%d notices were lost, want 10", got)
	}
	if got := o.lost(); got != 0 {
		t.Errorf("%d notices were lost twice", got)
	}
	o = opened()
	body := strings.Repeat("x", 1<<20)
	for o.add(about("1", body)) {
		if o.bytes > maxWaitingBytes {
			t.Fatalf("%d bytes wait", o.bytes)
		}
	}
	if o.notices < maxWaitingBytes>>20-1 {
		t.Errorf("only %d MiB wait", o.notices)
	}
	o.take()
	if !o.add(about("1", body)) {
		t.Error("no room after one was taken")
	}
}

func TestAShutQueueKeepsNothing(t *testing.T) {
	o := newOutgoing()
	if o.add(notice("a")) || o.accepts() {
		t.Fatal("the queue is open before the broker is there")
	}
	o.open()
	o.add(notice("a"))
	o.add(notice("b"))
	if got := o.shut(); got != 2 {
		t.Errorf("shutting dropped %d, want 2", got)
	}
	if o.add(notice("c")) {
		t.Error("a shut queue takes a notice")
	}
	o.open()
	if got := taken(t, o); got != "" {
		t.Errorf("the queue kept %q", got)
	}
	if got := o.lost(); got != 4 {
		t.Errorf("%d notices were lost, want 4", got)
	}
}

func TestTheQueueCopiesWhatItIsGiven(t *testing.T) {
	o := opened()
	body := []byte("a")
	n := notice("")
	n.Body = body
	o.add(n)
	body[0] = 'z'
	if got, want := taken(t, o), string(ward.ID)+": a"; got != want {
		t.Fatalf("message %q, want %q", got, want)
	}
}
