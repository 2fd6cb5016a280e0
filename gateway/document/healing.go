package document

import (
	"slices"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// Limits of an update that gives back what a restore lost: it has what many people wrote in minutes (SPEC D6, D8). Its bytes
// are bounded as those of any update are.
const (
	healingClients = 4096
	healingStructs = 1 << 18
)

// Healing refusals, as the detail of HEALING_REFUSED.
const (
	HealingClosed = "closed" // no recovery is open
	HealingEpoch  = "epoch"  // the update is of another life than the one that is healed
)

// HealingRefused is the detail of HEALING_REFUSED: why nothing is taken back.
type HealingRefused struct{ Reason string }

// CheckHealing is Check for what a restore lost and a session still has (SPEC D8). It may write under anybody's client ids of
// the life before, retired ones included, since those who wrote under them have stopped: they go on under others. Client ids
// of this life are refused: their owners write under them at this moment, and two writers under one id make replicas differ
// for ever. A locked field is refused as in any update. The ids are retired by it; those that the restore has forgotten are
// bound to the writer, so that they are nobody else's.
func (l *Live) CheckHealing(w Writer, update []byte) (Checked, error) {
	c, err := l.reduce(w, update, ydoc.Limits{MaxUpdateBytes: l.limits.UpdateBytes, MaxClients: healingClients, MaxStructs: healingStructs})
	if err != nil || c.Empty() {
		return c, err
	}
	c.healing = true
	for _, id := range c.Clients {
		switch o, known := l.owners[id]; {
		case known && o.Epoch >= l.head.Epoch:
			return Checked{}, &collab.Error{Code: collab.CodeForeignClient, Msg: "the update writes under a client id that is in use since the restore",
				Detail: Foreign{Client: id}}
		case known && o.Epoch < l.erased.Epoch: // what it wrote was erased (SPEC O7)
			return Checked{}, &collab.Error{Code: collab.CodeForeignClient, Msg: "the update has what was erased", Detail: Foreign{Client: id}}
		case !known:
			c.Bind = append(c.Bind, collab.Owner{Client: id, User: w.User, Session: w.Session, Used: true, Retired: true, Epoch: l.head.Epoch - 1})
		}
	}
	c.Retire = c.Clients
	if err := l.locked(w, c.Fields); err != nil {
		return Checked{}, err
	}
	return c, nil
}

// retire ends the use of client ids under which a lost update was taken back.
func (l *Live) retire(clients []collab.ClientID) {
	for _, id := range clients {
		o := l.owners[id]
		o.Used, o.Retired = true, true
		l.owners[id] = o
	}
}

// healingStands is Stands for an update that gives back what a restore lost.
func (l *Live) healingStands(c Checked, tail []collab.Entry) bool {
	for _, id := range c.Clients {
		if l.owners[id].Epoch >= l.head.Epoch {
			return false
		}
		for i := range tail {
			if slices.Contains(tail[i].Clients, id) {
				return false
			}
		}
	}
	return true
}

// applyHealed notes the client ids of a row that another instance has taken back.
func (l *Live) applyHealed(e collab.Entry) {
	for _, id := range e.Clients {
		if _, known := l.owners[id]; !known {
			l.owners[id] = collab.Owner{Client: id, User: e.User, Session: e.Session, Epoch: l.head.Epoch - 1}
		}
	}
	l.retire(e.Clients)
}
