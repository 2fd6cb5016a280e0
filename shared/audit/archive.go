package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"corsia/shared/collab"
)

const (
	daysPrefix     = "audit/days/"
	dayLayout      = "2006-01-02"
	objectLayout   = daysPrefix + "2006/01/02"
	rowsSuffix     = ".ndjson.gz"
	manifestSuffix = ".manifest.json"
	maxLineBytes   = 16 << 20
)

// Manifest describes one day's object of the archive (T5). Each names the one before it by its hash, so that none can be left
// out.
type Manifest struct {
	Day      string                `json:"day"` // rows that were recorded before its end, in UTC
	Epoch    int64                 `json:"epoch"`
	Object   string                `json:"object"`
	SHA256   string                `json:"sha256"` // of the object, hexadecimal
	Rows     int64                 `json:"rows"`
	Shards   map[int]ManifestShard `json:"shards"`             // those that have rows in it
	Previous string                `json:"previous,omitempty"` // SHA-256 of the manifest before it; empty: the first
	Written  time.Time             `json:"written"`
}

// ManifestShard is a shard's part of an object.
type ManifestShard struct {
	First int64  `json:"first"` // seq
	Last  int64  `json:"last"`
	Chain string `json:"chain"` // of the last row, hexadecimal
}

// AppendLine appends a sealed row as one line of JSON: its place, its hashes and the event, byte by byte as it was hashed.
func AppendLine(dst []byte, r *collab.SealedRow) []byte {
	dst = fmt.Appendf(dst, `{"shard":%d,"seq":%d,"leaf":"%x","chain":"%x",`, r.Shard, r.Seq, r.Leaf, r.Chain)
	if json.Valid(r.Body) && !bytes.ContainsAny(r.Body, "\n\r") {
		dst = append(append(dst, `"event":`...), r.Body...)
	} else {
		dst = append(append(dst, `"body_base64":"`...), base64.StdEncoding.EncodeToString(r.Body)...)
		dst = append(dst, '"')
	}
	return append(dst, "}\n"...)
}

// ParseLine reads what AppendLine writes.
func ParseLine(line []byte) (collab.SealedRow, error) {
	var l struct {
		Shard int             `json:"shard"`
		Seq   int64           `json:"seq"`
		Leaf  string          `json:"leaf"`
		Chain string          `json:"chain"`
		Event json.RawMessage `json:"event"`
		Body  []byte          `json:"body_base64"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return collab.SealedRow{}, fmt.Errorf("parse line of archive: %w", err)
	}
	row := collab.AuditRow{Shard: l.Shard, Body: l.Body}
	if l.Event != nil {
		row.Body = l.Event
		if e, err := Parse(l.Event); err == nil {
			row = e.Row()
			row.Shard, row.Body = l.Shard, l.Event
		}
	}
	sealed := columns(row)
	sealed.Seq = l.Seq
	for _, h := range []struct {
		to   *[32]byte
		from string
	}{{&sealed.Leaf, l.Leaf}, {&sealed.Chain, l.Chain}} {
		if n, err := hex.Decode(h.to[:], []byte(h.from[:min(len(h.from), 2*sha256.Size)])); err != nil || n != sha256.Size {
			return collab.SealedRow{}, errors.New("parse line of archive: a hash is none")
		}
	}
	return sealed, nil
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
