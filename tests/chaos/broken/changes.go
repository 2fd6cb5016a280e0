package broken

// AcknowledgeBeforeCommit acknowledges updates when they are judged, and writes them a moment later, as a cache would.
var AcknowledgeBeforeCommit = []Change{
	{"gateway/room/batch.go", "\t\t\tr.opts.Journal.Append(batch, r.committed)\n", `			early := batch.Expect.Revision
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

// All are the broken builds by name.
var All = map[string][]Change{
	"acknowledge before commit": AcknowledgeBeforeCommit,
	"forget clean-up":           ForgetCleanUp,
}
