//go:build integration

package phi

import "corsia/tests/phi/sweep"

// The kinds of markers.
const (
	text      sweep.Kind = "text"      // what people type into shared fields, and what is seeded, pasted, deleted again
	name      sweep.Kind = "name"      // of a person, from the token
	awareness sweep.Kind = "awareness" // what a client tells of its cursor
	message   sweep.Kind = "message"   // of who asks for a lock
	reason    sweep.Kind = "reason"    // of who breaks a lock, in a person's words
	typed     sweep.Kind = "type"      // of a resource, as a client names it
	data      sweep.Kind = "data"      // what another system says under "data"
	echo      sweep.Kind = "echo"      // what a client made up, and gets back in the answer to itself
	never     sweep.Kind = "never"     // everything else: it is nowhere, not even for a moment
)

// allowed is the whole of what may be where. A place that is not here has no marker at all: the logs, the metrics, health,
// answers to HTTP requests, the browser's disk, the logs of PostgreSQL and RabbitMQ, checkpoints, the gateways' folders.
var allowed = []sweep.Rule{
	{Place: "postgres/yjs_updates.update", Kinds: []sweep.Kind{text}, Why: "D3: the journal"},
	{Place: "postgres/yjs_states.state", Kinds: []sweep.Kind{text}, Why: "D3: the states"},
	{Place: "postgres/yjs_bases.state", Kinds: []sweep.Kind{text}, Why: "D3, O7: what the rows amount to that have left the journal", Maybe: true},
	{Place: "postgres/yjs_seeds.value", Kinds: []sweep.Kind{text}, Why: "G4: what was seeded is remembered"},
	{Place: "postgres/yjs_seeds.known", Kinds: []sweep.Kind{text}, Why: "G4: values that are known to be old"},
	{Place: "postgres/yjs_heads.resource_type", Kinds: []sweep.Kind{typed}, Why: "R1: the type of a resource"},
	{Place: "postgres/locks.name", Kinds: []sweep.Kind{name}, Why: "L2: lockedByName"},
	{Place: "postgres/webhook_inbox.data", Kinds: []sweep.Kind{data}, Why: "W4: until it was told, and ten minutes more"},
	{Place: "postgres/audit_pending.body", Kinds: []sweep.Kind{reason}, Why: "L7: the trail keeps the reason; until it is chained", Maybe: true},
	{Place: "postgres/audit_log.body", Kinds: []sweep.Kind{reason}, Why: "L7: the trail keeps the reason"},
	{Place: "postgres/audit_log.reason", Kinds: []sweep.Kind{reason}, Why: "L7: the trail keeps the reason"},
	{Place: "archive/days/*.ndjson.gz", Kinds: []sweep.Kind{reason}, Why: "T5: the trail, by day"},
	{Place: "export/*", Kinds: []sweep.Kind{reason}, Why: "T2: the trail, for who reads it"},
	{Place: "redis/resource:*:state", Kinds: []sweep.Kind{text}, Why: "R: the cached state"},
	{Place: "redis/resource:*:user:*", Kinds: []sweep.Kind{name}, Why: "R: presence"},
	{Place: "redis/user:*:session", Kinds: []sweep.Kind{name}, Why: "R, C11: a session, as it is resumed"},
	{Place: "redis slow log", Kinds: []sweep.Kind{text, name}, Why: "the commands that write the three above", Maybe: true},
	{Place: "rabbitmq/messages", Kinds: []sweep.Kind{text, name, awareness, message}, Why: "D4, R1, R6, L7: the room's frames, on their way to other instances"},
	{Place: "frames/room", Kinds: []sweep.Kind{text, name, awareness, data}, Why: "D2, R1, R6, W4: the room's frames"},
	{Place: "frames/holder", Kinds: []sweep.Kind{message, name}, Why: "L7: the holder is told"},
	{Place: "answers/socket", Kinds: []sweep.Kind{name}, Why: "L2: lockedByName"},
	{Place: "answers/moved", Kinds: []sweep.Kind{echo}, Why: "a redirection to the path as it should be, to who asked, with the same query"},
	{Place: "answers/socket", Kinds: []sweep.Kind{echo}, Why: "ERROR {event}, to who sent it"},
}
