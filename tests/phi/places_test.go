//go:build integration

package phi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/redis/go-redis/v9"

	"corsia/tests/phi/sweep"
	"corsia/tests/testkit"
)

// notes are what a test gathers while it goes: answers, frames. It is safe for concurrent use.
type notes struct {
	// Guarded by mu.
	mu     sync.Mutex
	pieces []sweep.Piece
}

func (n *notes) add(place string, data ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pieces = append(n.pieces, sweep.Piece{Place: place, Data: fmt.Append(nil, data...)})
}

func (n *notes) all() []sweep.Piece {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]sweep.Piece(nil), n.pieces...)
}

// outputs is what the gateways have printed.
func outputs(c *testkit.Cluster) (pieces []sweep.Piece) {
	for _, i := range c.Instances {
		stdout, stderr := i.Output()
		pieces = append(pieces, sweep.Piece{Place: "log/" + i.ID + "/stdout", Data: stdout}, sweep.Piece{Place: "log/" + i.ID + "/stderr", Data: stderr})
	}
	return pieces
}

// figures is what operators see of the gateways.
func figures(t testing.TB, c *testkit.Cluster) (pieces []sweep.Piece) {
	t.Helper()
	for _, i := range c.Instances {
		for _, path := range []string{"/metrics", "/health", "/health/ready", "/health/live"} {
			_, header, body := i.HTTP(t, "GET", path, "", nil)
			pieces = append(pieces, sweep.Piece{Place: "figures" + path, Data: fmt.Append(nil, header, string(body))})
		}
	}
	return pieces
}

// tables reads every column of every table of the database, and what the server shows of its sessions. Texts and bytes
// come as they are, whatever is around them in lists and JSON.
func tables(t testing.TB, storeURL string) (pieces []sweep.Piece) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, storeURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT format('%I.%I', n.nspname, c.relname), c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') UNION ALL SELECT 'pg_stat_activity', 'pg_stat_activity'`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (n [2]string, err error) { return n, row.Scan(&n[0], &n[1]) })
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		rows, err := conn.Query(ctx, "SELECT * FROM "+name[0])
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			for i, raw := range rows.RawValues() {
				pieces = append(pieces, sweep.Piece{Place: "postgres/" + name[1] + "." + rows.FieldDescriptions()[i].Name, Data: append([]byte(nil), raw...)})
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return pieces
}

// keys reads every key of a database of Redis, with its value, and the commands that the server found slow.
func keys(t testing.TB, client *redis.Client) (pieces []sweep.Piece) {
	t.Helper()
	ctx := context.Background()
	scan := client.Scan(ctx, 0, "*", 1000).Iterator()
	for scan.Next(ctx) {
		key := scan.Val()
		value, err := dump(ctx, client, key)
		if err != nil && !errors.Is(err, redis.Nil) { // it has expired meanwhile
			t.Fatal(err)
		}
		pieces = append(pieces, sweep.Piece{Place: "redis/" + key, Data: fmt.Append(nil, key, " ", value)})
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	slow, err := client.SlowLogGet(ctx, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	return append(pieces, sweep.Piece{Place: "redis slow log", Data: fmt.Append(nil, slow)})
}

func dump(ctx context.Context, client *redis.Client, key string) (any, error) {
	kind, err := client.Type(ctx, key).Result()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "string":
		return client.Get(ctx, key).Result()
	case "hash":
		return client.HGetAll(ctx, key).Result()
	case "set":
		return client.SMembers(ctx, key).Result()
	case "list":
		return client.LRange(ctx, key, 0, -1).Result()
	case "zset":
		return client.ZRangeWithScores(ctx, key, 0, -1).Result()
	case "stream":
		return client.XRange(ctx, key, "-", "+").Result()
	case "none":
		return "", nil
	}
	return nil, fmt.Errorf("redis: %s is of the unknown type %s", key, kind)
}

// tap hears everything that goes into and out of a vhost: RabbitMQ's own trace, whatever the exchange or queue.
type tap struct {
	conn *amqp.Connection

	notes
}

// listen turns the trace on. It ends with the test.
func listen(t testing.TB, c *testkit.Cluster) *tap {
	t.Helper()
	u, err := url.Parse(c.BusURL)
	if err != nil {
		t.Fatal("BUS_URL is no URL")
	}
	c.Services.RabbitMQ.Control(t, "trace_on", "-p", strings.TrimPrefix(u.Path, "/"))
	w := &tap{}
	if w.conn, err = amqp.Dial(c.BusURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.conn.Close() })
	ch, err := w.conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	q, err := ch.QueueDeclare("", false, true, true, false, nil)
	if err == nil {
		err = ch.QueueBind(q.Name, "#", "amq.rabbitmq.trace", false, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	messages, err := ch.Consume(q.Name, "", true, true, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { // until the connection is closed
		for m := range messages {
			w.add("rabbitmq/messages", m.RoutingKey, " ", m.Headers, " ", string(m.Body))
		}
	}()
	return w
}

// folder reads all files below a folder.
func folder(t testing.TB, place, path string) (pieces []sweep.Piece) {
	t.Helper()
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return ignoreMissing(err)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return ignoreMissing(err)
		}
		inside, err := filepath.Rel(path, name)
		pieces = append(pieces, sweep.Piece{Place: place + "/" + filepath.ToSlash(inside), Data: append([]byte(inside+"\n"), data...)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pieces
}

// ignoreMissing forgives a file that its owner has removed meanwhile.
func ignoreMissing(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// browserStores are the folders of a profile of Chromium that pages decide about.
var browserStores = []string{"IndexedDB", "Local Storage", "Session Storage", "Service Worker", "File System", "blob_storage", "Shared Dictionary"}

// disk reads what a page has made Chromium keep.
func disk(t testing.TB, profile string) (pieces []sweep.Piece) {
	t.Helper()
	for _, store := range browserStores {
		path := filepath.Join(profile, "Default", store)
		if _, err := os.Stat(path); err == nil {
			pieces = append(pieces, folder(t, "browser/"+store, path)...)
		}
	}
	return pieces
}
