package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go/encoding/cbor"

	"corsia/shared/audit"
	"corsia/shared/backup"
	"corsia/shared/collab"
	"corsia/shared/driver/folder"
	"corsia/shared/obs"
)

// dump is a store whose dump passes level 2.
type dump struct{ at time.Time }

func (d dump) Dump(_ context.Context, to io.Writer) (collab.Inventory, error) {
	_, err := io.WriteString(to, "SQLite format 3\x00"+strings.Repeat("rows", 1000))
	return collab.Inventory{Engine: "sqlite", Schema: 11, At: d.at, Tables: []collab.TableSum{{Name: "a", Rows: 1, Sum: "1"}}}, err
}

// told is all that a verifier tells.
type told struct {
	drills  []string
	values  map[string]float64
	rows    []collab.AuditRow
	trouble error // of each
}

func (o *told) Start(_ context.Context, id string) error {
	o.drills = append(o.drills, id)
	return o.trouble
}

func (o *told) Put(_ context.Context, _ time.Time, values map[string]float64) error {
	o.values = values
	return o.trouble
}

func (o *told) Record(_ context.Context, rows ...collab.AuditRow) error {
	o.rows = append(o.rows, rows...)
	return o.trouble
}

func newVerifier(t *testing.T) (*verifier, *told, string) {
	t.Helper()
	dir := t.TempDir()
	objects, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { objects.Close() })
	o, log := &told{}, obs.TestLogger(t, io.Discard)
	return &verifier{objects: objects, drills: o, metrics: o, trail: o, recorder: audit.NewRecorder("i_1", log), log: log, now: time.Now, maxAge: 26 * time.Hour}, o, dir
}

func (v *verifier) backUp(t *testing.T, at time.Time) *backup.Manifest {
	t.Helper()
	m, err := backup.Make(t.Context(), v.objects, "sqlite", dump{at}, backup.Options{Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestO4AGoodBackupIsToldAndADrillStartedWhenOneIsDue(t *testing.T) {
	v, o, dir := newVerifier(t)
	m := v.backUp(t, time.Now())
	for _, tt := range []struct {
		event Event
		why   string
	}{{Event{}, "there was no drill yet"}, {Event{Drill: "never"}, ""}, {Event{Drill: "always", Backup: m.ID}, "it was asked for"}} {
		*o = told{}
		got, err := v.handle(t.Context(), tt.event)
		if err != nil || got.Backup != m.ID || got.Level != 2 || got.Problem != "" || got.Drill != tt.why {
			t.Fatalf("%+v: %+v, %v", tt.event, got, err)
		}
		if (len(o.drills) > 0) != (tt.why != "") || o.values[metricLevel] != 2 || o.values[metricFailed] != 0 || o.values[metricAge] > 60 {
			t.Fatalf("%+v: told %+v", tt.event, o)
		}
		if len(o.rows) != 1 || o.rows[0].Type != "ADMIN_ACTION" || o.rows[0].Outcome != "success" || !strings.Contains(string(o.rows[0].Body), m.ID) {
			t.Fatalf("%+v: recorded %+v", tt.event, o.rows)
		}
		text, err := os.ReadFile(filepath.Join(dir, got.Report))
		if err != nil || !json.Valid(text) || !bytes.Contains(text, []byte(`"level": 2`)) {
			t.Fatalf("the report is %s, %v", text, err)
		}
	}
}

func TestO4ABadBackupIsAResultAndNoError(t *testing.T) {
	v, o, dir := newVerifier(t)
	got, err := v.handle(t.Context(), Event{})
	if err != nil || got.Level != -1 || got.Problem == "" || o.values[metricFailed] != 1 || o.values[metricLevel] != -1 {
		t.Fatalf("without a backup: %+v, %v, told %+v", got, err, o)
	}
	m := v.backUp(t, time.Now())
	if err := os.Truncate(filepath.Join(dir, m.Object), m.Bytes-1); err != nil {
		t.Fatal(err)
	}
	*o = told{}
	got, err = v.handle(t.Context(), Event{Drill: "always"})
	if err != nil || got.Level != 0 || got.Problem == "" || len(o.drills) > 0 || o.values[metricFailed] != 1 || o.rows[0].Outcome != "failed" {
		t.Fatalf("truncated: %+v, %v, told %+v", got, err, o)
	}
}

func TestO4WhatCannotBeToldIsAnErrorAndTheRestIsTold(t *testing.T) {
	v, o, _ := newVerifier(t)
	v.backUp(t, time.Now())
	o.trouble = errors.New("away")
	if _, err := v.handle(t.Context(), Event{}); !errors.Is(err, o.trouble) {
		t.Fatalf("got %v", err)
	}
	if len(o.drills) != 1 || len(o.rows) != 1 || o.values == nil {
		t.Fatalf("told %+v", o)
	}
}

// requests are what a fake endpoint got.
type requests struct {
	sync.Mutex
	paths, targets []string
	bodies         [][]byte
}

// endpoint answers every request with a body.
func endpoint(t *testing.T, kind string, answer []byte) (*requests, *string) {
	t.Helper()
	got := &requests{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			from, _ = gzip.NewReader(r.Body)
		}
		body, _ := io.ReadAll(from)
		got.Lock()
		got.paths, got.targets, got.bodies = append(got.paths, r.URL.Path), append(got.targets, r.Header.Get("X-Amz-Target")), append(got.bodies, body)
		got.Unlock()
		if strings.Contains(kind, "cbor") {
			w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(answer)
	}))
	t.Cleanup(s.Close)
	return got, aws.String(s.URL)
}

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
}

func TestO4TheMetricsReachCloudWatch(t *testing.T) {
	got, url := endpoint(t, "application/cbor", cbor.Encode(cbor.Map{}))
	c := &cloudWatch{cloudwatch.New(cloudwatch.Options{Region: "eu-south-1", BaseEndpoint: url, Credentials: aws.CredentialsProviderFunc(credentials)})}
	if err := c.Put(t.Context(), time.Now(), map[string]float64{metricLevel: 2, metricAge: 61}); err != nil {
		t.Fatal(err)
	}
	if len(got.paths) != 1 || !strings.HasSuffix(got.paths[0], "/operation/PutMetricData") {
		t.Fatalf("asked for %v", got.paths)
	}
	body, err := cbor.Decode(got.bodies[0])
	if err != nil {
		t.Fatal(err)
	}
	m := body.(cbor.Map)
	data := m["MetricData"].(cbor.List)
	if m["Namespace"] != cbor.String(metricSpace) || len(data) != 2 || data[0].(cbor.Map)["MetricName"] != cbor.String(metricAge) {
		t.Fatalf("put %+v", m)
	}
}

func TestO4TheDrillIsATaskThatIsStartedOnce(t *testing.T) {
	got, url := endpoint(t, "application/x-amz-json-1.1", []byte(`{"tasks":[{"taskArn":"arn:x"}],"failures":[]}`))
	client := ecs.New(ecs.Options{Region: "eu-south-1", BaseEndpoint: url, Credentials: aws.CredentialsProviderFunc(credentials)})
	d := &task{ecs: client, cluster: "corsia", definition: "corsia-drill", subnets: []string{"subnet-1"}, groups: []string{"sg-1"}}
	if err := d.Start(t.Context(), "20260301T020000Z"); err != nil {
		t.Fatal(err)
	}
	var q struct {
		Cluster, TaskDefinition, ClientToken, LaunchType string
		Overrides                                        struct{ ContainerOverrides []struct{ Command []string } }
	}
	if err := json.Unmarshal(got.bodies[0], &q); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(got.targets[0], ".RunTask") || q.Cluster != "corsia" || q.TaskDefinition != "corsia-drill" || q.LaunchType != "FARGATE" ||
		q.ClientToken != "drill-20260301T020000Z" || strings.Join(q.Overrides.ContainerOverrides[0].Command, " ") != "drill -id 20260301T020000Z -quiet" {
		t.Fatalf("asked for %s: %s", got.targets[0], got.bodies[0])
	}
}

func TestO4ATaskThatIsNotStartedIsAnError(t *testing.T) {
	_, url := endpoint(t, "application/x-amz-json-1.1", []byte(`{"tasks":[],"failures":[{"reason":"RESOURCE:MEMORY"}]}`))
	client := ecs.New(ecs.Options{Region: "eu-south-1", BaseEndpoint: url, Credentials: aws.CredentialsProviderFunc(credentials)})
	if err := (&task{ecs: client, definition: "x", subnets: []string{"subnet-1"}}).Start(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "RESOURCE:MEMORY") {
		t.Fatalf("got %v", err)
	}
	if err := (&task{ecs: client}).Start(t.Context(), "a"); err == nil {
		t.Fatal("a task without a definition was started")
	}
}
