/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

const CHOICE_PREFIX = "values/";
function isText(kind) {
  return kind === "text" || kind === "editable";
}
function wireName(id, kind) {
  return isText(kind) ? id : CHOICE_PREFIX + id;
}
function idOf(wire) {
  return isChoice(wire) ? wire.slice(CHOICE_PREFIX.length) : wire;
}
function isChoice(wire) {
  return wire.startsWith(CHOICE_PREFIX);
}
function choices(doc) {
  return doc.getMap("values");
}
function textOf(doc, wire) {
  return doc.getText(wire);
}
function written(doc, wire) {
  if (isChoice(wire)) return choices(doc)._map.has(idOf(wire));
  return textOf(doc, wire)._start !== null;
}
function valueIn(doc, wire) {
  if (!isChoice(wire)) return textOf(doc, wire).toString();
  const value = choices(doc).get(idOf(wire));
  if (typeof value === "string" || typeof value === "boolean") return value;
  return Array.isArray(value) ? value.map(String) : void 0;
}
function same(a, b) {
  return a === b || Array.isArray(a) && Array.isArray(b) && JSON.stringify(a) === JSON.stringify(b);
}
function blank(value) {
  return value === "" || value === false || Array.isArray(value) && value.length === 0;
}
function shown(value) {
  if (value === void 0) return "";
  if (typeof value === "boolean") return value ? "\u2713" : "\u2013";
  return typeof value === "string" ? value : value.join(", ");
}

class Lifetime {
  #undo = [];
  #ended = false;
  /** Reports whether `end` was called. */
  get ended() {
    return this.#ended;
  }
  /** Keeps `undo` for the end; when the end has come already it runs at once. */
  add(undo) {
    if (this.#ended) undo();
    else this.#undo.push(undo);
  }
  /** Listens until the end. */
  listen(target, type, handle, options = {}) {
    const listener = handle;
    target.addEventListener(type, listener, options);
    this.add(() => target.removeEventListener(type, listener, options));
  }
  /** Runs `work` every `ms` milliseconds until the end. */
  every(ms, work) {
    const timer = setInterval(work, ms);
    this.add(() => clearInterval(timer));
  }
  /** Undoes everything. Further calls do nothing. */
  end() {
    if (this.#ended) return;
    this.#ended = true;
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }
}

class Timer {
  #handle;
  /** Reports whether the timer is running. */
  get running() {
    return this.#handle !== void 0;
  }
  /** Runs `work` once after `ms` milliseconds, instead of what was planned before. */
  set(ms, work) {
    this.clear();
    this.#handle = setTimeout(() => {
      this.#handle = void 0;
      work();
    }, ms);
  }
  /** Forgets what was planned. */
  clear() {
    if (this.#handle !== void 0) clearTimeout(this.#handle);
    this.#handle = void 0;
  }
}

const LOOK_EVERY_MS$2 = 200;
class Carried {
  #values = /* @__PURE__ */ new WeakMap();
  /** Notes what a field shows while its record ends. */
  note({ binding }) {
    const value = binding.read();
    for (const element of binding.elements) if (value !== void 0) this.#values.set(element, value);
  }
  /** Reports whether the element shows what it showed then. Once it does not, it never does again. */
  holds(element, value) {
    const then = this.#values.get(element);
    if (then !== void 0 && !same(then, value)) this.#values.delete(element);
    return then !== void 0 && same(then, value);
  }
}
class CarriedWatch {
  #fields = /* @__PURE__ */ new Map();
  #timer = new Timer();
  #renew;
  #touch;
  constructor(renew, touch) {
    this.#renew = renew;
    this.#touch = touch;
  }
  /** Reports whether there is any. */
  get any() {
    return this.#fields.size > 0;
  }
  /** Begins to watch a field. */
  add(field) {
    field.carried = true;
    const life = new Lifetime();
    this.#fields.set(field, { life, value: field.base });
    for (const element of field.binding.elements) {
      life.listen(element, "input", ({ isTrusted }) => isTrusted && this.#touched(field), { capture: true });
    }
    this.#plan();
  }
  /** Watches a field no more. */
  drop(field) {
    this.#fields.get(field)?.life.end();
    this.#fields.delete(field);
  }
  /** Watches nothing more. */
  end() {
    for (const field of this.#fields.keys()) this.drop(field);
    this.#timer.clear();
  }
  #plan() {
    if (this.any && !this.#timer.running) this.#timer.set(LOOK_EVERY_MS$2, () => this.#look());
  }
  #touched(field) {
    field.carried = false;
    this.drop(field);
    this.#touch();
  }
  #look() {
    for (const [field, { value }] of [...this.#fields]) {
      if (field.live) this.drop(field);
      else if (!same(field.binding.read(), value)) {
        this.drop(field);
        this.#renew(field);
      }
    }
    this.#plan();
  }
}

const FIRST_MS$1 = 500;
const LONGEST_MS = 15e3;
function backoff(attempt, random = Math.random) {
  const range = Math.min(LONGEST_MS, FIRST_MS$1 * 2 ** Math.min(attempt, 10));
  return Math.round(range * (0.2 + 0.8 * random()));
}

class Emitter {
  #listeners = /* @__PURE__ */ new Map();
  /** Listens to `name`. Returns what ends it. */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? /* @__PURE__ */ new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }
  /** Tells every listener of `name`, in the order in which they came. */
  emit(name, value) {
    for (const listener of [...this.#listeners.get(name) ?? []]) {
      try {
        ;
        listener(value);
      } catch (error) {
        console.error("Corsia: a listener failed", error);
      }
    }
  }
  /** Forgets all listeners. */
  clear() {
    this.#listeners.clear();
  }
}

const LOST = "LOST";
function fieldsOf(value) {
  return typeof value === "object" && value !== null ? value : {};
}
function text(value) {
  return typeof value === "string" ? value : "";
}
function number(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
function list(value) {
  return Array.isArray(value) ? value : [];
}
function bytes(value) {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return value instanceof ArrayBuffer ? new Uint8Array(value) : Uint8Array.from(list(value));
}
function answer(value) {
  const fields = fieldsOf(value);
  if (fields["ok"] === true) return { code: "", fields };
  const error = fieldsOf(fields["error"]);
  return { code: text(error["code"]) || "INTERNAL", fields: error };
}
function session(value) {
  const fields = fieldsOf(value);
  const userId = text(fields["userId"]);
  return {
    sessionId: text(fields["sessionId"]),
    resumeKey: text(fields["resumeKey"]),
    userId,
    name: text(fields["name"]) || userId,
    heartbeatInterval: number(fields["heartbeatInterval"]) || 3e4,
    breakGlass: fieldsOf(fields["permissions"])["breakGlass"] === true,
    rooms: list(fields["rooms"]).map(text)
  };
}
function user(value) {
  const fields = fieldsOf(value);
  const userId = text(fields["userId"]);
  return {
    userId,
    name: text(fields["name"]) || userId,
    role: text(fields["role"]),
    mode: mode(fields["mode"]),
    sessions: list(fields["sessions"]).map(text),
    joinedAt: number(fields["joinedAt"]),
    color: text(fields["color"])
  };
}
function lock(value) {
  const fields = fieldsOf(value);
  const userId = text(fields["userId"]);
  return {
    lockId: text(fields["lockId"]),
    field: text(fields["field"]),
    userId,
    sessionId: text(fields["sessionId"]),
    name: text(fields["name"]) || userId,
    fence: number(fields["fence"]),
    acquiredAt: number(fields["acquiredAt"]) || Date.now(),
    expiresAt: number(fields["expiresAt"])
  };
}
function lockRequest(value) {
  const { lockId, field, userId, sessionId, name } = lock(value);
  return { lockId, field, userId, sessionId, name, message: text(fieldsOf(value)["message"]) };
}
function resourceState(fields) {
  return {
    mode: mode(fields["mode"]),
    users: list(fields["users"]).map(user),
    locks: list(fields["locks"]).map(lock),
    state: bytes(fields["state"]),
    stateVector: bytes(fields["stateVector"]),
    revision: number(fields["revision"]),
    epoch: number(fields["epoch"]),
    erased: number(fields["erased"]),
    heals: fields["heals"],
    clientId: number(fields["clientId"]) || void 0
  };
}
function mode(value) {
  return value === "viewer" ? "viewer" : "editor";
}

const TICK_MS = 5e3;
const LATE_MS$1 = 5e3;
class Watch {
  #life = new Lifetime();
  #last = Date.now();
  constructor(work) {
    this.#life.every(TICK_MS, () => {
      const late = Date.now() - this.#last - TICK_MS;
      this.#last = Date.now();
      if (late > LATE_MS$1) work();
    });
    this.#life.listen(window, "online", work);
    this.#life.listen(window, "pageshow", ({ persisted }) => persisted && work());
    this.#life.listen(document, "resume", work);
    this.#life.listen(document, "visibilitychange", () => document.hidden || work());
  }
  /** Stops watching. */
  end() {
    this.#life.end();
  }
}

const OFFLINE_PROBE_MS = 6e4;
const GREETING_MS = 1e4;
const ANSWER_MS = 1e4;
const PROBE_MS = 5e3;
const REFUSALS_BEFORE_GIVING_UP = 3;
class Connection {
  events = new Emitter();
  #options;
  #state = { name: "idle" };
  #life = new Lifetime();
  #retry = new Timer();
  /** For CONNECTED, and then for heartbeats. */
  #pulse = new Timer();
  #heartbeatAnswered = true;
  /** The heartbeat under way asks whether there still is a connection. */
  #doubted = false;
  #pending = /* @__PURE__ */ new Set();
  #attempt = 0;
  #refusals = 0;
  /** Why the gateway refuses the token; empty while it does not. */
  #reason = "";
  /** The least delay that the gateway asked for, in milliseconds. */
  #asked = 0;
  #userId = "";
  #store;
  /** Until it is settled whether there is a store, nothing connects. */
  #coming;
  /** The token that was asked for before the attempt under way. */
  #token;
  /** The last session, while it may be resumed. */
  #last;
  /** What the gateway said that it does without. */
  #degraded = /* @__PURE__ */ new Set();
  #socket;
  constructor(options) {
    this.#options = options;
    if (options.store instanceof Promise) this.#coming = options.store.then((store) => this.#take(store));
    else this.#store = options.store;
    this.#socket = options.open(
      options.url,
      (use) => this.#withToken(async (token) => {
        this.#last ??= this.#userId !== "" ? void 0 : await this.vault?.session.take();
        use({ token, ...this.#resume() });
      }, this.#token)
    );
    this.#socket.onAny((event, payload) => this.#received(event, payload));
    this.#socket.on("connect", () => this.#pulse.set(GREETING_MS, () => this.#silent()));
    this.#socket.on("connect_error", (error) => this.#refused(fieldsOf(fieldsOf(error)["data"])));
    this.#socket.on("disconnect", (reason) => {
      if (reason === "io server disconnect") this.#forget();
      this.#disconnected();
    });
    this.#life.listen(window, "offline", () => this.#goOffline());
    this.#life.listen(window, "pagehide", () => this.#leave());
    const watch = new Watch(() => this.#check());
    this.#life.add(() => watch.end());
  }
  /** The state now. */
  get state() {
    return this.#state;
  }
  /** The session, while the connection is open. */
  get session() {
    return this.#state.name === "open" ? this.#state.session : void 0;
  }
  /** What the gateway has said that it does without, by its names (F1). */
  get degraded() {
    return [...this.#degraded];
  }
  /** The encrypted store of the user; undefined when nothing is to be kept. */
  get vault() {
    return this.#store?.vault;
  }
  /** What keeps documents in this browser; undefined when nothing is to be kept, and until it is loaded. */
  get store() {
    return this.#store;
  }
  /** The user's own id; empty until the first session. */
  get userId() {
    return this.#userId;
  }
  /** Connects: for the first time, or at once instead of waiting, or again after a refusal. */
  tryNow() {
    const { name } = this.#state;
    if (name !== "idle" && name !== "waiting" && name !== "refused") return;
    this.#refusals = 0;
    this.#asked = 0;
    this.#connect();
  }
  /** Sends an event without an answer; when the connection is not open it is lost. */
  send(event, payload) {
    if (this.session !== void 0) this.#socket.emit(event, payload);
  }
  /** Sends an event and calls `done` once: with the answer, or with LOST when the connection ends before. */
  request(event, payload, done) {
    if (this.session === void 0) return done({ code: LOST, fields: {} });
    const late = new Timer();
    late.set(ANSWER_MS, () => this.#check());
    const settle = (result) => {
      late.clear();
      if (this.#pending.delete(settle)) done(result);
    };
    this.#pending.add(settle);
    this.#socket.emit(event, payload, (value) => settle(answer(value)));
  }
  /** Ends the session for good. */
  close() {
    if (this.#state.name === "closed") return;
    this.#life.end();
    this.#forget();
    this.#pulse.clear();
    this.#retry.clear();
    this.#socket.offAny();
    this.#socket.off();
    this.#socket.disconnect();
    this.#enter({ name: "closed" });
    this.events.clear();
    void this.vault?.end();
  }
  #connect() {
    this.#retry.clear();
    this.#enter({ name: "connecting", attempt: this.#attempt });
    this.#token = void 0;
    if (this.#coming === void 0) return this.#open();
    void this.#coming.then(() => this.#state.name === "connecting" && this.#open());
  }
  #take(store) {
    this.#coming = void 0;
    if (this.#state.name === "closed") return void store?.vault.end();
    this.#store = store;
    if (store !== void 0) this.events.emit("store", store);
  }
  #open() {
    if (this.vault?.known !== false) return void this.#socket.connect();
    this.#withToken((token) => {
      if (this.#state.name !== "connecting") return;
      this.#token = token;
      this.#socket.connect();
    });
  }
  /** Gives the page's token to `use`. A page that has none is waited for like a gateway that is away. */
  #withToken(use, known) {
    Promise.resolve().then(() => known ?? this.#options.token()).then((token) => {
      if (this.vault?.identify(token) !== false) return use(token);
      this.#retry.clear();
      this.#enter({ name: "refused", reason: "user_changed" });
      this.#socket.disconnect();
    }).catch(() => this.#drop());
  }
  /** The page goes: a word of it, so that the session does not wait for its return. A page that is shown again reconnects. */
  #leave() {
    this.#forget();
    this.#socket.disconnect();
  }
  #forget() {
    this.#last = void 0;
    this.vault?.session.forget();
  }
  /** The computer slept, the network came back, an answer is late: what was thought of the connection may not be so. */
  #check() {
    if (this.#state.name === "waiting") return this.tryNow();
    if (this.#state.name !== "open") return;
    this.#doubted = true;
    this.#heartbeatAnswered = true;
    this.#beat(PROBE_MS, this.#state.session.heartbeatInterval);
  }
  /** Names the session that was lost, so that its rooms and locks are kept (C11). */
  #resume() {
    if (this.#last === void 0) return {};
    const { sessionId, resumeKey } = this.#last;
    return { sessionId, resumeKey };
  }
  #received(event, payload) {
    const fields = fieldsOf(payload);
    this.#asked = Math.max(this.#asked, number(fields["retryAfterMs"]));
    if (event === "CONNECTED") return this.#greeted(session(payload));
    if (event === "HEARTBEAT_ACK") {
      this.#heartbeatAnswered = true;
      this.#doubted = false;
    }
    if (event === "DEGRADED") this.#degraded.add(text(fields["what"]));
    if (event === "RECOVERED") this.#degraded.delete(text(fields["what"]));
    if (event === "UNAUTHORIZED") this.#reason = text(fields["reason"]) || "expired";
    if (event === "TOKEN_EXPIRING" && this.#options.renewable) {
      this.#withToken((token) => this.send("TOKEN_REFRESH", { token }));
    }
    this.events.emit("message", { event, payload });
  }
  #greeted(greeting) {
    this.#attempt = 0;
    this.#refusals = 0;
    this.#asked = 0;
    this.#userId = greeting.userId;
    this.#last = greeting;
    this.vault?.session.keep(greeting);
    this.#degraded.clear();
    this.#heartbeatAnswered = true;
    this.#planHeartbeat(greeting.heartbeatInterval);
    this.#enter({ name: "open", session: greeting });
  }
  #planHeartbeat(ms, interval = ms) {
    this.#pulse.set(ms, () => this.#beat(interval, interval));
  }
  /** Sends a heartbeat, unless the last one was not answered: then the connection is one in name alone. */
  #beat(ms, interval) {
    if (!this.#heartbeatAnswered) return this.#doubted ? this.#drop() : this.#silent();
    this.#heartbeatAnswered = false;
    this.send("HEARTBEAT", {});
    this.#planHeartbeat(ms, interval);
  }
  #refused({ code, reason, retryAfterMs }) {
    this.#asked = Math.max(this.#asked, number(retryAfterMs));
    if (code === "UNAUTHORIZED") this.#reason = text(reason) || "unauthorized";
    this.#disconnected();
  }
  /** After any end of the connection: gives up when the token can't get better, else waits for the next try. */
  #disconnected() {
    if (this.#state.name === "closed" || this.#state.name === "refused") return;
    this.#pulse.clear();
    const reason = this.#reason;
    this.#reason = "";
    if (reason !== "" && this.#isHopeless(reason)) this.#enter({ name: "refused", reason });
    else if (this.#state.name !== "waiting") this.#wait(this.#asked + backoff(this.#attempt));
  }
  #isHopeless(reason) {
    this.#refusals++;
    return !this.#options.renewable || reason === "revoked" || this.#refusals >= REFUSALS_BEFORE_GIVING_UP;
  }
  #wait(ms) {
    this.#attempt++;
    this.#retry.set(ms, () => this.#connect());
    this.#enter({ name: "waiting", attempt: this.#attempt, until: Date.now() + ms });
  }
  #goOffline() {
    if (this.#state.name === "refused" || this.#state.name === "idle") return;
    this.#wait(OFFLINE_PROBE_MS);
    this.#drop();
  }
  /** The connection was good and then nothing came any more: something on the way may swallow it. */
  #silent() {
    this.#socket.suspect?.();
    this.#drop();
  }
  /** Gives up a connection that is open in name alone. */
  #drop() {
    this.#socket.disconnect();
    this.#disconnected();
  }
  #enter(state) {
    this.#state = state;
    this.events.emit("state", state);
    if (state.name === "open") return;
    for (const settle of [...this.#pending]) settle({ code: LOST, fields: {} });
  }
}

const PATIENCE_MS = 8e3;
function loadStore(gateway) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("the store does not load")), PATIENCE_MS);
    import('./collab-sdk.part-ed78df9f.mjs').then(({ Keeper, Vault }) => {
      const vault = new Vault(gateway);
      resolve({ vault, keep: (resource, document) => new Keeper(vault, resource, document) });
    }, reject).finally(() => clearTimeout(late));
  });
}

const watched = /* @__PURE__ */ new WeakMap();
function onNavigation(view, moved) {
  const known = watched.get(view);
  const { moved: all, life } = known ?? { moved: /* @__PURE__ */ new Set(), life: new Lifetime() };
  all.add(moved);
  if (known === void 0) {
    watched.set(view, { moved: all, life });
    listen(view, life, () => [...all].forEach((one) => one()));
  }
  return () => {
    if (!all.delete(moved) || all.size > 0) return;
    watched.delete(view);
    life.end();
  };
}
function listen(view, life, moved) {
  const { navigation, history } = view;
  if (navigation !== void 0) return life.listen(navigation, "currententrychange", moved);
  life.listen(view, "popstate", moved);
  for (const name of ["pushState", "replaceState"]) {
    const own = Object.hasOwn(history, name);
    const before = history[name];
    const wrapper = function(...all) {
      before.apply(this, all);
      moved();
    };
    history[name] = wrapper;
    life.add(() => {
      if (history[name] !== wrapper) return;
      if (own) history[name] = before;
      else Reflect.deleteProperty(history, name);
    });
  }
}

class Channel {
  events = new Emitter();
  resourceId;
  #connection;
  #life = new Lifetime();
  constructor(connection, resourceId) {
    this.#connection = connection;
    this.resourceId = resourceId;
    this.#life.add(connection.events.on("state", (state) => this.events.emit("state", state)));
    this.#life.add(connection.events.on("store", (store) => this.events.emit("store", store)));
    this.#life.add(connection.events.on("message", ({ event, payload }) => {
      const fields = fieldsOf(payload);
      if (fields["resourceId"] === resourceId) this.events.emit("message", { event, fields });
    }));
  }
  /** The session, while the connection is open. */
  get session() {
    return this.#connection.session;
  }
  /** What keeps the resource's document in this browser; undefined when nothing is to be kept, and until `store`. */
  get store() {
    return this.#connection.store;
  }
  /** Sends an event without an answer; when the connection is not open it is lost. */
  send(event, fields = {}) {
    this.#connection.send(event, { resourceId: this.resourceId, ...fields });
  }
  /** Sends an event and calls `done` once, with the answer or with LOST. */
  request(event, fields, done) {
    this.#connection.request(event, { resourceId: this.resourceId, ...fields }, done);
  }
  /** Hears nothing more. */
  end() {
    this.#life.end();
    this.events.clear();
  }
}

/**
 * Utility module to work with key-value stores.
 *
 * @module map
 */

/**
 * @template K
 * @template V
 * @typedef {Map<K,V>} GlobalMap
 */

/**
 * Creates a new Map instance.
 *
 * @function
 * @return {Map<any, any>}
 *
 * @function
 */
const create$2 = () => new Map();

/**
 * Get map property. Create T if property is undefined and set T on map.
 *
 * ```js
 * const listeners = map.setIfUndefined(events, 'eventName', set.create)
 * listeners.add(listener)
 * ```
 *
 * @function
 * @template {Map<any, any>} MAP
 * @template {MAP extends Map<any,infer V> ? function():V : unknown} CF
 * @param {MAP} map
 * @param {MAP extends Map<infer K,any> ? K : unknown} key
 * @param {CF} createT
 * @return {ReturnType<CF>}
 */
const setIfUndefined = (map, key, createT) => {
  let set = map.get(key);
  if (set === undefined) {
    map.set(key, set = createT());
  }
  return set
};

/**
 * Tests whether any key-value pairs pass the test implemented by `f(value, key)`.
 *
 * @todo should rename to some - similarly to Array.some
 *
 * @function
 * @template K
 * @template V
 * @param {Map<K,V>} m
 * @param {function(V,K):boolean} f
 * @return {boolean}
 */
const any = (m, f) => {
  for (const [key, value] of m) {
    if (f(value, key)) {
      return true
    }
  }
  return false
};

/**
 * Utility module to work with sets.
 *
 * @module set
 */

const create$1 = () => new Set();

/**
 * Utility module to work with Arrays.
 *
 * @module array
 */


/**
 * Append elements from src to dest
 *
 * @template M
 * @param {Array<M>} dest
 * @param {Array<M>} src
 */
const appendTo = (dest, src) => {
  for (let i = 0; i < src.length; i++) {
    dest.push(src[i]);
  }
};

/**
 * Transforms something array-like to an actual Array.
 *
 * @function
 * @template T
 * @param {ArrayLike<T>|Iterable<T>} arraylike
 * @return {T}
 */
const from = Array.from;

const isArray = Array.isArray;

/**
 * Observable class prototype.
 *
 * @module observable
 */


/**
 * Handles named events.
 * @experimental
 *
 * This is basically a (better typed) duplicate of Observable, which will replace Observable in the
 * next release.
 *
 * @template {{[key in keyof EVENTS]: function(...any):void}} EVENTS
 */
class ObservableV2 {
  constructor () {
    /**
     * Some desc.
     * @type {Map<string, Set<any>>}
     */
    this._observers = create$2();
  }

  /**
   * @template {keyof EVENTS & string} NAME
   * @param {NAME} name
   * @param {EVENTS[NAME]} f
   */
  on (name, f) {
    setIfUndefined(this._observers, /** @type {string} */ (name), create$1).add(f);
    return f
  }

  /**
   * @template {keyof EVENTS & string} NAME
   * @param {NAME} name
   * @param {EVENTS[NAME]} f
   */
  once (name, f) {
    /**
     * @param  {...any} args
     */
    const _f = (...args) => {
      this.off(name, /** @type {any} */ (_f));
      f(...args);
    };
    this.on(name, /** @type {any} */ (_f));
  }

  /**
   * @template {keyof EVENTS & string} NAME
   * @param {NAME} name
   * @param {EVENTS[NAME]} f
   */
  off (name, f) {
    const observers = this._observers.get(name);
    if (observers !== undefined) {
      observers.delete(f);
      if (observers.size === 0) {
        this._observers.delete(name);
      }
    }
  }

  /**
   * Emit a named event. All registered event listeners that listen to the
   * specified name will receive the event.
   *
   * @todo This should catch exceptions
   *
   * @template {keyof EVENTS & string} NAME
   * @param {NAME} name The event name.
   * @param {Parameters<EVENTS[NAME]>} args The arguments that are applied to the event listener.
   */
  emit (name, args) {
    // copy all listeners to an array first to make sure that no event is emitted to listeners that are subscribed while the event handler is called.
    return from((this._observers.get(name) || create$2()).values()).forEach(f => f(...args))
  }

  destroy () {
    this._observers = create$2();
  }
}
/* c8 ignore end */

/**
 * Common Math expressions.
 *
 * @module math
 */

const floor = Math.floor;
const abs = Math.abs;

/**
 * @function
 * @param {number} a
 * @param {number} b
 * @return {number} The smaller element of a and b
 */
const min = (a, b) => a < b ? a : b;

/**
 * @function
 * @param {number} a
 * @param {number} b
 * @return {number} The bigger element of a and b
 */
const max = (a, b) => a > b ? a : b;

/**
 * Check whether n is negative, while considering the -0 edge case. While `-0 < 0` is false, this
 * function returns true for -0,-1,,.. and returns false for 0,1,2,...
 * @param {number} n
 * @return {boolean} Wether n is negative. This function also distinguishes between -0 and +0
 */
const isNegativeZero = n => n !== 0 ? n < 0 : 1 / n < 0;

/* eslint-env browser */

/**
 * Binary data constants.
 *
 * @module binary
 */

/**
 * n-th bit activated.
 *
 * @type {number}
 */
const BIT1 = 1;
const BIT2 = 2;
const BIT3 = 4;
const BIT4 = 8;
const BIT6 = 32;
const BIT7 = 64;
const BIT8 = 128;
const BITS5 = 31;
const BITS6 = 63;
const BITS7 = 127;
/**
 * @type {number}
 */
const BITS31 = 0x7FFFFFFF;

/**
 * Utility helpers for working with numbers.
 *
 * @module number
 */


const MAX_SAFE_INTEGER = Number.MAX_SAFE_INTEGER;

/* c8 ignore next */
const isInteger = Number.isInteger || (num => typeof num === 'number' && isFinite(num) && floor(num) === num);

/* c8 ignore next */
const utf8TextEncoder = /** @type {TextEncoder} */ (typeof TextEncoder !== 'undefined' ? new TextEncoder() : null);

/**
 * @param {string} str
 * @return {Uint8Array<ArrayBuffer>}
 */
const _encodeUtf8Native = str => utf8TextEncoder.encode(str);

/**
 * @param {string} str
 * @return {Uint8Array}
 */
/* c8 ignore next */
const encodeUtf8 = _encodeUtf8Native;

/* c8 ignore next */
let utf8TextDecoder = typeof TextDecoder === 'undefined' ? null : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/* c8 ignore start */
if (utf8TextDecoder && utf8TextDecoder.decode(new Uint8Array()).length === 1) {
  // Safari doesn't handle BOM correctly.
  // This fixes a bug in Safari 13.0.5 where it produces a BOM the first time it is called.
  // utf8TextDecoder.decode(new Uint8Array()).length === 1 on the first call and
  // utf8TextDecoder.decode(new Uint8Array()).length === 1 on the second call
  // Another issue is that from then on no BOM chars are recognized anymore
  /* c8 ignore next */
  utf8TextDecoder = null;
}

/**
 * Efficient schema-less binary encoding with support for variable length encoding.
 *
 * Use [lib0/encoding] with [lib0/decoding]. Every encoding function has a corresponding decoding function.
 *
 * Encodes numbers in little-endian order (least to most significant byte order)
 * and is compatible with Golang's binary encoding (https://golang.org/pkg/encoding/binary/)
 * which is also used in Protocol Buffers.
 *
 * ```js
 * // encoding step
 * const encoder = encoding.createEncoder()
 * encoding.writeVarUint(encoder, 256)
 * encoding.writeVarString(encoder, 'Hello world!')
 * const buf = encoding.toUint8Array(encoder)
 * ```
 *
 * ```js
 * // decoding step
 * const decoder = decoding.createDecoder(buf)
 * decoding.readVarUint(decoder) // => 256
 * decoding.readVarString(decoder) // => 'Hello world!'
 * decoding.hasContent(decoder) // => false - all data is read
 * ```
 *
 * @module encoding
 */


/**
 * A BinaryEncoder handles the encoding to an Uint8Array.
 */
class Encoder {
  constructor () {
    this.cpos = 0;
    this.cbuf = new Uint8Array(100);
    /**
     * @type {Array<Uint8Array>}
     */
    this.bufs = [];
  }
}

/**
 * @function
 * @return {Encoder}
 */
const createEncoder = () => new Encoder();

/**
 * The current length of the encoded data.
 *
 * @function
 * @param {Encoder} encoder
 * @return {number}
 */
const length = encoder => {
  let len = encoder.cpos;
  for (let i = 0; i < encoder.bufs.length; i++) {
    len += encoder.bufs[i].length;
  }
  return len
};

/**
 * Transform to Uint8Array.
 *
 * @function
 * @param {Encoder} encoder
 * @return {Uint8Array<ArrayBuffer>} The created ArrayBuffer.
 */
const toUint8Array = encoder => {
  const uint8arr = new Uint8Array(length(encoder));
  let curPos = 0;
  for (let i = 0; i < encoder.bufs.length; i++) {
    const d = encoder.bufs[i];
    uint8arr.set(d, curPos);
    curPos += d.length;
  }
  uint8arr.set(new Uint8Array(encoder.cbuf.buffer, 0, encoder.cpos), curPos);
  return uint8arr
};

/**
 * Verify that it is possible to write `len` bytes wtihout checking. If
 * necessary, a new Buffer with the required length is attached.
 *
 * @param {Encoder} encoder
 * @param {number} len
 */
const verifyLen = (encoder, len) => {
  const bufferLen = encoder.cbuf.length;
  if (bufferLen - encoder.cpos < len) {
    encoder.bufs.push(new Uint8Array(encoder.cbuf.buffer, 0, encoder.cpos));
    encoder.cbuf = new Uint8Array(max(bufferLen, len) * 2);
    encoder.cpos = 0;
  }
};

/**
 * Write one byte to the encoder.
 *
 * @function
 * @param {Encoder} encoder
 * @param {number} num The byte that is to be encoded.
 */
const write = (encoder, num) => {
  const bufferLen = encoder.cbuf.length;
  if (encoder.cpos === bufferLen) {
    encoder.bufs.push(encoder.cbuf);
    encoder.cbuf = new Uint8Array(bufferLen * 2);
    encoder.cpos = 0;
  }
  encoder.cbuf[encoder.cpos++] = num;
};

/**
 * Write one byte as an unsigned integer.
 *
 * @function
 * @param {Encoder} encoder
 * @param {number} num The number that is to be encoded.
 */
const writeUint8 = write;

/**
 * Write a variable length unsigned integer. Max encodable integer is 2^53.
 *
 * @function
 * @param {Encoder} encoder
 * @param {number} num The number that is to be encoded.
 */
const writeVarUint = (encoder, num) => {
  while (num > BITS7) {
    write(encoder, BIT8 | (BITS7 & num));
    num = floor(num / 128); // shift >>> 7
  }
  write(encoder, BITS7 & num);
};

/**
 * Write a variable length integer.
 *
 * We use the 7th bit instead for signaling that this is a negative number.
 *
 * @function
 * @param {Encoder} encoder
 * @param {number} num The number that is to be encoded.
 */
const writeVarInt = (encoder, num) => {
  const isNegative = isNegativeZero(num);
  if (isNegative) {
    num = -num;
  }
  //             |- whether to continue reading         |- whether is negative     |- number
  write(encoder, (num > BITS6 ? BIT8 : 0) | (isNegative ? BIT7 : 0) | (BITS6 & num));
  num = floor(num / 64); // shift >>> 6
  // We don't need to consider the case of num === 0 so we can use a different
  // pattern here than above.
  while (num > 0) {
    write(encoder, (num > BITS7 ? BIT8 : 0) | (BITS7 & num));
    num = floor(num / 128); // shift >>> 7
  }
};

/**
 * A cache to store strings temporarily
 */
const _strBuffer = new Uint8Array(30000);
const _maxStrBSize = _strBuffer.length / 3;

/**
 * Write a variable length string.
 *
 * @function
 * @param {Encoder} encoder
 * @param {String} str The string that is to be encoded.
 */
const _writeVarStringNative = (encoder, str) => {
  if (str.length < _maxStrBSize) {
    // We can encode the string into the existing buffer
    /* c8 ignore next */
    const written = utf8TextEncoder.encodeInto(str, _strBuffer).written || 0;
    writeVarUint(encoder, written);
    for (let i = 0; i < written; i++) {
      write(encoder, _strBuffer[i]);
    }
  } else {
    writeVarUint8Array(encoder, encodeUtf8(str));
  }
};

/**
 * Write a variable length string.
 *
 * @function
 * @param {Encoder} encoder
 * @param {String} str The string that is to be encoded.
 */
/* c8 ignore next */
const writeVarString = _writeVarStringNative;

/**
 * Append fixed-length Uint8Array to the encoder.
 *
 * @function
 * @param {Encoder} encoder
 * @param {Uint8Array} uint8Array
 */
const writeUint8Array = (encoder, uint8Array) => {
  const bufferLen = encoder.cbuf.length;
  const cpos = encoder.cpos;
  const leftCopyLen = min(bufferLen - cpos, uint8Array.length);
  const rightCopyLen = uint8Array.length - leftCopyLen;
  encoder.cbuf.set(uint8Array.subarray(0, leftCopyLen), cpos);
  encoder.cpos += leftCopyLen;
  if (rightCopyLen > 0) {
    // Still something to write, write right half..
    // Append new buffer
    encoder.bufs.push(encoder.cbuf);
    // must have at least size of remaining buffer
    encoder.cbuf = new Uint8Array(max(bufferLen * 2, rightCopyLen));
    // copy array
    encoder.cbuf.set(uint8Array.subarray(leftCopyLen));
    encoder.cpos = rightCopyLen;
  }
};

/**
 * Append an Uint8Array to Encoder.
 *
 * @function
 * @param {Encoder} encoder
 * @param {Uint8Array} uint8Array
 */
const writeVarUint8Array = (encoder, uint8Array) => {
  writeVarUint(encoder, uint8Array.byteLength);
  writeUint8Array(encoder, uint8Array);
};

/**
 * Create an DataView of the next `len` bytes. Use it to write data after
 * calling this function.
 *
 * ```js
 * // write float32 using DataView
 * const dv = writeOnDataView(encoder, 4)
 * dv.setFloat32(0, 1.1)
 * // read float32 using DataView
 * const dv = readFromDataView(encoder, 4)
 * dv.getFloat32(0) // => 1.100000023841858 (leaving it to the reader to find out why this is the correct result)
 * ```
 *
 * @param {Encoder} encoder
 * @param {number} len
 * @return {DataView}
 */
const writeOnDataView = (encoder, len) => {
  verifyLen(encoder, len);
  const dview = new DataView(encoder.cbuf.buffer, encoder.cpos, len);
  encoder.cpos += len;
  return dview
};

/**
 * @param {Encoder} encoder
 * @param {number} num
 */
const writeFloat32 = (encoder, num) => writeOnDataView(encoder, 4).setFloat32(0, num, false);

/**
 * @param {Encoder} encoder
 * @param {number} num
 */
const writeFloat64 = (encoder, num) => writeOnDataView(encoder, 8).setFloat64(0, num, false);

/**
 * @param {Encoder} encoder
 * @param {bigint} num
 */
const writeBigInt64 = (encoder, num) => /** @type {any} */ (writeOnDataView(encoder, 8)).setBigInt64(0, num, false);

const floatTestBed = new DataView(new ArrayBuffer(4));
/**
 * Check if a number can be encoded as a 32 bit float.
 *
 * @param {number} num
 * @return {boolean}
 */
const isFloat32 = num => {
  floatTestBed.setFloat32(0, num);
  return floatTestBed.getFloat32(0) === num
};

/**
 * @typedef {Array<AnyEncodable>} AnyEncodableArray
 */

/**
 * @typedef {undefined|null|number|bigint|boolean|string|{[k:string]:AnyEncodable}|AnyEncodableArray|Uint8Array} AnyEncodable
 */

/**
 * Encode data with efficient binary format.
 *
 * Differences to JSON:
 * • Transforms data to a binary format (not to a string)
 * • Encodes undefined, NaN, and ArrayBuffer (these can't be represented in JSON)
 * • Numbers are efficiently encoded either as a variable length integer, as a
 *   32 bit float, as a 64 bit float, or as a 64 bit bigint.
 *
 * Encoding table:
 *
 * | Data Type           | Prefix   | Encoding Method    | Comment |
 * | ------------------- | -------- | ------------------ | ------- |
 * | undefined           | 127      |                    | Functions, symbol, and everything that cannot be identified is encoded as undefined |
 * | null                | 126      |                    | |
 * | integer             | 125      | writeVarInt        | Only encodes 32 bit signed integers |
 * | float32             | 124      | writeFloat32       | |
 * | float64             | 123      | writeFloat64       | |
 * | bigint              | 122      | writeBigInt64      | |
 * | boolean (false)     | 121      |                    | True and false are different data types so we save the following byte |
 * | boolean (true)      | 120      |                    | - 0b01111000 so the last bit determines whether true or false |
 * | string              | 119      | writeVarString     | |
 * | object<string,any>  | 118      | custom             | Writes {length} then {length} key-value pairs |
 * | array<any>          | 117      | custom             | Writes {length} then {length} json values |
 * | Uint8Array          | 116      | writeVarUint8Array | We use Uint8Array for any kind of binary data |
 *
 * Reasons for the decreasing prefix:
 * We need the first bit for extendability (later we may want to encode the
 * prefix with writeVarUint). The remaining 7 bits are divided as follows:
 * [0-30]   the beginning of the data range is used for custom purposes
 *          (defined by the function that uses this library)
 * [31-127] the end of the data range is used for data encoding by
 *          lib0/encoding.js
 *
 * @param {Encoder} encoder
 * @param {AnyEncodable} data
 */
const writeAny = (encoder, data) => {
  switch (typeof data) {
    case 'string':
      // TYPE 119: STRING
      write(encoder, 119);
      writeVarString(encoder, data);
      break
    case 'number':
      if (isInteger(data) && abs(data) <= BITS31) {
        // TYPE 125: INTEGER
        write(encoder, 125);
        writeVarInt(encoder, data);
      } else if (isFloat32(data)) {
        // TYPE 124: FLOAT32
        write(encoder, 124);
        writeFloat32(encoder, data);
      } else {
        // TYPE 123: FLOAT64
        write(encoder, 123);
        writeFloat64(encoder, data);
      }
      break
    case 'bigint':
      // TYPE 122: BigInt
      write(encoder, 122);
      writeBigInt64(encoder, data);
      break
    case 'object':
      if (data === null) {
        // TYPE 126: null
        write(encoder, 126);
      } else if (isArray(data)) {
        // TYPE 117: Array
        write(encoder, 117);
        writeVarUint(encoder, data.length);
        for (let i = 0; i < data.length; i++) {
          writeAny(encoder, data[i]);
        }
      } else if (data instanceof Uint8Array) {
        // TYPE 116: ArrayBuffer
        write(encoder, 116);
        writeVarUint8Array(encoder, data);
      } else {
        // TYPE 118: Object
        write(encoder, 118);
        const keys = Object.keys(data);
        writeVarUint(encoder, keys.length);
        for (let i = 0; i < keys.length; i++) {
          const key = keys[i];
          writeVarString(encoder, key);
          writeAny(encoder, data[key]);
        }
      }
      break
    case 'boolean':
      // TYPE 120/121: boolean (true/false)
      write(encoder, data ? 120 : 121);
      break
    default:
      // TYPE 127: undefined
      write(encoder, 127);
  }
};

/**
 * Error helpers.
 *
 * @module error
 */

/**
 * @param {string} s
 * @return {Error}
 */
/* c8 ignore next */
const create = s => new Error(s);

/**
 * @throws {Error}
 * @return {never}
 */
/* c8 ignore next 3 */
const methodUnimplemented = () => {
  throw create('Method unimplemented')
};

/**
 * @throws {Error}
 * @return {never}
 */
/* c8 ignore next 3 */
const unexpectedCase = () => {
  throw create('Unexpected case')
};

/**
 * Efficient schema-less binary decoding with support for variable length encoding.
 *
 * Use [lib0/decoding] with [lib0/encoding]. Every encoding function has a corresponding decoding function.
 *
 * Encodes numbers in little-endian order (least to most significant byte order)
 * and is compatible with Golang's binary encoding (https://golang.org/pkg/encoding/binary/)
 * which is also used in Protocol Buffers.
 *
 * ```js
 * // encoding step
 * const encoder = encoding.createEncoder()
 * encoding.writeVarUint(encoder, 256)
 * encoding.writeVarString(encoder, 'Hello world!')
 * const buf = encoding.toUint8Array(encoder)
 * ```
 *
 * ```js
 * // decoding step
 * const decoder = decoding.createDecoder(buf)
 * decoding.readVarUint(decoder) // => 256
 * decoding.readVarString(decoder) // => 'Hello world!'
 * decoding.hasContent(decoder) // => false - all data is read
 * ```
 *
 * Security: Decoders process untrusted input, and `decoder.arr` may be a view on a larger (possibly pooled) ArrayBuffer.
 * Never create views via `new Uint8Array(arr.buffer, ..)` / `new DataView(arr.buffer, ..)`; use the private `subarray` /
 * `subdataview` helpers, which throw on out-of-bounds access instead of exposing foreign memory.
 *
 * @module decoding
 */


const errorUnexpectedEndOfArray = create('Unexpected end of array');
const errorIntegerOutOfRange = create('Integer out of Range');

/**
 * Create a view of `len` bytes of `arr`, starting at `begin`. Throws if the range exceeds `arr`.
 *
 * Security: Always use this (or `subdataview`) instead of `new Uint8Array(arr.buffer, ..)`. `arr` may be a view on a
 * larger (possibly shared/pooled) ArrayBuffer. An unchecked view could expose memory outside of `arr`.
 *
 * @template {ArrayBufferLike} Buf
 * @param {Uint8Array<Buf>} arr
 * @param {number} begin
 * @param {number} len
 * @return {Uint8Array<Buf>}
 */
const subarray = (arr, begin, len) => {
  if (begin < 0 || len < 0 || begin + len > arr.length) {
    throw errorUnexpectedEndOfArray
  }
  return new Uint8Array(arr.buffer, arr.byteOffset + begin, len)
};

/**
 * Create a DataView of `len` bytes of `arr`, starting at `begin`. Throws if the range exceeds `arr`.
 *
 * Security: See `subarray`.
 *
 * @param {Uint8Array} arr
 * @param {number} begin
 * @param {number} len
 * @return {DataView}
 */
const subdataview = (arr, begin, len) => {
  if (begin < 0 || len < 0 || begin + len > arr.length) {
    throw errorUnexpectedEndOfArray
  }
  return new DataView(arr.buffer, arr.byteOffset + begin, len)
};

/**
 * A Decoder handles the decoding of an Uint8Array.
 * @template {ArrayBufferLike} [Buf=ArrayBufferLike]
 */
class Decoder {
  /**
   * @param {Uint8Array<Buf>} uint8Array Binary data to decode
   */
  constructor (uint8Array) {
    /**
     * Decoding target.
     *
     * @type {Uint8Array<Buf>}
     */
    this.arr = uint8Array;
    /**
     * Current decoding position.
     *
     * @type {number}
     */
    this.pos = 0;
  }
}

/**
 * @function
 * @template {ArrayBufferLike} Buf
 * @param {Uint8Array<Buf>} uint8Array
 * @return {Decoder<Buf>}
 */
const createDecoder = uint8Array => new Decoder(uint8Array);

/**
 * Create an Uint8Array view of the next `len` bytes and advance the position by `len`.
 *
 * Important: The Uint8Array still points to the underlying ArrayBuffer. Make sure to discard the result as soon as possible to prevent any memory leaks.
 *            Use `buffer.copyUint8Array` to copy the result into a new Uint8Array.
 *
 * @function
 * @template {ArrayBufferLike} Buf
 * @param {Decoder<Buf>} decoder The decoder instance
 * @param {number} len The length of bytes to read
 * @return {Uint8Array<Buf>}
 */
const readUint8Array = (decoder, len) => {
  const view = subarray(decoder.arr, decoder.pos, len);
  decoder.pos += len;
  return view
};

/**
 * Read variable length Uint8Array.
 *
 * Important: The Uint8Array still points to the underlying ArrayBuffer. Make sure to discard the result as soon as possible to prevent any memory leaks.
 *            Use `buffer.copyUint8Array` to copy the result into a new Uint8Array.
 *
 * @function
 * @template {ArrayBufferLike} Buf
 * @param {Decoder<Buf>} decoder
 * @return {Uint8Array<Buf>}
 */
const readVarUint8Array = decoder => readUint8Array(decoder, readVarUint(decoder));

/**
 * Read one byte as unsigned integer.
 * @function
 * @param {Decoder} decoder The decoder instance
 * @return {number} Unsigned 8-bit integer
 */
const readUint8 = decoder => decoder.arr[decoder.pos++];

/**
 * Read unsigned integer (32bit) with variable length.
 * 1/8th of the storage is used as encoding overhead.
 *  * numbers < 2^7 is stored in one bytlength
 *  * numbers < 2^14 is stored in two bylength
 *
 * @function
 * @param {Decoder} decoder
 * @return {number} An unsigned integer.length
 */
const readVarUint = decoder => {
  let num = 0;
  let mult = 1;
  const len = decoder.arr.length;
  while (decoder.pos < len) {
    const r = decoder.arr[decoder.pos++];
    // num = num | ((r & binary.BITS7) << len)
    num = num + (r & BITS7) * mult; // shift $r << (7*#iterations) and add it to num
    mult *= 128; // next iteration, shift 7 "more" to the left
    if (r < BIT8) {
      return num
    }
    /* c8 ignore start */
    if (num > MAX_SAFE_INTEGER) {
      throw errorIntegerOutOfRange
    }
    /* c8 ignore stop */
  }
  throw errorUnexpectedEndOfArray
};

/**
 * Read signed integer (32bit) with variable length.
 * 1/8th of the storage is used as encoding overhead.
 *  * numbers < 2^7 is stored in one bytlength
 *  * numbers < 2^14 is stored in two bylength
 * @todo This should probably create the inverse ~num if number is negative - but this would be a breaking change.
 *
 * @function
 * @param {Decoder} decoder
 * @return {number} An unsigned integer.length
 */
const readVarInt = decoder => {
  let r = decoder.arr[decoder.pos++];
  let num = r & BITS6;
  let mult = 64;
  const sign = (r & BIT7) > 0 ? -1 : 1;
  if ((r & BIT8) === 0) {
    // don't continue reading
    return sign * num
  }
  const len = decoder.arr.length;
  while (decoder.pos < len) {
    r = decoder.arr[decoder.pos++];
    // num = num | ((r & binary.BITS7) << len)
    num = num + (r & BITS7) * mult;
    mult *= 128;
    if (r < BIT8) {
      return sign * num
    }
    /* c8 ignore start */
    if (num > MAX_SAFE_INTEGER) {
      throw errorIntegerOutOfRange
    }
    /* c8 ignore stop */
  }
  throw errorUnexpectedEndOfArray
};
/* c8 ignore stop */

/**
 * @function
 * @param {Decoder} decoder
 * @return {String} The read String
 */
const _readVarStringNative = decoder =>
  /** @type any */ (utf8TextDecoder).decode(readVarUint8Array(decoder));

/**
 * Read string of variable length
 * * varUint is used to store the length of the string
 *
 * @function
 * @param {Decoder} decoder
 * @return {String} The read String
 *
 */
/* c8 ignore next */
const readVarString = _readVarStringNative;

/**
 * @param {Decoder} decoder
 * @param {number} len
 * @return {DataView}
 */
const readFromDataView = (decoder, len) => {
  const dv = subdataview(decoder.arr, decoder.pos, len);
  decoder.pos += len;
  return dv
};

/**
 * @param {Decoder} decoder
 */
const readFloat32 = decoder => readFromDataView(decoder, 4).getFloat32(0, false);

/**
 * @param {Decoder} decoder
 */
const readFloat64 = decoder => readFromDataView(decoder, 8).getFloat64(0, false);

/**
 * @param {Decoder} decoder
 */
const readBigInt64 = decoder => /** @type {any} */ (readFromDataView(decoder, 8)).getBigInt64(0, false);

/**
 * @type {Array<function(Decoder):any>}
 */
const readAnyLookupTable = [
  decoder => undefined, // CASE 127: undefined
  decoder => null, // CASE 126: null
  readVarInt, // CASE 125: integer
  readFloat32, // CASE 124: float32
  readFloat64, // CASE 123: float64
  readBigInt64, // CASE 122: bigint
  decoder => false, // CASE 121: boolean (false)
  decoder => true, // CASE 120: boolean (true)
  readVarString, // CASE 119: string
  decoder => { // CASE 118: object<string,any>
    const len = readVarUint(decoder);
    /**
     * @type {Object<string,any>}
     */
    const obj = {};
    for (let i = 0; i < len; i++) {
      const key = readVarString(decoder);
      obj[key] = readAny(decoder);
    }
    return obj
  },
  decoder => { // CASE 117: array<any>
    const len = readVarUint(decoder);
    const arr = [];
    for (let i = 0; i < len; i++) {
      arr.push(readAny(decoder));
    }
    return arr
  },
  readVarUint8Array // CASE 116: Uint8Array
];

/**
 * @param {Decoder} decoder
 */
const readAny = decoder => readAnyLookupTable[127 - readUint8(decoder)](decoder);

/* eslint-env browser */

const getRandomValues = crypto.getRandomValues.bind(crypto);

/**
 * Isomorphic module for true random numbers / buffers / uuids.
 *
 * Attention: falls back to Math.random if the browser does not support crypto.
 *
 * @module random
 */


const uint32 = () => getRandomValues(new Uint32Array(1))[0];

const EqualityTraitSymbol = Symbol('Equality');

/**
 * @typedef {{ [EqualityTraitSymbol]:(other:EqualityTrait)=>boolean }} EqualityTrait
 */

/**
 *
 * Utility function to compare any two objects.
 *
 * Note that it is expected that the first parameter is more specific than the latter one.
 *
 * @example js
 *     class X { [traits.EqualityTraitSymbol] (other) { return other === this }  }
 *     class X2 { [traits.EqualityTraitSymbol] (other) { return other === this }, x2 () { return 2 }  }
 *     // this is fine
 *     traits.equals(new X2(), new X())
 *     // this is not, because the left type is less specific than the right one
 *     traits.equals(new X(), new X2())
 *
 * @template {EqualityTrait} T
 * @param {NoInfer<T>} a
 * @param {T} b
 * @return {boolean}
 */
const equals = (a, b) => a === b || !!a?.[EqualityTraitSymbol]?.(b) || false;

/**
 * @param {Object<string,any>} obj
 */
const keys = Object.keys;

/**
 * @param {Object<string,any>} obj
 * @return {number}
 */
const size$1 = obj => keys(obj).length;

/**
 * @template {{ [key:string|number|symbol]: any }} T
 * @param {T} obj
 * @param {(v:T[keyof T],k:keyof T)=>boolean} f
 * @return {boolean}
 */
const every = (obj, f) => {
  for (const key in obj) {
    if (!f(obj[key], key)) {
      return false
    }
  }
  return true
};

/**
 * Calls `Object.prototype.hasOwnProperty`.
 *
 * @param {any} obj
 * @param {string|number|symbol} key
 * @return {boolean}
 */
const hasProperty = (obj, key) => Object.prototype.hasOwnProperty.call(obj, key);

/**
 * @param {Object<string,any>} a
 * @param {Object<string,any>} b
 * @return {boolean}
 */
const equalFlat = (a, b) => a === b || (size$1(a) === size$1(b) && every(a, (val, key) => (val !== undefined || hasProperty(b, key)) && equals(b[key], val)));

/**
 * Common functions and function call helpers.
 *
 * @module function
 */


/**
 * Calls all functions in `fs` with args. Only throws after all functions were called.
 *
 * @param {Array<function>} fs
 * @param {Array<any>} args
 */
const callAll = (fs, args, i = 0) => {
  try {
    for (; i < fs.length; i++) {
      fs[i](...args);
    }
  } finally {
    if (i < fs.length) {
      callAll(fs, args, i + 1);
    }
  }
};

/**
 * Utility functions to work with buffers (Uint8Array).
 *
 * @module buffer
 */


/**
 * @param {number} len
 */
const createUint8ArrayFromLen = len => new Uint8Array(len);

/**
 * Copy the content of an Uint8Array view to a new ArrayBuffer.
 *
 * @param {Uint8Array} uint8Array
 * @return {Uint8Array}
 */
const copyUint8Array = uint8Array => {
  const newBuf = createUint8ArrayFromLen(uint8Array.byteLength);
  newBuf.set(uint8Array);
  return newBuf
};

/**
 * Utility module to create and manipulate Iterators.
 *
 * @module iterator
 */


/**
 * @template T
 * @param {function():IteratorResult<T>} next
 * @return {IterableIterator<T>}
 */
const createIterator = next => ({
  /**
   * @return {IterableIterator<T>}
   */
  [Symbol.iterator] () {
    return this
  },
  // @ts-ignore
  next
});

/**
 * @template T
 * @param {Iterator<T>} iterator
 * @param {function(T):boolean} filter
 */
const iteratorFilter = (iterator, filter) => createIterator(() => {
  let res;
  do {
    res = iterator.next();
  } while (!res.done && !filter(res.value))
  return res
});

/**
 * @template T,M
 * @param {Iterator<T>} iterator
 * @param {function(T):M} fmap
 */
const iteratorMap = (iterator, fmap) => createIterator(() => {
  const { done, value } = iterator.next();
  return { done, value: done ? undefined : fmap(value) }
});

class DeleteItem {
  /**
   * @param {number} clock
   * @param {number} len
   */
  constructor (clock, len) {
    /**
     * @type {number}
     */
    this.clock = clock;
    /**
     * @type {number}
     */
    this.len = len;
  }
}

/**
 * We no longer maintain a DeleteStore. DeleteSet is a temporary object that is created when needed.
 * - When created in a transaction, it must only be accessed after sorting, and merging
 *   - This DeleteSet is send to other clients
 * - We do not create a DeleteSet when we send a sync message. The DeleteSet message is created directly from StructStore
 * - We read a DeleteSet as part of a sync/update message. In this case the DeleteSet is already sorted and merged.
 */
class DeleteSet {
  constructor () {
    /**
     * @type {Map<number,Array<DeleteItem>>}
     */
    this.clients = new Map();
  }
}

/**
 * @param {Array<DeleteItem>} dis
 * @param {number} clock
 * @return {number|null}
 *
 * @private
 * @function
 */
const findIndexDS = (dis, clock) => {
  let left = 0;
  let right = dis.length - 1;
  while (left <= right) {
    const midindex = floor((left + right) / 2);
    const mid = dis[midindex];
    const midclock = mid.clock;
    if (midclock <= clock) {
      if (clock < midclock + mid.len) {
        return midindex
      }
      left = midindex + 1;
    } else {
      right = midindex - 1;
    }
  }
  return null
};

/**
 * @param {DeleteSet} ds
 * @param {ID} id
 * @return {boolean}
 *
 * @private
 * @function
 */
const isDeleted$1 = (ds, id) => {
  const dis = ds.clients.get(id.client);
  return dis !== undefined && findIndexDS(dis, id.clock) !== null
};

/**
 * @param {DeleteSet} ds
 *
 * @private
 * @function
 */
const sortAndMergeDeleteSet = ds => {
  ds.clients.forEach(dels => {
    dels.sort((a, b) => a.clock - b.clock);
    // merge items without filtering or splicing the array
    // i is the current pointer
    // j refers to the current insert position for the pointed item
    // try to merge dels[i] into dels[j-1] or set dels[j]=dels[i]
    let i, j;
    for (i = 1, j = 1; i < dels.length; i++) {
      const left = dels[j - 1];
      const right = dels[i];
      if (left.clock + left.len >= right.clock) {
        dels[j - 1] = new DeleteItem(left.clock, max(left.len, right.clock + right.len - left.clock));
      } else {
        if (j < i) {
          dels[j] = right;
        }
        j++;
      }
    }
    dels.length = j;
  });
};

/**
 * @param {Array<DeleteSet>} dss
 * @return {DeleteSet} A fresh DeleteSet
 */
const mergeDeleteSets = dss => {
  const merged = new DeleteSet();
  for (let dssI = 0; dssI < dss.length; dssI++) {
    dss[dssI].clients.forEach((delsLeft, client) => {
      if (!merged.clients.has(client)) {
        // Write all missing keys from current ds and all following.
        // If merged already contains `client` current ds has already been added.
        /**
         * @type {Array<DeleteItem>}
         */
        const dels = delsLeft.slice();
        for (let i = dssI + 1; i < dss.length; i++) {
          appendTo(dels, dss[i].clients.get(client) || []);
        }
        merged.clients.set(client, dels);
      }
    });
  }
  sortAndMergeDeleteSet(merged);
  return merged
};

/**
 * @param {DeleteSet} ds
 * @param {number} client
 * @param {number} clock
 * @param {number} length
 *
 * @private
 * @function
 */
const addToDeleteSet = (ds, client, clock, length) => {
  setIfUndefined(ds.clients, client, () => /** @type {Array<DeleteItem>} */ ([])).push(new DeleteItem(clock, length));
};

const createDeleteSet = () => new DeleteSet();

/**
 * @param {StructStore} ss
 * @return {DeleteSet} Merged and sorted DeleteSet
 *
 * @private
 * @function
 */
const createDeleteSetFromStructStore = ss => {
  const ds = createDeleteSet();
  ss.clients.forEach((structs, client) => {
    /**
     * @type {Array<DeleteItem>}
     */
    const dsitems = [];
    for (let i = 0; i < structs.length; i++) {
      const struct = structs[i];
      if (struct.deleted) {
        const clock = struct.id.clock;
        let len = struct.length;
        if (i + 1 < structs.length) {
          for (let next = structs[i + 1]; i + 1 < structs.length && next.deleted; next = structs[++i + 1]) {
            len += next.length;
          }
        }
        dsitems.push(new DeleteItem(clock, len));
      }
    }
    if (dsitems.length > 0) {
      ds.clients.set(client, dsitems);
    }
  });
  return ds
};

/**
 * @param {DSEncoderV1 | DSEncoderV2} encoder
 * @param {DeleteSet} ds
 *
 * @private
 * @function
 */
const writeDeleteSet = (encoder, ds) => {
  writeVarUint(encoder.restEncoder, ds.clients.size);

  // Ensure that the delete set is written in a deterministic order
  from(ds.clients.entries())
    .sort((a, b) => b[0] - a[0])
    .forEach(([client, dsitems]) => {
      encoder.resetDsCurVal();
      writeVarUint(encoder.restEncoder, client);
      const len = dsitems.length;
      writeVarUint(encoder.restEncoder, len);
      for (let i = 0; i < len; i++) {
        const item = dsitems[i];
        encoder.writeDsClock(item.clock);
        encoder.writeDsLen(item.len);
      }
    });
};

/**
 * @param {DSDecoderV1 | DSDecoderV2} decoder
 * @return {DeleteSet}
 *
 * @private
 * @function
 */
const readDeleteSet = decoder => {
  const ds = new DeleteSet();
  const numClients = readVarUint(decoder.restDecoder);
  for (let i = 0; i < numClients; i++) {
    decoder.resetDsCurVal();
    const client = readVarUint(decoder.restDecoder);
    const numberOfDeletes = readVarUint(decoder.restDecoder);
    if (numberOfDeletes > 0) {
      const dsField = setIfUndefined(ds.clients, client, () => /** @type {Array<DeleteItem>} */ ([]));
      for (let i = 0; i < numberOfDeletes; i++) {
        dsField.push(new DeleteItem(decoder.readDsClock(), decoder.readDsLen()));
      }
    }
  }
  return ds
};

/**
 * @todo YDecoder also contains references to String and other Decoders. Would make sense to exchange YDecoder.toUint8Array for YDecoder.DsToUint8Array()..
 */

/**
 * @param {DSDecoderV1 | DSDecoderV2} decoder
 * @param {Transaction} transaction
 * @param {StructStore} store
 * @return {Uint8Array|null} Returns a v2 update containing all deletes that couldn't be applied yet; or null if all deletes were applied successfully.
 *
 * @private
 * @function
 */
const readAndApplyDeleteSet = (decoder, transaction, store) => {
  const unappliedDS = new DeleteSet();
  const numClients = readVarUint(decoder.restDecoder);
  for (let i = 0; i < numClients; i++) {
    decoder.resetDsCurVal();
    const client = readVarUint(decoder.restDecoder);
    const numberOfDeletes = readVarUint(decoder.restDecoder);
    const structs = store.clients.get(client) || [];
    const state = getState(store, client);
    for (let i = 0; i < numberOfDeletes; i++) {
      const clock = decoder.readDsClock();
      const clockEnd = clock + decoder.readDsLen();
      if (clock < state) {
        if (state < clockEnd) {
          addToDeleteSet(unappliedDS, client, state, clockEnd - state);
        }
        let index = findIndexSS(structs, clock);
        /**
         * We can ignore the case of GC and Delete structs, because we are going to skip them
         * @type {Item}
         */
        // @ts-ignore
        let struct = structs[index];
        // split the first item if necessary
        if (!struct.deleted && struct.id.clock < clock) {
          structs.splice(index + 1, 0, splitItem(transaction, struct, clock - struct.id.clock));
          index++; // increase we now want to use the next struct
        }
        while (index < structs.length) {
          // @ts-ignore
          struct = structs[index++];
          if (struct.id.clock < clockEnd) {
            if (!struct.deleted) {
              if (clockEnd < struct.id.clock + struct.length) {
                structs.splice(index, 0, splitItem(transaction, struct, clockEnd - struct.id.clock));
              }
              struct.delete(transaction);
            }
          } else {
            break
          }
        }
      } else {
        addToDeleteSet(unappliedDS, client, clock, clockEnd - clock);
      }
    }
  }
  if (unappliedDS.clients.size > 0) {
    const ds = new UpdateEncoderV2();
    writeVarUint(ds.restEncoder, 0); // encode 0 structs
    writeDeleteSet(ds, unappliedDS);
    return ds.toUint8Array()
  }
  return null
};

/**
 * @module Y
 */


const generateNewClientId = uint32;

/**
 * @typedef {Object} DocOpts
 * @property {boolean} [DocOpts.gc=true] Disable garbage collection (default: gc=true)
 * @property {function(Item):boolean} [DocOpts.gcFilter] Will be called before an Item is garbage collected. Return false to keep the Item.
 * @property {string} [DocOpts.guid] Define a globally unique identifier for this document
 * @property {string | null} [DocOpts.collectionid] Associate this document with a collection. This only plays a role if your provider has a concept of collection.
 * @property {any} [DocOpts.meta] Any kind of meta information you want to associate with this document. If this is a subdocument, remote peers will store the meta information as well.
 * @property {boolean} [DocOpts.autoLoad] If a subdocument, automatically load document. If this is a subdocument, remote peers will load the document as well automatically.
 * @property {boolean} [DocOpts.shouldLoad] Whether the document should be synced by the provider now. This is toggled to true when you call ydoc.load()
 */

/**
 * @typedef {Object} DocEvents
 * @property {function(Doc):void} DocEvents.destroy
 * @property {function(Doc):void} DocEvents.load
 * @property {function(boolean, Doc):void} DocEvents.sync
 * @property {function(Uint8Array, any, Doc, Transaction):void} DocEvents.update
 * @property {function(Uint8Array, any, Doc, Transaction):void} DocEvents.updateV2
 * @property {function(Doc):void} DocEvents.beforeAllTransactions
 * @property {function(Transaction, Doc):void} DocEvents.beforeTransaction
 * @property {function(Transaction, Doc):void} DocEvents.beforeObserverCalls
 * @property {function(Transaction, Doc):void} DocEvents.afterTransaction
 * @property {function(Transaction, Doc):void} DocEvents.afterTransactionCleanup
 * @property {function(Doc, Array<Transaction>):void} DocEvents.afterAllTransactions
 * @property {function({ loaded: Set<Doc>, added: Set<Doc>, removed: Set<Doc> }, Doc, Transaction):void} DocEvents.subdocs
 */

/**
 * A Yjs instance handles the state of shared data.
 * @extends ObservableV2<DocEvents>
 */
class Doc extends ObservableV2 {
  /**
   * @param {DocOpts} opts configuration
   */
  constructor ({ guid = '', collectionid = null, gc = true, gcFilter = () => true, meta = null, autoLoad = false, shouldLoad = true } = {}) {
    super();
    this.gc = gc;
    this.gcFilter = gcFilter;
    this.clientID = generateNewClientId();
    this.guid = guid;
    this.collectionid = collectionid;
    /**
     * @type {Map<string, AbstractType<YEvent<any>>>}
     */
    this.share = new Map();
    this.store = new StructStore();
    /**
     * @type {Transaction | null}
     */
    this._transaction = null;
    /**
     * @type {Array<Transaction>}
     */
    this._transactionCleanups = [];
    /**
     * @type {Set<Doc>}
     */
    this.subdocs = new Set();
    /**
     * If this document is a subdocument - a document integrated into another document - then _item is defined.
     * @type {Item?}
     */
    this._item = null;
    this.shouldLoad = shouldLoad;
    this.autoLoad = autoLoad;
    this.meta = meta;
    /**
     * This is set to true when the persistence provider loaded the document from the database or when the `sync` event fires.
     * Note that not all providers implement this feature. Provider authors are encouraged to fire the `load` event when the doc content is loaded from the database.
     *
     * @type {boolean}
     */
    this.isLoaded = false;
    /**
     * This is set to true when the connection provider has successfully synced with a backend.
     * Note that when using peer-to-peer providers this event may not provide very useful.
     * Also note that not all providers implement this feature. Provider authors are encouraged to fire
     * the `sync` event when the doc has been synced (with `true` as a parameter) or if connection is
     * lost (with false as a parameter).
     */
    this.isSynced = false;
    this.isDestroyed = false;
    /**
     * Promise that resolves once the document has been loaded from a persistence provider.
     */
  }

  /**
   * Notify the parent document that you request to load data into this subdocument (if it is a subdocument).
   *
   * `load()` might be used in the future to request any provider to load the most current data.
   *
   * It is safe to call `load()` multiple times.
   */



  /**
   * Changes that happen inside of a transaction are bundled. This means that
   * the observer fires _after_ the transaction is finished and that all changes
   * that happened inside of the transaction are sent as one message to the
   * other peers.
   *
   * @template T
   * @param {function(Transaction):T} f The function that should be executed as a transaction
   * @param {any} [origin] Origin of who started the transaction. Will be stored on transaction.origin
   * @return T
   *
   * @public
   */
  transact (f, origin = null) {
    return transact(this, f, origin)
  }

  /**
   * Define a shared data type.
   *
   * Multiple calls of `ydoc.get(name, TypeConstructor)` yield the same result
   * and do not overwrite each other. I.e.
   * `ydoc.get(name, Y.Array) === ydoc.get(name, Y.Array)`
   *
   * After this method is called, the type is also available on `ydoc.share.get(name)`.
   *
   * *Best Practices:*
   * Define all types right after the Y.Doc instance is created and store them in a separate object.
   * Also use the typed methods `getText(name)`, `getArray(name)`, ..
   *
   * @template {typeof AbstractType<any>} Type
   * @example
   *   const ydoc = new Y.Doc(..)
   *   const appState = {
   *     document: ydoc.getText('document')
   *     comments: ydoc.getArray('comments')
   *   }
   *
   * @param {string} name
   * @param {Type} TypeConstructor The constructor of the type definition. E.g. Y.Text, Y.Array, Y.Map, ...
   * @return {InstanceType<Type>} The created type. Constructed with TypeConstructor
   *
   * @public
   */
  get (name, TypeConstructor = /** @type {any} */ (AbstractType)) {
    const type = setIfUndefined(this.share, name, () => {
      // @ts-ignore
      const t = new TypeConstructor();
      t._integrate(this, null);
      return t
    });
    const Constr = type.constructor;
    if (TypeConstructor !== AbstractType && Constr !== TypeConstructor) {
      if (Constr === AbstractType) {
        // @ts-ignore
        const t = new TypeConstructor();
        t._map = type._map;
        type._map.forEach(/** @param {Item?} n */ n => {
          for (; n !== null; n = n.left) {
            // @ts-ignore
            n.parent = t;
          }
        });
        t._start = type._start;
        for (let n = t._start; n !== null; n = n.right) {
          n.parent = t;
        }
        t._length = type._length;
        this.share.set(name, t);
        t._integrate(this, null);
        return /** @type {InstanceType<Type>} */ (t)
      } else {
        throw new Error(`Type with the name ${name} has already been defined with a different constructor`)
      }
    }
    return /** @type {InstanceType<Type>} */ (type)
  }

  /**
   * @template T
   * @param {string} [name]
   * @return {YArray<T>}
   *
   * @public
   */

  /**
   * @param {string} [name]
   * @return {YText}
   *
   * @public
   */
  getText (name = '') {
    return this.get(name, YText)
  }

  /**
   * @template T
   * @param {string} [name]
   * @return {YMap<T>}
   *
   * @public
   */
  getMap (name = '') {
    return /** @type {YMap<T>} */ (this.get(name, YMap))
  }

  /**
   * @param {string} [name]
   * @return {YXmlElement}
   *
   * @public
   */

  /**
   * @param {string} [name]
   * @return {YXmlFragment}
   *
   * @public
   */

  /**
   * Converts the entire document into a js object, recursively traversing each yjs type
   * Doesn't log types that have not been defined (using ydoc.getType(..)).
   *
   * @deprecated Do not use this method and rather call toJSON directly on the shared types.
   *
   * @return {Object<string, any>}
   */

  /**
   * Emit `destroy` event and unregister all event handlers.
   */
  destroy () {
    this.isDestroyed = true;
    // @ts-ignore
    this.emit('destroyed', [true]); // DEPRECATED!
    this.emit('destroy', [this]);
    super.destroy();
  }
}

class DSDecoderV1 {
  /**
   * @param {decoding.Decoder} decoder
   */
  constructor (decoder) {
    this.restDecoder = decoder;
  }

  resetDsCurVal () {
    // nop
  }

  /**
   * @return {number}
   */
  readDsClock () {
    return readVarUint(this.restDecoder)
  }

  /**
   * @return {number}
   */
  readDsLen () {
    return readVarUint(this.restDecoder)
  }
}

class UpdateDecoderV1 extends DSDecoderV1 {
  /**
   * @return {ID}
   */
  readLeftID () {
    return createID(readVarUint(this.restDecoder), readVarUint(this.restDecoder))
  }

  /**
   * @return {ID}
   */
  readRightID () {
    return createID(readVarUint(this.restDecoder), readVarUint(this.restDecoder))
  }

  /**
   * Read the next client id.
   * Use this in favor of readID whenever possible to reduce the number of objects created.
   */
  readClient () {
    return readVarUint(this.restDecoder)
  }

  /**
   * @return {number} info An unsigned 8-bit integer
   */
  readInfo () {
    return readUint8(this.restDecoder)
  }

  /**
   * @return {string}
   */
  readString () {
    return readVarString(this.restDecoder)
  }

  /**
   * @return {boolean} isKey
   */
  readParentInfo () {
    return readVarUint(this.restDecoder) === 1
  }

  /**
   * @return {number} info An unsigned 8-bit integer
   */
  readTypeRef () {
    return readVarUint(this.restDecoder)
  }

  /**
   * Write len of a struct - well suited for Opt RLE encoder.
   *
   * @return {number} len
   */
  readLen () {
    return readVarUint(this.restDecoder)
  }

  /**
   * @return {any}
   */
  readAny () {
    return readAny(this.restDecoder)
  }

  /**
   * @return {Uint8Array}
   */
  readBuf () {
    return copyUint8Array(readVarUint8Array(this.restDecoder))
  }

  /**
   * Legacy implementation uses JSON parse. We use any-decoding in v2.
   *
   * @return {any}
   */
  readJSON () {
    return JSON.parse(readVarString(this.restDecoder))
  }

  /**
   * @return {string}
   */
  readKey () {
    return readVarString(this.restDecoder)
  }
}

const UpdateDecoderV2 = UpdateDecoderV1;

class DSEncoderV1 {
  constructor () {
    this.restEncoder = createEncoder();
  }

  toUint8Array () {
    return toUint8Array(this.restEncoder)
  }

  resetDsCurVal () {
    // nop
  }

  /**
   * @param {number} clock
   */
  writeDsClock (clock) {
    writeVarUint(this.restEncoder, clock);
  }

  /**
   * @param {number} len
   */
  writeDsLen (len) {
    writeVarUint(this.restEncoder, len);
  }
}

class UpdateEncoderV1 extends DSEncoderV1 {
  /**
   * @param {ID} id
   */
  writeLeftID (id) {
    writeVarUint(this.restEncoder, id.client);
    writeVarUint(this.restEncoder, id.clock);
  }

  /**
   * @param {ID} id
   */
  writeRightID (id) {
    writeVarUint(this.restEncoder, id.client);
    writeVarUint(this.restEncoder, id.clock);
  }

  /**
   * Use writeClient and writeClock instead of writeID if possible.
   * @param {number} client
   */
  writeClient (client) {
    writeVarUint(this.restEncoder, client);
  }

  /**
   * @param {number} info An unsigned 8-bit integer
   */
  writeInfo (info) {
    writeUint8(this.restEncoder, info);
  }

  /**
   * @param {string} s
   */
  writeString (s) {
    writeVarString(this.restEncoder, s);
  }

  /**
   * @param {boolean} isYKey
   */
  writeParentInfo (isYKey) {
    writeVarUint(this.restEncoder, isYKey ? 1 : 0);
  }

  /**
   * @param {number} info An unsigned 8-bit integer
   */
  writeTypeRef (info) {
    writeVarUint(this.restEncoder, info);
  }

  /**
   * Write len of a struct - well suited for Opt RLE encoder.
   *
   * @param {number} len
   */
  writeLen (len) {
    writeVarUint(this.restEncoder, len);
  }

  /**
   * @param {any} any
   */
  writeAny (any) {
    writeAny(this.restEncoder, any);
  }

  /**
   * @param {Uint8Array} buf
   */
  writeBuf (buf) {
    writeVarUint8Array(this.restEncoder, buf);
  }

  /**
   * @param {any} embed
   */
  writeJSON (embed) {
    writeVarString(this.restEncoder, JSON.stringify(embed));
  }

  /**
   * @param {string} key
   */
  writeKey (key) {
    writeVarString(this.restEncoder, key);
  }
}

const DSEncoderV2 = DSEncoderV1;

const UpdateEncoderV2 = UpdateEncoderV1;

/**
 * @module encoding
 */
/*
 * We use the first five bits in the info flag for determining the type of the struct.
 *
 * 0: GC
 * 1: Item with Deleted content
 * 2: Item with JSON content
 * 3: Item with Binary content
 * 4: Item with String content
 * 5: Item with Embed content (for richtext content)
 * 6: Item with Format content (a formatting marker for richtext content)
 * 7: Item with Type
 */


/**
 * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
 * @param {Array<GC|Item>} structs All structs by `client`
 * @param {number} client
 * @param {number} clock write structs starting with `ID(client,clock)`
 *
 * @function
 */
const writeStructs = (encoder, structs, client, clock) => {
  // write first id
  clock = max(clock, structs[0].id.clock); // make sure the first id exists
  const startNewStructs = findIndexSS(structs, clock);
  // write # encoded structs
  writeVarUint(encoder.restEncoder, structs.length - startNewStructs);
  encoder.writeClient(client);
  writeVarUint(encoder.restEncoder, clock);
  const firstStruct = structs[startNewStructs];
  // write first struct with an offset
  firstStruct.write(encoder, clock - firstStruct.id.clock);
  for (let i = startNewStructs + 1; i < structs.length; i++) {
    structs[i].write(encoder, 0);
  }
};

/**
 * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
 * @param {StructStore} store
 * @param {Map<number,number>} _sm
 *
 * @private
 * @function
 */
const writeClientsStructs = (encoder, store, _sm) => {
  // we filter all valid _sm entries into sm
  const sm = new Map();
  _sm.forEach((clock, client) => {
    // only write if new structs are available
    if (getState(store, client) > clock) {
      sm.set(client, clock);
    }
  });
  getStateVector(store).forEach((_clock, client) => {
    if (!_sm.has(client)) {
      sm.set(client, 0);
    }
  });
  // write # states that were updated
  writeVarUint(encoder.restEncoder, sm.size);
  // Write items with higher client ids first
  // This heavily improves the conflict algorithm.
  from(sm.entries()).sort((a, b) => b[0] - a[0]).forEach(([client, clock]) => {
    writeStructs(encoder, /** @type {Array<GC|Item>} */ (store.clients.get(client)), client, clock);
  });
};

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder The decoder object to read data from.
 * @param {Doc} doc
 * @return {Map<number, { i: number, refs: Array<Item | GC> }>}
 *
 * @private
 * @function
 */
const readClientsStructRefs = (decoder, doc) => {
  /**
   * @type {Map<number, { i: number, refs: Array<Item | GC> }>}
   */
  const clientRefs = create$2();
  const numOfStateUpdates = readVarUint(decoder.restDecoder);
  for (let i = 0; i < numOfStateUpdates; i++) {
    const numberOfStructs = readVarUint(decoder.restDecoder);
    /**
     * @type {Array<GC|Item>}
     */
    const refs = new Array(numberOfStructs);
    const client = decoder.readClient();
    let clock = readVarUint(decoder.restDecoder);
    // const start = performance.now()
    clientRefs.set(client, { i: 0, refs });
    for (let i = 0; i < numberOfStructs; i++) {
      const info = decoder.readInfo();
      switch (BITS5 & info) {
        case 0: { // GC
          const len = decoder.readLen();
          refs[i] = new GC(createID(client, clock), len);
          clock += len;
          break
        }
        case 10: { // Skip Struct (nothing to apply)
          // @todo we could reduce the amount of checks by adding Skip struct to clientRefs so we know that something is missing.
          const len = readVarUint(decoder.restDecoder);
          refs[i] = new Skip(createID(client, clock), len);
          clock += len;
          break
        }
        default: { // Item with content
          /**
           * The optimized implementation doesn't use any variables because inlining variables is faster.
           * Below a non-optimized version is shown that implements the basic algorithm with
           * a few comments
           */
          const cantCopyParentInfo = (info & (BIT7 | BIT8)) === 0;
          // If parent = null and neither left nor right are defined, then we know that `parent` is child of `y`
          // and we read the next string as parentYKey.
          // It indicates how we store/retrieve parent from `y.share`
          // @type {string|null}
          const struct = new Item(
            createID(client, clock),
            null, // left
            (info & BIT8) === BIT8 ? decoder.readLeftID() : null, // origin
            null, // right
            (info & BIT7) === BIT7 ? decoder.readRightID() : null, // right origin
            cantCopyParentInfo ? (decoder.readParentInfo() ? doc.get(decoder.readString()) : decoder.readLeftID()) : null, // parent
            cantCopyParentInfo && (info & BIT6) === BIT6 ? decoder.readString() : null, // parentSub
            readItemContent(decoder, info) // item content
          );
          /* A non-optimized implementation of the above algorithm:

          // The item that was originally to the left of this item.
          const origin = (info & binary.BIT8) === binary.BIT8 ? decoder.readLeftID() : null
          // The item that was originally to the right of this item.
          const rightOrigin = (info & binary.BIT7) === binary.BIT7 ? decoder.readRightID() : null
          const cantCopyParentInfo = (info & (binary.BIT7 | binary.BIT8)) === 0
          const hasParentYKey = cantCopyParentInfo ? decoder.readParentInfo() : false
          // If parent = null and neither left nor right are defined, then we know that `parent` is child of `y`
          // and we read the next string as parentYKey.
          // It indicates how we store/retrieve parent from `y.share`
          // @type {string|null}
          const parentYKey = cantCopyParentInfo && hasParentYKey ? decoder.readString() : null

          const struct = new Item(
            createID(client, clock),
            null, // left
            origin, // origin
            null, // right
            rightOrigin, // right origin
            cantCopyParentInfo && !hasParentYKey ? decoder.readLeftID() : (parentYKey !== null ? doc.get(parentYKey) : null), // parent
            cantCopyParentInfo && (info & binary.BIT6) === binary.BIT6 ? decoder.readString() : null, // parentSub
            readItemContent(decoder, info) // item content
          )
          */
          refs[i] = struct;
          clock += struct.length;
        }
      }
    }
    // console.log('time to read: ', performance.now() - start) // @todo remove
  }
  return clientRefs
};

/**
 * Resume computing structs generated by struct readers.
 *
 * While there is something to do, we integrate structs in this order
 * 1. top element on stack, if stack is not empty
 * 2. next element from current struct reader (if empty, use next struct reader)
 *
 * If struct causally depends on another struct (ref.missing), we put next reader of
 * `ref.id.client` on top of stack.
 *
 * At some point we find a struct that has no causal dependencies,
 * then we start emptying the stack.
 *
 * It is not possible to have circles: i.e. struct1 (from client1) depends on struct2 (from client2)
 * depends on struct3 (from client1). Therefore the max stack size is equal to `structReaders.length`.
 *
 * This method is implemented in a way so that we can resume computation if this update
 * causally depends on another update.
 *
 * @param {Transaction} transaction
 * @param {StructStore} store
 * @param {Map<number, { i: number, refs: (GC | Item)[] }>} clientsStructRefs
 * @return { null | { update: Uint8Array, missing: Map<number,number> } }
 *
 * @private
 * @function
 */
const integrateStructs = (transaction, store, clientsStructRefs) => {
  /**
   * @type {Array<Item | GC>}
   */
  const stack = [];
  // sort them so that we take the higher id first, in case of conflicts the lower id will probably not conflict with the id from the higher user.
  let clientsStructRefsIds = from(clientsStructRefs.keys()).sort((a, b) => a - b);
  if (clientsStructRefsIds.length === 0) {
    return null
  }
  const getNextStructTarget = () => {
    if (clientsStructRefsIds.length === 0) {
      return null
    }
    let nextStructsTarget = /** @type {{i:number,refs:Array<GC|Item>}} */ (clientsStructRefs.get(clientsStructRefsIds[clientsStructRefsIds.length - 1]));
    while (nextStructsTarget.refs.length === nextStructsTarget.i) {
      clientsStructRefsIds.pop();
      if (clientsStructRefsIds.length > 0) {
        nextStructsTarget = /** @type {{i:number,refs:Array<GC|Item>}} */ (clientsStructRefs.get(clientsStructRefsIds[clientsStructRefsIds.length - 1]));
      } else {
        return null
      }
    }
    return nextStructsTarget
  };
  let curStructsTarget = getNextStructTarget();
  if (curStructsTarget === null) {
    return null
  }

  /**
   * @type {StructStore}
   */
  const restStructs = new StructStore();
  const missingSV = new Map();
  /**
   * @param {number} client
   * @param {number} clock
   */
  const updateMissingSv = (client, clock) => {
    const mclock = missingSV.get(client);
    if (mclock == null || mclock > clock) {
      missingSV.set(client, clock);
    }
  };
  /**
   * @type {GC|Item}
   */
  let stackHead = /** @type {any} */ (curStructsTarget).refs[/** @type {any} */ (curStructsTarget).i++];
  // caching the state because it is used very often
  const state = new Map();

  const addStackToRestSS = () => {
    for (const item of stack) {
      const client = item.id.client;
      const inapplicableItems = clientsStructRefs.get(client);
      if (inapplicableItems) {
        // decrement because we weren't able to apply previous operation
        inapplicableItems.i--;
        restStructs.clients.set(client, inapplicableItems.refs.slice(inapplicableItems.i));
        clientsStructRefs.delete(client);
        inapplicableItems.i = 0;
        inapplicableItems.refs = [];
      } else {
        // item was the last item on clientsStructRefs and the field was already cleared. Add item to restStructs and continue
        restStructs.clients.set(client, [item]);
      }
      // remove client from clientsStructRefsIds to prevent users from applying the same update again
      clientsStructRefsIds = clientsStructRefsIds.filter(c => c !== client);
    }
    stack.length = 0;
  };

  // iterate over all struct readers until we are done
  while (true) {
    if (stackHead.constructor !== Skip) {
      const localClock = setIfUndefined(state, stackHead.id.client, () => getState(store, stackHead.id.client));
      const offset = localClock - stackHead.id.clock;
      if (offset < 0) {
        // update from the same client is missing
        stack.push(stackHead);
        updateMissingSv(stackHead.id.client, stackHead.id.clock - 1);
        // hid a dead wall, add all items from stack to restSS
        addStackToRestSS();
      } else {
        const missing = stackHead.getMissing(transaction, store);
        if (missing !== null) {
          stack.push(stackHead);
          // get the struct reader that has the missing struct
          /**
           * @type {{ refs: Array<GC|Item>, i: number }}
           */
          const structRefs = clientsStructRefs.get(/** @type {number} */ (missing)) || { refs: [], i: 0 };
          if (structRefs.refs.length === structRefs.i) {
            // This update message causally depends on another update message that doesn't exist yet
            updateMissingSv(/** @type {number} */ (missing), getState(store, missing));
            addStackToRestSS();
          } else {
            stackHead = structRefs.refs[structRefs.i++];
            continue
          }
        } else if (offset === 0 || offset < stackHead.length) {
          // all fine, apply the stackhead
          stackHead.integrate(transaction, offset);
          state.set(stackHead.id.client, stackHead.id.clock + stackHead.length);
        }
      }
    }
    // iterate to next stackHead
    if (stack.length > 0) {
      stackHead = /** @type {GC|Item} */ (stack.pop());
    } else if (curStructsTarget !== null && curStructsTarget.i < curStructsTarget.refs.length) {
      stackHead = /** @type {GC|Item} */ (curStructsTarget.refs[curStructsTarget.i++]);
    } else {
      curStructsTarget = getNextStructTarget();
      if (curStructsTarget === null) {
        // we are done!
        break
      } else {
        stackHead = /** @type {GC|Item} */ (curStructsTarget.refs[curStructsTarget.i++]);
      }
    }
  }
  if (restStructs.clients.size > 0) {
    const encoder = new UpdateEncoderV2();
    writeClientsStructs(encoder, restStructs, new Map());
    // write empty deleteset
    // writeDeleteSet(encoder, new DeleteSet())
    writeVarUint(encoder.restEncoder, 0); // => no need for an extra function call, just write 0 deletes
    return { missing: missingSV, update: encoder.toUint8Array() }
  }
  return null
};

/**
 * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
 * @param {Transaction} transaction
 *
 * @private
 * @function
 */
const writeStructsFromTransaction = (encoder, transaction) => writeClientsStructs(encoder, transaction.doc.store, transaction.beforeState);

/**
 * Read and apply a document update.
 *
 * This function has the same effect as `applyUpdate` but accepts a decoder.
 *
 * @param {decoding.Decoder} decoder
 * @param {Doc} ydoc
 * @param {any} [transactionOrigin] This will be stored on `transaction.origin` and `.on('update', (update, origin))`
 * @param {UpdateDecoderV1 | UpdateDecoderV2} [structDecoder]
 *
 * @function
 */
const readUpdateV2 = (decoder, ydoc, transactionOrigin, structDecoder = new UpdateDecoderV2(decoder)) =>
  transact(ydoc, transaction => {
    // force that transaction.local is set to non-local
    transaction.local = false;
    let retry = false;
    const doc = transaction.doc;
    const store = doc.store;
    // let start = performance.now()
    const ss = readClientsStructRefs(structDecoder, doc);
    // console.log('time to read structs: ', performance.now() - start) // @todo remove
    // start = performance.now()
    // console.log('time to merge: ', performance.now() - start) // @todo remove
    // start = performance.now()
    const restStructs = integrateStructs(transaction, store, ss);
    const pending = store.pendingStructs;
    if (pending) {
      // check if we can apply something
      for (const [client, clock] of pending.missing) {
        if (clock < getState(store, client)) {
          retry = true;
          break
        }
      }
      if (restStructs) {
        // merge restStructs into store.pending
        for (const [client, clock] of restStructs.missing) {
          const mclock = pending.missing.get(client);
          if (mclock == null || mclock > clock) {
            pending.missing.set(client, clock);
          }
        }
        pending.update = mergeUpdatesV2([pending.update, restStructs.update]);
      }
    } else {
      store.pendingStructs = restStructs;
    }
    // console.log('time to integrate: ', performance.now() - start) // @todo remove
    // start = performance.now()
    const dsRest = readAndApplyDeleteSet(structDecoder, transaction, store);
    if (store.pendingDs) {
      // @todo we could make a lower-bound state-vector check as we do above
      const pendingDSUpdate = new UpdateDecoderV2(createDecoder(store.pendingDs));
      readVarUint(pendingDSUpdate.restDecoder); // read 0 structs, because we only encode deletes in pendingdsupdate
      const dsRest2 = readAndApplyDeleteSet(pendingDSUpdate, transaction, store);
      if (dsRest && dsRest2) {
        // case 1: ds1 != null && ds2 != null
        store.pendingDs = mergeUpdatesV2([dsRest, dsRest2]);
      } else {
        // case 2: ds1 != null
        // case 3: ds2 != null
        // case 4: ds1 == null && ds2 == null
        store.pendingDs = dsRest || dsRest2;
      }
    } else {
      // Either dsRest == null && pendingDs == null OR dsRest != null
      store.pendingDs = dsRest;
    }
    // console.log('time to cleanup: ', performance.now() - start) // @todo remove
    // start = performance.now()

    // console.log('time to resume delete readers: ', performance.now() - start) // @todo remove
    // start = performance.now()
    if (retry) {
      const update = /** @type {{update: Uint8Array}} */ (store.pendingStructs).update;
      store.pendingStructs = null;
      applyUpdateV2(transaction.doc, update);
    }
  }, transactionOrigin, false);

/**
 * Apply a document update created by, for example, `y.on('update', update => ..)` or `update = encodeStateAsUpdate()`.
 *
 * This function has the same effect as `readUpdate` but accepts an Uint8Array instead of a Decoder.
 *
 * @param {Doc} ydoc
 * @param {Uint8Array} update
 * @param {any} [transactionOrigin] This will be stored on `transaction.origin` and `.on('update', (update, origin))`
 * @param {typeof UpdateDecoderV1 | typeof UpdateDecoderV2} [YDecoder]
 *
 * @function
 */
const applyUpdateV2 = (ydoc, update, transactionOrigin, YDecoder = UpdateDecoderV2) => {
  const decoder = createDecoder(update);
  readUpdateV2(decoder, ydoc, transactionOrigin, new YDecoder(decoder));
};

/**
 * Apply a document update created by, for example, `y.on('update', update => ..)` or `update = encodeStateAsUpdate()`.
 *
 * This function has the same effect as `readUpdate` but accepts an Uint8Array instead of a Decoder.
 *
 * @param {Doc} ydoc
 * @param {Uint8Array} update
 * @param {any} [transactionOrigin] This will be stored on `transaction.origin` and `.on('update', (update, origin))`
 *
 * @function
 */
const applyUpdate = (ydoc, update, transactionOrigin) => applyUpdateV2(ydoc, update, transactionOrigin, UpdateDecoderV1);

/**
 * Write all the document as a single update message. If you specify the state of the remote client (`targetStateVector`) it will
 * only write the operations that are missing.
 *
 * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
 * @param {Doc} doc
 * @param {Map<number,number>} [targetStateVector] The state of the target that receives the update. Leave empty to write all known structs
 *
 * @function
 */
const writeStateAsUpdate = (encoder, doc, targetStateVector = new Map()) => {
  writeClientsStructs(encoder, doc.store, targetStateVector);
  writeDeleteSet(encoder, createDeleteSetFromStructStore(doc.store));
};

/**
 * Write all the document as a single update message that can be applied on the remote document. If you specify the state of the remote client (`targetState`) it will
 * only write the operations that are missing.
 *
 * Use `writeStateAsUpdate` instead if you are working with lib0/encoding.js#Encoder
 *
 * @param {Doc} doc
 * @param {Uint8Array} [encodedTargetStateVector] The state of the target that receives the update. Leave empty to write all known structs
 * @param {UpdateEncoderV1 | UpdateEncoderV2} [encoder]
 * @return {Uint8Array}
 *
 * @function
 */
const encodeStateAsUpdateV2 = (doc, encodedTargetStateVector = new Uint8Array([0]), encoder = new UpdateEncoderV2()) => {
  const targetStateVector = decodeStateVector(encodedTargetStateVector);
  writeStateAsUpdate(encoder, doc, targetStateVector);
  const updates = [encoder.toUint8Array()];
  // also add the pending updates (if there are any)
  if (doc.store.pendingDs) {
    updates.push(doc.store.pendingDs);
  }
  if (doc.store.pendingStructs) {
    updates.push(diffUpdateV2(doc.store.pendingStructs.update, encodedTargetStateVector));
  }
  if (updates.length > 1) {
    if (encoder.constructor === UpdateEncoderV1) {
      return mergeUpdates(updates.map((update, i) => i === 0 ? update : convertUpdateFormatV2ToV1(update)))
    } else if (encoder.constructor === UpdateEncoderV2) {
      return mergeUpdatesV2(updates)
    }
  }
  return updates[0]
};

/**
 * Write all the document as a single update message that can be applied on the remote document. If you specify the state of the remote client (`targetState`) it will
 * only write the operations that are missing.
 *
 * Use `writeStateAsUpdate` instead if you are working with lib0/encoding.js#Encoder
 *
 * @param {Doc} doc
 * @param {Uint8Array} [encodedTargetStateVector] The state of the target that receives the update. Leave empty to write all known structs
 * @return {Uint8Array}
 *
 * @function
 */
const encodeStateAsUpdate = (doc, encodedTargetStateVector) => encodeStateAsUpdateV2(doc, encodedTargetStateVector, new UpdateEncoderV1());

/**
 * Read state vector from Decoder and return as Map
 *
 * @param {DSDecoderV1 | DSDecoderV2} decoder
 * @return {Map<number,number>} Maps `client` to the number next expected `clock` from that client.
 *
 * @function
 */
const readStateVector = decoder => {
  const ss = new Map();
  const ssLength = readVarUint(decoder.restDecoder);
  for (let i = 0; i < ssLength; i++) {
    const client = readVarUint(decoder.restDecoder);
    const clock = readVarUint(decoder.restDecoder);
    ss.set(client, clock);
  }
  return ss
};

/**
 * Read decodedState and return State as Map.
 *
 * @param {Uint8Array} decodedState
 * @return {Map<number,number>} Maps `client` to the number next expected `clock` from that client.
 *
 * @function
 */
// export const decodeStateVectorV2 = decodedState => readStateVector(new DSDecoderV2(decoding.createDecoder(decodedState)))

/**
 * Read decodedState and return State as Map.
 *
 * @param {Uint8Array} decodedState
 * @return {Map<number,number>} Maps `client` to the number next expected `clock` from that client.
 *
 * @function
 */
const decodeStateVector = decodedState => readStateVector(new DSDecoderV1(createDecoder(decodedState)));

/**
 * @param {DSEncoderV1 | DSEncoderV2} encoder
 * @param {Map<number,number>} sv
 * @function
 */
const writeStateVector = (encoder, sv) => {
  writeVarUint(encoder.restEncoder, sv.size);
  from(sv.entries()).sort((a, b) => b[0] - a[0]).forEach(([client, clock]) => {
    writeVarUint(encoder.restEncoder, client); // @todo use a special client decoder that is based on mapping
    writeVarUint(encoder.restEncoder, clock);
  });
  return encoder
};

/**
 * @param {DSEncoderV1 | DSEncoderV2} encoder
 * @param {Doc} doc
 *
 * @function
 */
const writeDocumentStateVector = (encoder, doc) => writeStateVector(encoder, getStateVector(doc.store));

/**
 * Encode State as Uint8Array.
 *
 * @param {Doc|Map<number,number>} doc
 * @param {DSEncoderV1 | DSEncoderV2} [encoder]
 * @return {Uint8Array}
 *
 * @function
 */
const encodeStateVectorV2 = (doc, encoder = new DSEncoderV2()) => {
  if (doc instanceof Map) {
    writeStateVector(encoder, doc);
  } else {
    writeDocumentStateVector(encoder, doc);
  }
  return encoder.toUint8Array()
};

/**
 * Encode State as Uint8Array.
 *
 * @param {Doc|Map<number,number>} doc
 * @return {Uint8Array}
 *
 * @function
 */
const encodeStateVector = doc => encodeStateVectorV2(doc, new DSEncoderV1());

/**
 * General event handler implementation.
 *
 * @template ARG0, ARG1
 *
 * @private
 */
class EventHandler {
  constructor () {
    /**
     * @type {Array<function(ARG0, ARG1):void>}
     */
    this.l = [];
  }
}

/**
 * @template ARG0,ARG1
 * @returns {EventHandler<ARG0,ARG1>}
 *
 * @private
 * @function
 */
const createEventHandler = () => new EventHandler();

/**
 * Adds an event listener that is called when
 * {@link EventHandler#callEventListeners} is called.
 *
 * @template ARG0,ARG1
 * @param {EventHandler<ARG0,ARG1>} eventHandler
 * @param {function(ARG0,ARG1):void} f The event handler.
 *
 * @private
 * @function
 */
const addEventHandlerListener = (eventHandler, f) =>
  eventHandler.l.push(f);

/**
 * Removes an event listener.
 *
 * @template ARG0,ARG1
 * @param {EventHandler<ARG0,ARG1>} eventHandler
 * @param {function(ARG0,ARG1):void} f The event handler that was added with
 *                     {@link EventHandler#addEventListener}
 *
 * @private
 * @function
 */
const removeEventHandlerListener = (eventHandler, f) => {
  const l = eventHandler.l;
  const len = l.length;
  eventHandler.l = l.filter(g => f !== g);
  if (len === eventHandler.l.length) {
    console.error('[yjs] Tried to remove event handler that doesn\'t exist.');
  }
};

/**
 * Call all event listeners that were added via
 * {@link EventHandler#addEventListener}.
 *
 * @template ARG0,ARG1
 * @param {EventHandler<ARG0,ARG1>} eventHandler
 * @param {ARG0} arg0
 * @param {ARG1} arg1
 *
 * @private
 * @function
 */
const callEventHandlerListeners = (eventHandler, arg0, arg1) =>
  callAll(eventHandler.l, [arg0, arg1]);

class ID {
  /**
   * @param {number} client client id
   * @param {number} clock unique per client id, continuous number
   */
  constructor (client, clock) {
    /**
     * Client id
     * @type {number}
     */
    this.client = client;
    /**
     * unique per client id, continuous number
     * @type {number}
     */
    this.clock = clock;
  }
}

/**
 * @param {ID | null} a
 * @param {ID | null} b
 * @return {boolean}
 *
 * @function
 */
const compareIDs = (a, b) => a === b || (a !== null && b !== null && a.client === b.client && a.clock === b.clock);

/**
 * @param {number} client
 * @param {number} clock
 *
 * @private
 * @function
 */
const createID = (client, clock) => new ID(client, clock);

/**
 * The top types are mapped from y.share.get(keyname) => type.
 * `type` does not store any information about the `keyname`.
 * This function finds the correct `keyname` for `type` and throws otherwise.
 *
 * @param {AbstractType<any>} type
 * @return {string}
 *
 * @private
 * @function
 */
const findRootTypeKey = type => {
  // @ts-ignore _y must be defined, otherwise unexpected case
  for (const [key, value] of type.doc.share.entries()) {
    if (value === type) {
      return key
    }
  }
  throw unexpectedCase()
};

class StructStore {
  constructor () {
    /**
     * @type {Map<number,Array<GC|Item>>}
     */
    this.clients = new Map();
    /**
     * @type {null | { missing: Map<number, number>, update: Uint8Array }}
     */
    this.pendingStructs = null;
    /**
     * @type {null | Uint8Array}
     */
    this.pendingDs = null;
  }
}

/**
 * Return the states as a Map<client,clock>.
 * Note that clock refers to the next expected clock id.
 *
 * @param {StructStore} store
 * @return {Map<number,number>}
 *
 * @public
 * @function
 */
const getStateVector = store => {
  const sm = new Map();
  store.clients.forEach((structs, client) => {
    const struct = structs[structs.length - 1];
    sm.set(client, struct.id.clock + struct.length);
  });
  return sm
};

/**
 * @param {StructStore} store
 * @param {number} client
 * @return {number}
 *
 * @public
 * @function
 */
const getState = (store, client) => {
  const structs = store.clients.get(client);
  if (structs === undefined) {
    return 0
  }
  const lastStruct = structs[structs.length - 1];
  return lastStruct.id.clock + lastStruct.length
};

/**
 * @param {StructStore} store
 * @param {GC|Item} struct
 *
 * @private
 * @function
 */
const addStruct = (store, struct) => {
  let structs = store.clients.get(struct.id.client);
  if (structs === undefined) {
    structs = [];
    store.clients.set(struct.id.client, structs);
  } else {
    const lastStruct = structs[structs.length - 1];
    if (lastStruct.id.clock + lastStruct.length !== struct.id.clock) {
      throw unexpectedCase()
    }
  }
  structs.push(struct);
};

/**
 * Perform a binary search on a sorted array
 * @param {Array<Item|GC>} structs
 * @param {number} clock
 * @return {number}
 *
 * @private
 * @function
 */
const findIndexSS = (structs, clock) => {
  let left = 0;
  let right = structs.length - 1;
  let mid = structs[right];
  let midclock = mid.id.clock;
  if (midclock === clock) {
    return right
  }
  // @todo does it even make sense to pivot the search?
  // If a good split misses, it might actually increase the time to find the correct item.
  // Currently, the only advantage is that search with pivoting might find the item on the first try.
  let midindex = floor((clock / (midclock + mid.length - 1)) * right); // pivoting the search
  while (left <= right) {
    mid = structs[midindex];
    midclock = mid.id.clock;
    if (midclock <= clock) {
      if (clock < midclock + mid.length) {
        return midindex
      }
      left = midindex + 1;
    } else {
      right = midindex - 1;
    }
    midindex = floor((left + right) / 2);
  }
  // Always check state before looking for a struct in StructStore
  // Therefore the case of not finding a struct is unexpected
  throw unexpectedCase()
};

/**
 * Expects that id is actually in store. This function throws or is an infinite loop otherwise.
 *
 * @param {StructStore} store
 * @param {ID} id
 * @return {GC|Item}
 *
 * @private
 * @function
 */
const find = (store, id) => {
  /**
   * @type {Array<GC|Item>}
   */
  // @ts-ignore
  const structs = store.clients.get(id.client);
  return structs[findIndexSS(structs, id.clock)]
};

/**
 * Expects that id is actually in store. This function throws or is an infinite loop otherwise.
 * @private
 * @function
 */
const getItem = /** @type {function(StructStore,ID):Item} */ (find);

/**
 * @param {Transaction} transaction
 * @param {Array<Item|GC>} structs
 * @param {number} clock
 */
const findIndexCleanStart = (transaction, structs, clock) => {
  const index = findIndexSS(structs, clock);
  const struct = structs[index];
  if (struct.id.clock < clock && struct instanceof Item) {
    structs.splice(index + 1, 0, splitItem(transaction, struct, clock - struct.id.clock));
    return index + 1
  }
  return index
};

/**
 * Expects that id is actually in store. This function throws or is an infinite loop otherwise.
 *
 * @param {Transaction} transaction
 * @param {ID} id
 * @return {Item}
 *
 * @private
 * @function
 */
const getItemCleanStart = (transaction, id) => {
  const structs = /** @type {Array<Item>} */ (transaction.doc.store.clients.get(id.client));
  return structs[findIndexCleanStart(transaction, structs, id.clock)]
};

/**
 * Expects that id is actually in store. This function throws or is an infinite loop otherwise.
 *
 * @param {Transaction} transaction
 * @param {StructStore} store
 * @param {ID} id
 * @return {Item}
 *
 * @private
 * @function
 */
const getItemCleanEnd = (transaction, store, id) => {
  /**
   * @type {Array<Item>}
   */
  // @ts-ignore
  const structs = store.clients.get(id.client);
  const index = findIndexSS(structs, id.clock);
  const struct = structs[index];
  if (id.clock !== struct.id.clock + struct.length - 1 && struct.constructor !== GC) {
    structs.splice(index + 1, 0, splitItem(transaction, struct, id.clock - struct.id.clock + 1));
  }
  return struct
};

/**
 * Replace `item` with `newitem` in store
 * @param {StructStore} store
 * @param {GC|Item} struct
 * @param {GC|Item} newStruct
 *
 * @private
 * @function
 */
const replaceStruct = (store, struct, newStruct) => {
  const structs = /** @type {Array<GC|Item>} */ (store.clients.get(struct.id.client));
  structs[findIndexSS(structs, struct.id.clock)] = newStruct;
};

/**
 * A transaction is created for every change on the Yjs model. It is possible
 * to bundle changes on the Yjs model in a single transaction to
 * minimize the number on messages sent and the number of observer calls.
 * If possible the user of this library should bundle as many changes as
 * possible. Here is an example to illustrate the advantages of bundling:
 *
 * @example
 * const ydoc = new Y.Doc()
 * const map = ydoc.getMap('map')
 * // Log content when change is triggered
 * map.observe(() => {
 *   console.log('change triggered')
 * })
 * // Each change on the map type triggers a log message:
 * map.set('a', 0) // => "change triggered"
 * map.set('b', 0) // => "change triggered"
 * // When put in a transaction, it will trigger the log after the transaction:
 * ydoc.transact(() => {
 *   map.set('a', 1)
 *   map.set('b', 1)
 * }) // => "change triggered"
 *
 * @public
 */
class Transaction {
  /**
   * @param {Doc} doc
   * @param {any} origin
   * @param {boolean} local
   */
  constructor (doc, origin, local) {
    /**
     * The Yjs instance.
     * @type {Doc}
     */
    this.doc = doc;
    /**
     * Describes the set of deleted items by ids
     * @type {DeleteSet}
     */
    this.deleteSet = new DeleteSet();
    /**
     * Holds the state before the transaction started.
     * @type {Map<Number,Number>}
     */
    this.beforeState = getStateVector(doc.store);
    /**
     * Holds the state after the transaction.
     * @type {Map<Number,Number>}
     */
    this.afterState = new Map();
    /**
     * All types that were directly modified (property added or child
     * inserted/deleted). New types are not included in this Set.
     * Maps from type to parentSubs (`item.parentSub = null` for YArray)
     * @type {Map<AbstractType<YEvent<any>>,Set<String|null>>}
     */
    this.changed = new Map();
    /**
     * Stores the events for the types that observe also child elements.
     * It is mainly used by `observeDeep`.
     * @type {Map<AbstractType<YEvent<any>>,Array<YEvent<any>>>}
     */
    this.changedParentTypes = new Map();
    /**
     * @type {Array<AbstractStruct>}
     */
    this._mergeStructs = [];
    /**
     * @type {any}
     */
    this.origin = origin;
    /**
     * Stores meta information on the transaction
     * @type {Map<any,any>}
     */
    this.meta = new Map();
    /**
     * Whether this change originates from this doc.
     * @type {boolean}
     */
    this.local = local;
    /**
     * @type {Set<Doc>}
     */
    this.subdocsAdded = new Set();
    /**
     * @type {Set<Doc>}
     */
    this.subdocsRemoved = new Set();
    /**
     * @type {Set<Doc>}
     */
    this.subdocsLoaded = new Set();
    /**
     * @type {boolean}
     */
    this._needFormattingCleanup = false;
  }
}

/**
 * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
 * @param {Transaction} transaction
 * @return {boolean} Whether data was written.
 */
const writeUpdateMessageFromTransaction = (encoder, transaction) => {
  if (transaction.deleteSet.clients.size === 0 && !any(transaction.afterState, (clock, client) => transaction.beforeState.get(client) !== clock)) {
    return false
  }
  sortAndMergeDeleteSet(transaction.deleteSet);
  writeStructsFromTransaction(encoder, transaction);
  writeDeleteSet(encoder, transaction.deleteSet);
  return true
};

/**
 * If `type.parent` was added in current transaction, `type` technically
 * did not change, it was just added and we should not fire events for `type`.
 *
 * @param {Transaction} transaction
 * @param {AbstractType<YEvent<any>>} type
 * @param {string|null} parentSub
 */
const addChangedTypeToTransaction = (transaction, type, parentSub) => {
  const item = type._item;
  if (item === null || (item.id.clock < (transaction.beforeState.get(item.id.client) || 0) && !item.deleted)) {
    setIfUndefined(transaction.changed, type, create$1).add(parentSub);
  }
};

/**
 * @param {Array<AbstractStruct>} structs
 * @param {number} pos
 * @return {number} # of merged structs
 */
const tryToMergeWithLefts = (structs, pos) => {
  let right = structs[pos];
  let left = structs[pos - 1];
  let i = pos;
  for (; i > 0; right = left, left = structs[--i - 1]) {
    if (left.deleted === right.deleted && left.constructor === right.constructor) {
      if (left.mergeWith(right)) {
        if (right instanceof Item && right.parentSub !== null && /** @type {AbstractType<any>} */ (right.parent)._map.get(right.parentSub) === right) {
          /** @type {AbstractType<any>} */ (right.parent)._map.set(right.parentSub, /** @type {Item} */ (left));
        }
        continue
      }
    }
    break
  }
  const merged = pos - i;
  if (merged) {
    // remove all merged structs from the array
    structs.splice(pos + 1 - merged, merged);
  }
  return merged
};

/**
 * @param {DeleteSet} ds
 * @param {StructStore} store
 * @param {function(Item):boolean} gcFilter
 */
const tryGcDeleteSet = (ds, store, gcFilter) => {
  for (const [client, deleteItems] of ds.clients.entries()) {
    const structs = /** @type {Array<GC|Item>} */ (store.clients.get(client));
    for (let di = deleteItems.length - 1; di >= 0; di--) {
      const deleteItem = deleteItems[di];
      const endDeleteItemClock = deleteItem.clock + deleteItem.len;
      for (
        let si = findIndexSS(structs, deleteItem.clock), struct = structs[si];
        si < structs.length && struct.id.clock < endDeleteItemClock;
        struct = structs[++si]
      ) {
        const struct = structs[si];
        if (deleteItem.clock + deleteItem.len <= struct.id.clock) {
          break
        }
        if (struct instanceof Item && struct.deleted && !struct.keep && gcFilter(struct)) {
          struct.gc(store, false);
        }
      }
    }
  }
};

/**
 * @param {DeleteSet} ds
 * @param {StructStore} store
 */
const tryMergeDeleteSet = (ds, store) => {
  // try to merge deleted / gc'd items
  // merge from right to left for better efficiency and so we don't miss any merge targets
  ds.clients.forEach((deleteItems, client) => {
    const structs = /** @type {Array<GC|Item>} */ (store.clients.get(client));
    for (let di = deleteItems.length - 1; di >= 0; di--) {
      const deleteItem = deleteItems[di];
      // start with merging the item next to the last deleted item
      const mostRightIndexToCheck = min(structs.length - 1, 1 + findIndexSS(structs, deleteItem.clock + deleteItem.len - 1));
      for (
        let si = mostRightIndexToCheck, struct = structs[si];
        si > 0 && struct.id.clock >= deleteItem.clock;
        struct = structs[si]
      ) {
        si -= 1 + tryToMergeWithLefts(structs, si);
      }
    }
  });
};

/**
 * @param {Array<Transaction>} transactionCleanups
 * @param {number} i
 */
const cleanupTransactions = (transactionCleanups, i) => {
  if (i < transactionCleanups.length) {
    const transaction = transactionCleanups[i];
    const doc = transaction.doc;
    const store = doc.store;
    const ds = transaction.deleteSet;
    const mergeStructs = transaction._mergeStructs;
    try {
      sortAndMergeDeleteSet(ds);
      transaction.afterState = getStateVector(transaction.doc.store);
      doc.emit('beforeObserverCalls', [transaction, doc]);
      /**
       * An array of event callbacks.
       *
       * Each callback is called even if the other ones throw errors.
       *
       * @type {Array<function():void>}
       */
      const fs = [];
      // observe events on changed types
      transaction.changed.forEach((subs, itemtype) =>
        fs.push(() => {
          if (itemtype._item === null || !itemtype._item.deleted) {
            itemtype._callObserver(transaction, subs);
          }
        })
      );
      fs.push(() => {
        // deep observe events
        fs.push(() => doc.emit('afterTransaction', [transaction, doc]));
        fs.push(() => {
        });
      });
      // note the nested fs calls, must not modify fs at this point
      callAll(fs, []);
    } finally {
      // Replace deleted items with ItemDeleted / GC.
      // This is where content is actually remove from the Yjs Doc.
      if (doc.gc) {
        tryGcDeleteSet(ds, store, doc.gcFilter);
      }
      tryMergeDeleteSet(ds, store);

      // on all affected store.clients props, try to merge
      transaction.afterState.forEach((clock, client) => {
        const beforeClock = transaction.beforeState.get(client) || 0;
        if (beforeClock !== clock) {
          const structs = /** @type {Array<GC|Item>} */ (store.clients.get(client));
          // we iterate from right to left so we can safely remove entries
          const firstChangePos = max(findIndexSS(structs, beforeClock), 1);
          for (let i = structs.length - 1; i >= firstChangePos;) {
            i -= 1 + tryToMergeWithLefts(structs, i);
          }
        }
      });
      // try to merge mergeStructs
      // @todo: it makes more sense to transform mergeStructs to a DS, sort it, and merge from right to left
      //        but at the moment DS does not handle duplicates
      for (let i = mergeStructs.length - 1; i >= 0; i--) {
        const { client, clock } = mergeStructs[i].id;
        const structs = /** @type {Array<GC|Item>} */ (store.clients.get(client));
        const replacedStructPos = findIndexSS(structs, clock);
        if (replacedStructPos + 1 < structs.length) {
          if (tryToMergeWithLefts(structs, replacedStructPos + 1) > 1) {
            continue // no need to perform next check, both are already merged
          }
        }
        if (replacedStructPos > 0) {
          tryToMergeWithLefts(structs, replacedStructPos);
        }
      }
      if (!transaction.local && transaction.afterState.get(doc.clientID) !== transaction.beforeState.get(doc.clientID)) {
        doc.clientID = generateNewClientId();
      }
      // @todo Merge all the transactions into one and provide send the data as a single update message
      doc.emit('afterTransactionCleanup', [transaction, doc]);
      if (doc._observers.has('update')) {
        const encoder = new UpdateEncoderV1();
        const hasContent = writeUpdateMessageFromTransaction(encoder, transaction);
        if (hasContent) {
          doc.emit('update', [encoder.toUint8Array(), transaction.origin, doc, transaction]);
        }
      }

      if (transactionCleanups.length <= i + 1) {
        doc._transactionCleanups = [];
        doc.emit('afterAllTransactions', [doc, transactionCleanups]);
      } else {
        cleanupTransactions(transactionCleanups, i + 1);
      }
    }
  }
};

/**
 * Implements the functionality of `y.transact(()=>{..})`
 *
 * @template T
 * @param {Doc} doc
 * @param {function(Transaction):T} f
 * @param {any} [origin=true]
 * @return {T}
 *
 * @function
 */
const transact = (doc, f, origin = null, local = true) => {
  const transactionCleanups = doc._transactionCleanups;
  let initialCall = false;
  /**
   * @type {any}
   */
  let result = null;
  if (doc._transaction === null) {
    initialCall = true;
    doc._transaction = new Transaction(doc, origin, local);
    transactionCleanups.push(doc._transaction);
    if (transactionCleanups.length === 1) {
      doc.emit('beforeAllTransactions', [doc]);
    }
    doc.emit('beforeTransaction', [doc._transaction, doc]);
  }
  try {
    result = f(doc._transaction);
  } finally {
    if (initialCall) {
      const finishCleanup = doc._transaction === transactionCleanups[0];
      doc._transaction = null;
      if (finishCleanup) {
        // The first transaction ended, now process observer calls.
        // Observer call may create new transactions for which we need to call the observers and do cleanup.
        // We don't want to nest these calls, so we execute these calls one after
        // another.
        // Also we need to ensure that all cleanups are called, even if the
        // observes throw errors.
        // This file is full of hacky try {} finally {} blocks to ensure that an
        // event can throw errors and also that the cleanup is called.
        cleanupTransactions(transactionCleanups, 0);
      }
    }
  }
  return result
};

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 */
function * lazyStructReaderGenerator (decoder) {
  const numOfStateUpdates = readVarUint(decoder.restDecoder);
  for (let i = 0; i < numOfStateUpdates; i++) {
    const numberOfStructs = readVarUint(decoder.restDecoder);
    const client = decoder.readClient();
    let clock = readVarUint(decoder.restDecoder);
    for (let i = 0; i < numberOfStructs; i++) {
      const info = decoder.readInfo();
      // @todo use switch instead of ifs
      if (info === 10) {
        const len = readVarUint(decoder.restDecoder);
        yield new Skip(createID(client, clock), len);
        clock += len;
      } else if ((BITS5 & info) !== 0) {
        const cantCopyParentInfo = (info & (BIT7 | BIT8)) === 0;
        // If parent = null and neither left nor right are defined, then we know that `parent` is child of `y`
        // and we read the next string as parentYKey.
        // It indicates how we store/retrieve parent from `y.share`
        // @type {string|null}
        const struct = new Item(
          createID(client, clock),
          null, // left
          (info & BIT8) === BIT8 ? decoder.readLeftID() : null, // origin
          null, // right
          (info & BIT7) === BIT7 ? decoder.readRightID() : null, // right origin
          // @ts-ignore Force writing a string here.
          cantCopyParentInfo ? (decoder.readParentInfo() ? decoder.readString() : decoder.readLeftID()) : null, // parent
          cantCopyParentInfo && (info & BIT6) === BIT6 ? decoder.readString() : null, // parentSub
          readItemContent(decoder, info) // item content
        );
        yield struct;
        clock += struct.length;
      } else {
        const len = decoder.readLen();
        yield new GC(createID(client, clock), len);
        clock += len;
      }
    }
  }
}

class LazyStructReader {
  /**
   * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
   * @param {boolean} filterSkips
   */
  constructor (decoder, filterSkips) {
    this.gen = lazyStructReaderGenerator(decoder);
    /**
     * @type {null | Item | Skip | GC}
     */
    this.curr = null;
    this.done = false;
    this.filterSkips = filterSkips;
    this.next();
  }

  /**
   * @return {Item | GC | Skip |null}
   */
  next () {
    // ignore "Skip" structs
    do {
      this.curr = this.gen.next().value || null;
    } while (this.filterSkips && this.curr !== null && this.curr.constructor === Skip)
    return this.curr
  }
}

class LazyStructWriter {
  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   */
  constructor (encoder) {
    this.currClient = 0;
    this.startClock = 0;
    this.written = 0;
    this.encoder = encoder;
    /**
     * We want to write operations lazily, but also we need to know beforehand how many operations we want to write for each client.
     *
     * This kind of meta-information (#clients, #structs-per-client-written) is written to the restEncoder.
     *
     * We fragment the restEncoder and store a slice of it per-client until we know how many clients there are.
     * When we flush (toUint8Array) we write the restEncoder using the fragments and the meta-information.
     *
     * @type {Array<{ written: number, restEncoder: Uint8Array }>}
     */
    this.clientStructs = [];
  }
}

/**
 * @param {Array<Uint8Array>} updates
 * @return {Uint8Array}
 */
const mergeUpdates = updates => mergeUpdatesV2(updates, UpdateDecoderV1, UpdateEncoderV1);

/**
 * This method is intended to slice any kind of struct and retrieve the right part.
 * It does not handle side-effects, so it should only be used by the lazy-encoder.
 *
 * @param {Item | GC | Skip} left
 * @param {number} diff
 * @return {Item | GC}
 */
const sliceStruct = (left, diff) => {
  if (left.constructor === GC) {
    const { client, clock } = left.id;
    return new GC(createID(client, clock + diff), left.length - diff)
  } else if (left.constructor === Skip) {
    const { client, clock } = left.id;
    return new Skip(createID(client, clock + diff), left.length - diff)
  } else {
    const leftItem = /** @type {Item} */ (left);
    const { client, clock } = leftItem.id;
    return new Item(
      createID(client, clock + diff),
      null,
      createID(client, clock + diff - 1),
      null,
      leftItem.rightOrigin,
      leftItem.parent,
      leftItem.parentSub,
      leftItem.content.splice(diff)
    )
  }
};

/**
 *
 * This function works similarly to `readUpdateV2`.
 *
 * @param {Array<Uint8Array>} updates
 * @param {typeof UpdateDecoderV1 | typeof UpdateDecoderV2} [YDecoder]
 * @param {typeof UpdateEncoderV1 | typeof UpdateEncoderV2} [YEncoder]
 * @return {Uint8Array}
 */
const mergeUpdatesV2 = (updates, YDecoder = UpdateDecoderV2, YEncoder = UpdateEncoderV2) => {
  if (updates.length === 1) {
    return updates[0]
  }
  const updateDecoders = updates.map(update => new YDecoder(createDecoder(update)));
  let lazyStructDecoders = updateDecoders.map(decoder => new LazyStructReader(decoder, true));

  /**
   * @todo we don't need offset because we always slice before
   * @type {null | { struct: Item | GC | Skip, offset: number }}
   */
  let currWrite = null;

  const updateEncoder = new YEncoder();
  // write structs lazily
  const lazyStructEncoder = new LazyStructWriter(updateEncoder);

  // Note: We need to ensure that all lazyStructDecoders are fully consumed
  // Note: Should merge document updates whenever possible - even from different updates
  // Note: Should handle that some operations cannot be applied yet ()

  while (true) {
    // Write higher clients first ⇒ sort by clientID & clock and remove decoders without content
    lazyStructDecoders = lazyStructDecoders.filter(dec => dec.curr !== null);
    lazyStructDecoders.sort(
      /** @type {function(any,any):number} */ (dec1, dec2) => {
        if (dec1.curr.id.client === dec2.curr.id.client) {
          const clockDiff = dec1.curr.id.clock - dec2.curr.id.clock;
          if (clockDiff === 0) {
            // @todo remove references to skip since the structDecoders must filter Skips.
            return dec1.curr.constructor === dec2.curr.constructor
              ? 0
              : dec1.curr.constructor === Skip ? 1 : -1 // we are filtering skips anyway.
          } else {
            return clockDiff
          }
        } else {
          return dec2.curr.id.client - dec1.curr.id.client
        }
      }
    );
    if (lazyStructDecoders.length === 0) {
      break
    }
    const currDecoder = lazyStructDecoders[0];
    // write from currDecoder until the next operation is from another client or if filler-struct
    // then we need to reorder the decoders and find the next operation to write
    const firstClient = /** @type {Item | GC} */ (currDecoder.curr).id.client;

    if (currWrite !== null) {
      let curr = /** @type {Item | GC | null} */ (currDecoder.curr);
      let iterated = false;

      // iterate until we find something that we haven't written already
      // remember: first the high client-ids are written
      while (curr !== null && curr.id.clock + curr.length <= currWrite.struct.id.clock + currWrite.struct.length && curr.id.client >= currWrite.struct.id.client) {
        curr = currDecoder.next();
        iterated = true;
      }
      if (
        curr === null || // current decoder is empty
        curr.id.client !== firstClient || // check whether there is another decoder that has has updates from `firstClient`
        (iterated && curr.id.clock > currWrite.struct.id.clock + currWrite.struct.length) // the above while loop was used and we are potentially missing updates
      ) {
        continue
      }

      if (firstClient !== currWrite.struct.id.client) {
        writeStructToLazyStructWriter(lazyStructEncoder, currWrite.struct, currWrite.offset);
        currWrite = { struct: curr, offset: 0 };
        currDecoder.next();
      } else {
        if (currWrite.struct.id.clock + currWrite.struct.length < curr.id.clock) {
          // @todo write currStruct & set currStruct = Skip(clock = currStruct.id.clock + currStruct.length, length = curr.id.clock - self.clock)
          if (currWrite.struct.constructor === Skip) {
            // extend existing skip
            currWrite.struct.length = curr.id.clock + curr.length - currWrite.struct.id.clock;
          } else {
            writeStructToLazyStructWriter(lazyStructEncoder, currWrite.struct, currWrite.offset);
            const diff = curr.id.clock - currWrite.struct.id.clock - currWrite.struct.length;
            /**
             * @type {Skip}
             */
            const struct = new Skip(createID(firstClient, currWrite.struct.id.clock + currWrite.struct.length), diff);
            currWrite = { struct, offset: 0 };
          }
        } else { // if (currWrite.struct.id.clock + currWrite.struct.length >= curr.id.clock) {
          const diff = currWrite.struct.id.clock + currWrite.struct.length - curr.id.clock;
          if (diff > 0) {
            if (currWrite.struct.constructor === Skip) {
              // prefer to slice Skip because the other struct might contain more information
              currWrite.struct.length -= diff;
            } else {
              curr = sliceStruct(curr, diff);
            }
          }
          if (!currWrite.struct.mergeWith(/** @type {any} */ (curr))) {
            writeStructToLazyStructWriter(lazyStructEncoder, currWrite.struct, currWrite.offset);
            currWrite = { struct: curr, offset: 0 };
            currDecoder.next();
          }
        }
      }
    } else {
      currWrite = { struct: /** @type {Item | GC} */ (currDecoder.curr), offset: 0 };
      currDecoder.next();
    }
    for (
      let next = currDecoder.curr;
      next !== null && next.id.client === firstClient && next.id.clock === currWrite.struct.id.clock + currWrite.struct.length && next.constructor !== Skip;
      next = currDecoder.next()
    ) {
      writeStructToLazyStructWriter(lazyStructEncoder, currWrite.struct, currWrite.offset);
      currWrite = { struct: next, offset: 0 };
    }
  }
  if (currWrite !== null) {
    writeStructToLazyStructWriter(lazyStructEncoder, currWrite.struct, currWrite.offset);
    currWrite = null;
  }
  finishLazyStructWriting(lazyStructEncoder);

  const dss = updateDecoders.map(decoder => readDeleteSet(decoder));
  const ds = mergeDeleteSets(dss);
  writeDeleteSet(updateEncoder, ds);
  return updateEncoder.toUint8Array()
};

/**
 * @param {Uint8Array} update
 * @param {Uint8Array} sv
 * @param {typeof UpdateDecoderV1 | typeof UpdateDecoderV2} [YDecoder]
 * @param {typeof UpdateEncoderV1 | typeof UpdateEncoderV2} [YEncoder]
 */
const diffUpdateV2 = (update, sv, YDecoder = UpdateDecoderV2, YEncoder = UpdateEncoderV2) => {
  const state = decodeStateVector(sv);
  const encoder = new YEncoder();
  const lazyStructWriter = new LazyStructWriter(encoder);
  const decoder = new YDecoder(createDecoder(update));
  const reader = new LazyStructReader(decoder, false);
  while (reader.curr) {
    const curr = reader.curr;
    const currClient = curr.id.client;
    const svClock = state.get(currClient) || 0;
    if (reader.curr.constructor === Skip) {
      // the first written struct shouldn't be a skip
      reader.next();
      continue
    }
    if (curr.id.clock + curr.length > svClock) {
      writeStructToLazyStructWriter(lazyStructWriter, curr, max(svClock - curr.id.clock, 0));
      reader.next();
      while (reader.curr && reader.curr.id.client === currClient) {
        writeStructToLazyStructWriter(lazyStructWriter, reader.curr, 0);
        reader.next();
      }
    } else {
      // read until something new comes up
      while (reader.curr && reader.curr.id.client === currClient && reader.curr.id.clock + reader.curr.length <= svClock) {
        reader.next();
      }
    }
  }
  finishLazyStructWriting(lazyStructWriter);
  // write ds
  const ds = readDeleteSet(decoder);
  writeDeleteSet(encoder, ds);
  return encoder.toUint8Array()
};

/**
 * @param {LazyStructWriter} lazyWriter
 */
const flushLazyStructWriter = lazyWriter => {
  if (lazyWriter.written > 0) {
    lazyWriter.clientStructs.push({ written: lazyWriter.written, restEncoder: toUint8Array(lazyWriter.encoder.restEncoder) });
    lazyWriter.encoder.restEncoder = createEncoder();
    lazyWriter.written = 0;
  }
};

/**
 * @param {LazyStructWriter} lazyWriter
 * @param {Item | GC} struct
 * @param {number} offset
 */
const writeStructToLazyStructWriter = (lazyWriter, struct, offset) => {
  // flush curr if we start another client
  if (lazyWriter.written > 0 && lazyWriter.currClient !== struct.id.client) {
    flushLazyStructWriter(lazyWriter);
  }
  if (lazyWriter.written === 0) {
    lazyWriter.currClient = struct.id.client;
    // write next client
    lazyWriter.encoder.writeClient(struct.id.client);
    // write startClock
    writeVarUint(lazyWriter.encoder.restEncoder, struct.id.clock + offset);
  }
  struct.write(lazyWriter.encoder, offset);
  lazyWriter.written++;
};
/**
 * Call this function when we collected all parts and want to
 * put all the parts together. After calling this method,
 * you can continue using the UpdateEncoder.
 *
 * @param {LazyStructWriter} lazyWriter
 */
const finishLazyStructWriting = (lazyWriter) => {
  flushLazyStructWriter(lazyWriter);

  // this is a fresh encoder because we called flushCurr
  const restEncoder = lazyWriter.encoder.restEncoder;

  /**
   * Now we put all the fragments together.
   * This works similarly to `writeClientsStructs`
   */

  // write # states that were updated - i.e. the clients
  writeVarUint(restEncoder, lazyWriter.clientStructs.length);

  for (let i = 0; i < lazyWriter.clientStructs.length; i++) {
    const partStructs = lazyWriter.clientStructs[i];
    /**
     * Works similarly to `writeStructs`
     */
    // write # encoded structs
    writeVarUint(restEncoder, partStructs.written);
    // write the rest of the fragment
    writeUint8Array(restEncoder, partStructs.restEncoder);
  }
};

/**
 * @param {Uint8Array} update
 */
const convertUpdateFormatV2ToV1 = update => update;

/**
 * @template {AbstractType<any>} T
 * YEvent describes the changes on a YType.
 */
class YEvent {
  /**
   * @param {T} target The changed type.
   * @param {Transaction} transaction
   */
  constructor (target, transaction) {
    /**
     * The type on which this event was created on.
     * @type {T}
     */
    this.target = target;
    /**
     * The current target on which the observe callback is called.
     * @type {AbstractType<any>}
     */
    this.currentTarget = target;
    /**
     * The transaction that triggered this event.
     * @type {Transaction}
     */
    this.transaction = transaction;
    /**
     * @type {Object|null}
     */
    this._changes = null;
    /**
     * @type {null | Map<string, { action: 'add' | 'update' | 'delete', oldValue: any }>}
     */
    this._keys = null;
    /**
     * @type {null | Array<{ insert?: string | Array<any> | object | AbstractType<any>, retain?: number, delete?: number, attributes?: Object<string, any> }>}
     */
    this._delta = null;
    /**
     * @type {Array<string|number>|null}
     */
    this._path = null;
  }

  /**
   * Computes the path from `y` to the changed type.
   *
   * @todo v14 should standardize on path: Array<{parent, index}> because that is easier to work with.
   *
   * The following property holds:
   * @example
   *   let type = y
   *   event.path.forEach(dir => {
   *     type = type.get(dir)
   *   })
   *   type === event.target // => true
   */

  /**
   * Check if a struct is deleted by this event.
   *
   * In contrast to change.deleted, this method also returns true if the struct was added and then deleted.
   *
   * @param {AbstractStruct} struct
   * @return {boolean}
   */
  deletes (struct) {
    return isDeleted$1(this.transaction.deleteSet, struct.id)
  }

  /**
   * @type {Map<string, { action: 'add' | 'update' | 'delete', oldValue: any }>}
   */

  /**
   * This is a computed property. Note that this can only be safely computed during the
   * event call. Computing this property after other changes happened might result in
   * unexpected behavior (incorrect computation of deltas). A safe way to collect changes
   * is to store the `changes` or the `delta` object. Avoid storing the `transaction` object.
   *
   * @type {Array<{insert?: string | Array<any> | object | AbstractType<any>, retain?: number, delete?: number, attributes?: Object<string, any>}>}
   */

  /**
   * Check if a struct is added by this event.
   *
   * In contrast to change.deleted, this method also returns true if the struct was added and then deleted.
   *
   * @param {AbstractStruct} struct
   * @return {boolean}
   */
  adds (struct) {
    return struct.id.clock >= (this.transaction.beforeState.get(struct.id.client) || 0)
  }

  /**
   * This is a computed property. Note that this can only be safely computed during the
   * event call. Computing this property after other changes happened might result in
   * unexpected behavior (incorrect computation of deltas). A safe way to collect changes
   * is to store the `changes` or the `delta` object. Avoid storing the `transaction` object.
   *
   * @type {{added:Set<Item>,deleted:Set<Item>,keys:Map<string,{action:'add'|'update'|'delete',oldValue:any}>,delta:Array<{insert?:Array<any>|string, delete?:number, retain?:number}>}}
   */
}

/**
 * https://docs.yjs.dev/getting-started/working-with-shared-types#caveats
 */
const warnPrematureAccess = () => { };

const maxSearchMarker = 80;

/**
 * A unique timestamp that identifies each marker.
 *
 * Time is relative,.. this is more like an ever-increasing clock.
 *
 * @type {number}
 */
let globalSearchMarkerTimestamp = 0;

class ArraySearchMarker {
  /**
   * @param {Item} p
   * @param {number} index
   */
  constructor (p, index) {
    p.marker = true;
    this.p = p;
    this.index = index;
    this.timestamp = globalSearchMarkerTimestamp++;
  }
}

/**
 * @param {ArraySearchMarker} marker
 */
const refreshMarkerTimestamp = marker => { marker.timestamp = globalSearchMarkerTimestamp++; };

/**
 * This is rather complex so this function is the only thing that should overwrite a marker
 *
 * @param {ArraySearchMarker} marker
 * @param {Item} p
 * @param {number} index
 */
const overwriteMarker = (marker, p, index) => {
  marker.p.marker = false;
  marker.p = p;
  p.marker = true;
  marker.index = index;
  marker.timestamp = globalSearchMarkerTimestamp++;
};

/**
 * @param {Array<ArraySearchMarker>} searchMarker
 * @param {Item} p
 * @param {number} index
 */
const markPosition = (searchMarker, p, index) => {
  if (searchMarker.length >= maxSearchMarker) {
    // override oldest marker (we don't want to create more objects)
    const marker = searchMarker.reduce((a, b) => a.timestamp < b.timestamp ? a : b);
    overwriteMarker(marker, p, index);
    return marker
  } else {
    // create new marker
    const pm = new ArraySearchMarker(p, index);
    searchMarker.push(pm);
    return pm
  }
};

/**
 * Search marker help us to find positions in the associative array faster.
 *
 * They speed up the process of finding a position without much bookkeeping.
 *
 * A maximum of `maxSearchMarker` objects are created.
 *
 * This function always returns a refreshed marker (updated timestamp)
 *
 * @param {AbstractType<any>} yarray
 * @param {number} index
 */
const findMarker = (yarray, index) => {
  if (yarray._start === null || index === 0 || yarray._searchMarker === null) {
    return null
  }
  const marker = yarray._searchMarker.length === 0 ? null : yarray._searchMarker.reduce((a, b) => abs(index - a.index) < abs(index - b.index) ? a : b);
  let p = yarray._start;
  let pindex = 0;
  if (marker !== null) {
    p = marker.p;
    pindex = marker.index;
    refreshMarkerTimestamp(marker); // we used it, we might need to use it again
  }
  // iterate to right if possible
  while (p.right !== null && pindex < index) {
    if (!p.deleted && p.countable) {
      if (index < pindex + p.length) {
        break
      }
      pindex += p.length;
    }
    p = p.right;
  }
  // iterate to left if necessary (might be that pindex > index)
  while (p.left !== null && pindex > index) {
    p = p.left;
    if (!p.deleted && p.countable) {
      pindex -= p.length;
    }
  }
  // we want to make sure that p can't be merged with left, because that would screw up everything
  // in that cas just return what we have (it is most likely the best marker anyway)
  // iterate to left until p can't be merged with left
  while (p.left !== null && p.left.id.client === p.id.client && p.left.id.clock + p.left.length === p.id.clock) {
    p = p.left;
    if (!p.deleted && p.countable) {
      pindex -= p.length;
    }
  }

  // @todo remove!
  // assure position
  // {
  //   let start = yarray._start
  //   let pos = 0
  //   while (start !== p) {
  //     if (!start.deleted && start.countable) {
  //       pos += start.length
  //     }
  //     start = /** @type {Item} */ (start.right)
  //   }
  //   if (pos !== pindex) {
  //     debugger
  //     throw new Error('Gotcha position fail!')
  //   }
  // }
  // if (marker) {
  //   if (window.lengths == null) {
  //     window.lengths = []
  //     window.getLengths = () => window.lengths.sort((a, b) => a - b)
  //   }
  //   window.lengths.push(marker.index - pindex)
  //   console.log('distance', marker.index - pindex, 'len', p && p.parent.length)
  // }
  if (marker !== null && abs(marker.index - pindex) < /** @type {YText|YArray<any>} */ (p.parent).length / maxSearchMarker) {
    // adjust existing marker
    overwriteMarker(marker, p, pindex);
    return marker
  } else {
    // create new marker
    return markPosition(yarray._searchMarker, p, pindex)
  }
};

/**
 * Update markers when a change happened.
 *
 * This should be called before doing a deletion!
 *
 * @param {Array<ArraySearchMarker>} searchMarker
 * @param {number} index
 * @param {number} len If insertion, len is positive. If deletion, len is negative.
 */
const updateMarkerChanges = (searchMarker, index, len) => {
  for (let i = searchMarker.length - 1; i >= 0; i--) {
    const m = searchMarker[i];
    if (len > 0) {
      /**
       * @type {Item|null}
       */
      let p = m.p;
      p.marker = false;
      // Ideally we just want to do a simple position comparison, but this will only work if
      // search markers don't point to deleted items for formats.
      // Iterate marker to prev undeleted countable position so we know what to do when updating a position
      while (p && (p.deleted || !p.countable)) {
        p = p.left;
        if (p && !p.deleted && p.countable) {
          // adjust position. the loop should break now
          m.index -= p.length;
        }
      }
      if (p === null || p.marker === true) {
        // remove search marker if updated position is null or if position is already marked
        searchMarker.splice(i, 1);
        continue
      }
      m.p = p;
      p.marker = true;
    }
    if (index < m.index || (len > 0 && index === m.index)) { // a simple index <= m.index check would actually suffice
      m.index = max(index, m.index + len);
    }
  }
};

/**
 * Call event listeners with an event. This will also add an event to all
 * parents (for `.observeDeep` handlers).
 *
 * @template EventType
 * @param {AbstractType<EventType>} type
 * @param {Transaction} transaction
 * @param {EventType} event
 */
const callTypeObservers = (type, transaction, event) => {
  const changedType = type;
  const changedParentTypes = transaction.changedParentTypes;
  while (true) {
    // @ts-ignore
    setIfUndefined(changedParentTypes, type, () => []).push(event);
    if (type._item === null) {
      break
    }
    type = /** @type {AbstractType<any>} */ (type._item.parent);
  }
  callEventHandlerListeners(changedType._eH, event, transaction);
};

/**
 * @template EventType
 * Abstract Yjs Type class
 */
class AbstractType {
  constructor () {
    /**
     * @type {Item|null}
     */
    this._item = null;
    /**
     * @type {Map<string,Item>}
     */
    this._map = new Map();
    /**
     * @type {Item|null}
     */
    this._start = null;
    /**
     * @type {Doc|null}
     */
    this.doc = null;
    this._length = 0;
    /**
     * Event handlers
     * @type {EventHandler<EventType,Transaction>}
     */
    this._eH = createEventHandler();
    /**
     * Deep event handlers
     * @type {EventHandler<Array<YEvent<any>>,Transaction>}
     */
    this._dEH = createEventHandler();
    /**
     * @type {null | Array<ArraySearchMarker>}
     */
    this._searchMarker = null;
  }

  /**
   * @return {AbstractType<any>|null}
   */
  get parent () {
    return this._item ? /** @type {AbstractType<any>} */ (this._item.parent) : null
  }

  /**
   * Integrate this type into the Yjs instance.
   *
   * * Save this struct in the os
   * * This type is sent to other client
   * * Observer functions are fired
   *
   * @param {Doc} y The Yjs instance
   * @param {Item|null} item
   */
  _integrate (y, item) {
    this.doc = y;
    this._item = item;
  }

  /**
   * @return {AbstractType<EventType>}
   */
  _copy () {
    throw methodUnimplemented()
  }

  /**
   * Makes a copy of this data type that can be included somewhere else.
   *
   * Note that the content is only readable _after_ it has been included somewhere in the Ydoc.
   *
   * @return {AbstractType<EventType>}
   */

  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} _encoder
   */
  _write (_encoder) { }

  /**
   * The first non-deleted item
   */
  get _first () {
    let n = this._start;
    while (n !== null && n.deleted) {
      n = n.right;
    }
    return n
  }

  /**
   * Creates YEvent and calls all type observers.
   * Must be implemented by each type.
   *
   * @param {Transaction} transaction
   * @param {Set<null|string>} _parentSubs Keys changed on this type. `null` if list was modified.
   */
  _callObserver (transaction, _parentSubs) {
    if (!transaction.local && this._searchMarker) {
      this._searchMarker.length = 0;
    }
  }

  /**
   * Observe all events that are created on this type.
   *
   * @param {function(EventType, Transaction):void} f Observer function
   */
  observe (f) {
    addEventHandlerListener(this._eH, f);
  }

  /**
   * Observe all events that are created by this type and its children.
   *
   * @param {function(Array<YEvent<any>>,Transaction):void} f Observer function
   */

  /**
   * Unregister an observer function.
   *
   * @param {function(EventType,Transaction):void} f Observer function
   */
  unobserve (f) {
    removeEventHandlerListener(this._eH, f);
  }

  /**
   * Unregister an observer function.
   *
   * @param {function(Array<YEvent<any>>,Transaction):void} f Observer function
   */

  /**
   * @abstract
   * @return {any}
   */
  toJSON () {}
}

/**
 * @param {Transaction} transaction
 * @param {AbstractType<any>} parent
 * @param {string} key
 * @param {Object|number|null|Array<any>|string|Uint8Array|AbstractType<any>} value
 *
 * @private
 * @function
 */
const typeMapSet = (transaction, parent, key, value) => {
  const left = parent._map.get(key) || null;
  const doc = transaction.doc;
  const ownClientId = doc.clientID;
  const content = new ContentAny([value]);
  new Item(createID(ownClientId, getState(doc.store, ownClientId)), left, left && left.lastId, null, null, parent, key, content).integrate(transaction, 0);
};

/**
 * @param {AbstractType<any>} parent
 * @param {string} key
 * @return {Object<string,any>|number|null|Array<any>|string|Uint8Array|AbstractType<any>|undefined}
 *
 * @private
 * @function
 */
const typeMapGet = (parent, key) => {
  parent.doc ?? warnPrematureAccess();
  const val = parent._map.get(key);
  return val !== undefined && !val.deleted ? val.content.getContent()[val.length - 1] : undefined
};

/**
 * @param {AbstractType<any>} parent
 * @param {string} key
 * @return {boolean}
 *
 * @private
 * @function
 */
const typeMapHas = (parent, key) => {
  parent.doc ?? warnPrematureAccess();
  const val = parent._map.get(key);
  return val !== undefined && !val.deleted
};

/**
 * @param {AbstractType<any> & { _map: Map<string, Item> }} type
 * @return {IterableIterator<Array<any>>}
 *
 * @private
 * @function
 */
const createMapIterator = type => {
  type.doc ?? warnPrematureAccess();
  return iteratorFilter(type._map.entries(), /** @param {any} entry */ entry => !entry[1].deleted)
};

/**
 * A shared Array implementation.
 * @template T
 * @extends AbstractType<YArrayEvent<T>>
 * @implements {Iterable<T>}
 */
class YArray extends AbstractType {
    _copy () { return new YArray() }
    _write (encoder) { encoder.writeTypeRef(YArrayRefID); }
  }

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} _decoder
 *
 * @private
 * @function
 */
const readYArray = _decoder => new YArray();

/**
 * @module YMap
 */


/**
 * @template T
 * @extends YEvent<YMap<T>>
 * Event that describes the changes on a YMap.
 */
class YMapEvent extends YEvent {
  /**
   * @param {YMap<T>} ymap The YArray that changed.
   * @param {Transaction} transaction
   * @param {Set<any>} subs The keys that changed.
   */
  constructor (ymap, transaction, subs) {
    super(ymap, transaction);
    this.keysChanged = subs;
  }
}

/**
 * @template MapType
 * A shared Map implementation.
 *
 * @extends AbstractType<YMapEvent<MapType>>
 * @implements {Iterable<[string, MapType]>}
 */
class YMap extends AbstractType {
  /**
   *
   * @param {Iterable<readonly [string, any]>=} entries - an optional iterable to initialize the YMap
   */
  constructor (entries) {
    super();
    /**
     * @type {Map<string,any>?}
     * @private
     */
    this._prelimContent = null;

    if (entries === undefined) {
      this._prelimContent = new Map();
    } else {
      this._prelimContent = new Map(entries);
    }
  }

  /**
   * Integrate this type into the Yjs instance.
   *
   * * Save this struct in the os
   * * This type is sent to other client
   * * Observer functions are fired
   *
   * @param {Doc} y The Yjs instance
   * @param {Item} item
   */
  _integrate (y, item) {
    super._integrate(y, item)
    ;/** @type {Map<string, any>} */ (this._prelimContent).forEach((value, key) => {
      this.set(key, value);
    });
    this._prelimContent = null;
  }

  /**
   * @return {YMap<MapType>}
   */
  _copy () {
    return new YMap()
  }

  /**
   * Makes a copy of this data type that can be included somewhere else.
   *
   * Note that the content is only readable _after_ it has been included somewhere in the Ydoc.
   *
   * @return {YMap<MapType>}
   */

  /**
   * Creates YMapEvent and calls observers.
   *
   * @param {Transaction} transaction
   * @param {Set<null|string>} parentSubs Keys changed on this type. `null` if list was modified.
   */
  _callObserver (transaction, parentSubs) {
    callTypeObservers(this, transaction, new YMapEvent(this, transaction, parentSubs));
  }

  /**
   * Transforms this Shared Type to a JSON object.
   *
   * @return {Object<string,any>}
   */

  /**
   * Returns the size of the YMap (count of key/value pairs)
   *
   * @return {number}
   */

  /**
   * Returns the keys for each element in the YMap Type.
   *
   * @return {IterableIterator<string>}
   */
  keys () {
    return iteratorMap(createMapIterator(this), /** @param {any} v */ v => v[0])
  }

  /**
   * Returns the values for each element in the YMap Type.
   *
   * @return {IterableIterator<MapType>}
   */

  /**
   * Returns an Iterator of [key, value] pairs
   *
   * @return {IterableIterator<[string, MapType]>}
   */

  /**
   * Executes a provided function on once on every key-value pair.
   *
   * @param {function(MapType,string,YMap<MapType>):void} f A function to execute on every element of this YArray.
   */

  /**
   * Returns an Iterator of [key, value] pairs
   *
   * @return {IterableIterator<[string, MapType]>}
   */

  /**
   * Remove a specified element from this YMap.
   *
   * @param {string} key The key of the element to remove.
   */

  /**
   * Adds or updates an element with a specified key and value.
   * @template {MapType} VAL
   *
   * @param {string} key The key of the element to add to this YMap
   * @param {VAL} value The value of the element to add
   * @return {VAL}
   */
  set (key, value) {
    if (this.doc !== null) {
      transact(this.doc, transaction => {
        typeMapSet(transaction, this, key, /** @type {any} */ (value));
      });
    } else {
      /** @type {Map<string, any>} */ (this._prelimContent).set(key, value);
    }
    return value
  }

  /**
   * Returns a specified element from this YMap.
   *
   * @param {string} key
   * @return {MapType|undefined}
   */
  get (key) {
    return /** @type {any} */ (typeMapGet(this, key))
  }

  /**
   * Returns a boolean indicating whether the specified key exists or not.
   *
   * @param {string} key The key to test.
   * @return {boolean}
   */
  has (key) {
    return typeMapHas(this, key)
  }

  /**
   * Removes all elements from this YMap.
   */

  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   */
  _write (encoder) {
    encoder.writeTypeRef(YMapRefID);
  }
}

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} _decoder
 *
 * @private
 * @function
 */
const readYMap = _decoder => new YMap();

/**
 * @module YText
 */


/**
 * @param {any} a
 * @param {any} b
 * @return {boolean}
 */
const equalAttrs = (a, b) => a === b || (typeof a === 'object' && typeof b === 'object' && a && b && equalFlat(a, b));

class ItemTextListPosition {
  /**
   * @param {Item|null} left
   * @param {Item|null} right
   * @param {number} index
   * @param {Map<string,any>} currentAttributes
   */
  constructor (left, right, index, currentAttributes) {
    this.left = left;
    this.right = right;
    this.index = index;
    this.currentAttributes = currentAttributes;
  }

  /**
   * Only call this if you know that this.right is defined
   */
  forward () {
    if (this.right === null) {
      unexpectedCase();
    }
    switch (this.right.content.constructor) {
      case ContentFormat:
        if (!this.right.deleted) {
          updateCurrentAttributes(this.currentAttributes, /** @type {ContentFormat} */ (this.right.content));
        }
        break
      default:
        if (!this.right.deleted) {
          this.index += this.right.length;
        }
        break
    }
    this.left = this.right;
    this.right = this.right.right;
  }
}

/**
 * @param {Transaction} transaction
 * @param {ItemTextListPosition} pos
 * @param {number} count steps to move forward
 * @return {ItemTextListPosition}
 *
 * @private
 * @function
 */
const findNextPosition = (transaction, pos, count) => {
  while (pos.right !== null && count > 0) {
    switch (pos.right.content.constructor) {
      case ContentFormat:
        if (!pos.right.deleted) {
          updateCurrentAttributes(pos.currentAttributes, /** @type {ContentFormat} */ (pos.right.content));
        }
        break
      default:
        if (!pos.right.deleted) {
          if (count < pos.right.length) {
            // split right
            getItemCleanStart(transaction, createID(pos.right.id.client, pos.right.id.clock + count));
          }
          pos.index += pos.right.length;
          count -= pos.right.length;
        }
        break
    }
    pos.left = pos.right;
    pos.right = pos.right.right;
    // pos.forward() - we don't forward because that would halve the performance because we already do the checks above
  }
  return pos
};

/**
 * @param {Transaction} transaction
 * @param {AbstractType<any>} parent
 * @param {number} index
 * @param {boolean} useSearchMarker
 * @return {ItemTextListPosition}
 *
 * @private
 * @function
 */
const findPosition = (transaction, parent, index, useSearchMarker) => {
  const currentAttributes = new Map();
  const marker = useSearchMarker ? findMarker(parent, index) : null;
  if (marker) {
    const pos = new ItemTextListPosition(marker.p.left, marker.p, marker.index, currentAttributes);
    return findNextPosition(transaction, pos, index - marker.index)
  } else {
    const pos = new ItemTextListPosition(null, parent._start, 0, currentAttributes);
    return findNextPosition(transaction, pos, index)
  }
};

/**
 * @param {Map<string,any>} currentAttributes
 * @param {ContentFormat} format
 *
 * @private
 * @function
 */
const updateCurrentAttributes = (currentAttributes, format) => {
  const { key, value } = format;
  if (value === null) {
    currentAttributes.delete(key);
  } else {
    currentAttributes.set(key, value);
  }
};

/**
 * @param {ItemTextListPosition} currPos
 * @param {Object<string,any>} attributes
 *
 * @private
 * @function
 */
const minimizeAttributeChanges = (currPos, attributes) => {
  // go right while attributes[right.key] === right.value (or right is deleted)
  while (true) {
    if (currPos.right === null) {
      break
    } else if (currPos.right.deleted || (currPos.right.content.constructor === ContentFormat && equalAttrs(attributes[(/** @type {ContentFormat} */ (currPos.right.content)).key] ?? null, /** @type {ContentFormat} */ (currPos.right.content).value))) ; else {
      break
    }
    currPos.forward();
  }
};

/**
 * @param {Transaction} transaction
 * @param {AbstractType<any>} parent
 * @param {ItemTextListPosition} currPos
 * @param {string|object|AbstractType<any>} text
 * @param {Object<string,any>} attributes
 *
 * @private
 * @function
 **/
const insertText = (transaction, parent, currPos, text, attributes) => {
  minimizeAttributeChanges(currPos, attributes);
  const { left, right, index } = currPos;
  const { doc } = transaction;
  if (parent._searchMarker) updateMarkerChanges(parent._searchMarker, index, text.length);
  const id = createID(doc.clientID, getState(doc.store, doc.clientID));
  new Item(id, left, left && left.lastId, right, right && right.id, parent, null, new ContentString(text)).integrate(transaction, 0);
};

/**
 * @param {Transaction} transaction
 * @param {ItemTextListPosition} currPos
 * @param {number} length
 * @return {ItemTextListPosition}
 *
 * @private
 * @function
 */
const deleteText = (transaction, currPos, length) => {
  const startLength = length;
  while (length > 0 && currPos.right !== null) {
    if (currPos.right.deleted === false) {
      switch (currPos.right.content.constructor) {
        case ContentType:
        case ContentEmbed:
        case ContentString:
          if (length < currPos.right.length) {
            getItemCleanStart(transaction, createID(currPos.right.id.client, currPos.right.id.clock + length));
          }
          length -= currPos.right.length;
          currPos.right.delete(transaction);
          break
      }
    }
    currPos.forward();
  }
  const parent = /** @type {AbstractType<any>} */ (/** @type {Item} */ (currPos.left || currPos.right).parent);
  if (parent._searchMarker) {
    updateMarkerChanges(parent._searchMarker, currPos.index, -startLength + length);
  }
  return currPos
};

/**
 * The Quill Delta format represents changes on a text document with
 * formatting information. For more information visit {@link https://quilljs.com/docs/delta/|Quill Delta}
 *
 * @example
 *   {
 *     ops: [
 *       { insert: 'Gandalf', attributes: { bold: true } },
 *       { insert: ' the ' },
 *       { insert: 'Grey', attributes: { color: '#cccccc' } }
 *     ]
 *   }
 *
 */

/**
  * Attributes that can be assigned to a selection of text.
  *
  * @example
  *   {
  *     bold: true,
  *     font-size: '40px'
  *   }
  *
  * @typedef {Object} TextAttributes
  */

/**
 * @extends YEvent<YText>
 * Event that describes the changes on a YText type.
 */
class YTextEvent extends YEvent {
  /**
   * @param {YText} ytext
   * @param {Transaction} transaction
   * @param {Set<any>} subs The keys that changed
   */
  constructor (ytext, transaction, subs) {
    super(ytext, transaction);
    /**
     * Whether the children changed.
     * @type {Boolean}
     * @private
     */
    this.childListChanged = false;
    /**
     * Set of all changed attributes.
     * @type {Set<string>}
     */
    this.keysChanged = new Set();
    subs.forEach((sub) => {
      if (sub === null) {
        this.childListChanged = true;
      } else {
        this.keysChanged.add(sub);
      }
    });
  }

  /**
   * @type {{added:Set<Item>,deleted:Set<Item>,keys:Map<string,{action:'add'|'update'|'delete',oldValue:any}>,delta:Array<{insert?:Array<any>|string, delete?:number, retain?:number}>}}
   */

  /**
   * Compute the changes in the delta format.
   * A {@link https://quilljs.com/docs/delta/|Quill Delta}) that represents the changes on the document.
   *
   * @type {Array<{insert?:string|object|AbstractType<any>, delete?:number, retain?:number, attributes?: Object<string,any>}>}
   *
   * @public
   */
  get delta () {
    if (this._delta !== null) return this._delta
    const delta = this._delta = [];
    const add = (kind, value) => {
      const last = delta[delta.length - 1];
      if (last !== undefined && typeof last[kind] === typeof value && typeof value !== 'object') last[kind] += value;
      else delta.push({ [kind]: value });
    };
    for (let item = this.target._start; item !== null; item = item.right) {
      if (!item.content.isCountable()) continue
      if (this.adds(item)) {
        if (!this.deletes(item)) add('insert', item.content instanceof ContentString ? item.content.str : item.content.getContent()[0]);
      } else if (this.deletes(item)) add('delete', item.length);
      else if (!item.deleted) add('retain', item.length);
    }
    if (delta.length > 0 && delta[delta.length - 1].retain !== undefined) delta.pop();
    return delta
  }
}

/**
 * Type that represents text with formatting information.
 *
 * This type replaces y-richtext as this implementation is able to handle
 * block formats (format information on a paragraph), embeds (complex elements
 * like pictures and videos), and text formats (**bold**, *italic*).
 *
 * @extends AbstractType<YTextEvent>
 */
class YText extends AbstractType {
  /**
   * @param {String} [string] The initial value of the YText.
   */
  constructor (string) {
    super();
    /**
     * Array of pending operations on this type
     * @type {Array<function():void>?}
     */
    this._pending = string !== undefined ? [() => this.insert(0, string)] : [];
    /**
     * @type {Array<ArraySearchMarker>|null}
     */
    this._searchMarker = [];
    /**
     * Whether this YText contains formatting attributes.
     * This flag is updated when a formatting item is integrated (see ContentFormat.integrate)
     */
    this._hasFormatting = false;
  }

  /**
   * Number of characters of this text type.
   *
   * @type {number}
   */
  get length () {
    this.doc ?? warnPrematureAccess();
    return this._length
  }

  /**
   * @param {Doc} y
   * @param {Item} item
   */
  _integrate (y, item) {
    super._integrate(y, item);
    try {
      /** @type {Array<function>} */ (this._pending).forEach(f => f());
    } catch (e) {
      console.error(e);
    }
    this._pending = null;
  }

  _copy () {
    return new YText()
  }

  /**
   * Makes a copy of this data type that can be included somewhere else.
   *
   * Note that the content is only readable _after_ it has been included somewhere in the Ydoc.
   *
   * @return {YText}
   */

  /**
   * Creates YTextEvent and calls observers.
   *
   * @param {Transaction} transaction
   * @param {Set<null|string>} parentSubs Keys changed on this type. `null` if list was modified.
   */
  _callObserver (transaction, parentSubs) {
    super._callObserver(transaction, parentSubs);
    const event = new YTextEvent(this, transaction, parentSubs);
    callTypeObservers(this, transaction, event);
  }

  /**
   * Returns the unformatted string representation of this YText type.
   *
   * @public
   */
  toString () {
    this.doc ?? warnPrematureAccess();
    let str = '';
    /**
     * @type {Item|null}
     */
    let n = this._start;
    while (n !== null) {
      if (!n.deleted && n.countable && n.content.constructor === ContentString) {
        str += /** @type {ContentString} */ (n.content).str;
      }
      n = n.right;
    }
    return str
  }

  /**
   * Returns the unformatted string representation of this YText type.
   *
   * @return {string}
   * @public
   */

  /**
   * Apply a {@link Delta} on this shared YText type.
   *
   * @param {Array<any>} delta The changes to apply on this element.
   * @param {object}  opts
   * @param {boolean} [opts.sanitize] Sanitize input delta. Removes ending newlines if set to true.
   *
   *
   * @public
   */

  /**
   * Returns the Delta representation of this YText type.
   *
   * @param {Snapshot} [snapshot]
   * @param {Snapshot} [prevSnapshot]
   * @param {function('removed' | 'added', ID):any} [computeYChange]
   * @return {any} The Delta representation of this type.
   *
   * @public
   */

  /**
   * Insert text at a given index.
   *
   * @param {number} index The index at which to start inserting.
   * @param {String} text The text to insert at the specified position.
   * @param {TextAttributes} [attributes] Optionally define some formatting
   *                                    information to apply on the inserted
   *                                    Text.
   * @public
   */
  insert (index, text, attributes) {
    if (text.length <= 0) {
      return
    }
    const y = this.doc;
    if (y !== null) {
      transact(y, transaction => {
        const pos = findPosition(transaction, this, index, !attributes);
        if (!attributes) {
          attributes = {};
          // @ts-ignore
          pos.currentAttributes.forEach((v, k) => { attributes[k] = v; });
        }
        insertText(transaction, this, pos, text, attributes);
      });
    } else {
      /** @type {Array<function>} */ (this._pending).push(() => this.insert(index, text, attributes));
    }
  }

  /**
   * Inserts an embed at a index.
   *
   * @param {number} index The index to insert the embed at.
   * @param {Object | AbstractType<any>} embed The Object that represents the embed.
   * @param {TextAttributes} [attributes] Attribute information to apply on the
   *                                    embed
   *
   * @public
   */

  /**
   * Deletes text starting from an index.
   *
   * @param {number} index Index at which to start deleting.
   * @param {number} length The number of characters to remove. Defaults to 1.
   *
   * @public
   */
  delete (index, length) {
    if (length === 0) {
      return
    }
    const y = this.doc;
    if (y !== null) {
      transact(y, transaction => {
        deleteText(transaction, findPosition(transaction, this, index, true), length);
      });
    } else {
      /** @type {Array<function>} */ (this._pending).push(() => this.delete(index, length));
    }
  }

  /**
   * Assigns properties to a range of text.
   *
   * @param {number} index The position where to start formatting.
   * @param {number} length The amount of characters to assign properties to.
   * @param {TextAttributes} attributes Attribute information to apply on the
   *                                    text.
   *
   * @public
   */

  /**
   * Removes an attribute.
   *
   * @note Xml-Text nodes don't have attributes. You can use this feature to assign properties to complete text-blocks.
   *
   * @param {String} attributeName The attribute name that is to be removed.
   *
   * @public
   */

  /**
   * Sets or updates an attribute.
   *
   * @note Xml-Text nodes don't have attributes. You can use this feature to assign properties to complete text-blocks.
   *
   * @param {String} attributeName The attribute name that is to be set.
   * @param {any} attributeValue The attribute value that is to be set.
   *
   * @public
   */

  /**
   * Returns an attribute value that belongs to the attribute name.
   *
   * @note Xml-Text nodes don't have attributes. You can use this feature to assign properties to complete text-blocks.
   *
   * @param {String} attributeName The attribute name that identifies the
   *                               queried value.
   * @return {any} The queried attribute value.
   *
   * @public
   */

  /**
   * Returns all attribute name/value pairs in a JSON Object.
   *
   * @note Xml-Text nodes don't have attributes. You can use this feature to assign properties to complete text-blocks.
   *
   * @return {Object<string, any>} A JSON Object that describes the attributes.
   *
   * @public
   */

  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   */
  _write (encoder) {
    encoder.writeTypeRef(YTextRefID);
  }
}

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} _decoder
 * @return {YText}
 *
 * @private
 * @function
 */
const readYText = _decoder => new YText();

/**
 * @module YXml
 */


/**
 * Define the elements to which a set of CSS queries apply.
 * {@link https://developer.mozilla.org/en-US/docs/Web/CSS/CSS_Selectors|CSS_Selectors}
 *
 * @example
 *   query = '.classSelector'
 *   query = 'nodeSelector'
 *   query = '#idSelector'
 *
 * @typedef {string} CSS_Selector
 */

/**
 * Dom filter function.
 *
 * @callback domFilter
 * @param {string} nodeName The nodeName of the element
 * @param {Map} attributes The map of attributes.
 * @return {boolean} Whether to include the Dom node in the YXmlElement.
 */

/**
 * Represents a subset of the nodes of a YXmlElement / YXmlFragment and a
 * position within them.
 *
 * Can be created with {@link YXmlFragment#createTreeWalker}
 *
 * @public
 * @implements {Iterable<YXmlElement|YXmlText|YXmlElement|YXmlHook>}
 */


/**
 * Represents a list of {@link YXmlElement}.and {@link YXmlText} types.
 * A YxmlFragment is similar to a {@link YXmlElement}, but it does not have a
 * nodeName and it does not have attributes. Though it can be bound to a DOM
 * element - in this case the attributes and the nodeName are not shared.
 *
 * @public
 * @extends AbstractType<YXmlEvent>
 */
class YXmlFragment extends AbstractType {
    _copy () { return new YXmlFragment() }
    _write (encoder) { encoder.writeTypeRef(YXmlFragmentRefID); }
  }

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} _decoder
 * @return {YXmlFragment}
 *
 * @private
 * @function
 */
const readYXmlFragment = _decoder => new YXmlFragment();

/**
 * @typedef {Object|number|null|Array<any>|string|Uint8Array|AbstractType<any>} ValueTypes
 */

/**
 * An YXmlElement imitates the behavior of a
 * https://developer.mozilla.org/en-US/docs/Web/API/Element|Dom Element
 *
 * * An YXmlElement has attributes (key value pairs)
 * * An YXmlElement has childElements that must inherit from YXmlElement
 *
 * @template {{ [key: string]: ValueTypes }} [KV={ [key: string]: string }]
 */
class YXmlElement extends YXmlFragment {
    constructor (nodeName) { super(); this.nodeName = nodeName; }
    _copy () { return new YXmlElement(this.nodeName) }
    _write (encoder) { encoder.writeTypeRef(YXmlElementRefID); encoder.writeKey(this.nodeName); }
  }

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 * @return {YXmlElement}
 *
 * @function
 */
const readYXmlElement = decoder => new YXmlElement(decoder.readKey());

/**
 * @extends YEvent<YXmlElement|YXmlText|YXmlFragment>
 * An Event that describes changes on a YXml Element or Yxml Fragment
 */


/**
 * You can manage binding to a custom type with YXmlHook.
 *
 * @extends {YMap<any>}
 */
class YXmlHook extends YMap {
    constructor (hookName) { super(); this.hookName = hookName; }
    _copy () { return new YXmlHook(this.hookName) }
    _write (encoder) { encoder.writeTypeRef(YXmlHookRefID); encoder.writeKey(this.hookName); }
  }

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 * @return {YXmlHook}
 *
 * @private
 * @function
 */
const readYXmlHook = decoder =>
  new YXmlHook(decoder.readKey());

/**
 * Represents text in a Dom Element. In the future this type will also handle
 * simple formatting information like bold and italic.
 */
class YXmlText extends YText {
    _copy () { return new YXmlText() }
    _write (encoder) { encoder.writeTypeRef(YXmlTextRefID); }
  }

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 * @return {YXmlText}
 *
 * @private
 * @function
 */
const readYXmlText = decoder => new YXmlText();

class AbstractStruct {
  /**
   * @param {ID} id
   * @param {number} length
   */
  constructor (id, length) {
    this.id = id;
    this.length = length;
  }

  /**
   * @type {boolean}
   */
  get deleted () {
    throw methodUnimplemented()
  }

  /**
   * Merge this struct with the item to the right.
   * This method is already assuming that `this.id.clock + this.length === this.id.clock`.
   * Also this method does *not* remove right from StructStore!
   * @param {AbstractStruct} right
   * @return {boolean} whether this merged with right
   */
  mergeWith (right) {
    return false
  }

  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder The encoder to write data to.
   * @param {number} offset
   * @param {number} encodingRef
   */
  write (encoder, offset, encodingRef) {
    throw methodUnimplemented()
  }

  /**
   * @param {Transaction} transaction
   * @param {number} offset
   */
  integrate (transaction, offset) {
    throw methodUnimplemented()
  }
}

const structGCRefNumber = 0;

/**
 * @private
 */
class GC extends AbstractStruct {
  get deleted () {
    return true
  }

  delete () {}

  /**
   * @param {GC} right
   * @return {boolean}
   */
  mergeWith (right) {
    if (this.constructor !== right.constructor) {
      return false
    }
    this.length += right.length;
    return true
  }

  /**
   * @param {Transaction} transaction
   * @param {number} offset
   */
  integrate (transaction, offset) {
    if (offset > 0) {
      this.id.clock += offset;
      this.length -= offset;
    }
    addStruct(transaction.doc.store, this);
  }

  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   * @param {number} offset
   */
  write (encoder, offset) {
    encoder.writeInfo(structGCRefNumber);
    encoder.writeLen(this.length - offset);
  }

  /**
   * @param {Transaction} transaction
   * @param {StructStore} store
   * @return {null | number}
   */
  getMissing (transaction, store) {
    return null
  }
}

class ContentBinary {
  /**
   * @param {Uint8Array} content
   */
  constructor (content) {
    this.content = content;
  }

  /**
   * @return {number}
   */
  getLength () {
    return 1
  }

  /**
   * @return {Array<any>}
   */
  getContent () {
    return [this.content]
  }

  /**
   * @return {boolean}
   */
  isCountable () {
    return true
  }

  /**
   * @return {ContentBinary}
   */
  copy () {
    return new ContentBinary(this.content)
  }

  /**
   * @param {number} offset
   * @return {ContentBinary}
   */
  splice (offset) {
    throw methodUnimplemented()
  }

  /**
   * @param {ContentBinary} right
   * @return {boolean}
   */
  mergeWith (right) {
    return false
  }

  /**
   * @param {Transaction} transaction
   * @param {Item} item
   */
  integrate (transaction, item) {}
  /**
   * @param {Transaction} transaction
   */
  delete (transaction) {}
  /**
   * @param {StructStore} store
   */
  gc (store) {}
  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   * @param {number} offset
   */
  write (encoder, offset) {
    encoder.writeBuf(this.content);
  }

  /**
   * @return {number}
   */
  getRef () {
    return 3
  }
}

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2 } decoder
 * @return {ContentBinary}
 */
const readContentBinary = decoder => new ContentBinary(decoder.readBuf());

class ContentDeleted {
  /**
   * @param {number} len
   */
  constructor (len) {
    this.len = len;
  }

  /**
   * @return {number}
   */
  getLength () {
    return this.len
  }

  /**
   * @return {Array<any>}
   */
  getContent () {
    return []
  }

  /**
   * @return {boolean}
   */
  isCountable () {
    return false
  }

  /**
   * @return {ContentDeleted}
   */
  copy () {
    return new ContentDeleted(this.len)
  }

  /**
   * @param {number} offset
   * @return {ContentDeleted}
   */
  splice (offset) {
    const right = new ContentDeleted(this.len - offset);
    this.len = offset;
    return right
  }

  /**
   * @param {ContentDeleted} right
   * @return {boolean}
   */
  mergeWith (right) {
    this.len += right.len;
    return true
  }

  /**
   * @param {Transaction} transaction
   * @param {Item} item
   */
  integrate (transaction, item) {
    addToDeleteSet(transaction.deleteSet, item.id.client, item.id.clock, this.len);
    item.markDeleted();
  }

  /**
   * @param {Transaction} transaction
   */
  delete (transaction) {}
  /**
   * @param {StructStore} store
   */
  gc (store) {}
  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   * @param {number} offset
   */
  write (encoder, offset) {
    encoder.writeLen(this.len - offset);
  }

  /**
   * @return {number}
   */
  getRef () {
    return 1
  }
}

/**
 * @private
 *
 * @param {UpdateDecoderV1 | UpdateDecoderV2 } decoder
 * @return {ContentDeleted}
 */
const readContentDeleted = decoder => new ContentDeleted(decoder.readLen());

/**
 * @private
 */
class ContentDoc {
    constructor (guid, opts) { this.guid = guid; this.opts = opts; }
    getLength () { return 1 }
    getContent () { return [null] }
    isCountable () { return true }
    copy () { return new ContentDoc(this.guid, this.opts) }
    splice () {}
    mergeWith () { return false }
    integrate () {}
    delete () {}
    gc () {}
    write (encoder) { encoder.writeString(this.guid); encoder.writeAny(this.opts); }
    getRef () { return 9 }
  }

/**
 * @private
 *
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 * @return {ContentDoc}
 */
const readContentDoc = decoder => new ContentDoc(decoder.readString(), decoder.readAny());

/**
 * @private
 */
class ContentEmbed {
  /**
   * @param {Object} embed
   */
  constructor (embed) {
    this.embed = embed;
  }

  /**
   * @return {number}
   */
  getLength () {
    return 1
  }

  /**
   * @return {Array<any>}
   */
  getContent () {
    return [this.embed]
  }

  /**
   * @return {boolean}
   */
  isCountable () {
    return true
  }

  /**
   * @return {ContentEmbed}
   */
  copy () {
    return new ContentEmbed(this.embed)
  }

  /**
   * @param {number} offset
   * @return {ContentEmbed}
   */
  splice (offset) {
    throw methodUnimplemented()
  }

  /**
   * @param {ContentEmbed} right
   * @return {boolean}
   */
  mergeWith (right) {
    return false
  }

  /**
   * @param {Transaction} transaction
   * @param {Item} item
   */
  integrate (transaction, item) {}
  /**
   * @param {Transaction} transaction
   */
  delete (transaction) {}
  /**
   * @param {StructStore} store
   */
  gc (store) {}
  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   * @param {number} offset
   */
  write (encoder, offset) {
    encoder.writeJSON(this.embed);
  }

  /**
   * @return {number}
   */
  getRef () {
    return 5
  }
}

/**
 * @private
 *
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 * @return {ContentEmbed}
 */
const readContentEmbed = decoder => new ContentEmbed(decoder.readJSON());

/**
 * @private
 */
class ContentFormat {
  /**
   * @param {string} key
   * @param {Object} value
   */
  constructor (key, value) {
    this.key = key;
    this.value = value;
  }

  /**
   * @return {number}
   */
  getLength () {
    return 1
  }

  /**
   * @return {Array<any>}
   */
  getContent () {
    return []
  }

  /**
   * @return {boolean}
   */
  isCountable () {
    return false
  }

  /**
   * @return {ContentFormat}
   */
  copy () {
    return new ContentFormat(this.key, this.value)
  }

  /**
   * @param {number} _offset
   * @return {ContentFormat}
   */
  splice (_offset) {
    throw methodUnimplemented()
  }

  /**
   * @param {ContentFormat} _right
   * @return {boolean}
   */
  mergeWith (_right) {
    return false
  }

  /**
   * @param {Transaction} _transaction
   * @param {Item} item
   */
  integrate (_transaction, item) {
    // @todo searchmarker are currently unsupported for rich text documents
    const p = /** @type {YText} */ (item.parent);
    p._searchMarker = null;
    p._hasFormatting = true;
  }

  /**
   * @param {Transaction} transaction
   */
  delete (transaction) {}
  /**
   * @param {StructStore} store
   */
  gc (store) {}
  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   * @param {number} offset
   */
  write (encoder, offset) {
    encoder.writeKey(this.key);
    encoder.writeJSON(this.value);
  }

  /**
   * @return {number}
   */
  getRef () {
    return 6
  }
}

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 * @return {ContentFormat}
 */
const readContentFormat = decoder => new ContentFormat(decoder.readKey(), decoder.readJSON());

/**
 * @private
 */
class ContentJSON {
  /**
   * @param {Array<any>} arr
   */
  constructor (arr) {
    /**
     * @type {Array<any>}
     */
    this.arr = arr;
  }

  /**
   * @return {number}
   */
  getLength () {
    return this.arr.length
  }

  /**
   * @return {Array<any>}
   */
  getContent () {
    return this.arr
  }

  /**
   * @return {boolean}
   */
  isCountable () {
    return true
  }

  /**
   * @return {ContentJSON}
   */
  copy () {
    return new ContentJSON(this.arr)
  }

  /**
   * @param {number} offset
   * @return {ContentJSON}
   */
  splice (offset) {
    const right = new ContentJSON(this.arr.slice(offset));
    this.arr = this.arr.slice(0, offset);
    return right
  }

  /**
   * @param {ContentJSON} right
   * @return {boolean}
   */
  mergeWith (right) {
    this.arr = this.arr.concat(right.arr);
    return true
  }

  /**
   * @param {Transaction} transaction
   * @param {Item} item
   */
  integrate (transaction, item) {}
  /**
   * @param {Transaction} transaction
   */
  delete (transaction) {}
  /**
   * @param {StructStore} store
   */
  gc (store) {}
  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   * @param {number} offset
   */
  write (encoder, offset) {
    const len = this.arr.length;
    encoder.writeLen(len - offset);
    for (let i = offset; i < len; i++) {
      const c = this.arr[i];
      encoder.writeString(c === undefined ? 'undefined' : JSON.stringify(c));
    }
  }

  /**
   * @return {number}
   */
  getRef () {
    return 2
  }
}

/**
 * @private
 *
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 * @return {ContentJSON}
 */
const readContentJSON = decoder => {
  const len = decoder.readLen();
  const cs = [];
  for (let i = 0; i < len; i++) {
    const c = decoder.readString();
    if (c === 'undefined') {
      cs.push(undefined);
    } else {
      cs.push(JSON.parse(c));
    }
  }
  return new ContentJSON(cs)
};

class ContentAny {
  /**
   * @param {Array<any>} arr
   */
  constructor (arr) {
    /**
     * @type {Array<any>}
     */
    this.arr = arr;
  }

  /**
   * @return {number}
   */
  getLength () {
    return this.arr.length
  }

  /**
   * @return {Array<any>}
   */
  getContent () {
    return this.arr
  }

  /**
   * @return {boolean}
   */
  isCountable () {
    return true
  }

  /**
   * @return {ContentAny}
   */
  copy () {
    return new ContentAny(this.arr)
  }

  /**
   * @param {number} offset
   * @return {ContentAny}
   */
  splice (offset) {
    const right = new ContentAny(this.arr.slice(offset));
    this.arr = this.arr.slice(0, offset);
    return right
  }

  /**
   * @param {ContentAny} right
   * @return {boolean}
   */
  mergeWith (right) {
    this.arr = this.arr.concat(right.arr);
    return true
  }

  /**
   * @param {Transaction} transaction
   * @param {Item} item
   */
  integrate (transaction, item) {}
  /**
   * @param {Transaction} transaction
   */
  delete (transaction) {}
  /**
   * @param {StructStore} store
   */
  gc (store) {}
  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   * @param {number} offset
   */
  write (encoder, offset) {
    const len = this.arr.length;
    encoder.writeLen(len - offset);
    for (let i = offset; i < len; i++) {
      const c = this.arr[i];
      encoder.writeAny(c);
    }
  }

  /**
   * @return {number}
   */
  getRef () {
    return 8
  }
}

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 * @return {ContentAny}
 */
const readContentAny = decoder => {
  const len = decoder.readLen();
  const cs = [];
  for (let i = 0; i < len; i++) {
    cs.push(decoder.readAny());
  }
  return new ContentAny(cs)
};

/**
 * @private
 */
class ContentString {
  /**
   * @param {string} str
   */
  constructor (str) {
    /**
     * @type {string}
     */
    this.str = str;
  }

  /**
   * @return {number}
   */
  getLength () {
    return this.str.length
  }

  /**
   * @return {Array<any>}
   */
  getContent () {
    return this.str.split('')
  }

  /**
   * @return {boolean}
   */
  isCountable () {
    return true
  }

  /**
   * @return {ContentString}
   */
  copy () {
    return new ContentString(this.str)
  }

  /**
   * @param {number} offset
   * @return {ContentString}
   */
  splice (offset) {
    const right = new ContentString(this.str.slice(offset));
    this.str = this.str.slice(0, offset);

    // Prevent encoding invalid documents because of splitting of surrogate pairs: https://github.com/yjs/yjs/issues/248
    const firstCharCode = this.str.charCodeAt(offset - 1);
    if (firstCharCode >= 0xD800 && firstCharCode <= 0xDBFF) {
      // Last character of the left split is the start of a surrogate utf16/ucs2 pair.
      // We don't support splitting of surrogate pairs because this may lead to invalid documents.
      // Replace the invalid character with a unicode replacement character (� / U+FFFD)
      this.str = this.str.slice(0, offset - 1) + '�';
      // replace right as well
      right.str = '�' + right.str.slice(1);
    }
    return right
  }

  /**
   * @param {ContentString} right
   * @return {boolean}
   */
  mergeWith (right) {
    this.str += right.str;
    return true
  }

  /**
   * @param {Transaction} transaction
   * @param {Item} item
   */
  integrate (transaction, item) {}
  /**
   * @param {Transaction} transaction
   */
  delete (transaction) {}
  /**
   * @param {StructStore} store
   */
  gc (store) {}
  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   * @param {number} offset
   */
  write (encoder, offset) {
    encoder.writeString(offset === 0 ? this.str : this.str.slice(offset));
  }

  /**
   * @return {number}
   */
  getRef () {
    return 4
  }
}

/**
 * @private
 *
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 * @return {ContentString}
 */
const readContentString = decoder => new ContentString(decoder.readString());

/**
 * @type {Array<function(UpdateDecoderV1 | UpdateDecoderV2):AbstractType<any>>}
 * @private
 */
const typeRefs = [
  readYArray,
  readYMap,
  readYText,
  readYXmlElement,
  readYXmlFragment,
  readYXmlHook,
  readYXmlText
];

const YArrayRefID = 0;
const YMapRefID = 1;
const YTextRefID = 2;
const YXmlElementRefID = 3;
const YXmlFragmentRefID = 4;
const YXmlHookRefID = 5;
const YXmlTextRefID = 6;

/**
 * @private
 */
class ContentType {
  /**
   * @param {AbstractType<any>} type
   */
  constructor (type) {
    /**
     * @type {AbstractType<any>}
     */
    this.type = type;
  }

  /**
   * @return {number}
   */
  getLength () {
    return 1
  }

  /**
   * @return {Array<any>}
   */
  getContent () {
    return [this.type]
  }

  /**
   * @return {boolean}
   */
  isCountable () {
    return true
  }

  /**
   * @return {ContentType}
   */
  copy () {
    return new ContentType(this.type._copy())
  }

  /**
   * @param {number} offset
   * @return {ContentType}
   */
  splice (offset) {
    throw methodUnimplemented()
  }

  /**
   * @param {ContentType} right
   * @return {boolean}
   */
  mergeWith (right) {
    return false
  }

  /**
   * @param {Transaction} transaction
   * @param {Item} item
   */
  integrate (transaction, item) {
    this.type._integrate(transaction.doc, item);
  }

  /**
   * @param {Transaction} transaction
   */
  delete (transaction) {
    let item = this.type._start;
    while (item !== null) {
      if (!item.deleted) {
        item.delete(transaction);
      } else if (item.id.clock < (transaction.beforeState.get(item.id.client) || 0)) {
        // This will be gc'd later and we want to merge it if possible
        // We try to merge all deleted items after each transaction,
        // but we have no knowledge about that this needs to be merged
        // since it is not in transaction.ds. Hence we add it to transaction._mergeStructs
        transaction._mergeStructs.push(item);
      }
      item = item.right;
    }
    this.type._map.forEach(item => {
      if (!item.deleted) {
        item.delete(transaction);
      } else if (item.id.clock < (transaction.beforeState.get(item.id.client) || 0)) {
        // same as above
        transaction._mergeStructs.push(item);
      }
    });
    transaction.changed.delete(this.type);
  }

  /**
   * @param {StructStore} store
   */
  gc (store) {
    let item = this.type._start;
    while (item !== null) {
      item.gc(store, true);
      item = item.right;
    }
    this.type._start = null;
    this.type._map.forEach(/** @param {Item | null} item */ (item) => {
      while (item !== null) {
        item.gc(store, true);
        item = item.left;
      }
    });
    this.type._map = new Map();
  }

  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   * @param {number} offset
   */
  write (encoder, offset) {
    this.type._write(encoder);
  }

  /**
   * @return {number}
   */
  getRef () {
    return 7
  }
}

/**
 * @private
 *
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 * @return {ContentType}
 */
const readContentType = decoder => new ContentType(typeRefs[decoder.readTypeRef()](decoder));

/**
 * Split leftItem into two items
 * @param {Transaction} transaction
 * @param {Item} leftItem
 * @param {number} diff
 * @return {Item}
 *
 * @function
 * @private
 */
const splitItem = (transaction, leftItem, diff) => {
  // create rightItem
  const { client, clock } = leftItem.id;
  const rightItem = new Item(
    createID(client, clock + diff),
    leftItem,
    createID(client, clock + diff - 1),
    leftItem.right,
    leftItem.rightOrigin,
    leftItem.parent,
    leftItem.parentSub,
    leftItem.content.splice(diff)
  );
  if (leftItem.deleted) {
    rightItem.markDeleted();
  }
  if (leftItem.keep) {
    rightItem.keep = true;
  }
  if (leftItem.redone !== null) {
    rightItem.redone = createID(leftItem.redone.client, leftItem.redone.clock + diff);
  }
  // update left (do not set leftItem.rightOrigin as it will lead to problems when syncing)
  leftItem.right = rightItem;
  // update right
  if (rightItem.right !== null) {
    rightItem.right.left = rightItem;
  }
  // right is more specific.
  transaction._mergeStructs.push(rightItem);
  // update parent._map
  if (rightItem.parentSub !== null && rightItem.right === null) {
    /** @type {AbstractType<any>} */ (rightItem.parent)._map.set(rightItem.parentSub, rightItem);
  }
  leftItem.length = diff;
  return rightItem
};

/**
 * Abstract class that represents any content.
 */
class Item extends AbstractStruct {
  /**
   * @param {ID} id
   * @param {Item | null} left
   * @param {ID | null} origin
   * @param {Item | null} right
   * @param {ID | null} rightOrigin
   * @param {AbstractType<any>|ID|null} parent Is a type if integrated, is null if it is possible to copy parent from left or right, is ID before integration to search for it.
   * @param {string | null} parentSub
   * @param {AbstractContent} content
   */
  constructor (id, left, origin, right, rightOrigin, parent, parentSub, content) {
    super(id, content.getLength());
    /**
     * The item that was originally to the left of this item.
     * @type {ID | null}
     */
    this.origin = origin;
    /**
     * The item that is currently to the left of this item.
     * @type {Item | null}
     */
    this.left = left;
    /**
     * The item that is currently to the right of this item.
     * @type {Item | null}
     */
    this.right = right;
    /**
     * The item that was originally to the right of this item.
     * @type {ID | null}
     */
    this.rightOrigin = rightOrigin;
    /**
     * @type {AbstractType<any>|ID|null}
     */
    this.parent = parent;
    /**
     * If the parent refers to this item with some kind of key (e.g. YMap, the
     * key is specified here. The key is then used to refer to the list in which
     * to insert this item. If `parentSub = null` type._start is the list in
     * which to insert to. Otherwise it is `parent._map`.
     * @type {String | null}
     */
    this.parentSub = parentSub;
    /**
     * If this type's effect is redone this type refers to the type that undid
     * this operation.
     * @type {ID | null}
     */
    this.redone = null;
    /**
     * @type {AbstractContent}
     */
    this.content = content;
    /**
     * bit1: keep
     * bit2: countable
     * bit3: deleted
     * bit4: mark - mark node as fast-search-marker
     * @type {number} byte
     */
    this.info = this.content.isCountable() ? BIT2 : 0;
  }

  /**
   * This is used to mark the item as an indexed fast-search marker
   *
   * @type {boolean}
   */
  set marker (isMarked) {
    if (((this.info & BIT4) > 0) !== isMarked) {
      this.info ^= BIT4;
    }
  }

  get marker () {
    return (this.info & BIT4) > 0
  }

  /**
   * If true, do not garbage collect this Item.
   */
  get keep () {
    return (this.info & BIT1) > 0
  }

  set keep (doKeep) {
    if (this.keep !== doKeep) {
      this.info ^= BIT1;
    }
  }

  get countable () {
    return (this.info & BIT2) > 0
  }

  /**
   * Whether this item was deleted or not.
   * @type {Boolean}
   */
  get deleted () {
    return (this.info & BIT3) > 0
  }

  set deleted (doDelete) {
    if (this.deleted !== doDelete) {
      this.info ^= BIT3;
    }
  }

  markDeleted () {
    this.info |= BIT3;
  }

  /**
   * Return the creator clientID of the missing op or define missing items and return null.
   *
   * @param {Transaction} transaction
   * @param {StructStore} store
   * @return {null | number}
   */
  getMissing (transaction, store) {
    if (this.origin && this.origin.client !== this.id.client && this.origin.clock >= getState(store, this.origin.client)) {
      return this.origin.client
    }
    if (this.rightOrigin && this.rightOrigin.client !== this.id.client && this.rightOrigin.clock >= getState(store, this.rightOrigin.client)) {
      return this.rightOrigin.client
    }
    if (this.parent && this.parent.constructor === ID && this.id.client !== this.parent.client && this.parent.clock >= getState(store, this.parent.client)) {
      return this.parent.client
    }

    // We have all missing ids, now find the items

    if (this.origin) {
      this.left = getItemCleanEnd(transaction, store, this.origin);
      this.origin = this.left.lastId;
    }
    if (this.rightOrigin) {
      this.right = getItemCleanStart(transaction, this.rightOrigin);
      this.rightOrigin = this.right.id;
    }
    if ((this.left && this.left.constructor === GC) || (this.right && this.right.constructor === GC)) {
      this.parent = null;
    } else if (!this.parent) {
      // only set parent if this shouldn't be garbage collected
      if (this.left && this.left.constructor === Item) {
        this.parent = this.left.parent;
        this.parentSub = this.left.parentSub;
      } else if (this.right && this.right.constructor === Item) {
        this.parent = this.right.parent;
        this.parentSub = this.right.parentSub;
      }
    } else if (this.parent.constructor === ID) {
      const parentItem = getItem(store, this.parent);
      if (parentItem.constructor === GC) {
        this.parent = null;
      } else {
        this.parent = /** @type {ContentType} */ (parentItem.content).type;
      }
    }
    return null
  }

  /**
   * @param {Transaction} transaction
   * @param {number} offset
   */
  integrate (transaction, offset) {
    if (offset > 0) {
      this.id.clock += offset;
      this.left = getItemCleanEnd(transaction, transaction.doc.store, createID(this.id.client, this.id.clock - 1));
      this.origin = this.left.lastId;
      this.content = this.content.splice(offset);
      this.length -= offset;
    }

    if (this.parent) {
      if ((!this.left && (!this.right || this.right.left !== null)) || (this.left && this.left.right !== this.right)) {
        /**
         * @type {Item|null}
         */
        let left = this.left;

        /**
         * @type {Item|null}
         */
        let o;
        // set o to the first conflicting item
        if (left !== null) {
          o = left.right;
        } else if (this.parentSub !== null) {
          o = /** @type {AbstractType<any>} */ (this.parent)._map.get(this.parentSub) || null;
          while (o !== null && o.left !== null) {
            o = o.left;
          }
        } else {
          o = /** @type {AbstractType<any>} */ (this.parent)._start;
        }
        // TODO: use something like DeleteSet here (a tree implementation would be best)
        // @todo use global set definitions
        /**
         * @type {Set<Item>}
         */
        const conflictingItems = new Set();
        /**
         * @type {Set<Item>}
         */
        const itemsBeforeOrigin = new Set();
        // Let c in conflictingItems, b in itemsBeforeOrigin
        // ***{origin}bbbb{this}{c,b}{c,b}{o}***
        // Note that conflictingItems is a subset of itemsBeforeOrigin
        while (o !== null && o !== this.right) {
          itemsBeforeOrigin.add(o);
          conflictingItems.add(o);
          if (compareIDs(this.origin, o.origin)) {
            // case 1
            if (o.id.client < this.id.client) {
              left = o;
              conflictingItems.clear();
            } else if (compareIDs(this.rightOrigin, o.rightOrigin)) {
              // this and o are conflicting and point to the same integration points. The id decides which item comes first.
              // Since this is to the left of o, we can break here
              break
            } // else, o might be integrated before an item that this conflicts with. If so, we will find it in the next iterations
          } else if (o.origin !== null && itemsBeforeOrigin.has(getItem(transaction.doc.store, o.origin))) { // use getItem instead of getItemCleanEnd because we don't want / need to split items.
            // case 2
            if (!conflictingItems.has(getItem(transaction.doc.store, o.origin))) {
              left = o;
              conflictingItems.clear();
            }
          } else {
            break
          }
          o = o.right;
        }
        this.left = left;
      }
      // reconnect left/right + update parent map/start if necessary
      if (this.left !== null) {
        const right = this.left.right;
        this.right = right;
        this.left.right = this;
      } else {
        let r;
        if (this.parentSub !== null) {
          r = /** @type {AbstractType<any>} */ (this.parent)._map.get(this.parentSub) || null;
          while (r !== null && r.left !== null) {
            r = r.left;
          }
        } else {
          r = /** @type {AbstractType<any>} */ (this.parent)._start
          ;/** @type {AbstractType<any>} */ (this.parent)._start = this;
        }
        this.right = r;
      }
      if (this.right !== null) {
        this.right.left = this;
      } else if (this.parentSub !== null) {
        // set as current parent value if right === null and this is parentSub
        /** @type {AbstractType<any>} */ (this.parent)._map.set(this.parentSub, this);
        if (this.left !== null) {
          // this is the current attribute value of parent. delete right
          this.left.delete(transaction);
        }
      }
      // adjust length of parent
      if (this.parentSub === null && this.countable && !this.deleted) {
        /** @type {AbstractType<any>} */ (this.parent)._length += this.length;
      }
      addStruct(transaction.doc.store, this);
      this.content.integrate(transaction, this);
      // add parent to transaction.changed
      addChangedTypeToTransaction(transaction, /** @type {AbstractType<any>} */ (this.parent), this.parentSub);
      if ((/** @type {AbstractType<any>} */ (this.parent)._item !== null && /** @type {AbstractType<any>} */ (this.parent)._item.deleted) || (this.parentSub !== null && this.right !== null)) {
        // delete if parent is deleted or if this is not the current attribute value of parent
        this.delete(transaction);
      }
    } else {
      // parent is not defined. Integrate GC struct instead
      new GC(this.id, this.length).integrate(transaction, 0);
    }
  }

  /**
   * Returns the next non-deleted item
   */
  get next () {
    let n = this.right;
    while (n !== null && n.deleted) {
      n = n.right;
    }
    return n
  }

  /**
   * Returns the previous non-deleted item
   */
  get prev () {
    let n = this.left;
    while (n !== null && n.deleted) {
      n = n.left;
    }
    return n
  }

  /**
   * Computes the last content address of this Item.
   */
  get lastId () {
    // allocating ids is pretty costly because of the amount of ids created, so we try to reuse whenever possible
    return this.length === 1 ? this.id : createID(this.id.client, this.id.clock + this.length - 1)
  }

  /**
   * Try to merge two items
   *
   * @param {Item} right
   * @return {boolean}
   */
  mergeWith (right) {
    if (
      this.constructor === right.constructor &&
      compareIDs(right.origin, this.lastId) &&
      this.right === right &&
      compareIDs(this.rightOrigin, right.rightOrigin) &&
      this.id.client === right.id.client &&
      this.id.clock + this.length === right.id.clock &&
      this.deleted === right.deleted &&
      this.redone === null &&
      right.redone === null &&
      this.content.constructor === right.content.constructor &&
      this.content.mergeWith(right.content)
    ) {
      const searchMarker = /** @type {AbstractType<any>} */ (this.parent)._searchMarker;
      if (searchMarker) {
        searchMarker.forEach(marker => {
          if (marker.p === right) {
            // right is going to be "forgotten" so we need to update the marker
            marker.p = this;
            // adjust marker index
            if (!this.deleted && this.countable) {
              marker.index -= this.length;
            }
          }
        });
      }
      if (right.keep) {
        this.keep = true;
      }
      this.right = right.right;
      if (this.right !== null) {
        this.right.left = this;
      }
      this.length += right.length;
      return true
    }
    return false
  }

  /**
   * Mark this Item as deleted.
   *
   * @param {Transaction} transaction
   */
  delete (transaction) {
    if (!this.deleted) {
      const parent = /** @type {AbstractType<any>} */ (this.parent);
      // adjust the length of parent
      if (this.countable && this.parentSub === null) {
        parent._length -= this.length;
      }
      this.markDeleted();
      addToDeleteSet(transaction.deleteSet, this.id.client, this.id.clock, this.length);
      addChangedTypeToTransaction(transaction, parent, this.parentSub);
      this.content.delete(transaction);
    }
  }

  /**
   * @param {StructStore} store
   * @param {boolean} parentGCd
   */
  gc (store, parentGCd) {
    if (!this.deleted) {
      throw unexpectedCase()
    }
    this.content.gc(store);
    if (parentGCd) {
      replaceStruct(store, this, new GC(this.id, this.length));
    } else {
      this.content = new ContentDeleted(this.length);
    }
  }

  /**
   * Transform the properties of this type to binary and write it to an
   * BinaryEncoder.
   *
   * This is called when this Item is sent to a remote peer.
   *
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder The encoder to write data to.
   * @param {number} offset
   */
  write (encoder, offset) {
    const origin = offset > 0 ? createID(this.id.client, this.id.clock + offset - 1) : this.origin;
    const rightOrigin = this.rightOrigin;
    const parentSub = this.parentSub;
    const info = (this.content.getRef() & BITS5) |
      (origin === null ? 0 : BIT8) | // origin is defined
      (rightOrigin === null ? 0 : BIT7) | // right origin is defined
      (parentSub === null ? 0 : BIT6); // parentSub is non-null
    encoder.writeInfo(info);
    if (origin !== null) {
      encoder.writeLeftID(origin);
    }
    if (rightOrigin !== null) {
      encoder.writeRightID(rightOrigin);
    }
    if (origin === null && rightOrigin === null) {
      const parent = /** @type {AbstractType<any>} */ (this.parent);
      if (parent._item !== undefined) {
        const parentItem = parent._item;
        if (parentItem === null) {
          // parent type on y._map
          // find the correct key
          const ykey = findRootTypeKey(parent);
          encoder.writeParentInfo(true); // write parentYKey
          encoder.writeString(ykey);
        } else {
          encoder.writeParentInfo(false); // write parent id
          encoder.writeLeftID(parentItem.id);
        }
      } else if (parent.constructor === String) { // this edge case was added by differential updates
        encoder.writeParentInfo(true); // write parentYKey
        encoder.writeString(parent);
      } else if (parent.constructor === ID) {
        encoder.writeParentInfo(false); // write parent id
        encoder.writeLeftID(parent);
      } else {
        unexpectedCase();
      }
      if (parentSub !== null) {
        encoder.writeString(parentSub);
      }
    }
    this.content.write(encoder, offset);
  }
}

/**
 * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
 * @param {number} info
 */
const readItemContent = (decoder, info) => contentRefs[info & BITS5](decoder);

/**
 * A lookup map for reading Item content.
 *
 * @type {Array<function(UpdateDecoderV1 | UpdateDecoderV2):AbstractContent>}
 */
const contentRefs = [
  () => { unexpectedCase(); }, // GC is not ItemContent
  readContentDeleted, // 1
  readContentJSON, // 2
  readContentBinary, // 3
  readContentString, // 4
  readContentEmbed, // 5
  readContentFormat, // 6
  readContentType, // 7
  readContentAny, // 8
  readContentDoc, // 9
  () => { unexpectedCase(); } // 10 - Skip is not ItemContent
];

const structSkipRefNumber = 10;

/**
 * @private
 */
class Skip extends AbstractStruct {
  get deleted () {
    return true
  }

  delete () {}

  /**
   * @param {Skip} right
   * @return {boolean}
   */
  mergeWith (right) {
    if (this.constructor !== right.constructor) {
      return false
    }
    this.length += right.length;
    return true
  }

  /**
   * @param {Transaction} transaction
   * @param {number} offset
   */
  integrate (transaction, offset) {
    // skip structs cannot be integrated
    unexpectedCase();
  }

  /**
   * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
   * @param {number} offset
   */
  write (encoder, offset) {
    encoder.writeInfo(structSkipRefNumber);
    // write as VarUint because Skips can't make use of predictable length-encoding
    writeVarUint(encoder.restEncoder, this.length - offset);
  }

  /**
   * @param {Transaction} transaction
   * @param {StructStore} store
   * @return {null | number}
   */
  getMissing (transaction, store) {
    return null
  }
}

function diff(before, after, caret) {
  if (before === after) return void 0;
  const smallest = between(before, after, Math.min(before.length, after.length));
  if (caret === void 0 || caret > after.length) return smallest;
  const atCaret = between(before, after, after.length - caret);
  return size(atCaret) <= size(smallest) ? atCaret : smallest;
}
function apply(text, splice) {
  return text.slice(0, splice.start) + splice.inserted + text.slice(splice.start + splice.deleted);
}
function between(before, after, longestEnd) {
  const shorter = Math.min(before.length, after.length);
  let end = 0;
  while (end < Math.min(longestEnd, shorter) && before.at(-1 - end) === after.at(-1 - end)) end++;
  if (end > 0 && (splitsPair(before, before.length - end) || splitsPair(after, after.length - end))) end--;
  let start = 0;
  while (start < shorter - end && before[start] === after[start]) start++;
  if (start > 0 && (splitsPair(before, start) || splitsPair(after, start))) start--;
  return {
    start,
    deleted: before.length - end - start,
    inserted: after.slice(start, after.length - end)
  };
}
function size(splice) {
  return splice.deleted + splice.inserted.length;
}
function splitsPair(text, at) {
  return isBetween(text.charCodeAt(at - 1), 55296, 56319) && isBetween(text.charCodeAt(at), 56320, 57343);
}
function isBetween(unit, from, to) {
  return unit >= from && unit <= to;
}

class LocalEdit {
  constructor(field, by) {
    this.field = field;
    this.by = by;
  }
  field;
  by;
}
class RemoteEdit {
  constructor(userId, sessionId, revision) {
    this.userId = userId;
    this.sessionId = sessionId;
    this.revision = revision;
  }
  userId;
  sessionId;
  revision;
}
function put(doc, wire, value) {
  if (isChoice(wire)) {
    choices(doc).set(idOf(wire), value);
    return;
  }
  const text = textOf(doc, wire);
  const splice = diff(text.toString(), String(value));
  if (splice === void 0) return;
  if (splice.deleted > 0) text.delete(splice.start, splice.deleted);
  if (splice.inserted !== "") text.insert(splice.start, splice.inserted);
}
function leftovers(mine, theirs) {
  const fields = /* @__PURE__ */ new Set();
  for (const doc of [mine, theirs]) {
    for (const name of doc.share.keys()) if (name !== "values") fields.add(name);
    for (const id of choices(doc).keys()) fields.add(`values/${id}`);
  }
  return [...fields].flatMap((field) => {
    const leftover = { field, mine: valueIn(mine, field), theirs: valueIn(theirs, field) };
    return JSON.stringify(leftover.mine) === JSON.stringify(leftover.theirs) ? [] : leftover;
  });
}

function rebuild(old, state, own) {
  const fresh = new Doc();
  applyUpdate(fresh, state);
  if (own !== void 0) return { fresh, rest: ownText(old, fresh, own) };
  return { fresh, rest: leftovers(docOf(encodeStateAsUpdate(old), state), fresh) };
}
function ownText(mine, theirs, fields) {
  const all = [...fields].map((field) => ({ field, mine: valueIn(mine, field), theirs: valueIn(theirs, field) }));
  return all.filter(({ mine: mine2, theirs: theirs2 }) => !same(mine2, theirs2));
}
function docOf(...updates) {
  const doc = new Doc();
  for (const update of updates) if (update !== void 0 && update.length > 0) applyUpdate(doc, update);
  return doc;
}

class Touched {
  #names = /* @__PURE__ */ new WeakMap();
  /** Returns the wire names of the fields. */
  by({ changed, doc }) {
    return [...changed].flatMap(([type, keys]) => {
      const name = this.#nameOf(type, doc);
      if (name !== "values") return name === void 0 ? [] : name;
      return [...keys].flatMap((key) => key === null ? [] : `values/${key}`);
    });
  }
  #nameOf(type, doc) {
    if (!this.#names.has(type)) for (const [name, root] of doc.share) this.#names.set(root, name);
    return this.#names.get(type);
  }
}

const DISPUTED = "changed";
const SHORT = /^.{0,40}$/;
class Disputes {
  /** Reports of a field whether it holds one line; undefined when the page does not show it. */
  oneLine = () => void 0;
  /** What the fields had here; undefined: what they have when the document is built anew. */
  #mine = /* @__PURE__ */ new Map();
  /** Looks at what the server has and the document lacks. Reports whether the document has to be built anew. */
  arise(doc, edited, state) {
    const candidates = [...edited].filter((wire) => this.#isWhole(wire, valueIn(doc, wire)));
    if (candidates.length > 0) {
      const touched = new Touched();
      let theirs = [];
      const merged = docOf(encodeStateAsUpdate(doc));
      merged.on("afterTransaction", (transaction) => theirs = touched.by(transaction));
      applyUpdate(merged, state);
      for (const wire of candidates) if (theirs.includes(wire)) this.#mine.set(wire, void 0);
    }
    return this.#mine.size > 0;
  }
  /** Takes what another page has left of fields that were written since. Reports the same. */
  ariseFrom(left) {
    for (const [wire, mine] of left) if (this.#isWhole(wire, mine)) this.#mine.set(wire, mine);
    return this.#mine.size > 0;
  }
  /** Ends them: returns what the fields had here. */
  end(doc) {
    const all = [...this.#mine].map(([field, mine]) => ({ field, mine: mine ?? valueIn(doc, field), theirs: void 0 }));
    this.#mine.clear();
    return all;
  }
  #isWhole(wire, value) {
    return isChoice(wire) || SHORT.test(String(value ?? "")) && this.oneLine(wire) !== false;
  }
}

class Drafts {
  #all = [];
  get all() {
    return this.#all;
  }
  /** Adds a draft. Reports false when it is there already. */
  add(draft) {
    const same = JSON.stringify(draft);
    if (this.#all.some((one) => JSON.stringify(one) === same)) return false;
    this.#all.push(draft);
    return true;
  }
  /** Removes the newest draft of the field. Returns the one before it. */
  dismiss(field) {
    const newest = this.#all.findLastIndex((one) => one.field === field);
    if (newest >= 0) this.#all.splice(newest, 1);
    return this.#all.findLast((one) => one.field === field);
  }
  /** Forgets all. */
  clear() {
    this.#all = [];
  }
}

const MERGE_AFTER = 256;
class ServerState {
  #updates = [];
  /** Adds what came from the server, or what it has acknowledged. */
  add(update) {
    this.#updates.push(update);
    if (this.#updates.length > MERGE_AFTER) this.replace(this.update);
  }
  /** Puts one update in the place of all. */
  replace(update) {
    this.#updates = [update];
  }
  /** All of it, as one update. */
  get update() {
    return mergeUpdates(this.#updates);
  }
}

class Outbox {
  #waiting = [];
  #flying;
  /** The batch under way. */
  get flying() {
    return this.#flying;
  }
  /** Number of edits not acknowledged. */
  get edits() {
    return this.#all().reduce((sum, batch) => sum + batch.edits, 0);
  }
  /** Fields with edits not acknowledged, by wire name. */
  get fields() {
    return new Set(this.#all().flatMap((batch) => [...batch.fields]));
  }
  /** When the oldest edit not acknowledged was made, by `performance.now()`. */
  get since() {
    return this.#all()[0]?.since;
  }
  /** All that is not acknowledged, as one update; empty when there is nothing. */
  get update() {
    if (this.#waiting.length > 1) this.#waiting = [merge(this.#waiting)];
    return merge(this.#all()).update;
  }
  /** Adds edits, as one update. */
  add(update, fields, edits, since) {
    this.#waiting.push({ update, fields: new Set(fields), edits, since });
  }
  /** Takes all that waits as one batch, to be sent; undefined when nothing waits or a batch is under way. */
  take() {
    if (this.#flying !== void 0 || this.#waiting.length === 0) return void 0;
    this.#flying = merge(this.#waiting);
    this.#waiting = [];
    return this.#flying;
  }
  /** Drops the batch under way: the server has it. */
  acknowledge() {
    this.#flying = void 0;
  }
  /** Puts the batch under way back to the front: it must be sent again. */
  giveBack() {
    if (this.#flying !== void 0) this.#waiting.unshift(this.#flying);
    this.#flying = void 0;
  }
  /** Puts one update, which holds all of them, in the place of everything. */
  replace(update) {
    const all = this.#all();
    const edits = Math.max(1, this.edits);
    this.#flying = void 0;
    this.#waiting = [{ ...merge(all), update, edits }];
  }
  /** Forgets everything. */
  clear() {
    this.#flying = void 0;
    this.#waiting = [];
  }
  #all() {
    return this.#flying === void 0 ? this.#waiting : [this.#flying, ...this.#waiting];
  }
}
function merge(batches) {
  const first = batches[0];
  if (first !== void 0 && batches.length === 1) return first;
  return {
    update: batches.length === 0 ? new Uint8Array() : mergeUpdates(batches.map((batch) => batch.update)),
    fields: new Set(batches.flatMap((batch) => [...batch.fields])),
    edits: batches.reduce((sum, batch) => sum + batch.edits, 0),
    since: first?.since ?? performance.now()
  };
}

const RETRY_MS = 2e3;
const FAILURES_BEFORE_REFUSAL = 5;
const TRY_AGAIN = /* @__PURE__ */ new Set(["BACKPRESSURE", "RATE_LIMITED", "UNAVAILABLE", "DRAINING", "INTERNAL"]);
function retryAfter({ code, fields }) {
  return TRY_AGAIN.has(code) ? number(fields["retryAfterMs"]) || RETRY_MS : void 0;
}
class Sender {
  outbox = new Outbox();
  #channel;
  #author;
  #hold = new Timer();
  #failures = 0;
  constructor(channel, author) {
    this.#channel = channel;
    this.#author = author;
  }
  /** Reports whether the server said that it can't store now. */
  get held() {
    return this.#hold.running;
  }
  /** Sends what waits, if it can be sent now. */
  flush() {
    if (!this.#author.ready || this.#hold.running) return;
    const batch = this.outbox.take();
    if (batch === void 0) return;
    this.#channel.request("Y_UPDATE", { update: batch.update }, (answer) => {
      if (this.outbox.flying !== batch) return;
      if (answer.code === "") this.#saved(batch, number(answer.fields["revision"]));
      else this.#notSaved(answer);
    });
  }
  /** The connection is lost: what was under way must be sent again. */
  giveBack() {
    this.#hold.clear();
    this.outbox.giveBack();
  }
  #saved(batch, revision) {
    this.outbox.acknowledge();
    this.#failures = 0;
    this.#author.saved(batch, revision);
    this.flush();
  }
  #notSaved(answer) {
    const { code, fields } = answer;
    if (code === "UPDATE_REJECTED") return this.#refuse(list(fields["fields"]).map(text), fields);
    if (code === "FOREIGN_CLIENT" || code === "RESYNC_REQUIRED") return this.#refuse([], fields);
    if (code === "MISSING_DEPENDENCY") return this.#sendMore(fields);
    this.outbox.giveBack();
    if (code === LOST) return;
    if (code === "NOT_JOINED") return this.#author.lost();
    const wait = retryAfter(answer);
    const failed = code === "INTERNAL" && ++this.#failures >= FAILURES_BEFORE_REFUSAL;
    if (failed || wait === void 0) return this.#refuse("all", fields);
    this.#hold.set(wait, () => {
      this.#author.changed();
      this.flush();
    });
    this.#author.changed();
  }
  /** The server lacks what the batch builds on: sends everything that it lacks, once; then the document starts anew. */
  #sendMore(fields) {
    const has = bytes(fields["stateVector"]);
    if (has.length === 0 || ++this.#failures > 1) return this.#refuse([], fields);
    this.outbox.replace(this.#author.lackedBy(has));
    this.flush();
  }
  #refuse(fields, why) {
    this.outbox.giveBack();
    this.#author.refused(fields, why);
  }
}

const REFUSALS_BEFORE_DRAFT = 3;
class SharedDocument {
  events = new Emitter();
  /**
   * What pages show that is old, by wire name, as far as that was asked for: what the server has filled the field with
   * (null: it never did), then what else it knows (G4).
   */
  seeds = /* @__PURE__ */ new Map();
  disputes = new Disputes();
  /** See ResourceState. */
  erased = 0;
  channel;
  #options;
  #life = new Lifetime();
  #doc = new Doc();
  #sender;
  #drafts = new Drafts();
  #loose = {};
  #server = new ServerState();
  #keeper;
  /** Nothing is sent until the store has what is to be sent in the place of what was refused: else both would be. */
  #keeping = false;
  #state = { name: "apart" };
  #asking;
  #mode = "viewer";
  /** The id granted by the last join; undefined before the first and for viewers. */
  #clientId;
  #met = false;
  #revision = 0;
  #epoch = 0;
  /** Fields that may not be applied again after the rebuilding that is due; undefined when none is due. */
  #refused;
  #refusedBy = {};
  #startsAnew = false;
  #refusals = 0;
  #rejoin = new Timer();
  #touched = new Touched();
  constructor(channel, options) {
    this.channel = channel;
    this.#sender = new Sender(channel, this);
    this.#options = options;
    this.#asking = options.mode ?? "editor";
    this.#observe(this.#doc);
    this.#life.add(channel.events.on("state", ({ name }) => name === "open" ? this.#join() : this.#fellApart()));
    this.#life.add(channel.events.on("message", ({ event, fields }) => this.#received(event, fields)));
    this.#life.add(channel.events.on("store", (store) => this.#keepIn(store)));
    if (channel.store !== void 0) this.#keepIn(channel.store);
  }
  #keepIn(store) {
    const keeper = store.keep(this.resourceId, this);
    this.#keeper = keeper;
    this.#life.add(() => keeper.end());
    keeper.events.on("changed", () => this.changed());
    keeper.events.on("loaded", () => this.channel.session !== void 0 && this.#joinAgain());
    keeper.changed(false);
  }
  /** The Yjs document. Another one takes its place after a refusal: see `replaced`. */
  get doc() {
    return this.#doc;
  }
  get state() {
    return this.#state;
  }
  get mode() {
    return this.#mode;
  }
  /** The last revision known to be on the server. */
  get revision() {
    return this.#revision;
  }
  /** What the server has not acknowledged. */
  get outbox() {
    return this.#sender.outbox;
  }
  /** Reports whether all that is only on this page is in this browser's store, too (G6). */
  get stored() {
    return this.#keeper?.stored === true;
  }
  /** Texts that were refused, or that never got into the document, until they are dismissed. */
  get drafts() {
    return this.#drafts.all;
  }
  /** What must survive this tab. */
  get own() {
    const { update, fields, edits } = this.#sender.outbox;
    const refused = this.#refused instanceof Set ? [...this.#refused] : this.#refused;
    const why = this.#refusedBy;
    return { epoch: this.#epoch, update, fields: [...fields], edits, refused, why, loose: this.#loose, drafts: this.drafts };
  }
  /** What the server has, as far as it is known here. */
  get known() {
    if (this.outbox.edits === 0 && !this.#startsAnew) this.#server.replace(encodeStateAsUpdate(this.#doc));
    return { epoch: this.#epoch, revision: this.#revision, mode: this.#mode, update: this.#server.update, seeds: Object.fromEntries(this.seeds) };
  }
  get resourceId() {
    return this.channel.resourceId;
  }
  get sending() {
    return this.ready && this.outbox.edits > 0;
  }
  /** Reports whether the server said that it can't store now. */
  get held() {
    return this.#sender.held;
  }
  /** Reports whether local edits are possible: as an editor, and with an id of one's own (D7); offline too. */
  get editable() {
    return this.#mode === "editor" && this.#clientId !== void 0;
  }
  /** Reports whether the document was ever received: what it lacks then was never written by anybody. */
  get met() {
    return this.#met;
  }
  /** Joins, when the connection is open: also again, for the sake of those who listen since then. */
  start() {
    if (this.channel.session !== void 0) this.#joinAgain();
  }
  /** Makes an edit of one field and sends it. Reports false, and does nothing, while the document is not editable. */
  edit(field, by, change) {
    if (!this.editable || this.#clientId === void 0) return false;
    this.#doc.clientID = this.#clientId;
    this.#doc.transact(() => change(this.#doc), new LocalEdit(field, by));
    return true;
  }
  /** Notes what pages show of a field that is old. */
  learnSeed(wire, old) {
    this.seeds.set(wire, old);
    this.#keeper?.learned();
  }
  /** Keeps as a draft what could not go into the document at all. */
  keepAsDraft(field, mine, reason) {
    this.#draft({ field, mine, reason, by: "" });
  }
  /** Returns what was given to a field here that others have changed too, until the user has chosen (see Disputes). */
  disputed(field) {
    return this.#drafts.all.findLast((draft) => draft.field === field && draft.reason === DISPUTED);
  }
  /** Forgets the newest draft of a field; the one before it, if there is one, is told of again. */
  dismiss(field) {
    const before = this.#drafts.dismiss(field);
    if (before !== void 0) this.events.emit("draft", before);
    this.#keeper?.changed(false);
  }
  /** Keeps text that is in no document yet; it is all there is. */
  keepLoose(loose) {
    if (JSON.stringify(loose) === JSON.stringify(this.#loose)) return;
    this.#loose = loose;
    this.#keeper?.changed(false);
  }
  takeOver(own, known, since) {
    const { epoch } = own ?? known;
    if (epoch > this.#epoch && this.#met) return false;
    this.#epoch = epoch;
    if (this.#met && this.disputes.ariseFrom(since)) this.#refused ??= /* @__PURE__ */ new Set();
    if (known !== void 0) this.#takeKnown(known);
    if (own !== void 0 && own.edits > 0) this.#takeEdits(own);
    for (const draft of own?.drafts ?? []) this.#draft(draft);
    this.#keepAll(Object.entries(own?.loose ?? {}).map(([field, mine]) => ({ field, mine, theirs: void 0 })), "unsent");
    this.events.emit("restored", void 0);
    this.changed();
    if (this.#refused !== void 0 && this.#state.name === "joined") this.#joinAgain();
    else this.#sender.flush();
    return true;
  }
  startAnew(drafts = []) {
    this.#sender.outbox.clear();
    this.#drafts.clear();
    this.events.emit("forgot", void 0);
    for (const draft of drafts) this.#draft(draft);
    this.#startsAnew = true;
    this.#refused ??= /* @__PURE__ */ new Set();
    this.#joinAgain();
  }
  /** Asks for what is missing, and calls `done` when it is there. */
  sync(done = () => void 0) {
    this.channel.request("Y_SYNC", { stateVector: encodeStateVector(this.#doc) }, ({ code, fields }) => {
      if (code === "") this.#take(bytes(fields["update"]), new RemoteEdit("", "", this.#revision));
      done();
    });
  }
  healed(state, all) {
    if (all) this.#sender.outbox.clear();
    this.#epoch = state.epoch;
    this.#clientId = state.clientId;
    this.start();
  }
  /** Leaves the resource. */
  end() {
    if (this.#life.ended) return;
    this.channel.send("LEAVE_RESOURCE");
    this.#life.end();
    this.#sender.giveBack();
    this.#rejoin.clear();
    this.#doc.destroy();
    this.events.clear();
  }
  #takeKnown({ update, mode, revision, seeds }) {
    for (const [wire, old] of Object.entries(seeds)) if (!this.seeds.has(wire)) this.seeds.set(wire, [old].flat());
    applyUpdate(this.#doc, update, new RemoteEdit("", "", revision));
    this.#revision = Math.max(this.#revision, revision);
    if (this.#met) return;
    this.#met = true;
    this.#mode = mode;
    if (mode === "editor") this.#clientId = this.#doc.clientID;
  }
  #takeEdits({ update, fields, edits, refused, why }) {
    applyUpdate(this.#doc, update, "stored");
    this.#sender.outbox.add(update, fields, edits, performance.now());
    if (refused === void 0) return;
    this.#refused = refused === "all" || this.#refused === "all" ? "all" : /* @__PURE__ */ new Set([...this.#refused ?? [], ...refused]);
    this.#refusedBy = why;
  }
  #draft(draft) {
    if (!this.#drafts.add(draft)) return;
    this.events.emit("draft", draft);
    this.#keeper?.changed(false);
  }
  #keepAll(texts, reason, by = "") {
    for (const { field, mine } of texts) this.#draft({ field, mine, reason, by });
  }
  get ready() {
    return this.#state.name === "joined" && !this.#keeping && this.#refused === void 0;
  }
  lackedBy(stateVector) {
    return encodeStateAsUpdate(this.#doc, stateVector);
  }
  changed() {
    this.events.emit("outbox", { edits: this.outbox.edits });
  }
  saved({ update, fields, edits, since }, revision) {
    this.#refusals = 0;
    this.#revision = Math.max(this.#revision, revision);
    if (this.#keeper !== void 0) this.#server.add(update);
    this.#keeper?.learned();
    this.events.emit("saved", { fields: [...fields], edits, revision, since, ms: performance.now() - since });
    this.changed();
  }
  /** Begins the rebuilding that D2c asks for; `fields` will not be applied again but kept as drafts. */
  refused(fields, why) {
    this.#refusals++;
    const all = fields === "all" || this.#refused === "all" || this.#refusals >= REFUSALS_BEFORE_DRAFT;
    this.#refused = all ? "all" : /* @__PURE__ */ new Set([...this.#refused ?? [], ...fields]);
    if (fields === "all" || fields.length > 0) this.#refusedBy = why;
    this.#keep(() => this.#refused !== void 0 && this.#joinAgain());
  }
  lost() {
    this.#joinAgain();
  }
  #join() {
    if (this.#state.name === "joining" || this.#keeper?.loading === true) return;
    const fresh = this.#refused !== void 0;
    const known = fresh || this.#doc.store.clients.size === 0 ? {} : { stateVector: encodeStateVector(this.#doc) };
    this.#enter({ name: "joining" });
    this.channel.request("JOIN_RESOURCE", { resourceType: this.#options.resourceType, mode: this.#asking, ...known }, (answer) => {
      if (this.#life.ended) return;
      if (answer.code === "") this.#joined(resourceState(answer.fields), fresh);
      else this.#notJoined(answer);
    });
  }
  #joined(state, fresh) {
    const restored = state.epoch > this.#epoch && this.#met;
    this.erased = state.erased;
    if (restored) {
      this.#enter({ name: "apart" });
      if (this.#keeper?.heal(state)) return;
      if (!fresh) return state.erased > this.#epoch ? this.startAnew() : this.refused("all", {});
    }
    if (!fresh && this.disputes.arise(this.#doc, this.outbox.fields, state.state)) {
      this.#refused = /* @__PURE__ */ new Set();
      this.#enter({ name: "apart" });
      return this.#join();
    }
    this.#mode = state.mode;
    this.#clientId = state.clientId;
    this.#revision = state.revision;
    const rest = fresh ? this.#rebuild(state, restored) : this.#catchUp(state);
    this.#epoch = Math.max(this.#epoch, state.epoch);
    this.#met = true;
    this.#enter({ name: "joined" });
    this.events.emit("joined", state);
    if (fresh) this.#settle(rest);
    else if (state.mode === "viewer" && this.#sender.outbox.edits > 0) this.refused("all", { reason: "viewer" });
    this.#sender.flush();
    this.#keeper?.learned();
    this.#keeper?.look().catch(() => void 0);
  }
  #catchUp(state) {
    if (state.clientId !== void 0) this.#doc.clientID = state.clientId;
    this.#take(state.state, new RemoteEdit("", "", state.revision));
    if (this.#sender.outbox.edits > 0 && state.stateVector.length > 0) {
      this.#sender.outbox.replace(encodeStateAsUpdate(this.#doc, state.stateVector));
      this.changed();
    }
    return [];
  }
  /** Starts again from the server's document. Returns what the old one had besides, refused or not yet sent. */
  #rebuild(state, restored) {
    const old = this.#doc;
    const disputed = this.disputes.end(old);
    const { fresh, rest } = rebuild(old, state.state, restored ? this.#sender.outbox.fields : void 0);
    if (state.clientId !== void 0) fresh.clientID = state.clientId;
    if (restored) {
      this.#refused = "all";
      this.#refusedBy = { reason: "epoch" };
    }
    this.#doc = fresh;
    this.#server.replace(state.state);
    old.destroy();
    this.#sender.outbox.clear();
    this.#observe(fresh);
    this.#keepAll(disputed.filter(({ field, mine }) => !same(mine, valueIn(fresh, field))), DISPUTED);
    this.events.emit("replaced", fresh);
    this.changed();
    if (!this.#startsAnew) return rest.filter(({ field }) => !disputed.some((one) => one.field === field));
    this.#startsAnew = false;
    return [];
  }
  /** Keeps as drafts what may not be applied again, and applies the rest; it is sent when the store has it. */
  #settle(rest) {
    const refused = this.#mode === "viewer" ? "all" : this.#refused;
    const why = this.#refusedBy;
    const isRefused = ({ field }) => refused === "all" || refused?.has(field) === true;
    this.#keeping = true;
    this.#refused = void 0;
    this.#refusedBy = {};
    this.#keepAll(rest.filter(isRefused), text(why["reason"]) || text(why["code"]), text(why["lockedBy"]));
    for (const one of rest) {
      const { field, mine } = one;
      if (mine !== void 0 && !isRefused(one)) this.edit(field, void 0, (doc) => put(doc, field, mine));
    }
    this.#keep(() => {
      this.#keeping = false;
      this.#sender.flush();
    });
  }
  #keep(done) {
    if (this.#keeper === void 0) done();
    else this.#keeper.flush(done);
  }
  #notJoined(answer) {
    const { code } = answer;
    this.#enter({ name: "apart" });
    if (code === LOST) return;
    const wait = retryAfter(answer);
    if (wait !== void 0) return this.#rejoin.set(wait, () => this.#join());
    if (code === "PERMISSION_DENIED" && this.#asking === "editor" && this.#options.mode === void 0) {
      this.#asking = "viewer";
      return this.#join();
    }
    this.#enter({ name: "refused", code });
  }
  #fellApart() {
    this.#rejoin.clear();
    this.#sender.giveBack();
    if (this.#state.name !== "apart") this.#enter({ name: "apart" });
  }
  #received(event, fields) {
    if (event === "Y_UPDATE") this.#apply(fields);
    if (/^(PERMISSION_DENIED|RESOURCE_ERASED)$/.test(event)) this.#joinAgain();
  }
  #apply(fields) {
    const revision = number(fields["revision"]);
    this.#revision = Math.max(this.#revision, revision);
    const origin = new RemoteEdit(text(fields["userId"]), text(fields["sessionId"]), revision);
    this.#take(bytes(fields["update"]), origin);
    const { pendingStructs, pendingDs } = this.#doc.store;
    if (pendingStructs !== null || pendingDs !== null) this.sync();
  }
  #take(update, origin) {
    this.events.emit("arriving", void 0);
    applyUpdate(this.#doc, update, origin);
  }
  #joinAgain() {
    if (this.#state.name === "joining") return;
    this.#enter({ name: "apart" });
    this.#join();
  }
  #observe(doc) {
    doc.on("update", (update, origin) => {
      if (origin instanceof RemoteEdit && this.#keeper !== void 0) {
        this.#server.add(update);
        this.#keeper.learned();
      }
      if (!(origin instanceof LocalEdit)) return;
      this.#sender.outbox.add(update, [origin.field], 1, performance.now());
      this.#keeper?.changed(this.#state.name === "joined");
      this.changed();
      this.#sender.flush();
    });
    doc.on("afterTransactionCleanup", (transaction) => {
      if (doc !== this.#doc || !(transaction.origin instanceof RemoteEdit)) return;
      if (this.#clientId !== void 0 && doc.clientID !== this.#clientId) this.refused([], {});
      const fields = this.#touched.by(transaction);
      const { userId, sessionId, revision } = transaction.origin;
      if (fields.length > 0) this.events.emit("arrived", { fields, userId, sessionId, revision });
    });
  }
  #enter(state) {
    this.#state = state;
    this.events.emit("state", state);
  }
}

class Records {
  events = new Emitter();
  #connection;
  #options;
  #entries = /* @__PURE__ */ new Map();
  #drafts = /* @__PURE__ */ new Map();
  #soon = new Timer();
  constructor(connection, options) {
    this.#connection = connection;
    this.#options = options;
    connection.events.on("state", (state) => state.name === "open" && this.#leaveStrays(state.session.rooms));
  }
  /** Opens a record for the page: anew, or as it was left. */
  enter(resourceId) {
    const left = this.#entries.get(resourceId);
    if (left !== void 0) {
      left.leaving?.();
      left.leaving = void 0;
      return left;
    }
    const channel = new Channel(this.#connection, resourceId);
    const document = new SharedDocument(channel, this.#options);
    const entry = { channel, document, leaving: void 0 };
    this.#entries.set(resourceId, entry);
    document.events.on("draft", (draft) => {
      this.drafts(resourceId).set(draft.field, draft);
      this.events.emit("draft", { resourceId, draft });
    });
    document.events.on("forgot", () => this.drafts(resourceId).clear());
    document.events.on("outbox", () => entry.leaving && this.#look());
    return entry;
  }
  /** Leaves a record as soon as all its edits are on the server, and calls `last` just before. */
  leave(resourceId, last) {
    const entry = this.#entries.get(resourceId);
    if (entry === void 0) return last();
    entry.leaving = last;
    this.#giveUpSaved();
  }
  /** What was refused of a record, by wire name, until it is dismissed. */
  drafts(resourceId) {
    const known = this.#drafts.get(resourceId) ?? /* @__PURE__ */ new Map();
    this.#drafts.set(resourceId, known);
    return known;
  }
  /** The documents of the page and of those that were left. */
  get documents() {
    return [...this.#entries.values()].map(({ document }) => document);
  }
  /** Reports whether this browser's store has what waits in records whose page was left. */
  get stored() {
    return this.#left().every(({ document }) => document.stored || document.outbox.edits === 0);
  }
  /** Number of edits, of records whose page was left, that the server has not acknowledged. */
  get edits() {
    return this.#left().reduce((sum, { document }) => sum + document.outbox.edits, 0);
  }
  /** When the oldest of them was made, by `performance.now()`; undefined when there is none. */
  get since() {
    const times = this.#left().flatMap(({ document }) => document.outbox.since ?? []);
    return times.length === 0 ? void 0 : Math.min(...times);
  }
  /** Gives up all of them, saved or not. */
  end() {
    this.#soon.clear();
    for (const entry of this.#left()) this.#giveUp(entry);
    this.events.clear();
  }
  /** A resumed session may be in rooms that were left while nobody heard of it (C11). */
  #leaveStrays(rooms) {
    for (const resourceId of rooms) if (!this.#entries.has(resourceId)) this.#connection.send("LEAVE_RESOURCE", { resourceId });
  }
  #left() {
    return [...this.#entries.values()].filter(({ leaving }) => leaving !== void 0);
  }
  /** Looks later: while a document is built anew its outbox is empty for a moment. */
  #look() {
    if (!this.#soon.running) this.#soon.set(0, () => this.#giveUpSaved());
  }
  #giveUpSaved() {
    for (const entry of this.#left()) if (entry.document.outbox.edits === 0) this.#giveUp(entry);
    this.events.emit("changed", void 0);
  }
  #giveUp(entry) {
    this.#entries.delete(entry.channel.resourceId);
    entry.leaving?.();
    entry.document.end();
    entry.channel.end();
  }
}

function statusOf(parts) {
  const { connection, document } = parts;
  const waiting = parts.edits + parts.loose + (parts.stored ? 0 : parts.drafts);
  const refused = document.name === "refused" ? document.code : void 0;
  return {
    connection: connectionOf(parts),
    save: waiting === 0 ? "server" : parts.stored ? "here" : "unsaved",
    waiting,
    mode: parts.met ? parts.mode : void 0,
    revision: parts.revision,
    reason: connection.name === "refused" ? connection.reason : refused,
    retryAt: connection.name === "waiting" ? connection.until : void 0,
    store: parts.store,
    degraded: parts.degraded
  };
}
function connectionOf({ connection, everOpen, document }) {
  switch (connection.name) {
    case "open":
      return document.name === "refused" ? "refused" : document.name === "joined" ? "connected" : "connecting";
    case "refused":
    case "closed":
      return connection.name;
    case "connecting":
      return everOpen || connection.attempt > 0 ? "offline" : "connecting";
    case "waiting":
      return "offline";
    case "idle":
      return "connecting";
  }
}

const LOADING_MS = 5e3;
class BoundField {
  id;
  kind;
  /** Name on the wire: of the lock, the seed, the root or entry. */
  wire;
  label;
  binding;
  /** What the field shows may be another record's, which the page showed before: it fills nothing (see Carried). */
  carried = false;
  #again;
  #found = Date.now();
  #base;
  #live = false;
  #document;
  #seeding;
  #conflict = false;
  /** What the page had when the server was asked to fill the field: what it has put there since is an edit. */
  #asked;
  /** Whether this is the first time that the page shows the field: what comes back is not compared. */
  #first = true;
  /** `again` is called when the field is to be considered again, and when its conflict has ended. */
  constructor(id, kind, label, binding, again = () => void 0) {
    this.id = id;
    this.kind = kind;
    this.wire = wireName(id, kind);
    this.label = label;
    this.binding = binding;
    this.#again = again;
    this.#base = binding.pristine.value;
    binding.rendered = (cause) => this.#rendered(cause);
  }
  /** What the page itself put into the field, before the user changed it or it was bound. */
  get base() {
    return this.#live ? this.#base : this.binding.pristine.value;
  }
  /** Reports whether the field is bound to the document. */
  get live() {
    return this.#live;
  }
  /** Reports whether something was typed that is in no document yet. */
  get waitsWithText() {
    if (this.#live) return false;
    const value = this.binding.read();
    return value !== void 0 && !same(value, this.base) && !same(value, this.#document?.disputed(this.wire)?.mine);
  }
  /** Set while the user has to choose; the field is not bound meanwhile. */
  get conflict() {
    if (!this.#conflict || this.#document === void 0) return void 0;
    const disputed = this.#document.disputed(this.wire);
    const mine = this.waitsWithText ? void 0 : disputed?.mine;
    return { mine: mine ?? this.#page, theirs: valueIn(this.#document.doc, this.wire) ?? "", ...disputed && { typed: true } };
  }
  /** Ends the conflict with one of the two values. The page's is taken only while the document can be edited. */
  choose(which) {
    const { conflict } = this;
    if (conflict === void 0 || which === "mine" && this.#document?.editable !== true) return;
    const { mine, theirs } = conflict;
    const typed = same(mine, this.#page);
    const disputed = this.#isDisputed();
    if (which === "mine" && !typed) this.#document?.edit(this.wire, void 0, (doc) => put(doc, this.wire, mine));
    if (disputed) this.#document?.dismiss(this.wire);
    this.#conflict = false;
    if (!disputed || typed || this.#seeding?.compared.has(this.wire)) this.#bind(which === "mine" && typed ? theirs : this.#page);
    if (!disputed) this.#seeding?.note([[this.wire, this.base]]);
    this.#again();
  }
  /**
   * Binds the field if the time has come. Reports whether the server should be asked first (`SEED`): to fill the field
   * from the page, or for what it was filled with.
   */
  consider(document, seeding) {
    if (this.#live || !document.met) return false;
    this.#document = document;
    this.#seeding = seeding;
    if (this.#isDisputed()) return false;
    const viewer = document.mode === "viewer";
    const base = this.#asked ?? this.base;
    if (!written(document.doc, this.wire)) {
      if (viewer || this.carried) return false;
      if (!blank(this.base)) {
        this.#conflict = document.erased > 0;
        if (this.#conflict) return false;
        this.#asked = this.base;
        return true;
      }
    } else if (this.carried) {
      this.#bind(this.#page);
      return false;
    } else if (viewer) {
      if (this.waitsWithText) document.keepAsDraft(this.wire, this.#page, "viewer");
      this.#bind(this.#page);
      return false;
    } else if (!this.#isCurrent(valueIn(document.doc, this.wire) ?? "") && !this.#isNew(document, seeding)) {
      const old = seeding.isOld(this.wire, base);
      if (old === void 0) return true;
      this.#conflict = !old;
      if (!old) return false;
    }
    this.#bind(base);
    return false;
  }
  /** Goes on with another document, which was built in the place of the first. */
  rebind(document) {
    if (!this.#live) return;
    this.#live = !this.#isDisputed();
    if (this.#live) this.binding.attach(document.doc, this.#base);
    else this.binding.pause();
  }
  /** Reports whether the field was changed on both sides while the page was apart: the user has to choose, then. */
  #isDisputed() {
    this.#conflict = this.#document?.disputed(this.wire) !== void 0;
    return this.#conflict;
  }
  get #page() {
    return this.binding.read() ?? this.base;
  }
  #isCurrent(theirs) {
    const wanted = this.binding.shape(theirs);
    return same(this.base, wanted) || same(this.binding.read(), wanted);
  }
  /** Reports whether the document is newer than the page: it was compared before, or has edits made here and not yet saved. */
  #isNew(document, seeding) {
    return seeding.compared.has(this.wire) || document.outbox.fields.has(this.wire);
  }
  #bind(base) {
    if (this.#document === void 0) return;
    this.#base = this.base;
    this.#live = true;
    this.#asked = void 0;
    this.#conflict = false;
    const { compared } = this.#seeding ?? {};
    this.#first = compared?.has(this.wire) !== true;
    if (this.#first) compared?.set(this.wire, void 0);
    this.binding.attach(this.#document.doc, base);
  }
  /** Says what is to become of something that the page itself has put into the bound field. */
  #rendered(cause) {
    if (cause === "answer") return "undone";
    const { doc } = this.#document ?? {};
    const young = Date.now() - this.#found < LOADING_MS || blank(this.#base) && cause !== "calculated";
    const loading = this.#first && young && !this.binding.pristine.touched;
    const value = this.binding.read();
    const old = same(value, this.#base) || same(value, this.#seeding?.compared.get(this.wire));
    if (doc !== void 0 && (loading && !old || !written(doc, this.wire))) {
      this.#live = false;
      this.#seeding?.compared.delete(this.wire);
      this.binding.pause();
      this.#again();
      return "released";
    }
    return cause !== "page" && !old ? "kept" : "undone";
  }
}

const LATER_MS = 500;
const PAUSE_MS$1 = 100;
const CONSEQUENCES = { click: "pressed", change: "calculated", reset: "reset", input: "calculated" };
const TYPES = Object.keys(CONSEQUENCES);
const pages = /* @__PURE__ */ new WeakMap();
class PageWatch {
  looks = /* @__PURE__ */ new Set();
  #pause = new Timer();
  #gesture = "page";
  #at = 0;
  #until = 0;
  /** Until then what comes may be a record that the user has opened, whatever else the user does meanwhile. */
  #loading = 0;
  #answering = false;
  /** Something of others was shown since the last look before a gesture: the page may have answered it. */
  #remote = false;
  /** What happened until now, was it done by the page or after a gesture; what the page does next, is its answer. */
  beforeRemote() {
    if (this.#answering) return;
    this.#answering = this.#remote = true;
    this.#look(performance.now() < this.#until ? this.#gesture : "page");
    queueMicrotask(() => {
      this.#look("answer");
      this.#answering = false;
    });
  }
  hear = (event) => {
    const { isTrusted, type } = event;
    const consequence = CONSEQUENCES[type];
    if (type === "reset") setTimeout(() => this.#look("reset"));
    if (!isTrusted || type === "reset") return;
    const typing = type === "input";
    const now = performance.now();
    if (!typing || this.#remote && !this.#pause.running) {
      this.#look(now < this.#until ? this.#gesture : "page", event.composedPath()[0]);
      this.#remote = false;
    }
    this.#gesture = consequence;
    this.#at = now;
    this.#until = now + (typing ? PAUSE_MS$1 : LATER_MS);
    if (consequence === "pressed") this.#loading = this.#until;
    if (typing) return this.#pause.set(PAUSE_MS$1, () => this.#look("calculated"));
    for (const delay of [0, LATER_MS]) setTimeout(() => this.#look(consequence), delay);
  };
  #look(cause, target) {
    const consequence = cause === "calculated" && performance.now() < this.#loading ? "pressed" : cause;
    for (const look of this.looks) look(consequence, this.#at, target);
  }
}
function watchPage(document, look) {
  const page = pages.get(document) ?? new PageWatch();
  if (page.looks.size === 0) {
    pages.set(document, page);
    for (const type of TYPES) document.addEventListener(type, page.hear, true);
  }
  page.looks.add(look);
  return () => {
    page.looks.delete(look);
    if (page.looks.size > 0) return;
    pages.delete(document);
    for (const type of TYPES) document.removeEventListener(type, page.hear, true);
  };
}
function beforeRemote(document) {
  pages.get(document)?.beforeRemote();
}

function setNative(element, property, value) {
  for (let at = Object.getPrototypeOf(element); at !== null; at = Object.getPrototypeOf(at)) {
    const setter = Object.getOwnPropertyDescriptor(at, property)?.set;
    if (setter !== void 0) return setter.call(element, value);
  }
  Reflect.set(element, property, value);
}
function announce(element) {
  const view = element.ownerDocument.defaultView ?? globalThis;
  element.dispatchEvent(new view.Event("input", { bubbles: true, composed: true }));
  element.dispatchEvent(new view.Event("change", { bubbles: true }));
}
function setChecked(element, checked) {
  if (element.checked === checked) return;
  if ("_valueTracker" in element && !element.disabled) return element.click();
  setNative(element, "checked", checked);
  announce(element);
}
function hasFocus(element) {
  return element.getRootNode().activeElement === element;
}
function borrowAttribute(element, name, value) {
  const before = element.getAttribute(name);
  element.setAttribute(name, value);
  return () => {
    if (element.getAttribute(name) !== value) return;
    if (before === null) element.removeAttribute(name);
    else element.setAttribute(name, before);
  };
}

class Pristine {
  #read;
  #value = "";
  #touched = false;
  constructor(read) {
    this.#read = read;
  }
  /** Reports whether the user has changed the control. */
  get touched() {
    return this.#touched;
  }
  get value() {
    if (!this.#touched) this.#value = this.#read() ?? this.#value;
    return this.#value;
  }
  /** Ends it: the user changes the control, or has changed it since the value was read last. */
  touch() {
    this.#touched = true;
  }
}

const FIRST_MS = 100;
const LAST_MS = 3200;
function whileRendering(timer, look, ms = FIRST_MS) {
  timer.set(ms, () => {
    look();
    if (ms < LAST_MS) whileRendering(timer, look, ms * 2);
  });
}

const selectControl = {
  read([element]) {
    const select = element;
    return select.multiple ? [...select.selectedOptions].map((option) => option.value) : select.value;
  },
  write([element], value) {
    const select = element;
    const wanted = Array.isArray(value) ? value : [String(value)];
    const options = [...select.options];
    if (!wanted.every((one) => one === "" || options.some((option) => option.value === one))) return false;
    if (select.multiple) for (const option of options) option.selected = wanted.includes(option.value);
    else setNative(select, "value", wanted[0] ?? "");
    announce(select);
    return true;
  }
};
const checkboxControl = {
  read: ([element]) => element.checked,
  write([element], value) {
    setChecked(element, value === true);
    return true;
  }
};
const radioControl = {
  read: (elements) => elements.find((button) => button.checked)?.value ?? "",
  write(elements, value) {
    const buttons = elements;
    const chosen = buttons.find((button) => button.value === value);
    if (chosen === void 0 && value !== "") return false;
    if (chosen !== void 0) setChecked(chosen, true);
    else for (const button of buttons) setChecked(button, false);
    return true;
  }
};
class ChoiceBinding {
  pristine = new Pristine(() => this.read());
  rendered = () => "undone";
  #control;
  #wire;
  #editor;
  #elements = [];
  #listening = /* @__PURE__ */ new Map();
  #readOnly;
  #map;
  #doc;
  #unobserve;
  #unwatch;
  #rendering = new Timer();
  #agreed;
  #writing = false;
  constructor(control, element, wire, editor) {
    this.#control = control;
    this.#wire = wire;
    this.#editor = editor;
    this.add(element);
    this.#unwatch = watchPage(element.ownerDocument, (by, _at, target) => by === "reset" ? this.#changed() : this.#elements.includes(target) || this.#look(by));
  }
  get elements() {
    return this.#elements;
  }
  read() {
    return this.#elements.length === 0 ? void 0 : this.#control.read(this.#elements);
  }
  shape(value) {
    return value;
  }
  attach(doc, base) {
    this.#unobserve?.();
    if (this.#map === void 0) this.#agreed = base;
    const map = choices(doc);
    const follow = () => this.#look("page") || this.#show();
    const observe = (event) => {
      const own = event.transaction.origin instanceof LocalEdit && event.transaction.origin.by === this;
      if (!own && event.keysChanged.has(idOf(this.#wire)) && !follow()) whileRendering(this.#rendering, follow);
    };
    map.observe(observe);
    this.#unobserve = () => map.unobserve(observe);
    this.#map = map;
    this.#doc = doc;
    if (same(this.read(), this.#agreed)) this.#show();
    else this.#changed();
    whileRendering(this.#rendering, follow);
  }
  pause() {
    this.#unobserve?.();
    this.#unobserve = void 0;
    this.#map = void 0;
    this.#rendering.clear();
  }
  detach() {
    this.pause();
    this.#unwatch();
    this.setReadOnly(false);
    for (const life of this.#listening.values()) life.end();
    this.#listening.clear();
    this.#elements = [];
  }
  setReadOnly(readOnly) {
    if (readOnly === (this.#readOnly !== void 0)) return;
    this.#readOnly?.end();
    this.#readOnly = void 0;
    if (!readOnly) return;
    this.#readOnly = new Lifetime();
    for (const element of this.#elements) hold(element, this.#readOnly);
  }
  add(element) {
    this.#elements.push(element);
    const life = new Lifetime();
    this.#listening.set(element, life);
    for (const type of ["input", "change"]) {
      life.listen(element, type, () => this.#chosen(), { capture: true });
    }
    if (this.#readOnly !== void 0) hold(element, this.#readOnly);
    if (this.#map !== void 0) this.#show();
  }
  remove(element) {
    this.#listening.get(element)?.end();
    this.#listening.delete(element);
    this.#elements = this.#elements.filter((one) => one !== element);
    return this.#elements.length > 0;
  }
  #chosen() {
    if (this.#writing) return;
    this.pristine.touch();
    this.#changed();
  }
  /** Looks whether the page itself has made another choice. Reports whether there is nothing to be shown any more. */
  #look(cause) {
    const value = this.read();
    if (this.#map === void 0 || this.#doc === void 0 || same(value, this.#agreed)) return false;
    if (same(value, valueIn(this.#doc, this.#wire))) return false;
    const fate = this.rendered(cause);
    if (fate === "kept") this.#changed();
    else if (fate === "undone") this.#show();
    return true;
  }
  #changed() {
    if (this.#map === void 0 || this.#writing) return;
    if (this.#readOnly !== void 0) return void this.#show();
    const value = this.read();
    if (value === void 0 || same(value, this.#agreed)) return;
    const edited = this.#editor.edit(this.#wire, this, (doc) => choices(doc).set(idOf(this.#wire), value));
    if (edited) this.#agreed = value;
    else this.#show();
  }
  /** Shows what the document has. Reports false when that is not possible (yet). */
  #show() {
    const value = this.#doc === void 0 ? void 0 : valueIn(this.#doc, this.#wire);
    let done = true;
    if (value !== void 0 && !same(value, this.read())) {
      this.#writing = true;
      done = this.#control.write(this.#elements, value);
      this.#writing = false;
    }
    this.#agreed = this.read();
    return done;
  }
}
function hold(element, life) {
  life.add(borrowAttribute(element, "aria-readonly", "true"));
  const refuse = (event) => event.preventDefault();
  life.listen(element, "click", (event) => event.isTrusted && refuse(event), { capture: true });
  if (element.localName !== "select") return;
  life.listen(element, "mousedown", (event) => (refuse(event), element.focus()), { capture: true });
  life.listen(element, "keydown", (event) => /^(Tab|Escape)$/.test(event.key) || refuse(event), {
    capture: true
  });
}

class InputControl {
  element;
  #giveBack;
  constructor(element) {
    this.element = element;
  }
  read() {
    const { value } = this.element;
    return value === "" && this.element.validity?.badInput ? void 0 : value;
  }
  shape(text) {
    const probe = this.element.cloneNode();
    setNative(probe, "value", text);
    return probe.value;
  }
  selection() {
    const { selectionStart, selectionEnd, selectionDirection } = this.element;
    if (!hasFocus(this.element) || selectionStart === null || selectionEnd === null) return void 0;
    return { start: selectionStart, end: selectionEnd, direction: selectionDirection ?? "none" };
  }
  write(text, selection) {
    const { element } = this;
    const { scrollTop, scrollLeft } = element;
    const select = ({ start, end, direction }) => {
      if (element.selectionStart !== null) element.setSelectionRange(start, end, direction);
    };
    const put = (caret) => {
      setNative(element, "value", text);
      if (caret !== void 0) select(caret);
      announce(element);
    };
    put(selection);
    if (selection !== void 0 && element.value !== text) {
      put({ start: text.length, end: text.length });
      if (element.value === text) select(selection);
    }
    element.scrollTop = scrollTop;
    element.scrollLeft = scrollLeft;
  }
  setReadOnly(readOnly) {
    if (readOnly === (this.#giveBack !== void 0)) return;
    this.#giveBack?.();
    this.#giveBack = void 0;
    if (!readOnly) return;
    const aria = borrowAttribute(this.element, "aria-readonly", "true");
    const native = this.element.readOnly;
    this.element.readOnly = true;
    this.#giveBack = () => {
      this.element.readOnly = native;
      aria();
    };
  }
}

let editable;
function editableControl() {
  return editable;
}
async function loadEditable() {
  try {
    editable = (await import('./collab-sdk.part-6b2aede8.mjs')).EditableControl;
  } catch (error) {
    console.warn("Corsia: a part of the widget could not be loaded", error);
  }
}

function mapThrough(position, delta, gives = false) {
  let before = 0;
  let moved = position;
  for (const { retain, insert, delete: deleted } of delta) {
    if (before > position) break;
    if (retain !== void 0) before += retain;
    else if (deleted !== void 0) {
      moved -= Math.max(0, Math.min(deleted, position - before));
      before += deleted;
    } else if (before < position || gives) moved += lengthOf(insert);
  }
  return moved;
}
function isDeleted(position, delta) {
  let before = 0;
  for (const { retain, delete: deleted } of delta) {
    if (before > position) break;
    if (deleted !== void 0 && position >= before && position < before + deleted) return true;
    before += retain ?? deleted ?? 0;
  }
  return false;
}
function rebase(splice, deltas, gives = false) {
  if (deltas.length === 0) return [splice];
  const after = [];
  for (let unit = splice.start + splice.deleted - 1; unit >= splice.start; unit--) {
    const start2 = mapUnit(unit, deltas);
    const last = after.at(-1);
    if (start2 === void 0) continue;
    if (last !== void 0 && last.start === start2 + 1) after.splice(-1, 1, { ...last, start: start2, deleted: last.deleted + 1 });
    else after.push({ start: start2, deleted: 1, inserted: "" });
  }
  const start = deltas.reduce((position, delta) => mapThrough(position, delta, gives), splice.start);
  if (splice.inserted !== "") after.push({ start, deleted: 0, inserted: splice.inserted });
  return after;
}
function mapCaret(caret, splice, deltas) {
  const through = (position) => deltas.reduce((at, delta) => mapThrough(at, delta), position);
  if (splice === void 0 || caret < splice.start) return through(caret);
  const start = through(splice.start);
  const inside = caret - splice.start;
  if (inside <= splice.inserted.length) return start + inside;
  const original = caret - splice.inserted.length + splice.deleted;
  const kept = rebase({ ...splice, inserted: "" }, deltas).reduce((sum, one) => sum + one.deleted, 0);
  return through(original) - kept + splice.inserted.length;
}
function mapUnit(unit, deltas) {
  let at = unit;
  for (const delta of deltas) {
    if (isDeleted(at, delta)) return void 0;
    at = mapThrough(at + 1, delta) - 1;
  }
  return at;
}
function lengthOf(insert) {
  return typeof insert === "string" ? insert.length : insert === void 0 ? 0 : 1;
}

const LOST_AFTER_MS = 4e3;
class Composition {
  #composing = false;
  #life = new Lifetime();
  #timer = new Timer();
  #ended;
  constructor(element, ended) {
    this.#ended = ended;
    for (const type of ["compositionstart", "compositionupdate"]) {
      this.#life.listen(element, type, () => this.#goesOn(), { capture: true });
    }
    for (const type of ["compositionend", "blur"]) this.#life.listen(element, type, () => this.#end(), { capture: true });
    this.#life.listen(element, "keydown", (event) => event.isComposing || this.#end(), { capture: true });
  }
  /** Reports whether a word is being composed. */
  get composing() {
    return this.#composing;
  }
  /** Stops listening; a word that is being composed counts as it is. */
  end() {
    this.#life.end();
    this.#end();
  }
  #goesOn() {
    this.#composing = true;
    this.#timer.set(LOST_AFTER_MS, () => this.#end());
  }
  #end() {
    if (!this.#composing) return;
    this.#composing = false;
    this.#timer.clear();
    this.#ended();
  }
}

const LONGEST$2 = 100;
const PAUSE_MS = 1e3;
class History {
  #past = [];
  #future = [];
  #last = 0;
  /** Keeps what takes back an edit: splices made one after the other, `text` being what there was before. */
  add(text, splices) {
    this.#future = [];
    const step = inverse(text, splices);
    const now = Date.now();
    const joined = now - this.#last < PAUSE_MS && join(this.#past.at(-1), step);
    this.#last = now;
    if (joined) this.#past[this.#past.length - 1] = [joined];
    else if (this.#past.push(step) > LONGEST$2) this.#past.shift();
  }
  /** Moves all steps over a change that somebody else made. */
  shift(delta) {
    for (const stack of [this.#past, this.#future]) {
      let others = splicesOf(delta);
      for (let index = stack.length - 1; index >= 0; index--) {
        [stack[index], others] = cross(stack[index] ?? [], others);
      }
    }
  }
  /** Hands the next step, to be applied to `text`, to `make`, and forgets it if that succeeds. */
  step(redo, text, make) {
    const [from, to] = redo ? [this.#future, this.#past] : [this.#past, this.#future];
    const step = from.at(-1);
    this.#last = 0;
    if (step === void 0 || !make(step)) return;
    from.pop();
    to.push(inverse(text, step));
  }
}
function splicesOf(delta) {
  const splices = [];
  let start = 0;
  for (const { retain, insert, delete: deleted } of delta) {
    if (retain !== void 0) start += retain;
    else if (deleted !== void 0) splices.push({ start, deleted, inserted: "" });
    else {
      const inserted = typeof insert === "string" ? insert : "\uFFFC";
      splices.push({ start, deleted: 0, inserted });
      start += inserted.length;
    }
  }
  return splices;
}
function asDelta({ start, deleted, inserted }) {
  return [
    ...start > 0 ? [{ retain: start }] : [],
    ...inserted === "" ? [] : [{ insert: inserted }],
    ...deleted > 0 ? [{ delete: deleted }] : []
  ];
}
function inverse(text, splices) {
  let now = text;
  const back = [];
  for (const splice of splices) {
    const { start, deleted, inserted } = splice;
    back.unshift({ start, deleted: inserted.length, inserted: now.slice(start, start + deleted) });
    now = apply(now, splice);
  }
  return back;
}
function join(last, next) {
  const [before, after] = [last?.[0], next[0]];
  if (before === void 0 || after === void 0 || (last?.length ?? 0) + next.length > 2) return void 0;
  const typed = before.inserted + after.inserted === "" && after.start === before.start + before.deleted;
  if (typed) return { ...before, deleted: before.deleted + after.deleted };
  const erased = before.deleted + after.deleted === 0 && after.start + after.inserted.length === before.start;
  return erased ? { ...after, inserted: after.inserted + before.inserted } : void 0;
}
function cross(mine, theirs) {
  const [one, ...rest] = mine;
  const [other, ...others] = theirs;
  if (one === void 0 || other === void 0) return [[...mine], [...theirs]];
  if (rest.length > 0) {
    const [first, away] = cross([one], theirs);
    const [second, further] = cross(rest, away);
    return [[...first, ...second], further];
  }
  if (others.length > 0) {
    const [moved, first] = cross(mine, [other]);
    const [further, second] = cross(moved, others);
    return [further, [...first, ...second]];
  }
  return [rebase(one, [asDelta(other)]), rebase(other, [asDelta(one)], true)];
}

const ECHO_MS = 100;
class TextBinding {
  pristine;
  rendered = () => "kept";
  #control;
  #wire;
  #editor;
  #composition;
  #life = new Lifetime();
  #again = new Timer();
  #rendering = new Timer();
  #echo = new Timer();
  #echoSince = 0;
  #text;
  #unobserve;
  #agreed = "";
  /** What the control made of `#agreed`: a number field shows no letters. */
  #shown;
  #deltas = [];
  #settling = false;
  #readOnly = false;
  #history = new History();
  constructor(control, wire, editor) {
    this.#control = control;
    this.#wire = wire;
    this.#editor = editor;
    const { element } = control;
    this.pristine = new Pristine(() => control.read());
    this.#composition = new Composition(element, () => this.#settle("user"));
    for (const type of ["input", "change", "blur"]) {
      this.#life.listen(element, type, (event) => this.#mayHaveChanged(event), { capture: true });
    }
    for (const type of ["focus", "beforeinput"]) {
      this.#life.listen(element, type, () => (this.pristine.value, this.#settle("page")), { capture: true });
    }
    this.#life.listen(element, "beforeinput", (event) => {
      if (/^history/.test(event.inputType)) this.#goBack(event, event.inputType === "historyRedo");
    });
    this.#life.listen(element, "keydown", (event) => {
      const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
      if (ctrlKey === metaKey || altKey || !/^[zy]$/i.test(key)) return;
      this.#goBack(event, shiftKey || /y/i.test(key));
    });
    this.#life.add(watchPage(element.ownerDocument, (by, at, target) => target !== element && this.#settle(by === "reset" ? "user" : by, at)));
  }
  get elements() {
    return [this.#control.element];
  }
  read() {
    return this.#control.read();
  }
  shape(value) {
    return this.#control.shape(String(value));
  }
  attach(doc, base) {
    const text = textOf(doc, this.#wire);
    const now = text.toString();
    let before = this.#agreed;
    if (this.#text === void 0) {
      const value = this.#control.read();
      before = value !== void 0 && value === this.#control.shape(now) ? now : String(base);
      this.#shown = this.#control.shape(before);
    }
    this.#unobserve?.();
    const observe = (event) => this.#remote(event);
    text.observe(observe);
    this.#unobserve = () => text.unobserve(observe);
    this.#text = text;
    this.#agreed = before;
    this.#history = new History();
    const away = diff(before, now);
    this.#deltas = away === void 0 ? [] : [asDelta(away)];
    this.#settle("user");
    this.#echo.clear();
    whileRendering(this.#rendering, () => this.#settle("page"));
  }
  pause() {
    this.#unobserve?.();
    this.#unobserve = void 0;
    this.#text = void 0;
    this.#deltas = [];
    for (const timer of [this.#again, this.#rendering, this.#echo]) timer.clear();
  }
  detach() {
    this.#composition.end();
    this.pause();
    this.#life.end();
    this.#control.setReadOnly(false);
  }
  setReadOnly(readOnly) {
    this.#readOnly = readOnly;
    this.#control.setReadOnly(readOnly);
  }
  add() {
  }
  remove() {
    return false;
  }
  #mayHaveChanged({ isTrusted, type }) {
    if (this.#settling) return;
    const by = isTrusted || type === "blur" || hasFocus(this.#control.element) ? "user" : this.#echo.running ? "page" : "pressed";
    if (by === "user" && type !== "blur") this.pristine.touch();
    this.#settle(by);
    if (this.#text !== void 0) this.#again.set(0, () => this.#settle(by));
  }
  #remote(event) {
    if (event.transaction.origin instanceof LocalEdit && event.transaction.origin.by === this) return;
    this.#deltas.push(event.delta);
    this.#settle("page");
  }
  /** Merges what has changed on both sides. What the control shows beyond what it was given was put in by `by`. */
  #settle(by, at = 0) {
    if (this.#text === void 0 || this.#settling || this.#composition.composing) return;
    const read = this.#control.read();
    if (read === void 0 && (this.#deltas.length === 0 || hasFocus(this.#control.element))) return;
    const value = read ?? this.#shown ?? "";
    const changed = value !== this.#shown;
    const alone = this.#deltas.length === 0;
    const isEcho = this.#echo.running && by !== "user" && at < this.#echoSince;
    if (alone && (!changed || isEcho)) {
      this.#shown = value;
      return;
    }
    const kept = changed && this.#judge(by, value, isEcho);
    if (this.#text === void 0) return;
    this.#settling = true;
    const selection = this.#control.selection();
    const splice = kept ? diff(this.#agreed, value, selection?.end) : void 0;
    const deltas = this.#deltas;
    this.#deltas = [];
    for (const delta of deltas) this.#history.shift(delta);
    if (splice !== void 0) {
      const splices = rebase(splice, deltas);
      const before = this.#text.toString();
      if (this.#put(this.#text, splices)) this.#history.add(before, splices);
    }
    this.#agreed = this.#text.toString();
    if (this.#agreed !== value && (changed || deltas.length > 0)) {
      this.#control.write(
        this.#agreed,
        selection && {
          ...selection,
          start: mapCaret(selection.start, splice, deltas),
          end: mapCaret(selection.end, splice, deltas)
        }
      );
      this.#echoSince = performance.now();
      this.#echo.set(ECHO_MS, () => this.#heardEcho());
    }
    this.#shown = this.#control.read();
    this.#settling = false;
    if (this.#deltas.length > 0) this.#settle("page");
  }
  /** Takes what the page has made of a remote change for what the control shows; it is not sent back. */
  #heardEcho() {
    if (!this.#composition.composing) this.#shown = this.#control.read();
  }
  /** Reports whether what the control shows is an edit. Where the user is at work, it is the user's. */
  #judge(by, value, isEcho) {
    if (by === "user" || this.pristine.touched && hasFocus(this.#control.element)) return true;
    if (isEcho || value === this.#control.shape(this.#text?.toString() ?? "")) return false;
    return this.rendered(by) === "kept";
  }
  /** Undoes or redoes an edit of the user's in the browser's place, which knows nothing of what others wrote. */
  #goBack(event, redo) {
    if (this.#text === void 0 || this.#readOnly || this.#composition.composing) return;
    event.preventDefault();
    this.#settle("user");
    const text = this.#text;
    this.#history.step(redo, this.#agreed, (splices) => {
      if (!this.#put(text, splices)) return false;
      const { start, inserted } = splices.at(-1) ?? { start: 0, inserted: "" };
      const caret = start + inserted.length;
      this.#agreed = text.toString();
      this.#settling = true;
      this.#control.write(this.#agreed, { start: caret, end: caret });
      this.#settling = false;
      this.#shown = this.#control.read();
      return true;
    });
  }
  #put(text, splices) {
    return this.#editor.edit(this.#wire, this, () => {
      for (const { start, deleted, inserted } of splices) {
        if (deleted > 0) text.delete(start, deleted);
        if (inserted !== "") text.insert(start, inserted);
      }
    });
  }
}

const FORMS = [
  /(?:^|-)(?::[rR]\w*:|«[rR]\w*»|_[rR]_\w+_)(?:$|-)/,
  // React, and what builds on its useId
  /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i,
  // a UUID alone; with a word before it, it is the key of a row
  /^ember\d+/,
  /^(?:mat|cdk|ion)-[a-z-]+-\d+(?:-(?:input|button))?$/,
  // Angular Material, Ionic
  /^ext-(?:gen|comp|element)-?\d+|-\d{3,}-\w+El$/,
  // Ext JS
  /^yui(?:-gen\d|_\d)/,
  /^gwt-uid-\d+$|^isc_[\dA-Z]+$/,
  // GWT, SmartClient
  /-vaadin-[a-z-]+-\d+$/,
  /^p[nrv]_id_\d+/,
  // PrimeNG, PrimeReact, PrimeVue
  /^(?:headlessui|radix|react-select|react-aria|downshift|mui|ui-id|el-id|rc_select|__BVID__)[a-z-]*[-_]?\d+/,
  /^mantine-[\da-z]{9}/
];
function isGenerated(name) {
  return FORMS.some((form) => form.test(name));
}

function hash(text) {
  let a = 3735928559;
  let b = 1103547991;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ a >>> 16, 2246822507) ^ Math.imul(b ^ b >>> 13, 3266489909);
  b = Math.imul(b ^ b >>> 16, 2246822507) ^ Math.imul(a ^ a >>> 13, 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}

const DISCONNECTED = 1;
const FOLLOWING = 4;
const frames = /* @__PURE__ */ new WeakMap();
function placeIn(frame, document) {
  frames.set(document, frame);
}
function hostOf(root) {
  return "host" in root ? root.host : frames.get(root);
}
function parentOf$1(element) {
  const { assignedSlot, parentNode } = element;
  if (assignedSlot !== null && assignedSlot !== void 0) return assignedSlot;
  if (parentNode === null) return void 0;
  return parentNode.nodeType === 1 ? parentNode : hostOf(parentNode);
}
function isUnder(element, attribute) {
  for (let at = element; at !== void 0; at = parentOf$1(at)) if (at.hasAttribute(attribute)) return true;
  return false;
}
function isShown(element) {
  for (let at = element; at !== void 0; ) {
    if (!at.isConnected || at.ownerDocument?.defaultView === null) return false;
    at = frames.get(at.ownerDocument);
  }
  return true;
}
function inPageOrder(a, b) {
  const position = a.compareDocumentPosition(b);
  if ((position & DISCONNECTED) === 0) return (position & FOLLOWING) === 0 ? 1 : -1;
  const [way, other] = [wayTo(a), wayTo(b)];
  const fork = way.findIndex((step, depth) => step !== other[depth]);
  const [one, two] = [way[fork], other[fork]];
  if (one === void 0 || two === void 0) return way.length - other.length;
  return (one.compareDocumentPosition(two) & FOLLOWING) === 0 ? 1 : -1;
}
function focusedIn(document) {
  let focused = document.activeElement;
  for (let inner = focused; inner; inner = inner.shadowRoot?.activeElement ?? documentIn(inner)?.activeElement ?? null) focused = inner;
  return focused;
}
function documentIn(element) {
  if (element.localName !== "iframe" && element.localName !== "frame") return void 0;
  return element.contentDocument ?? void 0;
}
function wayTo(element) {
  const way = [];
  for (let at = element; at !== void 0; at = hostOf(at.getRootNode())) way.unshift(at);
  return way;
}

const LONGEST$1 = 80;
class Identity {
  /** What has an id, by the id without index, in the order of the page. */
  #taken = /* @__PURE__ */ new Map();
  #bases = /* @__PURE__ */ new Map();
  /** Returns the ids of elements that came together; in which order they are given makes no difference. */
  name(elements) {
    const groups = /* @__PURE__ */ new Map();
    for (const element of elements) {
      const base = baseId(element);
      const group = groups.get(base);
      if (group === void 0) groups.set(base, [element]);
      else group.push(element);
    }
    const ids = /* @__PURE__ */ new Map();
    for (const [base, group] of groups) {
      if (group.length > 1) group.sort(inPageOrder);
      for (const element of group) ids.set(element, this.#take(base, element));
    }
    return ids;
  }
  /** Frees an id. */
  release(id) {
    const base = this.#bases.get(id);
    if (base === void 0) return;
    this.#bases.delete(id);
    const left = (this.#taken.get(base) ?? []).filter(({ index }) => indexed(base, index) !== id);
    if (left.length > 0) this.#taken.set(base, left);
    else this.#taken.delete(base);
  }
  /** Takes the first index that is free after the one before on the page; where none fits between, one after all. */
  #take(base, element) {
    const taken = this.#taken.get(base) ?? [];
    let place2 = taken.length;
    while (place2 > 0 && inPageOrder(taken[place2 - 1]?.element, element) > 0) place2--;
    let index = (taken[place2 - 1]?.index ?? 0) + 1;
    if (index >= (taken[place2]?.index ?? Infinity)) index = Math.max(...taken.map((one) => one.index)) + 1;
    taken.splice(place2, 0, { element, index });
    this.#taken.set(base, taken);
    const id = indexed(base, index);
    this.#bases.set(id, base);
    return id;
  }
}
function indexed(base, index) {
  return index === 1 && !/~\d+$/.test(base) ? base : `${base}~${index}`;
}
function groupOf(element) {
  const { type, name, form } = element;
  return type === "radio" && name ? { owner: form ?? element.getRootNode(), name } : void 0;
}
function baseId(element) {
  const own = ownName(element) ?? placeholderOf(element);
  const id = own ?? `position-${path(element)}`;
  return shorten(id + scopeOf(element));
}
function ownName(element) {
  const id = stable(element.getAttribute("id"));
  const name = stable(element.getAttribute("name")) ?? stable(element.getAttribute("formcontrolname"));
  const asGroup = name !== void 0 && groupOf(element) !== void 0;
  if (id !== void 0 && !asGroup) return `id-${id}`;
  return name === void 0 ? void 0 : `name-${name}`;
}
function scopeOf(node) {
  const host = hostOf(node.getRootNode());
  if (host === void 0) return "";
  return `@${ownName(host)?.replace(/^id-/, "#") ?? path(host)}${scopeOf(host)}`;
}
function stable(name) {
  return name === null || name === "" || isGenerated(name) ? void 0 : name;
}
function placeholderOf(element) {
  const placeholder = element.getAttribute("placeholder") ?? element.getAttribute("aria-placeholder");
  return placeholder ? `placeholder-${hash(placeholder.trim())}` : void 0;
}
function path(element) {
  const steps = [];
  for (let at = element; at !== null; at = at.parentElement) {
    const id = at === element ? void 0 : stable(at.getAttribute("id"));
    if (id !== void 0) {
      steps.unshift(`#${id}`);
      break;
    }
    steps.unshift(`${at.localName}${place(at)}`);
  }
  return steps.join("/");
}
function place(element) {
  let number = 1;
  for (let at = element.previousElementSibling; at !== null; at = at.previousElementSibling) {
    if (at.localName === element.localName) number++;
  }
  return number;
}
function shorten(id) {
  const printable = id.replace(/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/gu, "_");
  return printable.length <= LONGEST$1 ? printable : `${printable.slice(0, LONGEST$1 - 14)}-${hash(id)}`;
}

class Groups {
  #owners = /* @__PURE__ */ new WeakMap();
  #count = 0;
  #fields = /* @__PURE__ */ new Map();
  /** Sorts what has come into groups, each in the order of the page. */
  of(come) {
    const groups = /* @__PURE__ */ new Map();
    for (const { element, kind } of come) {
      const key = kind === "radio" ? this.#keyOf(element) : void 0;
      if (key !== void 0) groups.set(key, [...groups.get(key) ?? [], element]);
    }
    for (const group of groups.values()) group.sort(inPageOrder);
    return groups;
  }
  /** Returns the field of a group. */
  get(key) {
    return this.#fields.get(key);
  }
  /** Notes the field of a group. */
  set(key, field) {
    this.#fields.set(key, field);
  }
  /** Forgets a field. */
  delete(field) {
    for (const [key, one] of this.#fields) if (one === field) this.#fields.delete(key);
  }
  #keyOf(element) {
    const group = groupOf(element);
    if (group === void 0) return void 0;
    const owner = this.#owners.get(group.owner) ?? ++this.#count;
    this.#owners.set(group.owner, owner);
    return `${owner} ${group.name}`;
  }
}

const LONGEST = 60;
class Labels {
  #texts = /* @__PURE__ */ new Map();
  /** Returns the field's label, else its accessible name, else its placeholder, name or id. */
  of(element) {
    const root = element.getRootNode();
    const sources = [
      () => element.getAttribute("aria-label"),
      () => labelledBy(element, root),
      () => this.#for(element.id, root),
      () => element.closest("label")?.textContent,
      () => element.closest("fieldset")?.querySelector("legend")?.textContent,
      () => element.getAttribute("placeholder"),
      () => element.getAttribute("title"),
      () => element.getAttribute("name"),
      () => element.id
    ];
    for (const source of sources) {
      const text = (source() ?? "").replace(/\s+/g, " ").trim();
      if (text !== "") return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}\u2026`;
    }
    return element.localName;
  }
  #for(id, root) {
    if (id === "") return void 0;
    const known = this.#texts.get(root);
    if (known !== void 0) return known.get(id);
    const texts = /* @__PURE__ */ new Map();
    for (const label of root.querySelectorAll("label[for]")) {
      if (!texts.has(label.htmlFor)) texts.set(label.htmlFor, label.textContent ?? "");
    }
    this.#texts.set(root, texts);
    return texts.get(id);
  }
}
function labelledBy(element, root) {
  const ids = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter((id) => id !== "");
  return ids.map((id) => root.querySelector(`[id="${CSS.escape(id)}"]`)?.textContent ?? "").join(" ");
}

const TEXT_TYPES = /* @__PURE__ */ new Set([
  "text",
  "email",
  "tel",
  "url",
  "search",
  "number",
  "date",
  "time",
  "datetime-local",
  "month",
  "week"
]);
const BOX_TYPES = /* @__PURE__ */ new Set(["checkbox", "radio"]);
const SECRET_TOKENS = /^(?:.*-password|one-time-code|cc-.*)$/;
const RICH_EDITORS = ".ProseMirror,.ql-editor,.ck-content,.cke_editable,.mce-content-body,.public-DraftEditor-content,[data-slate-editor],[data-lexical-editor],.cm-content,.trix-content,.CodeMirror,.monaco-editor,.ace_editor,.xterm";
const EDITABLE = '[contenteditable]:not([contenteditable="false" i])';
class Exclusions {
  #secret = /* @__PURE__ */ new WeakSet();
  #secretNames = /* @__PURE__ */ new Set();
  /** Reports whether the element may be a field. Text that is plain stays so, whatever the browser makes of its lines. */
  allows(element, isPlain = false) {
    if (this.#isSecret(element) || isUnder(element, "data-collab-ignore") || isPartOfEditor(element)) return false;
    switch (element.localName) {
      case "input":
        return TEXT_TYPES.has(typeOf(element)) || BOX_TYPES.has(typeOf(element));
      case "textarea":
      case "select":
        return true;
      default:
        return isEditable$1(element) && (isPlain || hasPlainText(element));
    }
  }
  /**
   * Remembers a field that holds a secret now; to be told of every element seen and of every change of a type. `at` is where
   * on the page it is, or was.
   */
  note(element, formerType, at = element) {
    const wasSecret = formerType?.toLowerCase() === "password";
    if (wasSecret || element.localName === "input" && typeOf(element) === "password") this.#remember(element, at);
  }
  #remember(element, at) {
    this.#secret.add(element);
    for (const name of namesOf(element, at)) this.#secretNames.add(name);
  }
  #isSecret(element) {
    this.note(element);
    if (this.#secret.has(element)) return true;
    if (this.#secretNames.size > 0 && namesOf(element, element).some((name) => this.#secretNames.has(name))) return true;
    const tokens = (element.getAttribute("autocomplete") ?? "").toLowerCase().split(/\s+/);
    if (tokens.some((token) => SECRET_TOKENS.test(token))) return true;
    if (!isMasked(element)) return false;
    this.#remember(element, element);
    return true;
  }
}
const exclusionsOfPage = new Exclusions();
function typeOf(element) {
  const property = element.type;
  return (typeof property === "string" ? property : "text").toLowerCase();
}
function isMasked(element) {
  const view = element.ownerDocument.defaultView;
  const masking = view?.getComputedStyle(element).getPropertyValue("-webkit-text-security") ?? "";
  return masking !== "" && masking !== "none";
}
function isPartOfEditor(element) {
  if (element.closest(RICH_EDITORS) !== null) return true;
  return element.matches(EDITABLE) && element.parentElement?.closest(EDITABLE) != null && !element.hasAttribute("data-collab");
}
function isEditable$1(element) {
  return ["", "true", "plaintext-only"].includes(element.getAttribute("contenteditable")?.toLowerCase() ?? "false");
}
function hasPlainText(element) {
  if (element.getAttribute("contenteditable") === "plaintext-only" || element.hasAttribute("data-collab")) return true;
  return [...element.querySelectorAll("*")].every((child) => child.localName === "br");
}
function namesOf(element, at) {
  const named = ["id", "name"].filter((attribute) => element.getAttribute(attribute));
  const scope = scopeOf(at);
  const attributes = named.length > 0 || !element.getAttribute("placeholder") ? named : ["placeholder"];
  return attributes.map((attribute) => `${attribute} ${element.getAttribute(attribute)}${scope}`);
}

const CANDIDATES = "input,textarea,select,[contenteditable]";
const SWEEP_MS = 1e3;
const SWEEP_SHARE = 500;
class Roots {
  #hooks;
  #roots = /* @__PURE__ */ new Map();
  /** Names of custom elements that are not defined yet. */
  #awaited = /* @__PURE__ */ new Set();
  #ended = false;
  #sweeping = new Timer();
  constructor(hooks) {
    this.#hooks = hooks;
    this.#sweeping.set(SWEEP_MS, () => this.#sweep());
  }
  /** Lets go of everything. */
  end() {
    this.#ended = true;
    this.#sweeping.clear();
    for (const life of this.#roots.values()) life.end();
    this.#roots.clear();
  }
  /** Adds what may be a field in a document or shadow root, and listens there from then on. */
  enter(root, found) {
    if (!this.#roots.has(root)) this.#open(root);
    this.within(root, found);
  }
  /** Adds what may be a field at a node and under it, shadow roots and frames included. */
  within(node, found) {
    if (node.nodeType === Node.ELEMENT_NODE) this.#visit(node, found);
    for (const element of node.querySelectorAll("*")) this.#visit(element, found);
  }
  /** Adds what is in a shadow root that the element got meanwhile. */
  enterNew(element, found) {
    if (element.shadowRoot && !this.#roots.has(element.shadowRoot)) this.enter(element.shadowRoot, found);
  }
  /** Reports whether the element is on the page, and no other widget's. */
  has(element) {
    const { ownerDocument } = element;
    return isShown(element) && (hostOf(ownerDocument) === void 0 || !hasWidget(ownerDocument));
  }
  /** Lets go of roots that are not shown any more. */
  close() {
    for (const [root, life] of this.#roots) {
      const host = hostOf(root);
      if (host === void 0 || isShown(host) && rootIn(host) === root) continue;
      life.end();
      this.#roots.delete(root);
    }
  }
  #open(root) {
    const life = new Lifetime();
    this.#roots.set(root, life);
    this.#hooks.observe(root);
    const quiet = { capture: true, passive: true };
    life.listen(root, "load", ({ target }) => this.#loaded(target), quiet);
    if (root.nodeType !== Node.DOCUMENT_NODE) return;
    life.listen(root, "focusin", (event) => this.#reveal(event.composedPath()), quiet);
    this.#hooks.opened(root, life);
  }
  #visit(element, found) {
    if (element.matches(CANDIDATES)) found.add(element);
    const inside = rootIn(element);
    if (inside !== void 0) this.enter(inside, found);
    else if (element.localName.includes("-")) this.#awaitDefinition(element);
  }
  #loaded(frame) {
    if (frame.localName !== "iframe" && frame.localName !== "frame") return;
    const found = /* @__PURE__ */ new Set();
    this.#visit(frame, found);
    this.#hooks.found(found);
  }
  /** Opens shadow roots that an event came out of. */
  #reveal(path) {
    const found = /* @__PURE__ */ new Set();
    for (const node of path) {
      if (node.nodeType === Node.DOCUMENT_FRAGMENT_NODE && !this.#roots.has(node)) this.enter(node, found);
    }
    if (found.size > 0) this.#hooks.found(found);
  }
  /** A custom element that is defined later gets its shadow root then, of which no observer tells. */
  #awaitDefinition({ localName, ownerDocument }) {
    const registry = ownerDocument.defaultView?.customElements;
    if (registry === void 0 || this.#awaited.has(localName) || registry.get(localName) !== void 0) return;
    this.#awaited.add(localName);
    registry.whenDefined(localName).then(
      () => this.#ended || this.#look(),
      () => void 0
      // not a valid name: never defined
    );
  }
  #sweep() {
    const began = performance.now();
    if (!document.hidden) this.#look();
    this.#sweeping.set(Math.max(SWEEP_MS, (performance.now() - began) * SWEEP_SHARE), () => this.#sweep());
  }
  /** Looks for roots that are not open yet. */
  #look() {
    const found = /* @__PURE__ */ new Set();
    let fresh = false;
    const enter = (inside) => {
      if (!inside || this.#roots.has(inside)) return;
      fresh = true;
      this.enter(inside, found);
    };
    for (const root of [...this.#roots.keys()]) {
      for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot !== null) enter(shadowRoot);
      for (const frame of root.querySelectorAll("iframe,frame")) enter(rootIn(frame));
    }
    if (fresh) this.#hooks.found(found);
  }
}
function rootIn(element) {
  if (element.shadowRoot !== null) return element.shadowRoot;
  const document2 = documentIn(element);
  if (document2 === void 0 || hasWidget(document2)) return void 0;
  placeIn(element, document2);
  return document2;
}
function hasWidget(document2) {
  return document2.defaultView?.CollabSDK !== void 0;
}

const INHERITED = ["data-collab", "data-collab-ignore", "contenteditable"];
const OWN = ["type", "autocomplete", "id", "name", "multiple"];
class Scanner {
  #options;
  #hooks;
  #exclusions;
  #known = /* @__PURE__ */ new Map();
  #life = new Lifetime();
  #roots;
  constructor(options, hooks, exclusions = exclusionsOfPage) {
    this.#options = options;
    this.#hooks = hooks;
    this.#exclusions = exclusions;
    const observer = new MutationObserver((records) => this.#changed(records));
    const watch = {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: [...INHERITED, ...OWN],
      attributeOldValue: true
    };
    this.#roots = new Roots({
      observe: (root) => observer.observe(root, watch),
      opened: hooks.opened,
      found: (candidates) => this.#update(candidates, true)
    });
    this.#life.add(() => observer.disconnect());
    this.#life.add(() => this.#roots.end());
  }
  /** Begins with the document, and tells at once of what is there. */
  start(document) {
    const found = /* @__PURE__ */ new Set();
    this.#roots.enter(document, found);
    this.#update(found, false);
  }
  /** Stops watching. */
  end() {
    this.#life.end();
    this.#known.clear();
  }
  #changed(records) {
    const again = /* @__PURE__ */ new Set();
    const covered = /* @__PURE__ */ new Set();
    let removed = false;
    for (const { type, target, attributeName, oldValue, addedNodes, removedNodes } of records) {
      const element = target;
      if (type === "attributes") {
        if (attributeName === "type") this.#exclusions.note(element, oldValue);
        if (INHERITED.includes(attributeName ?? "")) this.#cover(element, again, covered);
        else if (element.matches(CANDIDATES)) again.add(element);
      }
      for (const node of addedNodes) {
        if (node.nodeType === Node.ELEMENT_NODE) this.#added(node, target, again, covered);
      }
      for (const node of removedNodes) removed ||= node.nodeType === Node.ELEMENT_NODE;
      if (target.nodeType === Node.ELEMENT_NODE) this.#roots.enterNew(element, again);
    }
    this.#update(again, removed);
  }
  #added(element, target, again, covered) {
    if (element.isConnected) return this.#cover(element, again, covered);
    for (const input of [element, ...element.querySelectorAll("input")]) this.#exclusions.note(input, null, target);
  }
  #cover(element, again, covered) {
    const isCovered = covered.has(element) || element.parentNode !== null && covered.has(element.parentNode);
    covered.add(element);
    if (!isCovered) this.#roots.within(element, again);
  }
  /** Decides about elements; about those that are known, too, when something may have gone. */
  #update(elements, removed) {
    if (removed) this.#roots.close();
    const gone = removed ? [...this.#known.keys()].filter((element) => !this.#roots.has(element)) : [];
    for (const element of gone) this.#known.delete(element);
    const come = [];
    for (const element of elements) {
      const known = this.#known.get(element);
      this.#exclusions.note(element);
      const kind = this.#roots.has(element) && this.#wants(element, known) ? kindOf(element) : void 0;
      const name = kind && ownName(element);
      if (known?.kind === kind && known?.name === name) continue;
      if (known !== void 0) gone.push(element);
      if (kind === void 0) this.#known.delete(element);
      else {
        this.#known.set(element, { kind, name });
        come.push({ element, kind });
      }
    }
    if (come.length > 0 || gone.length > 0) this.#hooks.found(come, gone);
  }
  #wants(element, known) {
    if (!this.#exclusions.allows(element, known?.kind === "editable")) return false;
    const { include, exclude, optIn } = this.#options;
    if (exclude.some((selector) => element.matches(selector))) return false;
    const included = include.some((selector) => element.matches(selector));
    return optIn ? included || isUnder(element, "data-collab") : included || include.length === 0;
  }
}
function kindOf(element) {
  if (element.localName === "select") return "select";
  if (element.localName === "textarea") return "text";
  if (element.localName !== "input") return "editable";
  const type = typeOf(element);
  return type === "checkbox" || type === "radio" ? type : "text";
}

const SETTLED_MS = 1e3;
class Fields {
  /** `opened` tells of the page and of each frame's document, whose events reach no other one, until `life` ends. */
  events = new Emitter();
  #document;
  #scanner;
  #identity = new Identity();
  #fields = /* @__PURE__ */ new Map();
  /** The values of `#fields`; undefined when they have changed. */
  #all;
  #byWire = /* @__PURE__ */ new Map();
  #byElement = /* @__PURE__ */ new Map();
  #groups = new Groups();
  #seeding;
  #carried;
  #watch;
  #settled = new Timer();
  /** What was found and went since something was found whose part of the widget is being loaded. */
  #waiting;
  #life = new Lifetime();
  constructor(document, seeding, options, carried) {
    this.#document = document;
    this.#seeding = seeding;
    this.#carried = carried;
    this.#watch = new CarriedWatch((field) => this.#renew(field), () => this.#consider());
    for (const end of [() => this.#watch.end(), () => this.#settled.clear()]) this.#life.add(end);
    this.#scanner = new Scanner(options, {
      found: (come, gone) => this.#found(come, gone),
      opened: (page, life) => {
        life.add(document.events.on("arriving", () => beforeRemote(page)));
        for (const type of ["submit", "formdata"]) life.listen(page, type, ({ target }) => this.#handOver(target), { capture: true });
        this.events.emit("opened", { document: page, life });
      }
    });
    this.#life.add(() => this.#scanner.end());
    this.#life.add(document.events.on("joined", () => this.#joined()));
    this.#life.add(document.events.on("restored", () => this.#consider()));
    this.#life.add(document.events.on("replaced", () => this.#each((field) => field.rebind(document))));
    this.#life.add(document.events.on("arrived", ({ fields }) => this.#consider(fields)));
  }
  /** Every field, in the order in which they were found. */
  get all() {
    return this.#all ??= [...this.#fields.values()];
  }
  /** Reports whether it is not known yet of some fields whether what they show is old. */
  get comparing() {
    return this.#seeding.busy;
  }
  /** Begins to look. */
  start(page) {
    this.#scanner.start(page);
  }
  /** Returns the field with the id. */
  get(id) {
    return this.#fields.get(id);
  }
  /** Returns the field of a wire name. */
  ofWire(wire) {
    return this.#byWire.get(wire);
  }
  /** Returns the field that has the focus on a page, in a shadow root or frame too. */
  focusedIn(page) {
    for (let at = focusedIn(page); at !== null; at = at.parentElement) {
      const field = this.#byElement.get(at);
      if (field !== void 0) return field;
    }
    return void 0;
  }
  /** Returns the field that an event happened in. */
  ofEvent(event) {
    for (const node of event.composedPath()) {
      const field = this.#byElement.get(node);
      if (field !== void 0) return field;
    }
    return void 0;
  }
  /** Lets go of every field; the page keeps what it shows. */
  end() {
    if (this.#life.ended) return;
    this.#life.end();
    this.#each((field) => {
      if (field.waitsWithText) this.#document.keepAsDraft(field.wire, shown(field.binding.read()), "left");
      field.binding.detach();
      this.#carried.note(field);
    });
    this.#fields.clear();
    this.#all = void 0;
    this.#byWire.clear();
    this.#byElement.clear();
    this.events.clear();
  }
  /** Takes what was found, in its order: from that order come the names of fields that nothing else tells apart. */
  #found(come, gone) {
    if (this.#waiting !== void 0) this.#waiting.push([come, gone]);
    else if (editableControl() !== void 0 || !come.some(isEditable)) this.#update(come, gone);
    else {
      this.#waiting = [[come, gone]];
      void loadEditable().then(() => {
        const found = this.#waiting ?? [];
        this.#waiting = void 0;
        if (!this.#life.ended) for (const [here, there] of found) this.#update(here, there);
      });
    }
  }
  #update(come, gone) {
    for (const element of gone) this.#remove(element);
    this.#addAll(editableControl() === void 0 ? come.filter((one) => !isEditable(one)) : come);
    if (this.#watch.any) this.#settled.set(SETTLED_MS, () => this.#consider());
    this.#consider();
    this.events.emit("changed", this.all);
  }
  #addAll(come) {
    const groups = this.#groups.of(come);
    const later = new Set([...groups].flatMap(([key, buttons]) => this.#groups.get(key) ? buttons : buttons.slice(1)));
    const first = come.filter(({ element }) => !later.has(element));
    const ids = this.#identity.name(first.map(({ element }) => element));
    const labels = new Labels();
    for (const { element, kind } of first) this.#add(element, kind, ids.get(element) ?? "", labels.of(element));
    for (const [key, buttons] of groups) this.#group(key, buttons);
    for (const field of new Set(come.map(({ element }) => this.#byElement.get(element)))) {
      const isCarried = field?.binding.elements.every((element) => this.#carried.holds(element, field.base));
      if (field !== void 0 && isCarried) this.#watch.add(field);
    }
  }
  #add(element, kind, id, label) {
    const field = new BoundField(id, kind, label, bind(element, kind, wireName(id, kind), this.#document), () => {
      this.#consider([field.wire]);
      this.events.emit("changed", this.all);
    });
    this.#fields.set(id, field);
    this.#all = void 0;
    this.#byWire.set(field.wire, field);
    this.#byElement.set(element, field);
  }
  /** Makes radio buttons of one group one field: that of the group, or of its first button. */
  #group(key, buttons) {
    const field = this.#groups.get(key) ?? this.#byElement.get(buttons[0]);
    if (field === void 0) return;
    this.#groups.set(key, field);
    for (const button of buttons) {
      if (this.#byElement.has(button)) continue;
      this.#byElement.set(button, field);
      field.binding.add(button);
    }
  }
  /** The page has put something else into a field that was carried over: it is found anew, with what it shows now. */
  #renew({ kind, binding: { elements } }) {
    this.#update(elements.map((element) => ({ element, kind })), elements);
  }
  #remove(element) {
    const field = this.#byElement.get(element);
    this.#byElement.delete(element);
    if (field === void 0) return;
    const waits = field.waitsWithText;
    const value = field.binding.read();
    if (field.binding.remove(element)) return;
    this.#seeding.gone(field.wire, value);
    this.#watch.drop(field);
    if (waits) this.#document.keepAsDraft(field.wire, shown(value), "removed");
    field.binding.detach();
    this.#identity.release(field.id);
    this.#groups.delete(field);
    this.#fields.delete(field.id);
    this.#all = void 0;
    this.#byWire.delete(field.wire);
  }
  /** A form is sent to the page's own system, which may show it again when the document is newer. */
  #handOver(form) {
    this.#seeding.note(this.all.flatMap(({ live, wire, binding }) => {
      const value = binding.read();
      const [element] = binding.elements;
      const isSent = live && element?.form === form;
      return isSent && value !== void 0 && same(value, valueIn(this.#document.doc, wire)) ? [[wire, value]] : [];
    }));
  }
  #joined() {
    this.#seeding.forget();
    this.#consider();
  }
  /** Binds what can be bound, of all fields or of some by wire name; asks for seeds of what must be filled first. */
  #consider(wires) {
    const fields = wires === void 0 ? this.all : wires.flatMap((wire) => this.#byWire.get(wire) ?? []);
    const disputed = () => fields.some((field) => field.conflict !== void 0);
    const before = disputed();
    const ready = fields.filter(({ carried }) => !carried || !this.#settled.running);
    const asking = ready.filter((field) => field.consider(this.#document, this.#seeding));
    this.#seeding.ask(new Map(asking.map((field) => [field.wire, field.base])), () => {
      this.#consider();
      this.events.emit("changed", this.all);
    });
    if (before || disputed()) this.events.emit("changed", this.all);
  }
  #each(work) {
    for (const field of this.#fields.values()) work(field);
  }
}
function isEditable({ kind }) {
  return kind === "editable";
}
function bind(element, kind, wire, editor) {
  switch (kind) {
    case "text":
      return new TextBinding(new InputControl(element), wire, editor);
    case "editable":
      return new TextBinding(new (editableControl())(element), wire, editor);
    case "select":
      return new ChoiceBinding(selectControl, element, wire, editor);
    case "checkbox":
      return new ChoiceBinding(checkboxControl, element, wire, editor);
    case "radio":
      return new ChoiceBinding(radioControl, element, wire, editor);
  }
}

const EXTEND_EVERY_MS = 1e4;
const IDLE_MS = 5 * 6e4;
const REQUEST_TIMES = 6;
class Locks {
  events = new Emitter();
  #channel;
  #life = new Lifetime();
  #others = /* @__PURE__ */ new Map();
  #own = /* @__PURE__ */ new Map();
  /** Fields that this session wants: asked for, held, or to be asked for again after a reconnection. */
  #wanted = /* @__PURE__ */ new Set();
  /** Who waits for the answer to a request that is under way. */
  #asking = /* @__PURE__ */ new Map();
  /** Fields whose holders this session has asked, and how many times each request stands yet. */
  #asked = /* @__PURE__ */ new Map();
  /** Who asks for own locks; of each session and field the last request, and how many times it stands yet. */
  #requests = /* @__PURE__ */ new Map();
  #document;
  #lastActivity = performance.now();
  constructor(channel, document) {
    this.#channel = channel;
    this.#document = document;
    this.#life.add(channel.events.on("message", ({ event, fields }) => this.#received(event, fields)));
    this.#life.add(channel.events.on("state", ({ name }) => name !== "open" && this.#apart()));
    this.#life.add(document.events.on("joined", ({ locks }) => this.#reset(locks)));
    this.#life.every(EXTEND_EVERY_MS, () => this.#extend());
  }
  /** Returns the lock that this session holds on the field or on the whole resource. */
  own(field) {
    return this.#own.get(field) ?? this.#own.get("");
  }
  /** Returns another session's lock on the field or on the whole resource. */
  against(field) {
    return this.#others.get(field) ?? this.#others.get("");
  }
  /** Reports whether this session holds any. */
  get any() {
    return this.#own.size > 0;
  }
  /** Who waits for this session's answer, in the order of asking. */
  get requests() {
    return [...this.#requests.values()].map(({ request }) => request);
  }
  /** Reports whether this session has asked the field's holder and has no answer yet. */
  asked(field) {
    return this.#asked.has(field);
  }
  /** Reports whether nobody has used the page for so long, in milliseconds. */
  idle(ms) {
    return performance.now() - this.#lastActivity > ms;
  }
  /** Reports whether this session may break locks. */
  get mayBreak() {
    return this.#channel.session?.breakGlass === true;
  }
  /** Notes that the user does something, so that own locks go on being extended. */
  active() {
    this.#lastActivity = performance.now();
  }
  /** Asks for the field's lock; the empty field is the whole resource. */
  acquire(field, done = () => void 0) {
    const held = this.#own.get(field);
    if (held !== void 0) return done({ ok: true, lock: held });
    this.#claim("LOCK_ACQUIRE", field, {}, done);
  }
  /** Gives the field's lock back, or on to the session `to`. */
  release(field, to) {
    this.#wanted.delete(field);
    const held = this.#own.get(field);
    if (held === void 0) return;
    this.#own.delete(field);
    this.#forget(field);
    this.#channel.send("LOCK_RELEASE", { lockId: held.lockId, to });
    this.#changed();
  }
  /** Asks the field's holder to hand it over (L7). `done` hears whether the holder was asked; `answered` tells the rest. */
  request(field, message = "", done = () => void 0) {
    this.active();
    this.#asked.set(field, REQUEST_TIMES);
    this.#changed();
    this.#channel.request("LOCK_REQUEST", at(field, { message: message || void 0 }), ({ code, fields }) => {
      const holder = text(fields["lockedByName"]) || text(fields["lockedBy"]);
      if (code === "" && holder === "") this.acquire(field);
      if (code === "") return done({ ok: true, lockedByName: holder });
      if (code !== LOST) this.#asked.delete(field);
      this.#changed();
      done({ ok: false, reason: text(fields["reason"]) || code });
    });
  }
  /** Hands a field over to who asks for it, once all that was typed in it is on the server. */
  handOver(request) {
    const { field, sessionId } = request;
    if (!this.#drop(request)) return;
    const { events, outbox } = this.#document;
    const give = () => {
      if (outbox.fields.has(field)) return false;
      stop();
      this.release(field, sessionId);
      return true;
    };
    let stop = () => void 0;
    if (!give()) stop = events.on("outbox", give);
  }
  /** Keeps the field, and lets who asks for it know. */
  decline(request) {
    if (this.#drop(request)) this.#channel.send("LOCK_REQUEST_DECLINED", at(request.field, { sessionId: request.sessionId }));
  }
  /** Takes the field's lock from its holder, for a reason that is recorded (L7). */
  breakGlass(field, reason, code, done = () => void 0) {
    this.#claim("LOCK_BREAK", field, { reason, code }, done);
  }
  /** Gives back all own locks. */
  releaseAll() {
    for (const field of this.#own.keys()) this.release(field);
  }
  /** Releases everything and stops. */
  end() {
    this.releaseAll();
    this.#life.end();
  }
  #claim(event, field, more, done) {
    this.active();
    this.#wanted.add(field);
    const asking = this.#asking.get(field);
    if (asking !== void 0 && event === "LOCK_ACQUIRE") return void asking.push(done);
    const waiting = [done];
    this.#asking.set(field, waiting);
    const began = performance.now();
    this.#channel.request(event, at(field, more), (answer) => {
      this.#asking.delete(field);
      const result = this.#answered(field, answer, performance.now() - began);
      for (const tell of waiting) tell(result);
    });
  }
  #answered(field, { code, fields }, ms) {
    if (code !== "") {
      const reason = text(fields["reason"]) || code;
      const denied = { field, reason, lockedByName: text(fields["lockedByName"]) };
      if (code !== LOST) {
        this.#wanted.delete(field);
        this.events.emit("denied", denied);
      }
      return { ok: false, ...denied };
    }
    const granted = this.#grant(field, fields, ms);
    if (!this.#wanted.has(field)) this.release(field);
    return { ok: true, lock: granted };
  }
  #grant(field, fields, ms) {
    const granted = lock({ ...this.#channel.session, ...fields, field });
    this.#others.delete(field);
    this.#own.set(field, granted);
    this.events.emit("acquired", { ...granted, ms });
    this.#changed();
    this.#tell(field, "granted");
    return granted;
  }
  /** Tells what came of the own request for a field, if there was one. */
  #tell(field, result, name = "") {
    if (!this.#asked.delete(field)) return;
    this.events.emit("answered", { field, result, name });
    this.#changed();
  }
  /** Requests end that have stood for a minute. */
  #sweep() {
    for (const [field, left] of this.#asked) {
      if (left > 1) this.#asked.set(field, left - 1);
      else this.#tell(field, "unanswered", this.against(field)?.name);
    }
    for (const one of this.#requests.values()) if (--one.left <= 0) this.#drop(one.request);
  }
  #drop({ field, sessionId }) {
    const dropped = this.#requests.delete(`${sessionId} ${field}`);
    if (dropped) this.#changed();
    return dropped;
  }
  /** Forgets who asks for a field. */
  #forget(field) {
    for (const one of this.requests) if (one.field === field) this.#requests.delete(`${one.sessionId} ${field}`);
  }
  #apart() {
    this.#own.clear();
    this.#requests.clear();
  }
  #received(event, fields) {
    const field = text(fields["field"]);
    const userId = text(fields["userId"]);
    const { session } = this.#channel;
    const mine = fields["sessionId"] === void 0 ? userId === session?.userId : fields["sessionId"] === session?.sessionId;
    if (event === "LOCK_STATUS_CHANGED" && fields["status"] === "locked") {
      if (mine && (this.#wanted.has(field) || this.#own.has(field))) return;
      const before = this.#others.get(field);
      const now = lock(fields);
      this.#own.delete(field);
      this.#others.set(field, now);
      this.#changed();
      if (before?.userId !== userId) this.#tell(field, "lost", now.name);
    } else if (event === "LOCK_RELEASED") {
      this.#released(field, userId, mine, fields);
    } else if (event === "LOCK_REQUESTED" && this.#own.has(field)) {
      const request = lockRequest(fields);
      this.#requests.set(`${request.sessionId} ${field}`, { request, left: REQUEST_TIMES });
      this.events.emit("requested", request);
      this.#changed();
    } else if (event === "LOCK_REQUEST_DECLINED") {
      this.#tell(field, "declined", text(fields["name"]) || userId);
    } else if (event === "LOCK_ACQUIRED" && !this.#asking.has(field) && this.#own.get(field)?.lockId !== fields["lockId"]) {
      this.#wanted.add(field);
      this.#grant(field, fields, 0);
    }
  }
  #released(field, userId, mine, fields) {
    const reason = text(fields["reason"]);
    if (this.#others.get(field)?.userId === userId) this.#others.delete(field);
    if (mine && this.#own.delete(field)) {
      this.#wanted.delete(field);
      this.#forget(field);
      const name = text(fields["byName"]) || text(fields["by"]);
      if (name !== "") this.events.emit("taken", { field, name, broken: reason === "broken" });
    }
    this.events.emit("released", { field, userId, reason });
    this.#changed();
    if (this.#asked.has(field) && !this.#own.has(field)) this.acquire(field);
  }
  #reset(locks) {
    this.#own.clear();
    this.#others.clear();
    const own = this.#channel.session?.sessionId;
    for (const one of locks) (one.sessionId === own ? this.#own : this.#others).set(one.field, one);
    for (const field of this.#wanted) this.acquire(field);
    for (const field of [...this.#asked.keys()]) this.request(field);
    this.#changed();
  }
  #extend() {
    this.#sweep();
    if (performance.now() - this.#lastActivity > IDLE_MS) return;
    for (const { lockId, field } of this.#own.values()) {
      this.#channel.request("LOCK_EXTEND", { lockId }, ({ code }) => {
        if (code !== "LOCK_LOST") return;
        this.#own.delete(field);
        this.#changed();
        if (this.#wanted.has(field)) this.acquire(field);
      });
    }
  }
  #changed() {
    this.events.emit("changed", void 0);
  }
}
function at(field, more = {}) {
  return field === "" ? more : { field, ...more };
}

const SEND_EVERY_MS = 150;
const REPEAT_MS = 25e3;
class Presence {
  events = new Emitter();
  #channel;
  #document;
  #life = new Lifetime();
  #users = /* @__PURE__ */ new Map();
  /** Where the others' sessions are. */
  #places = /* @__PURE__ */ new Map();
  #own = "";
  #timer = new Timer();
  constructor(channel, document) {
    this.#channel = channel;
    this.#document = document;
    this.#life.add(channel.events.on("message", ({ event, fields }) => this.#received(event, fields)));
    this.#life.add(document.events.on("joined", ({ users }) => this.#reset(users)));
    this.#life.add(channel.events.on("state", ({ name }) => name !== "open" && this.#places.clear()));
    this.#life.every(REPEAT_MS, () => this.#own !== "" && this.#send());
    this.#life.add(() => this.#timer.clear());
  }
  /** Everybody in the room, in the order of joining; oneself included. */
  get users() {
    return [...this.#users.values()].sort((a, b) => a.joinedAt - b.joinedAt || (a.userId < b.userId ? -1 : 1));
  }
  /** Returns the ids of the others who are in the field. */
  in(field) {
    return new Set([...this.#places.values()].filter((place) => place.field === field).map(({ userId }) => userId));
  }
  /** Tells the others which field this session is in; the empty string for none. */
  enter(field) {
    if (field === this.#own) return;
    this.#own = field;
    this.#soon();
  }
  /** Stops listening, and tells that this session is in no field any more. */
  end() {
    this.#life.end();
    if (this.#own === "") return;
    this.#own = "";
    this.#send();
  }
  #soon() {
    if (!this.#timer.running) this.#timer.set(SEND_EVERY_MS, () => this.#send());
  }
  #send() {
    if (this.#document.state.name === "joined") this.#channel.send("AWARENESS", { state: { field: this.#own } });
  }
  #reset(users) {
    this.#users = new Map(users.map((one) => [one.userId, one]));
    this.events.emit("users", this.users);
    this.#soon();
  }
  #received(event, fields) {
    const userId = text(fields["userId"]);
    if (event === "AWARENESS") {
      this.#places.set(text(fields["sessionId"]), { userId, field: text(fieldsOf(fields["state"])["field"]) });
      this.events.emit("moved", void 0);
    }
    if (event === "USER_JOINED") {
      const joined = user(fields["user"]);
      this.#users.set(joined.userId, joined);
      this.events.emit("users", this.users);
      if (this.#own !== "") this.#soon();
    }
    if (event === "USER_LEFT") {
      this.#users.delete(userId);
      for (const [sessionId, place] of this.#places) if (place.userId === userId) this.#places.delete(sessionId);
      this.events.emit("users", this.users);
    }
  }
}

const REMEMBERED = 500;
class Pushes {
  events = new Emitter();
  #life = new Lifetime();
  #known = /* @__PURE__ */ new Set();
  constructor(channel) {
    this.#life.add(
      channel.events.on("message", ({ event, fields }) => {
        if (event !== "RESOURCE_UPDATED" || !this.#isNew(text(fields["deliveryId"]))) return;
        const { version, occurredAt, data } = fields;
        const [deliveryId, source, eventType] = ["deliveryId", "source", "eventType"].map((name) => text(fields[name]));
        this.events.emit("push", { deliveryId, resourceId: channel.resourceId, source, eventType, version, occurredAt, data });
      })
    );
  }
  /** Stops listening. */
  end() {
    this.#life.end();
    this.events.clear();
  }
  #isNew(id) {
    if (id === "") return true;
    if (this.#known.has(id)) return false;
    this.#known.add(id);
    for (const oldest of this.#known) {
      if (this.#known.size <= REMEMBERED) break;
      this.#known.delete(oldest);
    }
    return true;
  }
}

const AGAIN_MS = 3e3;
class Seeding {
  /** Fields whose page was compared with the document, and what the page had when it let go of them: that is only old. */
  compared = /* @__PURE__ */ new Map();
  #channel;
  #document;
  #asked = /* @__PURE__ */ new Set();
  /** What was noted and not told yet, by wire name. */
  #old = /* @__PURE__ */ new Map();
  #again = new Timer();
  #flying = 0;
  #life = new Lifetime();
  #ended = false;
  constructor(channel, document) {
    this.#channel = channel;
    this.#document = document;
    for (const event of ["joined", "saved"]) this.#life.add(document.events.on(event, () => this.#tell()));
    this.#life.add(document.events.on("replaced", () => this.#old.clear()));
  }
  /** Reports whether an answer is awaited: fields may show what is old. */
  get busy() {
    return this.#flying > 0;
  }
  /** Notes what a field had that is no longer on the page: rendered again, it may have it still. */
  gone(wire, value) {
    if (this.compared.has(wire)) this.compared.set(wire, value);
  }
  /** Reports whether a page that shows the value in a written field is merely old; undefined: the server is to be asked. */
  isOld(wire, value) {
    const old = this.#document.seeds.get(wire)?.some((one) => one === null ? blank(value) : same(value, one));
    return old || !(this.busy || this.#document.ready && !this.#asked.has(`1${wire}`)) ? old : void 0;
  }
  /** Has the server remember what pages show that is older than the document, once the document is saved (G4). */
  note(values) {
    for (const [wire, value] of values) this.#old.set(wire, value);
    this.#tell();
  }
  /** Forgets what was asked for: after a join it may be asked for again. */
  forget() {
    this.#asked.clear();
    this.#again.clear();
  }
  /** Asks for nothing more, and lets go of the document once it has been told what was noted. */
  end() {
    this.forget();
    this.#ended = true;
    this.#tell();
  }
  /** Asks for seeds, by wire name, and calls `done` when the document may have them. */
  ask(values, done) {
    const key = (wire) => `${Number(written(this.#document.doc, wire))}${wire}`;
    const fresh = [...values].filter(([wire]) => !this.#asked.has(key(wire)));
    if (fresh.length === 0) return;
    const keys = fresh.map(([wire]) => key(wire));
    for (const one of keys) this.#asked.add(one);
    this.#flying++;
    this.#channel.request("SEED", { values: Object.fromEntries(fresh) }, ({ code, fields }) => {
      this.#flying--;
      if (code !== "") {
        for (const one of keys) this.#asked.delete(one);
        return this.#again.set(AGAIN_MS, done);
      }
      const kept = fieldsOf(fields["kept"]);
      const known = fieldsOf(fields["known"]);
      const seeded = list(fields["seeded"]);
      for (const [wire, value] of fresh) {
        if (seeded.includes(wire)) this.#document.learnSeed(wire, [value]);
        else if (written(this.#document.doc, wire)) {
          this.#document.learnSeed(wire, [kept[wire] ?? null, ...list(known[wire])]);
        }
      }
      const lacks = fresh.some(([wire]) => !written(this.#document.doc, wire));
      if (lacks) this.#document.sync(done);
      else done();
    });
  }
  #tell() {
    const { ready, editable, outbox } = this.#document;
    if (this.#old.size > 0 && ready && editable && outbox.edits === 0) {
      this.#channel.request("SEED", { known: Object.fromEntries(this.#old) }, () => void 0);
      this.#old.clear();
    }
    if (this.#ended && this.#old.size === 0) this.#life.end();
  }
}

function element(name, ...children) {
  const [tag = "", ...classes] = name.split(".");
  const made = document.createElement(tag);
  made.className = classes.join(" ");
  made.append(...children.filter((child) => child !== void 0 && child !== false));
  return made;
}
function button(name, label, work, ...children) {
  const made = element(`button${name}`, ...children.length > 0 ? children : [label]);
  made.type = "button";
  made.ariaLabel = label;
  made.onmousedown = (event) => event.preventDefault();
  made.onclick = work;
  return made;
}
function adopt(root, css) {
  const view = (root.ownerDocument ?? root).defaultView ?? window;
  const sheet = new view.CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  return () => {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((one) => one !== sheet);
  };
}
function island(container, name, css, language) {
  const host = container.ownerDocument.createElement(name);
  host.lang = language;
  host.dataset["collabIgnore"] = "";
  host.onkeydown = host.onkeyup = host.onkeypress = (event) => event.stopPropagation();
  const root = host.attachShadow({ mode: "open" });
  container.append(host);
  adopt(root, css);
  return root;
}
function isOwn(target) {
  return target?.localName?.startsWith("corsia-") === true;
}
function isPassing({ relatedTarget }) {
  return relatedTarget !== null || document.querySelector("corsia-panel")?.shadowRoot?.querySelector("dialog") != null;
}

function fieldView(parts, words) {
  const { id, label, kind, other, own, status, people, save, draft, conflict } = parts;
  const offline = status.connection === "offline" || status.connection === "refused" || save !== void 0;
  const tag = tagOf(parts, words);
  const about = other ? words.lockedBy(other.name, clock(other.acquiredAt, words.tag)) : tag?.kind === "two" ? words.twoValues : tag?.words ?? "";
  return {
    id,
    label,
    box: kind === "checkbox" || kind === "radio",
    ring: conflict ? "two" : offline ? "offline" : other ? "other" : own ? "own" : "bound",
    tag,
    people,
    tip: [words.collaborative(id), about],
    draft,
    conflict
  };
}
function tagOf({ label, save, other, own, asked, status, kind, conflict }, words) {
  if (conflict) return { kind: "two", words: words.choose, act: "choose", does: words.chooseFor(label) };
  if (save === "unsaved") return { kind: "no", words: words.notSaved };
  if (save === "here") return { kind: "here", words: words.savedHere };
  if (other !== void 0) {
    if (asked) return { kind: "other", words: words.asked(other.name) };
    const mayAsk = status.connection === "connected" && status.mode === "editor";
    return { kind: "other", words: other.name, ...mayAsk && { act: "ask", does: `${other.name}: ${words.askFor(label)}` } };
  }
  if (own) return { kind: "own", words: words.lockedByYou };
  return status.mode === "viewer" && isText(kind) ? { kind: "view", words: words.viewing } : void 0;
}
function panelView(parts, words) {
  const { status, people, active, choose, drafts, fields, ownLocks, now } = parts;
  const { connection, waiting, retryAt = now } = status;
  const offline = connection === "offline";
  const [kind, word, rest] = stateOf(parts, words);
  return {
    title: connection === "connected" || connection === "offline" ? words[connection] : word,
    subtitle: offline && retryAt > now ? words.tryAgainIn(Math.ceil((retryAt - now) / 1e3)) : parts.title,
    kind,
    word,
    rest,
    people: offline ? people.filter(({ you }) => you) : people,
    active: offline ? [] : active,
    choose,
    drafts,
    footer: offline && waiting > 0 ? words.waiting(waiting) : words.sharedFields(fields),
    action: offline || connection === "refused" ? "tryNow" : ownLocks ? "unlockMine" : void 0
  };
}
function stateOf({ status, late, locksPaused }, words) {
  const { connection, save, waiting, mode, reason = "" } = status;
  if (connection === "refused") return ["bad", words.noAccess, words.noAccessWhy(reason)];
  if (connection === "offline") {
    const rest = { server: words.offlineNothing, here: words.offlineHere, unsaved: words.offlineUnsaved }[save];
    return ["off", words.offline, rest];
  }
  if (save !== "server" && late) return ["bad", words.notSaved, words.notSavedWhy];
  if (connection !== "connected") return ["sync", words.syncing, words.opening];
  if (save !== "server") return ["sync", words.syncing, words.onTheWay(waiting)];
  if (locksPaused) return ["deg", words.synced, `${words.onServer}. ${words.paused}`];
  return ["ok", words.synced, mode === "viewer" ? words.readOnly : words.onServer];
}
function clock(time, language) {
  return new Date(time).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
}
function varietyOf(language) {
  const wanted = language.replace(/_/g, "-");
  const own = navigator.languages?.find((one) => one.startsWith(`${wanted.slice(0, 2)}-`));
  const best = wanted.length > 2 || own === void 0 ? wanted : own;
  try {
    return Intl.getCanonicalLocales(best)[0] ?? "en";
  } catch {
    return "en";
  }
}

const COLOURS = ["#283593", "#00695c", "#6a1b9a", "#4e342e", "#0b57a4", "#7b1f5c", "#37474f", "#5d4c00"];
const TITLES = /^(dr|dott|dottssa|prof|profssa|mr|mrs|ms|sr|suor)$/i;
function people(users, ownId) {
  return users.map((user, index) => ({
    userId: user.userId,
    name: user.name,
    role: roleName(user.role),
    initials: initials(user.name),
    colour: readable(user.color) ? user.color : COLOURS[index % COLOURS.length] ?? "",
    you: user.userId === ownId,
    viewing: user.mode === "viewer"
  }));
}
function initials(name) {
  const words = name.split(/[\s.]+/).filter((word) => word !== "" && !TITLES.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : void 0].map((word) => [...word ?? ""][0] ?? "");
  return letters.join("").toUpperCase() || "?";
}
function roleName(role) {
  const words = role.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
function readable(colour) {
  const match = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(colour);
  if (match === null) return false;
  const [red = 0, green = 0, blue = 0] = match.slice(1).map((pair) => {
    const part = parseInt(pair, 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5;
}

const PATHS = {
  ok: "M6 15.5h8.2a3.6 3.6 0 0 0 .5-7.2A5 5 0 0 0 5.2 8 3.8 3.8 0 0 0 6 15.5Zm1.6-4.5 1.8 1.8 3.2-3.4",
  off: "M3 3l14 14M6 15.5h8M5.2 8A3.8 3.8 0 0 0 6 15.5M8 5.2a5 5 0 0 1 6.7 3.1 3.6 3.6 0 0 1 2.3 5",
  sync: "M16 7.5A6.5 6.5 0 0 0 4.6 6.4M4 3v3.6h3.6M4 12.5a6.5 6.5 0 0 0 11.4 1.1M16 17v-3.6h-3.6",
  here: "M3 4h14v9H3zM7.5 16.5h5M10 13v3.5M8 8.4l1.5 1.5 2.7-2.9",
  bad: "M10 3 2.5 16.5h15L10 3ZM10 8v4M10 14.2v.2",
  minimise: "M4 14h12",
  choose: "M10 17v-5L5 7V3M10 12l5-5V3M3 5l2-2 2 2M13 5l2-2 2 2",
  pen: "M4 16l.8-3.4L13 4.4l2.6 2.6-8.2 8.2L4 16Z"
};
function icon(name) {
  return drawn(PATHS[name]);
}
function drawn(d) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  path?.setAttribute("d", d);
  svg?.setAttribute("viewBox", "0 0 20 20");
  svg?.setAttribute("aria-hidden", "true");
  svg?.append(path ?? "");
  return svg;
}

const en = {
  /** Language of the words and of what is written with numbers; widened by the browser's variety of it. */
  tag: "en",
  minimise: "Minimise",
  expand: "Show who is here",
  connected: "Connected",
  connecting: "Connecting\u2026",
  tryAgainIn: (seconds) => `trying again in ${seconds} s`,
  tryNow: "Try now",
  offline: "Offline",
  offlineHere: "saved here, not on the server yet. You can go on typing.",
  offlineUnsaved: "not saved yet. You can go on typing; keep this page open.",
  offlineNothing: "you can go on typing.",
  syncing: "Syncing\u2026",
  onTheWay: (count) => `${count === 1 ? "1 change" : `${count} changes`} on the way`,
  opening: "getting the record",
  synced: "Synced",
  onServer: "saved on the server",
  readOnly: "you can read, not change",
  notSaved: "Not saved",
  notSavedWhy: "the server cannot store changes now. Keep this page open.",
  noAccess: "No access",
  noAccessWhy: (reason) => `you cannot work on this record together with others now (${reason}).`,
  onRecord: "On this record",
  you: (name) => `${name} (you)`,
  viewing: "Viewing",
  activeFields: "Active fields",
  youLocked: "you, locked",
  isLocked: (name) => `${name}, locked`,
  isEditing: (name) => `${name}, editing`,
  sharedFields: (count) => count === 1 ? "1 shared field" : `${count} shared fields`,
  waiting: (count) => count === 1 ? "1 change waits" : `${count} changes wait`,
  unlockMine: "Unlock mine",
  lockedByYou: "Locked by you",
  free: "you can write in it again",
  lockedBy: (name, time) => `Locked by ${name} since ${time}`,
  savedHere: "Saved here",
  collaborative: (id) => `Collaborative field: ${id}`,
  ask: "Ask",
  askFor: (label) => `Ask for ${label}`,
  asked: (name) => `${name}, asked`,
  choose: "Choose",
  chooseFor: (label) => `Choose a value for ${label}`,
  twoValues: "Two values: choose one",
  toChoose: (count) => `${count} to choose`,
  paused: "Locks are paused."
};

const SPEAK_AFTER_MS = 1500;
class Notes {
  #store = document.createElement("corsia-notes");
  #live;
  #notes = /* @__PURE__ */ new Map();
  #timer = new Timer();
  #queue = /* @__PURE__ */ new Map();
  #next = 1;
  constructor(live, language) {
    this.#live = live;
    this.#store.lang = language;
    this.#store.style.setProperty("display", "none", "important");
    document.documentElement.append(this.#store);
  }
  /** Describes a field; the empty string takes the description away. What the page describes it by stays. */
  describe(field, description) {
    const known = this.#notes.get(field);
    if (description === "") {
      if (known !== void 0) this.#drop(field, known);
      return;
    }
    const note = known ?? document.createElement("span");
    if (note.textContent !== description) note.textContent = description;
    if (known === void 0) {
      note.id = `corsia-note-${this.#next++}`;
      this.#notes.set(field, note);
      this.#store.append(note);
    }
    if (field.getRootNode() !== document) field.setAttribute("aria-description", description);
    else if (!references(field).includes(note.id)) refer(field, [...references(field), note.id]);
  }
  /** Says something politely, soon. Of what has the same topic the last is said; of a burst, the last few. */
  say(words, topic = words) {
    this.#queue.delete(topic);
    this.#queue.set(topic, words);
    if (this.#timer.running) return;
    this.#timer.set(SPEAK_AFTER_MS, () => {
      this.#live.textContent = [...this.#queue.values()].slice(-3).join(". ");
      this.#queue.clear();
    });
  }
  /** Takes every description away. */
  end() {
    this.#timer.clear();
    for (const [field, note] of this.#notes) this.#drop(field, note);
    this.#store.remove();
  }
  #drop(field, note) {
    this.#notes.delete(field);
    note.remove();
    if (field.getRootNode() !== document) field.removeAttribute("aria-description");
    refer(field, references(field).filter((id) => id !== note.id));
  }
}
function references(field) {
  return (field.getAttribute("aria-describedby") ?? "").split(/\s+/).filter(Boolean);
}
function refer(field, ids) {
  if (ids.length > 0) field.setAttribute("aria-describedby", ids.join(" "));
  else field.removeAttribute("aria-describedby");
}

const NARROW = 80;
const EDGE = 64;
const GAP = 8;
const FLASH_MS = 800;
const STEADY_MS = 1500;
const MOST_AVATARS$1 = 3;
const FADE_MS = 1200;
class Decoration {
  node;
  target;
  #hooks;
  #ring = element("div.ring");
  #flash = element("div.flash");
  #cluster = element("div.cl");
  #beside = element("div.beside");
  #below = element("div.below");
  #people = /* @__PURE__ */ new Map();
  /** Avatars of people who left, fading. */
  #leaving = /* @__PURE__ */ new Set();
  #shown = "";
  #placed = "";
  #view;
  #mini = false;
  /** There is no room for a tag beside it. */
  #edge = false;
  #cut = false;
  #room = false;
  /** `main` is false for all but one radio button of a group: they have the ring alone. */
  constructor(target, main, hooks) {
    this.target = target;
    this.#hooks = hooks;
    this.node = element("div.d", this.#flash, this.#ring);
    if (main) this.node.append(this.#cluster, this.#beside, this.#below);
    this.#hover(this.#cluster, () => this.#view?.tip ?? []);
  }
  /** Reports whether there are avatars to place. */
  get hasPeople() {
    return this.#people.size > 0;
  }
  /** Shows the view; what has not changed is left alone. */
  show(view) {
    this.#view = view;
    const key = JSON.stringify([view, this.#mini, this.#room, this.#edge]);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#placed = "";
    this.node.className = `d ${view.ring}${view.box && !this.#edge ? " box" : ""}${this.#mini ? " mini" : ""}${this.#cut ? " cut" : ""}`;
    const avatars = this.#avatars(view.people);
    const beside = this.#room && !view.box;
    this.#beside.replaceChildren(...beside ? avatars : []);
    this.#cluster.replaceChildren(...beside ? [] : avatars, this.#mark(view));
    this.showBelow();
  }
  /** Shows what stands below the field, which changes without the view: a card is opened or put away. */
  showBelow() {
    if (this.#view === void 0 || !this.#below.isConnected) return;
    const nodes = this.#hooks.below(this.#view, this.#below.getRootNode());
    const same = nodes.length === this.#below.childElementCount && nodes.every((node, index) => node === this.#below.children[index]);
    if (same) return;
    this.#below.replaceChildren(...nodes);
    this.#placed = "";
  }
  /** Puts everything where the field is; undefined hides it. */
  place(placement, origin) {
    const key = JSON.stringify([placement, origin]);
    if (key === this.#placed) return;
    this.#placed = key;
    this.node.hidden = placement === void 0;
    if (placement === void 0) return;
    const { box, seen, radius, layer, room } = placement;
    const { style } = this.node;
    const { scale } = origin;
    style.left = `${(seen.left - origin.left) / scale}px`;
    style.top = `${(seen.top - origin.top) / scale}px`;
    style.width = `${(seen.right - seen.left) / scale}px`;
    style.height = `${(seen.bottom - seen.top) / scale}px`;
    style.setProperty("--z", String(layer));
    this.#ring.style.borderRadius = radius.replace(/[\d.]+px/g, (part) => `${parseFloat(part) + 2}px`);
    this.#flash.style.borderRadius = radius;
    this.#clip([seen.top - box.top, box.right - seen.right, box.bottom - seen.bottom, seen.left - box.left]);
    if (this.#below.hasChildNodes()) this.#placeBelow(seen, scale);
    const mini = box.right - box.left < NARROW;
    const edge = box.right + EDGE > this.target.ownerDocument.documentElement.clientWidth;
    if (mini === this.#mini && room === this.#room && edge === this.#edge) return;
    this.#mini = mini;
    this.#room = room;
    this.#edge = edge;
    if (this.#view !== void 0) this.show(this.#view);
  }
  /** Keeps what stands below within the page: it may neither be cut off nor make the page any larger. */
  #placeBelow(box, scale) {
    const page = this.target.ownerDocument.documentElement;
    const { width, height } = this.#below.getBoundingClientRect();
    const { top, bottom } = page.getBoundingClientRect();
    const shift = Math.max(GAP - box.left, Math.min(0, page.clientWidth - GAP - width - box.left));
    this.#below.style.left = `${shift / scale}px`;
    const end = Math.max(bottom, page.clientHeight);
    this.#below.classList.toggle("up", box.bottom + GAP + height > end && box.top - GAP - height > top);
  }
  /** Hides it, until it is placed again. */
  hide() {
    this.#placed = "";
    this.node.hidden = true;
  }
  /** Shows once that somebody else has changed the field. */
  flash() {
    const calm = isCalm();
    const frames = calm ? [{ opacity: 1 }, { opacity: 1 }] : [{ opacity: 0 }, { opacity: 1, offset: 0.25 }, { opacity: 0 }];
    this.#flash.animate(frames, calm ? STEADY_MS : FLASH_MS);
  }
  /** A scroll container that cuts the field cuts the ring, and hides the cluster when it cuts the corner. */
  #clip(hidden) {
    const [top = 0, right = 0] = hidden;
    const cut = hidden.map((part) => part > 0.5 ? "2px" : "-10px").join(" ");
    const path = hidden.some((part) => part > 0.5) ? `inset(${cut})` : "";
    this.#ring.style.clipPath = this.#flash.style.clipPath = path;
    this.#cut = top > 0.5 || right > 0.5;
    this.node.classList.toggle("cut", this.#cut);
  }
  #mark({ id, tag, box }) {
    const small = this.#mini || box;
    if (tag === void 0 || small && tag.kind === "view") return element("span.bd", "\u{1F465}");
    const { kind, words, act, does = words } = tag;
    const shown = small ? kind === "other" ? initials(words.replace(/,.*/, "")) : "" : words;
    const content = [signOf(kind), shown];
    if (act === void 0) return element(`span.tg.${kind}`, ...content);
    const made = button(`.tg.${kind}`, small ? `${shown} ${does}` : does, () => this.#hooks.press(act, id), ...content);
    made.tabIndex = -1;
    return made;
  }
  /** Returns the avatars; those who left stay for a moment, fading. */
  #avatars(people) {
    const old = this.#people;
    const shown = people.slice(0, MOST_AVATARS$1);
    this.#people = new Map(shown.map((person) => [person.userId, old.get(person.userId) ?? this.#avatar(person)]));
    for (const [userId, node] of old) if (!this.#people.has(userId)) this.#fade(node);
    const more = people.length - shown.length;
    return [...this.#leaving, ...this.#people.values(), ...more > 0 ? [element("span.av.more", `+${more}`)] : []];
  }
  #fade(node) {
    if (isCalm()) return;
    node.classList.add("out");
    this.#leaving.add(node);
    node.animate([{ opacity: 1 }, { opacity: 0 }], FADE_MS).onfinish = () => {
      this.#leaving.delete(node);
      node.remove();
    };
  }
  #avatar(person) {
    const node = avatar(person);
    this.#hover(node, () => [person.name, person.role]);
    return node;
  }
  #hover(node, lines) {
    node.onpointerenter = () => this.#hooks.tip(node, lines());
    node.onpointerleave = () => this.#hooks.tip(node, []);
  }
}
function signOf(kind) {
  if (kind === "own" || kind === "other") return element("i", "\u{1F512}");
  return kind === "view" ? void 0 : icon({ here: "here", no: "bad", two: "choose" }[kind]);
}
function isCalm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
function avatar({ initials: initials2, colour }) {
  const node = element("span.av", initials2);
  node.style.background = colour;
  node.ariaHidden = "true";
  return node;
}

const AVATAR_ROOM = 32;
function measure(element, look, avatars) {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const box = { left, top, right, bottom };
  const visible = element.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) ?? true;
  const { innerHeight: innerHeight2 } = element.ownerDocument.defaultView ?? window;
  if (left === right || top === bottom || !visible || bottom < -innerHeight2 || top > 2 * innerHeight2) return void 0;
  let seen = box;
  let layer = 1;
  for (let at = parentOf(element); at !== null; at = parentOf(at)) {
    const around = look.get(at) ?? lookAt(at);
    look.set(at, around);
    if (around.clip !== void 0) seen = intersect(seen, around.clip);
    layer = Math.max(layer, around.layer);
  }
  if (seen.right <= seen.left || seen.bottom <= seen.top || isCovered(element, seen)) return void 0;
  return { box, seen, radius: styleOf(element).borderRadius, layer, room: avatars && hasRoom(element, box) };
}
function lookAt(element) {
  const { overflow, zIndex } = styleOf(element);
  const { body, documentElement } = element.ownerDocument;
  const clips = overflow !== "visible" && element !== body && element !== documentElement;
  return { clip: clips ? element.getBoundingClientRect() : void 0, layer: Number(zIndex) || 1 };
}
function styleOf(element) {
  return (element.ownerDocument.defaultView ?? window).getComputedStyle(element);
}
function intersect(a, b) {
  return {
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom)
  };
}
function overlap(a, b) {
  const both = intersect(a, b);
  return both.left < both.right && both.top < both.bottom;
}
function isCovered(element, seen) {
  const hit = hitAt(element, (seen.left + seen.right) / 2, (Math.max(seen.top, 0) + Math.min(seen.bottom, innerHeight)) / 2);
  return hit !== null && !element.contains(hit) && !isAround(element, hit);
}
function hasRoom(element, box) {
  return [4, AVATAR_ROOM].every((away) => isAround(element, hitAt(element, box.right + away, box.top + 14)));
}
function isAround(element, hit) {
  return hit !== null && (hit.contains(element) || isOwn(hit));
}
function hitAt(element, x, y) {
  return element.getRootNode().elementFromPoint(x, y);
}
function parentOf(element) {
  return element.assignedSlot ?? element.parentElement ?? element.parentNode?.host ?? null;
}

const LAYER_WIDTH = 100;
const BASE = `
:host{all:initial!important;direction:ltr!important;position:absolute!important;top:0!important;left:0!important;width:${LAYER_WIDTH}px!important;display:block!important;
--g:#4caf50;--w:#ff9800;--r:#f44336;--glow:0 0 8px rgba(76,175,80,.3);--gi:#1b5e20;--wi:#8a3c00;--ri:#b71c1c;--bi:#0b4f93;--n2:#e9edf0;--n4:#7b8893;--n5:#55616c;--n6:#1f2a33;
--tag:0 1px 2px rgba(15,30,45,.22);--pop:0 4px 16px rgba(15,30,45,.18),0 0 0 1px rgba(15,30,45,.08);
--f:"Inter",system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;--e:"Noto Color Emoji","Apple Color Emoji","Segoe UI Emoji",sans-serif}
@media(forced-colors:active){:host{--g:Highlight;--w:Highlight;--r:CanvasText;--bi:CanvasText;--wi:CanvasText;--glow:none}}
@media print{:host{display:none!important}}
*{box-sizing:border-box}
[hidden]{display:none!important}
svg{width:17px;height:17px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round;flex:none}
.av{width:24px;height:24px;border-radius:50%;display:grid;place-items:center;color:#fff;font:700 10px/1 var(--f);box-shadow:0 0 0 1.5px #fff,0 1px 3px rgba(15,30,45,.35);flex:none}
.av+.av{margin-left:-5px}
.more{background:#fff;color:var(--n6)}
button{font:600 12px/1 var(--f);color:var(--n6);cursor:pointer;min-height:28px;padding:0 10px;border-radius:6px;border:1px solid var(--n4);background:#fff;white-space:nowrap}
button:hover{background:#f6f8f9}
button:focus-visible{outline:2px solid #0b57a4;outline-offset:2px}
.ib{width:28px;padding:0;border:0;background:none;color:inherit;display:grid;place-items:center}
@media(pointer:coarse){button{min-height:44px;min-width:44px}}
`;
const FIELD_STYLES = `${BASE}
.d{position:absolute;pointer-events:none}
.d>*{position:absolute;z-index:var(--z)}
.ring{inset:-2px;border:2px solid var(--g);box-shadow:var(--glow)}
.own .ring{border-color:var(--w);box-shadow:0 0 8px rgba(255,152,0,.3)}
.other .ring{border-color:var(--r);box-shadow:0 0 8px rgba(244,67,54,.25);background:repeating-linear-gradient(135deg,rgba(183,28,28,.055) 0 5px,transparent 5px 10px)}
.offline .ring{border:2px dashed var(--w);box-shadow:none}
.flash{inset:0;background:#c8e6c9;mix-blend-mode:multiply;opacity:0}
.cl{left:0;right:6px;top:-13px;display:flex;gap:3px;align-items:center;justify-content:flex-end;height:20px}.cl>*{flex:none;pointer-events:auto}
.mini .cl{right:-6px}.box .cl{right:auto;left:calc(100% + 5px);top:50%;margin-top:-10px}
.cut .cl,.cut .beside{display:none}
.bd,.tg{position:relative;height:20px;background:#fff;border:1.5px solid var(--g);box-shadow:var(--tag)}
.bd{width:20px;border-radius:50%;display:grid;place-items:center;font:11px/1 var(--e)}
.bd::after,.tg::after{content:"";position:absolute;inset:-4px}
.mini .bd{width:15px;height:15px;font-size:8px;border-width:1px;box-shadow:none}
.tg{display:flex;align-items:center;gap:4px;min-height:0;min-width:0;padding:0 7px 0 5px;border-radius:10px;font:600 12px/17px var(--f);color:var(--gi);white-space:nowrap}
.tg i{font:normal 11px/1 var(--e)}.tg svg{width:13px}
.tg.own,.tg.here{border-color:var(--w);color:var(--wi)}.tg.other{border-color:var(--r);color:var(--ri)}.tg.here{border-style:dashed}
.tg.no{background:var(--wi);border-color:var(--wi);color:#fff}
.cl .av{width:20px;height:20px;font-size:8px}
.beside{left:calc(100% + 8px);top:3px;display:flex;pointer-events:auto}
@media(pointer:coarse){.tg::after{inset:-12px -4px}}
@media(forced-colors:active){.own .ring{border-width:4px;inset:-4px}.other .ring{border:4px double;inset:-4px;background:none}.av{forced-color-adjust:none}}
`;
const PANEL_STYLES = `${BASE}
.corner{position:fixed;right:20px;top:100%;transform:translateY(calc(-100% - 20px));transform:translateY(round(calc(-100% - 20px),1px));z-index:2147482000;max-width:calc(100vw - 24px);max-height:calc(100vh - 32px);display:flex;flex-direction:column;align-items:flex-end;gap:10px;color:var(--n6);font:400 13px/1.45 var(--f)}
.left{right:auto;left:20px}.corner>div{min-height:0;max-width:100%;display:flex}
.pn,.mn{background:#fff;box-shadow:var(--pop)}
.pn{width:304px;max-width:100%;overflow:auto;border-radius:10px}
header,.st,.h,li,footer,.stack{display:flex;align-items:center}
header{gap:8px;padding:8px 8px 8px 14px;color:var(--n5);font-size:12px}
header div{min-width:0;flex:1;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
header b{font-size:13px;color:var(--n6)}
.dot{width:10px;height:10px;border-radius:50%;background:var(--g);box-shadow:0 0 0 2px #fff,0 0 0 3px #2e7d32;flex:none;margin-right:2px}
.dot.off{background:#fff;box-shadow:inset 0 0 0 2px var(--wi)}
.dot.sync{background:linear-gradient(90deg,var(--g) 50%,#fff 50%);box-shadow:0 0 0 1.5px #2e7d32}
.dot.bad,.dot.deg{border-radius:2px;transform:rotate(45deg);background:var(--w);box-shadow:0 0 0 1.5px var(--wi)}
.st{gap:9px;padding:8px 14px;font-weight:500;background:#e8f5e9;color:var(--gi)}
.st.off,.st.deg{background:#fff3e0;color:var(--wi)}.st.bad{background:#ffebee;color:var(--ri)}.st.sync{background:#e6f0fa;color:var(--bi)}
.h{padding:11px 14px 3px;font:600 12px/1.3 var(--f);color:var(--n5);justify-content:space-between}
ul{list-style:none;margin:0;padding:0 14px 6px}
ul+.h{border-top:1px solid var(--n2)}
li{gap:10px;padding:4px 0;min-height:34px;line-height:1.25}
li div{flex:1;min-width:0;overflow-wrap:anywhere}
small{display:block;color:var(--n5);font-size:12px}
li i{font:normal 12px/1 var(--e);width:24px;text-align:center}li svg{width:15px;color:var(--n5);margin:0 4.5px}
.chip{font-size:12px;color:var(--n5);border:1px solid var(--n2);border-radius:9px;padding:0 7px}
footer{justify-content:space-between;padding:6px 14px;min-height:40px;border-top:1px solid var(--n2);font-size:12px;color:var(--n5)}
.lk{border:0;padding:0 2px;background:none;color:var(--bi);text-decoration:underline}
.mn{display:flex;align-items:center;gap:8px;min-height:40px;padding:0 14px 0 12px;border-radius:22px;border:0;font-size:13px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media(forced-colors:active){.pn,.mn,.dot{border:1px solid CanvasText}}
@media(max-width:420px){.corner{left:12px;right:12px;margin-top:8px}.pn{width:100%}.corner>div{width:100%;justify-content:flex-end}}
`;
const PAGE_STYLES = "[data-corsia-held]{cursor:not-allowed!important}";

const LOOK_EVERY_MS$1 = 400;
const THOROUGH_LOOKS = [5, 25];
class Overlay {
  #hooks;
  #language;
  #moved;
  #life = new Lifetime();
  #decorations = /* @__PURE__ */ new Map();
  #layers = /* @__PURE__ */ new Map();
  #resized;
  /** Elements that are less than a screen away from what can be seen; no other is measured. */
  #near = /* @__PURE__ */ new Set();
  #nearby;
  #frame = 0;
  #looks = 0;
  #stirred = false;
  /** Where the fields were at the last look. */
  #seen = "";
  /** `moved` hears that the page has changed in a way that may cover or uncover things. */
  constructor(hooks, language, moved) {
    this.#hooks = hooks;
    this.#language = language;
    this.#moved = moved;
    const soon = () => this.#soon();
    for (const type of ["scroll", "transitionend", "toggle", "load", "resize"]) {
      const listen = ({ target }) => {
        if (type !== "scroll" || !this.#decorations.has(target)) soon();
      };
      this.#life.listen(window, type, listen, { capture: true, passive: true });
    }
    for (const type of ["pointerover", "focusin", "change", "animationend"]) {
      this.#life.listen(window, type, () => this.#stirred = true, { capture: true, passive: true });
    }
    const changed = new MutationObserver(soon);
    changed.observe(document, { childList: true, subtree: true, attributeFilter: ["class", "style", "hidden", "open"] });
    this.#resized = new ResizeObserver(soon);
    this.#life.add(() => changed.disconnect());
    this.#nearby = new IntersectionObserver((entries) => this.#cameNear(entries), { rootMargin: "100%" });
    this.#life.add(() => this.#resized.disconnect());
    this.#life.add(() => this.#nearby.disconnect());
    this.#life.add(() => cancelAnimationFrame(this.#frame));
    this.#life.every(LOOK_EVERY_MS$1, () => this.#look());
  }
  /** Shows these fields and no others. */
  show(fields) {
    const old = this.#decorations;
    this.#decorations = /* @__PURE__ */ new Map();
    for (const { elements, view } of fields) {
      for (const target of elements) {
        const decoration = old.get(target) ?? this.#decorate(target, target === elements.at(-1));
        old.delete(target);
        decoration.show(view);
        target.toggleAttribute("data-corsia-held", view.tag?.kind === "other");
        this.#decorations.set(target, decoration);
      }
    }
    for (const gone of old.values()) this.#drop(gone);
  }
  /** Flashes an element's field. */
  flash(target) {
    this.#decorations.get(target)?.flash();
  }
  /** Draws anew what stands below fields. */
  showBelow() {
    for (const decoration of this.#decorations.values()) decoration.showBelow();
    this.#soon();
  }
  /** Takes everything away. */
  end() {
    for (const decoration of this.#decorations.values()) this.#drop(decoration);
    for (const root of this.#layers.values()) root.host.remove();
    this.#life.end();
  }
  #decorate(target, main) {
    this.#resized.observe(target);
    this.#nearby.observe(target);
    return new Decoration(target, main, this.#hooks);
  }
  #drop({ target, node }) {
    target.removeAttribute("data-corsia-held");
    this.#resized.unobserve(target);
    this.#nearby.unobserve(target);
    this.#near.delete(target);
    node.remove();
  }
  #soon() {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#moved();
      this.#place();
    });
  }
  #cameNear(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#near.add(target);
      else if (this.#near.delete(target)) this.#decorations.get(target)?.hide();
    }
    this.#soon();
  }
  #look() {
    if (document.hidden) return;
    const boxes = [...this.#near].map((target) => {
      const { x, y, width, height } = target.getBoundingClientRect();
      return [x, y, width, height];
    });
    const seen = boxes.join();
    const moved = seen !== this.#seen;
    this.#seen = seen;
    if (!moved && ++this.#looks % THOROUGH_LOOKS[this.#stirred ? 0 : 1] !== 0) return;
    this.#stirred = false;
    this.#place();
  }
  /** Measures everything first and writes afterwards, so that the browser lays out once. */
  #place() {
    const look = /* @__PURE__ */ new Map();
    const near = [...this.#near].flatMap((target) => this.#decorations.get(target) ?? []);
    const measured = near.map((decoration) => {
      const root = this.#layerOf(decoration.target);
      const { left, top, width } = root.host.getBoundingClientRect();
      const placement = measure(decoration.target, look, decoration.hasPeople);
      return { decoration, root, placement, origin: { left, top, scale: width / LAYER_WIDTH || 1 } };
    });
    for (const { decoration, root, placement, origin } of measured) {
      if (decoration.node.parentNode !== root) {
        root.append(decoration.node);
        decoration.showBelow();
      }
      decoration.place(placement, origin);
    }
  }
  /** Returns the layer that lies over the element: of its document, or of the dialog that it is in. */
  #layerOf(target) {
    const page = target.ownerDocument;
    const container = target.closest("dialog,[popover]") ?? page.documentElement;
    const known = this.#layers.get(container);
    if (known?.host.isConnected) return known;
    const root = island(container, "corsia-fields", FIELD_STYLES, this.#language);
    if (known === void 0) this.#life.add(adopt(page, PAGE_STYLES));
    this.#layers.set(container, root);
    return root;
  }
}

const SMALL_WINDOW = 760;
const MOST_AVATARS = 2;
const SHORTCUT = "Alt+Shift+C";
class Panel {
  #words;
  #hooks;
  #place = element("div");
  #corner;
  #view;
  #shown = "";
  #open;
  /** The panel went out of the way of the focused field by itself. */
  #aside = false;
  /** What had the focus before the shortcut. */
  #before;
  constructor(corner, words, hooks, open) {
    this.#words = words;
    this.#hooks = hooks;
    this.#corner = corner;
    this.#open = open ?? innerWidth >= SMALL_WINDOW;
    corner.append(this.#place);
    corner.onkeydown = ({ key }) => {
      if (key !== "Escape" || this.#before === void 0) return;
      this.#before.focus();
      this.#before = void 0;
    };
  }
  /** Shows the view; it is drawn anew only when it has changed, and the focus stays on the button that has it. */
  show(view) {
    this.#view = view;
    const open = this.#open && !this.#aside;
    const key = JSON.stringify([view, open]);
    if (key === this.#shown) return;
    this.#shown = key;
    const focused = this.#place.querySelector(":focus");
    this.#place.replaceChildren(open ? this.#panel(view) : this.#pill(view));
    if (focused === null) return;
    const buttons = [...this.#place.querySelectorAll("button")];
    (buttons.find(({ ariaLabel }) => ariaLabel === focused.ariaLabel) ?? buttons[0])?.focus();
  }
  /** Draws it anew, though the view is the same. */
  redraw() {
    this.#shown = "";
    if (this.#view !== void 0) this.show(this.#view);
  }
  /** Gives the panel the focus; `from` has it back with Escape. */
  enter(from) {
    this.#before = from;
    this.#toggle(true);
    this.#place.querySelector("button")?.focus();
  }
  /** Keeps out of the way of the field that has the focus (WCAG 2.4.11); undefined when none has. */
  makeRoomFor(field) {
    const inTheWay = () => field !== void 0 && overlap(field.getBoundingClientRect(), this.#corner.getBoundingClientRect());
    if (field !== void 0 && !inTheWay()) return;
    this.#aside = field !== void 0;
    this.#corner.classList.remove("left");
    if (this.#view !== void 0) this.show(this.#view);
    this.#corner.classList.toggle("left", inTheWay());
  }
  #toggle(open) {
    this.#open = open;
    this.#aside = false;
    this.redraw();
  }
  #panel(view) {
    const { title, subtitle, kind, word, rest, people, active, choose, drafts, footer, action } = view;
    const words = this.#words;
    const minimise = button(".ib", words.minimise, () => this.#toggle(false), icon("minimise"));
    minimise.setAttribute("aria-keyshortcuts", SHORTCUT);
    minimise.title = `${words.minimise} (${SHORTCUT})`;
    const list = (heading, items) => items.length === 0 ? [] : listOf(heading, items);
    const small = (name, words2, work, does) => {
      const made = button(name, `${words2}: ${does}`, work);
      made.textContent = words2;
      return made;
    };
    const panel = element(
      "aside.pn",
      element("header", element(`span.dot.${kind}`), element("div", element("b", title), subtitle && ` \xB7 ${subtitle}`), minimise),
      element(`div.st.${kind}`, icon(kind === "deg" ? "bad" : kind), element("span", element("b", word), ` \u2014 ${rest}`)),
      ...list(words.twoValues, choose.map(
        ({ id, label }) => element("li", icon("choose"), element("div", label), small(".b.s", words.choose, () => this.#hooks.choose(id), label))
      )),
      ...this.#hooks.drafts(drafts),
      ...list(words.onRecord, people.map((person) => {
        const name = person.you ? words.you(person.name) : person.name;
        const chip = person.viewing && element("span.chip", words.viewing);
        return element("li", avatar(person), element("div", name, element("small", person.role)), chip);
      })),
      ...list(words.activeFields, active.map(
        ({ locked, label, who, ask }) => element(
          "li",
          locked ? element("i", "\u{1F512}") : icon("pen"),
          element("div", label, element("small", who)),
          ask !== void 0 && small(".b.s", words.ask, () => this.#hooks.ask(ask), label)
        )
      )),
      element("footer", footer, action && button(".lk", words[action], () => this.#hooks[action]()))
    );
    panel.ariaLabel = "Corsia";
    return panel;
  }
  #pill({ kind, word, people, choose, footer }) {
    const others = people.filter(({ you }) => !you);
    const more = others.length - MOST_AVATARS;
    const stack = element(
      "span.stack",
      ...others.slice(0, MOST_AVATARS).map(avatar),
      more > 0 && element("span.av.more", `+${more}`)
    );
    const attention = choose.length > 0 && this.#words.toChoose(choose.length);
    const label = [word, attention, footer, this.#words.expand].filter(Boolean).join(". ");
    const pill = button(".mn", label, () => this.#toggle(true), element(`span.dot.${kind}`), word, attention && element("b.two", attention), stack);
    pill.setAttribute("aria-keyshortcuts", SHORTCUT);
    return pill;
  }
}
function listOf(name, items) {
  const list = element("ul", ...items);
  list.ariaLabel = name;
  return [element("div.h", name, element("span", String(items.length))), list];
}

let part;
const MISSING = [
  "Part of Corsia is missing. Try now",
  "Manca una parte di Corsia. Riprova"
];
function loadPart() {
  part ??= import('./collab-sdk.part-a1a34ec0.mjs').catch((error) => {
    part = void 0;
    console.warn("Corsia: a part of the widget could not be loaded", error);
    return void 0;
  });
  return part;
}

class Top {
  #host;
  constructor(host) {
    this.#host = host;
    host.popover = "manual";
    this.raise();
  }
  /** Looks where it has to be, and moves there. */
  raise() {
    const host = this.#host;
    if (typeof host.showPopover !== "function") return;
    if (host.shadowRoot?.querySelector("dialog")) return;
    const open = [...document.querySelectorAll("dialog[open]")].filter((dialog) => dialog.matches(":modal"));
    const place = open.at(-1) ?? document.documentElement;
    if (host.parentNode !== place) place.append(host);
    else if (host.matches(":popover-open")) return;
    host.showPopover();
  }
}

const HOVER_MS = 600;
const PART_AFTER_MS = 3e3;
class Ui {
  words = en;
  #italian = false;
  #options;
  #life = new Lifetime();
  #root;
  #corner = element("div.corner");
  #overlay;
  #panel;
  #notes;
  #rare;
  /** Tells that the rarely needed part is missing. */
  #missing;
  #tips = /* @__PURE__ */ new Map();
  #hover = new Timer();
  #later = new Timer();
  constructor(options) {
    this.#options = options;
    for (const timer of [this.#hover, this.#later]) this.#life.add(() => timer.clear());
    if (isItalian(options.locale)) void this.#beginInItalian();
    else this.#begin(false);
  }
  /** Shows the state of all fields and of the whole. */
  show(fields, panel) {
    if (panel.drafts.length > 0 || fields.some(({ view }) => view.draft ?? view.conflict)) this.#need();
    this.#overlay?.show(fields);
    this.#panel?.show(panel);
    this.#tips.clear();
    for (const { elements, view } of fields) {
      for (const target of elements) {
        this.#tips.set(target, view.tip);
        this.#notes?.describe(target, view.tip[1]);
      }
    }
  }
  /** Flashes the elements of a field that somebody else has changed. */
  flash(elements) {
    for (const target of elements) this.#overlay?.flash(target);
  }
  /** Says something to those who hear the page; of the same topic, the last that is said within a moment. */
  say(words, topic) {
    this.#notes?.say(words, topic);
  }
  /** Notes where the focus is: the panel stays away from it, and the two values of a field are shown. */
  focused(target, choose) {
    this.#panel?.makeRoomFor(target);
    if (choose !== void 0) this.rare((rare) => rare.choose(choose, false));
  }
  /** Uses the rarely needed part, when it is there; that it can't be had is said and shown. */
  rare(use) {
    if (this.#rare !== void 0) return use(this.#rare);
    this.#need(use);
  }
  /** Takes everything away. */
  end() {
    this.#life.end();
  }
  #need(use) {
    if (this.#rare !== void 0 || use === void 0 && this.#missing?.isConnected) return;
    void loadPart().then((part) => {
      const root = this.#root;
      if (this.#life.ended || root === void 0) return;
      this.#missing?.remove();
      if (part === void 0) return this.#tellMissing(use);
      if (this.#rare === void 0) {
        const say = (words) => this.say(words);
        const redraw = () => {
          this.#overlay?.showBelow();
          this.#panel?.redraw();
        };
        const rare = new part.Rare({ ...this.#options, root, corner: this.#corner, italian: this.#italian, language: this.words.tag, say, redraw });
        this.#rare = rare;
        this.#life.add(() => rare.end());
        redraw();
      }
      use?.(this.#rare);
    });
  }
  /** Shows a tooltip. Nobody misses it: when the part can't be had, nothing is said. */
  #tip(anchor, lines) {
    void loadPart().then((part) => part && !this.#life.ended && this.rare(({ tooltip }) => tooltip.show(anchor, lines)));
  }
  /** A press tries again to do what was wanted. */
  #tellMissing(use) {
    const words = MISSING[isItalian(this.#options.locale) ? 1 : 0];
    this.say(words);
    this.#missing = button(".mn.st.bad", words, () => this.#need(use ?? (() => void 0)), icon("bad"), words);
    this.#corner.prepend(this.#missing);
  }
  /** Waits for the words; without them, English is better than nothing. */
  async #beginInItalian() {
    const part = await loadPart();
    if (this.#life.ended) return;
    if (part !== void 0) this.words = part.italian;
    this.#begin(part !== void 0);
    if (part === void 0) this.#tellMissing();
    this.#options.redraw();
  }
  #begin(italian) {
    this.#italian = italian;
    const { words } = this;
    const { actions, locale, panel } = this.#options;
    this.words = { ...words, tag: varietyOf(italian || /^en\b/i.test(locale) ? locale : words.tag) };
    const root = island(document.documentElement, "corsia-panel", PANEL_STYLES, words.tag);
    this.#root = root;
    const live = element("div.sr");
    live.role = "status";
    root.append(live, this.#corner);
    const notes = this.#notes = new Notes(live, words.tag);
    const top = new Top(root.host);
    const choose = (field) => this.rare((rare) => rare.choose(field, true));
    const overlay = this.#overlay = new Overlay(
      {
        tip: (anchor, lines) => this.#tip(anchor, lines),
        press: (act, field) => act === "ask" ? actions.ask(field) : choose(field),
        below: (view, layer) => this.#rare?.below(view, layer) ?? []
      },
      words.tag,
      () => top.raise()
    );
    if (panel !== "none") {
      const open = panel === "auto" ? void 0 : panel === "open";
      const drafts = (views) => this.#rare?.drafts(views) ?? [];
      const choosing = (field) => {
        actions.goTo(field);
        choose(field);
      };
      this.#panel = new Panel(this.#corner, this.words, { ...actions, choose: choosing, drafts }, open);
    }
    for (const end of [() => root.host.remove(), () => overlay.end(), () => notes.end()]) this.#life.add(end);
    this.#listen();
    this.#later.set(PART_AFTER_MS, () => void loadPart());
  }
  #listen() {
    const hide = () => {
      this.#hover.clear();
      this.#rare?.tooltip.hide();
    };
    const over = (event) => {
      const path = event.composedPath();
      if (this.#root !== void 0 && path.includes(this.#root)) return;
      const target = path.find((node) => this.#tips.has(node));
      hide();
      if (target) this.#hover.set(HOVER_MS, () => this.#tip(target, this.#tips.get(target) ?? []));
    };
    const quiet = { capture: true, passive: true };
    for (const type of ["pointerover", "focusin"]) this.#life.listen(document, type, over, quiet);
    for (const type of ["pointerdown", "focusout", "input", "scroll"]) this.#life.listen(document, type, hide, quiet);
    this.#life.listen(document, "keydown", (event) => this.#key(event, hide), { capture: true });
  }
  #key(event, hide) {
    if (event.key === "Escape") hide();
    if (event.code !== "KeyC" || !event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#panel?.enter(event.composedPath()[0] ?? void 0);
  }
}
function isItalian(locale) {
  return /^it\b/i.test(locale);
}

const LATE_MS = 2e3;
const LOOK_EVERY_MS = 500;
const BUSY_MS = 4e3;
class View {
  #widget;
  #ui;
  #act;
  #life = new Lifetime();
  #focused;
  /** The last state that was said aloud. */
  #said = "ok";
  #heldBy;
  #count = 0;
  /** Requests are shown, or were until now. */
  #asked = false;
  constructor(widget, settings, tryNow) {
    this.#widget = widget;
    this.#act = this.#actions(tryNow);
    this.#ui = new Ui({ ...settings, widget, actions: this.#act, redraw: () => this.changed() });
    this.#life.add(() => this.#ui.end());
    this.#life.every(LOOK_EVERY_MS, () => {
      const { connection, save } = widget.status;
      if (connection !== "connected" || save !== "server") this.changed();
    });
    this.#hear();
  }
  /** Shows the state as it is now. */
  changed() {
    const { status, presence, ownId, document: document2, fields, locks } = this.#widget;
    const everybody = people(presence.users, ownId);
    const late = this.#mustTell(status);
    const unsaved = late ? document2.outbox.fields : /* @__PURE__ */ new Set();
    const views = fields.all.map((field) => {
      const save = field.waitsWithText || unsaved.has(field.wire) ? status.save : "server";
      return { elements: field.binding.elements, view: this.#fieldView(field, everybody, status, save) };
    });
    const panel = this.#panelView(everybody, views.map(({ view }) => view), status, late);
    this.#ui.show(views, panel);
    this.#sayState(panel);
    if (locks.requests.length > 0 || this.#asked) this.#ui.rare((rare) => rare.requests(everybody));
    this.#asked = locks.requests.length > 0;
  }
  /** Flashes a field, by wire name. */
  flash(wire) {
    const field = this.#widget.fields.ofWire(wire);
    if (field !== void 0) this.#ui.flash(field.binding.elements);
  }
  /** Notes which field has the focus. */
  focused(field) {
    this.#focused = field;
    this.#heldBy = field && this.#widget.locks.against(field.wire)?.name;
    this.#ui.focused(field?.binding.elements[0], field?.conflict && field.id);
  }
  /** Tells that the content of the record was erased (O7). */
  forgot() {
    this.#ui.rare((rare) => rare.forgot());
  }
  /** Tells of a push of the hospital's systems. Nothing on the page is touched (G9). */
  pushed(push) {
    this.#ui.rare((rare) => rare.push(push));
  }
  /** Takes everything away. */
  end() {
    this.#life.end();
  }
  #actions(tryNow) {
    const { locks, fields } = this.#widget;
    return {
      tryNow,
      unlockMine: () => locks.releaseAll(),
      choose: (id, which) => {
        this.#widget.choose(id, which);
        this.changed();
      },
      dismissDraft: (wire) => {
        this.#widget.dismiss(wire);
        this.changed();
      },
      goTo: (id) => {
        const element = fields.get(id)?.binding.elements[0];
        element?.scrollIntoView({ block: "nearest" });
        element?.focus({ preventScroll: true });
      },
      ask: (id) => this.#ui.rare((rare) => rare.ask(id)),
      isFree: (id) => locks.idle(BUSY_MS) || this.#focused?.id === id,
      label: (wire) => fields.ofWire(wire)?.label ?? (idOf(wire) || document.title)
    };
  }
  #hear() {
    const { locks, presence } = this.#widget;
    const hear = (stop) => this.#life.add(stop);
    hear(locks.events.on("denied", ({ field, lockedByName }) => {
      if (lockedByName !== "") this.#ui.say(`${this.#act.label(field)}: ${this.#ui.words.isLocked(lockedByName)}`, "field");
    }));
    hear(locks.events.on("answered", (news) => this.#ui.rare((rare) => rare.answered(news))));
    hear(locks.events.on("taken", (news) => this.#ui.rare((rare) => rare.taken(news))));
    hear(presence.events.on("users", ({ length }) => {
      if (this.#count > 0 && length !== this.#count) this.#ui.say(`${this.#ui.words.onRecord}: ${length}`, "people");
      this.#count = length;
    }));
  }
  #draftOf(wire) {
    const draft = this.#widget.drafts.get(wire);
    if (draft?.reason === DISPUTED && this.#widget.fields.ofWire(wire)?.conflict) return void 0;
    return draft && { wire, label: this.#act.label(wire), text: shown(draft.mine), reason: draft.reason };
  }
  #fieldView(field, everybody, status, save) {
    const { locks, presence } = this.#widget;
    const { id, label, kind, wire, conflict } = field;
    const other = locks.against(wire);
    const here = presence.in(wire);
    return fieldView(
      {
        id,
        label,
        kind,
        own: locks.own(wire) !== void 0,
        other,
        asked: other !== void 0 && locks.asked(other.field),
        people: everybody.filter(({ userId, you }) => here.has(userId) && !you && userId !== other?.userId),
        status,
        save: save === "server" ? void 0 : save,
        draft: this.#draftOf(wire),
        conflict: conflict && { ...conflict, mine: shown(conflict.mine), theirs: shown(conflict.theirs), by: conflict.by ?? "" }
      },
      this.#ui.words
    );
  }
  #panelView(everybody, views, status, late) {
    const { locks, fields, drafts, degraded } = this.#widget;
    return panelView(
      {
        status,
        late,
        title: document.title,
        people: everybody,
        active: this.#active(views),
        choose: views.flatMap(({ id, label, conflict }) => conflict ? [{ id, label }] : []),
        drafts: [...drafts.keys()].filter((wire) => !fields.ofWire(wire)).flatMap((wire) => this.#draftOf(wire) ?? []),
        locksPaused: degraded,
        fields: fields.all.length,
        ownLocks: locks.any,
        now: Date.now()
      },
      this.#ui.words
    );
  }
  #active(views) {
    const { words } = this.#ui;
    return views.flatMap(({ id, label, tag, people: here }) => {
      const field = this.#widget.fields.get(id);
      const other = field && this.#widget.locks.against(field.wire);
      if (field !== void 0 && this.#widget.locks.own(field.wire)) return [{ locked: true, label, who: words.youLocked }];
      if (other === void 0) return here.map(({ name }) => ({ locked: false, label, who: words.isEditing(name) }));
      const who = this.#widget.locks.asked(other.field) ? words.asked(other.name) : words.isLocked(other.name);
      return [{ locked: true, label, who, ...tag?.act === "ask" && { ask: id } }];
    });
  }
  /** Reports whether unsaved text is worth telling of: nothing takes it, or it takes too long. */
  #mustTell({ connection, save }) {
    const { document: document2, unsavedSince: since } = this.#widget;
    if (save === "server") return false;
    return connection !== "connected" || document2.held || since === void 0 || performance.now() - since > LATE_MS;
  }
  /** Says aloud what has become of the whole, and of the lock of the focused field. What is under way is not worth it. */
  #sayState({ kind, word, rest }) {
    const { words } = this.#ui;
    if (kind !== "sync" && kind !== this.#said) {
      this.#said = kind;
      this.#ui.say(`${word}: ${rest}`, "state");
    }
    const field = this.#focused;
    if (field === void 0) return;
    const now = this.#widget.locks.against(field.wire)?.name;
    if (now === this.#heldBy) return;
    this.#heldBy = now;
    this.#ui.say(`${field.label}: ${now === void 0 ? words.free : words.isLocked(now)}`, "field");
  }
}

const SHOW_WITHIN_MS = 100;
const UNSAVED_AFTER_MS = 150;
class Widget {
  events;
  document;
  fields;
  locks;
  presence;
  drafts;
  #pushes;
  #settings;
  #page;
  #connection;
  #records;
  #life = new Lifetime();
  #view;
  #focused;
  /** Fields that the user has left: their locks are given back once what was written under them is on the server. */
  #owed = /* @__PURE__ */ new Set();
  #status;
  #soon = new Timer();
  #showing = new Timer();
  #unsaved = new Timer();
  #shown = "server";
  constructor({ settings, page, connection, events, records, carried }, resourceId) {
    this.events = events;
    this.#settings = settings;
    this.#page = page;
    this.#connection = connection;
    this.#records = records;
    const { channel, document } = records.enter(resourceId);
    this.document = document;
    this.drafts = records.drafts(resourceId);
    this.locks = new Locks(channel, document);
    this.presence = new Presence(channel, document);
    this.#pushes = new Pushes(channel);
    const seeding = new Seeding(channel, document);
    this.fields = new Fields(document, seeding, settings, carried);
    document.disputes.oneLine = (wire) => this.fields.ofWire(wire)?.binding.elements[0]?.matches("input");
    this.#life.add(() => records.leave(resourceId, () => this.locks.end()));
    for (const part of [this.#pushes, seeding, this.presence, this.fields]) this.#life.add(() => part.end());
    for (const part of [this.#soon, this.#showing, this.#unsaved]) this.#life.add(() => part.clear());
    this.#wire(channel);
    this.#watchFocus();
  }
  /** Begins: finds the fields, shows them, joins. */
  start() {
    if (this.#settings.ui) {
      this.#view = new View(this, this.#settings, () => this.#connection.tryNow());
      this.#life.add(() => this.#view?.end());
    }
    this.fields.start(this.#page);
    this.#enter(this.fields.focusedIn(this.#page));
    this.document.start();
    this.#changed();
  }
  /** Where things stand. */
  get status() {
    const { document, fields } = this;
    return statusOf({
      connection: this.#connection.state,
      everOpen: this.ownId !== "",
      document: fields.comparing ? { name: "joining" } : document.state,
      met: document.met,
      mode: document.mode,
      revision: document.revision,
      edits: document.outbox.edits + this.#records.edits,
      loose: this.#keepLoose(),
      drafts: document.drafts.length,
      stored: document.stored && this.#records.stored,
      store: this.#connection.vault?.failure,
      degraded: this.#connection.degraded
    });
  }
  /** The gateway works without its state service: no locks now. */
  get degraded() {
    return this.#connection.degraded.includes("state");
  }
  /** The user's own id; empty until the first connection. */
  get ownId() {
    return this.#connection.userId;
  }
  /** When the oldest edit that is not on the server was made, of this record or one left before, by `performance.now()`. */
  get unsavedSince() {
    const [own, left] = [this.document.outbox.since, this.#records.since];
    return own === void 0 || left === void 0 ? own ?? left : Math.min(own, left);
  }
  /** Asks for the lock of a field, by its id. */
  lock(id) {
    return new Promise((done) => this.locks.acquire(this.#wireOf(id), done));
  }
  /** Gives the lock of a field back. */
  unlock(id) {
    this.locks.release(this.#wireOf(id));
  }
  /** Ends the conflict of a field, by its id, with one of the two values (G4). */
  choose(id, which) {
    const field = this.fields.get(id);
    if (field === void 0) return;
    const { wire } = field;
    const disputed = this.drafts.get(wire)?.reason === DISPUTED;
    field.choose(which);
    if (disputed && this.document.disputed(wire) === void 0) this.drafts.delete(wire);
  }
  /** Forgets the draft of a field that is shown; one that came before it is shown then. */
  dismiss(wire) {
    this.drafts.delete(wire);
    this.document.dismiss(wire);
    this.#changed();
  }
  /** What the page is told of its fields. */
  info() {
    return this.fields.all.map(({ id, kind, label, wire, binding, conflict }) => ({
      id,
      kind,
      label,
      elements: binding.elements,
      lockedBy: this.locks.against(wire)?.name,
      ownLock: this.locks.own(wire) !== void 0,
      conflict
    }));
  }
  /** Ends and leaves the page as it was, with what it shows now. What was typed goes on to the server. */
  end() {
    this.#life.end();
  }
  #wireOf(id) {
    return id === "" ? "" : this.fields.get(id)?.wire ?? id;
  }
  #wire(channel) {
    const { document, locks, presence, fields } = this;
    const hear = (stop) => this.#life.add(stop);
    hear(this.#connection.events.on("state", () => this.#changed()));
    hear(this.#connection.events.on("message", ({ event }) => /^(DEGRADED|RECOVERED)$/.test(event) && this.#changed()));
    hear(this.#records.events.on("changed", () => this.#changed()));
    hear(document.events.on("state", (state) => {
      if (state.name === "refused") this.events.emit("error", { code: state.code, message: `${channel.resourceId} was refused` });
      this.#changed();
    }));
    hear(document.events.on("joined", () => this.#changed()));
    hear(document.events.on("outbox", () => {
      this.#tellSoon();
      this.#giveBack();
    }));
    hear(document.events.on("saved", (saved) => this.events.emit("saved", { ...saved, fields: saved.fields.map(idOf) })));
    hear(document.events.on("arrived", (arrived) => this.#arrived(arrived)));
    hear(document.events.on("draft", () => this.#changed()));
    hear(document.events.on("forgot", () => this.#view?.forgot()));
    hear(locks.events.on("changed", () => this.#locksChanged()));
    for (const event of ["acquired", "denied", "released", "requested", "answered", "taken"]) {
      hear(locks.events.on(event, (detail) => this.events.emit("lock", { field: idOf(detail.field), event, detail })));
    }
    hear(this.#pushes.events.on("push", (push) => {
      this.events.emit("resourceUpdated", push);
      this.#view?.pushed(push);
    }));
    hear(presence.events.on("users", (users) => {
      this.events.emit("users", users);
      this.#changed();
    }));
    hear(presence.events.on("moved", () => this.#showSoon()));
    hear(document.events.on("restored", () => this.#changed()));
    hear(fields.events.on("changed", () => this.#locksChanged()));
  }
  #arrived(arrived) {
    if (arrived.userId !== "") {
      for (const wire of arrived.fields) this.#view?.flash(wire);
      this.events.emit("remote", { ...arrived, fields: arrived.fields.map(idOf) });
    }
    this.#tellSoon();
    this.#showSoon();
  }
  /** Has what was typed into fields that are not bound yet kept, too. Returns the number of these fields. */
  #keepLoose() {
    const loose = this.fields.all.filter((field) => field.waitsWithText);
    this.document.keepLoose(Object.fromEntries(loose.map(({ wire, binding }) => [wire, binding.read() ?? ""])));
    return loose.length;
  }
  #locksChanged() {
    const viewer = this.document.met && this.document.mode === "viewer";
    for (const { wire, binding } of this.fields.all) {
      binding.setReadOnly(viewer || this.locks.against(wire) !== void 0);
    }
    this.events.emit("fields", this.info());
    this.#changed();
  }
  #watchFocus() {
    const quiet = { capture: true, passive: true };
    const active = () => {
      this.locks.active();
      this.#claim();
    };
    this.#life.add(this.fields.events.on("opened", ({ document, life }) => {
      life.listen(document, "focusin", (event) => !isOwn(event.target) && this.#enter(this.fields.ofEvent(event)), quiet);
      life.listen(document, "focusout", (event) => !isPassing(event) && this.#enter(void 0), quiet);
      for (const type of ["input", "keydown", "pointerdown"]) life.listen(document, type, active, quiet);
      life.listen(document, "input", () => this.#tellSoon(), quiet);
    }));
    this.#life.add(this.document.events.on("joined", () => this.#claim()));
    this.#life.add(this.locks.events.on("released", ({ userId }) => userId !== this.ownId && this.#claim()));
  }
  #enter(field) {
    if (field === this.#focused) return;
    if (this.#settings.locking === "focus" && this.#focused !== void 0) this.#owed.add(this.#focused.wire);
    this.#focused = field;
    this.#giveBack();
    this.#claim();
    this.presence.enter(field?.wire ?? "");
    this.#view?.focused(field);
    this.events.emit("focus", { field: field?.id });
  }
  #giveBack() {
    const { fields } = this.document.outbox;
    for (const wire of this.#owed) {
      if (wire !== this.#focused?.wire && fields.has(wire)) continue;
      this.#owed.delete(wire);
      if (wire !== this.#focused?.wire) this.locks.release(wire);
    }
  }
  /** Asks for the lock of the focused field, if locks follow the focus and nobody else has it. */
  #claim() {
    if (this.#settings.locking !== "focus" || this.#focused === void 0 || !this.document.editable) return;
    const { wire } = this.#focused;
    if (this.locks.own(wire) === void 0 && this.locks.against(wire) === void 0) this.locks.acquire(wire);
  }
  /** Tells and shows what has changed, once for all that changes in one turn. */
  #changed() {
    this.#tellSoon();
    this.#showSoon(0);
  }
  #tellSoon() {
    if (!this.#soon.running && !this.#life.ended) this.#soon.set(0, () => this.#tell());
  }
  #tell() {
    const status = this.status;
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    const modeChanged = status.mode !== this.#status?.mode;
    this.#status = status;
    this.events.emit("status", status);
    if (modeChanged) this.#locksChanged();
    if (status.save === "server") {
      this.#unsaved.clear();
      if (this.#shown !== "server") this.#showSoon();
    } else if (status.save !== this.#shown && !this.#unsaved.running) this.#unsaved.set(UNSAVED_AFTER_MS, () => this.#show());
  }
  #showSoon(ms = SHOW_WITHIN_MS) {
    if (!this.#life.ended && (ms === 0 || !this.#showing.running)) this.#showing.set(ms, () => this.#show());
  }
  #show() {
    this.#shown = this.status.save;
    this.#view?.changed();
  }
}

class Handle {
  #shared;
  #widget;
  #resourceId;
  #state = "new";
  #life = new Lifetime();
  #soon = new Timer();
  /** @internal */
  constructor(settings, page, open, gone) {
    const { gatewayUrl: url, token, renewable } = settings;
    const store = loadStore(url).catch(({ message }) => {
      events.emit("error", { code: "STORE_UNAVAILABLE", message });
      return void 0;
    });
    const connection = new Connection({ url, token, renewable, open, store });
    const records = new Records(connection, settings);
    const events = new Emitter();
    this.#shared = { settings, page, connection, events, records, carried: new Carried() };
    this.#life.add(gone);
    for (const end of [() => events.clear(), () => connection.close(), () => records.end()]) this.#life.add(end);
    this.#life.add(() => this.#leave());
    this.#wire();
  }
  /** Where things stand: connection, save state, mode, revision. */
  get status() {
    if (this.#widget !== void 0) return this.#widget.status;
    const { connection, records } = this.#shared;
    return statusOf({
      connection: connection.state,
      everOpen: connection.userId !== "",
      document: { name: "joined" },
      // there is nothing to wait for
      met: false,
      mode: "viewer",
      revision: 0,
      edits: records.edits,
      loose: 0,
      drafts: 0,
      stored: records.stored,
      store: connection.vault?.failure,
      degraded: connection.degraded
    });
  }
  /** What the page shows now; undefined when it shows no record. */
  get resourceId() {
    return this.#resourceId;
  }
  /** The fields of the page that are collaborative. */
  get fields() {
    return this.#widget?.info() ?? [];
  }
  /** Who is here, oneself included. */
  get users() {
    return this.#widget?.presence.users ?? [];
  }
  /** Listens to an event. Returns what ends it. */
  on(name, listener) {
    return this.#shared.events.on(name, listener);
  }
  /** Asks for the lock of a field, by its id; the empty id is the whole record. */
  async lock(field) {
    return this.#widget?.lock(field) ?? { ok: false, reason: "NOT_JOINED" };
  }
  /** Gives the lock of a field back. */
  unlock(field) {
    this.#widget?.unlock(field);
  }
  /** Ends the conflict of a field with the page's value or the record's (G4). */
  choose(field, which) {
    this.#widget?.choose(field, which);
  }
  /** @internal The record that is shown. */
  get record() {
    return this.#widget;
  }
  /**
   * To be called when the user logs out. It waits for what is on its way to the server. When everything is there, what is
   * kept in this browser for the user is removed, the widget is destroyed, and the answer is `{sent: true}`. Otherwise the
   * answer has the text that only this browser has, and nothing is removed, so that it can be exported or sent later;
   * `logout({discard: true})` removes it all the same. It rejects when the browser's store cannot be loaded, read or removed.
   */
  async logout({ discard = false } = {}) {
    const { connection, records } = this.#shared;
    const { logout } = await import('./collab-sdk.part-ed78df9f.mjs');
    const answer = await logout(connection.vault, records.documents, discard);
    if (answer.sent || discard) this.destroy();
    return answer;
  }
  /** @internal Begins; `init` calls it once the page is there. */
  start() {
    if (this.#state !== "new") return;
    this.#state = "started";
    const { settings, page, connection } = this.#shared;
    this.#resourceId = this.#read();
    this.#enter();
    if (typeof settings.resourceId === "function") {
      this.#life.add(onNavigation(page.defaultView ?? window, () => this.#follow()));
    }
    connection.tryNow();
  }
  /** Ends the session and leaves nothing of the widget on the page. Calling it again does nothing. */
  destroy() {
    this.#state = "destroyed";
    this.#life.end();
  }
  #wire() {
    const { settings, page, connection, events, records } = this.#shared;
    events.on("error", (error) => settings.onError(error));
    connection.events.on("store", ({ vault }) => vault.events.on("failed", (failure) => events.emit("error", failure)));
    connection.events.on("state", (state) => {
      if (state.name === "refused") events.emit("error", { code: "UNAUTHORIZED", message: state.reason });
      this.#tell();
    });
    connection.events.on("message", ({ event, payload }) => {
      const { code, message } = fieldsOf(payload);
      if (event === "ERROR") events.emit("error", { code: String(code), message: String(message) });
    });
    records.events.on("changed", () => this.#tell());
    records.events.on("draft", ({ resourceId, draft }) => {
      events.emit("draft", { ...draft, field: idOf(draft.field), resourceId });
    });
    this.#life.listen(page.defaultView ?? window, "beforeunload", (event) => {
      if (this.status.save === "unsaved") event.preventDefault();
    });
  }
  /** Tells of the status while no record does. */
  #tell() {
    if (this.#widget === void 0) this.#shared.events.emit("status", this.status);
  }
  /** Returns the record that the page shows now. A function that fails means none: the page must not suffer from it. */
  #read() {
    const { settings, page, events } = this.#shared;
    if (typeof settings.resourceId === "string") return settings.resourceId;
    try {
      return settings.resourceId((page.defaultView ?? window).location) || void 0;
    } catch (error) {
      events.emit("error", { code: "RESOURCE_ID", message: `resourceId failed: ${String(error)}` });
      return void 0;
    }
  }
  /**
   * Follows the address. The old record ends at once, before the page shows anything of the new one; the new one begins
   * when the page had its turn, and only the last one of a quick series.
   */
  #follow() {
    const resourceId = this.#read();
    if (resourceId === this.#resourceId) return;
    this.#resourceId = resourceId;
    this.#leave();
    this.#shared.events.emit("resource", { resourceId });
    this.#soon.set(0, () => this.#enter());
  }
  #enter() {
    if (this.#resourceId === void 0) return this.#tell();
    this.#widget = new Widget(this.#shared, this.#resourceId);
    this.#widget.start();
  }
  #leave() {
    this.#soon.clear();
    if (this.#widget === void 0) return;
    const { events } = this.#shared;
    this.#widget.end();
    this.#widget = void 0;
    events.emit("users", []);
    events.emit("fields", []);
  }
}

function settingsOf(options, page) {
  const { token, getToken } = options;
  if (typeof options.gatewayUrl !== "string" || options.gatewayUrl === "") wrong("gatewayUrl is missing");
  if (getToken === void 0 && (typeof token !== "string" || token === "")) wrong("token or getToken is missing");
  if (getToken !== void 0 && typeof getToken !== "function") wrong("getToken is not a function");
  const view = page.defaultView ?? window;
  return {
    gatewayUrl: options.gatewayUrl,
    token: getToken ?? (() => token ?? ""),
    renewable: getToken !== void 0,
    optIn: options.autoDiscovery === false || oneOf("capture", options.capture ?? "auto", ["auto", "opt-in"]) === "opt-in",
    include: selectors("include", options.include, page),
    exclude: selectors("exclude", options.exclude, page),
    resourceId: resourceOf(options.resourceId),
    resourceType: options.resourceType,
    mode: options.mode && oneOf("mode", options.mode, ["editor", "viewer"]),
    locking: oneOf("locking", options.locking ?? "off", ["off", "manual", "focus"]),
    ui: options.ui !== false,
    panel: panelOf(options.ui),
    locale: options.locale ?? (page.documentElement.lang || view.navigator.language),
    onError: options.onError ?? (() => void 0)
  };
}
function resourceOf(resourceId) {
  if (resourceId === void 0) return ({ pathname }) => `page:${pathname}`;
  if (typeof resourceId !== "function" && (typeof resourceId !== "string" || resourceId === "")) {
    wrong("resourceId is neither a text nor a function");
  }
  return resourceId;
}
function panelOf(ui) {
  const panel = typeof ui === "object" ? ui.panel : ui;
  if (panel === false) return "none";
  return panel === "open" || panel === "minimised" ? panel : "auto";
}
function oneOf(name, value, allowed) {
  if (!allowed.includes(value)) wrong(`${name} is "${value}", not one of ${allowed.join(", ")}`);
  return value;
}
function selectors(name, value, page) {
  const list = value === void 0 ? [] : typeof value === "string" ? [value] : value;
  for (const selector of list) {
    try {
      page.createDocumentFragment().querySelector(selector);
    } catch {
      wrong(`${name} has "${selector}", which is no selector`);
    }
  }
  return list;
}
function wrong(what) {
  throw new TypeError(`CollabSDK.init: ${what}`);
}

const PACKET = { connect: 0, disconnect: 1, event: 2, ack: 3, connectError: 4, binaryEvent: 5, binaryAck: 6 };
function encodeEvent(id, values) {
  const attachments = [];
  const body = JSON.stringify(
    values,
    (_key, value) => ArrayBuffer.isView(value) ? { _placeholder: true, num: attachments.push(value) - 1 } : value
  );
  const type = attachments.length > 0 ? `${PACKET.binaryEvent}${attachments.length}-` : `${PACKET.event}`;
  return [`${type}${id ?? ""}${body}`, ...attachments];
}
function decode(frame) {
  const [all, type, wanted, id] = /^([0-6])(?:(\d+)-)?(?:\/,)?(\d*)/.exec(frame) ?? [];
  if (all === void 0) return void 0;
  return { type: Number(type), id: id ? Number(id) : void 0, wanted: Number(wanted ?? 0), body: frame.slice(all.length) };
}
function contentOf({ body, wanted }, attachments) {
  if (body === "") return void 0;
  if (wanted === 0) return JSON.parse(body);
  return JSON.parse(
    body,
    (_key, value) => value?._placeholder === true ? attachments[value.num ?? -1] : value
  );
}

const OPEN_TIMEOUT_MS = 1e4;

const OPEN = "0";
const CLOSE = "1";
const PING = "2";
const PONG = "3";
const MESSAGE = "4";
class WebSocketTransport {
  #url;
  #auth;
  #ear;
  #socket;
  #connected = false;
  /** For the opening, and then for the server's pings. */
  #pulse = new Timer();
  /** How long the server may be silent, in milliseconds, and until when: timers do not run while a computer sleeps. */
  #patience = 0;
  #deadline = Infinity;
  #acknowledgements = /* @__PURE__ */ new Map();
  #nextId = 0;
  /** A packet that waits for its attachments. */
  #partial;
  constructor({ origin, path }, auth, ear) {
    this.#url = `${origin.replace("http", "ws")}${path}?EIO=4&transport=websocket`;
    this.#auth = auth;
    this.#ear = ear;
  }
  connect() {
    if (this.#socket !== void 0) return;
    this.#pulse.set(OPEN_TIMEOUT_MS, () => this.#end("timeout"));
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onclose = () => this.#end("transport close");
    socket.onmessage = ({ data }) => {
      try {
        if (typeof data === "string") this.#frame(data);
        else this.#attachment(data);
      } catch {
        this.#end("parse error");
      }
    };
  }
  emit(...values) {
    if (Date.now() > this.#deadline) return this.#end("ping timeout");
    if (!this.#connected) return;
    const acknowledge = values.at(-1);
    let id;
    if (typeof acknowledge === "function") {
      id = this.#nextId++;
      this.#acknowledgements.set(id, acknowledge);
      values.pop();
    }
    const [text, ...attachments] = encodeEvent(id, values);
    this.#socket?.send(MESSAGE + text);
    for (const one of attachments) this.#socket?.send(one);
  }
  disconnect() {
    if (this.#connected) this.#socket?.send(MESSAGE + PACKET.disconnect);
    this.#end("io client disconnect");
  }
  #frame(frame) {
    const rest = frame.slice(1);
    if (frame[0] === OPEN) this.#opened(fieldsOf(JSON.parse(rest)));
    else if (frame[0] === CLOSE) this.#end("transport close");
    else if (frame[0] === PING) {
      this.#socket?.send(PONG + rest);
      this.#alive();
    } else if (frame[0] === MESSAGE) {
      const packet = decode(rest);
      if (packet === void 0 || this.#partial !== void 0) throw new Error("no packet");
      if (packet.wanted > 0) this.#partial = { packet, attachments: [] };
      else this.#received(packet, []);
    }
  }
  #attachment(data) {
    const { packet, attachments } = this.#partial ?? {};
    if (packet === void 0 || attachments === void 0) throw new Error("no packet to attach it to");
    if (attachments.push(data) < packet.wanted) return;
    this.#partial = void 0;
    this.#received(packet, attachments);
  }
  #opened({ pingInterval, pingTimeout }) {
    this.#patience = number(pingInterval) + number(pingTimeout);
    this.#alive();
    const socket = this.#socket;
    this.#auth((credentials) => {
      if (socket === this.#socket) socket?.send(`${MESSAGE}${PACKET.connect}${JSON.stringify(credentials)}`);
    });
  }
  #alive() {
    this.#deadline = Date.now() + this.#patience;
    this.#pulse.set(this.#patience, () => this.#end("ping timeout"));
  }
  #received(packet, attachments) {
    const content = contentOf(packet, attachments);
    const values = Array.isArray(content) ? content : [];
    switch (packet.type) {
      case PACKET.connect:
        this.#connected = true;
        return this.#ear.connected();
      case PACKET.connectError:
        this.#close();
        return this.#ear.refused(fieldsOf(content)["data"] ?? {});
      case PACKET.disconnect:
        return this.#end("io server disconnect");
      case PACKET.ack:
      case PACKET.binaryAck: {
        const acknowledge = this.#acknowledgements.get(packet.id ?? -1);
        this.#acknowledgements.delete(packet.id ?? -1);
        return acknowledge?.(values[0]);
      }
      default:
        this.#ear.heard(String(values[0]), ...values.slice(1));
    }
  }
  #end(reason) {
    if (this.#socket === void 0) return;
    const connected = this.#connected;
    this.#close();
    if (connected) this.#ear.ended(reason);
    else if (reason !== "io client disconnect") this.#ear.refused();
  }
  #close() {
    const socket = this.#socket;
    if (socket !== void 0) {
      socket.onclose = socket.onmessage = null;
      socket.close();
    }
    this.#socket = this.#partial = void 0;
    this.#connected = false;
    this.#deadline = Infinity;
    this.#pulse.clear();
    this.#acknowledgements.clear();
  }
}

const FAILURES_OF_A_GOOD_NETWORK = 3;
function endpoint(url, base) {
  const parsed = new URL(url.replace(/^ws/i, "http"), base);
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    throw new TypeError("CollabSDK: gatewayUrl must be a ws, wss, http or https URL");
  }
  const path = parsed.pathname.replace(/\/*$/, "/");
  return { origin: parsed.origin, path: path === "/" ? "/ws/" : path };
}
const openSocket = (url, auth) => new Line(endpoint(url, document.baseURI), auth);
class Line {
  #listeners = /* @__PURE__ */ new Map();
  #any;
  #openPolling;
  #webSocket;
  #polling;
  #current;
  /** Attempts in a row that did not reach the gateway, and how many are taken for a network that breaks WebSocket. */
  #failures = 0;
  #tolerated = 1;
  constructor(where, auth) {
    const ear = {
      connected: () => {
        if (this.#current === this.#webSocket) {
          this.#failures = 0;
          this.#tolerated = FAILURES_OF_A_GOOD_NETWORK;
        }
        this.#tell("connect");
      },
      refused: (data) => {
        if (data === void 0) this.#failed();
        this.#tell("connect_error", { data });
      },
      ended: (reason) => this.#tell("disconnect", reason),
      heard: (...values) => this.#any?.(...values)
    };
    this.#webSocket = this.#current = new WebSocketTransport(where, auth, ear);
    this.#openPolling = async () => {
      const { PollingTransport } = await import('./collab-sdk.part-f07bed0a.mjs');
      return new PollingTransport(where, auth, ear);
    };
  }
  on(event, listener) {
    this.#listeners.set(event, listener);
  }
  onAny(listener) {
    this.#any = listener;
  }
  off() {
    this.#listeners.clear();
  }
  offAny() {
    this.#any = void 0;
  }
  connect() {
    const failures = this.#failures - this.#tolerated;
    this.#current = failures >= 0 && failures % 2 === 0 && this.#polling || this.#webSocket;
    this.#current.connect();
  }
  emit(event, ...values) {
    this.#current.emit(event, ...values);
  }
  disconnect() {
    this.#current.disconnect();
  }
  /** A connection by this way was good and then swallowed everything. */
  suspect() {
    this.#tolerated = 1;
    this.#failed();
  }
  #failed() {
    this.#failures++;
    if (this.#polling !== void 0 || this.#failures < this.#tolerated || !navigator.onLine) return;
    this.#openPolling().then(
      (transport) => this.#polling ??= transport,
      () => void 0
    );
  }
  #tell(event, ...values) {
    this.#listeners.get(event)?.(...values);
  }
}

const instances = [];
const resources = /* @__PURE__ */ new Map();
function init(options) {
  const settings = settingsOf(options, document);
  const resource = options.resourceId ?? "";
  const running = instances.find((one) => resources.get(one) === resource);
  if (running !== void 0) {
    settings.onError({ code: "ALREADY_STARTED", message: "this page has a widget for the resource already" });
    return running;
  }
  const start = () => handle.start();
  const handle = new Handle(settings, document, openSocket, () => {
    document.removeEventListener("DOMContentLoaded", start);
    resources.delete(handle);
    instances.splice(instances.indexOf(handle), 1);
  });
  instances.push(handle);
  resources.set(handle, resource);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start, { once: true });
  else start();
  return handle;
}

export { borrowAttribute as A, diff as B, element as C, button as D, Emitter as E, icon as F, drawn as G, listOf as H, avatar as I, adopt as J, clock as K, LOST as L, initials as M, init as N, OPEN_TIMEOUT_MS as O, instances as P, Timer as T, idOf as a, bytes as b, choices as c, docOf as d, encodeStateAsUpdate as e, fieldsOf as f, getState as g, text as h, isChoice as i, toUint8Array as j, readAny as k, list as l, createEncoder as m, number as n, createDecoder as o, Lifetime as p, encodeStateVector as q, retryAfter as r, same as s, textOf as t, ownText as u, valueIn as v, writeAny as w, shown as x, hasFocus as y, announce as z };
