package audit

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// span is a run of revisions.
type span struct{ from, to int64 }

// spans are runs of revisions in order, none of which touches another.
type spans []span

// add adds a run, and reports false when a revision of it is in already: then nothing is added.
func (s *spans) add(run span) bool {
	all := *s
	at, _ := slices.BinarySearchFunc(all, run.from, func(a span, from int64) int {
		switch {
		case a.to < from:
			return -1
		case a.from > from:
			return 1
		}
		return 0
	})
	if at < len(all) && all[at].from <= run.to {
		return false
	}
	before, after := at > 0 && all[at-1].to+1 == run.from, at < len(all) && run.to+1 == all[at].from
	switch {
	case before && after:
		all[at-1].to = all[at].to
		*s = slices.Delete(all, at, at+1)
	case before:
		all[at-1].to = run.to
	case after:
		all[at].from = run.from
	default:
		*s = slices.Insert(all, at, run)
	}
	return true
}

// has reports whether all revisions of a run are in.
func (s spans) has(run span) bool {
	for _, a := range s {
		if a.from <= run.from && run.to <= a.to {
			return true
		}
	}
	return false
}

// without returns the revisions that are not in another set.
func (s spans) without(other spans) (left spans) {
	next := 0
	for _, run := range s {
		for ; next < len(other) && other[next].to < run.from; next++ {
		}
		for at := next; at < len(other) && other[at].from <= run.to; at++ {
			if run.from < other[at].from {
				left = append(left, span{run.from, other[at].from - 1})
			}
			run.from = max(run.from, other[at].to+1)
		}
		if run.from <= run.to {
			left = append(left, run)
		}
	}
	return left
}

// missing returns the first revision from 2 on that is in no run.
func (s spans) missing() int64 {
	if len(s) == 0 || s[0].from > firstJournalled {
		return firstJournalled
	}
	return s[0].to + 1
}

// count returns the number of revisions.
func (s spans) count() (n int64) {
	for _, run := range s {
		n += run.to - run.from + 1
	}
	return n
}

// String returns the runs as an event names them, such as 5,7,9-12.
func (s spans) String() string {
	var b []byte
	for i, run := range s {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, run.from, 10)
		if run.to > run.from {
			b = strconv.AppendInt(append(b, '-'), run.to, 10)
		}
	}
	return string(b)
}

var errRevisions = errors.New("the revisions cannot be read")

// parseSpans reads what String returns, and nothing else.
func parseSpans(text string) (s spans, err error) {
	last := int64(0)
	for part := range strings.SplitSeq(text, ",") {
		first, end, isRun := strings.Cut(part, "-")
		run := span{}
		if run.from, err = strconv.ParseInt(first, 10, 64); err != nil {
			return nil, errRevisions
		}
		run.to = run.from
		if isRun {
			if run.to, err = strconv.ParseInt(end, 10, 64); err != nil {
				return nil, errRevisions
			}
		}
		if run.from <= last || run.to < run.from {
			return nil, errRevisions
		}
		s, last = append(s, run), run.to
	}
	if s.String() != text {
		return nil, errRevisions
	}
	return s, nil
}
