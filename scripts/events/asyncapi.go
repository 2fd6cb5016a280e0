package main

import (
	"bytes"
	"maps"

	"go.yaml.in/yaml/v3"
)

type object = map[string]any

// asyncAPI returns the protocol as AsyncAPI 3.0 (https://www.asyncapi.com/docs/reference/specification/v3.0.0), from the view of
// the gateway: it receives what clients send.
func (p *protocol) asyncAPI() ([]byte, error) {
	messages, schemas := object{}, object{}
	operations := object{}
	for name, g := range p.Types {
		s := p.schema(g.Fields)
		s["description"] = g.Description
		schemas[name] = s
	}
	channel := object{}
	add := func(key string, e event, fields []field) {
		payload := p.schema(fields)
		m := object{"name": e.Name, "title": e.Name, "summary": e.Summary, "payload": payload}
		if e.Rule != "" {
			m["externalDocs"] = object{"url": "protocol.md", "description": "Rule " + e.Rule}
		}
		messages[key] = m
		channel[key] = object{"$ref": "#/components/messages/" + key}
	}
	in := func(key string) []any { return []any{object{"$ref": "#/channels/socket/messages/" + key}} }
	server := map[string]event{}
	for _, e := range p.Server {
		add("server."+e.Name, e, e.Fields)
		server[e.Name] = e
		operations["tell."+e.Name] = object{"action": "send", "channel": object{"$ref": "#/channels/socket"}, "summary": e.Summary, "messages": in("server." + e.Name)}
	}
	for _, e := range p.Client {
		add("client."+e.Name, e, e.Fields)
		answer := e.Answer
		if e.Answers != "" {
			answer = server[e.Answers].Fields
		}
		ok := field{Name: "ok", Schema: object{"type": "boolean", "const": true}}
		reply := "answer." + e.Name
		add(reply, event{Name: e.Name + " (callback)", Summary: "The callback of " + e.Name + " when it was not refused."}, append([]field{ok}, answer...))
		operations["ask."+e.Name] = object{"action": "receive", "channel": object{"$ref": "#/channels/socket"}, "summary": e.Summary, "messages": in("client." + e.Name),
			"reply": object{"channel": object{"$ref": "#/channels/socket"}, "messages": append(in(reply), in("refused")...)}}
	}
	add("refused", event{Name: "refused (callback)", Summary: "The callback of a request that was refused."},
		[]field{{Name: "ok", Schema: object{"type": "boolean", "const": false}}, {Name: "error", Schema: object{"type": "error"}}})
	document := object{
		"asyncapi": "3.0.0",
		"info": object{"title": "Corsia", "version": "1", "description": "What a client and a gateway say to each other over Socket.IO 4, each message an event by its name. " +
			"The rules are in protocol.md. Made from events.yaml: do not edit. A string of format binary is an attachment of Socket.IO's."},
		"defaultContentType": "application/json",
		"servers":            object{"gateway": object{"host": "gateway.example", "protocol": "wss", "pathname": "/ws/", "description": "Engine.IO 4; /socket.io/ is the same."}},
		"channels":           object{"socket": object{"address": "/ws/", "description": "One connection.", "messages": channel}},
		"operations":         operations,
		"components":         object{"messages": messages, "schemas": schemas},
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	err := encoder.Encode(document)
	return b.Bytes(), err
}

// schema returns the JSON Schema of some fields. What else an event has is no error: clients ignore what they do not know.
func (p *protocol) schema(fields []field) object {
	properties, required := object{}, []any{}
	for _, f := range fields {
		s := f.Schema
		if s == nil {
			s = p.Fields[f.Name]
		}
		properties[f.Name] = p.resolve(s)
		if !f.Optional {
			required = append(required, f.Name)
		}
	}
	out := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// resolve replaces the types of this protocol.
func (p *protocol) resolve(s object) object {
	out := maps.Clone(s)
	switch name, _ := s["type"].(string); {
	case name == "binary":
		out["type"], out["format"] = "string", "binary"
	case len(p.Types[name].Fields) > 0:
		return object{"$ref": "#/components/schemas/" + name}
	}
	if items, ok := s["items"].(object); ok {
		out["items"] = p.resolve(items)
	}
	return out
}
