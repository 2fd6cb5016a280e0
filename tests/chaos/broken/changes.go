package broken

// AcknowledgeBeforeCommit acknowledges updates when they are judged, and writes them a moment later, as a cache would.
var AcknowledgeBeforeCommit = []Change{
	{"gateway/room/batch.go", "\tr.opts.Journal.Append(r.batch, r.committed)\n", `	early, batch := r.batch.Expect.Revision, r.batch
	for i := range r.flying {
		if p := &r.flying[i]; p.entry {
			early++
			r.acknowledge(p, early)
		}
	}
	time.AfterFunc(100*time.Millisecond, func() { r.opts.Journal.Append(batch, r.committed) })
`},
	{"gateway/room/batch.go", "\t\tentry := p.row(revision)\n\t\tr.acknowledge(p, revision)\n", "\t\tentry := p.row(revision)\n"},
	{"gateway/room/batch.go", "import (\n", "import (\n\t\"time\"\n"},
}

// ForgetCleanUp leaves a session that ends in the rosters of its rooms.
var ForgetCleanUp = []Change{
	{"gateway/session/membership.go", "if err := s.gate.Presence.Leave(ctx, m.member); err != nil {", "if err := error(nil); err != nil {"},
}

// SkipGaps goes on after a gap in the revisions without what is missing.
var SkipGaps = []Change{
	{"gateway/room/follow.go", "s, err := r.opts.Journal.Since(ctx, r.id, after)\n", "s, err := r.opts.Journal.Since(ctx, r.id, after)\n\ts.Tail = nil\n"},
	{"gateway/document/live.go", " || s.Head.Revision != l.head.Revision+int64(len(s.Tail))", ""},
	{"gateway/document/live.go", "\tif err := l.ApplyRemote(s.Tail); err != nil {\n\t\treturn err\n\t}\n", "\tl.head.Revision = s.Head.Revision\n"},
}

// IgnoreGuard appends what was judged by locks that are not in force any more.
var IgnoreGuard = []Change{
	{"shared/driver/postgres/append.go", "h.Head != b.Expect", "h.Revision != b.Expect.Revision || h.Epoch != b.Expect.Epoch"},
}

// All are the broken builds by name.
var All = map[string][]Change{
	"acknowledge before commit": AcknowledgeBeforeCommit,
	"forget clean-up":           ForgetCleanUp,
	"ignore the guard of locks": IgnoreGuard,
	"skip gaps":                 SkipGaps,
}
