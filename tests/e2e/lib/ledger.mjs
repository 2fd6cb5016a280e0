// Owns what is known of every edit of the crash test: who made it, whether it was acknowledged, whether somebody saw it.
// An edit is a token such as <3.141>, inserted into a text or set in the map of values, or the deletion of one.

/** The text fields that writers use. */
export const fields = ['content', 'notes', 'dose']

const tokenPattern = /<[^<>]*>/g

/** The tokens of a text, in order. */
export const tokensOf = text => text.match(tokenPattern) ?? []

/** Everything that a document holds, for comparison: each field's text and the values. */
export const contentOf = doc => ({
  ...Object.fromEntries(fields.map(f => [f, doc.getText(f).toString()])),
  values: Object.fromEntries(Object.entries(doc.getMap('values').toJSON()).sort()),
})

/** What happened to the edits of all rooms. */
export class Ledger {
  #tokens = new Map() // token → what is known of it
  acknowledged = 0
  shown = 0

  made(token, room) { this.#tokens.set(token, { room }) }

  /** The author has the server's word. */
  acked({ token, deletes }) {
    this.acknowledged++
    const t = this.#tokens.get(token)
    if (deletes) t.deleted = 'acked'
    else t.acked = true
  }

  /** The author asked for its deletion: from now on it may be gone. */
  deleting(token) { this.#tokens.get(token).deleted = 'asked' }

  /** Somebody else sees it. */
  saw(token) {
    const t = this.#tokens.get(token)
    if (t && !t.shown) {
      t.shown = true
      this.shown++
    }
  }

  /** Follows a document: all that appears in it from elsewhere was shown. */
  watch(doc) {
    for (const f of fields) {
      doc.getText(f).observe((e, { local }) => {
        if (local) return
        for (const { insert } of e.delta) if (insert) for (const token of tokensOf(insert)) this.saw(token)
      })
    }
    doc.getMap('values').observe((e, { local }) => {
      if (!local) for (const token of e.keysChanged) this.saw(token)
    })
  }

  /** Says what is wrong with a room's document. With all, every edit must be there, acknowledged or not. */
  judge(room, doc, where, all = false) {
    const wrong = []
    const count = new Map()
    for (const f of fields) {
      const text = doc.getText(f).toString()
      const tokens = tokensOf(text)
      if (tokens.join('') !== text) wrong.push(`${where}: ${room} ${f} has torn text`)
      for (const token of tokens) count.set(token, (count.get(token) ?? 0) + 1)
    }
    for (const token of doc.getMap('values').keys()) count.set(token, (count.get(token) ?? 0) + 1)
    for (const [token, n] of count) {
      if (n > 1) wrong.push(`${where}: ${room} has ${token} ${n} times`)
      if (this.#tokens.get(token)?.room !== room) wrong.push(`${where}: ${room} has ${token}, which nobody wrote there`)
    }
    for (const [token, t] of this.#tokens) {
      if (t.room !== room) continue
      const there = count.has(token)
      if (t.deleted === 'acked' && there) wrong.push(`${where}: ${room} has ${token}, whose deletion was acknowledged`)
      if (t.deleted || there) continue
      if (t.acked) wrong.push(`${where}: ${room} lacks ${token}, which was acknowledged`)
      else if (t.shown) wrong.push(`${where}: ${room} lacks ${token}, which was shown to others`)
      else if (all) wrong.push(`${where}: ${room} lacks ${token}, which its author never stopped sending`)
    }
    return wrong
  }
}
