'use strict'
// Follows the widget in two frames of the same origin, and tells what happens between them: when an edit was typed, when
// it was on the server's disk, when the other side showed it. Every text is put in as text, never as markup.
const mostRows = 60
const slowestBar = 30 // ms that fill half a bar
const doses = ['500 mg', '750 mg']
const element = (id) => document.getElementById(id)
const people = [
  { user: 'usr_001', name: 'Giulia Conti', role: 'nurse', face: 'GC' },
  { user: 'usr_002', name: 'Dr Luca Rossi', role: 'physician', face: 'LR' },
]
const recent = [] // acknowledged edits of the last minute
const authors = new Map() // by revision: where an edit began, and its row, until it is shown on the other side
const arrivals = new Map() // by revision: when it was shown on the other side, if that came first
const pushes = new Map() // by delivery id: the row of what the laboratory sent
let results = 0

const panes = people.map(open)
element('language').textContent = lang === 'it' ? 'English' : 'Italiano'
element('language').lang = lang === 'it' ? 'en' : 'it'
element('language').href = lang === 'it' ? '?' : '?lang=it'
element('single').href = `/demo/?lang=${lang}`
element('push-button').addEventListener('click', push)
element('change-button').addEventListener('click', changeDose)
setInterval(count, 500)

/** Opens the chart as a person, in a pane of its own. */
function open(person, index) {
  const node = element('pane').content.firstElementChild.cloneNode(true)
  const find = (selector) => node.querySelector(selector)
  const pane = { person, index, dose: doses[0], last: undefined, away: false, wasOffline: false, widget: undefined }
  Object.assign(pane, { frame: find('iframe'), state: find('.state'), lock: find('.lock'), line: find('.away'), face: find('.face') })
  node.ariaLabel = person.name
  pane.face.textContent = person.face
  pane.face.classList.toggle('second', index === 1)
  find('.who b').textContent = person.name
  find('.who small').textContent = words[person.role]
  pane.frame.title = words.chartOf(person.name)
  pane.lock.addEventListener('mousedown', (event) => event.preventDefault()) // the focus stays in the field
  pane.lock.addEventListener('click', () => toggleLock(pane))
  pane.line.addEventListener('click', () => toggleLine(pane))
  pane.frame.addEventListener('load', () => follow(pane))
  document.querySelector('.panes').append(node)
  showLine(pane)
  showLock(pane)
  load(pane)
  return pane
}

function load(pane) {
  const { user, name, role } = pane.person
  pane.widget = undefined
  pane.state.querySelector('span').textContent = words.starting
  pane.frame.src = `/demo/pane?${new URLSearchParams({ user, name, role, lang, dose: pane.dose, locking: 'manual' })}`
}

function follow(pane) {
  const widget = pane.frame.contentWindow.CollabSDK?.instances[0]
  if (widget === undefined) return
  pane.widget = widget
  if (pane.away) pane.frame.contentWindow.dispatchEvent(new Event('offline'))
  widget.on('status', (status) => showStatus(pane, status))
  widget.on('users', () => showStatus(pane, widget.status))
  widget.on('fields', () => showLock(pane))
  widget.on('focus', ({ field }) => {
    pane.last = field ?? pane.last
    showLock(pane)
  })
  widget.on('saved', (saved) => told(pane, saved))
  widget.on('remote', ({ revision }) => shown(pane, revision))
  widget.on('draft', ({ field, reason }) => row(pane, reason === 'changed' ? words.twoValues : words.refused, label(pane, field), words.draftKept, words.nothingStored))
  widget.on('lock', (lock) => locked(pane, lock))
  widget.on('resourceUpdated', ({ deliveryId }) => pushArrived(deliveryId))
  showStatus(pane, widget.status)
}

function locked(pane, { event, field, detail }) {
  const name = label(pane, field)
  if (event === 'acquired') row(pane, words.locked, name, words.fence(detail.fence), undefined, detail.ms)
  if (event === 'denied') row(pane, words.vain, name, detail.lockedByName ? words.holds(detail.lockedByName) : detail.reason, '')
  if (event === 'requested') row(pane, words.asks(detail.name), name, '', '')
  if (event === 'taken') row(pane, words.lost, name, detail.broken ? words.broken : words.handedOver, detail.name)
  if (event === 'released' && detail.userId === pane.person.user && detail.reason === 'released') row(pane, words.unlocked, name, '', '')
}

/** An edit is on the server's disk: `since` is when its first character was typed. */
function told(pane, saved) {
  const names = [...new Set(saved.fields.map((field) => label(pane, field)))].join(', ')
  const entry = row(pane, pane.wasOffline ? words.sent : words.typed, names, `r ${saved.revision.toLocaleString(lang)}`, undefined, saved.ms)
  recent.push({ at: Date.now(), ms: pane.wasOffline ? 0 : saved.ms, edits: saved.edits })
  pane.wasOffline = false
  const origin = pane.frame.contentWindow.performance.timeOrigin + saved.since
  const arrived = arrivals.get(saved.revision)
  if (arrived === undefined) keep(authors, saved.revision, { entry, origin })
  else showArrival(entry, arrived - origin)
  arrivals.delete(saved.revision)
}

function shown(pane, revision) {
  const clock = pane.frame.contentWindow.performance
  const at = clock.timeOrigin + clock.now()
  const author = authors.get(revision)
  if (author === undefined) keep(arrivals, revision, at)
  else showArrival(author.entry, at - author.origin)
  authors.delete(revision)
}

/** Keeps the newest few hundred. */
function keep(map, key, value) {
  map.set(key, value)
  if (map.size > 200) map.delete(map.keys().next().value)
}

/** The laboratory says something about the record, as an EMR would by a webhook. */
async function push() {
  const [name, value] = words.results[results++ % words.results.length]
  const data = { summary: `${name} ${value}` }
  const began = performance.now()
  const body = JSON.stringify({ resourceId: 'page:/patient/12345', eventType: 'result.created', data })
  const answer = await fetch('/demo/push', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body }).catch(() => undefined)
  const { deliveryId } = (await answer?.json().catch(() => undefined)) ?? {}
  if (!answer?.ok) return row({ system: words.laboratory }, words.pushed, data.summary, words.noPush, '')
  const entry = row({ system: words.laboratory }, words.pushed, data.summary, `${words.result}, ${words.untouched}`, undefined, performance.now() - began)
  if (deliveryId !== undefined && entry !== undefined) keep(pushes, deliveryId, { entry, began })
}

function pushArrived(deliveryId) {
  const sent = pushes.get(deliveryId)
  pushes.delete(deliveryId)
  if (sent !== undefined) showArrival(sent.entry, performance.now() - sent.began)
}

/** The hospital's own page shows another dose than the record: as after somebody changed it in the EMR alone. */
function changeDose() {
  const [, pane] = panes
  pane.dose = doses.find((dose) => dose !== pane.dose)
  row({ system: words.emr }, words.changed(pane.dose), '', words.whileAway, words.nothingOverwritten)
  load(pane)
}

function label(pane, id) {
  return pane.widget.fields.find((field) => field.id === id)?.label ?? id
}

function showStatus(pane, { connection, save, waiting }) {
  const offline = connection === 'offline'
  const [kind, text] = offline && waiting === 0 ? ['offline', words.offline]
    : offline ? ['offline', save === 'here' ? words.offlineHere(waiting) : words.offlineUnsaved(waiting)]
    : connection === 'refused' ? ['unsaved', words.signedOut]
    : connection !== 'connected' ? ['sync', words.syncing]
    : save === 'server' ? ['server', words.synced] : ['sync', words.onTheWay(waiting)]
  const people = offline ? 0 : pane.widget.users.length
  pane.state.className = `state ${kind}`
  pane.state.querySelector('use').setAttribute('href', `#${kind}`)
  pane.state.querySelector('span').textContent = text
  pane.state.querySelector('small').textContent = people === 0 ? '' : words.people(people)
  if (offline && !pane.wasOffline) {
    pane.wasOffline = true
    row(pane, words.wentOffline, '', words.kept, words.notYet)
  }
  if (connection === 'connected') {
    pane.away = false
    if (save === 'server') pane.wasOffline = false
  }
  showLine(pane)
  showLock(pane)
}

function toggleLine(pane) {
  pane.away = !pane.away
  pane.frame.contentWindow.dispatchEvent(new Event(pane.away ? 'offline' : 'online'))
  showLine(pane)
}

function showLine(pane) {
  pane.line.textContent = pane.away ? words.back : words.leave
  pane.line.classList.toggle('on', pane.away)
}

function focusedField(pane) {
  return pane.widget?.fields.find((field) => field.id === pane.last)
}

function showLock(pane) {
  const field = focusedField(pane)
  pane.lock.disabled = field === undefined || (field.lockedBy !== undefined && !field.ownLock)
  pane.lock.textContent = `🔒 ${field?.ownLock ? words.unlock : words.lock}`
  pane.lock.title = field?.label ?? words.clickFirst
}

function toggleLock(pane) {
  const field = focusedField(pane)
  if (field?.ownLock) pane.widget.unlock(field.id)
  else if (field !== undefined) pane.widget.lock(field.id)
}

/** Adds a line, unless the list is paused: who did what to which field, and either `quiet` or how long it took in ms. */
function row({ person, face, system }, what, object, revision, quiet, ms) {
  if (element('pause').checked) return undefined
  element('empty').hidden = true
  const line = make('tr', 'new')
  setTimeout(() => line.classList.remove('new'), 1500)
  const now = new Date()
  const time = `${now.toLocaleTimeString('en-GB')}.${String(now.getMilliseconds()).padStart(3, '0')}`
  line.append(make('td', 'time', time))
  line.append(make('td', '', make('span', 'person', face?.cloneNode(true) ?? systemFace(), person?.name ?? system)))
  line.append(make('td', '', `${what} `, make('b', '', object)))
  line.append(make('td', 'quiet', revision))
  line.append(ms === undefined ? make('td', 'quiet', quiet) : duration(line, ms))
  const rows = element('rows')
  rows.prepend(line)
  while (rows.children.length > mostRows) rows.lastElementChild.remove()
  return line
}

function duration(line, ms) {
  line.dataset.ms = String(ms)
  const bar = make('span', 'bar', make('i', ''), make('u', ''))
  bar.ariaHidden = 'true'
  bar.firstElementChild.style.width = width(ms)
  return make('td', 'figure', bar, make('b', '', `${Math.round(ms)} ms`), ' ', make('span', 'quiet then'))
}

/** What is shown was on the disk before: when word of it came later than that, the word was late. */
function showArrival(entry, ms) {
  if (entry === undefined) return
  const durable = Math.min(ms, Number(entry.dataset.ms))
  entry.querySelector('.figure b').textContent = `${Math.round(durable)} ms`
  entry.querySelector('.then').textContent = words.then(Math.round(ms))
  entry.querySelector('.bar i').style.width = width(durable)
  entry.querySelector('.bar u').style.width = width(ms - durable)
}

function systemFace() {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use')
  use.setAttribute('href', '#push')
  svg.append(use)
  return make('span', 'face system', svg)
}

function make(name, className, ...children) {
  const node = document.createElement(name)
  node.className = className
  node.append(...children)
  return node
}

function width(ms) {
  return `${Math.max(2, Math.min(56, (ms / slowestBar) * 56))}px`
}

function count() {
  while (recent.length > 0 && recent[0].at < Date.now() - 60_000) recent.shift()
  const edits = recent.reduce((sum, one) => sum + one.edits, 0)
  const slowest = Math.round(Math.max(0, ...recent.map((one) => one.ms)))
  const waiting = panes.reduce((sum, pane) => sum + (pane.widget?.status.waiting ?? 0), 0)
  element('figures').textContent = edits === 0 ? '' : words.figures(edits, waiting, slowest)
}
