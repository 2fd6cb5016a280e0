package rabbitmq

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"corsia/shared/collab"
)

// A message is notices of one instance, by resource, those of a resource in order:
//
//	version   1 byte, 1
//	from      length and bytes
//	sections  until the end:
//	  tenant    length and bytes
//	  resource  length and bytes
//	  notices   length in all, and until its end: kind (length and bytes), body (length and bytes)
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
	maxSections     = 64
)

var (
	errVersion  = errors.New("the message is of another version")
	errTooLarge = errors.New("the notice is too large")
	errTooMany  = errors.New("the message has too many notices")
	errDamaged  = errors.New("the message is damaged")
)

// message is a decoded one; its bodies are parts of what was decoded.
type message struct {
	from     collab.InstanceID
	sections []section
}

type section struct {
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

func appendHeader(b []byte, from collab.InstanceID) []byte {
	return appendText(append(b, messageVersion), from)
}

// appendSection appends notices that appendNotice made.
func appendSection(b []byte, res collab.Resource, notices []byte) []byte {
	b = appendText(b, res.Tenant)
	b = appendText(b, res.ID)
	return appendText(b, notices)
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
	m := message{from: collab.InstanceID(d.text(maxIDBytes))}
	notices := 0
	for d.err == nil && len(d.rest) > 0 {
		s := section{resource: collab.Resource{Tenant: collab.Tenant(d.text(maxIDBytes)), ID: collab.ResourceID(d.text(maxIDBytes))}}
		inner := decoder{rest: d.text(maxMessageBytes)}
		for inner.err == nil && len(inner.rest) > 0 {
			s.notices = append(s.notices, part{kind: collab.BusKind(inner.text(maxKindBytes)), body: inner.text(maxBodyBytes)})
			if notices++; notices > maxTogether {
				return message{}, errTooMany
			}
		}
		if m.sections = append(m.sections, s); len(m.sections) > maxSections {
			return message{}, errTooMany
		}
		d.err = errors.Join(d.err, inner.err)
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
		d.err = errDamaged
		return nil
	}
	end := n + int(length)
	text := d.rest[n:end:end]
	d.rest = d.rest[end:]
	return text
}
