package rabbitmq

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"corsia/shared/collab"
)

// A message is the notices of one instance about one resource, in order:
//
//	version   1 byte, 1
//	from      length and bytes
//	tenant    length and bytes
//	resource  length and bytes
//	notices   until the end: kind (length and bytes), body (length and bytes)
//
// Lengths are unsigned varints. The first byte changes when anything else does: during a rolling upgrade an instance drops
// what it cannot read, and the journal fills the gap.
const messageVersion = 1

// Bounds of a message. A room's notice of 4 MiB of updates is 5.6 MiB of JSON.
const (
	maxBodyBytes    = 8 << 20
	maxIDBytes      = 1024
	maxKindBytes    = 64
	maxMessageBytes = maxBodyBytes + 4*maxIDBytes
	maxTogether     = 1024 // notices in one message
)

var (
	errVersion  = errors.New("the message is of another version")
	errTooLarge = errors.New("the notice is too large")
)

// message is a decoded one; its bodies are parts of what was decoded.
type message struct {
	from     collab.InstanceID
	resource collab.Resource
	notices  []part
}

type part struct {
	kind collab.BusKind
	body []byte
}

// routingKey is the same for all notices of a resource, and says nothing of it to who looks at the broker.
func routingKey(res collab.Resource) string {
	digest := sha256.Sum256([]byte(string(res.Tenant) + "\x00" + string(res.ID)))
	return hex.EncodeToString(digest[:])
}

// fits returns an error for a notice that no receiver would accept.
func fits(n collab.Notice) error {
	if len(n.Body) > maxBodyBytes || len(n.Kind) > maxKindBytes || max(len(n.From), len(n.Resource.Tenant), len(n.Resource.ID)) > maxIDBytes {
		return fmt.Errorf("rabbitmq: publish %s of %d bytes: %w", n.Kind, len(n.Body), errTooLarge)
	}
	return nil
}

// noticeBytes is at least what appendNotice adds.
func noticeBytes(n collab.Notice) int { return len(n.Kind) + len(n.Body) + 2*binary.MaxVarintLen32 }

func appendHeader(b []byte, from collab.InstanceID, res collab.Resource) []byte {
	b = append(b, messageVersion)
	b = appendText(b, from)
	b = appendText(b, res.Tenant)
	return appendText(b, res.ID)
}

func appendNotice(b []byte, n collab.Notice) []byte {
	b = appendText(b, n.Kind)
	return appendText(b, n.Body)
}

func appendText[T ~string | ~[]byte](b []byte, text T) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

// decode reads a whole message or nothing.
func decode(b []byte) (message, error) {
	if len(b) > maxMessageBytes {
		return message{}, errTooLarge
	}
	if len(b) == 0 || b[0] != messageVersion {
		return message{}, errVersion
	}
	d := decoder{rest: b[1:]}
	m := message{
		from:     collab.InstanceID(d.text(maxIDBytes)),
		resource: collab.Resource{Tenant: collab.Tenant(d.text(maxIDBytes)), ID: collab.ResourceID(d.text(maxIDBytes))},
	}
	for d.err == nil && len(d.rest) > 0 {
		if len(m.notices) == maxTogether {
			return message{}, errors.New("the message has too many notices")
		}
		m.notices = append(m.notices, part{kind: collab.BusKind(d.text(maxKindBytes)), body: d.text(maxBodyBytes)})
	}
	if d.err != nil {
		return message{}, d.err
	}
	return m, nil
}

// decoder reads texts until the first error.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) text(limit int) []byte {
	if d.err != nil {
		return nil
	}
	length, n := binary.Uvarint(d.rest)
	if n <= 0 || length > uint64(limit) || length > uint64(len(d.rest)-n) {
		d.err = errors.New("the message is damaged")
		return nil
	}
	end := n + int(length)
	text := d.rest[n:end:end]
	d.rest = d.rest[end:]
	return text
}
