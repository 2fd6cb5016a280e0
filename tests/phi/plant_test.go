//go:build integration

package phi

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	amqp "github.com/rabbitmq/amqp091-go"

	"corsia/tests/phi/sweep"
	"corsia/tests/testkit"
)

const planted sweep.Kind = "planted"

// TestTheSweepFindsWhatIsPlanted puts markers into every place and takes the same way to them as the sweep does. The id of a
// user may be in logs, the trail, presence and on the bus: it shows that the sweep sees what the gateways write there.
func TestTheSweepFindsWhatIsPlanted_T6(t *testing.T) {
	d := start(t)
	id := d.set.Plain(planted, "a user's id")
	p := join(t, d.at(0).Connect(t, id, fields{"name": id}), d.resource, "editor", id)
	other := join(t, d.at(1).Connect(t, "usr_other"), d.resource, "editor", "")
	p.write("id-notes", id)
	other.OK("LOCK_ACQUIRE", other.about(fields{"field": "id-notes"}))
	answer := p.Call("LOCK_ACQUIRE", p.about(fields{"field": id + "\x00"}))
	d.note("answers/socket", answer)
	p.OK("LOCK_ACQUIRE", p.about(fields{"field": id}))
	d.note("frames/holder", other.NextWhere("LOCK_STATUS_CHANGED", func(f fields) bool { return f.Text("userId") == id }))
	d.plantStore()
	d.plantState()
	d.plantBus()
	testkit.Eventually(t, patience, "cached state", func() bool { return len(d.cluster.Keys(t).Keys(t.Context(), "resource:*:state").Val()) > 0 })
	pieces := append(keys(t, d.cluster.Keys(t)), d.plantFiles()...)
	pieces = append(pieces, d.plantFigures()...)
	pieces = append(pieces, tables(t, d.cluster.StoreURL)...) // with locks that are held
	d.stop()
	pieces = append(pieces, d.traces()...)

	found := map[string]bool{}
	for _, f := range d.set.Finder().Search(pieces) {
		found[f.Place+" "+f.Marker.What] = true
	}
	for _, want := range append([]string{
		"log/instance-1/stdout a user's id", "postgres/audit_log.actor a user's id", "postgres/audit_log.body a user's id", "postgres/yjs_updates.update a user's id",
		"postgres/yjs_updates.user_id a user's id", "postgres/yjs_states.state a user's id", "postgres/locks.name a user's id", "postgres/yjs_heads.resource_type a user's id",
		"redis/user:" + id + ":session a user's id", "redis/resource:" + d.resource + ":state a user's id", "rabbitmq/messages a user's id",
		"export/ndjson a user's id", "export/fhir a user's id", "frames/holder a user's id", "postgres log a value that was no number",
		"postgres/planted.plain a column", "postgres/planted.packed bytes in a column", "postgres/planted.list a list in a column", "postgres/planted.object JSON in a column",
		"redis/planted:string a string", "redis/planted:hash a hash", "redis/planted:set a set", "redis/planted:list a list", "redis/planted:zset a sorted set",
		"redis/planted:stream a stream", "redis slow log a slow command", "rabbitmq/messages a message", "rabbitmq/messages a header of a message",
		"figures/metrics a metric", "figures/health a header", "rabbitmq log a user of the broker",
	}, plantedFiles...) {
		if !found[want] {
			t.Errorf("the sweep does not find: %s", want)
		}
	}
	archived := false
	for place := range found {
		archived = archived || strings.HasPrefix(place, "archive/days/") && strings.HasSuffix(place, ".ndjson.gz a user's id")
	}
	if !archived {
		t.Error("the sweep does not find what is in the archive")
	}
}

// plantStore makes a table with every kind of column, and has the server log an error.
func (d *drive) plantStore() {
	d.t.Helper()
	ctx := d.t.Context()
	conn, err := pgx.Connect(ctx, d.cluster.StoreURL)
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE TABLE planted (plain text, packed bytea, list text[], object jsonb)"); err != nil {
		d.t.Fatal(err)
	}
	_, err = conn.Exec(ctx, "INSERT INTO planted VALUES ($1, $2, $3, $4)", d.rich(planted, "a column"), packed(d.rich(planted, "bytes in a column")),
		[]string{"a", d.rich(planted, "a list in a column")}, fields{"deep": []string{d.rich(planted, "JSON in a column")}})
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "SELECT '"+d.set.Plain(planted, "a value that was no number")+"'::int"); err == nil {
		d.t.Fatal("PostgreSQL takes a text for a number")
	}
}

func packed(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // into memory
	w.Close()
	return b.Bytes()
}

// plantState makes a key of every type.
func (d *drive) plantState() {
	d.t.Helper()
	client := d.cluster.Keys(d.t)
	for _, command := range [][]any{
		{"SET", "planted:string", d.rich(planted, "a string")}, {"HSET", "planted:hash", "f", d.rich(planted, "a hash")}, {"SADD", "planted:set", d.rich(planted, "a set")},
		{"RPUSH", "planted:list", d.rich(planted, "a list")}, {"ZADD", "planted:zset", 1, d.rich(planted, "a sorted set")}, {"XADD", "planted:stream", "*", "f", d.rich(planted, "a stream")},
		{"CONFIG", "SET", "slowlog-log-slower-than", 0}, {"ECHO", d.rich(planted, "a slow command")}, {"CONFIG", "SET", "slowlog-log-slower-than", 10000},
	} {
		if err := client.Do(d.t.Context(), command...).Err(); err != nil {
			d.t.Fatalf("redis %v: %v", command[0], err)
		}
	}
}

// plantBus publishes to nobody, and is refused as a user that the broker does not know.
func (d *drive) plantBus() {
	d.t.Helper()
	ch, err := d.tap.conn.Channel()
	if err != nil {
		d.t.Fatal(err)
	}
	m := amqp.Publishing{Body: []byte(d.rich(planted, "a message")), Headers: amqp.Table{"h": d.rich(planted, "a header of a message")}}
	if err := ch.PublishWithContext(d.t.Context(), "", "nobody", false, false, m); err != nil {
		d.t.Fatal(err)
	}
	stranger := strings.Replace(d.cluster.BusURL, "guest:guest", d.set.Plain(planted, "a user of the broker")+":x", 1)
	if conn, err := amqp.Dial(stranger); err == nil {
		conn.Close()
		d.t.Fatal("the broker takes anybody")
	}
}

var plantedFiles = []string{"files/instance-1/left.txt a file of a gateway", "browser/IndexedDB/x/000003.log text in IndexedDB", "browser/Local Storage/leveldb/000001.log text in local storage"}

// plantFiles puts files into a gateway's folder and into a browser's profile.
func (d *drive) plantFiles() []sweep.Piece {
	d.t.Helper()
	profile := d.t.TempDir()
	for path, content := range map[string][]byte{
		filepath.Join(d.at(0).Dir, "left.txt"):                                      packed(d.rich(planted, "a file of a gateway")),
		filepath.Join(profile, "Default", "IndexedDB", "x", "000003.log"):           wide(d.set.Plain(planted, "text in IndexedDB")),
		filepath.Join(profile, "Default", "Local Storage", "leveldb", "000001.log"): []byte(d.rich(planted, "text in local storage")),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			d.t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	return disk(d.t, profile)
}

// wide is a text as JavaScript writes it.
func wide(text string) (b []byte) {
	for i := range len(text) {
		b = append(b, text[i], 0)
	}
	return b
}

// plantFigures has a server in the place of a gateway.
func (d *drive) plantFigures() []sweep.Piece {
	d.t.Helper()
	metric, header := d.set.Plain(planted, "a metric"), d.set.Plain(planted, "a header")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			w.Header().Set("X-Left", header)
			return
		}
		fmt.Fprintf(w, "rooms{resource=%q} 1\n", metric)
	}))
	d.t.Cleanup(server.Close)
	gateway := &testkit.Instance{Gateway: &testkit.Gateway{URL: server.URL}}
	return figures(d.t, &testkit.Cluster{Instances: []*testkit.Instance{gateway}})
}
