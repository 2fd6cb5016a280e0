//go:build integration

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/load/corsia"
	"corsia/tests/testkit"
)

// traveller is a page that types until it is told to stop: when its instance goes away it comes back through another one
// and sends again what was not acknowledged. It knows every word that it typed and what became of it.
type traveller struct {
	user, resource string
	instances      []string // URLs; it tries one after the other
	token          string

	quit chan struct{}
	done chan struct{}

	// Guarded by mu.
	mu       sync.Mutex
	pause    time.Duration // between words
	client   *corsia.Client
	me       *corsia.Connected // of the last session
	lost     chan struct{}     // closed at the end of the connection
	lostAt   time.Time         // zero while it is connected
	awayFor  time.Duration     // the longest
	doc      *ydoc.Doc
	id       ydoc.ClientID
	at       int              // index of the instance
	shown    map[int64][]byte // updates by revision
	typed    []string         // words, in order
	acked    int              // how many of typed are acknowledged
	visits   int              // connections
	trouble  []error          // what must never happen
	refusals map[string]int   // by code
}

const (
	travelPatience = 5 * time.Second // for one connection
	answerPatience = 8 * time.Second
)

func depart(c *testkit.Cluster, n int, user, resource string, pause time.Duration) *traveller {
	t := &traveller{user: user, resource: resource, token: c.Instances[0].Token(user), at: n, pause: pause, doc: ydoc.New(),
		shown: map[int64][]byte{}, refusals: map[string]int{}, quit: make(chan struct{}), done: make(chan struct{})}
	for _, i := range c.Instances {
		t.instances = append(t.instances, i.URL)
	}
	go func() {
		defer close(t.done)
		t.travel()
	}()
	return t
}

// travel types, with the connection that it has, until it is told to stop and all is acknowledged.
func (t *traveller) travel() {
	defer t.leave()
	for {
		select {
		case <-t.quit:
			return
		default:
		}
		if err := t.visit(); err != nil {
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// visit is one connection from its begin to its end.
func (t *traveller) visit() error {
	t.mu.Lock()
	t.at = (t.at + 1) % len(t.instances)
	url, lost, me := t.instances[t.at], make(chan struct{}), t.me
	t.lost = lost
	t.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), travelPatience)
	defer cancel()
	client, err := corsia.Connect(ctx, corsia.Options{URL: url, Token: t.token, Listener: t, Resume: me})
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.client, t.me = client, &client.Connected
	t.mu.Unlock()
	defer func() { _ = client.Drop() }() // it may be gone
	if err := t.join(ctx, client); err != nil {
		return err
	}
	for {
		select {
		case <-lost:
			return nil
		case <-t.quit:
			return nil
		case <-time.After(t.rest()):
		}
		if err := t.say(client); err != nil {
			return err
		}
	}
}

func (t *traveller) rest() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pause
}

// join takes the state and sends what the server lacks.
func (t *traveller) join(ctx context.Context, client *corsia.Client) error {
	reply, err := client.Request(ctx, "JOIN_RESOURCE", fields{"resourceId": t.resource, "mode": "editor"})
	if err != nil {
		return err
	}
	var state struct{ ClientID int64 }
	if err := json.Unmarshal(reply.JSON, &state); err != nil || len(reply.Attachments) != 2 {
		return fmt.Errorf("a state with %d attachments: %w", len(reply.Attachments), err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	server, err := ydoc.Load(reply.Attachments[0])
	if err != nil {
		return err
	}
	if err := t.doc.ApplyUpdate(reply.Attachments[0]); err != nil {
		t.trouble = append(t.trouble, fmt.Errorf("%s cannot apply a state: %w", t.user, err))
		return err
	}
	lacking, err := t.doc.EncodeState(server.StateVector())
	if err != nil {
		return err
	}
	t.mu.Unlock()
	err = t.send(ctx, client, lacking)
	t.mu.Lock()
	if err != nil {
		return err
	}
	t.acked = len(t.typed)
	t.id = ydoc.ClientID(state.ClientID)
	t.visits++
	if !t.lostAt.IsZero() {
		t.awayFor = max(t.awayFor, time.Since(t.lostAt))
		t.lostAt = time.Time{}
	}
	return nil
}

// say types a word and waits until it is saved.
func (t *traveller) say(client *corsia.Client) error {
	t.mu.Lock()
	word := fmt.Sprintf("<%s.%d>", t.user, len(t.typed))
	update, err := t.doc.Transact(t.id, func(e *ydoc.Edit) { e.InsertText("notes", t.doc.TextLength("notes"), word) })
	if err != nil {
		t.trouble = append(t.trouble, err)
		t.mu.Unlock()
		return err
	}
	t.typed = append(t.typed, word)
	t.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), answerPatience)
	defer cancel()
	if err := t.send(ctx, client, update); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acked = len(t.typed)
	return nil
}

// send sends an update as an array of byte values, again and again while the gateway asks to wait.
func (t *traveller) send(ctx context.Context, client *corsia.Client, update []byte) error {
	values := make([]int, len(update))
	for i, b := range update {
		values[i] = int(b)
	}
	for {
		_, err := client.Request(ctx, "Y_UPDATE", fields{"resourceId": t.resource, "update": values})
		var refusal *corsia.Refusal
		if !errors.As(err, &refusal) {
			return err
		}
		t.mu.Lock()
		t.refusals[refusal.Code]++
		if refusal.Code != "BACKPRESSURE" && refusal.Code != "UNAVAILABLE" && refusal.Code != "DRAINING" {
			t.trouble = append(t.trouble, fmt.Errorf("%s: %w", t.user, err))
			t.mu.Unlock()
			return err
		}
		t.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (t *traveller) leave() {
	t.mu.Lock()
	client := t.client
	t.mu.Unlock()
	if client != nil {
		_ = client.Drop() // it may be gone
	}
}

// Updated applies a colleague's update.
func (t *traveller) Updated(_ []byte, revision int64, update []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := append([]byte(nil), update...)
	if before, there := t.shown[revision]; there && string(before) != string(kept) {
		t.trouble = append(t.trouble, fmt.Errorf("%s was shown revision %d with two contents", t.user, revision))
	}
	t.shown[revision] = kept
	if err := t.doc.ApplyUpdate(kept); err != nil {
		t.trouble = append(t.trouble, fmt.Errorf("%s cannot apply revision %d: %w", t.user, revision, err))
	}
}

// Acknowledged is for Update, which is not used.
func (t *traveller) Acknowledged(uint64, []byte) {}

// Event has nothing to do.
func (t *traveller) Event(string, []byte) {}

// Lost notes when.
func (t *traveller) Lost(error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lostAt.IsZero() {
		t.lostAt = time.Now()
	}
	close(t.lost)
}

// words returns how many were typed and acknowledged.
func (t *traveller) words() (typed, acked, visits int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.typed), t.acked, t.visits
}

// caravan are travellers.
type caravan []*traveller

// settle waits until everybody is connected and everything typed is acknowledged.
func (c caravan) settle(t *testing.T, limit time.Duration) {
	t.Helper()
	for _, p := range c {
		p.mu.Lock()
		p.pause = time.Hour // no more words
		p.mu.Unlock()
	}
	for _, p := range c {
		testkit.Eventually(t, limit, "word of the store for all that "+p.user+" typed", func() bool {
			typed, acked, _ := p.words()
			return typed == acked
		})
	}
}

// end stops everybody.
func (c caravan) end() {
	for _, p := range c {
		select {
		case <-p.quit:
		default:
			close(p.quit)
		}
	}
	for _, p := range c {
		<-p.done
	}
}

// judge checks what must hold whatever failed: all that was acknowledged is in the journal, all that was shown stands there
// with the same bytes, everybody's replica equals it.
func (c caravan) judge(t *testing.T, s *testkit.Store, limit time.Duration) (words int) {
	t.Helper()
	resource := c[0].resource
	deadline := time.Now().Add(limit)
	for _, p := range c {
		for {
			want := stored(t, s, resource)
			p.mu.Lock()
			err := ydoc.Equal(want, p.doc)
			p.mu.Unlock()
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%v after the fault the replica of %s differs: %v", limit, p.user, err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	rows := map[int64]string{}
	for _, row := range s.Journal(resource, 0) {
		rows[row.Revision] = string(row.Update)
	}
	text := stored(t, s, resource).Text("notes")
	there := map[string]int{}
	for word := range wordsOf(text) {
		there[word]++
	}
	for _, p := range c {
		p.mu.Lock()
		for _, err := range p.trouble {
			t.Error(err)
		}
		for _, word := range p.typed[:p.acked] {
			if there[word] != 1 {
				t.Errorf("%s, which was acknowledged, is %d times in the document", word, there[word])
			}
		}
		for revision, update := range p.shown {
			if rows[revision] != string(update) {
				t.Errorf("%s was shown a revision %d that is not saved", p.user, revision)
			}
		}
		words += len(p.typed)
		p.mu.Unlock()
	}
	return words
}

// wordsOf yields the words of a text.
func wordsOf(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start := 0
		for i, c := range text {
			if c == '>' {
				if !yield(text[start : i+1]) {
					return
				}
				start = i + 1
			}
		}
	}
}
