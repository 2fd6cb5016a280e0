package engineio

import (
	"errors"
	"io"
	"sync"
)

// keptBufferBytes is the capacity up to which a buffer is used again.
const keptBufferBytes = 64 << 10

// buffers holds scratch space for one message or one write: an idle socket has
// none.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, 1024)
	return &b
}}

func getBuffer() *[]byte {
	b := buffers.Get().(*[]byte)
	*b = (*b)[:0]
	return b
}

func putBuffer(b *[]byte) {
	if cap(*b) <= keptBufferBytes {
		buffers.Put(b)
	}
}

var errTooLarge = errors.New("message exceeds the maximum payload")

// readAll appends what r has to give to *buf. It believes no length: the buffer
// grows with what has arrived, up to limit.
func readAll(r io.Reader, buf *[]byte, limit int64) error {
	b := *buf
	defer func() { *buf = b }()
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return errTooLarge
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}
