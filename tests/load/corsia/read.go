package corsia

import (
	"bytes"
	"fmt"

	"corsia/tests/load/wire"
)

// read hands on what comes until the connection ends.
func (c *Client) read() {
	defer close(c.done)
	var err error
	for err == nil {
		var m wire.Message
		if m, err = c.conn.Read(); err == nil {
			err = c.receive(m)
		}
	}
	_ = c.conn.Close() // it has ended already, or it is of no use any more
	c.mu.Lock()
	c.lost = err
	closed := c.closed
	waiting := c.waiting
	c.waiting = map[uint64]chan<- Reply{}
	c.mu.Unlock()
	for _, answer := range waiting {
		answer <- Reply{err: fmt.Errorf("connection lost: %w", err)}
	}
	if !closed {
		c.listener.Lost(err)
	}
}

// receive takes one message of Engine.IO.
func (c *Client) receive(m wire.Message) error {
	if m.Opcode == wire.Binary {
		return c.attach(m.Data)
	}
	if len(m.Data) == 0 || c.head.kind != 0 {
		return errPacket
	}
	switch m.Data[0] {
	case '2':
		return c.pong()
	case '4':
	default:
		return nil
	}
	p, err := parsePacket(m.Data[1:])
	if err != nil {
		return err
	}
	if p.attachments > 0 {
		c.body = append(c.body[:0], p.body...)
		c.head, c.head.body = p, c.body
		return nil
	}
	return c.dispatch(p, nil)
}

// attach takes a binary message, and hands the packet on when it is complete. The last attachment is not copied.
func (c *Client) attach(data []byte) error {
	if c.head.kind == 0 {
		return errPacket
	}
	if len(c.attachments)+1 < c.head.attachments {
		c.attachments = append(c.attachments, bytes.Clone(data))
		return nil
	}
	c.attachments = append(c.attachments, data)
	p := c.head
	c.head = packet{}
	err := c.dispatch(p, c.attachments)
	clear(c.attachments)
	c.attachments = c.attachments[:0]
	return err
}

func (c *Client) dispatch(p packet, attachments [][]byte) error {
	switch p.kind {
	case '2', '5':
		name, arg, err := eventName(p.body)
		if err != nil {
			return err
		}
		if string(name) == "Y_UPDATE" && len(attachments) == 1 {
			revision, ok := revisionOf(arg)
			if !ok {
				return errPacket
			}
			c.listener.Updated(resourceOf(arg), revision, attachments[0])
			return nil
		}
		c.listener.Event(string(name), arg)
	case '3', '6':
		arg, err := ackArgument(p.body)
		if err != nil {
			return err
		}
		if p.id < requestBase {
			c.listener.Acknowledged(p.id, arg)
			return nil
		}
		c.reply(p.id, arg, attachments)
	case '1':
		return fmt.Errorf("disconnected by the server")
	case '4':
		return fmt.Errorf("CONNECT_ERROR %s", p.body)
	}
	return nil
}

// reply hands an acknowledgement to the request that waits for it.
func (c *Client) reply(id uint64, arg []byte, attachments [][]byte) {
	c.mu.Lock()
	answer := c.waiting[id]
	delete(c.waiting, id)
	c.mu.Unlock()
	if answer == nil {
		return // its request gave up
	}
	r := Reply{JSON: bytes.Clone(arg)}
	for _, a := range attachments {
		r.Attachments = append(r.Attachments, bytes.Clone(a))
	}
	answer <- r
}
