package postgres

import (
	"fmt"
	"testing"
	"time"

	"corsia/shared/collab"
)

func TestT2WhatIsNotedIsTakenInTimeAndBounded(t *testing.T) {
	n, start := &noted{}, time.Now()
	for i := range maxNoted + 10 {
		n.add(start.Add(time.Duration(i%2)*time.Hour), collab.Resource{ID: collab.ResourceID(fmt.Sprint(i))})
	}
	n.add(start, collab.Resource{ID: "1"}) // keeps its time
	if room := n.room(); room != 0 {
		t.Fatalf("there is room for %d", room)
	}
	rs, more := n.take(start, 100)
	if len(rs) != 100 || !more {
		t.Fatalf("%d were taken, more %v", len(rs), more)
	}
	rs, more = n.take(start, maxNoted)
	if len(rs) != maxNoted/2-100 || more {
		t.Fatalf("%d were taken, more %v", len(rs), more)
	}
	n.doubt([]collab.AuditRow{{EventID: "e1"}})
	if rows := n.doubted(); len(rows) != 1 || len(n.doubted()) != 0 {
		t.Fatalf("in doubt were %v", rows)
	}
}
