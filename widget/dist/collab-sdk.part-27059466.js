/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */
document.currentScript.corsia((host, $part) => {const { c: choices, v: valueIn, d: docOf, i: isChoice, a: idOf, t: textOf, g: getState, L: LOST, b: bytes, r: retryAfter, T: Timer, e: encodeStateAsUpdate, s: same, l: list, f: fieldsOf, h: text, n: number, w: writeAny, j: toUint8Array, k: readAny, m: createEncoder, o: createDecoder, E: Emitter, p: Lifetime, q: encodeStateVector, u: ownText, x: shown } = host


const NEVER_THERE = /* @__PURE__ */ new Set(["unsent", "left", "removed"]);
function erase(document) {
  const { doc, own, known } = document;
  const drafts = ownDrafts(doc, own, known);
  document.seeds.clear();
  doc.transact(() => {
    for (const id of choices(doc).keys()) {
      const value = valueIn(doc, `values/${id}`);
      if (value !== void 0) choices(doc).set(id, blankOf(value));
    }
  }, "erased");
  document.startAnew(drafts);
}
function ownDrafts(doc, own, known) {
  const server = docOf(known?.update);
  const typed = own.fields.flatMap((field) => {
    const mine = isChoice(field) ? chosen(doc, server, field) : words(doc, server, field);
    return mine === void 0 || mine === "" ? [] : [{ field, mine, reason: "erased", by: "" }];
  });
  return [...own.drafts.filter(({ reason }) => NEVER_THERE.has(reason)), ...typed];
}
function words(doc, server, field) {
  let text = "";
  for (let item = textOf(doc, field)._start; item !== null; item = item.right) {
    if (!item.deleted && item.countable) text += (item.content.str ?? "").slice(lacking(item, server));
  }
  return text;
}
function chosen(doc, server, field) {
  const item = choices(doc)._map.get(idOf(field));
  return item !== void 0 && !item.deleted && lacking(item, server) < item.length ? valueIn(doc, field) : void 0;
}
function lacking({ id, length }, { store }) {
  return Math.min(length, Math.max(0, getState(store, id.client) - id.clock));
}
function blankOf(value) {
  return typeof value === "boolean" ? false : Array.isArray(value) ? [] : "";
}

const AGAIN_MS$1 = 3e3;
const TRIES = 10;
const MAY_CHANGE = /* @__PURE__ */ new Set(["MISSING_DEPENDENCY", "UPDATE_REJECTED"]);
class Healing {
  #life;
  constructor(life) {
    this.#life = life;
  }
  /**
   * Gives back what the page has, and what is typed meanwhile. What is not acknowledged goes with it, unless it was refused
   * or the user has to choose: that is dealt with after the next join.
   */
  async ofPage(document, state) {
    const { own, known } = document;
    const all = own.refused === void 0 && !document.disputes.arise(document.doc, own.fields, state.state);
    const lost = () => docOf(document.known.update, state.state, all ? document.own.update : void 0);
    dropPending(document.doc);
    for (; ; ) {
      const { edits } = document.own;
      const outcome = await this.give(document.channel, known.epoch, state.stateVector, lost);
      if (outcome !== "healed") return outcome;
      if (all && document.own.edits > edits) continue;
      document.healed(state, all);
      return outcome;
    }
  }
  /** Gives back of what an epoch had what the state vector lacks. */
  async give(channel, epoch, stateVector, lost) {
    let has = stateVector;
    for (let tries = 0; ; ) {
      const update = lackedBy(lost(), has);
      const answer = await new Promise((done) => channel.request("Y_UPDATE", { update, heals: epoch }, done));
      const { code, fields } = answer;
      if (code === "") return "healed";
      if (code === LOST || code === "NOT_JOINED") return "apart";
      const server = bytes(fields["stateVector"]);
      if (server.length > 0) has = server;
      const wait = retryAfter(answer) ?? (MAY_CHANGE.has(code) && ++tries < TRIES ? AGAIN_MS$1 : void 0);
      if (wait === void 0) return "refused";
      await this.#pause(wait);
    }
  }
  /** Never ends when the page does before. */
  #pause(ms) {
    const timer = new Timer();
    this.#life.add(() => timer.clear());
    return new Promise((done) => timer.set(ms, done));
  }
}
function dropPending({ store }) {
  store.pendingStructs = null;
  store.pendingDs = null;
}
function lackedBy(doc, stateVector) {
  dropPending(doc);
  return encodeStateAsUpdate(doc, stateVector);
}

function changedSince(left, known, now) {
  if (left === void 0 || left.edits === 0 || known === void 0) return [];
  const [base, mine] = [docOf(known.update), docOf(known.update, left.update)];
  return left.fields.flatMap((wire) => {
    const [was, wanted, is] = [valueIn(base, wire), valueIn(mine, wire), valueIn(now, wire)];
    return same(was, is) || same(wanted, is) ? [] : [[wire, wanted]];
  });
}

const FORMAT = 1;
function encode(record) {
  const encoder = createEncoder();
  writeAny(encoder, { format: FORMAT, ...record });
  return toUint8Array(encoder);
}
function decode(data) {
  const fields = fieldsOf(readAny(createDecoder(data)));
  if (fields["format"] !== FORMAT) throw new Error("a record of another format");
  return fields;
}
function ownOf(data) {
  const fields = decode(data);
  const refused = fields["refused"];
  return {
    epoch: number(fields["epoch"]),
    update: bytes(fields["update"]),
    fields: list(fields["fields"]).map(text),
    edits: number(fields["edits"]),
    refused: Array.isArray(refused) ? refused.map(text) : refused === "all" ? refused : void 0,
    why: fieldsOf(fields["why"]),
    loose: fieldsOf(fields["loose"]),
    drafts: list(fields["drafts"])
  };
}
function knownOf(data) {
  const fields = decode(data);
  return {
    epoch: number(fields["epoch"]),
    revision: number(fields["revision"]),
    mode: fields["mode"] === "viewer" ? "viewer" : "editor",
    update: bytes(fields["update"]),
    seeds: fieldsOf(fields["seeds"])
  };
}
function isEmpty({ edits, loose, drafts }) {
  return edits === 0 && drafts.length === 0 && Object.keys(loose).length === 0;
}

const MOMENT_MS = 100;
const LATER_MS = 2e3;
const LATER_MS_PER_BYTE = 0.01;
const AGAIN_MS = 5e3;
const PATIENCE_MS$1 = 6e3;
const LOOK_EVERY_MS$1 = 3e4;
class Keeper {
  /** `changed`: more or less is kept than before. `loaded`: the vault has been read, or cannot be. */
  events = new Emitter();
  #vault;
  #resource;
  #document;
  #life = new Lifetime();
  #timer = new Timer();
  /** When the timer ends, by `performance.now()`. */
  #due = 0;
  #loading = false;
  #lookedForOwn = false;
  #writing = false;
  #failed = false;
  /** The user has logged out in another tab and knew what this one had kept; it is kept again when something is typed. */
  #cleared = false;
  /** Counts changes of what only this tab has; `#safe` is how many of them are on the disk. */
  #changes = 0;
  #safe = 0;
  #knownChanged = false;
  /** When what the server has is written at the latest, by `performance.now()`. */
  #knownDue = 0;
  #knownBytes = 0;
  /** Whether this tab has a record of its own in the vault. */
  #hasRecord = false;
  /** Records that were taken over, to be removed with the next write. */
  #takenOver = [];
  #healing = new Healing(this.#life);
  /** The life of the document in which nothing is given back (any more): the server did not take it, or has erased it. */
  #unhealed = -1;
  #waiting = [];
  constructor(vault, resource, document2) {
    this.#vault = vault;
    this.#resource = resource;
    this.#document = document2;
    this.#life.add(vault.events.on("known", () => this.#begin()));
    this.#life.add(vault.events.on("cleared", () => this.#wasCleared()));
    if (vault.known) this.#begin();
  }
  /** Reports whether the vault is being read: until then nobody knows what this document is to begin with. */
  get loading() {
    return this.#loading;
  }
  /** Reports whether all that only this tab has is on the disk. */
  get stored() {
    return this.#vault.known && !this.#failed && !this.#cleared && this.#safe === this.#changes;
  }
  /** Notes that what only this tab has is something else now; `soon`: the server may have it in a moment. */
  changed(soon) {
    this.#changes++;
    this.#cleared = false;
    this.#plan(soon ? MOMENT_MS : 0);
  }
  /** Notes that the server has more, or that it has what was kept here. */
  learned() {
    const now = performance.now();
    if (!this.#knownChanged) this.#knownDue = now + LATER_MS + this.#knownBytes * LATER_MS_PER_BYTE;
    this.#knownChanged = true;
    this.#plan(this.#knownDue - now);
  }
  /** Calls `done` when all that there is now is on the disk, or cannot be. */
  flush(done) {
    if (!this.#vault.known) return done();
    this.#cleared = false;
    const late = new Timer();
    const once = () => {
      if (late.running) done();
      late.clear();
    };
    late.set(PATIENCE_MS$1, done);
    this.#waiting.push({ changes: ++this.#changes, done: once });
    this.#plan(0);
  }
  /**
   * Gives back what a restore lost and this page has, if the server takes it; then the document goes on (D8). Reports false
   * when it does not take it. What the server has erased meanwhile is forgotten in place of it (O7).
   */
  heal(state) {
    const document2 = this.#document;
    if (state.epoch === this.#unhealed) return false;
    if (state.erased > document2.known.epoch) {
      this.#unhealed = state.epoch;
      this.#forget();
      erase(document2);
      return true;
    }
    if (state.heals !== document2.known.epoch) return false;
    void this.#healing.ofPage(document2, state).then((outcome) => {
      if (outcome !== "refused") return;
      this.#unhealed = state.epoch;
      document2.start();
    });
    return true;
  }
  /** Looks for what dead tabs have left, and takes it over: once, whoever looks at the same time. */
  async look() {
    if (!this.#vault.known) return;
    const own = this.#vault.tab.id;
    const places = await this.#vault.places(this.#resource);
    for (const tab of new Set(places.map(([, tab2]) => tab2))) {
      if (tab === own && this.#lookedForOwn) continue;
      await this.#vault.whileDead(tab, () => this.#takeOver(tab));
    }
    this.#lookedForOwn = true;
  }
  /** Writes what there is, and stops. */
  end() {
    if (this.#life.ended) return;
    this.#life.end();
    this.#timer.clear();
    if (this.#vault.known && !this.#cleared && (this.#changes > this.#safe || this.#knownChanged)) void this.#write();
    this.events.clear();
  }
  #begin() {
    this.#life.every(LOOK_EVERY_MS$1, () => void this.look().catch(() => void 0));
    this.#life.listen(document, "visibilitychange", () => document.hidden && this.#timer.running && void this.#write());
    this.#life.listen(window, "pagehide", ({ persisted }) => persisted && this.#vault.tab.release());
    this.#life.listen(window, "pageshow", ({ persisted }) => persisted && this.#load(() => this.#cameBack()));
    this.#load(() => this.look());
  }
  #load(work) {
    this.#loading = true;
    const loaded = () => {
      late.clear();
      if (!this.#loading) return;
      this.#loading = false;
      this.events.emit("loaded", void 0);
      if (this.#changes > this.#safe) this.#plan(0);
    };
    const late = new Timer();
    late.set(PATIENCE_MS$1, loaded);
    work().then(loaded, () => {
      this.#failed = true;
      loaded();
    });
  }
  async #takeOver(tab) {
    const [ownPlace, knownPlace] = [this.#place("own", tab), this.#place("known", tab)];
    let own = await this.#vault.read(ownPlace, ownOf);
    let known = await this.#vault.read(knownPlace, knownOf);
    if (this.#life.ended || (own ?? known) === void 0) return;
    const left = [...own ? [ownPlace] : [], ...known ? [knownPlace] : []];
    const epoch = Math.max(own?.epoch ?? 0, known?.epoch ?? 0);
    own &&= { ...own, epoch };
    if (epoch < this.#document.known.epoch) {
      const rest = this.#document.ready ? await this.#ofLifeBefore(own, known) : "apart";
      if (rest === "apart") return;
      own = rest;
      known = void 0;
      if (own === void 0) return this.#remove(left);
    }
    if (!this.#document.takeOver(own, known, changedSince(own, known, this.#document.doc))) return;
    if (tab === this.#vault.tab.id) this.#hasRecord = own !== void 0;
    else this.#takenOver.push(...left);
    if (known !== void 0) this.learned();
    if (own !== void 0) await new Promise((done) => this.flush(done));
  }
  /**
   * Gives back what a page has left that was open before a restore, and returns the rest of it: what the server does not
   * take is kept as drafts (D8).
   */
  async #ofLifeBefore(own, known) {
    const document2 = this.#document;
    const edits = own?.refused === void 0 ? own?.update : void 0;
    const { epoch } = own ?? known;
    if (document2.erased > epoch) {
      if (own === void 0) return void 0;
      const drafts2 = ownDrafts(docOf(known?.update, own.update), own, known);
      return { ...own, epoch: document2.known.epoch, update: new Uint8Array(), fields: [], edits: 0, refused: void 0, drafts: drafts2 };
    }
    const outcome = await this.#healing.give(document2.channel, epoch, encodeStateVector(document2.doc), () => docOf(known?.update, edits, encodeStateAsUpdate(document2.doc)));
    if (outcome === "apart") return outcome;
    if (outcome === "healed") document2.sync();
    if (own === void 0) return void 0;
    const taken = outcome === "healed" && own.refused === void 0;
    const rest = taken ? [] : ownText(docOf(known?.update, own.update), docOf(known?.update), own.fields);
    const drafts = [...rest.map(({ field, mine }) => ({ field, mine, reason: "epoch", by: "" })), ...own.drafts];
    return { ...own, epoch: document2.known.epoch, update: new Uint8Array(), fields: [], edits: 0, refused: void 0, drafts };
  }
  /** The page was frozen and is shown again. If what it had was taken over meanwhile, that must not be sent twice. */
  async #cameBack() {
    await this.#vault.tab.hold();
    const places = await this.#vault.places(this.#resource);
    const still = places.some(([, tab, kind]) => tab === this.#vault.tab.id && kind === "own");
    if (this.#hasRecord && !still) this.#document.startAnew();
  }
  /** Removes what the store has of a document that was erased. What the document is now is written once it was joined. */
  #forget() {
    this.#knownChanged = false;
    if (this.#vault.known) this.#remove([this.#place("known")]).catch(() => void 0);
  }
  async #remove(places) {
    await this.#vault.write(places.map((place) => ({ place, data: void 0 })), true);
  }
  #wasCleared() {
    this.#cleared = this.stored;
    this.#hasRecord = false;
    this.#takenOver = [];
    this.#knownChanged = true;
    this.events.emit("changed", void 0);
  }
  #plan(ms) {
    const due = performance.now() + ms;
    if (this.#life.ended || this.#writing || this.#cleared || !this.#vault.known || this.#timer.running && this.#due <= due) return;
    this.#due = due;
    this.#timer.set(ms, () => void this.#write());
  }
  async #write() {
    if (this.#writing) return;
    this.#timer.clear();
    this.#writing = true;
    const [changes, dropped] = [this.#changes, this.#takenOver.length];
    const { own } = this.#document;
    const empty = isEmpty(own);
    const writes = this.#takenOver.map((place) => ({ place, data: void 0 }));
    if (!empty || this.#hasRecord) writes.push({ place: this.#place("own"), data: empty ? void 0 : encode(own) });
    const known = this.#knownChanged && (writes.length > 0 || this.#life.ended || document.hidden || performance.now() >= this.#knownDue);
    if (known) {
      const data = encode(this.#document.known);
      this.#knownBytes = data.length;
      writes.push({ place: this.#place("known"), data });
    }
    if (known) this.#knownChanged = false;
    try {
      if (writes.length > 0) await this.#vault.write(writes, !empty);
      this.#failed = false;
      this.#safe = changes;
      this.#hasRecord = !empty;
      this.#takenOver.splice(0, dropped);
    } catch {
      this.#failed = true;
      this.#knownChanged ||= known;
    }
    this.#writing = false;
    this.#written(changes);
  }
  /** Tells who waits for what was just tried, and goes on with what has changed meanwhile. */
  #written(changes) {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((one) => one.changes > changes);
    for (const { changes: until, done } of waiting) if (until <= changes) done();
    this.events.emit("changed", void 0);
    if (this.#failed) return this.#plan(AGAIN_MS);
    if (this.#changes > this.#safe) {
      if (this.#life.ended) void this.#write();
      else this.#plan(0);
    } else if (this.#knownChanged) this.learned();
  }
  #place(kind, tab = this.#vault.tab.id) {
    return [this.#resource, tab, kind];
  }
}

const PATIENCE_MS = 5e3;
const LOOK_EVERY_MS = 50;
async function logout(vault, documents, discard) {
  for (let waited = 0; waited < PATIENCE_MS && documents.some(({ sending }) => sending); waited += LOOK_EVERY_MS) {
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
  const unsent = [...documents.flatMap(({ resourceId, own, known }) => unsentOf(resourceId, own, known)), ...vault?.known ? await leftIn(vault, documents) : []];
  if (unsent.length > 0 && !discard) return { sent: false, unsent };
  for (const document of documents) document.end();
  await vault?.clear();
  return unsent.length === 0 ? { sent: true } : { sent: false, unsent };
}
async function leftIn(vault, documents) {
  const open = ([resource, tab]) => tab === vault.tab.id && documents.some(({ resourceId }) => resourceId === resource);
  const places = (await vault.places()).filter((place) => place[2] === "own" && !open(place));
  const found = places.map(async (place) => {
    const [resourceId, tab] = place;
    const own = await vault.read(place, ownOf);
    if (own === void 0) return [{ resourceId, field: "", text: "" }];
    const known = await vault.read([resourceId, tab, "known"], knownOf);
    return unsentOf(resourceId, own, known);
  });
  return (await Promise.all(found)).flat();
}
function unsentOf(resourceId, own, known) {
  const edited = ownText(docOf(known?.update, own.update), docOf(known?.update), own.fields);
  const loose = Object.entries(own.loose).map(([field, mine]) => ({ field, mine }));
  return [...edited, ...loose, ...own.drafts].map(({ field, mine }) => ({ resourceId, field, text: shown(mine) }));
}

const ALGORITHM = "AES-GCM";
const IV_BYTES = 12;
function newKey() {
  return crypto.subtle.generateKey({ name: ALGORITHM, length: 256 }, false, ["encrypt", "decrypt"]);
}
async function seal(key, at, data) {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const secret = await crypto.subtle.encrypt(parameters(iv, at), key, data);
  const whole = new Uint8Array(IV_BYTES + secret.byteLength);
  whole.set(iv);
  whole.set(new Uint8Array(secret), IV_BYTES);
  return whole;
}
async function unseal(key, at, whole) {
  const iv = whole.slice(0, IV_BYTES);
  return new Uint8Array(await crypto.subtle.decrypt(parameters(iv, at), key, whole.slice(IV_BYTES)));
}
function parameters(iv, at) {
  return { name: ALGORITHM, iv, additionalData: new TextEncoder().encode(JSON.stringify(at)) };
}

const OPEN_MS = 5e3;
const KEYS = "keys";
const RECORDS = "records";
const AGES = "at";
function openDatabase() {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("the database does not open")), OPEN_MS);
    const request = indexedDB.open("corsia", 2);
    request.onupgradeneeded = ({ oldVersion }) => {
      const { result: db, transaction } = request;
      if (oldVersion < 1) for (const name of [KEYS, RECORDS]) db.createObjectStore(name);
      transaction?.objectStore(RECORDS).createIndex(AGES, AGES);
    };
    request.onsuccess = () => {
      clearTimeout(late);
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
}
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
function completed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
  });
}

const nameOf = (tab) => `corsia ${tab}`;
class Tab {
  /** Empty where there are no locks to hold either: on a page that is not served over https. */
  id = crypto.randomUUID?.() ?? "";
  #letGo;
  /** Holds the lock. Resolves when it is held. */
  async hold() {
    if (this.#letGo !== void 0) return;
    return new Promise((held, failed) => {
      const life = new Promise((end) => this.#letGo = end);
      navigator.locks.request(nameOf(this.id), () => {
        held();
        return life;
      }).catch(failed);
    });
  }
  /** Lets go: the page is dead, or may be frozen for long. */
  release() {
    this.#letGo?.();
    this.#letGo = void 0;
  }
}
async function whileDead(tab, work) {
  await navigator.locks.request(nameOf(tab), { ifAvailable: true }, (lock) => lock === null ? void 0 : work());
}

class Remembered {
  #name;
  #tab;
  constructor(gateway, tab) {
    this.#name = `corsia ${gateway}`;
    this.#tab = tab;
  }
  /** Returns the session of the page before this one, once. */
  async take() {
    let found;
    try {
      const { tab, sessionId, resumeKey } = fieldsOf(JSON.parse(sessionStorage.getItem(this.#name) ?? ""));
      this.forget();
      await whileDead(text(tab), async () => found = { sessionId: text(sessionId), resumeKey: text(resumeKey) });
    } catch {
    }
    return found;
  }
  /** Keeps the session for a page that comes after a crash. */
  keep({ sessionId, resumeKey }) {
    try {
      sessionStorage.setItem(this.#name, JSON.stringify({ tab: this.#tab.id, sessionId, resumeKey }));
    } catch {
    }
  }
  /** The session has ended, or the page leaves in good order. */
  forget() {
    try {
      sessionStorage.removeItem(this.#name);
    } catch {
    }
  }
}

function whoOf(token) {
  try {
    const part = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const json = new TextDecoder().decode(Uint8Array.from(atob(part), (char) => char.charCodeAt(0)));
    const claims = fieldsOf(JSON.parse(json));
    const user = text(claims["userId"]) || text(claims["sub"]);
    return user === "" ? void 0 : [text(claims["tenant"]) || "default", user];
  } catch {
    return void 0;
  }
}

const KNOWN_MS = 7 * 24 * 36e5;
class Vault {
  /** `known`: the user is. `cleared`: the user has logged out in another tab. */
  events = new Emitter();
  tab = new Tab();
  session;
  #gateway;
  #who;
  #open;
  #told;
  /** The last write, however it ended. */
  #last = Promise.resolve();
  /** Where tabs tell each other whose store was cleared. */
  #tabs;
  constructor(gateway) {
    this.#gateway = gateway;
    this.session = new Remembered(gateway, this.tab);
  }
  /** Reports whether the user is known. */
  get known() {
    return this.#who !== void 0;
  }
  /** What is wrong with the store, as it was told last; undefined when it keeps what it should. */
  get failure() {
    return this.#told;
  }
  /** Learns from a token whose store it is. Reports false when it is another user's than before: nothing is mixed. */
  identify(token) {
    const who = whoOf(token);
    if (who === void 0) return true;
    if (this.#who !== void 0) return String(this.#who) === String(who);
    this.#who = who;
    this.#tabs = new BroadcastChannel("corsia");
    this.#tabs.onmessage = ({ data }) => String(data) === String(this.#at([])) && this.events.emit("cleared", void 0);
    this.events.emit("known", void 0);
    return true;
  }
  /** Returns the places of the user's records, of one resource or of all. */
  async places(resource) {
    await this.#last;
    return this.#list(resource);
  }
  /** Returns what is at a place; undefined when nothing is, or nothing that can be read: that is told, and left there. */
  async read(place, decode) {
    const { db, key } = await this.#opened();
    const at = this.#at(place);
    const kept = await result(db.transaction(RECORDS).objectStore(RECORDS).get(at));
    if (kept === void 0) return void 0;
    try {
      return decode(await unseal(key, at, "data" in kept ? kept.data : kept));
    } catch {
      this.#fail("STORE_UNREADABLE", "text that was kept in this browser cannot be read; it is left where it is until logout");
      return void 0;
    }
  }
  /** Writes all changes or none. Resolves when they are on the disk; `strict`: when the disk itself says so. */
  write(changes, strict) {
    const writing = this.#tryToWrite(changes, strict);
    this.#last = writing.catch(() => void 0);
    return writing;
  }
  /** Does `work` while the tab is dead and nobody else takes over what it left; at once when it is this one. */
  whileDead(tab, work) {
    return tab === this.tab.id ? work() : whileDead(tab, work);
  }
  /** Removes everything of the user, and the key with it: what the disk may still have can never be read again. */
  async clear() {
    if (this.#who === void 0) return;
    await this.#drained();
    const { db } = await this.#opened();
    const transaction = db.transaction([KEYS, RECORDS], "readwrite", { durability: "strict" });
    transaction.objectStore(KEYS).delete(this.#at([]));
    transaction.objectStore(RECORDS).delete(this.#range());
    await completed(transaction);
    this.#open = void 0;
    db.close();
    this.#tabs?.postMessage(this.#at([]));
  }
  /** Lets go of the database and says that this page lives no more. */
  async end() {
    this.events.clear();
    this.#tabs?.close();
    await this.#drained();
    this.tab.release();
    this.#open?.then(({ db }) => db.close()).catch(() => void 0);
  }
  async #list(resource) {
    const { db } = await this.#opened();
    const keys = await result(db.transaction(RECORDS).objectStore(RECORDS).getAllKeys(this.#range(resource)));
    return keys.map((key) => key.slice(3));
  }
  /** Waits for the writes that are under way, and for those that follow from them. */
  async #drained() {
    for (let last; last !== this.#last; ) await (last = this.#last);
  }
  async #tryToWrite(changes, strict) {
    try {
      await this.#write(changes, strict).catch((error) => this.#makeRoom(error).then(() => this.#write(changes, strict)));
    } catch (error) {
      this.#open = void 0;
      this.#failed(error);
      throw error;
    }
    if (this.#told !== "STORE_UNREADABLE") this.#told = void 0;
  }
  /** When the browser's room is used up, gives up what the server has anyway. */
  async #makeRoom(error) {
    if (!isFull(error)) throw error;
    const { db } = await this.#opened();
    const places = (await this.#list()).filter(([, , kind]) => kind === "known");
    const transaction = db.transaction(RECORDS, "readwrite");
    for (const place of places) transaction.objectStore(RECORDS).delete(this.#at(place));
    await completed(transaction);
  }
  async #write(changes, strict) {
    const open = await this.#opened();
    const sealing = changes.map(async ({ place, data }) => {
      const at = this.#at(place);
      const sealed = data && await seal(open.key, at, data);
      return { at, value: sealed && (place[2] === "known" ? { data: sealed, [AGES]: Date.now() } : sealed) };
    });
    const records = await Promise.all(sealing);
    const transaction = open.db.transaction([KEYS, RECORDS], "readwrite", { durability: strict ? "strict" : "relaxed" });
    const store = transaction.objectStore(RECORDS);
    const done = completed(transaction);
    done.catch(() => void 0);
    const key = await result(transaction.objectStore(KEYS).get(this.#at([])));
    if (key?.id !== open.id) {
      transaction.abort();
      this.#open = void 0;
      return this.#write(changes, strict);
    }
    try {
      for (const { at, value } of records) {
        if (value === void 0) store.delete(at);
        else store.put(value, at);
      }
    } catch (error) {
      transaction.abort();
      throw error;
    }
    await done;
  }
  #opened() {
    return this.#open ??= this.#openAll().catch((error) => {
      this.#open = void 0;
      this.#failed(error);
      throw error;
    });
  }
  async #openAll() {
    if (crypto.subtle === void 0 || navigator.locks === void 0) throw new Error("it needs https and a browser of 2022 or later");
    await this.tab.hold();
    const db = await openDatabase();
    db.onclose = db.onversionchange = () => {
      this.#open = void 0;
      db.close();
    };
    const fresh = { id: crypto.randomUUID(), key: await newKey() };
    const transaction = db.transaction(KEYS, "readwrite", { durability: "strict" });
    const done = completed(transaction);
    const keys = transaction.objectStore(KEYS);
    const known = await result(keys.get(this.#at([])));
    if (known === void 0) keys.put(fresh, this.#at([]));
    await done;
    forget(db);
    return { db, ...known ?? fresh };
  }
  #at(place) {
    return [this.#gateway, ...this.#who ?? [], ...place];
  }
  /** Every array that begins like this one: in IndexedDB an array is greater than all strings. */
  #range(resource) {
    const start = this.#at(resource === void 0 ? [] : [resource]);
    return IDBKeyRange.bound(start, [...start, []]);
  }
  #failed(error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    if (isFull(error)) this.#fail("STORE_FULL", `this browser has no room to keep text that is not on the server (${why})`);
    else this.#fail("STORE_UNAVAILABLE", `this browser does not keep text that is not on the server (${why})`);
  }
  #fail(code, message) {
    if (this.#told === code) return;
    this.#told = code;
    this.events.emit("failed", { code, message });
  }
}
function forget(db) {
  const store = db.transaction(RECORDS, "readwrite").objectStore(RECORDS);
  const request = store.index(AGES).openKeyCursor(IDBKeyRange.upperBound(Date.now() - KNOWN_MS));
  request.onsuccess = () => {
    if (request.result === null) return;
    store.delete(request.result.primaryKey);
    request.result.continue();
  };
}
function isFull(error) {
  return error instanceof Error && /quota/i.test(error.name);
}



return {Keeper: Keeper, Vault: Vault, logout: logout} })