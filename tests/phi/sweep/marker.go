// Package sweep owns the search for text that should not be somewhere: markers, which are put where something sensitive
// stands, the forms in which they may come out elsewhere, and the table of the places where they may. It does no I/O.
package sweep

import (
	"crypto/rand"
	"fmt"
	"sync"
)

// Kind says what a marker stands for: it decides where it may be found.
type Kind string

const (
	halfChars = 14
	letters   = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	// hard stands between the halves of a rich marker: what every encoding writes in its own way.
	hard = "é\"<&"
)

// Marker is a text that is nowhere else in the world.
type Marker struct {
	Kind Kind
	What string // where it was put
	Text string

	parts []string // what is searched for: one of them is enough
}

// Set are the markers of one test. It is safe for concurrent use.
type Set struct {
	// Guarded by mu.
	mu      sync.Mutex
	markers []Marker
}

// Rich returns a new marker for places that take any text. Its halves are letters and digits, which encodings leave alone;
// between them stand characters that they do not. A half is enough to find it.
func (s *Set) Rich(kind Kind, what string, args ...any) string {
	left, right := half(), half()
	return s.put(Marker{Kind: kind, What: fmt.Sprintf(what, args...), Text: left + hard + right, parts: []string{left, right}})
}

// Plain returns a new marker of letters and digits.
func (s *Set) Plain(kind Kind, what string, args ...any) string {
	text := half()
	return s.put(Marker{Kind: kind, What: fmt.Sprintf(what, args...), Text: text, parts: []string{text}})
}

// Given makes a marker of a text that is secret by itself, such as a signature. It has 12 characters or more, all ASCII.
func (s *Set) Given(kind Kind, text, what string, args ...any) string {
	if len(text) < 12 {
		panic("sweep: a text of so few characters may be anywhere")
	}
	return s.put(Marker{Kind: kind, What: fmt.Sprintf(what, args...), Text: text, parts: []string{text}})
}

func (s *Set) put(m Marker) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.markers = append(s.markers, m)
	return m.Text
}

// All returns the markers there are.
func (s *Set) All() []Marker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Marker(nil), s.markers...)
}

func half() string {
	random := make([]byte, halfChars)
	rand.Read(random) // never returns an error (Go 1.24)
	for i, b := range random {
		random[i] = letters[int(b)%len(letters)]
	}
	return string(random)
}
