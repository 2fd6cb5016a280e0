/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT). */
"use strict";
var CollabSDK = (() => {
  var __defProp = Object.defineProperty;
  var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
  var __getOwnPropNames = Object.getOwnPropertyNames;
  var __hasOwnProp = Object.prototype.hasOwnProperty;
  var __export = (target, all2) => {
    for (var name in all2)
      __defProp(target, name, { get: all2[name], enumerable: true });
  };
  var __copyProps = (to, from2, except, desc) => {
    if (from2 && typeof from2 === "object" || typeof from2 === "function") {
      for (let key of __getOwnPropNames(from2))
        if (!__hasOwnProp.call(to, key) && key !== except)
          __defProp(to, key, { get: () => from2[key], enumerable: !(desc = __getOwnPropDesc(from2, key)) || desc.enumerable });
    }
    return to;
  };
  var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

  // src/index.ts
  var index_exports = {};
  __export(index_exports, {
    init: () => init,
    instances: () => instances
  });

  // src/field.ts
  var CHOICE_PREFIX = "values/";
  function isText(kind) {
    return kind === "text" || kind === "editable";
  }
  function wireName(id2, kind) {
    return isText(kind) ? id2 : CHOICE_PREFIX + id2;
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
    const value2 = choices(doc).get(idOf(wire));
    if (typeof value2 === "string" || typeof value2 === "boolean") return value2;
    return Array.isArray(value2) ? value2.map(String) : void 0;
  }
  function same(a, b) {
    return a === b || Array.isArray(a) && Array.isArray(b) && JSON.stringify(a) === JSON.stringify(b);
  }
  function blank(value2) {
    return value2 === "" || value2 === false || Array.isArray(value2) && value2.length === 0;
  }
  function shown(value2) {
    if (value2 === void 0) return "";
    if (typeof value2 === "boolean") return value2 ? "✓" : "–";
    return typeof value2 === "string" ? value2 : value2.join(", ");
  }

  // src/lifetime.ts
  var Lifetime = class {
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
  };

  // src/timer.ts
  var Timer = class {
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
  };

  // src/carried.ts
  var LOOK_EVERY_MS = 200;
  var Carried = class {
    #values = /* @__PURE__ */ new WeakMap();
    /** Notes what a field shows while its record ends. */
    note({ binding }) {
      const value2 = binding.read();
      for (const element2 of binding.elements) if (value2 !== void 0) this.#values.set(element2, value2);
    }
    /** Reports whether the element shows what it showed then. Once it does not, it never does again. */
    holds(element2, value2) {
      const then = this.#values.get(element2);
      if (then !== void 0 && !same(then, value2)) this.#values.delete(element2);
      return then !== void 0 && same(then, value2);
    }
  };
  var CarriedWatch = class {
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
      this.#fields.set(field, life);
      for (const element2 of field.binding.elements) {
        life.listen(element2, "input", ({ isTrusted }) => isTrusted && this.#touched(field), { capture: true });
      }
      this.#plan();
    }
    /** Watches a field no more. */
    drop(field) {
      this.#fields.get(field)?.end();
      this.#fields.delete(field);
    }
    /** Watches nothing more. */
    end() {
      for (const field of this.#fields.keys()) this.drop(field);
      this.#timer.clear();
    }
    #plan() {
      if (this.any && !this.#timer.running) this.#timer.set(LOOK_EVERY_MS, () => this.#look());
    }
    #touched(field) {
      field.carried = false;
      this.drop(field);
      this.#touch();
    }
    #look() {
      for (const field of [...this.#fields.keys()]) {
        if (field.live) this.drop(field);
        else if (!same(field.binding.read(), field.base)) {
          this.drop(field);
          this.#renew(field);
        }
      }
      this.#plan();
    }
  };

  // src/backoff.ts
  var FIRST_MS = 500;
  var LONGEST_MS = 15e3;
  function backoff(attempt, random = Math.random) {
    const range = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
    return Math.round(range * (0.2 + 0.8 * random()));
  }

  // src/emitter.ts
  var Emitter = class {
    #listeners = /* @__PURE__ */ new Map();
    /** Listens to `name`. Returns what ends it. */
    on(name, listener) {
      const listeners = this.#listeners.get(name) ?? /* @__PURE__ */ new Set();
      this.#listeners.set(name, listeners);
      listeners.add(listener);
      return () => listeners.delete(listener);
    }
    /** Tells every listener of `name`, in the order in which they came. */
    emit(name, value2) {
      for (const listener of [...this.#listeners.get(name) ?? []]) {
        try {
          ;
          listener(value2);
        } catch (error) {
          console.error("Corsia: a listener failed", error);
        }
      }
    }
    /** Forgets all listeners. */
    clear() {
      this.#listeners.clear();
    }
  };

  // src/protocol.ts
  var LOST = "LOST";
  function fieldsOf(value2) {
    return typeof value2 === "object" && value2 !== null ? value2 : {};
  }
  function text(value2) {
    return typeof value2 === "string" ? value2 : "";
  }
  function number(value2) {
    return typeof value2 === "number" && Number.isFinite(value2) ? value2 : 0;
  }
  function list(value2) {
    return Array.isArray(value2) ? value2 : [];
  }
  function bytes(value2) {
    if (ArrayBuffer.isView(value2)) return new Uint8Array(value2.buffer, value2.byteOffset, value2.byteLength);
    return value2 instanceof ArrayBuffer ? new Uint8Array(value2) : Uint8Array.from(list(value2));
  }
  function answer(value2) {
    const fields = fieldsOf(value2);
    if (fields["ok"] === true) return { code: "", fields };
    const error = fieldsOf(fields["error"]);
    return { code: text(error["code"]) || "INTERNAL", fields: error };
  }
  function session(value2) {
    const fields = fieldsOf(value2);
    const userId = text(fields["userId"]);
    return {
      sessionId: text(fields["sessionId"]),
      resumeKey: text(fields["resumeKey"]),
      userId,
      name: text(fields["name"]) || userId,
      heartbeatInterval: number(fields["heartbeatInterval"]) || 3e4
    };
  }
  function user(value2) {
    const fields = fieldsOf(value2);
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
  function lock(value2) {
    const fields = fieldsOf(value2);
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
  function resourceState(fields) {
    return {
      mode: mode(fields["mode"]),
      users: list(fields["users"]).map(user),
      locks: list(fields["locks"]).map(lock),
      state: bytes(fields["state"]),
      stateVector: bytes(fields["stateVector"]),
      revision: number(fields["revision"]),
      clientId: number(fields["clientId"]) || void 0
    };
  }
  function mode(value2) {
    return value2 === "viewer" ? "viewer" : "editor";
  }

  // src/connection.ts
  var OFFLINE_PROBE_MS = 6e4;
  var GREETING_MS = 1e4;
  var TRIES_BEFORE_POLLING = 3;
  var REFUSALS_BEFORE_GIVING_UP = 3;
  var Connection = class {
    events = new Emitter();
    #options;
    #state = { name: "idle" };
    #life = new Lifetime();
    #retry = new Timer();
    /** For CONNECTED, and then for heartbeats. */
    #pulse = new Timer();
    #heartbeatAnswered = true;
    #pending = /* @__PURE__ */ new Set();
    #attempt = 0;
    #refusals = 0;
    /** Why the gateway refuses the token; empty while it does not. */
    #reason = "";
    /** The least delay that the gateway asked for, in milliseconds. */
    #asked = 0;
    #userId = "";
    /** The last session, while it may be resumed. */
    #last;
    #socket;
    constructor(options) {
      this.#options = options;
      this.#socket = options.open(options.url, (use) => this.#withToken((token) => use({ token, ...this.#resume() })));
      this.#socket.onAny((event, payload) => this.#received(event, payload));
      this.#socket.on("connect", () => this.#pulse.set(GREETING_MS, () => this.#drop()));
      this.#socket.on("connect_error", (error) => this.#refused(fieldsOf(fieldsOf(error)["data"])));
      this.#socket.on("disconnect", (reason) => {
        if (reason === "io server disconnect") this.#last = void 0;
        this.#disconnected();
      });
      this.#life.listen(window, "offline", () => this.#goOffline());
      this.#life.listen(window, "online", () => this.tryNow());
      this.#life.listen(window, "pagehide", () => this.#leave());
    }
    /** The state now. */
    get state() {
      return this.#state;
    }
    /** The session, while the connection is open. */
    get session() {
      return this.#state.name === "open" ? this.#state.session : void 0;
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
      const settle = (result) => {
        if (this.#pending.delete(settle)) done(result);
      };
      this.#pending.add(settle);
      this.#socket.emit(event, payload, (value2) => settle(answer(value2)));
    }
    /** Ends the session for good. */
    close() {
      if (this.#state.name === "closed") return;
      this.#life.end();
      this.#pulse.clear();
      this.#retry.clear();
      this.#socket.offAny();
      this.#socket.off();
      this.#socket.disconnect();
      this.#enter({ name: "closed" });
      this.events.clear();
    }
    #connect() {
      this.#retry.clear();
      if (this.#userId === "" && this.#attempt === TRIES_BEFORE_POLLING) this.#socket.preferPolling();
      this.#enter({ name: "connecting", attempt: this.#attempt });
      this.#socket.connect();
    }
    /** Gives the page's token to `use`. A page that has none is waited for like a gateway that is away. */
    #withToken(use) {
      Promise.resolve().then(this.#options.token).then(use).catch(() => this.#drop());
    }
    /** The page goes: a word of it, so that the session does not wait for its return. A page that is shown again reconnects. */
    #leave() {
      this.#last = void 0;
      this.#socket.disconnect();
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
      if (event === "HEARTBEAT_ACK") this.#heartbeatAnswered = true;
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
      this.#heartbeatAnswered = true;
      this.#planHeartbeat(greeting.heartbeatInterval);
      this.#enter({ name: "open", session: greeting });
    }
    #planHeartbeat(interval) {
      this.#pulse.set(interval, () => {
        if (!this.#heartbeatAnswered) return this.#drop();
        this.#heartbeatAnswered = false;
        this.send("HEARTBEAT", {});
        this.#planHeartbeat(interval);
      });
    }
    #refused({ code, reason, retryAfterMs }) {
      this.#asked = Math.max(this.#asked, number(retryAfterMs));
      if (code === "UNAUTHORIZED") this.#reason = text(reason) || "unauthorized";
      this.#disconnected();
    }
    /** After any end of the connection: gives up when the token can't get better, else waits for the next try. */
    #disconnected() {
      if (this.#state.name === "closed") return;
      this.#pulse.clear();
      const reason = this.#reason;
      this.#reason = "";
      if (reason !== "" && this.#isHopeless(reason)) this.#enter({ name: "refused", reason });
      else if (this.#state.name !== "waiting") this.#wait(Math.max(this.#asked, backoff(this.#attempt)));
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
  };

  // src/navigation.ts
  var watched = /* @__PURE__ */ new WeakMap();
  function onNavigation(view, moved) {
    const known = watched.get(view);
    const { moved: all2, life } = known ?? { moved: /* @__PURE__ */ new Set(), life: new Lifetime() };
    all2.add(moved);
    if (known === void 0) {
      watched.set(view, { moved: all2, life });
      listen(view, life, () => [...all2].forEach((one) => one()));
    }
    return () => {
      if (!all2.delete(moved) || all2.size > 0) return;
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
      const wrapper = function(...all2) {
        before.apply(this, all2);
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

  // src/channel.ts
  var Channel = class {
    events = new Emitter();
    resourceId;
    #connection;
    #life = new Lifetime();
    constructor(connection, resourceId) {
      this.#connection = connection;
      this.resourceId = resourceId;
      this.#life.add(connection.events.on("state", (state) => this.events.emit("state", state)));
      this.#life.add(connection.events.on("message", ({ event, payload }) => {
        const fields = fieldsOf(payload);
        if (fields["resourceId"] === resourceId) this.events.emit("message", { event, fields });
      }));
    }
    /** The session, while the connection is open. */
    get session() {
      return this.#connection.session;
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
  };

  // node_modules/lib0/map.js
  var create = () => /* @__PURE__ */ new Map();
  var copy = (m) => {
    const r = create();
    m.forEach((v, k) => {
      r.set(k, v);
    });
    return r;
  };
  var setIfUndefined = (map, key, createT) => {
    let set = map.get(key);
    if (set === void 0) {
      map.set(key, set = createT());
    }
    return set;
  };
  var any = (m, f) => {
    for (const [key, value2] of m) {
      if (f(value2, key)) {
        return true;
      }
    }
    return false;
  };

  // node_modules/lib0/set.js
  var create2 = () => /* @__PURE__ */ new Set();

  // node_modules/lib0/array.js
  var appendTo = (dest, src) => {
    for (let i = 0; i < src.length; i++) {
      dest.push(src[i]);
    }
  };
  var from = Array.from;
  var isArray = Array.isArray;

  // node_modules/lib0/observable.js
  var ObservableV2 = class {
    constructor() {
      this._observers = create();
    }
    /**
     * @template {keyof EVENTS & string} NAME
     * @param {NAME} name
     * @param {EVENTS[NAME]} f
     */
    on(name, f) {
      setIfUndefined(
        this._observers,
        /** @type {string} */
        name,
        create2
      ).add(f);
      return f;
    }
    /**
     * @template {keyof EVENTS & string} NAME
     * @param {NAME} name
     * @param {EVENTS[NAME]} f
     */
    once(name, f) {
      const _f = (...args) => {
        this.off(
          name,
          /** @type {any} */
          _f
        );
        f(...args);
      };
      this.on(
        name,
        /** @type {any} */
        _f
      );
    }
    /**
     * @template {keyof EVENTS & string} NAME
     * @param {NAME} name
     * @param {EVENTS[NAME]} f
     */
    off(name, f) {
      const observers = this._observers.get(name);
      if (observers !== void 0) {
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
    emit(name, args) {
      return from((this._observers.get(name) || create()).values()).forEach((f) => f(...args));
    }
    destroy() {
      this._observers = create();
    }
  };

  // node_modules/lib0/math.js
  var floor = Math.floor;
  var abs = Math.abs;
  var min = (a, b) => a < b ? a : b;
  var max = (a, b) => a > b ? a : b;
  var isNaN = Number.isNaN;
  var isNegativeZero = (n) => n !== 0 ? n < 0 : 1 / n < 0;

  // node_modules/lib0/binary.js
  var BIT1 = 1;
  var BIT2 = 2;
  var BIT3 = 4;
  var BIT4 = 8;
  var BIT6 = 32;
  var BIT7 = 64;
  var BIT8 = 128;
  var BIT18 = 1 << 17;
  var BIT19 = 1 << 18;
  var BIT20 = 1 << 19;
  var BIT21 = 1 << 20;
  var BIT22 = 1 << 21;
  var BIT23 = 1 << 22;
  var BIT24 = 1 << 23;
  var BIT25 = 1 << 24;
  var BIT26 = 1 << 25;
  var BIT27 = 1 << 26;
  var BIT28 = 1 << 27;
  var BIT29 = 1 << 28;
  var BIT30 = 1 << 29;
  var BIT31 = 1 << 30;
  var BIT32 = 1 << 31;
  var BITS5 = 31;
  var BITS6 = 63;
  var BITS7 = 127;
  var BITS17 = BIT18 - 1;
  var BITS18 = BIT19 - 1;
  var BITS19 = BIT20 - 1;
  var BITS20 = BIT21 - 1;
  var BITS21 = BIT22 - 1;
  var BITS22 = BIT23 - 1;
  var BITS23 = BIT24 - 1;
  var BITS24 = BIT25 - 1;
  var BITS25 = BIT26 - 1;
  var BITS26 = BIT27 - 1;
  var BITS27 = BIT28 - 1;
  var BITS28 = BIT29 - 1;
  var BITS29 = BIT30 - 1;
  var BITS30 = BIT31 - 1;
  var BITS31 = 2147483647;

  // node_modules/lib0/number.js
  var MAX_SAFE_INTEGER = Number.MAX_SAFE_INTEGER;
  var MIN_SAFE_INTEGER = Number.MIN_SAFE_INTEGER;
  var LOWEST_INT32 = 1 << 31;
  var isInteger = Number.isInteger || ((num) => typeof num === "number" && isFinite(num) && floor(num) === num);
  var isNaN2 = Number.isNaN;
  var parseInt2 = Number.parseInt;

  // node_modules/lib0/string.js
  var fromCharCode = String.fromCharCode;
  var fromCodePoint = String.fromCodePoint;
  var MAX_UTF16_CHARACTER = fromCharCode(65535);
  var _encodeUtf8Polyfill = (str) => {
    const encodedString = unescape(encodeURIComponent(str));
    const len = encodedString.length;
    const buf = new Uint8Array(len);
    for (let i = 0; i < len; i++) {
      buf[i] = /** @type {number} */
      encodedString.codePointAt(i);
    }
    return buf;
  };
  var utf8TextEncoder = (
    /** @type {TextEncoder} */
    typeof TextEncoder !== "undefined" ? new TextEncoder() : null
  );
  var _encodeUtf8Native = (str) => utf8TextEncoder.encode(str);
  var encodeUtf8 = utf8TextEncoder ? _encodeUtf8Native : _encodeUtf8Polyfill;
  var utf8TextDecoder = typeof TextDecoder === "undefined" ? null : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  if (utf8TextDecoder && utf8TextDecoder.decode(new Uint8Array()).length === 1) {
    utf8TextDecoder = null;
  }

  // node_modules/lib0/encoding.js
  var Encoder = class {
    constructor() {
      this.cpos = 0;
      this.cbuf = new Uint8Array(100);
      this.bufs = [];
    }
  };
  var createEncoder = () => new Encoder();
  var length = (encoder) => {
    let len = encoder.cpos;
    for (let i = 0; i < encoder.bufs.length; i++) {
      len += encoder.bufs[i].length;
    }
    return len;
  };
  var toUint8Array = (encoder) => {
    const uint8arr = new Uint8Array(length(encoder));
    let curPos = 0;
    for (let i = 0; i < encoder.bufs.length; i++) {
      const d = encoder.bufs[i];
      uint8arr.set(d, curPos);
      curPos += d.length;
    }
    uint8arr.set(new Uint8Array(encoder.cbuf.buffer, 0, encoder.cpos), curPos);
    return uint8arr;
  };
  var verifyLen = (encoder, len) => {
    const bufferLen = encoder.cbuf.length;
    if (bufferLen - encoder.cpos < len) {
      encoder.bufs.push(new Uint8Array(encoder.cbuf.buffer, 0, encoder.cpos));
      encoder.cbuf = new Uint8Array(max(bufferLen, len) * 2);
      encoder.cpos = 0;
    }
  };
  var write = (encoder, num) => {
    const bufferLen = encoder.cbuf.length;
    if (encoder.cpos === bufferLen) {
      encoder.bufs.push(encoder.cbuf);
      encoder.cbuf = new Uint8Array(bufferLen * 2);
      encoder.cpos = 0;
    }
    encoder.cbuf[encoder.cpos++] = num;
  };
  var writeUint8 = write;
  var writeVarUint = (encoder, num) => {
    while (num > BITS7) {
      write(encoder, BIT8 | BITS7 & num);
      num = floor(num / 128);
    }
    write(encoder, BITS7 & num);
  };
  var writeVarInt = (encoder, num) => {
    const isNegative = isNegativeZero(num);
    if (isNegative) {
      num = -num;
    }
    write(encoder, (num > BITS6 ? BIT8 : 0) | (isNegative ? BIT7 : 0) | BITS6 & num);
    num = floor(num / 64);
    while (num > 0) {
      write(encoder, (num > BITS7 ? BIT8 : 0) | BITS7 & num);
      num = floor(num / 128);
    }
  };
  var _strBuffer = new Uint8Array(3e4);
  var _maxStrBSize = _strBuffer.length / 3;
  var _writeVarStringNative = (encoder, str) => {
    if (str.length < _maxStrBSize) {
      const written2 = utf8TextEncoder.encodeInto(str, _strBuffer).written || 0;
      writeVarUint(encoder, written2);
      for (let i = 0; i < written2; i++) {
        write(encoder, _strBuffer[i]);
      }
    } else {
      writeVarUint8Array(encoder, encodeUtf8(str));
    }
  };
  var _writeVarStringPolyfill = (encoder, str) => {
    const encodedString = unescape(encodeURIComponent(str));
    const len = encodedString.length;
    writeVarUint(encoder, len);
    for (let i = 0; i < len; i++) {
      write(
        encoder,
        /** @type {number} */
        encodedString.codePointAt(i)
      );
    }
  };
  var writeVarString = utf8TextEncoder && /** @type {any} */
  utf8TextEncoder.encodeInto ? _writeVarStringNative : _writeVarStringPolyfill;
  var writeUint8Array = (encoder, uint8Array) => {
    const bufferLen = encoder.cbuf.length;
    const cpos = encoder.cpos;
    const leftCopyLen = min(bufferLen - cpos, uint8Array.length);
    const rightCopyLen = uint8Array.length - leftCopyLen;
    encoder.cbuf.set(uint8Array.subarray(0, leftCopyLen), cpos);
    encoder.cpos += leftCopyLen;
    if (rightCopyLen > 0) {
      encoder.bufs.push(encoder.cbuf);
      encoder.cbuf = new Uint8Array(max(bufferLen * 2, rightCopyLen));
      encoder.cbuf.set(uint8Array.subarray(leftCopyLen));
      encoder.cpos = rightCopyLen;
    }
  };
  var writeVarUint8Array = (encoder, uint8Array) => {
    writeVarUint(encoder, uint8Array.byteLength);
    writeUint8Array(encoder, uint8Array);
  };
  var writeOnDataView = (encoder, len) => {
    verifyLen(encoder, len);
    const dview = new DataView(encoder.cbuf.buffer, encoder.cpos, len);
    encoder.cpos += len;
    return dview;
  };
  var writeFloat32 = (encoder, num) => writeOnDataView(encoder, 4).setFloat32(0, num, false);
  var writeFloat64 = (encoder, num) => writeOnDataView(encoder, 8).setFloat64(0, num, false);
  var writeBigInt64 = (encoder, num) => (
    /** @type {any} */
    writeOnDataView(encoder, 8).setBigInt64(0, num, false)
  );
  var floatTestBed = new DataView(new ArrayBuffer(4));
  var isFloat32 = (num) => {
    floatTestBed.setFloat32(0, num);
    return floatTestBed.getFloat32(0) === num;
  };
  var writeAny = (encoder, data) => {
    switch (typeof data) {
      case "string":
        write(encoder, 119);
        writeVarString(encoder, data);
        break;
      case "number":
        if (isInteger(data) && abs(data) <= BITS31) {
          write(encoder, 125);
          writeVarInt(encoder, data);
        } else if (isFloat32(data)) {
          write(encoder, 124);
          writeFloat32(encoder, data);
        } else {
          write(encoder, 123);
          writeFloat64(encoder, data);
        }
        break;
      case "bigint":
        write(encoder, 122);
        writeBigInt64(encoder, data);
        break;
      case "object":
        if (data === null) {
          write(encoder, 126);
        } else if (isArray(data)) {
          write(encoder, 117);
          writeVarUint(encoder, data.length);
          for (let i = 0; i < data.length; i++) {
            writeAny(encoder, data[i]);
          }
        } else if (data instanceof Uint8Array) {
          write(encoder, 116);
          writeVarUint8Array(encoder, data);
        } else {
          write(encoder, 118);
          const keys2 = Object.keys(data);
          writeVarUint(encoder, keys2.length);
          for (let i = 0; i < keys2.length; i++) {
            const key = keys2[i];
            writeVarString(encoder, key);
            writeAny(encoder, data[key]);
          }
        }
        break;
      case "boolean":
        write(encoder, data ? 120 : 121);
        break;
      default:
        write(encoder, 127);
    }
  };

  // node_modules/lib0/error.js
  var create3 = (s) => new Error(s);
  var methodUnimplemented = () => {
    throw create3("Method unimplemented");
  };
  var unexpectedCase = () => {
    throw create3("Unexpected case");
  };

  // node_modules/lib0/decoding.js
  var errorUnexpectedEndOfArray = create3("Unexpected end of array");
  var errorIntegerOutOfRange = create3("Integer out of Range");
  var subarray = (arr, begin, len) => {
    if (begin < 0 || len < 0 || begin + len > arr.length) {
      throw errorUnexpectedEndOfArray;
    }
    return new Uint8Array(arr.buffer, arr.byteOffset + begin, len);
  };
  var subdataview = (arr, begin, len) => {
    if (begin < 0 || len < 0 || begin + len > arr.length) {
      throw errorUnexpectedEndOfArray;
    }
    return new DataView(arr.buffer, arr.byteOffset + begin, len);
  };
  var Decoder = class {
    /**
     * @param {Uint8Array<Buf>} uint8Array Binary data to decode
     */
    constructor(uint8Array) {
      this.arr = uint8Array;
      this.pos = 0;
    }
  };
  var createDecoder = (uint8Array) => new Decoder(uint8Array);
  var readUint8Array = (decoder, len) => {
    const view = subarray(decoder.arr, decoder.pos, len);
    decoder.pos += len;
    return view;
  };
  var readVarUint8Array = (decoder) => readUint8Array(decoder, readVarUint(decoder));
  var readUint8 = (decoder) => decoder.arr[decoder.pos++];
  var readVarUint = (decoder) => {
    let num = 0;
    let mult = 1;
    const len = decoder.arr.length;
    while (decoder.pos < len) {
      const r = decoder.arr[decoder.pos++];
      num = num + (r & BITS7) * mult;
      mult *= 128;
      if (r < BIT8) {
        return num;
      }
      if (num > MAX_SAFE_INTEGER) {
        throw errorIntegerOutOfRange;
      }
    }
    throw errorUnexpectedEndOfArray;
  };
  var readVarInt = (decoder) => {
    let r = decoder.arr[decoder.pos++];
    let num = r & BITS6;
    let mult = 64;
    const sign = (r & BIT7) > 0 ? -1 : 1;
    if ((r & BIT8) === 0) {
      return sign * num;
    }
    const len = decoder.arr.length;
    while (decoder.pos < len) {
      r = decoder.arr[decoder.pos++];
      num = num + (r & BITS7) * mult;
      mult *= 128;
      if (r < BIT8) {
        return sign * num;
      }
      if (num > MAX_SAFE_INTEGER) {
        throw errorIntegerOutOfRange;
      }
    }
    throw errorUnexpectedEndOfArray;
  };
  var _readVarStringPolyfill = (decoder) => {
    let remainingLen = readVarUint(decoder);
    if (remainingLen === 0) {
      return "";
    } else {
      let encodedString = String.fromCodePoint(readUint8(decoder));
      if (--remainingLen < 100) {
        while (remainingLen--) {
          encodedString += String.fromCodePoint(readUint8(decoder));
        }
      } else {
        while (remainingLen > 0) {
          const nextLen = remainingLen < 1e4 ? remainingLen : 1e4;
          const bytes2 = decoder.arr.subarray(decoder.pos, decoder.pos + nextLen);
          decoder.pos += nextLen;
          encodedString += String.fromCodePoint.apply(
            null,
            /** @type {any} */
            bytes2
          );
          remainingLen -= nextLen;
        }
      }
      return decodeURIComponent(escape(encodedString));
    }
  };
  var _readVarStringNative = (decoder) => (
    /** @type any */
    utf8TextDecoder.decode(readVarUint8Array(decoder))
  );
  var readVarString = utf8TextDecoder ? _readVarStringNative : _readVarStringPolyfill;
  var readFromDataView = (decoder, len) => {
    const dv = subdataview(decoder.arr, decoder.pos, len);
    decoder.pos += len;
    return dv;
  };
  var readFloat32 = (decoder) => readFromDataView(decoder, 4).getFloat32(0, false);
  var readFloat64 = (decoder) => readFromDataView(decoder, 8).getFloat64(0, false);
  var readBigInt64 = (decoder) => (
    /** @type {any} */
    readFromDataView(decoder, 8).getBigInt64(0, false)
  );
  var readAnyLookupTable = [
    (decoder) => void 0,
    // CASE 127: undefined
    (decoder) => null,
    // CASE 126: null
    readVarInt,
    // CASE 125: integer
    readFloat32,
    // CASE 124: float32
    readFloat64,
    // CASE 123: float64
    readBigInt64,
    // CASE 122: bigint
    (decoder) => false,
    // CASE 121: boolean (false)
    (decoder) => true,
    // CASE 120: boolean (true)
    readVarString,
    // CASE 119: string
    (decoder) => {
      const len = readVarUint(decoder);
      const obj = {};
      for (let i = 0; i < len; i++) {
        const key = readVarString(decoder);
        obj[key] = readAny(decoder);
      }
      return obj;
    },
    (decoder) => {
      const len = readVarUint(decoder);
      const arr = [];
      for (let i = 0; i < len; i++) {
        arr.push(readAny(decoder));
      }
      return arr;
    },
    readVarUint8Array
    // CASE 116: Uint8Array
  ];
  var readAny = (decoder) => readAnyLookupTable[127 - readUint8(decoder)](decoder);

  // node_modules/lib0/webcrypto.js
  var subtle = crypto.subtle;
  var getRandomValues = crypto.getRandomValues.bind(crypto);

  // node_modules/lib0/random.js
  var uint32 = () => getRandomValues(new Uint32Array(1))[0];
  var uuidv4Template = "10000000-1000-4000-8000" + -1e11;
  var uuidv4 = () => uuidv4Template.replace(
    /[018]/g,
    /** @param {number} c */
    (c) => (c ^ uint32() & 15 >> c / 4).toString(16)
  );

  // node_modules/lib0/promise.js
  var create4 = (f) => (
    /** @type {Promise<T>} */
    new Promise(f)
  );
  var all = Promise.all.bind(Promise);

  // node_modules/lib0/trait/equality.js
  var EqualityTraitSymbol = /* @__PURE__ */ Symbol("Equality");
  var equals = (a, b) => a === b || !!a?.[EqualityTraitSymbol]?.(b) || false;

  // node_modules/lib0/object.js
  var assign = Object.assign;
  var keys = Object.keys;
  var size = (obj) => keys(obj).length;
  var isEmpty = (obj) => {
    for (const _k in obj) {
      return false;
    }
    return true;
  };
  var every = (obj, f) => {
    for (const key in obj) {
      if (!f(obj[key], key)) {
        return false;
      }
    }
    return true;
  };
  var hasProperty = (obj, key) => Object.prototype.hasOwnProperty.call(obj, key);
  var equalFlat = (a, b) => a === b || size(a) === size(b) && every(a, (val, key) => (val !== void 0 || hasProperty(b, key)) && equals(b[key], val));
  var freeze = Object.freeze;
  var deepFreeze = (o) => {
    for (const key in o) {
      const c = o[key];
      if (typeof c === "object" || typeof c === "function") {
        deepFreeze(o[key]);
      }
    }
    return freeze(o);
  };

  // node_modules/lib0/function.js
  var callAll = (fs, args, i = 0) => {
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
  var id = (a) => a;

  // node_modules/lib0/buffer.js
  var createUint8ArrayFromLen = (len) => new Uint8Array(len);
  var copyUint8Array = (uint8Array) => {
    const newBuf = createUint8ArrayFromLen(uint8Array.byteLength);
    newBuf.set(uint8Array);
    return newBuf;
  };

  // trim:0
  var print = () => {
  };
  var warn = print;
  var BOLD = "";
  var UNBOLD = "";
  var RED = "";
  var ORANGE = "";

  // node_modules/lib0/iterator.js
  var createIterator = (next) => ({
    /**
     * @return {IterableIterator<T>}
     */
    [Symbol.iterator]() {
      return this;
    },
    // @ts-ignore
    next
  });
  var iteratorFilter = (iterator, filter) => createIterator(() => {
    let res;
    do {
      res = iterator.next();
    } while (!res.done && !filter(res.value));
    return res;
  });
  var iteratorMap = (iterator, fmap) => createIterator(() => {
    const { done, value: value2 } = iterator.next();
    return { done, value: done ? void 0 : fmap(value2) };
  });

  // trim:1
  var getVariable = () => null;

  // node_modules/yjs/dist/yjs.mjs
  var DeleteItem = class {
    /**
     * @param {number} clock
     * @param {number} len
     */
    constructor(clock2, len) {
      this.clock = clock2;
      this.len = len;
    }
  };
  var DeleteSet = class {
    constructor() {
      this.clients = /* @__PURE__ */ new Map();
    }
  };
  var iterateDeletedStructs = (transaction, ds, f) => ds.clients.forEach((deletes, clientid) => {
    const structs = (
      /** @type {Array<GC|Item>} */
      transaction.doc.store.clients.get(clientid)
    );
    if (structs != null) {
      const lastStruct = structs[structs.length - 1];
      const clockState = lastStruct.id.clock + lastStruct.length;
      for (let i = 0, del = deletes[i]; i < deletes.length && del.clock < clockState; del = deletes[++i]) {
        iterateStructs(transaction, structs, del.clock, del.len, f);
      }
    }
  });
  var findIndexDS = (dis, clock2) => {
    let left = 0;
    let right = dis.length - 1;
    while (left <= right) {
      const midindex = floor((left + right) / 2);
      const mid = dis[midindex];
      const midclock = mid.clock;
      if (midclock <= clock2) {
        if (clock2 < midclock + mid.len) {
          return midindex;
        }
        left = midindex + 1;
      } else {
        right = midindex - 1;
      }
    }
    return null;
  };
  var isDeleted = (ds, id2) => {
    const dis = ds.clients.get(id2.client);
    return dis !== void 0 && findIndexDS(dis, id2.clock) !== null;
  };
  var sortAndMergeDeleteSet = (ds) => {
    ds.clients.forEach((dels) => {
      dels.sort((a, b) => a.clock - b.clock);
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
  var mergeDeleteSets = (dss) => {
    const merged = new DeleteSet();
    for (let dssI = 0; dssI < dss.length; dssI++) {
      dss[dssI].clients.forEach((delsLeft, client) => {
        if (!merged.clients.has(client)) {
          const dels = delsLeft.slice();
          for (let i = dssI + 1; i < dss.length; i++) {
            appendTo(dels, dss[i].clients.get(client) || []);
          }
          merged.clients.set(client, dels);
        }
      });
    }
    sortAndMergeDeleteSet(merged);
    return merged;
  };
  var addToDeleteSet = (ds, client, clock2, length2) => {
    setIfUndefined(ds.clients, client, () => (
      /** @type {Array<DeleteItem>} */
      []
    )).push(new DeleteItem(clock2, length2));
  };
  var createDeleteSet = () => new DeleteSet();
  var createDeleteSetFromStructStore = (ss) => {
    const ds = createDeleteSet();
    ss.clients.forEach((structs, client) => {
      const dsitems = [];
      for (let i = 0; i < structs.length; i++) {
        const struct = structs[i];
        if (struct.deleted) {
          const clock2 = struct.id.clock;
          let len = struct.length;
          if (i + 1 < structs.length) {
            for (let next = structs[i + 1]; i + 1 < structs.length && next.deleted; next = structs[++i + 1]) {
              len += next.length;
            }
          }
          dsitems.push(new DeleteItem(clock2, len));
        }
      }
      if (dsitems.length > 0) {
        ds.clients.set(client, dsitems);
      }
    });
    return ds;
  };
  var writeDeleteSet = (encoder, ds) => {
    writeVarUint(encoder.restEncoder, ds.clients.size);
    from(ds.clients.entries()).sort((a, b) => b[0] - a[0]).forEach(([client, dsitems]) => {
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
  var readDeleteSet = (decoder) => {
    const ds = new DeleteSet();
    const numClients = readVarUint(decoder.restDecoder);
    for (let i = 0; i < numClients; i++) {
      decoder.resetDsCurVal();
      const client = readVarUint(decoder.restDecoder);
      const numberOfDeletes = readVarUint(decoder.restDecoder);
      if (numberOfDeletes > 0) {
        const dsField = setIfUndefined(ds.clients, client, () => (
          /** @type {Array<DeleteItem>} */
          []
        ));
        for (let i2 = 0; i2 < numberOfDeletes; i2++) {
          dsField.push(new DeleteItem(decoder.readDsClock(), decoder.readDsLen()));
        }
      }
    }
    return ds;
  };
  var readAndApplyDeleteSet = (decoder, transaction, store) => {
    const unappliedDS = new DeleteSet();
    const numClients = readVarUint(decoder.restDecoder);
    for (let i = 0; i < numClients; i++) {
      decoder.resetDsCurVal();
      const client = readVarUint(decoder.restDecoder);
      const numberOfDeletes = readVarUint(decoder.restDecoder);
      const structs = store.clients.get(client) || [];
      const state = getState(store, client);
      for (let i2 = 0; i2 < numberOfDeletes; i2++) {
        const clock2 = decoder.readDsClock();
        const clockEnd = clock2 + decoder.readDsLen();
        if (clock2 < state) {
          if (state < clockEnd) {
            addToDeleteSet(unappliedDS, client, state, clockEnd - state);
          }
          let index = findIndexSS(structs, clock2);
          let struct = structs[index];
          if (!struct.deleted && struct.id.clock < clock2) {
            structs.splice(index + 1, 0, splitItem(transaction, struct, clock2 - struct.id.clock));
            index++;
          }
          while (index < structs.length) {
            struct = structs[index++];
            if (struct.id.clock < clockEnd) {
              if (!struct.deleted) {
                if (clockEnd < struct.id.clock + struct.length) {
                  structs.splice(index, 0, splitItem(transaction, struct, clockEnd - struct.id.clock));
                }
                struct.delete(transaction);
              }
            } else {
              break;
            }
          }
        } else {
          addToDeleteSet(unappliedDS, client, clock2, clockEnd - clock2);
        }
      }
    }
    if (unappliedDS.clients.size > 0) {
      const ds = new UpdateEncoderV2();
      writeVarUint(ds.restEncoder, 0);
      writeDeleteSet(ds, unappliedDS);
      return ds.toUint8Array();
    }
    return null;
  };
  var generateNewClientId = uint32;
  var Doc = class _Doc extends ObservableV2 {
    /**
     * @param {DocOpts} opts configuration
     */
    constructor({ guid = uuidv4(), collectionid = null, gc = true, gcFilter = () => true, meta = null, autoLoad = false, shouldLoad = true } = {}) {
      super();
      this.gc = gc;
      this.gcFilter = gcFilter;
      this.clientID = generateNewClientId();
      this.guid = guid;
      this.collectionid = collectionid;
      this.share = /* @__PURE__ */ new Map();
      this.store = new StructStore();
      this._transaction = null;
      this._transactionCleanups = [];
      this.subdocs = /* @__PURE__ */ new Set();
      this._item = null;
      this.shouldLoad = shouldLoad;
      this.autoLoad = autoLoad;
      this.meta = meta;
      this.isLoaded = false;
      this.isSynced = false;
      this.isDestroyed = false;
      this.whenLoaded = create4((resolve) => {
        this.on("load", () => {
          this.isLoaded = true;
          resolve(this);
        });
      });
      const provideSyncedPromise = () => create4((resolve) => {
        const eventHandler = (isSynced) => {
          if (isSynced === void 0 || isSynced === true) {
            this.off("sync", eventHandler);
            resolve();
          }
        };
        this.on("sync", eventHandler);
      });
      this.on("sync", (isSynced) => {
        if (isSynced === false && this.isSynced) {
          this.whenSynced = provideSyncedPromise();
        }
        this.isSynced = isSynced === void 0 || isSynced === true;
        if (this.isSynced && !this.isLoaded) {
          this.emit("load", [this]);
        }
      });
      this.whenSynced = provideSyncedPromise();
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
    transact(f, origin = null) {
      return transact(this, f, origin);
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
    get(name, TypeConstructor = (
      /** @type {any} */
      AbstractType
    )) {
      const type = setIfUndefined(this.share, name, () => {
        const t = new TypeConstructor();
        t._integrate(this, null);
        return t;
      });
      const Constr = type.constructor;
      if (TypeConstructor !== AbstractType && Constr !== TypeConstructor) {
        if (Constr === AbstractType) {
          const t = new TypeConstructor();
          t._map = type._map;
          type._map.forEach(
            /** @param {Item?} n */
            (n) => {
              for (; n !== null; n = n.left) {
                n.parent = t;
              }
            }
          );
          t._start = type._start;
          for (let n = t._start; n !== null; n = n.right) {
            n.parent = t;
          }
          t._length = type._length;
          this.share.set(name, t);
          t._integrate(this, null);
          return (
            /** @type {InstanceType<Type>} */
            t
          );
        } else {
          throw new Error(`Type with the name ${name} has already been defined with a different constructor`);
        }
      }
      return (
        /** @type {InstanceType<Type>} */
        type
      );
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
    getText(name = "") {
      return this.get(name, YText);
    }
    /**
     * @template T
     * @param {string} [name]
     * @return {YMap<T>}
     *
     * @public
     */
    getMap(name = "") {
      return (
        /** @type {YMap<T>} */
        this.get(name, YMap)
      );
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
    destroy() {
      this.isDestroyed = true;
      from(this.subdocs).forEach((subdoc) => subdoc.destroy());
      const item = this._item;
      if (item !== null) {
        this._item = null;
        const content = (
          /** @type {ContentDoc} */
          item.content
        );
        content.doc = new _Doc({ guid: this.guid, ...content.opts, shouldLoad: false });
        content.doc._item = item;
        transact(
          /** @type {any} */
          item.parent.doc,
          (transaction) => {
            const doc = content.doc;
            if (!item.deleted) {
              transaction.subdocsAdded.add(doc);
            }
            transaction.subdocsRemoved.add(this);
          },
          null,
          true
        );
      }
      this.emit("destroyed", [true]);
      this.emit("destroy", [this]);
      super.destroy();
    }
  };
  var DSDecoderV1 = class {
    /**
     * @param {decoding.Decoder} decoder
     */
    constructor(decoder) {
      this.restDecoder = decoder;
    }
    resetDsCurVal() {
    }
    /**
     * @return {number}
     */
    readDsClock() {
      return readVarUint(this.restDecoder);
    }
    /**
     * @return {number}
     */
    readDsLen() {
      return readVarUint(this.restDecoder);
    }
  };
  var UpdateDecoderV1 = class extends DSDecoderV1 {
    /**
     * @return {ID}
     */
    readLeftID() {
      return createID(readVarUint(this.restDecoder), readVarUint(this.restDecoder));
    }
    /**
     * @return {ID}
     */
    readRightID() {
      return createID(readVarUint(this.restDecoder), readVarUint(this.restDecoder));
    }
    /**
     * Read the next client id.
     * Use this in favor of readID whenever possible to reduce the number of objects created.
     */
    readClient() {
      return readVarUint(this.restDecoder);
    }
    /**
     * @return {number} info An unsigned 8-bit integer
     */
    readInfo() {
      return readUint8(this.restDecoder);
    }
    /**
     * @return {string}
     */
    readString() {
      return readVarString(this.restDecoder);
    }
    /**
     * @return {boolean} isKey
     */
    readParentInfo() {
      return readVarUint(this.restDecoder) === 1;
    }
    /**
     * @return {number} info An unsigned 8-bit integer
     */
    readTypeRef() {
      return readVarUint(this.restDecoder);
    }
    /**
     * Write len of a struct - well suited for Opt RLE encoder.
     *
     * @return {number} len
     */
    readLen() {
      return readVarUint(this.restDecoder);
    }
    /**
     * @return {any}
     */
    readAny() {
      return readAny(this.restDecoder);
    }
    /**
     * @return {Uint8Array}
     */
    readBuf() {
      return copyUint8Array(readVarUint8Array(this.restDecoder));
    }
    /**
     * Legacy implementation uses JSON parse. We use any-decoding in v2.
     *
     * @return {any}
     */
    readJSON() {
      return JSON.parse(readVarString(this.restDecoder));
    }
    /**
     * @return {string}
     */
    readKey() {
      return readVarString(this.restDecoder);
    }
  };
  var UpdateDecoderV2 = UpdateDecoderV1;
  var DSEncoderV1 = class {
    constructor() {
      this.restEncoder = createEncoder();
    }
    toUint8Array() {
      return toUint8Array(this.restEncoder);
    }
    resetDsCurVal() {
    }
    /**
     * @param {number} clock
     */
    writeDsClock(clock2) {
      writeVarUint(this.restEncoder, clock2);
    }
    /**
     * @param {number} len
     */
    writeDsLen(len) {
      writeVarUint(this.restEncoder, len);
    }
  };
  var UpdateEncoderV1 = class extends DSEncoderV1 {
    /**
     * @param {ID} id
     */
    writeLeftID(id2) {
      writeVarUint(this.restEncoder, id2.client);
      writeVarUint(this.restEncoder, id2.clock);
    }
    /**
     * @param {ID} id
     */
    writeRightID(id2) {
      writeVarUint(this.restEncoder, id2.client);
      writeVarUint(this.restEncoder, id2.clock);
    }
    /**
     * Use writeClient and writeClock instead of writeID if possible.
     * @param {number} client
     */
    writeClient(client) {
      writeVarUint(this.restEncoder, client);
    }
    /**
     * @param {number} info An unsigned 8-bit integer
     */
    writeInfo(info) {
      writeUint8(this.restEncoder, info);
    }
    /**
     * @param {string} s
     */
    writeString(s) {
      writeVarString(this.restEncoder, s);
    }
    /**
     * @param {boolean} isYKey
     */
    writeParentInfo(isYKey) {
      writeVarUint(this.restEncoder, isYKey ? 1 : 0);
    }
    /**
     * @param {number} info An unsigned 8-bit integer
     */
    writeTypeRef(info) {
      writeVarUint(this.restEncoder, info);
    }
    /**
     * Write len of a struct - well suited for Opt RLE encoder.
     *
     * @param {number} len
     */
    writeLen(len) {
      writeVarUint(this.restEncoder, len);
    }
    /**
     * @param {any} any
     */
    writeAny(any2) {
      writeAny(this.restEncoder, any2);
    }
    /**
     * @param {Uint8Array} buf
     */
    writeBuf(buf) {
      writeVarUint8Array(this.restEncoder, buf);
    }
    /**
     * @param {any} embed
     */
    writeJSON(embed) {
      writeVarString(this.restEncoder, JSON.stringify(embed));
    }
    /**
     * @param {string} key
     */
    writeKey(key) {
      writeVarString(this.restEncoder, key);
    }
  };
  var DSEncoderV2 = DSEncoderV1;
  var UpdateEncoderV2 = UpdateEncoderV1;
  var writeStructs = (encoder, structs, client, clock2) => {
    clock2 = max(clock2, structs[0].id.clock);
    const startNewStructs = findIndexSS(structs, clock2);
    writeVarUint(encoder.restEncoder, structs.length - startNewStructs);
    encoder.writeClient(client);
    writeVarUint(encoder.restEncoder, clock2);
    const firstStruct = structs[startNewStructs];
    firstStruct.write(encoder, clock2 - firstStruct.id.clock);
    for (let i = startNewStructs + 1; i < structs.length; i++) {
      structs[i].write(encoder, 0);
    }
  };
  var writeClientsStructs = (encoder, store, _sm) => {
    const sm = /* @__PURE__ */ new Map();
    _sm.forEach((clock2, client) => {
      if (getState(store, client) > clock2) {
        sm.set(client, clock2);
      }
    });
    getStateVector(store).forEach((_clock, client) => {
      if (!_sm.has(client)) {
        sm.set(client, 0);
      }
    });
    writeVarUint(encoder.restEncoder, sm.size);
    from(sm.entries()).sort((a, b) => b[0] - a[0]).forEach(([client, clock2]) => {
      writeStructs(
        encoder,
        /** @type {Array<GC|Item>} */
        store.clients.get(client),
        client,
        clock2
      );
    });
  };
  var readClientsStructRefs = (decoder, doc) => {
    const clientRefs = create();
    const numOfStateUpdates = readVarUint(decoder.restDecoder);
    for (let i = 0; i < numOfStateUpdates; i++) {
      const numberOfStructs = readVarUint(decoder.restDecoder);
      const refs = new Array(numberOfStructs);
      const client = decoder.readClient();
      let clock2 = readVarUint(decoder.restDecoder);
      clientRefs.set(client, { i: 0, refs });
      for (let i2 = 0; i2 < numberOfStructs; i2++) {
        const info = decoder.readInfo();
        switch (BITS5 & info) {
          case 0: {
            const len = decoder.readLen();
            refs[i2] = new GC(createID(client, clock2), len);
            clock2 += len;
            break;
          }
          case 10: {
            const len = readVarUint(decoder.restDecoder);
            refs[i2] = new Skip(createID(client, clock2), len);
            clock2 += len;
            break;
          }
          default: {
            const cantCopyParentInfo = (info & (BIT7 | BIT8)) === 0;
            const struct = new Item(
              createID(client, clock2),
              null,
              // left
              (info & BIT8) === BIT8 ? decoder.readLeftID() : null,
              // origin
              null,
              // right
              (info & BIT7) === BIT7 ? decoder.readRightID() : null,
              // right origin
              cantCopyParentInfo ? decoder.readParentInfo() ? doc.get(decoder.readString()) : decoder.readLeftID() : null,
              // parent
              cantCopyParentInfo && (info & BIT6) === BIT6 ? decoder.readString() : null,
              // parentSub
              readItemContent(decoder, info)
              // item content
            );
            refs[i2] = struct;
            clock2 += struct.length;
          }
        }
      }
    }
    return clientRefs;
  };
  var integrateStructs = (transaction, store, clientsStructRefs) => {
    const stack = [];
    let clientsStructRefsIds = from(clientsStructRefs.keys()).sort((a, b) => a - b);
    if (clientsStructRefsIds.length === 0) {
      return null;
    }
    const getNextStructTarget = () => {
      if (clientsStructRefsIds.length === 0) {
        return null;
      }
      let nextStructsTarget = (
        /** @type {{i:number,refs:Array<GC|Item>}} */
        clientsStructRefs.get(clientsStructRefsIds[clientsStructRefsIds.length - 1])
      );
      while (nextStructsTarget.refs.length === nextStructsTarget.i) {
        clientsStructRefsIds.pop();
        if (clientsStructRefsIds.length > 0) {
          nextStructsTarget = /** @type {{i:number,refs:Array<GC|Item>}} */
          clientsStructRefs.get(clientsStructRefsIds[clientsStructRefsIds.length - 1]);
        } else {
          return null;
        }
      }
      return nextStructsTarget;
    };
    let curStructsTarget = getNextStructTarget();
    if (curStructsTarget === null) {
      return null;
    }
    const restStructs = new StructStore();
    const missingSV = /* @__PURE__ */ new Map();
    const updateMissingSv = (client, clock2) => {
      const mclock = missingSV.get(client);
      if (mclock == null || mclock > clock2) {
        missingSV.set(client, clock2);
      }
    };
    let stackHead = (
      /** @type {any} */
      curStructsTarget.refs[
        /** @type {any} */
        curStructsTarget.i++
      ]
    );
    const state = /* @__PURE__ */ new Map();
    const addStackToRestSS = () => {
      for (const item of stack) {
        const client = item.id.client;
        const inapplicableItems = clientsStructRefs.get(client);
        if (inapplicableItems) {
          inapplicableItems.i--;
          restStructs.clients.set(client, inapplicableItems.refs.slice(inapplicableItems.i));
          clientsStructRefs.delete(client);
          inapplicableItems.i = 0;
          inapplicableItems.refs = [];
        } else {
          restStructs.clients.set(client, [item]);
        }
        clientsStructRefsIds = clientsStructRefsIds.filter((c) => c !== client);
      }
      stack.length = 0;
    };
    while (true) {
      if (stackHead.constructor !== Skip) {
        const localClock = setIfUndefined(state, stackHead.id.client, () => getState(store, stackHead.id.client));
        const offset = localClock - stackHead.id.clock;
        if (offset < 0) {
          stack.push(stackHead);
          updateMissingSv(stackHead.id.client, stackHead.id.clock - 1);
          addStackToRestSS();
        } else {
          const missing = stackHead.getMissing(transaction, store);
          if (missing !== null) {
            stack.push(stackHead);
            const structRefs = clientsStructRefs.get(
              /** @type {number} */
              missing
            ) || { refs: [], i: 0 };
            if (structRefs.refs.length === structRefs.i) {
              updateMissingSv(
                /** @type {number} */
                missing,
                getState(store, missing)
              );
              addStackToRestSS();
            } else {
              stackHead = structRefs.refs[structRefs.i++];
              continue;
            }
          } else if (offset === 0 || offset < stackHead.length) {
            stackHead.integrate(transaction, offset);
            state.set(stackHead.id.client, stackHead.id.clock + stackHead.length);
          }
        }
      }
      if (stack.length > 0) {
        stackHead = /** @type {GC|Item} */
        stack.pop();
      } else if (curStructsTarget !== null && curStructsTarget.i < curStructsTarget.refs.length) {
        stackHead = /** @type {GC|Item} */
        curStructsTarget.refs[curStructsTarget.i++];
      } else {
        curStructsTarget = getNextStructTarget();
        if (curStructsTarget === null) {
          break;
        } else {
          stackHead = /** @type {GC|Item} */
          curStructsTarget.refs[curStructsTarget.i++];
        }
      }
    }
    if (restStructs.clients.size > 0) {
      const encoder = new UpdateEncoderV2();
      writeClientsStructs(encoder, restStructs, /* @__PURE__ */ new Map());
      writeVarUint(encoder.restEncoder, 0);
      return { missing: missingSV, update: encoder.toUint8Array() };
    }
    return null;
  };
  var writeStructsFromTransaction = (encoder, transaction) => writeClientsStructs(encoder, transaction.doc.store, transaction.beforeState);
  var readUpdateV2 = (decoder, ydoc, transactionOrigin, structDecoder = new UpdateDecoderV2(decoder)) => transact(ydoc, (transaction) => {
    transaction.local = false;
    let retry = false;
    const doc = transaction.doc;
    const store = doc.store;
    const ss = readClientsStructRefs(structDecoder, doc);
    const restStructs = integrateStructs(transaction, store, ss);
    const pending = store.pendingStructs;
    if (pending) {
      for (const [client, clock2] of pending.missing) {
        if (clock2 < getState(store, client)) {
          retry = true;
          break;
        }
      }
      if (restStructs) {
        for (const [client, clock2] of restStructs.missing) {
          const mclock = pending.missing.get(client);
          if (mclock == null || mclock > clock2) {
            pending.missing.set(client, clock2);
          }
        }
        pending.update = mergeUpdatesV2([pending.update, restStructs.update]);
      }
    } else {
      store.pendingStructs = restStructs;
    }
    const dsRest = readAndApplyDeleteSet(structDecoder, transaction, store);
    if (store.pendingDs) {
      const pendingDSUpdate = new UpdateDecoderV2(createDecoder(store.pendingDs));
      readVarUint(pendingDSUpdate.restDecoder);
      const dsRest2 = readAndApplyDeleteSet(pendingDSUpdate, transaction, store);
      if (dsRest && dsRest2) {
        store.pendingDs = mergeUpdatesV2([dsRest, dsRest2]);
      } else {
        store.pendingDs = dsRest || dsRest2;
      }
    } else {
      store.pendingDs = dsRest;
    }
    if (retry) {
      const update = (
        /** @type {{update: Uint8Array}} */
        store.pendingStructs.update
      );
      store.pendingStructs = null;
      applyUpdateV2(transaction.doc, update);
    }
  }, transactionOrigin, false);
  var applyUpdateV2 = (ydoc, update, transactionOrigin, YDecoder = UpdateDecoderV2) => {
    const decoder = createDecoder(update);
    readUpdateV2(decoder, ydoc, transactionOrigin, new YDecoder(decoder));
  };
  var applyUpdate = (ydoc, update, transactionOrigin) => applyUpdateV2(ydoc, update, transactionOrigin, UpdateDecoderV1);
  var writeStateAsUpdate = (encoder, doc, targetStateVector = /* @__PURE__ */ new Map()) => {
    writeClientsStructs(encoder, doc.store, targetStateVector);
    writeDeleteSet(encoder, createDeleteSetFromStructStore(doc.store));
  };
  var encodeStateAsUpdateV2 = (doc, encodedTargetStateVector = new Uint8Array([0]), encoder = new UpdateEncoderV2()) => {
    const targetStateVector = decodeStateVector(encodedTargetStateVector);
    writeStateAsUpdate(encoder, doc, targetStateVector);
    const updates = [encoder.toUint8Array()];
    if (doc.store.pendingDs) {
      updates.push(doc.store.pendingDs);
    }
    if (doc.store.pendingStructs) {
      updates.push(diffUpdateV2(doc.store.pendingStructs.update, encodedTargetStateVector));
    }
    if (updates.length > 1) {
      if (encoder.constructor === UpdateEncoderV1) {
        return mergeUpdates(updates.map((update, i) => i === 0 ? update : convertUpdateFormatV2ToV1(update)));
      } else if (encoder.constructor === UpdateEncoderV2) {
        return mergeUpdatesV2(updates);
      }
    }
    return updates[0];
  };
  var encodeStateAsUpdate = (doc, encodedTargetStateVector) => encodeStateAsUpdateV2(doc, encodedTargetStateVector, new UpdateEncoderV1());
  var readStateVector = (decoder) => {
    const ss = /* @__PURE__ */ new Map();
    const ssLength = readVarUint(decoder.restDecoder);
    for (let i = 0; i < ssLength; i++) {
      const client = readVarUint(decoder.restDecoder);
      const clock2 = readVarUint(decoder.restDecoder);
      ss.set(client, clock2);
    }
    return ss;
  };
  var decodeStateVector = (decodedState) => readStateVector(new DSDecoderV1(createDecoder(decodedState)));
  var writeStateVector = (encoder, sv) => {
    writeVarUint(encoder.restEncoder, sv.size);
    from(sv.entries()).sort((a, b) => b[0] - a[0]).forEach(([client, clock2]) => {
      writeVarUint(encoder.restEncoder, client);
      writeVarUint(encoder.restEncoder, clock2);
    });
    return encoder;
  };
  var writeDocumentStateVector = (encoder, doc) => writeStateVector(encoder, getStateVector(doc.store));
  var encodeStateVectorV2 = (doc, encoder = new DSEncoderV2()) => {
    if (doc instanceof Map) {
      writeStateVector(encoder, doc);
    } else {
      writeDocumentStateVector(encoder, doc);
    }
    return encoder.toUint8Array();
  };
  var encodeStateVector = (doc) => encodeStateVectorV2(doc, new DSEncoderV1());
  var EventHandler = class {
    constructor() {
      this.l = [];
    }
  };
  var createEventHandler = () => new EventHandler();
  var addEventHandlerListener = (eventHandler, f) => eventHandler.l.push(f);
  var removeEventHandlerListener = (eventHandler, f) => {
    const l = eventHandler.l;
    const len = l.length;
    eventHandler.l = l.filter((g) => f !== g);
    if (len === eventHandler.l.length) {
      console.error("[yjs] Tried to remove event handler that doesn't exist.");
    }
  };
  var callEventHandlerListeners = (eventHandler, arg0, arg1) => callAll(eventHandler.l, [arg0, arg1]);
  var ID = class {
    /**
     * @param {number} client client id
     * @param {number} clock unique per client id, continuous number
     */
    constructor(client, clock2) {
      this.client = client;
      this.clock = clock2;
    }
  };
  var compareIDs = (a, b) => a === b || a !== null && b !== null && a.client === b.client && a.clock === b.clock;
  var createID = (client, clock2) => new ID(client, clock2);
  var findRootTypeKey = (type) => {
    for (const [key, value2] of type.doc.share.entries()) {
      if (value2 === type) {
        return key;
      }
    }
    throw unexpectedCase();
  };
  var Snapshot = class {
    /**
     * @param {DeleteSet} ds
     * @param {Map<number,number>} sv state map
     */
    constructor(ds, sv) {
      this.ds = ds;
      this.sv = sv;
    }
  };
  var createSnapshot = (ds, sm) => new Snapshot(ds, sm);
  var emptySnapshot = createSnapshot(createDeleteSet(), /* @__PURE__ */ new Map());
  var StructStore = class {
    constructor() {
      this.clients = /* @__PURE__ */ new Map();
      this.pendingStructs = null;
      this.pendingDs = null;
    }
  };
  var getStateVector = (store) => {
    const sm = /* @__PURE__ */ new Map();
    store.clients.forEach((structs, client) => {
      const struct = structs[structs.length - 1];
      sm.set(client, struct.id.clock + struct.length);
    });
    return sm;
  };
  var getState = (store, client) => {
    const structs = store.clients.get(client);
    if (structs === void 0) {
      return 0;
    }
    const lastStruct = structs[structs.length - 1];
    return lastStruct.id.clock + lastStruct.length;
  };
  var addStruct = (store, struct) => {
    let structs = store.clients.get(struct.id.client);
    if (structs === void 0) {
      structs = [];
      store.clients.set(struct.id.client, structs);
    } else {
      const lastStruct = structs[structs.length - 1];
      if (lastStruct.id.clock + lastStruct.length !== struct.id.clock) {
        throw unexpectedCase();
      }
    }
    structs.push(struct);
  };
  var findIndexSS = (structs, clock2) => {
    let left = 0;
    let right = structs.length - 1;
    let mid = structs[right];
    let midclock = mid.id.clock;
    if (midclock === clock2) {
      return right;
    }
    let midindex = floor(clock2 / (midclock + mid.length - 1) * right);
    while (left <= right) {
      mid = structs[midindex];
      midclock = mid.id.clock;
      if (midclock <= clock2) {
        if (clock2 < midclock + mid.length) {
          return midindex;
        }
        left = midindex + 1;
      } else {
        right = midindex - 1;
      }
      midindex = floor((left + right) / 2);
    }
    throw unexpectedCase();
  };
  var find = (store, id2) => {
    const structs = store.clients.get(id2.client);
    return structs[findIndexSS(structs, id2.clock)];
  };
  var getItem = (
    /** @type {function(StructStore,ID):Item} */
    find
  );
  var findIndexCleanStart = (transaction, structs, clock2) => {
    const index = findIndexSS(structs, clock2);
    const struct = structs[index];
    if (struct.id.clock < clock2 && struct instanceof Item) {
      structs.splice(index + 1, 0, splitItem(transaction, struct, clock2 - struct.id.clock));
      return index + 1;
    }
    return index;
  };
  var getItemCleanStart = (transaction, id2) => {
    const structs = (
      /** @type {Array<Item>} */
      transaction.doc.store.clients.get(id2.client)
    );
    return structs[findIndexCleanStart(transaction, structs, id2.clock)];
  };
  var getItemCleanEnd = (transaction, store, id2) => {
    const structs = store.clients.get(id2.client);
    const index = findIndexSS(structs, id2.clock);
    const struct = structs[index];
    if (id2.clock !== struct.id.clock + struct.length - 1 && struct.constructor !== GC) {
      structs.splice(index + 1, 0, splitItem(transaction, struct, id2.clock - struct.id.clock + 1));
    }
    return struct;
  };
  var replaceStruct = (store, struct, newStruct) => {
    const structs = (
      /** @type {Array<GC|Item>} */
      store.clients.get(struct.id.client)
    );
    structs[findIndexSS(structs, struct.id.clock)] = newStruct;
  };
  var iterateStructs = (transaction, structs, clockStart, len, f) => {
    if (len === 0) {
      return;
    }
    const clockEnd = clockStart + len;
    let index = findIndexCleanStart(transaction, structs, clockStart);
    let struct;
    do {
      struct = structs[index++];
      if (clockEnd < struct.id.clock + struct.length) {
        findIndexCleanStart(transaction, structs, clockEnd);
      }
      f(struct);
    } while (index < structs.length && structs[index].id.clock < clockEnd);
  };
  var Transaction = class {
    /**
     * @param {Doc} doc
     * @param {any} origin
     * @param {boolean} local
     */
    constructor(doc, origin, local) {
      this.doc = doc;
      this.deleteSet = new DeleteSet();
      this.beforeState = getStateVector(doc.store);
      this.afterState = /* @__PURE__ */ new Map();
      this.changed = /* @__PURE__ */ new Map();
      this.changedParentTypes = /* @__PURE__ */ new Map();
      this._mergeStructs = [];
      this.origin = origin;
      this.meta = /* @__PURE__ */ new Map();
      this.local = local;
      this.subdocsAdded = /* @__PURE__ */ new Set();
      this.subdocsRemoved = /* @__PURE__ */ new Set();
      this.subdocsLoaded = /* @__PURE__ */ new Set();
      this._needFormattingCleanup = false;
    }
  };
  var writeUpdateMessageFromTransaction = (encoder, transaction) => {
    if (transaction.deleteSet.clients.size === 0 && !any(transaction.afterState, (clock2, client) => transaction.beforeState.get(client) !== clock2)) {
      return false;
    }
    sortAndMergeDeleteSet(transaction.deleteSet);
    writeStructsFromTransaction(encoder, transaction);
    writeDeleteSet(encoder, transaction.deleteSet);
    return true;
  };
  var addChangedTypeToTransaction = (transaction, type, parentSub) => {
    const item = type._item;
    if (item === null || item.id.clock < (transaction.beforeState.get(item.id.client) || 0) && !item.deleted) {
      setIfUndefined(transaction.changed, type, create2).add(parentSub);
    }
  };
  var tryToMergeWithLefts = (structs, pos) => {
    let right = structs[pos];
    let left = structs[pos - 1];
    let i = pos;
    for (; i > 0; right = left, left = structs[--i - 1]) {
      if (left.deleted === right.deleted && left.constructor === right.constructor) {
        if (left.mergeWith(right)) {
          if (right instanceof Item && right.parentSub !== null && /** @type {AbstractType<any>} */
          right.parent._map.get(right.parentSub) === right) {
            right.parent._map.set(
              right.parentSub,
              /** @type {Item} */
              left
            );
          }
          continue;
        }
      }
      break;
    }
    const merged = pos - i;
    if (merged) {
      structs.splice(pos + 1 - merged, merged);
    }
    return merged;
  };
  var tryGcDeleteSet = (ds, store, gcFilter) => {
    for (const [client, deleteItems] of ds.clients.entries()) {
      const structs = (
        /** @type {Array<GC|Item>} */
        store.clients.get(client)
      );
      for (let di = deleteItems.length - 1; di >= 0; di--) {
        const deleteItem = deleteItems[di];
        const endDeleteItemClock = deleteItem.clock + deleteItem.len;
        for (let si = findIndexSS(structs, deleteItem.clock), struct = structs[si]; si < structs.length && struct.id.clock < endDeleteItemClock; struct = structs[++si]) {
          const struct2 = structs[si];
          if (deleteItem.clock + deleteItem.len <= struct2.id.clock) {
            break;
          }
          if (struct2 instanceof Item && struct2.deleted && !struct2.keep && gcFilter(struct2)) {
            struct2.gc(store, false);
          }
        }
      }
    }
  };
  var tryMergeDeleteSet = (ds, store) => {
    ds.clients.forEach((deleteItems, client) => {
      const structs = (
        /** @type {Array<GC|Item>} */
        store.clients.get(client)
      );
      for (let di = deleteItems.length - 1; di >= 0; di--) {
        const deleteItem = deleteItems[di];
        const mostRightIndexToCheck = min(structs.length - 1, 1 + findIndexSS(structs, deleteItem.clock + deleteItem.len - 1));
        for (let si = mostRightIndexToCheck, struct = structs[si]; si > 0 && struct.id.clock >= deleteItem.clock; struct = structs[si]) {
          si -= 1 + tryToMergeWithLefts(structs, si);
        }
      }
    });
  };
  var cleanupTransactions = (transactionCleanups, i) => {
    if (i < transactionCleanups.length) {
      const transaction = transactionCleanups[i];
      const doc = transaction.doc;
      const store = doc.store;
      const ds = transaction.deleteSet;
      const mergeStructs = transaction._mergeStructs;
      try {
        sortAndMergeDeleteSet(ds);
        transaction.afterState = getStateVector(transaction.doc.store);
        doc.emit("beforeObserverCalls", [transaction, doc]);
        const fs = [];
        transaction.changed.forEach(
          (subs, itemtype) => fs.push(() => {
            if (itemtype._item === null || !itemtype._item.deleted) {
              itemtype._callObserver(transaction, subs);
            }
          })
        );
        fs.push(() => {
          transaction.changedParentTypes.forEach((events, type) => {
            if (type._dEH.l.length > 0 && (type._item === null || !type._item.deleted)) {
              fs.push(() => {
                events = events.filter(
                  (event) => event.target._item === null || !event.target._item.deleted
                );
                events.forEach((event) => {
                  event.currentTarget = type;
                  event._path = null;
                });
                events.sort((event1, event2) => event1.path.length - event2.path.length);
                callEventHandlerListeners(type._dEH, events, transaction);
              });
            }
          });
          fs.push(() => doc.emit("afterTransaction", [transaction, doc]));
          fs.push(() => {
            if (transaction._needFormattingCleanup) {
              cleanupYTextAfterTransaction(transaction);
            }
          });
        });
        callAll(fs, []);
      } finally {
        if (doc.gc) {
          tryGcDeleteSet(ds, store, doc.gcFilter);
        }
        tryMergeDeleteSet(ds, store);
        transaction.afterState.forEach((clock2, client) => {
          const beforeClock = transaction.beforeState.get(client) || 0;
          if (beforeClock !== clock2) {
            const structs = (
              /** @type {Array<GC|Item>} */
              store.clients.get(client)
            );
            const firstChangePos = max(findIndexSS(structs, beforeClock), 1);
            for (let i2 = structs.length - 1; i2 >= firstChangePos; ) {
              i2 -= 1 + tryToMergeWithLefts(structs, i2);
            }
          }
        });
        for (let i2 = mergeStructs.length - 1; i2 >= 0; i2--) {
          const { client, clock: clock2 } = mergeStructs[i2].id;
          const structs = (
            /** @type {Array<GC|Item>} */
            store.clients.get(client)
          );
          const replacedStructPos = findIndexSS(structs, clock2);
          if (replacedStructPos + 1 < structs.length) {
            if (tryToMergeWithLefts(structs, replacedStructPos + 1) > 1) {
              continue;
            }
          }
          if (replacedStructPos > 0) {
            tryToMergeWithLefts(structs, replacedStructPos);
          }
        }
        if (!transaction.local && transaction.afterState.get(doc.clientID) !== transaction.beforeState.get(doc.clientID)) {
          print(ORANGE, BOLD, "[yjs] ", UNBOLD, RED, "Changed the client-id because another client seems to be using it.");
          doc.clientID = generateNewClientId();
        }
        doc.emit("afterTransactionCleanup", [transaction, doc]);
        if (doc._observers.has("update")) {
          const encoder = new UpdateEncoderV1();
          const hasContent2 = writeUpdateMessageFromTransaction(encoder, transaction);
          if (hasContent2) {
            doc.emit("update", [encoder.toUint8Array(), transaction.origin, doc, transaction]);
          }
        }
        if (doc._observers.has("updateV2")) {
          const encoder = new UpdateEncoderV2();
          const hasContent2 = writeUpdateMessageFromTransaction(encoder, transaction);
          if (hasContent2) {
            doc.emit("updateV2", [encoder.toUint8Array(), transaction.origin, doc, transaction]);
          }
        }
        const { subdocsAdded, subdocsLoaded, subdocsRemoved } = transaction;
        if (subdocsAdded.size > 0 || subdocsRemoved.size > 0 || subdocsLoaded.size > 0) {
          subdocsAdded.forEach((subdoc) => {
            subdoc.clientID = doc.clientID;
            if (subdoc.collectionid == null) {
              subdoc.collectionid = doc.collectionid;
            }
            doc.subdocs.add(subdoc);
          });
          subdocsRemoved.forEach((subdoc) => doc.subdocs.delete(subdoc));
          doc.emit("subdocs", [{ loaded: subdocsLoaded, added: subdocsAdded, removed: subdocsRemoved }, doc, transaction]);
          subdocsRemoved.forEach((subdoc) => subdoc.destroy());
        }
        if (transactionCleanups.length <= i + 1) {
          doc._transactionCleanups = [];
          doc.emit("afterAllTransactions", [doc, transactionCleanups]);
        } else {
          cleanupTransactions(transactionCleanups, i + 1);
        }
      }
    }
  };
  var transact = (doc, f, origin = null, local = true) => {
    const transactionCleanups = doc._transactionCleanups;
    let initialCall = false;
    let result = null;
    if (doc._transaction === null) {
      initialCall = true;
      doc._transaction = new Transaction(doc, origin, local);
      transactionCleanups.push(doc._transaction);
      if (transactionCleanups.length === 1) {
        doc.emit("beforeAllTransactions", [doc]);
      }
      doc.emit("beforeTransaction", [doc._transaction, doc]);
    }
    try {
      result = f(doc._transaction);
    } finally {
      if (initialCall) {
        const finishCleanup = doc._transaction === transactionCleanups[0];
        doc._transaction = null;
        if (finishCleanup) {
          cleanupTransactions(transactionCleanups, 0);
        }
      }
    }
    return result;
  };
  function* lazyStructReaderGenerator(decoder) {
    const numOfStateUpdates = readVarUint(decoder.restDecoder);
    for (let i = 0; i < numOfStateUpdates; i++) {
      const numberOfStructs = readVarUint(decoder.restDecoder);
      const client = decoder.readClient();
      let clock2 = readVarUint(decoder.restDecoder);
      for (let i2 = 0; i2 < numberOfStructs; i2++) {
        const info = decoder.readInfo();
        if (info === 10) {
          const len = readVarUint(decoder.restDecoder);
          yield new Skip(createID(client, clock2), len);
          clock2 += len;
        } else if ((BITS5 & info) !== 0) {
          const cantCopyParentInfo = (info & (BIT7 | BIT8)) === 0;
          const struct = new Item(
            createID(client, clock2),
            null,
            // left
            (info & BIT8) === BIT8 ? decoder.readLeftID() : null,
            // origin
            null,
            // right
            (info & BIT7) === BIT7 ? decoder.readRightID() : null,
            // right origin
            // @ts-ignore Force writing a string here.
            cantCopyParentInfo ? decoder.readParentInfo() ? decoder.readString() : decoder.readLeftID() : null,
            // parent
            cantCopyParentInfo && (info & BIT6) === BIT6 ? decoder.readString() : null,
            // parentSub
            readItemContent(decoder, info)
            // item content
          );
          yield struct;
          clock2 += struct.length;
        } else {
          const len = decoder.readLen();
          yield new GC(createID(client, clock2), len);
          clock2 += len;
        }
      }
    }
  }
  var LazyStructReader = class {
    /**
     * @param {UpdateDecoderV1 | UpdateDecoderV2} decoder
     * @param {boolean} filterSkips
     */
    constructor(decoder, filterSkips) {
      this.gen = lazyStructReaderGenerator(decoder);
      this.curr = null;
      this.done = false;
      this.filterSkips = filterSkips;
      this.next();
    }
    /**
     * @return {Item | GC | Skip |null}
     */
    next() {
      do {
        this.curr = this.gen.next().value || null;
      } while (this.filterSkips && this.curr !== null && this.curr.constructor === Skip);
      return this.curr;
    }
  };
  var LazyStructWriter = class {
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     */
    constructor(encoder) {
      this.currClient = 0;
      this.startClock = 0;
      this.written = 0;
      this.encoder = encoder;
      this.clientStructs = [];
    }
  };
  var mergeUpdates = (updates) => mergeUpdatesV2(updates, UpdateDecoderV1, UpdateEncoderV1);
  var sliceStruct = (left, diff2) => {
    if (left.constructor === GC) {
      const { client, clock: clock2 } = left.id;
      return new GC(createID(client, clock2 + diff2), left.length - diff2);
    } else if (left.constructor === Skip) {
      const { client, clock: clock2 } = left.id;
      return new Skip(createID(client, clock2 + diff2), left.length - diff2);
    } else {
      const leftItem = (
        /** @type {Item} */
        left
      );
      const { client, clock: clock2 } = leftItem.id;
      return new Item(
        createID(client, clock2 + diff2),
        null,
        createID(client, clock2 + diff2 - 1),
        null,
        leftItem.rightOrigin,
        leftItem.parent,
        leftItem.parentSub,
        leftItem.content.splice(diff2)
      );
    }
  };
  var mergeUpdatesV2 = (updates, YDecoder = UpdateDecoderV2, YEncoder = UpdateEncoderV2) => {
    if (updates.length === 1) {
      return updates[0];
    }
    const updateDecoders = updates.map((update) => new YDecoder(createDecoder(update)));
    let lazyStructDecoders = updateDecoders.map((decoder) => new LazyStructReader(decoder, true));
    let currWrite = null;
    const updateEncoder = new YEncoder();
    const lazyStructEncoder = new LazyStructWriter(updateEncoder);
    while (true) {
      lazyStructDecoders = lazyStructDecoders.filter((dec) => dec.curr !== null);
      lazyStructDecoders.sort(
        /** @type {function(any,any):number} */
        (dec1, dec2) => {
          if (dec1.curr.id.client === dec2.curr.id.client) {
            const clockDiff = dec1.curr.id.clock - dec2.curr.id.clock;
            if (clockDiff === 0) {
              return dec1.curr.constructor === dec2.curr.constructor ? 0 : dec1.curr.constructor === Skip ? 1 : -1;
            } else {
              return clockDiff;
            }
          } else {
            return dec2.curr.id.client - dec1.curr.id.client;
          }
        }
      );
      if (lazyStructDecoders.length === 0) {
        break;
      }
      const currDecoder = lazyStructDecoders[0];
      const firstClient = (
        /** @type {Item | GC} */
        currDecoder.curr.id.client
      );
      if (currWrite !== null) {
        let curr = (
          /** @type {Item | GC | null} */
          currDecoder.curr
        );
        let iterated = false;
        while (curr !== null && curr.id.clock + curr.length <= currWrite.struct.id.clock + currWrite.struct.length && curr.id.client >= currWrite.struct.id.client) {
          curr = currDecoder.next();
          iterated = true;
        }
        if (curr === null || // current decoder is empty
        curr.id.client !== firstClient || // check whether there is another decoder that has has updates from `firstClient`
        iterated && curr.id.clock > currWrite.struct.id.clock + currWrite.struct.length) {
          continue;
        }
        if (firstClient !== currWrite.struct.id.client) {
          writeStructToLazyStructWriter(lazyStructEncoder, currWrite.struct, currWrite.offset);
          currWrite = { struct: curr, offset: 0 };
          currDecoder.next();
        } else {
          if (currWrite.struct.id.clock + currWrite.struct.length < curr.id.clock) {
            if (currWrite.struct.constructor === Skip) {
              currWrite.struct.length = curr.id.clock + curr.length - currWrite.struct.id.clock;
            } else {
              writeStructToLazyStructWriter(lazyStructEncoder, currWrite.struct, currWrite.offset);
              const diff2 = curr.id.clock - currWrite.struct.id.clock - currWrite.struct.length;
              const struct = new Skip(createID(firstClient, currWrite.struct.id.clock + currWrite.struct.length), diff2);
              currWrite = { struct, offset: 0 };
            }
          } else {
            const diff2 = currWrite.struct.id.clock + currWrite.struct.length - curr.id.clock;
            if (diff2 > 0) {
              if (currWrite.struct.constructor === Skip) {
                currWrite.struct.length -= diff2;
              } else {
                curr = sliceStruct(curr, diff2);
              }
            }
            if (!currWrite.struct.mergeWith(
              /** @type {any} */
              curr
            )) {
              writeStructToLazyStructWriter(lazyStructEncoder, currWrite.struct, currWrite.offset);
              currWrite = { struct: curr, offset: 0 };
              currDecoder.next();
            }
          }
        }
      } else {
        currWrite = { struct: (
          /** @type {Item | GC} */
          currDecoder.curr
        ), offset: 0 };
        currDecoder.next();
      }
      for (let next = currDecoder.curr; next !== null && next.id.client === firstClient && next.id.clock === currWrite.struct.id.clock + currWrite.struct.length && next.constructor !== Skip; next = currDecoder.next()) {
        writeStructToLazyStructWriter(lazyStructEncoder, currWrite.struct, currWrite.offset);
        currWrite = { struct: next, offset: 0 };
      }
    }
    if (currWrite !== null) {
      writeStructToLazyStructWriter(lazyStructEncoder, currWrite.struct, currWrite.offset);
      currWrite = null;
    }
    finishLazyStructWriting(lazyStructEncoder);
    const dss = updateDecoders.map((decoder) => readDeleteSet(decoder));
    const ds = mergeDeleteSets(dss);
    writeDeleteSet(updateEncoder, ds);
    return updateEncoder.toUint8Array();
  };
  var diffUpdateV2 = (update, sv, YDecoder = UpdateDecoderV2, YEncoder = UpdateEncoderV2) => {
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
        reader.next();
        continue;
      }
      if (curr.id.clock + curr.length > svClock) {
        writeStructToLazyStructWriter(lazyStructWriter, curr, max(svClock - curr.id.clock, 0));
        reader.next();
        while (reader.curr && reader.curr.id.client === currClient) {
          writeStructToLazyStructWriter(lazyStructWriter, reader.curr, 0);
          reader.next();
        }
      } else {
        while (reader.curr && reader.curr.id.client === currClient && reader.curr.id.clock + reader.curr.length <= svClock) {
          reader.next();
        }
      }
    }
    finishLazyStructWriting(lazyStructWriter);
    const ds = readDeleteSet(decoder);
    writeDeleteSet(encoder, ds);
    return encoder.toUint8Array();
  };
  var flushLazyStructWriter = (lazyWriter) => {
    if (lazyWriter.written > 0) {
      lazyWriter.clientStructs.push({ written: lazyWriter.written, restEncoder: toUint8Array(lazyWriter.encoder.restEncoder) });
      lazyWriter.encoder.restEncoder = createEncoder();
      lazyWriter.written = 0;
    }
  };
  var writeStructToLazyStructWriter = (lazyWriter, struct, offset) => {
    if (lazyWriter.written > 0 && lazyWriter.currClient !== struct.id.client) {
      flushLazyStructWriter(lazyWriter);
    }
    if (lazyWriter.written === 0) {
      lazyWriter.currClient = struct.id.client;
      lazyWriter.encoder.writeClient(struct.id.client);
      writeVarUint(lazyWriter.encoder.restEncoder, struct.id.clock + offset);
    }
    struct.write(lazyWriter.encoder, offset);
    lazyWriter.written++;
  };
  var finishLazyStructWriting = (lazyWriter) => {
    flushLazyStructWriter(lazyWriter);
    const restEncoder = lazyWriter.encoder.restEncoder;
    writeVarUint(restEncoder, lazyWriter.clientStructs.length);
    for (let i = 0; i < lazyWriter.clientStructs.length; i++) {
      const partStructs = lazyWriter.clientStructs[i];
      writeVarUint(restEncoder, partStructs.written);
      writeUint8Array(restEncoder, partStructs.restEncoder);
    }
  };
  var convertUpdateFormat = (update, blockTransformer, YDecoder, YEncoder) => {
    const updateDecoder = new YDecoder(createDecoder(update));
    const lazyDecoder = new LazyStructReader(updateDecoder, false);
    const updateEncoder = new YEncoder();
    const lazyWriter = new LazyStructWriter(updateEncoder);
    for (let curr = lazyDecoder.curr; curr !== null; curr = lazyDecoder.next()) {
      writeStructToLazyStructWriter(lazyWriter, blockTransformer(curr), 0);
    }
    finishLazyStructWriting(lazyWriter);
    const ds = readDeleteSet(updateDecoder);
    writeDeleteSet(updateEncoder, ds);
    return updateEncoder.toUint8Array();
  };
  var convertUpdateFormatV2ToV1 = (update) => convertUpdateFormat(update, id, UpdateDecoderV2, UpdateEncoderV1);
  var YEvent = class {
    /**
     * @param {T} target The changed type.
     * @param {Transaction} transaction
     */
    constructor(target, transaction) {
      this.target = target;
      this.currentTarget = target;
      this.transaction = transaction;
      this._changes = null;
      this._keys = null;
      this._delta = null;
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
    get path() {
      return this._path || (this._path = getPathTo(this.currentTarget, this.target));
    }
    /**
     * Check if a struct is deleted by this event.
     *
     * In contrast to change.deleted, this method also returns true if the struct was added and then deleted.
     *
     * @param {AbstractStruct} struct
     * @return {boolean}
     */
    deletes(struct) {
      return isDeleted(this.transaction.deleteSet, struct.id);
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
    adds(struct) {
      return struct.id.clock >= (this.transaction.beforeState.get(struct.id.client) || 0);
    }
    /**
     * This is a computed property. Note that this can only be safely computed during the
     * event call. Computing this property after other changes happened might result in
     * unexpected behavior (incorrect computation of deltas). A safe way to collect changes
     * is to store the `changes` or the `delta` object. Avoid storing the `transaction` object.
     *
     * @type {{added:Set<Item>,deleted:Set<Item>,keys:Map<string,{action:'add'|'update'|'delete',oldValue:any}>,delta:Array<{insert?:Array<any>|string, delete?:number, retain?:number}>}}
     */
  };
  var getPathTo = (parent, child) => {
    const path2 = [];
    while (child._item !== null && child !== parent) {
      if (child._item.parentSub !== null) {
        path2.unshift(child._item.parentSub);
      } else {
        let i = 0;
        let c = (
          /** @type {AbstractType<any>} */
          child._item.parent._start
        );
        while (c !== child._item && c !== null) {
          if (!c.deleted && c.countable) {
            i += c.length;
          }
          c = c.right;
        }
        path2.unshift(i);
      }
      child = /** @type {AbstractType<any>} */
      child._item.parent;
    }
    return path2;
  };
  var warnPrematureAccess = () => {
    warn("Invalid access: Add Yjs type to a document before reading data.");
  };
  var maxSearchMarker = 80;
  var globalSearchMarkerTimestamp = 0;
  var ArraySearchMarker = class {
    /**
     * @param {Item} p
     * @param {number} index
     */
    constructor(p, index) {
      p.marker = true;
      this.p = p;
      this.index = index;
      this.timestamp = globalSearchMarkerTimestamp++;
    }
  };
  var refreshMarkerTimestamp = (marker) => {
    marker.timestamp = globalSearchMarkerTimestamp++;
  };
  var overwriteMarker = (marker, p, index) => {
    marker.p.marker = false;
    marker.p = p;
    p.marker = true;
    marker.index = index;
    marker.timestamp = globalSearchMarkerTimestamp++;
  };
  var markPosition = (searchMarker, p, index) => {
    if (searchMarker.length >= maxSearchMarker) {
      const marker = searchMarker.reduce((a, b) => a.timestamp < b.timestamp ? a : b);
      overwriteMarker(marker, p, index);
      return marker;
    } else {
      const pm = new ArraySearchMarker(p, index);
      searchMarker.push(pm);
      return pm;
    }
  };
  var findMarker = (yarray, index) => {
    if (yarray._start === null || index === 0 || yarray._searchMarker === null) {
      return null;
    }
    const marker = yarray._searchMarker.length === 0 ? null : yarray._searchMarker.reduce((a, b) => abs(index - a.index) < abs(index - b.index) ? a : b);
    let p = yarray._start;
    let pindex = 0;
    if (marker !== null) {
      p = marker.p;
      pindex = marker.index;
      refreshMarkerTimestamp(marker);
    }
    while (p.right !== null && pindex < index) {
      if (!p.deleted && p.countable) {
        if (index < pindex + p.length) {
          break;
        }
        pindex += p.length;
      }
      p = p.right;
    }
    while (p.left !== null && pindex > index) {
      p = p.left;
      if (!p.deleted && p.countable) {
        pindex -= p.length;
      }
    }
    while (p.left !== null && p.left.id.client === p.id.client && p.left.id.clock + p.left.length === p.id.clock) {
      p = p.left;
      if (!p.deleted && p.countable) {
        pindex -= p.length;
      }
    }
    if (marker !== null && abs(marker.index - pindex) < /** @type {YText|YArray<any>} */
    p.parent.length / maxSearchMarker) {
      overwriteMarker(marker, p, pindex);
      return marker;
    } else {
      return markPosition(yarray._searchMarker, p, pindex);
    }
  };
  var updateMarkerChanges = (searchMarker, index, len) => {
    for (let i = searchMarker.length - 1; i >= 0; i--) {
      const m = searchMarker[i];
      if (len > 0) {
        let p = m.p;
        p.marker = false;
        while (p && (p.deleted || !p.countable)) {
          p = p.left;
          if (p && !p.deleted && p.countable) {
            m.index -= p.length;
          }
        }
        if (p === null || p.marker === true) {
          searchMarker.splice(i, 1);
          continue;
        }
        m.p = p;
        p.marker = true;
      }
      if (index < m.index || len > 0 && index === m.index) {
        m.index = max(index, m.index + len);
      }
    }
  };
  var callTypeObservers = (type, transaction, event) => {
    const changedType = type;
    const changedParentTypes = transaction.changedParentTypes;
    while (true) {
      setIfUndefined(changedParentTypes, type, () => []).push(event);
      if (type._item === null) {
        break;
      }
      type = /** @type {AbstractType<any>} */
      type._item.parent;
    }
    callEventHandlerListeners(changedType._eH, event, transaction);
  };
  var AbstractType = class {
    constructor() {
      this._item = null;
      this._map = /* @__PURE__ */ new Map();
      this._start = null;
      this.doc = null;
      this._length = 0;
      this._eH = createEventHandler();
      this._dEH = createEventHandler();
      this._searchMarker = null;
    }
    /**
     * @return {AbstractType<any>|null}
     */
    get parent() {
      return this._item ? (
        /** @type {AbstractType<any>} */
        this._item.parent
      ) : null;
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
    _integrate(y, item) {
      this.doc = y;
      this._item = item;
    }
    /**
     * @return {AbstractType<EventType>}
     */
    _copy() {
      throw methodUnimplemented();
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
    _write(_encoder) {
    }
    /**
     * The first non-deleted item
     */
    get _first() {
      let n = this._start;
      while (n !== null && n.deleted) {
        n = n.right;
      }
      return n;
    }
    /**
     * Creates YEvent and calls all type observers.
     * Must be implemented by each type.
     *
     * @param {Transaction} transaction
     * @param {Set<null|string>} _parentSubs Keys changed on this type. `null` if list was modified.
     */
    _callObserver(transaction, _parentSubs) {
      if (!transaction.local && this._searchMarker) {
        this._searchMarker.length = 0;
      }
    }
    /**
     * Observe all events that are created on this type.
     *
     * @param {function(EventType, Transaction):void} f Observer function
     */
    observe(f) {
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
    unobserve(f) {
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
    toJSON() {
    }
  };
  var typeListToArray = (type) => {
    type.doc ?? warnPrematureAccess();
    const cs = [];
    let n = type._start;
    while (n !== null) {
      if (n.countable && !n.deleted) {
        const c = n.content.getContent();
        for (let i = 0; i < c.length; i++) {
          cs.push(c[i]);
        }
      }
      n = n.right;
    }
    return cs;
  };
  var typeListInsertGenericsAfter = (transaction, parent, referenceItem, content) => {
    let left = referenceItem;
    const doc = transaction.doc;
    const ownClientId = doc.clientID;
    const store = doc.store;
    const right = referenceItem === null ? parent._start : referenceItem.right;
    let jsonContent = [];
    const packJsonContent = () => {
      if (jsonContent.length > 0) {
        left = new Item(createID(ownClientId, getState(store, ownClientId)), left, left && left.lastId, right, right && right.id, parent, null, new ContentAny(jsonContent));
        left.integrate(transaction, 0);
        jsonContent = [];
      }
    };
    content.forEach((c) => {
      if (c === null) {
        jsonContent.push(c);
      } else {
        switch (c.constructor) {
          case Number:
          case Object:
          case Boolean:
          case Array:
          case String:
            jsonContent.push(c);
            break;
          default:
            packJsonContent();
            switch (c.constructor) {
              case Uint8Array:
              case ArrayBuffer:
                left = new Item(createID(ownClientId, getState(store, ownClientId)), left, left && left.lastId, right, right && right.id, parent, null, new ContentBinary(new Uint8Array(
                  /** @type {Uint8Array} */
                  c
                )));
                left.integrate(transaction, 0);
                break;
              case Doc:
                left = new Item(createID(ownClientId, getState(store, ownClientId)), left, left && left.lastId, right, right && right.id, parent, null, new ContentDoc(
                  /** @type {Doc} */
                  c
                ));
                left.integrate(transaction, 0);
                break;
              default:
                if (c instanceof AbstractType) {
                  left = new Item(createID(ownClientId, getState(store, ownClientId)), left, left && left.lastId, right, right && right.id, parent, null, new ContentType(c));
                  left.integrate(transaction, 0);
                } else {
                  throw new Error("Unexpected content type in insert operation");
                }
            }
        }
      }
    });
    packJsonContent();
  };
  var lengthExceeded = () => create3("Length exceeded!");
  var typeListInsertGenerics = (transaction, parent, index, content) => {
    if (index > parent._length) {
      throw lengthExceeded();
    }
    if (index === 0) {
      if (parent._searchMarker) {
        updateMarkerChanges(parent._searchMarker, index, content.length);
      }
      return typeListInsertGenericsAfter(transaction, parent, null, content);
    }
    const startIndex = index;
    const marker = findMarker(parent, index);
    let n = parent._start;
    if (marker !== null) {
      n = marker.p;
      index -= marker.index;
      if (index === 0) {
        n = n.prev;
        index += n && n.countable && !n.deleted ? n.length : 0;
      }
    }
    for (; n !== null; n = n.right) {
      if (!n.deleted && n.countable) {
        if (index <= n.length) {
          if (index < n.length) {
            getItemCleanStart(transaction, createID(n.id.client, n.id.clock + index));
          }
          break;
        }
        index -= n.length;
      }
    }
    if (parent._searchMarker) {
      updateMarkerChanges(parent._searchMarker, startIndex, content.length);
    }
    return typeListInsertGenericsAfter(transaction, parent, n, content);
  };
  var typeMapSet = (transaction, parent, key, value2) => {
    const left = parent._map.get(key) || null;
    const doc = transaction.doc;
    const ownClientId = doc.clientID;
    let content;
    if (value2 == null) {
      content = new ContentAny([value2]);
    } else {
      switch (value2.constructor) {
        case Number:
        case Object:
        case Boolean:
        case Array:
        case String:
        case Date:
        case BigInt:
          content = new ContentAny([value2]);
          break;
        case Uint8Array:
          content = new ContentBinary(
            /** @type {Uint8Array} */
            value2
          );
          break;
        case Doc:
          content = new ContentDoc(
            /** @type {Doc} */
            value2
          );
          break;
        default:
          if (value2 instanceof AbstractType) {
            content = new ContentType(value2);
          } else {
            throw new Error("Unexpected content type");
          }
      }
    }
    new Item(createID(ownClientId, getState(doc.store, ownClientId)), left, left && left.lastId, null, null, parent, key, content).integrate(transaction, 0);
  };
  var typeMapGet = (parent, key) => {
    parent.doc ?? warnPrematureAccess();
    const val = parent._map.get(key);
    return val !== void 0 && !val.deleted ? val.content.getContent()[val.length - 1] : void 0;
  };
  var typeMapHas = (parent, key) => {
    parent.doc ?? warnPrematureAccess();
    const val = parent._map.get(key);
    return val !== void 0 && !val.deleted;
  };
  var createMapIterator = (type) => {
    type.doc ?? warnPrematureAccess();
    return iteratorFilter(
      type._map.entries(),
      /** @param {any} entry */
      (entry) => !entry[1].deleted
    );
  };
  var YArrayEvent = class extends YEvent {
  };
  var YArray = class _YArray extends AbstractType {
    constructor() {
      super();
      this._prelimContent = [];
      this._searchMarker = [];
    }
    /**
     * Construct a new YArray containing the specified items.
     * @template {Object<string,any>|Array<any>|number|null|string|Uint8Array} T
     * @param {Array<T>} items
     * @return {YArray<T>}
     */
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
    _integrate(y, item) {
      super._integrate(y, item);
      this.insert(
        0,
        /** @type {Array<any>} */
        this._prelimContent
      );
      this._prelimContent = null;
    }
    /**
     * @return {YArray<T>}
     */
    _copy() {
      return new _YArray();
    }
    /**
     * Makes a copy of this data type that can be included somewhere else.
     *
     * Note that the content is only readable _after_ it has been included somewhere in the Ydoc.
     *
     * @return {YArray<T>}
     */
    get length() {
      this.doc ?? warnPrematureAccess();
      return this._length;
    }
    /**
     * Creates YArrayEvent and calls observers.
     *
     * @param {Transaction} transaction
     * @param {Set<null|string>} parentSubs Keys changed on this type. `null` if list was modified.
     */
    _callObserver(transaction, parentSubs) {
      super._callObserver(transaction, parentSubs);
      callTypeObservers(this, transaction, new YArrayEvent(this, transaction));
    }
    /**
     * Inserts new content at an index.
     *
     * Important: This function expects an array of content. Not just a content
     * object. The reason for this "weirdness" is that inserting several elements
     * is very efficient when it is done as a single operation.
     *
     * @example
     *  // Insert character 'a' at position 0
     *  yarray.insert(0, ['a'])
     *  // Insert numbers 1, 2 at position 1
     *  yarray.insert(1, [1, 2])
     *
     * @param {number} index The index to insert content at.
     * @param {Array<T>} content The array of content
     */
    insert(index, content) {
      if (this.doc !== null) {
        transact(this.doc, (transaction) => {
          typeListInsertGenerics(
            transaction,
            this,
            index,
            /** @type {any} */
            content
          );
        });
      } else {
        this._prelimContent.splice(index, 0, ...content);
      }
    }
    /**
     * Appends content to this YArray.
     *
     * @param {Array<T>} content Array of content to append.
     *
     * @todo Use the following implementation in all types.
     */
    /**
     * Prepends content to this YArray.
     *
     * @param {Array<T>} content Array of content to prepend.
     */
    /**
     * Deletes elements starting from an index.
     *
     * @param {number} index Index at which to start deleting elements
     * @param {number} length The number of elements to remove. Defaults to 1.
     */
    /**
     * Returns the i-th element from a YArray.
     *
     * @param {number} index The index of the element to return from the YArray
     * @return {T}
     */
    /**
     * Transforms this YArray to a JavaScript Array.
     *
     * @return {Array<T>}
     */
    toArray() {
      return typeListToArray(this);
    }
    /**
     * Returns a portion of this YArray into a JavaScript Array selected
     * from start to end (end not included).
     *
     * @param {number} [start]
     * @param {number} [end]
     * @return {Array<T>}
     */
    /**
     * Transforms this Shared Type to a JSON object.
     *
     * @return {Array<any>}
     */
    /**
     * Returns an Array with the result of calling a provided function on every
     * element of this YArray.
     *
     * @template M
     * @param {function(T,number,YArray<T>):M} f Function that produces an element of the new Array
     * @return {Array<M>} A new array with each element being the result of the
     *                 callback function
     */
    /**
     * Executes a provided function once on every element of this YArray.
     *
     * @param {function(T,number,YArray<T>):void} f A function to execute on every element of this YArray.
     */
    /**
     * @return {IterableIterator<T>}
     */
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     */
    _write(encoder) {
      encoder.writeTypeRef(YArrayRefID);
    }
  };
  var readYArray = (_decoder) => new YArray();
  var YMapEvent = class extends YEvent {
    /**
     * @param {YMap<T>} ymap The YArray that changed.
     * @param {Transaction} transaction
     * @param {Set<any>} subs The keys that changed.
     */
    constructor(ymap, transaction, subs) {
      super(ymap, transaction);
      this.keysChanged = subs;
    }
  };
  var YMap = class _YMap extends AbstractType {
    /**
     *
     * @param {Iterable<readonly [string, any]>=} entries - an optional iterable to initialize the YMap
     */
    constructor(entries) {
      super();
      this._prelimContent = null;
      if (entries === void 0) {
        this._prelimContent = /* @__PURE__ */ new Map();
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
    _integrate(y, item) {
      super._integrate(y, item);
      this._prelimContent.forEach((value2, key) => {
        this.set(key, value2);
      });
      this._prelimContent = null;
    }
    /**
     * @return {YMap<MapType>}
     */
    _copy() {
      return new _YMap();
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
    _callObserver(transaction, parentSubs) {
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
    keys() {
      return iteratorMap(
        createMapIterator(this),
        /** @param {any} v */
        (v) => v[0]
      );
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
    set(key, value2) {
      if (this.doc !== null) {
        transact(this.doc, (transaction) => {
          typeMapSet(
            transaction,
            this,
            key,
            /** @type {any} */
            value2
          );
        });
      } else {
        this._prelimContent.set(key, value2);
      }
      return value2;
    }
    /**
     * Returns a specified element from this YMap.
     *
     * @param {string} key
     * @return {MapType|undefined}
     */
    get(key) {
      return (
        /** @type {any} */
        typeMapGet(this, key)
      );
    }
    /**
     * Returns a boolean indicating whether the specified key exists or not.
     *
     * @param {string} key The key to test.
     * @return {boolean}
     */
    has(key) {
      return typeMapHas(this, key);
    }
    /**
     * Removes all elements from this YMap.
     */
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     */
    _write(encoder) {
      encoder.writeTypeRef(YMapRefID);
    }
  };
  var readYMap = (_decoder) => new YMap();
  var equalAttrs = (a, b) => a === b || typeof a === "object" && typeof b === "object" && a && b && equalFlat(a, b);
  var ItemTextListPosition = class {
    /**
     * @param {Item|null} left
     * @param {Item|null} right
     * @param {number} index
     * @param {Map<string,any>} currentAttributes
     */
    constructor(left, right, index, currentAttributes) {
      this.left = left;
      this.right = right;
      this.index = index;
      this.currentAttributes = currentAttributes;
    }
    /**
     * Only call this if you know that this.right is defined
     */
    forward() {
      if (this.right === null) {
        unexpectedCase();
      }
      switch (this.right.content.constructor) {
        case ContentFormat:
          if (!this.right.deleted) {
            updateCurrentAttributes(
              this.currentAttributes,
              /** @type {ContentFormat} */
              this.right.content
            );
          }
          break;
        default:
          if (!this.right.deleted) {
            this.index += this.right.length;
          }
          break;
      }
      this.left = this.right;
      this.right = this.right.right;
    }
  };
  var findNextPosition = (transaction, pos, count) => {
    while (pos.right !== null && count > 0) {
      switch (pos.right.content.constructor) {
        case ContentFormat:
          if (!pos.right.deleted) {
            updateCurrentAttributes(
              pos.currentAttributes,
              /** @type {ContentFormat} */
              pos.right.content
            );
          }
          break;
        default:
          if (!pos.right.deleted) {
            if (count < pos.right.length) {
              getItemCleanStart(transaction, createID(pos.right.id.client, pos.right.id.clock + count));
            }
            pos.index += pos.right.length;
            count -= pos.right.length;
          }
          break;
      }
      pos.left = pos.right;
      pos.right = pos.right.right;
    }
    return pos;
  };
  var findPosition = (transaction, parent, index, useSearchMarker) => {
    const currentAttributes = /* @__PURE__ */ new Map();
    const marker = useSearchMarker ? findMarker(parent, index) : null;
    if (marker) {
      const pos = new ItemTextListPosition(marker.p.left, marker.p, marker.index, currentAttributes);
      return findNextPosition(transaction, pos, index - marker.index);
    } else {
      const pos = new ItemTextListPosition(null, parent._start, 0, currentAttributes);
      return findNextPosition(transaction, pos, index);
    }
  };
  var insertNegatedAttributes = (transaction, parent, currPos, negatedAttributes) => {
    while (currPos.right !== null && (currPos.right.deleted === true || currPos.right.content.constructor === ContentFormat && equalAttrs(
      negatedAttributes.get(
        /** @type {ContentFormat} */
        currPos.right.content.key
      ),
      /** @type {ContentFormat} */
      currPos.right.content.value
    ))) {
      if (!currPos.right.deleted) {
        negatedAttributes.delete(
          /** @type {ContentFormat} */
          currPos.right.content.key
        );
      }
      currPos.forward();
    }
    const doc = transaction.doc;
    const ownClientId = doc.clientID;
    negatedAttributes.forEach((val, key) => {
      const left = currPos.left;
      const right = currPos.right;
      const nextFormat = new Item(createID(ownClientId, getState(doc.store, ownClientId)), left, left && left.lastId, right, right && right.id, parent, null, new ContentFormat(key, val));
      nextFormat.integrate(transaction, 0);
      currPos.right = nextFormat;
      currPos.forward();
    });
  };
  var updateCurrentAttributes = (currentAttributes, format) => {
    const { key, value: value2 } = format;
    if (value2 === null) {
      currentAttributes.delete(key);
    } else {
      currentAttributes.set(key, value2);
    }
  };
  var minimizeAttributeChanges = (currPos, attributes) => {
    while (true) {
      if (currPos.right === null) {
        break;
      } else if (currPos.right.deleted || currPos.right.content.constructor === ContentFormat && equalAttrs(
        attributes[
          /** @type {ContentFormat} */
          currPos.right.content.key
        ] ?? null,
        /** @type {ContentFormat} */
        currPos.right.content.value
      )) ;
      else {
        break;
      }
      currPos.forward();
    }
  };
  var insertAttributes = (transaction, parent, currPos, attributes) => {
    const doc = transaction.doc;
    const ownClientId = doc.clientID;
    const negatedAttributes = /* @__PURE__ */ new Map();
    for (const key in attributes) {
      const val = attributes[key];
      const currentVal = currPos.currentAttributes.get(key) ?? null;
      if (!equalAttrs(currentVal, val)) {
        negatedAttributes.set(key, currentVal);
        const { left, right } = currPos;
        currPos.right = new Item(createID(ownClientId, getState(doc.store, ownClientId)), left, left && left.lastId, right, right && right.id, parent, null, new ContentFormat(key, val));
        currPos.right.integrate(transaction, 0);
        currPos.forward();
      }
    }
    return negatedAttributes;
  };
  var insertText = (transaction, parent, currPos, text2, attributes) => {
    currPos.currentAttributes.forEach((_val, key) => {
      if (attributes[key] === void 0) {
        attributes[key] = null;
      }
    });
    const doc = transaction.doc;
    const ownClientId = doc.clientID;
    minimizeAttributeChanges(currPos, attributes);
    const negatedAttributes = insertAttributes(transaction, parent, currPos, attributes);
    const content = text2.constructor === String ? new ContentString(
      /** @type {string} */
      text2
    ) : text2 instanceof AbstractType ? new ContentType(text2) : new ContentEmbed(text2);
    let { left, right, index } = currPos;
    if (parent._searchMarker) {
      updateMarkerChanges(parent._searchMarker, currPos.index, content.getLength());
    }
    right = new Item(createID(ownClientId, getState(doc.store, ownClientId)), left, left && left.lastId, right, right && right.id, parent, null, content);
    right.integrate(transaction, 0);
    currPos.right = right;
    currPos.index = index;
    currPos.forward();
    insertNegatedAttributes(transaction, parent, currPos, negatedAttributes);
  };
  var cleanupFormattingGap = (transaction, start, curr, startAttributes, currAttributes) => {
    let end = start;
    const endFormats = create();
    while (end && (!end.countable || end.deleted)) {
      if (!end.deleted && end.content.constructor === ContentFormat) {
        const cf = (
          /** @type {ContentFormat} */
          end.content
        );
        endFormats.set(cf.key, cf);
      }
      end = end.right;
    }
    let cleanups = 0;
    let reachedCurr = false;
    while (start !== end) {
      if (curr === start) {
        reachedCurr = true;
      }
      if (!start.deleted) {
        const content = start.content;
        switch (content.constructor) {
          case ContentFormat: {
            const { key, value: value2 } = (
              /** @type {ContentFormat} */
              content
            );
            const startAttrValue = startAttributes.get(key) ?? null;
            if (endFormats.get(key) !== content || startAttrValue === value2) {
              start.delete(transaction);
              cleanups++;
              if (!reachedCurr && (currAttributes.get(key) ?? null) === value2 && startAttrValue !== value2) {
                if (startAttrValue === null) {
                  currAttributes.delete(key);
                } else {
                  currAttributes.set(key, startAttrValue);
                }
              }
            }
            if (!reachedCurr && !start.deleted) {
              updateCurrentAttributes(
                currAttributes,
                /** @type {ContentFormat} */
                content
              );
            }
            break;
          }
        }
      }
      start = /** @type {Item} */
      start.right;
    }
    return cleanups;
  };
  var cleanupContextlessFormattingGap = (transaction, item) => {
    while (item && item.right && (item.right.deleted || !item.right.countable)) {
      item = item.right;
    }
    const attrs = /* @__PURE__ */ new Set();
    while (item && (item.deleted || !item.countable)) {
      if (!item.deleted && item.content.constructor === ContentFormat) {
        const key = (
          /** @type {ContentFormat} */
          item.content.key
        );
        if (attrs.has(key)) {
          item.delete(transaction);
        } else {
          attrs.add(key);
        }
      }
      item = item.left;
    }
  };
  var cleanupYTextFormatting = (type) => {
    let res = 0;
    transact(
      /** @type {Doc} */
      type.doc,
      (transaction) => {
        let start = (
          /** @type {Item} */
          type._start
        );
        let end = type._start;
        let startAttributes = create();
        const currentAttributes = copy(startAttributes);
        while (end) {
          if (end.deleted === false) {
            switch (end.content.constructor) {
              case ContentFormat:
                updateCurrentAttributes(
                  currentAttributes,
                  /** @type {ContentFormat} */
                  end.content
                );
                break;
              default:
                res += cleanupFormattingGap(transaction, start, end, startAttributes, currentAttributes);
                startAttributes = copy(currentAttributes);
                start = end;
                break;
            }
          }
          end = end.right;
        }
      }
    );
    return res;
  };
  var cleanupYTextAfterTransaction = (transaction) => {
    const needFullCleanup = /* @__PURE__ */ new Set();
    const doc = transaction.doc;
    for (const [client, afterClock] of transaction.afterState.entries()) {
      const clock2 = transaction.beforeState.get(client) || 0;
      if (afterClock === clock2) {
        continue;
      }
      iterateStructs(
        transaction,
        /** @type {Array<Item|GC>} */
        doc.store.clients.get(client),
        clock2,
        afterClock,
        (item) => {
          if (!item.deleted && /** @type {Item} */
          item.content.constructor === ContentFormat && item.constructor !== GC) {
            needFullCleanup.add(
              /** @type {any} */
              item.parent
            );
          }
        }
      );
    }
    transact(doc, (t) => {
      iterateDeletedStructs(transaction, transaction.deleteSet, (item) => {
        if (item instanceof GC || !/** @type {YText} */
        item.parent._hasFormatting || needFullCleanup.has(
          /** @type {YText} */
          item.parent
        )) {
          return;
        }
        const parent = (
          /** @type {YText} */
          item.parent
        );
        if (item.content.constructor === ContentFormat) {
          needFullCleanup.add(parent);
        } else {
          cleanupContextlessFormattingGap(t, item);
        }
      });
      for (const yText of needFullCleanup) {
        cleanupYTextFormatting(yText);
      }
    });
  };
  var deleteText = (transaction, currPos, length2) => {
    const startLength = length2;
    const startAttrs = copy(currPos.currentAttributes);
    const start = currPos.right;
    while (length2 > 0 && currPos.right !== null) {
      if (currPos.right.deleted === false) {
        switch (currPos.right.content.constructor) {
          case ContentType:
          case ContentEmbed:
          case ContentString:
            if (length2 < currPos.right.length) {
              getItemCleanStart(transaction, createID(currPos.right.id.client, currPos.right.id.clock + length2));
            }
            length2 -= currPos.right.length;
            currPos.right.delete(transaction);
            break;
        }
      }
      currPos.forward();
    }
    if (start) {
      cleanupFormattingGap(transaction, start, currPos.right, startAttrs, currPos.currentAttributes);
    }
    const parent = (
      /** @type {AbstractType<any>} */
      /** @type {Item} */
      (currPos.left || currPos.right).parent
    );
    if (parent._searchMarker) {
      updateMarkerChanges(parent._searchMarker, currPos.index, -startLength + length2);
    }
    return currPos;
  };
  var YTextEvent = class extends YEvent {
    /**
     * @param {YText} ytext
     * @param {Transaction} transaction
     * @param {Set<any>} subs The keys that changed
     */
    constructor(ytext, transaction, subs) {
      super(ytext, transaction);
      this.childListChanged = false;
      this.keysChanged = /* @__PURE__ */ new Set();
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
    get changes() {
      if (this._changes === null) {
        const changes = {
          keys: this.keys,
          delta: this.delta,
          added: /* @__PURE__ */ new Set(),
          deleted: /* @__PURE__ */ new Set()
        };
        this._changes = changes;
      }
      return (
        /** @type {any} */
        this._changes
      );
    }
    /**
     * Compute the changes in the delta format.
     * A {@link https://quilljs.com/docs/delta/|Quill Delta}) that represents the changes on the document.
     *
     * @type {Array<{insert?:string|object|AbstractType<any>, delete?:number, retain?:number, attributes?: Object<string,any>}>}
     *
     * @public
     */
    get delta() {
      if (this._delta === null) {
        const y = (
          /** @type {Doc} */
          this.target.doc
        );
        const delta = [];
        transact(y, (transaction) => {
          const currentAttributes = /* @__PURE__ */ new Map();
          const oldAttributes = /* @__PURE__ */ new Map();
          let item = this.target._start;
          let action = null;
          const attributes = {};
          let insert = "";
          let retain = 0;
          let deleteLen = 0;
          const addOp = () => {
            if (action !== null) {
              let op = null;
              switch (action) {
                case "delete":
                  if (deleteLen > 0) {
                    op = { delete: deleteLen };
                  }
                  deleteLen = 0;
                  break;
                case "insert":
                  if (typeof insert === "object" || insert.length > 0) {
                    op = { insert };
                    if (currentAttributes.size > 0) {
                      op.attributes = {};
                      currentAttributes.forEach((value2, key) => {
                        if (value2 !== null) {
                          op.attributes[key] = value2;
                        }
                      });
                    }
                  }
                  insert = "";
                  break;
                case "retain":
                  if (retain > 0) {
                    op = { retain };
                    if (!isEmpty(attributes)) {
                      op.attributes = assign({}, attributes);
                    }
                  }
                  retain = 0;
                  break;
              }
              if (op) delta.push(op);
              action = null;
            }
          };
          while (item !== null) {
            switch (item.content.constructor) {
              case ContentType:
              case ContentEmbed:
                if (this.adds(item)) {
                  if (!this.deletes(item)) {
                    addOp();
                    action = "insert";
                    insert = item.content.getContent()[0];
                    addOp();
                  }
                } else if (this.deletes(item)) {
                  if (action !== "delete") {
                    addOp();
                    action = "delete";
                  }
                  deleteLen += 1;
                } else if (!item.deleted) {
                  if (action !== "retain") {
                    addOp();
                    action = "retain";
                  }
                  retain += 1;
                }
                break;
              case ContentString:
                if (this.adds(item)) {
                  if (!this.deletes(item)) {
                    if (action !== "insert") {
                      addOp();
                      action = "insert";
                    }
                    insert += /** @type {ContentString} */
                    item.content.str;
                  }
                } else if (this.deletes(item)) {
                  if (action !== "delete") {
                    addOp();
                    action = "delete";
                  }
                  deleteLen += item.length;
                } else if (!item.deleted) {
                  if (action !== "retain") {
                    addOp();
                    action = "retain";
                  }
                  retain += item.length;
                }
                break;
              case ContentFormat: {
                const { key, value: value2 } = (
                  /** @type {ContentFormat} */
                  item.content
                );
                if (this.adds(item)) {
                  if (!this.deletes(item)) {
                    const curVal = currentAttributes.get(key) ?? null;
                    if (!equalAttrs(curVal, value2)) {
                      if (action === "retain") {
                        addOp();
                      }
                      if (equalAttrs(value2, oldAttributes.get(key) ?? null)) {
                        delete attributes[key];
                      } else {
                        attributes[key] = value2;
                      }
                    } else if (value2 !== null) {
                      item.delete(transaction);
                    }
                  }
                } else if (this.deletes(item)) {
                  oldAttributes.set(key, value2);
                  const curVal = currentAttributes.get(key) ?? null;
                  if (!equalAttrs(curVal, value2)) {
                    if (action === "retain") {
                      addOp();
                    }
                    attributes[key] = curVal;
                  }
                } else if (!item.deleted) {
                  oldAttributes.set(key, value2);
                  const attr = attributes[key];
                  if (attr !== void 0) {
                    if (!equalAttrs(attr, value2)) {
                      if (action === "retain") {
                        addOp();
                      }
                      if (value2 === null) {
                        delete attributes[key];
                      } else {
                        attributes[key] = value2;
                      }
                    } else if (attr !== null) {
                      item.delete(transaction);
                    }
                  }
                }
                if (!item.deleted) {
                  if (action === "insert") {
                    addOp();
                  }
                  updateCurrentAttributes(
                    currentAttributes,
                    /** @type {ContentFormat} */
                    item.content
                  );
                }
                break;
              }
            }
            item = item.right;
          }
          addOp();
          while (delta.length > 0) {
            const lastOp = delta[delta.length - 1];
            if (lastOp.retain !== void 0 && lastOp.attributes === void 0) {
              delta.pop();
            } else {
              break;
            }
          }
        });
        this._delta = delta;
      }
      return (
        /** @type {any} */
        this._delta
      );
    }
  };
  var YText = class _YText extends AbstractType {
    /**
     * @param {String} [string] The initial value of the YText.
     */
    constructor(string) {
      super();
      this._pending = string !== void 0 ? [() => this.insert(0, string)] : [];
      this._searchMarker = [];
      this._hasFormatting = false;
    }
    /**
     * Number of characters of this text type.
     *
     * @type {number}
     */
    get length() {
      this.doc ?? warnPrematureAccess();
      return this._length;
    }
    /**
     * @param {Doc} y
     * @param {Item} item
     */
    _integrate(y, item) {
      super._integrate(y, item);
      try {
        this._pending.forEach((f) => f());
      } catch (e) {
        console.error(e);
      }
      this._pending = null;
    }
    _copy() {
      return new _YText();
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
    _callObserver(transaction, parentSubs) {
      super._callObserver(transaction, parentSubs);
      const event = new YTextEvent(this, transaction, parentSubs);
      callTypeObservers(this, transaction, event);
      if (!transaction.local && this._hasFormatting) {
        transaction._needFormattingCleanup = true;
      }
    }
    /**
     * Returns the unformatted string representation of this YText type.
     *
     * @public
     */
    toString() {
      this.doc ?? warnPrematureAccess();
      let str = "";
      let n = this._start;
      while (n !== null) {
        if (!n.deleted && n.countable && n.content.constructor === ContentString) {
          str += /** @type {ContentString} */
          n.content.str;
        }
        n = n.right;
      }
      return str;
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
    insert(index, text2, attributes) {
      if (text2.length <= 0) {
        return;
      }
      const y = this.doc;
      if (y !== null) {
        transact(y, (transaction) => {
          const pos = findPosition(transaction, this, index, !attributes);
          if (!attributes) {
            attributes = {};
            pos.currentAttributes.forEach((v, k) => {
              attributes[k] = v;
            });
          }
          insertText(transaction, this, pos, text2, attributes);
        });
      } else {
        this._pending.push(() => this.insert(index, text2, attributes));
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
    delete(index, length2) {
      if (length2 === 0) {
        return;
      }
      const y = this.doc;
      if (y !== null) {
        transact(y, (transaction) => {
          deleteText(transaction, findPosition(transaction, this, index, true), length2);
        });
      } else {
        this._pending.push(() => this.delete(index, length2));
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
    _write(encoder) {
      encoder.writeTypeRef(YTextRefID);
    }
  };
  var readYText = (_decoder) => new YText();
  var YXmlFragment = class _YXmlFragment extends AbstractType {
    _copy() {
      return new _YXmlFragment();
    }
    _write(encoder) {
      encoder.writeTypeRef(YXmlFragmentRefID);
    }
  };
  var readYXmlFragment = (_decoder) => new YXmlFragment();
  var YXmlElement = class _YXmlElement extends YXmlFragment {
    constructor(nodeName) {
      super();
      this.nodeName = nodeName;
    }
    _copy() {
      return new _YXmlElement(this.nodeName);
    }
    _write(encoder) {
      encoder.writeTypeRef(YXmlElementRefID);
      encoder.writeKey(this.nodeName);
    }
  };
  var readYXmlElement = (decoder) => new YXmlElement(decoder.readKey());
  var YXmlHook = class _YXmlHook extends YMap {
    constructor(hookName) {
      super();
      this.hookName = hookName;
    }
    _copy() {
      return new _YXmlHook(this.hookName);
    }
    _write(encoder) {
      encoder.writeTypeRef(YXmlHookRefID);
      encoder.writeKey(this.hookName);
    }
  };
  var readYXmlHook = (decoder) => new YXmlHook(decoder.readKey());
  var YXmlText = class _YXmlText extends YText {
    _copy() {
      return new _YXmlText();
    }
    _write(encoder) {
      encoder.writeTypeRef(YXmlTextRefID);
    }
  };
  var readYXmlText = (decoder) => new YXmlText();
  var AbstractStruct = class {
    /**
     * @param {ID} id
     * @param {number} length
     */
    constructor(id2, length2) {
      this.id = id2;
      this.length = length2;
    }
    /**
     * @type {boolean}
     */
    get deleted() {
      throw methodUnimplemented();
    }
    /**
     * Merge this struct with the item to the right.
     * This method is already assuming that `this.id.clock + this.length === this.id.clock`.
     * Also this method does *not* remove right from StructStore!
     * @param {AbstractStruct} right
     * @return {boolean} whether this merged with right
     */
    mergeWith(right) {
      return false;
    }
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder The encoder to write data to.
     * @param {number} offset
     * @param {number} encodingRef
     */
    write(encoder, offset, encodingRef) {
      throw methodUnimplemented();
    }
    /**
     * @param {Transaction} transaction
     * @param {number} offset
     */
    integrate(transaction, offset) {
      throw methodUnimplemented();
    }
  };
  var structGCRefNumber = 0;
  var GC = class extends AbstractStruct {
    get deleted() {
      return true;
    }
    delete() {
    }
    /**
     * @param {GC} right
     * @return {boolean}
     */
    mergeWith(right) {
      if (this.constructor !== right.constructor) {
        return false;
      }
      this.length += right.length;
      return true;
    }
    /**
     * @param {Transaction} transaction
     * @param {number} offset
     */
    integrate(transaction, offset) {
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
    write(encoder, offset) {
      encoder.writeInfo(structGCRefNumber);
      encoder.writeLen(this.length - offset);
    }
    /**
     * @param {Transaction} transaction
     * @param {StructStore} store
     * @return {null | number}
     */
    getMissing(transaction, store) {
      return null;
    }
  };
  var ContentBinary = class _ContentBinary {
    /**
     * @param {Uint8Array} content
     */
    constructor(content) {
      this.content = content;
    }
    /**
     * @return {number}
     */
    getLength() {
      return 1;
    }
    /**
     * @return {Array<any>}
     */
    getContent() {
      return [this.content];
    }
    /**
     * @return {boolean}
     */
    isCountable() {
      return true;
    }
    /**
     * @return {ContentBinary}
     */
    copy() {
      return new _ContentBinary(this.content);
    }
    /**
     * @param {number} offset
     * @return {ContentBinary}
     */
    splice(offset) {
      throw methodUnimplemented();
    }
    /**
     * @param {ContentBinary} right
     * @return {boolean}
     */
    mergeWith(right) {
      return false;
    }
    /**
     * @param {Transaction} transaction
     * @param {Item} item
     */
    integrate(transaction, item) {
    }
    /**
     * @param {Transaction} transaction
     */
    delete(transaction) {
    }
    /**
     * @param {StructStore} store
     */
    gc(store) {
    }
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     * @param {number} offset
     */
    write(encoder, offset) {
      encoder.writeBuf(this.content);
    }
    /**
     * @return {number}
     */
    getRef() {
      return 3;
    }
  };
  var readContentBinary = (decoder) => new ContentBinary(decoder.readBuf());
  var ContentDeleted = class _ContentDeleted {
    /**
     * @param {number} len
     */
    constructor(len) {
      this.len = len;
    }
    /**
     * @return {number}
     */
    getLength() {
      return this.len;
    }
    /**
     * @return {Array<any>}
     */
    getContent() {
      return [];
    }
    /**
     * @return {boolean}
     */
    isCountable() {
      return false;
    }
    /**
     * @return {ContentDeleted}
     */
    copy() {
      return new _ContentDeleted(this.len);
    }
    /**
     * @param {number} offset
     * @return {ContentDeleted}
     */
    splice(offset) {
      const right = new _ContentDeleted(this.len - offset);
      this.len = offset;
      return right;
    }
    /**
     * @param {ContentDeleted} right
     * @return {boolean}
     */
    mergeWith(right) {
      this.len += right.len;
      return true;
    }
    /**
     * @param {Transaction} transaction
     * @param {Item} item
     */
    integrate(transaction, item) {
      addToDeleteSet(transaction.deleteSet, item.id.client, item.id.clock, this.len);
      item.markDeleted();
    }
    /**
     * @param {Transaction} transaction
     */
    delete(transaction) {
    }
    /**
     * @param {StructStore} store
     */
    gc(store) {
    }
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     * @param {number} offset
     */
    write(encoder, offset) {
      encoder.writeLen(this.len - offset);
    }
    /**
     * @return {number}
     */
    getRef() {
      return 1;
    }
  };
  var readContentDeleted = (decoder) => new ContentDeleted(decoder.readLen());
  var createDocFromOpts = (guid, opts) => new Doc({ guid, ...opts, shouldLoad: opts.shouldLoad || opts.autoLoad || false });
  var ContentDoc = class _ContentDoc {
    /**
     * @param {Doc} doc
     */
    constructor(doc) {
      if (doc._item) {
        console.error("This document was already integrated as a sub-document. You should create a second instance instead with the same guid.");
      }
      this.doc = doc;
      const opts = {};
      this.opts = opts;
      if (!doc.gc) {
        opts.gc = false;
      }
      if (doc.autoLoad) {
        opts.autoLoad = true;
      }
      if (doc.meta !== null) {
        opts.meta = doc.meta;
      }
    }
    /**
     * @return {number}
     */
    getLength() {
      return 1;
    }
    /**
     * @return {Array<any>}
     */
    getContent() {
      return [this.doc];
    }
    /**
     * @return {boolean}
     */
    isCountable() {
      return true;
    }
    /**
     * @return {ContentDoc}
     */
    copy() {
      return new _ContentDoc(createDocFromOpts(this.doc.guid, this.opts));
    }
    /**
     * @param {number} offset
     * @return {ContentDoc}
     */
    splice(offset) {
      throw methodUnimplemented();
    }
    /**
     * @param {ContentDoc} right
     * @return {boolean}
     */
    mergeWith(right) {
      return false;
    }
    /**
     * @param {Transaction} transaction
     * @param {Item} item
     */
    integrate(transaction, item) {
      this.doc._item = item;
      transaction.subdocsAdded.add(this.doc);
      if (this.doc.shouldLoad) {
        transaction.subdocsLoaded.add(this.doc);
      }
    }
    /**
     * @param {Transaction} transaction
     */
    delete(transaction) {
      if (transaction.subdocsAdded.has(this.doc)) {
        transaction.subdocsAdded.delete(this.doc);
      } else {
        transaction.subdocsRemoved.add(this.doc);
      }
    }
    /**
     * @param {StructStore} store
     */
    gc(store) {
    }
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     * @param {number} offset
     */
    write(encoder, offset) {
      encoder.writeString(this.doc.guid);
      encoder.writeAny(this.opts);
    }
    /**
     * @return {number}
     */
    getRef() {
      return 9;
    }
  };
  var readContentDoc = (decoder) => new ContentDoc(createDocFromOpts(decoder.readString(), decoder.readAny()));
  var ContentEmbed = class _ContentEmbed {
    /**
     * @param {Object} embed
     */
    constructor(embed) {
      this.embed = embed;
    }
    /**
     * @return {number}
     */
    getLength() {
      return 1;
    }
    /**
     * @return {Array<any>}
     */
    getContent() {
      return [this.embed];
    }
    /**
     * @return {boolean}
     */
    isCountable() {
      return true;
    }
    /**
     * @return {ContentEmbed}
     */
    copy() {
      return new _ContentEmbed(this.embed);
    }
    /**
     * @param {number} offset
     * @return {ContentEmbed}
     */
    splice(offset) {
      throw methodUnimplemented();
    }
    /**
     * @param {ContentEmbed} right
     * @return {boolean}
     */
    mergeWith(right) {
      return false;
    }
    /**
     * @param {Transaction} transaction
     * @param {Item} item
     */
    integrate(transaction, item) {
    }
    /**
     * @param {Transaction} transaction
     */
    delete(transaction) {
    }
    /**
     * @param {StructStore} store
     */
    gc(store) {
    }
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     * @param {number} offset
     */
    write(encoder, offset) {
      encoder.writeJSON(this.embed);
    }
    /**
     * @return {number}
     */
    getRef() {
      return 5;
    }
  };
  var readContentEmbed = (decoder) => new ContentEmbed(decoder.readJSON());
  var ContentFormat = class _ContentFormat {
    /**
     * @param {string} key
     * @param {Object} value
     */
    constructor(key, value2) {
      this.key = key;
      this.value = value2;
    }
    /**
     * @return {number}
     */
    getLength() {
      return 1;
    }
    /**
     * @return {Array<any>}
     */
    getContent() {
      return [];
    }
    /**
     * @return {boolean}
     */
    isCountable() {
      return false;
    }
    /**
     * @return {ContentFormat}
     */
    copy() {
      return new _ContentFormat(this.key, this.value);
    }
    /**
     * @param {number} _offset
     * @return {ContentFormat}
     */
    splice(_offset) {
      throw methodUnimplemented();
    }
    /**
     * @param {ContentFormat} _right
     * @return {boolean}
     */
    mergeWith(_right) {
      return false;
    }
    /**
     * @param {Transaction} _transaction
     * @param {Item} item
     */
    integrate(_transaction, item) {
      const p = (
        /** @type {YText} */
        item.parent
      );
      p._searchMarker = null;
      p._hasFormatting = true;
    }
    /**
     * @param {Transaction} transaction
     */
    delete(transaction) {
    }
    /**
     * @param {StructStore} store
     */
    gc(store) {
    }
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     * @param {number} offset
     */
    write(encoder, offset) {
      encoder.writeKey(this.key);
      encoder.writeJSON(this.value);
    }
    /**
     * @return {number}
     */
    getRef() {
      return 6;
    }
  };
  var readContentFormat = (decoder) => new ContentFormat(decoder.readKey(), decoder.readJSON());
  var ContentJSON = class _ContentJSON {
    /**
     * @param {Array<any>} arr
     */
    constructor(arr) {
      this.arr = arr;
    }
    /**
     * @return {number}
     */
    getLength() {
      return this.arr.length;
    }
    /**
     * @return {Array<any>}
     */
    getContent() {
      return this.arr;
    }
    /**
     * @return {boolean}
     */
    isCountable() {
      return true;
    }
    /**
     * @return {ContentJSON}
     */
    copy() {
      return new _ContentJSON(this.arr);
    }
    /**
     * @param {number} offset
     * @return {ContentJSON}
     */
    splice(offset) {
      const right = new _ContentJSON(this.arr.slice(offset));
      this.arr = this.arr.slice(0, offset);
      return right;
    }
    /**
     * @param {ContentJSON} right
     * @return {boolean}
     */
    mergeWith(right) {
      this.arr = this.arr.concat(right.arr);
      return true;
    }
    /**
     * @param {Transaction} transaction
     * @param {Item} item
     */
    integrate(transaction, item) {
    }
    /**
     * @param {Transaction} transaction
     */
    delete(transaction) {
    }
    /**
     * @param {StructStore} store
     */
    gc(store) {
    }
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     * @param {number} offset
     */
    write(encoder, offset) {
      const len = this.arr.length;
      encoder.writeLen(len - offset);
      for (let i = offset; i < len; i++) {
        const c = this.arr[i];
        encoder.writeString(c === void 0 ? "undefined" : JSON.stringify(c));
      }
    }
    /**
     * @return {number}
     */
    getRef() {
      return 2;
    }
  };
  var readContentJSON = (decoder) => {
    const len = decoder.readLen();
    const cs = [];
    for (let i = 0; i < len; i++) {
      const c = decoder.readString();
      if (c === "undefined") {
        cs.push(void 0);
      } else {
        cs.push(JSON.parse(c));
      }
    }
    return new ContentJSON(cs);
  };
  var isDevMode = getVariable("node_env") === "development";
  var ContentAny = class _ContentAny {
    /**
     * @param {Array<any>} arr
     */
    constructor(arr) {
      this.arr = arr;
      isDevMode && deepFreeze(arr);
    }
    /**
     * @return {number}
     */
    getLength() {
      return this.arr.length;
    }
    /**
     * @return {Array<any>}
     */
    getContent() {
      return this.arr;
    }
    /**
     * @return {boolean}
     */
    isCountable() {
      return true;
    }
    /**
     * @return {ContentAny}
     */
    copy() {
      return new _ContentAny(this.arr);
    }
    /**
     * @param {number} offset
     * @return {ContentAny}
     */
    splice(offset) {
      const right = new _ContentAny(this.arr.slice(offset));
      this.arr = this.arr.slice(0, offset);
      return right;
    }
    /**
     * @param {ContentAny} right
     * @return {boolean}
     */
    mergeWith(right) {
      this.arr = this.arr.concat(right.arr);
      return true;
    }
    /**
     * @param {Transaction} transaction
     * @param {Item} item
     */
    integrate(transaction, item) {
    }
    /**
     * @param {Transaction} transaction
     */
    delete(transaction) {
    }
    /**
     * @param {StructStore} store
     */
    gc(store) {
    }
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     * @param {number} offset
     */
    write(encoder, offset) {
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
    getRef() {
      return 8;
    }
  };
  var readContentAny = (decoder) => {
    const len = decoder.readLen();
    const cs = [];
    for (let i = 0; i < len; i++) {
      cs.push(decoder.readAny());
    }
    return new ContentAny(cs);
  };
  var ContentString = class _ContentString {
    /**
     * @param {string} str
     */
    constructor(str) {
      this.str = str;
    }
    /**
     * @return {number}
     */
    getLength() {
      return this.str.length;
    }
    /**
     * @return {Array<any>}
     */
    getContent() {
      return this.str.split("");
    }
    /**
     * @return {boolean}
     */
    isCountable() {
      return true;
    }
    /**
     * @return {ContentString}
     */
    copy() {
      return new _ContentString(this.str);
    }
    /**
     * @param {number} offset
     * @return {ContentString}
     */
    splice(offset) {
      const right = new _ContentString(this.str.slice(offset));
      this.str = this.str.slice(0, offset);
      const firstCharCode = this.str.charCodeAt(offset - 1);
      if (firstCharCode >= 55296 && firstCharCode <= 56319) {
        this.str = this.str.slice(0, offset - 1) + "�";
        right.str = "�" + right.str.slice(1);
      }
      return right;
    }
    /**
     * @param {ContentString} right
     * @return {boolean}
     */
    mergeWith(right) {
      this.str += right.str;
      return true;
    }
    /**
     * @param {Transaction} transaction
     * @param {Item} item
     */
    integrate(transaction, item) {
    }
    /**
     * @param {Transaction} transaction
     */
    delete(transaction) {
    }
    /**
     * @param {StructStore} store
     */
    gc(store) {
    }
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     * @param {number} offset
     */
    write(encoder, offset) {
      encoder.writeString(offset === 0 ? this.str : this.str.slice(offset));
    }
    /**
     * @return {number}
     */
    getRef() {
      return 4;
    }
  };
  var readContentString = (decoder) => new ContentString(decoder.readString());
  var typeRefs = [
    readYArray,
    readYMap,
    readYText,
    readYXmlElement,
    readYXmlFragment,
    readYXmlHook,
    readYXmlText
  ];
  var YArrayRefID = 0;
  var YMapRefID = 1;
  var YTextRefID = 2;
  var YXmlElementRefID = 3;
  var YXmlFragmentRefID = 4;
  var YXmlHookRefID = 5;
  var YXmlTextRefID = 6;
  var ContentType = class _ContentType {
    /**
     * @param {AbstractType<any>} type
     */
    constructor(type) {
      this.type = type;
    }
    /**
     * @return {number}
     */
    getLength() {
      return 1;
    }
    /**
     * @return {Array<any>}
     */
    getContent() {
      return [this.type];
    }
    /**
     * @return {boolean}
     */
    isCountable() {
      return true;
    }
    /**
     * @return {ContentType}
     */
    copy() {
      return new _ContentType(this.type._copy());
    }
    /**
     * @param {number} offset
     * @return {ContentType}
     */
    splice(offset) {
      throw methodUnimplemented();
    }
    /**
     * @param {ContentType} right
     * @return {boolean}
     */
    mergeWith(right) {
      return false;
    }
    /**
     * @param {Transaction} transaction
     * @param {Item} item
     */
    integrate(transaction, item) {
      this.type._integrate(transaction.doc, item);
    }
    /**
     * @param {Transaction} transaction
     */
    delete(transaction) {
      let item = this.type._start;
      while (item !== null) {
        if (!item.deleted) {
          item.delete(transaction);
        } else if (item.id.clock < (transaction.beforeState.get(item.id.client) || 0)) {
          transaction._mergeStructs.push(item);
        }
        item = item.right;
      }
      this.type._map.forEach((item2) => {
        if (!item2.deleted) {
          item2.delete(transaction);
        } else if (item2.id.clock < (transaction.beforeState.get(item2.id.client) || 0)) {
          transaction._mergeStructs.push(item2);
        }
      });
      transaction.changed.delete(this.type);
    }
    /**
     * @param {StructStore} store
     */
    gc(store) {
      let item = this.type._start;
      while (item !== null) {
        item.gc(store, true);
        item = item.right;
      }
      this.type._start = null;
      this.type._map.forEach(
        /** @param {Item | null} item */
        (item2) => {
          while (item2 !== null) {
            item2.gc(store, true);
            item2 = item2.left;
          }
        }
      );
      this.type._map = /* @__PURE__ */ new Map();
    }
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     * @param {number} offset
     */
    write(encoder, offset) {
      this.type._write(encoder);
    }
    /**
     * @return {number}
     */
    getRef() {
      return 7;
    }
  };
  var readContentType = (decoder) => new ContentType(typeRefs[decoder.readTypeRef()](decoder));
  var splitItem = (transaction, leftItem, diff2) => {
    const { client, clock: clock2 } = leftItem.id;
    const rightItem = new Item(
      createID(client, clock2 + diff2),
      leftItem,
      createID(client, clock2 + diff2 - 1),
      leftItem.right,
      leftItem.rightOrigin,
      leftItem.parent,
      leftItem.parentSub,
      leftItem.content.splice(diff2)
    );
    if (leftItem.deleted) {
      rightItem.markDeleted();
    }
    if (leftItem.keep) {
      rightItem.keep = true;
    }
    if (leftItem.redone !== null) {
      rightItem.redone = createID(leftItem.redone.client, leftItem.redone.clock + diff2);
    }
    leftItem.right = rightItem;
    if (rightItem.right !== null) {
      rightItem.right.left = rightItem;
    }
    transaction._mergeStructs.push(rightItem);
    if (rightItem.parentSub !== null && rightItem.right === null) {
      rightItem.parent._map.set(rightItem.parentSub, rightItem);
    }
    leftItem.length = diff2;
    return rightItem;
  };
  var Item = class _Item extends AbstractStruct {
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
    constructor(id2, left, origin, right, rightOrigin, parent, parentSub, content) {
      super(id2, content.getLength());
      this.origin = origin;
      this.left = left;
      this.right = right;
      this.rightOrigin = rightOrigin;
      this.parent = parent;
      this.parentSub = parentSub;
      this.redone = null;
      this.content = content;
      this.info = this.content.isCountable() ? BIT2 : 0;
    }
    /**
     * This is used to mark the item as an indexed fast-search marker
     *
     * @type {boolean}
     */
    set marker(isMarked) {
      if ((this.info & BIT4) > 0 !== isMarked) {
        this.info ^= BIT4;
      }
    }
    get marker() {
      return (this.info & BIT4) > 0;
    }
    /**
     * If true, do not garbage collect this Item.
     */
    get keep() {
      return (this.info & BIT1) > 0;
    }
    set keep(doKeep) {
      if (this.keep !== doKeep) {
        this.info ^= BIT1;
      }
    }
    get countable() {
      return (this.info & BIT2) > 0;
    }
    /**
     * Whether this item was deleted or not.
     * @type {Boolean}
     */
    get deleted() {
      return (this.info & BIT3) > 0;
    }
    set deleted(doDelete) {
      if (this.deleted !== doDelete) {
        this.info ^= BIT3;
      }
    }
    markDeleted() {
      this.info |= BIT3;
    }
    /**
     * Return the creator clientID of the missing op or define missing items and return null.
     *
     * @param {Transaction} transaction
     * @param {StructStore} store
     * @return {null | number}
     */
    getMissing(transaction, store) {
      if (this.origin && this.origin.client !== this.id.client && this.origin.clock >= getState(store, this.origin.client)) {
        return this.origin.client;
      }
      if (this.rightOrigin && this.rightOrigin.client !== this.id.client && this.rightOrigin.clock >= getState(store, this.rightOrigin.client)) {
        return this.rightOrigin.client;
      }
      if (this.parent && this.parent.constructor === ID && this.id.client !== this.parent.client && this.parent.clock >= getState(store, this.parent.client)) {
        return this.parent.client;
      }
      if (this.origin) {
        this.left = getItemCleanEnd(transaction, store, this.origin);
        this.origin = this.left.lastId;
      }
      if (this.rightOrigin) {
        this.right = getItemCleanStart(transaction, this.rightOrigin);
        this.rightOrigin = this.right.id;
      }
      if (this.left && this.left.constructor === GC || this.right && this.right.constructor === GC) {
        this.parent = null;
      } else if (!this.parent) {
        if (this.left && this.left.constructor === _Item) {
          this.parent = this.left.parent;
          this.parentSub = this.left.parentSub;
        } else if (this.right && this.right.constructor === _Item) {
          this.parent = this.right.parent;
          this.parentSub = this.right.parentSub;
        }
      } else if (this.parent.constructor === ID) {
        const parentItem = getItem(store, this.parent);
        if (parentItem.constructor === GC) {
          this.parent = null;
        } else {
          this.parent = /** @type {ContentType} */
          parentItem.content.type;
        }
      }
      return null;
    }
    /**
     * @param {Transaction} transaction
     * @param {number} offset
     */
    integrate(transaction, offset) {
      if (offset > 0) {
        this.id.clock += offset;
        this.left = getItemCleanEnd(transaction, transaction.doc.store, createID(this.id.client, this.id.clock - 1));
        this.origin = this.left.lastId;
        this.content = this.content.splice(offset);
        this.length -= offset;
      }
      if (this.parent) {
        if (!this.left && (!this.right || this.right.left !== null) || this.left && this.left.right !== this.right) {
          let left = this.left;
          let o;
          if (left !== null) {
            o = left.right;
          } else if (this.parentSub !== null) {
            o = /** @type {AbstractType<any>} */
            this.parent._map.get(this.parentSub) || null;
            while (o !== null && o.left !== null) {
              o = o.left;
            }
          } else {
            o = /** @type {AbstractType<any>} */
            this.parent._start;
          }
          const conflictingItems = /* @__PURE__ */ new Set();
          const itemsBeforeOrigin = /* @__PURE__ */ new Set();
          while (o !== null && o !== this.right) {
            itemsBeforeOrigin.add(o);
            conflictingItems.add(o);
            if (compareIDs(this.origin, o.origin)) {
              if (o.id.client < this.id.client) {
                left = o;
                conflictingItems.clear();
              } else if (compareIDs(this.rightOrigin, o.rightOrigin)) {
                break;
              }
            } else if (o.origin !== null && itemsBeforeOrigin.has(getItem(transaction.doc.store, o.origin))) {
              if (!conflictingItems.has(getItem(transaction.doc.store, o.origin))) {
                left = o;
                conflictingItems.clear();
              }
            } else {
              break;
            }
            o = o.right;
          }
          this.left = left;
        }
        if (this.left !== null) {
          const right = this.left.right;
          this.right = right;
          this.left.right = this;
        } else {
          let r;
          if (this.parentSub !== null) {
            r = /** @type {AbstractType<any>} */
            this.parent._map.get(this.parentSub) || null;
            while (r !== null && r.left !== null) {
              r = r.left;
            }
          } else {
            r = /** @type {AbstractType<any>} */
            this.parent._start;
            this.parent._start = this;
          }
          this.right = r;
        }
        if (this.right !== null) {
          this.right.left = this;
        } else if (this.parentSub !== null) {
          this.parent._map.set(this.parentSub, this);
          if (this.left !== null) {
            this.left.delete(transaction);
          }
        }
        if (this.parentSub === null && this.countable && !this.deleted) {
          this.parent._length += this.length;
        }
        addStruct(transaction.doc.store, this);
        this.content.integrate(transaction, this);
        addChangedTypeToTransaction(
          transaction,
          /** @type {AbstractType<any>} */
          this.parent,
          this.parentSub
        );
        if (
          /** @type {AbstractType<any>} */
          this.parent._item !== null && /** @type {AbstractType<any>} */
          this.parent._item.deleted || this.parentSub !== null && this.right !== null
        ) {
          this.delete(transaction);
        }
      } else {
        new GC(this.id, this.length).integrate(transaction, 0);
      }
    }
    /**
     * Returns the next non-deleted item
     */
    get next() {
      let n = this.right;
      while (n !== null && n.deleted) {
        n = n.right;
      }
      return n;
    }
    /**
     * Returns the previous non-deleted item
     */
    get prev() {
      let n = this.left;
      while (n !== null && n.deleted) {
        n = n.left;
      }
      return n;
    }
    /**
     * Computes the last content address of this Item.
     */
    get lastId() {
      return this.length === 1 ? this.id : createID(this.id.client, this.id.clock + this.length - 1);
    }
    /**
     * Try to merge two items
     *
     * @param {Item} right
     * @return {boolean}
     */
    mergeWith(right) {
      if (this.constructor === right.constructor && compareIDs(right.origin, this.lastId) && this.right === right && compareIDs(this.rightOrigin, right.rightOrigin) && this.id.client === right.id.client && this.id.clock + this.length === right.id.clock && this.deleted === right.deleted && this.redone === null && right.redone === null && this.content.constructor === right.content.constructor && this.content.mergeWith(right.content)) {
        const searchMarker = (
          /** @type {AbstractType<any>} */
          this.parent._searchMarker
        );
        if (searchMarker) {
          searchMarker.forEach((marker) => {
            if (marker.p === right) {
              marker.p = this;
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
        return true;
      }
      return false;
    }
    /**
     * Mark this Item as deleted.
     *
     * @param {Transaction} transaction
     */
    delete(transaction) {
      if (!this.deleted) {
        const parent = (
          /** @type {AbstractType<any>} */
          this.parent
        );
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
    gc(store, parentGCd) {
      if (!this.deleted) {
        throw unexpectedCase();
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
    write(encoder, offset) {
      const origin = offset > 0 ? createID(this.id.client, this.id.clock + offset - 1) : this.origin;
      const rightOrigin = this.rightOrigin;
      const parentSub = this.parentSub;
      const info = this.content.getRef() & BITS5 | (origin === null ? 0 : BIT8) | // origin is defined
      (rightOrigin === null ? 0 : BIT7) | // right origin is defined
      (parentSub === null ? 0 : BIT6);
      encoder.writeInfo(info);
      if (origin !== null) {
        encoder.writeLeftID(origin);
      }
      if (rightOrigin !== null) {
        encoder.writeRightID(rightOrigin);
      }
      if (origin === null && rightOrigin === null) {
        const parent = (
          /** @type {AbstractType<any>} */
          this.parent
        );
        if (parent._item !== void 0) {
          const parentItem = parent._item;
          if (parentItem === null) {
            const ykey = findRootTypeKey(parent);
            encoder.writeParentInfo(true);
            encoder.writeString(ykey);
          } else {
            encoder.writeParentInfo(false);
            encoder.writeLeftID(parentItem.id);
          }
        } else if (parent.constructor === String) {
          encoder.writeParentInfo(true);
          encoder.writeString(parent);
        } else if (parent.constructor === ID) {
          encoder.writeParentInfo(false);
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
  };
  var readItemContent = (decoder, info) => contentRefs[info & BITS5](decoder);
  var contentRefs = [
    () => {
      unexpectedCase();
    },
    // GC is not ItemContent
    readContentDeleted,
    // 1
    readContentJSON,
    // 2
    readContentBinary,
    // 3
    readContentString,
    // 4
    readContentEmbed,
    // 5
    readContentFormat,
    // 6
    readContentType,
    // 7
    readContentAny,
    // 8
    readContentDoc,
    // 9
    () => {
      unexpectedCase();
    }
    // 10 - Skip is not ItemContent
  ];
  var structSkipRefNumber = 10;
  var Skip = class extends AbstractStruct {
    get deleted() {
      return true;
    }
    delete() {
    }
    /**
     * @param {Skip} right
     * @return {boolean}
     */
    mergeWith(right) {
      if (this.constructor !== right.constructor) {
        return false;
      }
      this.length += right.length;
      return true;
    }
    /**
     * @param {Transaction} transaction
     * @param {number} offset
     */
    integrate(transaction, offset) {
      unexpectedCase();
    }
    /**
     * @param {UpdateEncoderV1 | UpdateEncoderV2} encoder
     * @param {number} offset
     */
    write(encoder, offset) {
      encoder.writeInfo(structSkipRefNumber);
      writeVarUint(encoder.restEncoder, this.length - offset);
    }
    /**
     * @param {Transaction} transaction
     * @param {StructStore} store
     * @return {null | number}
     */
    getMissing(transaction, store) {
      return null;
    }
  };
  var glo = (
    /** @type {any} */
    typeof globalThis !== "undefined" ? globalThis : typeof window !== "undefined" ? window : typeof global !== "undefined" ? global : {}
  );
  var importIdentifier = "__ $YJS$ __";
  if (glo[importIdentifier] === true) {
    console.error("Yjs was already imported. This breaks constructor checks and will lead to issues! - https://github.com/yjs/yjs/issues/438");
  }
  glo[importIdentifier] = true;

  // src/binding/diff.ts
  function diff(before, after, caret) {
    if (before === after) return void 0;
    const smallest = between(before, after, Math.min(before.length, after.length));
    if (caret === void 0 || caret > after.length) return smallest;
    const atCaret = between(before, after, after.length - caret);
    return size2(atCaret) <= size2(smallest) ? atCaret : smallest;
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
  function size2(splice) {
    return splice.deleted + splice.inserted.length;
  }
  function splitsPair(text2, at) {
    return isBetween(text2.charCodeAt(at - 1), 55296, 56319) && isBetween(text2.charCodeAt(at), 56320, 57343);
  }
  function isBetween(unit, from2, to) {
    return unit >= from2 && unit <= to;
  }

  // src/edit.ts
  var LocalEdit = class {
    constructor(field, by) {
      this.field = field;
      this.by = by;
    }
    field;
    by;
  };
  var RemoteEdit = class {
    constructor(userId, sessionId, revision) {
      this.userId = userId;
      this.sessionId = sessionId;
      this.revision = revision;
    }
    userId;
    sessionId;
    revision;
  };
  function put(doc, wire, value2) {
    if (isChoice(wire)) {
      choices(doc).set(idOf(wire), value2);
      return;
    }
    const text2 = textOf(doc, wire);
    const splice = diff(text2.toString(), String(value2));
    if (splice === void 0) return;
    if (splice.deleted > 0) text2.delete(splice.start, splice.deleted);
    if (splice.inserted !== "") text2.insert(splice.start, splice.inserted);
  }
  function leftovers(mine, theirs) {
    const fields = /* @__PURE__ */ new Set();
    for (const doc of [mine, theirs]) {
      for (const name of doc.share.keys()) if (name !== "values") fields.add(name);
      for (const id2 of choices(doc).keys()) fields.add(`values/${id2}`);
    }
    return [...fields].flatMap((field) => {
      const leftover = { field, mine: valueIn(mine, field), theirs: valueIn(theirs, field) };
      return JSON.stringify(leftover.mine) === JSON.stringify(leftover.theirs) ? [] : leftover;
    });
  }

  // src/outbox.ts
  var Outbox = class {
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
    /** Adds one edit. */
    add(update, field, since) {
      this.#waiting.push({ update, fields: /* @__PURE__ */ new Set([field]), edits: 1, since });
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
      const all2 = this.#all();
      const edits = Math.max(1, this.edits);
      this.#flying = void 0;
      this.#waiting = [{ ...merge(all2), update, edits }];
    }
    /** Forgets everything. */
    clear() {
      this.#flying = void 0;
      this.#waiting = [];
    }
    #all() {
      return this.#flying === void 0 ? this.#waiting : [this.#flying, ...this.#waiting];
    }
  };
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

  // src/document.ts
  var RETRY_MS = 2e3;
  var REFUSALS_BEFORE_DRAFT = 3;
  var FAILURES_BEFORE_REFUSAL = 5;
  var TRY_AGAIN = /* @__PURE__ */ new Set(["BACKPRESSURE", "RATE_LIMITED", "UNAVAILABLE", "DRAINING", "INTERNAL"]);
  var SharedDocument = class {
    events = new Emitter();
    #options;
    #channel;
    #life = new Lifetime();
    #doc = new Doc();
    #outbox = new Outbox();
    #state = { name: "apart" };
    #asking;
    #mode = "viewer";
    /** The id granted by the last join; undefined before the first and for viewers. */
    #clientId;
    #met = false;
    #revision = 0;
    /** Fields that may not be applied again after the rebuilding that is due; undefined when none is due. */
    #refused;
    #refusedBy = {};
    #refusals = 0;
    #failures = 0;
    #hold = new Timer();
    #rejoin = new Timer();
    #names = /* @__PURE__ */ new WeakMap();
    constructor(channel, options) {
      this.#channel = channel;
      this.#options = options;
      this.#asking = options.mode ?? "editor";
      this.#observe(this.#doc);
      this.#life.add(channel.events.on("state", ({ name }) => name === "open" ? this.#join() : this.#fellApart()));
      this.#life.add(channel.events.on("message", ({ event, fields }) => this.#received(event, fields)));
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
      return this.#outbox;
    }
    /** Reports whether the server said that it can't store now. */
    get held() {
      return this.#hold.running;
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
      if (this.#channel.session !== void 0) this.#joinAgain();
    }
    /** Makes an edit of one field and sends it. Reports false, and does nothing, while the document is not editable. */
    edit(field, by, change) {
      if (!this.editable || this.#clientId === void 0) return false;
      this.#doc.clientID = this.#clientId;
      this.#doc.transact(() => change(this.#doc), new LocalEdit(field, by));
      return true;
    }
    /** Keeps as a draft what could not go into the document at all. */
    keepAsDraft(field, mine, reason) {
      this.events.emit("draft", { field, mine, reason, by: "" });
    }
    /** Asks for what is missing, and calls `done` when it is there. */
    sync(done = () => void 0) {
      this.#channel.request("Y_SYNC", { stateVector: encodeStateVector(this.#doc) }, ({ code, fields }) => {
        if (code === "") applyUpdate(this.#doc, bytes(fields["update"]), new RemoteEdit("", "", this.#revision));
        done();
      });
    }
    /** Leaves the resource. */
    end() {
      if (this.#life.ended) return;
      this.#channel.send("LEAVE_RESOURCE");
      this.#life.end();
      this.#hold.clear();
      this.#rejoin.clear();
      this.#doc.destroy();
      this.events.clear();
    }
    #join() {
      if (this.#state.name === "joining") return;
      const { resourceType } = this.#options;
      const fresh = this.#refused !== void 0;
      const known = fresh || this.#doc.store.clients.size === 0 ? {} : { stateVector: encodeStateVector(this.#doc) };
      this.#enter({ name: "joining" });
      this.#channel.request("JOIN_RESOURCE", { resourceType, mode: this.#asking, ...known }, (answer2) => {
        if (this.#life.ended) return;
        if (answer2.code === "") this.#joined(resourceState(answer2.fields), fresh);
        else this.#notJoined(answer2);
      });
    }
    #joined(state, fresh) {
      this.#mode = state.mode;
      this.#clientId = state.clientId;
      this.#revision = state.revision;
      const rest = fresh ? this.#rebuild(state) : this.#catchUp(state);
      this.#met = true;
      this.#enter({ name: "joined" });
      this.events.emit("joined", state);
      if (fresh) this.#settle(rest);
      else if (state.mode === "viewer" && this.#outbox.edits > 0) this.#refuse("all", { reason: "viewer" });
      this.#flush();
    }
    #catchUp(state) {
      if (state.clientId !== void 0) this.#doc.clientID = state.clientId;
      applyUpdate(this.#doc, state.state, new RemoteEdit("", "", state.revision));
      if (this.#outbox.edits > 0 && state.stateVector.length > 0) {
        this.#outbox.replace(encodeStateAsUpdate(this.#doc, state.stateVector));
        this.#changedOutbox();
      }
      return [];
    }
    /** Starts again from the server's document. Returns what the old one had besides, refused or not yet sent. */
    #rebuild(state) {
      const old = this.#doc;
      const fresh = new Doc();
      if (state.clientId !== void 0) fresh.clientID = state.clientId;
      applyUpdate(fresh, state.state);
      this.#doc = fresh;
      applyUpdate(old, state.state);
      const rest = leftovers(old, fresh);
      old.destroy();
      this.#outbox.clear();
      this.#observe(fresh);
      this.events.emit("replaced", fresh);
      this.#changedOutbox();
      return rest;
    }
    /** Keeps as drafts what may not be applied again, and applies the rest. */
    #settle(rest) {
      const refused = this.#mode === "viewer" ? "all" : this.#refused;
      const why = this.#refusedBy;
      this.#refused = void 0;
      this.#refusedBy = {};
      const isRefused = ({ field }) => refused === "all" || refused?.has(field) === true;
      for (const { field, mine } of rest.filter(isRefused)) {
        const reason = text(why["reason"]) || text(why["code"]);
        this.events.emit("draft", { field, mine, reason, by: text(why["lockedBy"]) });
      }
      for (const { field, mine } of rest) {
        if (mine !== void 0 && !isRefused({ field, mine, theirs: void 0 })) {
          this.edit(field, void 0, (doc) => put(doc, field, mine));
        }
      }
    }
    #notJoined({ code, fields }) {
      this.#enter({ name: "apart" });
      if (code === LOST) return;
      if (TRY_AGAIN.has(code)) return this.#rejoin.set(number(fields["retryAfterMs"]) || RETRY_MS, () => this.#join());
      if (code === "PERMISSION_DENIED" && this.#asking === "editor" && this.#options.mode === void 0) {
        this.#asking = "viewer";
        return this.#join();
      }
      this.#enter({ name: "refused", code });
    }
    #fellApart() {
      this.#hold.clear();
      this.#rejoin.clear();
      this.#outbox.giveBack();
      if (this.#state.name !== "apart") this.#enter({ name: "apart" });
    }
    #received(event, fields) {
      if (event === "Y_UPDATE") this.#apply(fields);
      if (event === "PERMISSION_DENIED") this.#joinAgain();
    }
    #apply(fields) {
      const revision = number(fields["revision"]);
      this.#revision = Math.max(this.#revision, revision);
      const origin = new RemoteEdit(text(fields["userId"]), text(fields["sessionId"]), revision);
      applyUpdate(this.#doc, bytes(fields["update"]), origin);
      const { pendingStructs, pendingDs } = this.#doc.store;
      if (pendingStructs !== null || pendingDs !== null) this.sync();
    }
    #flush() {
      if (this.#state.name !== "joined" || this.#hold.running || this.#refused !== void 0) return;
      const batch = this.#outbox.take();
      if (batch === void 0) return;
      this.#channel.request("Y_UPDATE", { update: batch.update }, (answer2) => {
        if (this.#outbox.flying !== batch) return;
        if (answer2.code === "") this.#saved(batch, number(answer2.fields["revision"]));
        else this.#notSaved(answer2);
      });
    }
    #saved({ fields, edits, since }, revision) {
      this.#outbox.acknowledge();
      this.#refusals = 0;
      this.#failures = 0;
      this.#revision = Math.max(this.#revision, revision);
      this.events.emit("saved", { fields: [...fields], edits, revision, since, ms: performance.now() - since });
      this.#changedOutbox();
      this.#flush();
    }
    #notSaved({ code, fields }) {
      if (code === "UPDATE_REJECTED") return this.#refuse(list(fields["fields"]).map(text), fields);
      if (code === "FOREIGN_CLIENT" || code === "RESYNC_REQUIRED") return this.#refuse([], fields);
      if (code === "MISSING_DEPENDENCY") return this.#sendMore(fields);
      this.#outbox.giveBack();
      if (code === LOST) return;
      if (code === "NOT_JOINED") return this.#joinAgain();
      const failed = code === "INTERNAL" && ++this.#failures >= FAILURES_BEFORE_REFUSAL;
      if (failed || !TRY_AGAIN.has(code)) return this.#refuse("all", fields);
      this.#hold.set(number(fields["retryAfterMs"]) || RETRY_MS, () => {
        this.#changedOutbox();
        this.#flush();
      });
      this.#changedOutbox();
    }
    /** The server lacks what the batch builds on: sends everything that it lacks, once; then the document starts anew. */
    #sendMore(fields) {
      const has = bytes(fields["stateVector"]);
      if (has.length === 0 || ++this.#failures > 1) return this.#refuse([], fields);
      this.#outbox.replace(encodeStateAsUpdate(this.#doc, has));
      this.#flush();
    }
    /** Begins the rebuilding that D2c asks for; `fields` will not be applied again but kept as drafts. */
    #refuse(fields, why) {
      this.#refusals++;
      this.#outbox.giveBack();
      const all2 = fields === "all" || this.#refused === "all" || this.#refusals >= REFUSALS_BEFORE_DRAFT;
      this.#refused = all2 ? "all" : /* @__PURE__ */ new Set([...this.#refused ?? [], ...fields]);
      if (fields === "all" || fields.length > 0) this.#refusedBy = why;
      this.#joinAgain();
    }
    #joinAgain() {
      if (this.#state.name === "joining") return;
      this.#enter({ name: "apart" });
      this.#join();
    }
    #observe(doc) {
      doc.on("update", (update, origin) => {
        if (!(origin instanceof LocalEdit)) return;
        this.#outbox.add(update, origin.field, performance.now());
        this.#changedOutbox();
        this.#flush();
      });
      doc.on("afterTransactionCleanup", (transaction) => {
        if (doc !== this.#doc || !(transaction.origin instanceof RemoteEdit)) return;
        if (this.#clientId !== void 0 && doc.clientID !== this.#clientId) this.#refuse([], {});
        const fields = this.#touched(transaction);
        const { userId, sessionId, revision } = transaction.origin;
        if (fields.length > 0) this.events.emit("arrived", { fields, userId, sessionId, revision });
      });
    }
    #touched(transaction) {
      return [...transaction.changed].flatMap(([type, keys2]) => {
        const name = this.#nameOf(type);
        if (name !== "values") return name === void 0 ? [] : name;
        return [...keys2].flatMap((key) => key === null ? [] : `values/${key}`);
      });
    }
    #nameOf(type) {
      if (!this.#names.has(type)) for (const [name, root] of this.#doc.share) this.#names.set(root, name);
      return this.#names.get(type);
    }
    #changedOutbox() {
      this.events.emit("outbox", { edits: this.#outbox.edits });
    }
    #enter(state) {
      this.#state = state;
      this.events.emit("state", state);
    }
  };

  // src/records.ts
  var Records = class {
    events = new Emitter();
    #connection;
    #options;
    #entries = /* @__PURE__ */ new Map();
    #drafts = /* @__PURE__ */ new Map();
    #soon = new Timer();
    constructor(connection, options) {
      this.#connection = connection;
      this.#options = options;
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
      const document2 = new SharedDocument(channel, this.#options);
      const entry = { channel, document: document2, leaving: void 0 };
      this.#entries.set(resourceId, entry);
      document2.events.on("draft", (draft) => {
        this.drafts(resourceId).set(draft.field, draft);
        this.events.emit("draft", { resourceId, draft });
      });
      document2.events.on("outbox", () => entry.leaving && this.#look());
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
    /** Number of edits, of records whose page was left, that the server has not acknowledged. */
    get edits() {
      return this.#left().reduce((sum, { document: document2 }) => sum + document2.outbox.edits, 0);
    }
    /** When the oldest of them was made, by `performance.now()`; undefined when there is none. */
    get since() {
      const times = this.#left().flatMap(({ document: document2 }) => document2.outbox.since ?? []);
      return times.length === 0 ? void 0 : Math.min(...times);
    }
    /** Gives up all of them, saved or not. */
    end() {
      this.#soon.clear();
      for (const entry of this.#left()) this.#giveUp(entry);
      this.events.clear();
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
  };

  // src/status.ts
  function statusOf(parts) {
    const { connection, document: document2 } = parts;
    const waiting = parts.edits + parts.loose;
    const refused = document2.name === "refused" ? document2.code : void 0;
    return {
      connection: connectionOf(parts),
      save: waiting === 0 ? "server" : parts.loose === 0 && parts.stored ? "here" : "unsaved",
      waiting,
      mode: parts.met ? parts.mode : void 0,
      revision: parts.revision,
      reason: connection.name === "refused" ? connection.reason : refused,
      retryAt: connection.name === "waiting" ? connection.until : void 0
    };
  }
  function connectionOf({ connection, everOpen, document: document2 }) {
    switch (connection.name) {
      case "open":
        return document2.name === "refused" ? "refused" : document2.name === "joined" ? "connected" : "connecting";
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

  // src/bound.ts
  var BoundField = class {
    id;
    kind;
    /** Name on the wire: of the lock, the seed, the root or entry. */
    wire;
    label;
    binding;
    /**
     * What the field shows may be another record's, which the page showed before: it fills nothing (see Carried).
     */
    carried = false;
    #base;
    #live = false;
    constructor(id2, kind, label, binding) {
      this.id = id2;
      this.kind = kind;
      this.wire = wireName(id2, kind);
      this.label = label;
      this.binding = binding;
      this.#base = binding.read() ?? "";
    }
    /** What the page had when the field was found. */
    get base() {
      return this.#base;
    }
    /** Reports whether the field is bound to the document. */
    get live() {
      return this.#live;
    }
    /** Takes in one more radio button. One that comes chosen is what the page had. */
    add(element2) {
      this.binding.add(element2);
      if (!this.#live && element2.checked) this.#base = element2.value;
    }
    /** Reports whether something was typed that is in no document yet. */
    get waitsWithText() {
      if (this.#live) return false;
      const value2 = this.binding.read();
      return value2 !== void 0 && !same(value2, this.base);
    }
    /** Binds the field if the time has come. Reports whether the server should fill it from the page first (`SEED`). */
    consider(document2) {
      if (this.#live || !document2.met) return false;
      if (!written(document2.doc, this.wire)) {
        if (document2.mode === "viewer" || this.carried) return false;
        if (!blank(this.base)) return true;
      }
      this.#live = true;
      this.binding.attach(document2.doc, this.base);
      return false;
    }
    /** Goes on with another document, which was built in the place of the first. */
    rebind(document2) {
      if (this.#live) this.binding.attach(document2.doc, this.base);
    }
  };

  // src/binding/native.ts
  function setNative(element2, property, value2) {
    for (let at = Object.getPrototypeOf(element2); at !== null; at = Object.getPrototypeOf(at)) {
      const setter = Object.getOwnPropertyDescriptor(at, property)?.set;
      if (setter !== void 0) return setter.call(element2, value2);
    }
    Reflect.set(element2, property, value2);
  }
  function announce(element2) {
    const view = element2.ownerDocument.defaultView ?? globalThis;
    element2.dispatchEvent(new view.Event("input", { bubbles: true, composed: true }));
    element2.dispatchEvent(new view.Event("change", { bubbles: true }));
  }
  function setChecked(element2, checked) {
    if (element2.checked === checked) return;
    if ("_valueTracker" in element2 && !element2.disabled) return element2.click();
    setNative(element2, "checked", checked);
    announce(element2);
  }
  function hasFocus(element2) {
    return element2.getRootNode().activeElement === element2;
  }
  function borrowAttribute(element2, name, value2) {
    const before = element2.getAttribute(name);
    element2.setAttribute(name, value2);
    return () => {
      if (element2.getAttribute(name) !== value2) return;
      if (before === null) element2.removeAttribute(name);
      else element2.setAttribute(name, before);
    };
  }

  // src/binding/choice.ts
  var selectControl = {
    read([element2]) {
      const select = element2;
      return select.multiple ? [...select.selectedOptions].map((option) => option.value) : select.value;
    },
    write([element2], value2) {
      const select = element2;
      const wanted = Array.isArray(value2) ? value2 : [String(value2)];
      const options = [...select.options];
      if (!wanted.every((one) => options.some((option) => option.value === one))) return false;
      if (select.multiple) for (const option of options) option.selected = wanted.includes(option.value);
      else setNative(select, "value", wanted[0] ?? "");
      announce(select);
      return true;
    }
  };
  var checkboxControl = {
    read: ([element2]) => element2.checked,
    write([element2], value2) {
      setChecked(element2, value2 === true);
      return true;
    }
  };
  var radioControl = {
    read: (elements) => elements.find((button2) => button2.checked)?.value ?? "",
    write(elements, value2) {
      const buttons = elements;
      const chosen = buttons.find((button2) => button2.value === value2);
      if (chosen === void 0 && value2 !== "") return false;
      if (chosen !== void 0) setChecked(chosen, true);
      else for (const button2 of buttons) setChecked(button2, false);
      return true;
    }
  };
  var ChoiceBinding = class {
    #control;
    #wire;
    #editor;
    #elements = [];
    #listening = /* @__PURE__ */ new Map();
    #readOnly;
    #map;
    #doc;
    #unobserve;
    #agreed;
    #writing = false;
    constructor(control, element2, wire, editor) {
      this.#control = control;
      this.#wire = wire;
      this.#editor = editor;
      this.add(element2);
    }
    get elements() {
      return this.#elements;
    }
    read() {
      return this.#elements.length === 0 ? void 0 : this.#control.read(this.#elements);
    }
    attach(doc, base) {
      this.#unobserve?.();
      if (this.#map === void 0) this.#agreed = base;
      const map = choices(doc);
      const observe = (event) => {
        const own = event.transaction.origin instanceof LocalEdit && event.transaction.origin.by === this;
        if (!own && event.keysChanged.has(idOf(this.#wire))) this.#show();
      };
      map.observe(observe);
      this.#unobserve = () => map.unobserve(observe);
      this.#map = map;
      this.#doc = doc;
      if (same(this.read(), this.#agreed)) this.#show();
      else this.#changed();
    }
    detach() {
      this.#unobserve?.();
      this.#unobserve = void 0;
      this.#map = void 0;
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
      for (const element2 of this.#elements) hold(element2, this.#readOnly);
    }
    add(element2) {
      this.#elements.push(element2);
      const life = new Lifetime();
      this.#listening.set(element2, life);
      for (const type of ["input", "change"]) life.listen(element2, type, () => this.#changed(), { capture: true });
      if (this.#readOnly !== void 0) hold(element2, this.#readOnly);
      if (this.#map !== void 0) this.#show();
    }
    remove(element2) {
      this.#listening.get(element2)?.end();
      this.#listening.delete(element2);
      this.#elements = this.#elements.filter((one) => one !== element2);
      return this.#elements.length > 0;
    }
    #changed() {
      if (this.#map === void 0 || this.#writing) return;
      if (this.#readOnly !== void 0) return this.#show();
      const value2 = this.read();
      if (value2 === void 0 || same(value2, this.#agreed)) return;
      const edited = this.#editor.edit(this.#wire, this, (doc) => choices(doc).set(idOf(this.#wire), value2));
      if (edited) this.#agreed = value2;
      else this.#show();
    }
    #show() {
      const value2 = this.#doc === void 0 ? void 0 : valueIn(this.#doc, this.#wire);
      if (value2 === void 0 || same(value2, this.read())) {
        this.#agreed = this.read();
        return;
      }
      this.#writing = true;
      this.#control.write(this.#elements, value2);
      this.#writing = false;
      this.#agreed = this.read();
    }
  };
  function hold(element2, life) {
    life.add(borrowAttribute(element2, "aria-readonly", "true"));
    const refuse = (event) => event.preventDefault();
    life.listen(element2, "click", (event) => event.isTrusted && refuse(event), { capture: true });
    if (element2.localName !== "select") return;
    life.listen(element2, "mousedown", (event) => (refuse(event), element2.focus()), { capture: true });
    life.listen(element2, "keydown", (event) => /^(Tab|Escape)$/.test(event.key) || refuse(event), {
      capture: true
    });
  }

  // src/binding/editable.ts
  var BLOCKS = /* @__PURE__ */ new Set(["DIV", "P", "LI"]);
  var EditableControl = class {
    element;
    #readOnly;
    constructor(element2) {
      this.element = element2;
    }
    read() {
      return pieces(this.element).map((piece) => piece.text).join("");
    }
    selection() {
      const root = this.element.getRootNode();
      const selection = root.getSelection?.() ?? this.element.ownerDocument.getSelection();
      if (!hasFocus(this.element) || selection === null || selection.rangeCount === 0) return void 0;
      const range = selection.getRangeAt(0);
      if (!this.element.contains(range.startContainer) || !this.element.contains(range.endContainer)) return void 0;
      const start = this.#offsetOf(range.startContainer, range.startOffset);
      const end = this.#offsetOf(range.endContainer, range.endOffset);
      return { start, end };
    }
    write(text2, selection) {
      const { scrollTop, scrollLeft } = this.element;
      this.#fill(text2);
      if (selection !== void 0) this.#select(selection);
      this.element.scrollTop = scrollTop;
      this.element.scrollLeft = scrollLeft;
      announce(this.element);
    }
    setReadOnly(readOnly) {
      if (readOnly === (this.#readOnly !== void 0)) return;
      this.#readOnly?.end();
      this.#readOnly = void 0;
      if (!readOnly) return;
      this.#readOnly = new Lifetime();
      this.#readOnly.add(borrowAttribute(this.element, "aria-readonly", "true"));
      for (const type of ["beforeinput", "drop", "paste", "cut"]) {
        this.#readOnly.listen(this.element, type, (event) => event.preventDefault(), { capture: true });
      }
    }
    /** Where white space is kept, a line break is a character of the text; elsewhere it needs an element. */
    #fill(text2) {
      const document2 = this.element.ownerDocument;
      const whiteSpace = document2.defaultView?.getComputedStyle(this.element).whiteSpace ?? "";
      if (/^(pre|pre-wrap|pre-line|break-spaces)/.test(whiteSpace)) {
        this.element.textContent = text2;
        if (text2.endsWith("\n")) this.element.append(document2.createElement("br"));
        return;
      }
      const lines = text2.split("\n").flatMap((line, index) => {
        const node = line === "" ? [] : [document2.createTextNode(line)];
        return index === 0 ? node : [document2.createElement("br"), ...node];
      });
      if (text2.endsWith("\n")) lines.push(document2.createElement("br"));
      this.element.replaceChildren(...lines);
    }
    #offsetOf(container, offset) {
      let before = 0;
      for (const piece of pieces(this.element)) {
        if (piece.node === container) return before + (piece.break ? 0 : Math.min(offset, piece.text.length));
        const at = container.childNodes[offset];
        if (at !== void 0 && (at === piece.node || at.contains(piece.node))) return before;
        before += piece.text.length;
      }
      return before;
    }
    #select({ start, end }) {
      const document2 = this.element.ownerDocument;
      const range = document2.createRange();
      const [from2, to] = [this.#pointAt(start), this.#pointAt(end)];
      range.setStart(from2.node, from2.offset);
      range.setEnd(to.node, to.offset);
      const selection = document2.getSelection();
      selection?.removeAllRanges();
      selection?.addRange(range);
    }
    #pointAt(position) {
      let before = 0;
      for (const piece of pieces(this.element)) {
        const length2 = piece.text.length;
        if (!piece.break && position <= before + length2) return { node: piece.node, offset: position - before };
        if (piece.break && position <= before) {
          const parent = piece.node.parentNode ?? this.element;
          return { node: parent, offset: [...parent.childNodes].indexOf(piece.node) };
        }
        before += length2;
      }
      return { node: this.element, offset: this.element.childNodes.length };
    }
  };
  function pieces(element2) {
    const found = [];
    const walk = (parent) => {
      for (const node of parent.childNodes) {
        if (node.nodeType === 3) found.push({ node, text: node.data, break: false });
        else if (node.nodeName === "BR") found.push({ node, text: "\n", break: true });
        else {
          if (BLOCKS.has(node.nodeName) && found.length > 0 && !found.at(-1)?.break) {
            found.push({ node, text: "\n", break: true });
          }
          walk(node);
        }
      }
    };
    walk(element2);
    const last = found.at(-1);
    if (last?.node.nodeName === "BR") found.splice(-1, 1, { ...last, text: "" });
    return found;
  }

  // src/binding/input.ts
  var InputControl = class {
    element;
    #giveBack;
    constructor(element2) {
      this.element = element2;
    }
    read() {
      const { value: value2, validity } = this.element;
      return value2 === "" && validity?.badInput ? void 0 : value2;
    }
    selection() {
      const { selectionStart, selectionEnd, selectionDirection } = this.element;
      if (!hasFocus(this.element) || selectionStart === null || selectionEnd === null) return void 0;
      return { start: selectionStart, end: selectionEnd, direction: selectionDirection ?? "none" };
    }
    write(text2, selection) {
      const { scrollTop, scrollLeft } = this.element;
      setNative(this.element, "value", text2);
      if (selection !== void 0) this.element.setSelectionRange(selection.start, selection.end, selection.direction);
      this.element.scrollTop = scrollTop;
      this.element.scrollLeft = scrollLeft;
      announce(this.element);
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
  };

  // src/binding/caret.ts
  function mapThrough(position, delta) {
    let before = 0;
    let moved = position;
    for (const { retain, insert, delete: deleted } of delta) {
      if (before > position) break;
      if (retain !== void 0) before += retain;
      else if (deleted !== void 0) {
        moved -= Math.max(0, Math.min(deleted, position - before));
        before += deleted;
      } else if (before < position) moved += lengthOf(insert);
    }
    return moved;
  }
  function isDeleted2(position, delta) {
    let before = 0;
    for (const { retain, delete: deleted } of delta) {
      if (before > position) break;
      if (deleted !== void 0 && position >= before && position < before + deleted) return true;
      before += retain ?? deleted ?? 0;
    }
    return false;
  }
  function rebase(splice, deltas) {
    if (deltas.length === 0) return [splice];
    const after = [];
    for (let unit = splice.start + splice.deleted - 1; unit >= splice.start; unit--) {
      const start2 = mapUnit(unit, deltas);
      const last = after.at(-1);
      if (start2 === void 0) continue;
      if (last !== void 0 && last.start === start2 + 1) after.splice(-1, 1, { ...last, start: start2, deleted: last.deleted + 1 });
      else after.push({ start: start2, deleted: 1, inserted: "" });
    }
    const start = deltas.reduce((position, delta) => mapThrough(position, delta), splice.start);
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
      if (isDeleted2(at, delta)) return void 0;
      at = mapThrough(at + 1, delta) - 1;
    }
    return at;
  }
  function lengthOf(insert) {
    return typeof insert === "string" ? insert.length : insert === void 0 ? 0 : 1;
  }

  // src/binding/composition.ts
  var LOST_AFTER_MS = 4e3;
  var Composition = class {
    #composing = false;
    #life = new Lifetime();
    #timer = new Timer();
    #ended;
    constructor(element2, ended) {
      this.#ended = ended;
      for (const type of ["compositionstart", "compositionupdate"]) {
        this.#life.listen(element2, type, () => this.#goesOn(), { capture: true });
      }
      for (const type of ["compositionend", "blur"]) this.#life.listen(element2, type, () => this.#end(), { capture: true });
      this.#life.listen(element2, "keydown", (event) => event.isComposing || this.#end(), { capture: true });
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
  };

  // src/binding/text.ts
  var TextBinding = class {
    #control;
    #wire;
    #editor;
    #composition;
    #life = new Lifetime();
    #again = new Timer();
    #text;
    #unobserve;
    #agreed = "";
    /** What the control made of `#agreed`: a number field shows no letters. */
    #shown;
    #deltas = [];
    #settling = false;
    constructor(control, wire, editor) {
      this.#control = control;
      this.#wire = wire;
      this.#editor = editor;
      this.#composition = new Composition(control.element, () => this.#settle());
      for (const type of ["input", "change", "blur"]) {
        this.#life.listen(control.element, type, () => this.#mayHaveChanged(), { capture: true });
      }
    }
    get elements() {
      return [this.#control.element];
    }
    read() {
      return this.#control.read();
    }
    attach(doc, base) {
      const before = this.#text === void 0 ? String(base) : this.#agreed;
      if (this.#text === void 0) this.#shown = String(base);
      this.#unobserve?.();
      const text2 = textOf(doc, this.#wire);
      const observe = (event) => this.#remote(event);
      text2.observe(observe);
      this.#unobserve = () => text2.unobserve(observe);
      this.#text = text2;
      this.#agreed = before;
      const away = diff(before, text2.toString());
      this.#deltas = away === void 0 ? [] : [asDelta(away)];
      this.#settle();
    }
    detach() {
      this.#composition.end();
      this.#unobserve?.();
      this.#unobserve = void 0;
      this.#text = void 0;
      this.#again.clear();
      this.#life.end();
      this.#control.setReadOnly(false);
    }
    setReadOnly(readOnly) {
      this.#control.setReadOnly(readOnly);
    }
    add() {
    }
    remove() {
      return false;
    }
    #mayHaveChanged() {
      if (this.#settling) return;
      this.#settle();
      if (this.#text !== void 0) this.#again.set(0, () => this.#settle());
    }
    #remote(event) {
      if (event.transaction.origin instanceof LocalEdit && event.transaction.origin.by === this) return;
      this.#deltas.push(event.delta);
      this.#settle();
    }
    #settle() {
      if (this.#text === void 0 || this.#settling || this.#composition.composing) return;
      const value2 = this.#control.read();
      if (value2 === void 0) return;
      this.#settling = true;
      const selection = this.#control.selection();
      const splice = value2 === this.#shown ? void 0 : diff(this.#agreed, value2, selection?.end);
      const deltas = this.#deltas;
      this.#deltas = [];
      if (splice !== void 0) this.#put(this.#text, rebase(splice, deltas));
      this.#agreed = this.#text.toString();
      if (this.#agreed !== value2 && (value2 !== this.#shown || deltas.length > 0)) {
        this.#control.write(
          this.#agreed,
          selection && {
            ...selection,
            start: mapCaret(selection.start, splice, deltas),
            end: mapCaret(selection.end, splice, deltas)
          }
        );
      }
      this.#shown = this.#control.read();
      this.#settling = false;
      if (this.#deltas.length > 0) this.#settle();
    }
    #put(text2, splices) {
      this.#editor.edit(this.#wire, this, () => {
        for (const { start, deleted, inserted } of splices) {
          if (deleted > 0) text2.delete(start, deleted);
          if (inserted !== "") text2.insert(start, inserted);
        }
      });
    }
  };
  function asDelta({ start, deleted, inserted }) {
    return [
      ...start > 0 ? [{ retain: start }] : [],
      ...inserted === "" ? [] : [{ insert: inserted }],
      ...deleted > 0 ? [{ delete: deleted }] : []
    ];
  }

  // src/discovery/generated.ts
  var FORMS = [
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

  // src/discovery/hash.ts
  function hash(text2) {
    let a = 3735928559;
    let b = 1103547991;
    for (let i = 0; i < text2.length; i++) {
      const unit = text2.charCodeAt(i);
      a = Math.imul(a ^ unit, 2654435761);
      b = Math.imul(b ^ unit, 1597334677);
    }
    a = Math.imul(a ^ a >>> 16, 2246822507) ^ Math.imul(b ^ b >>> 13, 3266489909);
    b = Math.imul(b ^ b >>> 16, 2246822507) ^ Math.imul(a ^ a >>> 13, 3266489909);
    return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
  }

  // src/discovery/place.ts
  var DISCONNECTED = 1;
  var FOLLOWING = 4;
  var frames = /* @__PURE__ */ new WeakMap();
  function placeIn(frame, document2) {
    frames.set(document2, frame);
  }
  function hostOf(root) {
    return "host" in root ? root.host : frames.get(root);
  }
  function parentOf(element2) {
    const { assignedSlot, parentNode } = element2;
    if (assignedSlot !== null && assignedSlot !== void 0) return assignedSlot;
    if (parentNode === null) return void 0;
    return parentNode.nodeType === 1 ? parentNode : hostOf(parentNode);
  }
  function isUnder(element2, attribute) {
    for (let at = element2; at !== void 0; at = parentOf(at)) if (at.hasAttribute(attribute)) return true;
    return false;
  }
  function isShown(element2) {
    for (let at = element2; at !== void 0; ) {
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
  function focusedIn(document2) {
    let focused = document2.activeElement;
    for (let inner = focused; inner; inner = inner.shadowRoot?.activeElement ?? documentIn(inner)?.activeElement ?? null) focused = inner;
    return focused;
  }
  function documentIn(element2) {
    if (element2.localName !== "iframe" && element2.localName !== "frame") return void 0;
    return element2.contentDocument ?? void 0;
  }
  function wayTo(element2) {
    const way = [];
    for (let at = element2; at !== void 0; at = hostOf(at.getRootNode())) way.unshift(at);
    return way;
  }

  // src/discovery/identity.ts
  var LONGEST = 80;
  var Identity = class {
    /** What has an id, by the id without index, in the order of the page. */
    #taken = /* @__PURE__ */ new Map();
    #bases = /* @__PURE__ */ new Map();
    /** Returns the ids of elements that came together; in which order they are given makes no difference. */
    name(elements) {
      const groups = /* @__PURE__ */ new Map();
      for (const element2 of elements) {
        const base = baseId(element2);
        const group = groups.get(base);
        if (group === void 0) groups.set(base, [element2]);
        else group.push(element2);
      }
      const ids = /* @__PURE__ */ new Map();
      for (const [base, group] of groups) {
        if (group.length > 1) group.sort(inPageOrder);
        for (const element2 of group) ids.set(element2, this.#take(base, element2));
      }
      return ids;
    }
    /** Frees an id. */
    release(id2) {
      const base = this.#bases.get(id2);
      if (base === void 0) return;
      this.#bases.delete(id2);
      const left = (this.#taken.get(base) ?? []).filter(({ index }) => indexed(base, index) !== id2);
      if (left.length > 0) this.#taken.set(base, left);
      else this.#taken.delete(base);
    }
    /** Takes the first index that is free after the one before on the page; where none fits between, one after all. */
    #take(base, element2) {
      const taken = this.#taken.get(base) ?? [];
      let place2 = taken.length;
      while (place2 > 0 && inPageOrder(taken[place2 - 1]?.element, element2) > 0) place2--;
      let index = (taken[place2 - 1]?.index ?? 0) + 1;
      if (index >= (taken[place2]?.index ?? Infinity)) index = Math.max(...taken.map((one) => one.index)) + 1;
      taken.splice(place2, 0, { element: element2, index });
      this.#taken.set(base, taken);
      const id2 = indexed(base, index);
      this.#bases.set(id2, base);
      return id2;
    }
  };
  function indexed(base, index) {
    return index === 1 && !/~\d+$/.test(base) ? base : `${base}~${index}`;
  }
  function groupOf(element2) {
    const { type, name, form } = element2;
    return type === "radio" && name ? { owner: form ?? element2.getRootNode(), name } : void 0;
  }
  function baseId(element2) {
    const own = ownName(element2) ?? placeholderOf(element2);
    const id2 = own ?? `position-${path(element2)}`;
    return shorten(id2 + scopeOf(element2));
  }
  function ownName(element2) {
    const id2 = stable(element2.getAttribute("id"));
    const name = stable(element2.getAttribute("name")) ?? stable(element2.getAttribute("formcontrolname"));
    const asGroup = name !== void 0 && groupOf(element2) !== void 0;
    if (id2 !== void 0 && !asGroup) return `id-${id2}`;
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
  function placeholderOf(element2) {
    const placeholder = element2.getAttribute("placeholder") ?? element2.getAttribute("aria-placeholder");
    return placeholder ? `placeholder-${hash(placeholder.trim())}` : void 0;
  }
  function path(element2) {
    const steps = [];
    for (let at = element2; at !== null; at = at.parentElement) {
      const id2 = at === element2 ? void 0 : stable(at.getAttribute("id"));
      if (id2 !== void 0) {
        steps.unshift(`#${id2}`);
        break;
      }
      steps.unshift(`${at.localName}${place(at)}`);
    }
    return steps.join("/");
  }
  function place(element2) {
    let number2 = 1;
    for (let at = element2.previousElementSibling; at !== null; at = at.previousElementSibling) {
      if (at.localName === element2.localName) number2++;
    }
    return number2;
  }
  function shorten(id2) {
    const printable = id2.replace(/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/gu, "_");
    return printable.length <= LONGEST ? printable : `${printable.slice(0, LONGEST - 14)}-${hash(id2)}`;
  }

  // src/discovery/groups.ts
  var Groups = class {
    #owners = /* @__PURE__ */ new WeakMap();
    #count = 0;
    #fields = /* @__PURE__ */ new Map();
    /** Sorts what has come into groups, each in the order of the page. */
    of(come) {
      const groups = /* @__PURE__ */ new Map();
      for (const { element: element2, kind } of come) {
        const key = kind === "radio" ? this.#keyOf(element2) : void 0;
        if (key !== void 0) groups.set(key, [...groups.get(key) ?? [], element2]);
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
    #keyOf(element2) {
      const group = groupOf(element2);
      if (group === void 0) return void 0;
      const owner = this.#owners.get(group.owner) ?? ++this.#count;
      this.#owners.set(group.owner, owner);
      return `${owner} ${group.name}`;
    }
  };

  // src/discovery/label.ts
  var LONGEST2 = 60;
  function labelOf(element2) {
    const labels = element2.labels;
    const candidates = [
      element2.getAttribute("aria-label"),
      labelledBy(element2),
      ...[...labels ?? []].map((label) => label.textContent),
      element2.closest("fieldset")?.querySelector("legend")?.textContent,
      element2.getAttribute("placeholder"),
      element2.getAttribute("title"),
      element2.getAttribute("name"),
      element2.id
    ];
    const found = candidates.map((text2) => (text2 ?? "").replace(/\s+/g, " ").trim()).find((text2) => text2 !== "");
    if (found === void 0) return element2.localName;
    return found.length <= LONGEST2 ? found : `${found.slice(0, LONGEST2 - 1)}…`;
  }
  function labelledBy(element2) {
    const root = element2.getRootNode();
    const ids = (element2.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter((id2) => id2 !== "");
    return ids.map((id2) => root.querySelector(`[id="${CSS.escape(id2)}"]`)?.textContent ?? "").join(" ");
  }

  // src/discovery/exclusions.ts
  var TEXT_TYPES = /* @__PURE__ */ new Set([
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
  var BOX_TYPES = /* @__PURE__ */ new Set(["checkbox", "radio"]);
  var SECRET_TOKENS = /^(?:.*-password|one-time-code|cc-.*)$/;
  var RICH_EDITORS = ".ProseMirror,.ql-editor,.ck-content,.cke_editable,.mce-content-body,.public-DraftEditor-content,[data-slate-editor],[data-lexical-editor],.cm-content,.trix-content,.CodeMirror,.monaco-editor,.ace_editor,.xterm";
  var EDITABLE = '[contenteditable]:not([contenteditable="false" i])';
  var Exclusions = class {
    #secret = /* @__PURE__ */ new WeakSet();
    #secretNames = /* @__PURE__ */ new Set();
    /** Reports whether the element may be a field. Text that is plain stays so, whatever the browser makes of its lines. */
    allows(element2, isPlain = false) {
      if (this.#isSecret(element2) || isUnder(element2, "data-collab-ignore") || isPartOfEditor(element2)) return false;
      switch (element2.localName) {
        case "input":
          return TEXT_TYPES.has(typeOf(element2)) || BOX_TYPES.has(typeOf(element2));
        case "textarea":
        case "select":
          return true;
        default:
          return isEditable(element2) && (isPlain || hasPlainText(element2));
      }
    }
    /**
     * Remembers a field that holds a secret now; to be told of every element seen and of every change of a type. `at` is where
     * on the page it is, or was.
     */
    note(element2, formerType, at = element2) {
      const wasSecret = formerType?.toLowerCase() === "password";
      if (wasSecret || element2.localName === "input" && typeOf(element2) === "password") this.#remember(element2, at);
    }
    #remember(element2, at) {
      this.#secret.add(element2);
      for (const name of namesOf(element2, at)) this.#secretNames.add(name);
    }
    #isSecret(element2) {
      this.note(element2);
      if (this.#secret.has(element2)) return true;
      if (this.#secretNames.size > 0 && namesOf(element2, element2).some((name) => this.#secretNames.has(name))) return true;
      const tokens = (element2.getAttribute("autocomplete") ?? "").toLowerCase().split(/\s+/);
      if (tokens.some((token) => SECRET_TOKENS.test(token))) return true;
      if (!isMasked(element2)) return false;
      this.#remember(element2, element2);
      return true;
    }
  };
  var exclusionsOfPage = new Exclusions();
  function typeOf(element2) {
    const property = element2.type;
    return (typeof property === "string" ? property : "text").toLowerCase();
  }
  function isMasked(element2) {
    const view = element2.ownerDocument.defaultView;
    const masking = view?.getComputedStyle(element2).getPropertyValue("-webkit-text-security") ?? "";
    return masking !== "" && masking !== "none";
  }
  function isPartOfEditor(element2) {
    if (element2.closest(RICH_EDITORS) !== null) return true;
    return element2.matches(EDITABLE) && element2.parentElement?.closest(EDITABLE) != null && !element2.hasAttribute("data-collab");
  }
  function isEditable(element2) {
    return ["", "true", "plaintext-only"].includes(element2.getAttribute("contenteditable")?.toLowerCase() ?? "false");
  }
  function hasPlainText(element2) {
    if (element2.getAttribute("contenteditable") === "plaintext-only" || element2.hasAttribute("data-collab")) return true;
    return [...element2.querySelectorAll("*")].every((child) => child.localName === "br");
  }
  function namesOf(element2, at) {
    const named = ["id", "name"].filter((attribute) => element2.getAttribute(attribute));
    const scope = scopeOf(at);
    const attributes = named.length > 0 || !element2.getAttribute("placeholder") ? named : ["placeholder"];
    return attributes.map((attribute) => `${attribute} ${element2.getAttribute(attribute)}${scope}`);
  }

  // src/discovery/roots.ts
  var CANDIDATES = "input,textarea,select,[contenteditable]";
  var SWEEP_MS = 1e3;
  var SWEEP_SHARE = 100;
  var Roots = class {
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
      for (const element2 of node.querySelectorAll("*")) this.#visit(element2, found);
    }
    /** Adds what is in a shadow root that the element got meanwhile. */
    enterNew(element2, found) {
      if (element2.shadowRoot && !this.#roots.has(element2.shadowRoot)) this.enter(element2.shadowRoot, found);
    }
    /** Reports whether the element is on the page, and no other widget's. */
    has(element2) {
      const { ownerDocument } = element2;
      return isShown(element2) && (hostOf(ownerDocument) === void 0 || !hasWidget(ownerDocument));
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
    #visit(element2, found) {
      if (element2.matches(CANDIDATES)) found.add(element2);
      const inside = rootIn(element2);
      if (inside !== void 0) this.enter(inside, found);
      else if (element2.localName.includes("-")) this.#awaitDefinition(element2);
    }
    #loaded(frame) {
      if (frame.localName !== "iframe" && frame.localName !== "frame") return;
      const found = /* @__PURE__ */ new Set();
      this.#visit(frame, found);
      this.#hooks.found(found);
    }
    /** Opens shadow roots that an event came out of. */
    #reveal(path2) {
      const found = /* @__PURE__ */ new Set();
      for (const node of path2) {
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
      for (const root of [...this.#roots.keys()]) {
        for (const element2 of root.querySelectorAll("*")) {
          const inside = rootIn(element2);
          if (inside === void 0 || this.#roots.has(inside)) continue;
          fresh = true;
          this.enter(inside, found);
        }
      }
      if (fresh) this.#hooks.found(found);
    }
  };
  function rootIn(element2) {
    if (element2.shadowRoot !== null) return element2.shadowRoot;
    const document2 = documentIn(element2);
    if (document2 === void 0 || hasWidget(document2)) return void 0;
    placeIn(element2, document2);
    return document2;
  }
  function hasWidget(document2) {
    return document2.defaultView?.CollabSDK !== void 0;
  }

  // src/discovery/scanner.ts
  var INHERITED = ["data-collab", "data-collab-ignore", "contenteditable"];
  var OWN = ["type", "autocomplete", "id", "name", "multiple"];
  var Scanner = class {
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
    start(document2) {
      const found = /* @__PURE__ */ new Set();
      this.#roots.enter(document2, found);
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
        const element2 = target;
        if (type === "attributes") {
          if (attributeName === "type") this.#exclusions.note(element2, oldValue);
          if (INHERITED.includes(attributeName ?? "")) this.#cover(element2, again, covered);
          else if (element2.matches(CANDIDATES)) again.add(element2);
        }
        for (const node of addedNodes) {
          if (node.nodeType === Node.ELEMENT_NODE) this.#added(node, target, again, covered);
        }
        for (const node of removedNodes) removed ||= node.nodeType === Node.ELEMENT_NODE;
        if (target.nodeType === Node.ELEMENT_NODE) this.#roots.enterNew(element2, again);
      }
      this.#update(again, removed);
    }
    #added(element2, target, again, covered) {
      if (element2.isConnected) return this.#cover(element2, again, covered);
      for (const input of [element2, ...element2.querySelectorAll("input")]) this.#exclusions.note(input, null, target);
    }
    #cover(element2, again, covered) {
      const isCovered2 = covered.has(element2) || element2.parentNode !== null && covered.has(element2.parentNode);
      covered.add(element2);
      if (!isCovered2) this.#roots.within(element2, again);
    }
    /** Decides about elements; about those that are known, too, when something may have gone. */
    #update(elements, removed) {
      if (removed) this.#roots.close();
      const gone = removed ? [...this.#known.keys()].filter((element2) => !this.#roots.has(element2)) : [];
      for (const element2 of gone) this.#known.delete(element2);
      const come = [];
      for (const element2 of elements) {
        const known = this.#known.get(element2);
        this.#exclusions.note(element2);
        const kind = this.#roots.has(element2) && this.#wants(element2, known) ? kindOf(element2) : void 0;
        const name = kind && ownName(element2);
        if (known?.kind === kind && known?.name === name) continue;
        if (known !== void 0) gone.push(element2);
        if (kind === void 0) this.#known.delete(element2);
        else {
          this.#known.set(element2, { kind, name });
          come.push({ element: element2, kind });
        }
      }
      if (come.length > 0 || gone.length > 0) this.#hooks.found(come, gone);
    }
    #wants(element2, known) {
      if (!this.#exclusions.allows(element2, known?.kind === "editable")) return false;
      const { include, exclude, optIn } = this.#options;
      if (exclude.some((selector) => element2.matches(selector))) return false;
      const included = include.some((selector) => element2.matches(selector));
      return optIn ? included || isUnder(element2, "data-collab") : included || include.length === 0;
    }
  };
  function kindOf(element2) {
    if (element2.localName === "select") return "select";
    if (element2.localName === "textarea") return "text";
    if (element2.localName !== "input") return "editable";
    const type = typeOf(element2);
    return type === "checkbox" || type === "radio" ? type : "text";
  }

  // src/seeding.ts
  var AGAIN_MS = 3e3;
  var Seeding = class {
    #channel;
    #document;
    #asked = /* @__PURE__ */ new Set();
    #again = new Timer();
    constructor(channel, document2) {
      this.#channel = channel;
      this.#document = document2;
    }
    /** Forgets what was asked for: after a join it may be asked for again, at the end nothing is. */
    end() {
      this.#asked.clear();
      this.#again.clear();
    }
    /** Asks for seeds, by wire name, and calls `done` when the document may have them. */
    ask(values, done) {
      const fresh = [...values].filter(([wire]) => !this.#asked.has(wire));
      if (fresh.length === 0) return;
      for (const [wire] of fresh) this.#asked.add(wire);
      this.#channel.request("SEED", { values: Object.fromEntries(fresh) }, ({ code }) => {
        if (code !== "") {
          for (const [wire] of fresh) this.#asked.delete(wire);
          return this.#again.set(AGAIN_MS, done);
        }
        const lacks = fresh.some(([wire]) => !written(this.#document.doc, wire));
        if (lacks) this.#document.sync(done);
        else done();
      });
    }
  };

  // src/fields.ts
  var SETTLED_MS = 1e3;
  var Fields = class {
    /** `opened` tells of the page and of each frame's document, whose events reach no other one, until `life` ends. */
    events = new Emitter();
    #document;
    #scanner;
    #identity = new Identity();
    #fields = /* @__PURE__ */ new Map();
    #byWire = /* @__PURE__ */ new Map();
    #byElement = /* @__PURE__ */ new Map();
    #groups = new Groups();
    #seeding;
    #carried;
    #watch;
    #settled = new Timer();
    #life = new Lifetime();
    constructor(document2, seeding, options, carried) {
      this.#document = document2;
      this.#seeding = seeding;
      this.#carried = carried;
      this.#watch = new CarriedWatch((field) => this.#renew(field), () => this.#consider());
      for (const end of [() => this.#watch.end(), () => this.#settled.clear()]) this.#life.add(end);
      this.#scanner = new Scanner(options, {
        found: (come, gone) => this.#update(come, gone),
        opened: (page, life) => this.events.emit("opened", { document: page, life })
      });
      this.#life.add(() => this.#scanner.end());
      this.#life.add(document2.events.on("joined", () => this.#joined()));
      this.#life.add(document2.events.on("replaced", () => this.#each((field) => field.rebind(document2))));
      this.#life.add(document2.events.on("arrived", ({ fields }) => this.#consider(fields)));
    }
    /** Every field, in the order in which they were found. */
    get all() {
      return [...this.#fields.values()];
    }
    /** Begins to look. */
    start(page) {
      this.#scanner.start(page);
    }
    /** Returns the field with the id. */
    get(id2) {
      return this.#fields.get(id2);
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
      this.#byWire.clear();
      this.#byElement.clear();
      this.events.clear();
    }
    #update(come, gone) {
      for (const element2 of gone) this.#remove(element2);
      this.#addAll(come);
      if (this.#watch.any) this.#settled.set(SETTLED_MS, () => this.#consider());
      this.#consider();
      this.events.emit("changed", this.all);
    }
    #addAll(come) {
      const groups = this.#groups.of(come);
      const later = new Set([...groups].flatMap(([key, buttons]) => this.#groups.get(key) ? buttons : buttons.slice(1)));
      const first = come.filter(({ element: element2 }) => !later.has(element2));
      const ids = this.#identity.name(first.map(({ element: element2 }) => element2));
      for (const { element: element2, kind } of first) this.#add(element2, kind, ids.get(element2) ?? "");
      for (const [key, buttons] of groups) this.#group(key, buttons);
      for (const field of new Set(come.map(({ element: element2 }) => this.#byElement.get(element2)))) {
        const isCarried = field?.binding.elements.every((element2) => this.#carried.holds(element2, field.base));
        if (field !== void 0 && isCarried) this.#watch.add(field);
      }
    }
    #add(element2, kind, id2) {
      const field = new BoundField(id2, kind, labelOf(element2), bind(element2, kind, wireName(id2, kind), this.#document));
      this.#fields.set(id2, field);
      this.#byWire.set(field.wire, field);
      this.#byElement.set(element2, field);
    }
    /** Makes radio buttons of one group one field: that of the group, or of its first button. */
    #group(key, buttons) {
      const field = this.#groups.get(key) ?? this.#byElement.get(buttons[0]);
      if (field === void 0) return;
      this.#groups.set(key, field);
      for (const button2 of buttons) {
        if (this.#byElement.has(button2)) continue;
        this.#byElement.set(button2, field);
        field.add(button2);
      }
    }
    /** The page has put something else into a field that was carried over: it is found anew, with what it shows now. */
    #renew({ kind, binding: { elements } }) {
      this.#update(elements.map((element2) => ({ element: element2, kind })), elements);
    }
    #remove(element2) {
      const field = this.#byElement.get(element2);
      this.#byElement.delete(element2);
      if (field === void 0) return;
      const waits = field.waitsWithText;
      const value2 = field.binding.read();
      if (field.binding.remove(element2)) return;
      this.#watch.drop(field);
      if (waits) this.#document.keepAsDraft(field.wire, shown(value2), "removed");
      field.binding.detach();
      this.#identity.release(field.id);
      this.#groups.delete(field);
      this.#fields.delete(field.id);
      this.#byWire.delete(field.wire);
    }
    #joined() {
      this.#seeding.end();
      this.#consider();
    }
    /** Binds what can be bound, of all fields or of some by wire name; asks for seeds of what must be filled first. */
    #consider(wires) {
      const fields = wires === void 0 ? this.all : wires.flatMap((wire) => this.#byWire.get(wire) ?? []);
      const ready = fields.filter(({ carried }) => !carried || !this.#settled.running);
      const empty2 = ready.filter((field) => field.consider(this.#document));
      this.#seeding.ask(new Map(empty2.map((field) => [field.wire, field.base])), () => this.#consider());
    }
    #each(work) {
      for (const field of this.#fields.values()) work(field);
    }
  };
  function bind(element2, kind, wire, editor) {
    switch (kind) {
      case "text":
        return new TextBinding(new InputControl(element2), wire, editor);
      case "editable":
        return new TextBinding(new EditableControl(element2), wire, editor);
      case "select":
        return new ChoiceBinding(selectControl, element2, wire, editor);
      case "checkbox":
        return new ChoiceBinding(checkboxControl, element2, wire, editor);
      case "radio":
        return new ChoiceBinding(radioControl, element2, wire, editor);
    }
  }

  // src/locks.ts
  var EXTEND_EVERY_MS = 1e4;
  var IDLE_MS = 5 * 6e4;
  var Locks = class {
    events = new Emitter();
    #channel;
    #life = new Lifetime();
    #others = /* @__PURE__ */ new Map();
    #own = /* @__PURE__ */ new Map();
    /** Fields that this session wants: asked for, held, or to be asked for again after a reconnection. */
    #wanted = /* @__PURE__ */ new Set();
    /** Who waits for the answer to a request that is under way. */
    #asking = /* @__PURE__ */ new Map();
    #lastActivity = performance.now();
    constructor(channel, document2) {
      this.#channel = channel;
      this.#life.add(channel.events.on("message", ({ event, fields }) => this.#received(event, fields)));
      this.#life.add(channel.events.on("state", ({ name }) => name !== "open" && this.#own.clear()));
      this.#life.add(document2.events.on("joined", ({ locks }) => this.#reset(locks)));
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
    /** Notes that the user does something, so that own locks go on being extended. */
    active() {
      this.#lastActivity = performance.now();
    }
    /** Asks for the field's lock; the empty field is the whole resource. */
    acquire(field, done = () => void 0) {
      const held = this.#own.get(field);
      if (held !== void 0) return done({ ok: true, lock: held });
      this.active();
      this.#wanted.add(field);
      const asking = this.#asking.get(field);
      if (asking !== void 0) return void asking.push(done);
      const waiting = [done];
      this.#asking.set(field, waiting);
      const began = performance.now();
      this.#channel.request("LOCK_ACQUIRE", field === "" ? {} : { field }, (answer2) => {
        this.#asking.delete(field);
        const result = this.#answered(field, answer2, performance.now() - began);
        for (const tell of waiting) tell(result);
      });
    }
    /** Gives the field's lock back. */
    release(field) {
      this.#wanted.delete(field);
      const held = this.#own.get(field);
      if (held === void 0) return;
      this.#own.delete(field);
      this.#channel.send("LOCK_RELEASE", { lockId: held.lockId });
      this.#changed();
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
      const granted = lock({ ...this.#channel.session, ...fields, field });
      this.#others.delete(field);
      this.#own.set(field, granted);
      this.events.emit("acquired", { ...granted, ms });
      if (this.#wanted.has(field)) this.#changed();
      else this.release(field);
      return { ok: true, lock: granted };
    }
    #received(event, fields) {
      const field = text(fields["field"]);
      const userId = text(fields["userId"]);
      const { session: session2 } = this.#channel;
      const mine = fields["sessionId"] === void 0 ? userId === session2?.userId : fields["sessionId"] === session2?.sessionId;
      if (event === "LOCK_STATUS_CHANGED" && fields["status"] === "locked") {
        if (mine && (this.#wanted.has(field) || this.#own.has(field))) return;
        this.#own.delete(field);
        this.#others.set(field, lock(fields));
        this.#changed();
      } else if (event === "LOCK_RELEASED") {
        if (this.#others.get(field)?.userId === userId) this.#others.delete(field);
        if (mine && this.#own.delete(field)) this.#wanted.delete(field);
        this.events.emit("released", { field, userId, reason: text(fields["reason"]) });
        this.#changed();
      }
    }
    #reset(locks) {
      this.#own.clear();
      this.#others.clear();
      const own = this.#channel.session?.sessionId;
      for (const one of locks) (one.sessionId === own ? this.#own : this.#others).set(one.field, one);
      for (const field of this.#wanted) this.acquire(field);
      this.#changed();
    }
    #extend() {
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
  };

  // src/presence.ts
  var SEND_EVERY_MS = 150;
  var REPEAT_MS = 25e3;
  var Presence = class {
    events = new Emitter();
    #channel;
    #life = new Lifetime();
    #users = /* @__PURE__ */ new Map();
    /** Where the others' sessions are. */
    #places = /* @__PURE__ */ new Map();
    #own = "";
    #timer = new Timer();
    constructor(channel, document2) {
      this.#channel = channel;
      this.#life.add(channel.events.on("message", ({ event, fields }) => this.#received(event, fields)));
      this.#life.add(document2.events.on("joined", ({ users }) => this.#reset(users)));
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
      return new Set([...this.#places.values()].filter((place2) => place2.field === field).map(({ userId }) => userId));
    }
    /** Tells the others which field this session is in; the empty string for none. */
    enter(field) {
      if (field === this.#own) return;
      this.#own = field;
      this.#soon();
    }
    /** Stops listening, and tells that this session is in no field any more. */
    end() {
      if (this.#own !== "" && !this.#life.ended) this.#channel.send("AWARENESS", { state: { field: "" } });
      this.#life.end();
    }
    #soon() {
      if (!this.#timer.running) this.#timer.set(SEND_EVERY_MS, () => this.#send());
    }
    #send() {
      this.#channel.send("AWARENESS", { state: { field: this.#own } });
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
        for (const [sessionId, place2] of this.#places) if (place2.userId === userId) this.#places.delete(sessionId);
        this.events.emit("users", this.users);
      }
    }
  };

  // src/ui/model.ts
  function fieldView(parts, words) {
    const { id: id2, label, kind, other, own, status, people: people2, save, draft } = parts;
    const offline = status.connection === "offline" || status.connection === "refused" || save !== void 0;
    const tag = tagOf(parts, words);
    const about = other ? words.lockedBy(other.name, clock(other.acquiredAt)) : tag?.words ?? "";
    return {
      id: id2,
      label,
      box: kind === "checkbox" || kind === "radio",
      ring: offline ? "offline" : other ? "other" : own ? "own" : "bound",
      tag,
      people: people2,
      tip: [words.collaborative(id2), about],
      draft: draft === void 0 ? void 0 : shown(draft)
    };
  }
  function tagOf({ save, other, own, status, kind }, words) {
    if (save === "unsaved") return { kind: "no", words: words.notSaved };
    if (save === "here") return { kind: "here", words: words.savedHere };
    if (other !== void 0) return { kind: "other", words: other.name };
    if (own) return { kind: "own", words: words.lockedByYou };
    return status.mode === "viewer" && isText(kind) ? { kind: "view", words: words.viewing } : void 0;
  }
  function panelView(parts, words) {
    const { status, people: people2, active, fields, ownLocks, now } = parts;
    const { connection, waiting, retryAt = now } = status;
    const offline = connection === "offline";
    const [kind, word, rest] = stateOf(parts, words);
    return {
      title: connection === "connected" || connection === "offline" ? words[connection] : word,
      subtitle: offline && retryAt > now ? words.tryAgainIn(Math.ceil((retryAt - now) / 1e3)) : parts.title,
      kind,
      word,
      rest,
      people: offline ? people2.filter(({ you }) => you) : people2,
      active: offline ? [] : active,
      footer: offline && waiting > 0 ? words.waiting(waiting) : words.sharedFields(fields),
      action: offline || connection === "refused" ? "tryNow" : ownLocks ? "unlockMine" : void 0
    };
  }
  function stateOf({ status, late }, words) {
    const { connection, save, waiting, mode: mode2, reason = "" } = status;
    if (connection === "refused") return ["bad", words.noAccess, words.noAccessWhy(reason)];
    if (connection === "offline") {
      const rest = { server: words.offlineNothing, here: words.offlineHere, unsaved: words.offlineUnsaved }[save];
      return ["off", words.offline, rest];
    }
    if (save !== "server" && late) return ["bad", words.notSaved, words.notSavedWhy];
    if (connection !== "connected") return ["sync", words.syncing, words.opening];
    if (save !== "server") return ["sync", words.syncing, words.onTheWay(waiting)];
    return ["ok", words.synced, mode2 === "viewer" ? words.readOnly : words.onServer];
  }
  function clock(time) {
    return new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  }

  // src/ui/person.ts
  var COLOURS = ["#283593", "#00695c", "#6a1b9a", "#4e342e", "#0b57a4", "#7b1f5c", "#37474f", "#5d4c00"];
  var TITLES = /^(dr|dott|dottssa|prof|profssa|mr|mrs|ms|sr|suor)$/i;
  function people(users, ownId) {
    return users.map((user2, index) => ({
      userId: user2.userId,
      name: user2.name,
      role: roleName(user2.role),
      initials: initials(user2.name),
      colour: readable(user2.color) ? user2.color : COLOURS[index % COLOURS.length] ?? "",
      you: user2.userId === ownId,
      viewing: user2.mode === "viewer"
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

  // src/ui/element.ts
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
  function island(container, name, css) {
    const host = container.ownerDocument.createElement(name);
    const root = host.attachShadow({ mode: "open" });
    container.append(host);
    adopt(root, css);
    return root;
  }

  // src/ui/messages.en.ts
  var en = {
    minimise: "Minimise",
    expand: "Show who is here",
    connected: "Connected",
    connecting: "Connecting…",
    tryAgainIn: (seconds) => `trying again in ${seconds} s`,
    tryNow: "Try now",
    offline: "Offline",
    offlineHere: "saved here, not on the server yet. You can go on typing.",
    offlineUnsaved: "not saved yet. You can go on typing; keep this page open.",
    offlineNothing: "you can go on typing.",
    syncing: "Syncing…",
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
    lockedBy: (name, time) => `Locked by ${name} since ${time}`,
    savedHere: "Saved here",
    collaborative: (id2) => `Collaborative field: ${id2}`,
    draftKept: "Your text was not saved. Draft kept.",
    copy: "Copy",
    dismiss: "Dismiss draft"
  };

  // src/ui/messages.it.ts
  var it = {
    minimise: "Riduci a icona",
    expand: "Mostra chi è presente",
    connected: "Connesso",
    connecting: "Connessione…",
    tryAgainIn: (seconds) => `nuovo tentativo fra ${seconds} s`,
    tryNow: "Riprova ora",
    offline: "Non in linea",
    offlineHere: "salvato qui, non ancora sul server. Può continuare a scrivere.",
    offlineUnsaved: "non ancora salvato. Può continuare a scrivere; tenga aperta questa pagina.",
    offlineNothing: "può continuare a scrivere.",
    syncing: "Sincronizzazione…",
    onTheWay: (count) => count === 1 ? "1 modifica in viaggio" : `${count} modifiche in viaggio`,
    opening: "apertura della cartella",
    synced: "Sincronizzato",
    onServer: "salvato sul server",
    readOnly: "può leggere, non modificare",
    notSaved: "Non salvato",
    notSavedWhy: "il server ora non può registrare le modifiche. Tenga aperta questa pagina.",
    noAccess: "Accesso negato",
    noAccessWhy: (reason) => `ora non può lavorare su questa cartella insieme ad altri (${reason}).`,
    onRecord: "Su questa cartella",
    you: (name) => `${name} (Lei)`,
    viewing: "In lettura",
    activeFields: "Campi attivi",
    youLocked: "Lei, bloccato",
    isLocked: (name) => `${name}, bloccato`,
    isEditing: (name) => `${name}, scrive`,
    sharedFields: (count) => count === 1 ? "1 campo condiviso" : `${count} campi condivisi`,
    waiting: (count) => count === 1 ? "1 modifica in attesa" : `${count} modifiche in attesa`,
    unlockMine: "Sblocca i miei",
    lockedByYou: "Bloccato da Lei",
    lockedBy: (name, time) => `Bloccato da ${name} dalle ${time}`,
    savedHere: "Salvato qui",
    collaborative: (id2) => `Campo condiviso: ${id2}`,
    draftKept: "Il Suo testo non è stato salvato. Bozza conservata.",
    copy: "Copia",
    dismiss: "Elimina la bozza"
  };

  // src/ui/messages.ts
  function messagesFor(locale) {
    return /^it\b/i.test(locale) ? it : en;
  }

  // src/ui/notes.ts
  var SPEAK_AFTER_MS = 1500;
  var Notes = class {
    #store = document.createElement("corsia-notes");
    #live;
    #notes = /* @__PURE__ */ new Map();
    #timer = new Timer();
    #next = 1;
    constructor(live) {
      this.#live = live;
      this.#store.style.setProperty("display", "none", "important");
      document.documentElement.append(this.#store);
    }
    /** Describes a field; the empty string takes the description away. What the page describes it by stays. */
    describe(field, description) {
      const known = this.#notes.get(field);
      if ((known?.textContent ?? "") === description || field.ownerDocument !== document) return;
      const note = known ?? document.createElement("span");
      note.textContent = description;
      if (known === void 0) {
        note.id = `corsia-note-${this.#next++}`;
        this.#notes.set(field, note);
        this.#store.append(note);
        refer(field, [...references(field), note.id]);
      } else if (description === "") this.#drop(field, note);
    }
    /** Says something politely; of what comes within a moment, the last is said. */
    say(words) {
      this.#timer.set(SPEAK_AFTER_MS, () => {
        this.#live.textContent = words;
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
      refer(field, references(field).filter((id2) => id2 !== note.id));
    }
  };
  function references(field) {
    return (field.getAttribute("aria-describedby") ?? "").split(/\s+/).filter(Boolean);
  }
  function refer(field, ids) {
    if (ids.length > 0) field.setAttribute("aria-describedby", ids.join(" "));
    else field.removeAttribute("aria-describedby");
  }

  // src/ui/icons.ts
  var PATHS = {
    ok: "M6 15.5h8.2a3.6 3.6 0 0 0 .5-7.2A5 5 0 0 0 5.2 8 3.8 3.8 0 0 0 6 15.5Zm1.6-4.5 1.8 1.8 3.2-3.4",
    off: "M3 3l14 14M6 15.5h8M5.2 8A3.8 3.8 0 0 0 6 15.5M8 5.2a5 5 0 0 1 6.7 3.1 3.6 3.6 0 0 1 2.3 5",
    sync: "M16 7.5A6.5 6.5 0 0 0 4.6 6.4M4 3v3.6h3.6M4 12.5a6.5 6.5 0 0 0 11.4 1.1M16 17v-3.6h-3.6",
    here: "M3 4h14v9H3zM7.5 16.5h5M10 13v3.5M8 8.4l1.5 1.5 2.7-2.9",
    bad: "M10 3 2.5 16.5h15L10 3ZM10 8v4M10 14.2v.2",
    minimise: "M4 14h12",
    close: "m5 5 10 10M15 5 5 15",
    pen: "M4 16l.8-3.4L13 4.4l2.6 2.6-8.2 8.2L4 16Z"
  };
  function icon(name) {
    const [svg, path2] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
    path2?.setAttribute("d", PATHS[name]);
    svg?.setAttribute("viewBox", "0 0 20 20");
    svg?.setAttribute("aria-hidden", "true");
    svg?.append(path2 ?? "");
    return svg;
  }

  // src/ui/decoration.ts
  var NARROW = 80;
  var FLASH_MS = 800;
  var STEADY_MS = 1500;
  var MOST_AVATARS = 3;
  var FADE_MS = 1200;
  var Decoration = class {
    node;
    target;
    #hooks;
    #ring = element("div.ring");
    #flash = element("div.flash");
    #cluster = element("div.cl");
    #beside = element("div.beside");
    #strip = element("div.strip");
    #people = /* @__PURE__ */ new Map();
    #shown = "";
    #placed = "";
    #view;
    #mini = false;
    #room = false;
    /** `main` is false for all but one radio button of a group: they have the ring alone. */
    constructor(target, main, hooks) {
      this.target = target;
      this.#hooks = hooks;
      this.node = element("div.d", this.#flash, this.#ring);
      if (main) this.node.append(this.#cluster, this.#beside, this.#strip);
      this.#hover(this.#cluster, () => this.#view?.tip ?? []);
    }
    /** Reports whether there are avatars to place. */
    get hasPeople() {
      return this.#people.size > 0;
    }
    /** Shows the view; what has not changed is left alone. */
    show(view) {
      this.#view = view;
      const key = JSON.stringify([view, this.#mini, this.#room]);
      if (key === this.#shown) return;
      this.#shown = key;
      this.#placed = "";
      this.node.className = `d ${view.ring}${view.box ? " box" : ""}${this.#mini ? " mini" : ""}`;
      const avatars = this.#avatars(view.people);
      const beside = this.#room && !view.box;
      this.#beside.replaceChildren(...beside ? avatars : []);
      this.#cluster.replaceChildren(...beside ? [] : avatars, this.#mark(view));
      this.#showDraft(view);
    }
    /** Puts everything where the field is; `origin` is where the layer's own corner is. Undefined hides it. */
    place(placement, origin) {
      const key = JSON.stringify([placement, origin]);
      if (key === this.#placed) return;
      this.#placed = key;
      this.node.hidden = placement === void 0;
      if (placement === void 0) return;
      const { box, seen, radius, layer, room } = placement;
      const { style } = this.node;
      style.left = `${box.left - origin.left}px`;
      style.top = `${box.top - origin.top}px`;
      style.width = `${box.right - box.left}px`;
      style.height = `${box.bottom - box.top}px`;
      style.setProperty("--z", String(layer));
      this.#ring.style.borderRadius = radius.replace(/[\d.]+px/g, (part) => `${parseFloat(part) + 2}px`);
      this.#flash.style.borderRadius = radius;
      this.#clip([seen.top - box.top, box.right - seen.right, box.bottom - seen.bottom, seen.left - box.left]);
      const mini = box.right - box.left < NARROW;
      if (mini === this.#mini && room === this.#room) return;
      this.#mini = mini;
      this.#room = room;
      if (this.#view !== void 0) this.show(this.#view);
    }
    /** Shows once that somebody else has changed the field. */
    flash() {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const frames2 = calm ? [{ opacity: 1 }, { opacity: 1 }] : [{ opacity: 0 }, { opacity: 1, offset: 0.25 }, { opacity: 0 }];
      this.#flash.animate(frames2, calm ? STEADY_MS : FLASH_MS);
    }
    /** A scroll container that cuts the field cuts the ring, and hides the cluster when it cuts the corner. */
    #clip(hidden) {
      const [top = 0, right = 0] = hidden;
      const cut = hidden.map((part) => part > 0.5 ? `${part + 2}px` : "-10px").join(" ");
      const path2 = hidden.some((part) => part > 0.5) ? `inset(${cut})` : "";
      this.#ring.style.clipPath = this.#flash.style.clipPath = path2;
      this.node.classList.toggle("cut", top > 0.5 || right > 0.5);
    }
    #mark({ tag, box }) {
      if (tag === void 0) return element("span.bd", "👥");
      const { kind, words } = tag;
      const short = kind === "other" ? words.replace(/(\S)\S*\s*/gu, "$1") : "";
      const lock2 = (kind === "own" || kind === "other") && element("i", "🔒");
      const sign = kind === "here" ? icon("here") : kind === "no" && icon("bad");
      return element(`span.tg.${kind}`, lock2, sign, this.#mini || box ? short : words);
    }
    /** Returns the avatars; those who left stay for a moment, fading. */
    #avatars(people2) {
      const old = this.#people;
      const shown2 = people2.slice(0, MOST_AVATARS);
      this.#people = new Map(shown2.map((person) => [person.userId, old.get(person.userId) ?? this.#avatar(person)]));
      const gone = [...old].filter(([userId]) => !this.#people.has(userId)).map(([, node]) => node);
      for (const node of gone) {
        node.classList.add("out");
        setTimeout(() => node.remove(), FADE_MS);
      }
      const more = people2.length - shown2.length;
      return [...gone, ...this.#people.values(), ...more > 0 ? [element("span.av.more", `+${more}`)] : []];
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
    #showDraft({ id: id2, draft }) {
      this.#strip.hidden = draft === void 0;
      if (draft === void 0) return;
      const { words, copyDraft, dismissDraft } = this.#hooks;
      const text2 = element("span", words.draftKept);
      text2.title = draft;
      this.#strip.replaceChildren(
        icon("bad"),
        text2,
        button("", words.copy, () => copyDraft(id2)),
        button(".ib", words.dismiss, () => dismissDraft(id2), icon("close"))
      );
    }
  };
  function avatar({ initials: initials2, colour }) {
    const node = element("span.av", initials2);
    node.style.background = colour;
    node.ariaHidden = "true";
    return node;
  }

  // src/ui/geometry.ts
  var AVATAR_ROOM = 32;
  function measure(element2, look, avatars) {
    const { left, top, right, bottom } = element2.getBoundingClientRect();
    const box = { left, top, right, bottom };
    const visible = element2.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) ?? true;
    const { innerHeight: innerHeight2 } = element2.ownerDocument.defaultView ?? window;
    if (left === right || top === bottom || !visible || bottom < -innerHeight2 || top > 2 * innerHeight2) return void 0;
    let seen = box;
    let layer = 1;
    for (let at = parentOf2(element2); at !== null; at = parentOf2(at)) {
      const around = look.get(at) ?? lookAt(at);
      look.set(at, around);
      if (around.clip !== void 0) seen = intersect(seen, around.clip);
      layer = Math.max(layer, around.layer);
    }
    if (seen.right <= seen.left || seen.bottom <= seen.top || isCovered(element2, seen)) return void 0;
    return { box, seen, radius: styleOf(element2).borderRadius, layer, room: avatars && hasRoom(element2, box) };
  }
  function lookAt(element2) {
    const { overflow, zIndex } = styleOf(element2);
    const { body, documentElement } = element2.ownerDocument;
    const clips = overflow !== "visible" && element2 !== body && element2 !== documentElement;
    return { clip: clips ? element2.getBoundingClientRect() : void 0, layer: Number(zIndex) || 1 };
  }
  function styleOf(element2) {
    return (element2.ownerDocument.defaultView ?? window).getComputedStyle(element2);
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
  function isCovered(element2, seen) {
    const hit = hitAt(element2, (seen.left + seen.right) / 2, (Math.max(seen.top, 0) + Math.min(seen.bottom, innerHeight)) / 2);
    return hit !== null && !element2.contains(hit) && !isAround(element2, hit);
  }
  function hasRoom(element2, box) {
    return [4, AVATAR_ROOM].every((away) => isAround(element2, hitAt(element2, box.right + away, box.top + 14)));
  }
  function isAround(element2, hit) {
    return hit !== null && (hit.contains(element2) || hit.localName.startsWith("corsia-"));
  }
  function hitAt(element2, x, y) {
    return element2.getRootNode().elementFromPoint(x, y);
  }
  function parentOf2(element2) {
    return element2.assignedSlot ?? element2.parentElement ?? element2.parentNode?.host ?? null;
  }

  // src/ui/styles.ts
  var BASE = `
:host{all:initial!important;position:absolute!important;top:0!important;left:0!important;display:block!important;
--g:#4caf50;--w:#ff9800;--r:#f44336;--glow:0 0 8px rgba(76,175,80,.3);--gi:#1b5e20;--wi:#8a3c00;--ri:#b71c1c;--bi:#0b4f93;--n2:#e9edf0;--n4:#7b8893;--n5:#55616c;--n6:#1f2a33;
--tag:0 1px 2px rgba(15,30,45,.22);--pop:0 4px 16px rgba(15,30,45,.18),0 0 0 1px rgba(15,30,45,.08);
--f:"Inter",system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;--e:"Noto Color Emoji","Apple Color Emoji","Segoe UI Emoji",sans-serif}
@media(forced-colors:active){:host{--g:Highlight;--w:Highlight;--r:CanvasText;--glow:none}}
@media print{:host{display:none!important}}
*{box-sizing:border-box}
[hidden]{display:none!important}
svg{width:17px;height:17px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round;flex:none}
.av{width:24px;height:24px;border-radius:50%;display:grid;place-items:center;color:#fff;font:700 10px/1 var(--f);box-shadow:0 0 0 1.5px #fff,0 1px 3px rgba(15,30,45,.35);flex:none;transition:opacity 1.2s}
.av+.av{margin-left:-5px}.av.out{opacity:0}
.more{background:#fff;color:var(--n6)}
button{font:600 12px/1 var(--f);color:var(--n6);cursor:pointer;min-height:28px;padding:0 10px;border-radius:6px;border:1px solid var(--n4);background:#fff;white-space:nowrap}
button:focus-visible{outline:2px solid #0b57a4;outline-offset:2px}
.ib{width:28px;padding:0;border:0;background:none;color:inherit;display:grid;place-items:center}
@media(pointer:coarse){button{min-height:44px;min-width:44px}}
@media(prefers-reduced-motion:reduce){.av{transition:none}}
`;
  var FIELD_STYLES = `${BASE}
.d{position:absolute;pointer-events:none}
.d>*{position:absolute;z-index:var(--z)}
.ring{inset:-2px;border:2px solid var(--g);box-shadow:var(--glow)}
.own .ring{border-color:var(--w);box-shadow:0 0 8px rgba(255,152,0,.3)}
.other .ring{border-color:var(--r);box-shadow:0 0 8px rgba(244,67,54,.25);background:repeating-linear-gradient(135deg,rgba(183,28,28,.055) 0 5px,transparent 5px 10px)}
.offline .ring{border:2px dashed var(--w);box-shadow:none}
.flash{inset:0;background:#c8e6c9;mix-blend-mode:multiply;opacity:0}
.cl{right:6px;top:-13px;display:flex;gap:3px;align-items:center;height:20px;pointer-events:auto}
.mini .cl{right:-6px;top:-10px}.box .cl{right:auto;left:calc(100% + 5px);top:50%;margin-top:-10px}
.cut .cl,.cut .beside{display:none}
.bd,.tg{height:20px;background:#fff;border:1.5px solid var(--g);box-shadow:var(--tag)}
.bd{position:relative;width:20px;border-radius:50%;display:grid;place-items:center;font:11px/1 var(--e)}
.bd::after{content:"";position:absolute;inset:-4px}
.mini .bd{width:15px;height:15px;font-size:8px;border-width:1px;box-shadow:none}
.tg{display:flex;align-items:center;gap:4px;padding:0 7px 0 5px;border-radius:10px;font:600 12px/17px var(--f);color:var(--gi);white-space:nowrap}
.tg i{font:normal 11px/1 var(--e)}.tg svg{width:13px}
.tg.own,.tg.here{border-color:var(--w);color:var(--wi)}.tg.other{border-color:var(--r);color:var(--ri)}.tg.here{border-style:dashed}
.tg.no{background:var(--wi);border-color:var(--wi);color:#fff}
.cl .av{width:20px;height:20px;font-size:8px}
.beside{left:calc(100% + 8px);top:3px;display:flex;pointer-events:auto}
.strip{top:calc(100% + 6px);left:0;display:flex;gap:7px;align-items:center;width:max-content;max-width:90vw;background:#ffebee;color:var(--ri);border-radius:0 0 8px 8px;padding:4px 5px 4px 9px;font:500 12px/1.3 var(--f);box-shadow:0 0 0 1px #e7b3b3;pointer-events:auto}
@media(forced-colors:active){.own .ring{border-width:4px;inset:-4px}.other .ring{border:4px double;inset:-4px;background:none}}
`;
  var PANEL_STYLES = `${BASE}
.corner{position:fixed;right:20px;bottom:20px;z-index:2147482000;max-width:calc(100vw - 24px);color:var(--n6);font:400 13px/1.45 var(--f)}
.left{right:auto;left:20px}
.pn,.mn{background:#fff;box-shadow:var(--pop)}
.pn{width:304px;max-width:100%;max-height:calc(100vh - 40px);overflow:auto;border-radius:10px}
header,.st,h4,li,footer,.stack{display:flex;align-items:center}
header{gap:8px;padding:8px 8px 8px 14px;color:var(--n5);font-size:12px}
header div{min-width:0;flex:1;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
header b{font-size:13px;color:var(--n6)}
.dot{width:10px;height:10px;border-radius:50%;background:var(--g);box-shadow:0 0 0 2px #fff,0 0 0 3px #2e7d32;flex:none;margin-right:2px}
.dot.off{background:#fff;box-shadow:inset 0 0 0 2px var(--wi)}
.dot.sync{background:linear-gradient(90deg,var(--g) 50%,#fff 50%);box-shadow:0 0 0 1.5px #2e7d32}
.dot.bad{border-radius:2px;transform:rotate(45deg);background:var(--w);box-shadow:0 0 0 1.5px var(--wi)}
.st{gap:9px;padding:8px 14px;font-weight:500;background:#e8f5e9;color:var(--gi)}
.st.off{background:#fff3e0;color:var(--wi)}.st.bad{background:#ffebee;color:var(--ri)}.st.sync{background:#e6f0fa;color:var(--bi)}
h4{margin:0;padding:11px 14px 3px;font:600 12px/1.3 var(--f);color:var(--n5);justify-content:space-between}
ul{list-style:none;margin:0;padding:0 14px 6px}
ul+h4{border-top:1px solid var(--n2)}
li{gap:10px;padding:4px 0;min-height:34px;line-height:1.25}
li div{flex:1;min-width:0;overflow-wrap:anywhere}
small{display:block;color:var(--n5);font-size:12px}
li i{font:normal 12px/1 var(--e);width:24px;text-align:center}li svg{width:15px;color:var(--n5);margin:0 4.5px}
.chip{font-size:12px;color:var(--n5);border:1px solid var(--n2);border-radius:9px;padding:0 7px}
footer{justify-content:space-between;padding:6px 14px;min-height:40px;border-top:1px solid var(--n2);font-size:12px;color:var(--n5)}
.lk{border:0;padding:0 2px;background:none;color:var(--bi);text-decoration:underline}
.mn{display:flex;align-items:center;gap:8px;min-height:40px;padding:0 14px 0 12px;border-radius:22px;border:0;font-size:13px}
.tip{position:fixed;z-index:2147482010;background:#1f2a33;color:#fff;font:500 12px/1.4 var(--f);padding:6px 9px;border-radius:6px;max-width:320px;box-shadow:var(--pop)}
.tip small{color:#c6d0d8}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media(forced-colors:active){.pn,.mn,.tip,.dot{border:1px solid CanvasText}}
@media(max-width:420px){.corner{right:12px;bottom:12px}}
`;
  var PAGE_STYLES = "[data-corsia-held]{cursor:not-allowed!important}";

  // src/ui/overlay.ts
  var LOOK_EVERY_MS2 = 400;
  var THOROUGH_LOOK = 5;
  var Overlay = class {
    #hooks;
    #life = new Lifetime();
    #decorations = /* @__PURE__ */ new Map();
    #layers = /* @__PURE__ */ new Map();
    #resized;
    #frame = 0;
    #looks = 0;
    /** Where the fields were at the last look. */
    #seen = "";
    constructor(hooks) {
      this.#hooks = hooks;
      const soon = () => this.#soon();
      for (const type of ["scroll", "transitionend", "toggle", "load", "resize"]) {
        this.#life.listen(window, type, soon, { capture: true, passive: true });
      }
      const changed = new MutationObserver(soon);
      changed.observe(document, { childList: true, subtree: true, attributeFilter: ["class", "style", "hidden", "open"] });
      this.#resized = new ResizeObserver(soon);
      this.#life.add(() => changed.disconnect());
      this.#life.add(() => this.#resized.disconnect());
      this.#life.add(() => cancelAnimationFrame(this.#frame));
      this.#life.every(LOOK_EVERY_MS2, () => this.#look());
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
          target.toggleAttribute("data-corsia-held", view.ring === "other");
          this.#decorations.set(target, decoration);
        }
      }
      for (const gone of old.values()) this.#drop(gone);
    }
    /** Flashes an element's field. */
    flash(target) {
      this.#decorations.get(target)?.flash();
    }
    /** Takes everything away. */
    end() {
      for (const decoration of this.#decorations.values()) this.#drop(decoration);
      for (const root of this.#layers.values()) root.host.remove();
      this.#life.end();
    }
    #decorate(target, main) {
      this.#resized.observe(target);
      return new Decoration(target, main, this.#hooks);
    }
    #drop({ target, node }) {
      target.removeAttribute("data-corsia-held");
      this.#resized.unobserve(target);
      node.remove();
    }
    #soon() {
      if (this.#frame !== 0) return;
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#place();
      });
    }
    #look() {
      if (document.hidden) return;
      const boxes = [...this.#decorations.keys()].map((target) => {
        const { x, y, width, height } = target.getBoundingClientRect();
        return [x, y, width, height];
      });
      const seen = boxes.join();
      const moved = seen !== this.#seen;
      this.#seen = seen;
      if (moved || ++this.#looks % THOROUGH_LOOK === 0) this.#place();
    }
    /** Measures everything first and writes afterwards, so that the browser lays out once. */
    #place() {
      const look = /* @__PURE__ */ new Map();
      const measured = [...this.#decorations.values()].map((decoration) => {
        const root = this.#layerOf(decoration.target);
        const { left, top } = root.host.getBoundingClientRect();
        const placement = measure(decoration.target, look, decoration.hasPeople);
        return { decoration, root, placement, origin: { left, top } };
      });
      for (const { decoration, root, placement, origin } of measured) {
        if (decoration.node.parentNode !== root) root.append(decoration.node);
        decoration.place(placement, origin);
      }
    }
    /** Returns the layer that lies over the element: of its document, or of the dialog that it is in. */
    #layerOf(target) {
      const page = target.ownerDocument;
      const container = target.closest("dialog,[popover]") ?? page.documentElement;
      const known = this.#layers.get(container);
      if (known?.host.isConnected) return known;
      const root = island(container, "corsia-fields", FIELD_STYLES);
      if (known === void 0) this.#life.add(adopt(page, PAGE_STYLES));
      this.#layers.set(container, root);
      return root;
    }
  };

  // src/ui/panel.ts
  var SMALL_WINDOW = 760;
  var MOST_AVATARS2 = 2;
  var Panel = class {
    #words;
    #act;
    #corner = element("div.corner");
    #view;
    #shown = "";
    #open;
    /** The panel went out of the way of the focused field by itself. */
    #aside = false;
    constructor(root, words, act, open) {
      this.#words = words;
      this.#act = act;
      this.#open = open ?? innerWidth >= SMALL_WINDOW;
      root.append(this.#corner);
    }
    /** Shows the view; it is drawn anew only when it has changed, and the focus stays on the button that has it. */
    show(view) {
      this.#view = view;
      const open = this.#open && !this.#aside;
      const key = JSON.stringify([view, open]);
      if (key === this.#shown) return;
      this.#shown = key;
      const focused = this.#corner.querySelector(":focus")?.className;
      this.#corner.replaceChildren(open ? this.#panel(view) : this.#pill(view));
      if (focused !== void 0) this.#corner.querySelector(`button.${focused || "x"}, button`)?.focus();
    }
    /** Keeps out of the way of the field that has the focus (WCAG 2.4.11); undefined when none has. */
    makeRoomFor(field) {
      const inTheWay = () => field !== void 0 && overlap(field.getBoundingClientRect(), this.#corner.getBoundingClientRect());
      if (field !== void 0 && !inTheWay()) return;
      this.#aside = field !== void 0;
      this.#corner.classList.remove("left");
      this.#redraw();
      this.#corner.classList.toggle("left", inTheWay());
    }
    #redraw() {
      if (this.#view !== void 0) this.show(this.#view);
    }
    #toggle(open) {
      this.#open = open;
      this.#aside = false;
      this.#redraw();
    }
    #panel(view) {
      const { title, subtitle, kind, word, rest, people: people2, active, footer, action } = view;
      const words = this.#words;
      const minimise = button(".ib", words.minimise, () => this.#toggle(false), icon("minimise"));
      const list2 = (heading, items) => items.length === 0 ? [] : [element("h4", heading, element("span", String(items.length))), element("ul", ...items)];
      return element(
        "aside.pn",
        element("header", element(`span.dot.${kind}`), element("div", element("b", title), subtitle && ` · ${subtitle}`), minimise),
        element(`div.st.${kind}`, icon(kind), element("span", element("b", word), ` — ${rest}`)),
        ...list2(words.onRecord, people2.map((person) => {
          const name = person.you ? words.you(person.name) : person.name;
          const chip = person.viewing && element("span.chip", words.viewing);
          return element("li", avatar(person), element("div", name, element("small", person.role)), chip);
        })),
        ...list2(words.activeFields, active.map(
          ({ locked, label, who }) => element("li", locked ? element("i", "🔒") : icon("pen"), element("div", label, element("small", who)))
        )),
        element("footer", footer, action && button(".lk", words[action], () => this.#act(action)))
      );
    }
    #pill({ kind, word, people: people2, footer }) {
      const others = people2.filter(({ you }) => !you);
      const more = others.length - MOST_AVATARS2;
      const stack = element(
        "span.stack",
        ...others.slice(0, MOST_AVATARS2).map(avatar),
        more > 0 && element("span.av.more", `+${more}`)
      );
      const label = `${word}. ${footer}. ${this.#words.expand}`;
      return button(".mn", label, () => this.#toggle(true), element(`span.dot.${kind}`), word, stack);
    }
  };

  // src/ui/tooltip.ts
  var GAP = 8;
  var Tooltip = class {
    #node = element("div.tip");
    constructor(root) {
      this.#node.role = "tooltip";
      this.#node.hidden = true;
      root.append(this.#node);
    }
    /** Shows the lines at the anchor, the first as the title; without lines it hides. */
    show(anchor, [title, rest]) {
      const node = this.#node;
      node.hidden = title === void 0;
      if (title === void 0) return;
      node.replaceChildren(title, element("small", rest ?? ""));
      const { left, top, bottom } = anchor.getBoundingClientRect();
      const { width, height } = node.getBoundingClientRect();
      const above = bottom + GAP + height > innerHeight;
      node.style.left = `${Math.max(0, Math.min(left - 4, innerWidth - width - GAP))}px`;
      node.style.top = `${Math.max(0, above ? top - GAP - height : bottom + GAP)}px`;
    }
  };

  // src/ui/ui.ts
  var HOVER_MS = 600;
  var Ui = class {
    words;
    #life = new Lifetime();
    #overlay;
    #panel;
    #tooltip;
    #notes;
    #tips = /* @__PURE__ */ new Map();
    #hover = new Timer();
    constructor(options) {
      const words = this.words = messagesFor(options.locale);
      const root = island(document.documentElement, "corsia-panel", PANEL_STYLES);
      const live = element("div.sr");
      live.role = "status";
      root.append(live);
      const tooltip = this.#tooltip = new Tooltip(root);
      this.#notes = new Notes(live);
      this.#overlay = new Overlay({ ...options, words, tip: (anchor, lines) => tooltip.show(anchor, lines) });
      if (options.panel !== "none") {
        const open = options.panel === "auto" ? void 0 : options.panel === "open";
        this.#panel = new Panel(root, words, options.act, open);
      }
      for (const end of [() => root.host.remove(), () => this.#overlay.end(), () => this.#notes.end()]) this.#life.add(end);
      this.#life.add(() => this.#hover.clear());
      this.#listen();
    }
    /** Shows the state of all fields and of the whole. */
    show(fields, panel) {
      this.#overlay.show(fields);
      this.#panel?.show(panel);
      this.#tips.clear();
      for (const { elements, view } of fields) {
        for (const target of elements) {
          this.#tips.set(target, view.tip);
          this.#notes.describe(target, view.tip[1]);
        }
      }
    }
    /** Flashes the elements of a field that somebody else has changed. */
    flash(elements) {
      for (const target of elements) this.#overlay.flash(target);
    }
    /** Says something to those who hear the page. */
    say(words) {
      this.#notes.say(words);
    }
    /** Keeps the panel away from the field that has the focus. */
    focused(target) {
      this.#panel?.makeRoomFor(target);
    }
    /** Takes everything away. */
    end() {
      this.#life.end();
    }
    #listen() {
      const hide = () => {
        this.#hover.clear();
        this.#tooltip.show(document.documentElement, []);
      };
      const over = (event) => {
        const target = event.composedPath().find((node) => this.#tips.has(node));
        hide();
        if (target) this.#hover.set(HOVER_MS, () => this.#tooltip.show(target, this.#tips.get(target) ?? []));
      };
      const quiet = { capture: true, passive: true };
      for (const type of ["pointerover", "focusin"]) this.#life.listen(document, type, over, quiet);
      for (const type of ["pointerdown", "focusout", "input", "scroll"]) this.#life.listen(document, type, hide, quiet);
      this.#life.listen(document, "keydown", ({ key }) => key === "Escape" && hide(), quiet);
    }
  };

  // src/view.ts
  var LATE_MS = 2e3;
  var LOOK_EVERY_MS3 = 500;
  var View = class {
    #widget;
    #ui;
    #life = new Lifetime();
    constructor(widget, settings, tryNow) {
      this.#widget = widget;
      this.#ui = new Ui({
        locale: settings.locale,
        panel: settings.panel,
        act: (action) => action === "tryNow" ? tryNow() : widget.locks.releaseAll(),
        copyDraft: (id2) => void navigator.clipboard?.writeText(this.#draftOf(id2)),
        dismissDraft: (id2) => this.#dismiss(id2)
      });
      this.#life.add(() => this.#ui.end());
      this.#life.every(LOOK_EVERY_MS3, () => {
        const { connection, save } = widget.status;
        if (connection !== "connected" || save !== "server") this.changed();
      });
      this.#life.add(widget.locks.events.on("denied", ({ field, lockedByName }) => this.#sayLocked(field, lockedByName)));
    }
    /** Shows the state as it is now. */
    changed() {
      const { status, presence, ownId, document: document2, fields } = this.#widget;
      const everybody = people(presence.users, ownId);
      const late = this.#mustTell(status);
      const unsaved = late ? document2.outbox.fields : /* @__PURE__ */ new Set();
      const views = fields.all.map((field) => {
        const save = field.waitsWithText || unsaved.has(field.wire) ? status.save : "server";
        return { elements: field.binding.elements, view: this.#fieldView(field, everybody, status, save) };
      });
      this.#ui.show(views, this.#panelView(everybody, views.map(({ view }) => view), status, late));
    }
    /** Flashes a field, by wire name. */
    flash(wire) {
      const field = this.#widget.fields.ofWire(wire);
      if (field !== void 0) this.#ui.flash(field.binding.elements);
    }
    /** Notes which element has the focus. */
    focused(element2) {
      this.#ui.focused(element2);
    }
    /** Takes everything away. */
    end() {
      this.#life.end();
    }
    #fieldView(field, everybody, status, save) {
      const { locks, presence, drafts } = this.#widget;
      const { id: id2, label, kind, wire } = field;
      const other = locks.against(wire);
      const here = presence.in(wire);
      return fieldView(
        {
          id: id2,
          label,
          kind,
          own: locks.own(wire) !== void 0,
          other,
          people: everybody.filter(({ userId, you }) => here.has(userId) && !you && userId !== other?.userId),
          status,
          save: save === "server" ? void 0 : save,
          draft: drafts.get(wire)?.mine
        },
        this.#ui.words
      );
    }
    #panelView(everybody, views, status, late) {
      const { locks, fields } = this.#widget;
      return panelView(
        {
          status,
          late,
          title: document.title,
          people: everybody,
          active: this.#active(views),
          fields: fields.all.length,
          ownLocks: locks.any,
          now: Date.now()
        },
        this.#ui.words
      );
    }
    #active(views) {
      const { words } = this.#ui;
      return views.flatMap((view) => {
        const field = this.#widget.fields.get(view.id);
        const other = field && this.#widget.locks.against(field.wire);
        if (field !== void 0 && this.#widget.locks.own(field.wire) !== void 0) {
          return [{ locked: true, label: view.label, who: words.youLocked }];
        }
        if (other !== void 0) return [{ locked: true, label: view.label, who: words.isLocked(other.name) }];
        return view.people.map(({ name }) => ({ locked: false, label: view.label, who: words.isEditing(name) }));
      });
    }
    /** Reports whether unsaved text is worth telling of: nothing takes it, or it takes too long. */
    #mustTell({ connection, save }) {
      const { document: document2, unsavedSince: since } = this.#widget;
      if (save === "server") return false;
      return connection !== "connected" || document2.held || since === void 0 || performance.now() - since > LATE_MS;
    }
    #draftOf(id2) {
      const field = this.#widget.fields.get(id2);
      return shown(field && this.#widget.drafts.get(field.wire)?.mine);
    }
    #dismiss(id2) {
      const field = this.#widget.fields.get(id2);
      if (field !== void 0) this.#widget.drafts.delete(field.wire);
      this.changed();
    }
    #sayLocked(wire, name) {
      const field = this.#widget.fields.ofWire(wire);
      if (field !== void 0 && name !== "") this.#ui.say(`${field.label}: ${this.#ui.words.isLocked(name)}`);
    }
  };

  // src/widget.ts
  var Widget = class {
    events;
    document;
    fields;
    locks;
    presence;
    drafts;
    #settings;
    #page;
    #connection;
    #records;
    #life = new Lifetime();
    #view;
    #focused;
    #status;
    #soon = new Timer();
    constructor({ settings, page, connection, events, records, carried }, resourceId) {
      this.events = events;
      this.#settings = settings;
      this.#page = page;
      this.#connection = connection;
      this.#records = records;
      const { channel, document: document2 } = records.enter(resourceId);
      this.document = document2;
      this.drafts = records.drafts(resourceId);
      this.locks = new Locks(channel, document2);
      this.presence = new Presence(channel, document2);
      const seeding = new Seeding(channel, document2);
      this.fields = new Fields(document2, seeding, settings, carried);
      this.#life.add(() => records.leave(resourceId, () => this.locks.end()));
      for (const part of [seeding, this.presence, this.fields]) this.#life.add(() => part.end());
      this.#life.add(() => this.#soon.clear());
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
      const { document: document2, fields } = this;
      return statusOf({
        connection: this.#connection.state,
        everOpen: this.ownId !== "",
        document: document2.state,
        met: document2.met,
        mode: document2.mode,
        revision: document2.revision,
        edits: document2.outbox.edits + this.#records.edits,
        loose: fields.all.filter((field) => field.waitsWithText).length,
        stored: false
      });
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
    lock(id2) {
      return new Promise((done) => this.locks.acquire(this.#wireOf(id2), done));
    }
    /** Gives the lock of a field back. */
    unlock(id2) {
      this.locks.release(this.#wireOf(id2));
    }
    /** What the page is told of its fields. */
    info() {
      return this.fields.all.map(({ id: id2, kind, label, wire, binding }) => ({
        id: id2,
        kind,
        label,
        elements: binding.elements,
        lockedBy: this.locks.against(wire)?.name,
        ownLock: this.locks.own(wire) !== void 0
      }));
    }
    /** Ends and leaves the page as it was, with what it shows now. What was typed goes on to the server. */
    end() {
      this.#life.end();
    }
    #wireOf(id2) {
      return id2 === "" ? "" : this.fields.get(id2)?.wire ?? id2;
    }
    #wire(channel) {
      const { document: document2, locks, presence, fields } = this;
      const hear = (stop) => this.#life.add(stop);
      hear(this.#connection.events.on("state", () => this.#changed()));
      hear(this.#records.events.on("changed", () => this.#changed()));
      hear(document2.events.on("state", (state) => {
        if (state.name === "refused") this.events.emit("error", { code: state.code, message: `${channel.resourceId} was refused` });
        this.#changed();
      }));
      hear(document2.events.on("joined", () => this.#changed()));
      hear(channel.events.on("message", ({ event, fields: fields2 }) => {
        if (event === "RESOURCE_UPDATED") this.events.emit("resourceUpdated", fields2);
      }));
      hear(document2.events.on("outbox", () => this.#changed()));
      hear(document2.events.on("saved", (saved) => this.events.emit("saved", { ...saved, fields: saved.fields.map(idOf) })));
      hear(document2.events.on("arrived", (arrived) => this.#arrived(arrived)));
      hear(document2.events.on("draft", () => this.#changed()));
      hear(locks.events.on("changed", () => this.#locksChanged()));
      for (const event of ["acquired", "denied", "released"]) {
        hear(locks.events.on(event, (detail) => this.events.emit("lock", { field: idOf(detail.field), event, detail })));
      }
      hear(presence.events.on("users", (users) => {
        this.events.emit("users", users);
        this.#changed();
      }));
      hear(presence.events.on("moved", () => this.#changed()));
      hear(fields.events.on("changed", () => this.#locksChanged()));
    }
    #arrived(arrived) {
      if (arrived.userId !== "") {
        for (const wire of arrived.fields) this.#view?.flash(wire);
        this.events.emit("remote", { ...arrived, fields: arrived.fields.map(idOf) });
      }
      this.#changed();
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
      this.#life.add(this.fields.events.on("opened", ({ document: document2, life }) => {
        life.listen(document2, "focusin", (event) => this.#enter(this.fields.ofEvent(event)), quiet);
        life.listen(document2, "focusout", () => this.#enter(void 0), quiet);
        for (const type of ["input", "keydown", "pointerdown"]) life.listen(document2, type, active, quiet);
      }));
      this.#life.add(this.document.events.on("joined", () => this.#claim()));
      this.#life.add(this.locks.events.on("released", ({ userId }) => userId !== this.ownId && this.#claim()));
    }
    #enter(field) {
      if (field === this.#focused) return;
      if (this.#settings.locking === "focus" && this.#focused !== void 0) this.locks.release(this.#focused.wire);
      this.#focused = field;
      this.#claim();
      this.presence.enter(field?.wire ?? "");
      this.#view?.focused(field?.binding.elements[0]);
      this.events.emit("focus", { field: field?.id });
    }
    /** Asks for the lock of the focused field, if locks follow the focus and nobody else has it. */
    #claim() {
      if (this.#settings.locking !== "focus" || this.#focused === void 0 || !this.document.editable) return;
      const { wire } = this.#focused;
      if (this.locks.own(wire) === void 0 && this.locks.against(wire) === void 0) this.locks.acquire(wire);
    }
    /** Tells what has changed, once for all that changes in one turn. */
    #changed() {
      if (this.#soon.running || this.#life.ended) return;
      this.#soon.set(0, () => {
        const status = this.status;
        if (JSON.stringify(status) !== JSON.stringify(this.#status)) {
          const modeChanged = status.mode !== this.#status?.mode;
          this.#status = status;
          this.events.emit("status", status);
          if (modeChanged) this.#locksChanged();
        }
        this.#view?.changed();
      });
    }
  };

  // src/handle.ts
  var Handle = class {
    #shared;
    #widget;
    #resourceId;
    #state = "new";
    #life = new Lifetime();
    #soon = new Timer();
    constructor(settings, page, open, gone) {
      const { gatewayUrl: url, token, renewable } = settings;
      const connection = new Connection({ url, token, renewable, open });
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
        stored: false
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
    /** Begins; `init` calls it once the page is there. */
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
  };

  // src/options.ts
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
  function oneOf(name, value2, allowed) {
    if (!allowed.includes(value2)) wrong(`${name} is "${value2}", not one of ${allowed.join(", ")}`);
    return value2;
  }
  function selectors(name, value2, page) {
    const list2 = value2 === void 0 ? [] : typeof value2 === "string" ? [value2] : value2;
    for (const selector of list2) {
      try {
        page.createDocumentFragment().querySelector(selector);
      } catch {
        wrong(`${name} has "${selector}", which is no selector`);
      }
    }
    return list2;
  }
  function wrong(what) {
    throw new TypeError(`CollabSDK.init: ${what}`);
  }

  // node_modules/engine.io-parser/build/esm/commons.js
  var PACKET_TYPES = /* @__PURE__ */ Object.create(null);
  PACKET_TYPES["open"] = "0";
  PACKET_TYPES["close"] = "1";
  PACKET_TYPES["ping"] = "2";
  PACKET_TYPES["pong"] = "3";
  PACKET_TYPES["message"] = "4";
  PACKET_TYPES["upgrade"] = "5";
  PACKET_TYPES["noop"] = "6";
  var PACKET_TYPES_REVERSE = /* @__PURE__ */ Object.create(null);
  Object.keys(PACKET_TYPES).forEach((key) => {
    PACKET_TYPES_REVERSE[PACKET_TYPES[key]] = key;
  });
  var ERROR_PACKET = { type: "error", data: "parser error" };

  // node_modules/engine.io-parser/build/esm/encodePacket.browser.js
  var withNativeBlob = typeof Blob === "function" || typeof Blob !== "undefined" && Object.prototype.toString.call(Blob) === "[object BlobConstructor]";
  var withNativeArrayBuffer = typeof ArrayBuffer === "function";
  var isView = (obj) => {
    return typeof ArrayBuffer.isView === "function" ? ArrayBuffer.isView(obj) : obj && obj.buffer instanceof ArrayBuffer;
  };
  var encodePacket = ({ type, data }, supportsBinary, callback) => {
    if (withNativeBlob && data instanceof Blob) {
      if (supportsBinary) {
        return callback(data);
      } else {
        return encodeBlobAsBase64(data, callback);
      }
    } else if (withNativeArrayBuffer && (data instanceof ArrayBuffer || isView(data))) {
      if (supportsBinary) {
        return callback(data);
      } else {
        return encodeBlobAsBase64(new Blob([data]), callback);
      }
    }
    return callback(PACKET_TYPES[type] + (data || ""));
  };
  var encodeBlobAsBase64 = (data, callback) => {
    const fileReader = new FileReader();
    fileReader.onload = function() {
      const content = fileReader.result.split(",")[1];
      callback("b" + (content || ""));
    };
    return fileReader.readAsDataURL(data);
  };

  // node_modules/engine.io-parser/build/esm/contrib/base64-arraybuffer.js
  var chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  var lookup = typeof Uint8Array === "undefined" ? [] : new Uint8Array(256);
  for (let i = 0; i < chars.length; i++) {
    lookup[chars.charCodeAt(i)] = i;
  }
  var decode = (base64) => {
    let bufferLength = base64.length * 0.75, len = base64.length, i, p = 0, encoded1, encoded2, encoded3, encoded4;
    if (base64[base64.length - 1] === "=") {
      bufferLength--;
      if (base64[base64.length - 2] === "=") {
        bufferLength--;
      }
    }
    const arraybuffer = new ArrayBuffer(bufferLength), bytes2 = new Uint8Array(arraybuffer);
    for (i = 0; i < len; i += 4) {
      encoded1 = lookup[base64.charCodeAt(i)];
      encoded2 = lookup[base64.charCodeAt(i + 1)];
      encoded3 = lookup[base64.charCodeAt(i + 2)];
      encoded4 = lookup[base64.charCodeAt(i + 3)];
      bytes2[p++] = encoded1 << 2 | encoded2 >> 4;
      bytes2[p++] = (encoded2 & 15) << 4 | encoded3 >> 2;
      bytes2[p++] = (encoded3 & 3) << 6 | encoded4 & 63;
    }
    return arraybuffer;
  };

  // node_modules/engine.io-parser/build/esm/decodePacket.browser.js
  var withNativeArrayBuffer2 = typeof ArrayBuffer === "function";
  var decodePacket = (encodedPacket, binaryType) => {
    if (typeof encodedPacket !== "string") {
      return {
        type: "message",
        data: mapBinary(encodedPacket, binaryType)
      };
    }
    const type = encodedPacket.charAt(0);
    if (type === "b") {
      return {
        type: "message",
        data: decodeBase64Packet(encodedPacket.substring(1), binaryType)
      };
    }
    const packetType = PACKET_TYPES_REVERSE[type];
    if (!packetType) {
      return ERROR_PACKET;
    }
    return encodedPacket.length > 1 ? {
      type: PACKET_TYPES_REVERSE[type],
      data: encodedPacket.substring(1)
    } : {
      type: PACKET_TYPES_REVERSE[type]
    };
  };
  var decodeBase64Packet = (data, binaryType) => {
    if (withNativeArrayBuffer2) {
      const decoded = decode(data);
      return mapBinary(decoded, binaryType);
    } else {
      return { base64: true, data };
    }
  };
  var mapBinary = (data, binaryType) => {
    switch (binaryType) {
      case "blob":
        if (data instanceof Blob) {
          return data;
        } else {
          return new Blob([data]);
        }
      case "arraybuffer":
      default:
        if (data instanceof ArrayBuffer) {
          return data;
        } else {
          return data.buffer;
        }
    }
  };

  // node_modules/engine.io-parser/build/esm/index.js
  var SEPARATOR = String.fromCharCode(30);
  var encodePayload = (packets, callback) => {
    const length2 = packets.length;
    const encodedPackets = new Array(length2);
    let count = 0;
    packets.forEach((packet, i) => {
      encodePacket(packet, false, (encodedPacket) => {
        encodedPackets[i] = encodedPacket;
        if (++count === length2) {
          callback(encodedPackets.join(SEPARATOR));
        }
      });
    });
  };
  var decodePayload = (encodedPayload, binaryType) => {
    const encodedPackets = encodedPayload.split(SEPARATOR);
    const packets = [];
    for (let i = 0; i < encodedPackets.length; i++) {
      const decodedPacket = decodePacket(encodedPackets[i], binaryType);
      packets.push(decodedPacket);
      if (decodedPacket.type === "error") {
        break;
      }
    }
    return packets;
  };
  var protocol = 4;

  // node_modules/@socket.io/component-emitter/lib/esm/index.js
  function Emitter2(obj) {
    if (obj) return mixin(obj);
  }
  function mixin(obj) {
    for (var key in Emitter2.prototype) {
      obj[key] = Emitter2.prototype[key];
    }
    return obj;
  }
  Emitter2.prototype.on = Emitter2.prototype.addEventListener = function(event, fn) {
    this._callbacks = this._callbacks || {};
    (this._callbacks["$" + event] = this._callbacks["$" + event] || []).push(fn);
    return this;
  };
  Emitter2.prototype.once = function(event, fn) {
    function on2() {
      this.off(event, on2);
      fn.apply(this, arguments);
    }
    on2.fn = fn;
    this.on(event, on2);
    return this;
  };
  Emitter2.prototype.off = Emitter2.prototype.removeListener = Emitter2.prototype.removeAllListeners = Emitter2.prototype.removeEventListener = function(event, fn) {
    this._callbacks = this._callbacks || {};
    if (0 == arguments.length) {
      this._callbacks = {};
      return this;
    }
    var callbacks = this._callbacks["$" + event];
    if (!callbacks) return this;
    if (1 == arguments.length) {
      delete this._callbacks["$" + event];
      return this;
    }
    var cb;
    for (var i = 0; i < callbacks.length; i++) {
      cb = callbacks[i];
      if (cb === fn || cb.fn === fn) {
        callbacks.splice(i, 1);
        break;
      }
    }
    if (callbacks.length === 0) {
      delete this._callbacks["$" + event];
    }
    return this;
  };
  Emitter2.prototype.emit = function(event) {
    this._callbacks = this._callbacks || {};
    var args = new Array(arguments.length - 1), callbacks = this._callbacks["$" + event];
    for (var i = 1; i < arguments.length; i++) {
      args[i - 1] = arguments[i];
    }
    if (callbacks) {
      callbacks = callbacks.slice(0);
      for (var i = 0, len = callbacks.length; i < len; ++i) {
        callbacks[i].apply(this, args);
      }
    }
    return this;
  };
  Emitter2.prototype.emitReserved = Emitter2.prototype.emit;
  Emitter2.prototype.listeners = function(event) {
    this._callbacks = this._callbacks || {};
    return this._callbacks["$" + event] || [];
  };
  Emitter2.prototype.hasListeners = function(event) {
    return !!this.listeners(event).length;
  };

  // node_modules/engine.io-client/build/esm/globals.js
  var nextTick = (() => {
    const isPromiseAvailable = typeof Promise === "function" && typeof Promise.resolve === "function";
    if (isPromiseAvailable) {
      return (cb) => Promise.resolve().then(cb);
    } else {
      return (cb, setTimeoutFn) => setTimeoutFn(cb, 0);
    }
  })();
  var globalThisShim = (() => {
    if (typeof self !== "undefined") {
      return self;
    } else if (typeof window !== "undefined") {
      return window;
    } else {
      return Function("return this")();
    }
  })();
  var defaultBinaryType = "arraybuffer";
  function createCookieJar() {
  }

  // node_modules/engine.io-client/build/esm/util.js
  function pick(obj, ...attr) {
    return attr.reduce((acc, k) => {
      if (obj.hasOwnProperty(k)) {
        acc[k] = obj[k];
      }
      return acc;
    }, {});
  }
  var NATIVE_SET_TIMEOUT = globalThisShim.setTimeout;
  var NATIVE_CLEAR_TIMEOUT = globalThisShim.clearTimeout;
  function installTimerFunctions(obj, opts) {
    if (opts.useNativeTimers) {
      obj.setTimeoutFn = NATIVE_SET_TIMEOUT.bind(globalThisShim);
      obj.clearTimeoutFn = NATIVE_CLEAR_TIMEOUT.bind(globalThisShim);
    } else {
      obj.setTimeoutFn = globalThisShim.setTimeout.bind(globalThisShim);
      obj.clearTimeoutFn = globalThisShim.clearTimeout.bind(globalThisShim);
    }
  }
  var BASE64_OVERHEAD = 1.33;
  function byteLength(obj) {
    if (typeof obj === "string") {
      return utf8Length(obj);
    }
    return Math.ceil((obj.byteLength || obj.size) * BASE64_OVERHEAD);
  }
  function utf8Length(str) {
    let c = 0, length2 = 0;
    for (let i = 0, l = str.length; i < l; i++) {
      c = str.charCodeAt(i);
      if (c < 128) {
        length2 += 1;
      } else if (c < 2048) {
        length2 += 2;
      } else if (c < 55296 || c >= 57344) {
        length2 += 3;
      } else {
        i++;
        length2 += 4;
      }
    }
    return length2;
  }
  function randomString() {
    return Date.now().toString(36).substring(3) + Math.random().toString(36).substring(2, 5);
  }

  // node_modules/engine.io-client/build/esm/contrib/parseqs.js
  function encode(obj) {
    let str = "";
    for (let i in obj) {
      if (obj.hasOwnProperty(i)) {
        if (str.length)
          str += "&";
        str += encodeURIComponent(i) + "=" + encodeURIComponent(obj[i]);
      }
    }
    return str;
  }
  function decode2(qs) {
    let qry = {};
    let pairs = qs.split("&");
    for (let i = 0, l = pairs.length; i < l; i++) {
      let pair = pairs[i].split("=");
      qry[decodeURIComponent(pair[0])] = decodeURIComponent(pair.slice(1).join("="));
    }
    return qry;
  }

  // node_modules/engine.io-client/build/esm/transport.js
  var TransportError = class extends Error {
    constructor(reason, description, context) {
      super(reason);
      this.description = description;
      this.context = context;
      this.type = "TransportError";
    }
  };
  var Transport = class extends Emitter2 {
    /**
     * Transport abstract constructor.
     *
     * @param {Object} opts - options
     * @protected
     */
    constructor(opts) {
      super();
      this.writable = false;
      installTimerFunctions(this, opts);
      this.opts = opts;
      this.query = opts.query;
      this.socket = opts.socket;
      this.supportsBinary = !opts.forceBase64;
    }
    /**
     * Emits an error.
     *
     * @param {String} reason
     * @param description
     * @param context - the error context
     * @return {Transport} for chaining
     * @protected
     */
    onError(reason, description, context) {
      super.emitReserved("error", new TransportError(reason, description, context));
      return this;
    }
    /**
     * Opens the transport.
     */
    open() {
      this.readyState = "opening";
      this.doOpen();
      return this;
    }
    /**
     * Closes the transport.
     */
    close() {
      if (this.readyState === "opening" || this.readyState === "open") {
        this.doClose();
        this.onClose();
      }
      return this;
    }
    /**
     * Sends multiple packets.
     *
     * @param {Array} packets
     */
    send(packets) {
      if (this.readyState === "open") {
        this.write(packets);
      } else {
      }
    }
    /**
     * Called upon open
     *
     * @protected
     */
    onOpen() {
      this.readyState = "open";
      this.writable = true;
      super.emitReserved("open");
    }
    /**
     * Called with data.
     *
     * @param {String} data
     * @protected
     */
    onData(data) {
      const packet = decodePacket(data, this.socket.binaryType);
      this.onPacket(packet);
    }
    /**
     * Called with a decoded packet.
     *
     * @protected
     */
    onPacket(packet) {
      super.emitReserved("packet", packet);
    }
    /**
     * Called upon close.
     *
     * @protected
     */
    onClose(details) {
      this.readyState = "closed";
      super.emitReserved("close", details);
    }
    /**
     * Pauses the transport, in order not to lose packets during an upgrade.
     *
     * @param onPause
     */
    pause(onPause) {
    }
    createUri(schema, query = {}) {
      return schema + "://" + this._hostname() + this._port() + this.opts.path + this._query(query);
    }
    _hostname() {
      const hostname = this.opts.hostname;
      return hostname.indexOf(":") === -1 ? hostname : "[" + hostname + "]";
    }
    _port() {
      if (this.opts.port && (this.opts.secure && Number(this.opts.port) !== 443 || !this.opts.secure && Number(this.opts.port) !== 80)) {
        return ":" + this.opts.port;
      } else {
        return "";
      }
    }
    _query(query) {
      const encodedQuery = encode(query);
      return encodedQuery.length ? "?" + encodedQuery : "";
    }
  };

  // node_modules/engine.io-client/build/esm/transports/polling.js
  var Polling = class extends Transport {
    constructor() {
      super(...arguments);
      this._polling = false;
    }
    get name() {
      return "polling";
    }
    /**
     * Opens the socket (triggers polling). We write a PING message to determine
     * when the transport is open.
     *
     * @protected
     */
    doOpen() {
      this._poll();
    }
    /**
     * Pauses polling.
     *
     * @param {Function} onPause - callback upon buffers are flushed and transport is paused
     * @package
     */
    pause(onPause) {
      this.readyState = "pausing";
      const pause = () => {
        this.readyState = "paused";
        onPause();
      };
      if (this._polling || !this.writable) {
        let total = 0;
        if (this._polling) {
          total++;
          this.once("pollComplete", function() {
            --total || pause();
          });
        }
        if (!this.writable) {
          total++;
          this.once("drain", function() {
            --total || pause();
          });
        }
      } else {
        pause();
      }
    }
    /**
     * Starts polling cycle.
     *
     * @private
     */
    _poll() {
      this._polling = true;
      this.doPoll();
      this.emitReserved("poll");
    }
    /**
     * Overloads onData to detect payloads.
     *
     * @protected
     */
    onData(data) {
      const callback = (packet) => {
        if ("opening" === this.readyState && packet.type === "open") {
          this.onOpen();
        }
        if ("close" === packet.type) {
          this.onClose({ description: "transport closed by the server" });
          return false;
        }
        this.onPacket(packet);
      };
      decodePayload(data, this.socket.binaryType).forEach(callback);
      if ("closed" !== this.readyState) {
        this._polling = false;
        this.emitReserved("pollComplete");
        if ("open" === this.readyState) {
          this._poll();
        } else {
        }
      }
    }
    /**
     * For polling, send a close packet.
     *
     * @protected
     */
    doClose() {
      const close = () => {
        this.write([{ type: "close" }]);
      };
      if ("open" === this.readyState) {
        close();
      } else {
        this.once("open", close);
      }
    }
    /**
     * Writes a packets payload.
     *
     * @param {Array} packets - data packets
     * @protected
     */
    write(packets) {
      this.writable = false;
      encodePayload(packets, (data) => {
        this.doWrite(data, () => {
          this.writable = true;
          this.emitReserved("drain");
        });
      });
    }
    /**
     * Generates uri for connection.
     *
     * @private
     */
    uri() {
      const schema = this.opts.secure ? "https" : "http";
      const query = this.query || {};
      if (false !== this.opts.timestampRequests) {
        query[this.opts.timestampParam] = randomString();
      }
      if (!this.supportsBinary && !query.sid) {
        query.b64 = 1;
      }
      return this.createUri(schema, query);
    }
  };

  // node_modules/engine.io-client/build/esm/contrib/has-cors.js
  var value = false;
  try {
    value = typeof XMLHttpRequest !== "undefined" && "withCredentials" in new XMLHttpRequest();
  } catch (err) {
  }
  var hasCORS = value;

  // node_modules/engine.io-client/build/esm/transports/polling-xhr.js
  function empty() {
  }
  var BaseXHR = class extends Polling {
    /**
     * XHR Polling constructor.
     *
     * @param {Object} opts
     * @package
     */
    constructor(opts) {
      super(opts);
      if (typeof location !== "undefined") {
        const isSSL = "https:" === location.protocol;
        let port = location.port;
        if (!port) {
          port = isSSL ? "443" : "80";
        }
        this.xd = typeof location !== "undefined" && opts.hostname !== location.hostname || port !== opts.port;
      }
    }
    /**
     * Sends data.
     *
     * @param {String} data - data to send.
     * @param {Function} fn - called upon flush.
     * @private
     */
    doWrite(data, fn) {
      const req = this.request({
        method: "POST",
        data
      });
      req.on("success", fn);
      req.on("error", (xhrStatus, context) => {
        this.onError("xhr post error", xhrStatus, context);
      });
    }
    /**
     * Starts a poll cycle.
     *
     * @private
     */
    doPoll() {
      const req = this.request();
      req.on("data", this.onData.bind(this));
      req.on("error", (xhrStatus, context) => {
        this.onError("xhr poll error", xhrStatus, context);
      });
      this.pollXhr = req;
    }
  };
  var Request = class _Request extends Emitter2 {
    /**
     * Request constructor
     *
     * @param {Object} options
     * @package
     */
    constructor(createRequest, uri, opts) {
      super();
      this.createRequest = createRequest;
      installTimerFunctions(this, opts);
      this._opts = opts;
      this._method = opts.method || "GET";
      this._uri = uri;
      this._data = void 0 !== opts.data ? opts.data : null;
      this._create();
    }
    /**
     * Creates the XHR object and sends the request.
     *
     * @private
     */
    _create() {
      var _a;
      const opts = pick(this._opts, "agent", "pfx", "key", "passphrase", "cert", "ca", "ciphers", "rejectUnauthorized", "autoUnref");
      opts.xdomain = !!this._opts.xd;
      const xhr = this._xhr = this.createRequest(opts);
      try {
        xhr.open(this._method, this._uri, true);
        try {
          if (this._opts.extraHeaders) {
            xhr.setDisableHeaderCheck && xhr.setDisableHeaderCheck(true);
            for (let i in this._opts.extraHeaders) {
              if (this._opts.extraHeaders.hasOwnProperty(i)) {
                xhr.setRequestHeader(i, this._opts.extraHeaders[i]);
              }
            }
          }
        } catch (e) {
        }
        if ("POST" === this._method) {
          try {
            xhr.setRequestHeader("Content-type", "text/plain;charset=UTF-8");
          } catch (e) {
          }
        }
        try {
          xhr.setRequestHeader("Accept", "*/*");
        } catch (e) {
        }
        (_a = this._opts.cookieJar) === null || _a === void 0 ? void 0 : _a.addCookies(xhr);
        if ("withCredentials" in xhr) {
          xhr.withCredentials = this._opts.withCredentials;
        }
        if (this._opts.requestTimeout) {
          xhr.timeout = this._opts.requestTimeout;
        }
        xhr.onreadystatechange = () => {
          var _a2;
          if (xhr.readyState === 3) {
            (_a2 = this._opts.cookieJar) === null || _a2 === void 0 ? void 0 : _a2.parseCookies(
              // @ts-ignore
              xhr.getResponseHeader("set-cookie")
            );
          }
          if (4 !== xhr.readyState)
            return;
          if (200 === xhr.status || 1223 === xhr.status) {
            this._onLoad();
          } else {
            this.setTimeoutFn(() => {
              this._onError(typeof xhr.status === "number" ? xhr.status : 0);
            }, 0);
          }
        };
        xhr.send(this._data);
      } catch (e) {
        this.setTimeoutFn(() => {
          this._onError(e);
        }, 0);
        return;
      }
      if (typeof document !== "undefined") {
        this._index = _Request.requestsCount++;
        _Request.requests[this._index] = this;
      }
    }
    /**
     * Called upon error.
     *
     * @private
     */
    _onError(err) {
      this.emitReserved("error", err, this._xhr);
      this._cleanup(true);
    }
    /**
     * Cleans up house.
     *
     * @private
     */
    _cleanup(fromError) {
      if ("undefined" === typeof this._xhr || null === this._xhr) {
        return;
      }
      this._xhr.onreadystatechange = empty;
      if (fromError) {
        try {
          this._xhr.abort();
        } catch (e) {
        }
      }
      if (typeof document !== "undefined") {
        delete _Request.requests[this._index];
      }
      this._xhr = null;
    }
    /**
     * Called upon load.
     *
     * @private
     */
    _onLoad() {
      const data = this._xhr.responseText;
      if (data !== null) {
        this.emitReserved("data", data);
        this.emitReserved("success");
        this._cleanup();
      }
    }
    /**
     * Aborts the request.
     *
     * @package
     */
    abort() {
      this._cleanup();
    }
  };
  Request.requestsCount = 0;
  Request.requests = {};
  if (typeof document !== "undefined") {
    if (typeof attachEvent === "function") {
      attachEvent("onunload", unloadHandler);
    } else if (typeof addEventListener === "function") {
      const terminationEvent = "onpagehide" in globalThisShim ? "pagehide" : "unload";
      addEventListener(terminationEvent, unloadHandler, false);
    }
  }
  function unloadHandler() {
    for (let i in Request.requests) {
      if (Request.requests.hasOwnProperty(i)) {
        Request.requests[i].abort();
      }
    }
  }
  var hasXHR2 = (function() {
    const xhr = newRequest({
      xdomain: false
    });
    return xhr && xhr.responseType !== null;
  })();
  var XHR = class extends BaseXHR {
    constructor(opts) {
      super(opts);
      const forceBase64 = opts && opts.forceBase64;
      this.supportsBinary = hasXHR2 && !forceBase64;
    }
    request(opts = {}) {
      Object.assign(opts, { xd: this.xd }, this.opts);
      return new Request(newRequest, this.uri(), opts);
    }
  };
  function newRequest(opts) {
    const xdomain = opts.xdomain;
    try {
      if ("undefined" !== typeof XMLHttpRequest && (!xdomain || hasCORS)) {
        return new XMLHttpRequest();
      }
    } catch (e) {
    }
    if (!xdomain) {
      try {
        return new globalThisShim[["Active"].concat("Object").join("X")]("Microsoft.XMLHTTP");
      } catch (e) {
      }
    }
  }

  // node_modules/engine.io-client/build/esm/transports/websocket.js
  var isReactNative = typeof navigator !== "undefined" && typeof navigator.product === "string" && navigator.product.toLowerCase() === "reactnative";
  var BaseWS = class extends Transport {
    get name() {
      return "websocket";
    }
    doOpen() {
      const uri = this.uri();
      const protocols = this.opts.protocols;
      const opts = isReactNative ? {} : pick(this.opts, "agent", "perMessageDeflate", "pfx", "key", "passphrase", "cert", "ca", "ciphers", "rejectUnauthorized", "localAddress", "protocolVersion", "origin", "maxPayload", "family", "checkServerIdentity");
      if (this.opts.extraHeaders) {
        opts.headers = this.opts.extraHeaders;
      }
      try {
        this.ws = this.createSocket(uri, protocols, opts);
      } catch (err) {
        return this.emitReserved("error", err);
      }
      this.ws.binaryType = this.socket.binaryType;
      this.addEventListeners();
    }
    /**
     * Adds event listeners to the socket
     *
     * @private
     */
    addEventListeners() {
      this.ws.onopen = () => {
        if (this.opts.autoUnref) {
          this.ws._socket.unref();
        }
        this.onOpen();
      };
      this.ws.onclose = (closeEvent) => this.onClose({
        description: "websocket connection closed",
        context: closeEvent
      });
      this.ws.onmessage = (ev) => this.onData(ev.data);
      this.ws.onerror = (e) => this.onError("websocket error", e);
    }
    write(packets) {
      this.writable = false;
      for (let i = 0; i < packets.length; i++) {
        const packet = packets[i];
        const lastPacket = i === packets.length - 1;
        encodePacket(packet, this.supportsBinary, (data) => {
          try {
            this.doWrite(packet, data);
          } catch (e) {
          }
          if (lastPacket) {
            nextTick(() => {
              this.writable = true;
              this.emitReserved("drain");
            }, this.setTimeoutFn);
          }
        });
      }
    }
    doClose() {
      if (typeof this.ws !== "undefined") {
        this.ws.onerror = () => {
        };
        this.ws.close();
        this.ws = null;
      }
    }
    /**
     * Generates uri for connection.
     *
     * @private
     */
    uri() {
      const schema = this.opts.secure ? "wss" : "ws";
      const query = this.query || {};
      if (this.opts.timestampRequests) {
        query[this.opts.timestampParam] = randomString();
      }
      if (!this.supportsBinary) {
        query.b64 = 1;
      }
      return this.createUri(schema, query);
    }
  };
  var WebSocketCtor = globalThisShim.WebSocket || globalThisShim.MozWebSocket;
  var WS = class extends BaseWS {
    createSocket(uri, protocols, opts) {
      return !isReactNative ? protocols ? new WebSocketCtor(uri, protocols) : new WebSocketCtor(uri) : new WebSocketCtor(uri, protocols, opts);
    }
    doWrite(_packet, data) {
      this.ws.send(data);
    }
  };

  // trim:2
  var WT = class {
  };

  // node_modules/engine.io-client/build/esm/transports/index.js
  var transports = {
    websocket: WS,
    webtransport: WT,
    polling: XHR
  };

  // trim:3
  var parse = (url) => {
    const u = new URL(url);
    return { source: url, protocol: u.protocol.slice(0, -1), host: u.hostname, port: u.port, path: u.pathname, query: u.search.slice(1), queryKey: {} };
  };

  // node_modules/engine.io-client/build/esm/socket.js
  var withEventListeners = typeof addEventListener === "function" && typeof removeEventListener === "function";
  var OFFLINE_EVENT_LISTENERS = [];
  if (withEventListeners) {
    addEventListener("offline", () => {
      OFFLINE_EVENT_LISTENERS.forEach((listener) => listener());
    }, false);
  }
  var Socket = class _Socket extends Emitter2 {
    constructor(uri, opts = {}) {
      var _a, _b;
      super();
      this.binaryType = defaultBinaryType;
      this.writeBuffer = [];
      this._prevBufferLen = 0;
      this._upgrades = [];
      this._pingInterval = -1;
      this._pingTimeout = -1;
      this._maxPayload = -1;
      this._pingTimeoutTime = Infinity;
      if (uri && "object" === typeof uri) {
        opts = uri;
        uri = null;
      }
      if (uri) {
        const parsedUri = parse(uri);
        opts.hostname = parsedUri.host;
        opts.secure = parsedUri.protocol === "https" || parsedUri.protocol === "wss";
        opts.port = parsedUri.port;
        if (parsedUri.query)
          opts.query = parsedUri.query;
      } else if (opts.host) {
        opts.hostname = parse(opts.host).host;
      }
      installTimerFunctions(this, opts);
      this.secure = null != opts.secure ? opts.secure : typeof location !== "undefined" && "https:" === location.protocol;
      if (opts.hostname && !opts.port) {
        opts.port = this.secure ? "443" : "80";
      }
      this.hostname = opts.hostname || (typeof location !== "undefined" ? location.hostname : "localhost");
      this.port = opts.port || (typeof location !== "undefined" && location.port ? location.port : this.secure ? "443" : "80");
      if (opts.transportImplementations && opts.transports) {
        throw new Error("specifying both 'transportImplementations' and 'transports' options is not supported");
      }
      if (opts.transportImplementations || ((_a = opts.transports) === null || _a === void 0 ? void 0 : _a.length) && typeof opts.transports[0] === "function") {
        this.transports = [];
        this._transportsByName = /* @__PURE__ */ Object.create(null);
        ((_b = opts.transportImplementations) !== null && _b !== void 0 ? _b : opts.transports).forEach((t) => {
          const transportName = t.prototype.name;
          this.transports.push(transportName);
          this._transportsByName[transportName] = t;
        });
      } else {
        this.transports = opts.transports ? [...opts.transports] : ["polling", "websocket", "webtransport"];
        this._transportsByName = transports;
      }
      this.opts = Object.assign({
        path: "/engine.io",
        agent: false,
        withCredentials: false,
        upgrade: true,
        timestampParam: "t",
        rememberUpgrade: false,
        addTrailingSlash: true,
        rejectUnauthorized: true,
        perMessageDeflate: {
          threshold: 1024
        },
        transportOptions: {},
        closeOnBeforeunload: false
      }, opts);
      this.opts.path = this.opts.path.replace(/\/$/, "") + (this.opts.addTrailingSlash ? "/" : "");
      if (typeof this.opts.query === "string") {
        this.opts.query = decode2(this.opts.query);
      }
      if (withEventListeners) {
        if (this.opts.closeOnBeforeunload) {
          this._beforeunloadEventListener = () => {
            if (this.transport) {
              this.transport.removeAllListeners();
              this.transport.close();
            }
          };
          addEventListener("beforeunload", this._beforeunloadEventListener, false);
        }
        if (this.hostname !== "localhost") {
          this._offlineEventListener = () => {
            this._onClose("transport close", {
              description: "network connection lost"
            });
          };
          OFFLINE_EVENT_LISTENERS.push(this._offlineEventListener);
        }
      }
      if (this.opts.withCredentials) {
        this._cookieJar = createCookieJar();
      }
      this._open();
    }
    /**
     * Creates transport of the given type.
     *
     * @param {String} name - transport name
     * @return {Transport}
     * @private
     */
    createTransport(name) {
      const query = Object.assign({}, this.opts.query);
      query.EIO = protocol;
      query.transport = name;
      if (this.id)
        query.sid = this.id;
      const opts = Object.assign({}, this.opts, {
        query,
        socket: this,
        hostname: this.hostname,
        secure: this.secure,
        port: this.port
      }, this.opts.transportOptions[name]);
      return new this._transportsByName[name](opts);
    }
    /**
     * Initializes transport to use and starts probe.
     *
     * @private
     */
    _open() {
      if (this.transports.length === 0) {
        this.setTimeoutFn(() => {
          this.emitReserved("error", "No transports available");
        }, 0);
        return;
      }
      const transportName = this.opts.rememberUpgrade && _Socket.priorWebsocketSuccess && this.transports.indexOf("websocket") !== -1 ? "websocket" : this.transports[0];
      this.readyState = "opening";
      const transport = this.createTransport(transportName);
      transport.open();
      this.setTransport(transport);
    }
    /**
     * Sets the current transport. Disables the existing one (if any).
     *
     * @private
     */
    setTransport(transport) {
      if (this.transport) {
        this.transport.removeAllListeners();
      }
      this.transport = transport;
      transport.on("drain", this._onDrain.bind(this)).on("packet", this._onPacket.bind(this)).on("error", this._onError.bind(this)).on("close", (reason) => this._onClose("transport close", reason));
    }
    /**
     * Probes a transport.
     *
     * @param {String} name - transport name
     * @private
     */
    _probe(name) {
      let transport = this.createTransport(name);
      let failed = false;
      _Socket.priorWebsocketSuccess = false;
      const onTransportOpen = () => {
        if (failed)
          return;
        transport.send([{ type: "ping", data: "probe" }]);
        transport.once("packet", (msg) => {
          if (failed)
            return;
          if ("pong" === msg.type && "probe" === msg.data) {
            this.upgrading = true;
            this.emitReserved("upgrading", transport);
            if (!transport)
              return;
            _Socket.priorWebsocketSuccess = "websocket" === transport.name;
            this.transport.pause(() => {
              if (failed)
                return;
              if ("closed" === this.readyState)
                return;
              cleanup();
              this.setTransport(transport);
              transport.send([{ type: "upgrade" }]);
              this.emitReserved("upgrade", transport);
              transport = null;
              this.upgrading = false;
              this.flush();
            });
          } else {
            const err = new Error("probe error");
            err.transport = transport.name;
            this.emitReserved("upgradeError", err);
          }
        });
      };
      function freezeTransport() {
        if (failed)
          return;
        failed = true;
        cleanup();
        transport.close();
        transport = null;
      }
      const onerror = (err) => {
        const error = new Error("probe error: " + err);
        error.transport = transport.name;
        freezeTransport();
        this.emitReserved("upgradeError", error);
      };
      function onTransportClose() {
        onerror("transport closed");
      }
      function onclose() {
        onerror("socket closed");
      }
      function onupgrade(to) {
        if (transport && to.name !== transport.name) {
          freezeTransport();
        }
      }
      const cleanup = () => {
        transport.removeListener("open", onTransportOpen);
        transport.removeListener("error", onerror);
        transport.removeListener("close", onTransportClose);
        this.off("close", onclose);
        this.off("upgrading", onupgrade);
      };
      transport.once("open", onTransportOpen);
      transport.once("error", onerror);
      transport.once("close", onTransportClose);
      this.once("close", onclose);
      this.once("upgrading", onupgrade);
      if (this._upgrades.indexOf("webtransport") !== -1 && name !== "webtransport") {
        this.setTimeoutFn(() => {
          if (!failed) {
            transport.open();
          }
        }, 200);
      } else {
        transport.open();
      }
    }
    /**
     * Called when connection is deemed open.
     *
     * @private
     */
    onOpen() {
      this.readyState = "open";
      _Socket.priorWebsocketSuccess = "websocket" === this.transport.name;
      this.emitReserved("open");
      this.flush();
      if ("open" === this.readyState && this.opts.upgrade) {
        for (let i = 0; i < this._upgrades.length; i++) {
          this._probe(this._upgrades[i]);
        }
      }
    }
    /**
     * Handles a packet.
     *
     * @private
     */
    _onPacket(packet) {
      if ("opening" === this.readyState || "open" === this.readyState || "closing" === this.readyState) {
        this.emitReserved("packet", packet);
        this.emitReserved("heartbeat");
        switch (packet.type) {
          case "open":
            this.onHandshake(JSON.parse(packet.data));
            break;
          case "ping":
            this._sendPacket("pong");
            this.emitReserved("ping");
            this.emitReserved("pong");
            this._resetPingTimeout();
            break;
          case "error":
            const err = new Error("server error");
            err.code = packet.data;
            this._onError(err);
            break;
          case "message":
            this.emitReserved("data", packet.data);
            this.emitReserved("message", packet.data);
            break;
        }
      } else {
      }
    }
    /**
     * Called upon handshake completion.
     *
     * @param {Object} data - handshake obj
     * @private
     */
    onHandshake(data) {
      this.emitReserved("handshake", data);
      this.id = data.sid;
      this.transport.query.sid = data.sid;
      this._upgrades = this._filterUpgrades(data.upgrades);
      this._pingInterval = data.pingInterval;
      this._pingTimeout = data.pingTimeout;
      this._maxPayload = data.maxPayload;
      this.onOpen();
      if ("closed" === this.readyState)
        return;
      this._resetPingTimeout();
    }
    /**
     * Sets and resets ping timeout timer based on server pings.
     *
     * @private
     */
    _resetPingTimeout() {
      this.clearTimeoutFn(this._pingTimeoutTimer);
      const delay = this._pingInterval + this._pingTimeout;
      this._pingTimeoutTime = Date.now() + delay;
      this._pingTimeoutTimer = this.setTimeoutFn(() => {
        this._onClose("ping timeout");
      }, delay);
      if (this.opts.autoUnref) {
        this._pingTimeoutTimer.unref();
      }
    }
    /**
     * Called on `drain` event
     *
     * @private
     */
    _onDrain() {
      this.writeBuffer.splice(0, this._prevBufferLen);
      this._prevBufferLen = 0;
      if (0 === this.writeBuffer.length) {
        this.emitReserved("drain");
      } else {
        this.flush();
      }
    }
    /**
     * Flush write buffers.
     *
     * @private
     */
    flush() {
      if ("closed" !== this.readyState && this.transport.writable && !this.upgrading && this.writeBuffer.length) {
        const packets = this._getWritablePackets();
        this.transport.send(packets);
        this._prevBufferLen = packets.length;
        this.emitReserved("flush");
      }
    }
    /**
     * Ensure the encoded size of the writeBuffer is below the maxPayload value sent by the server (only for HTTP
     * long-polling)
     *
     * @private
     */
    _getWritablePackets() {
      const shouldCheckPayloadSize = this._maxPayload && this.transport.name === "polling" && this.writeBuffer.length > 1;
      if (!shouldCheckPayloadSize) {
        return this.writeBuffer;
      }
      let payloadSize = 1;
      for (let i = 0; i < this.writeBuffer.length; i++) {
        const data = this.writeBuffer[i].data;
        if (data) {
          payloadSize += byteLength(data);
        }
        if (i > 0 && payloadSize > this._maxPayload) {
          return this.writeBuffer.slice(0, i);
        }
        payloadSize += 2;
      }
      return this.writeBuffer;
    }
    /**
     * Checks whether the heartbeat timer has expired but the socket has not yet been notified.
     *
     * Note: this method is private for now because it does not really fit the WebSocket API, but if we put it in the
     * `write()` method then the message would not be buffered by the Socket.IO client.
     *
     * @return {boolean}
     * @private
     */
    /* private */
    _hasPingExpired() {
      if (!this._pingTimeoutTime)
        return true;
      const hasExpired = Date.now() > this._pingTimeoutTime;
      if (hasExpired) {
        this._pingTimeoutTime = 0;
        nextTick(() => {
          this._onClose("ping timeout");
        }, this.setTimeoutFn);
      }
      return hasExpired;
    }
    /**
     * Sends a message.
     *
     * @param {String} msg - message.
     * @param {Object} options.
     * @param {Function} fn - callback function.
     * @return {Socket} for chaining.
     */
    write(msg, options, fn) {
      this._sendPacket("message", msg, options, fn);
      return this;
    }
    /**
     * Sends a message. Alias of {@link Socket#write}.
     *
     * @param {String} msg - message.
     * @param {Object} options.
     * @param {Function} fn - callback function.
     * @return {Socket} for chaining.
     */
    send(msg, options, fn) {
      this._sendPacket("message", msg, options, fn);
      return this;
    }
    /**
     * Sends a packet.
     *
     * @param {String} type - packet type.
     * @param {String} data.
     * @param {Object} options.
     * @param {Function} fn - callback function.
     * @private
     */
    _sendPacket(type, data, options, fn) {
      if ("function" === typeof data) {
        fn = data;
        data = void 0;
      }
      if ("function" === typeof options) {
        fn = options;
        options = null;
      }
      if ("closing" === this.readyState || "closed" === this.readyState) {
        return;
      }
      options = options || {};
      options.compress = false !== options.compress;
      const packet = {
        type,
        data,
        options
      };
      this.emitReserved("packetCreate", packet);
      this.writeBuffer.push(packet);
      if (fn)
        this.once("flush", fn);
      this.flush();
    }
    /**
     * Closes the connection.
     */
    close() {
      const close = () => {
        this._onClose("forced close");
        this.transport.close();
      };
      const cleanupAndClose = () => {
        this.off("upgrade", cleanupAndClose);
        this.off("upgradeError", cleanupAndClose);
        close();
      };
      const waitForUpgrade = () => {
        this.once("upgrade", cleanupAndClose);
        this.once("upgradeError", cleanupAndClose);
      };
      if ("opening" === this.readyState || "open" === this.readyState) {
        this.readyState = "closing";
        if (this.writeBuffer.length) {
          this.once("drain", () => {
            if (this.upgrading) {
              waitForUpgrade();
            } else {
              close();
            }
          });
        } else if (this.upgrading) {
          waitForUpgrade();
        } else {
          close();
        }
      }
      return this;
    }
    /**
     * Called upon transport error
     *
     * @private
     */
    _onError(err) {
      _Socket.priorWebsocketSuccess = false;
      if (this.opts.tryAllTransports && this.transports.length > 1 && this.readyState === "opening") {
        this.transports.shift();
        return this._open();
      }
      this.emitReserved("error", err);
      this._onClose("transport error", err);
    }
    /**
     * Called upon transport close.
     *
     * @private
     */
    _onClose(reason, description) {
      if ("opening" === this.readyState || "open" === this.readyState || "closing" === this.readyState) {
        this.clearTimeoutFn(this._pingTimeoutTimer);
        this.transport.removeAllListeners("close");
        this.transport.close();
        this.transport.removeAllListeners();
        if (withEventListeners) {
          if (this._beforeunloadEventListener) {
            removeEventListener("beforeunload", this._beforeunloadEventListener, false);
          }
          if (this._offlineEventListener) {
            const i = OFFLINE_EVENT_LISTENERS.indexOf(this._offlineEventListener);
            if (i !== -1) {
              OFFLINE_EVENT_LISTENERS.splice(i, 1);
            }
          }
        }
        this.readyState = "closed";
        this.id = null;
        this.emitReserved("close", reason, description);
        this.writeBuffer = [];
        this._prevBufferLen = 0;
      }
    }
    /**
     * Filters upgrades, returning only those matching client transports.
     *
     * @param {Array} upgrades - server upgrades
     * @private
     */
    _filterUpgrades(upgrades) {
      const filteredUpgrades = [];
      for (let i = 0; i < upgrades.length; i++) {
        if (~this.transports.indexOf(upgrades[i]))
          filteredUpgrades.push(upgrades[i]);
      }
      return filteredUpgrades;
    }
  };
  Socket.protocol = protocol;

  // node_modules/engine.io-client/build/esm/index.js
  var protocol2 = Socket.protocol;

  // node_modules/socket.io-parser/build/esm/index.js
  var esm_exports = {};
  __export(esm_exports, {
    Decoder: () => Decoder2,
    Encoder: () => Encoder2,
    PacketType: () => PacketType,
    isPacketValid: () => isPacketValid,
    protocol: () => protocol3
  });

  // node_modules/socket.io-parser/build/esm/is-binary.js
  var withNativeArrayBuffer3 = typeof ArrayBuffer === "function";
  var isView2 = (obj) => {
    return typeof ArrayBuffer.isView === "function" ? ArrayBuffer.isView(obj) : obj.buffer instanceof ArrayBuffer;
  };
  var toString = Object.prototype.toString;
  var withNativeBlob2 = typeof Blob === "function" || typeof Blob !== "undefined" && toString.call(Blob) === "[object BlobConstructor]";
  var withNativeFile = typeof File === "function" || typeof File !== "undefined" && toString.call(File) === "[object FileConstructor]";
  function isBinary(obj) {
    return withNativeArrayBuffer3 && (obj instanceof ArrayBuffer || isView2(obj)) || withNativeBlob2 && obj instanceof Blob || withNativeFile && obj instanceof File;
  }
  function hasBinary(obj, toJSON) {
    if (!obj || typeof obj !== "object") {
      return false;
    }
    if (Array.isArray(obj)) {
      for (let i = 0, l = obj.length; i < l; i++) {
        if (hasBinary(obj[i])) {
          return true;
        }
      }
      return false;
    }
    if (isBinary(obj)) {
      return true;
    }
    if (obj.toJSON && typeof obj.toJSON === "function" && arguments.length === 1) {
      return hasBinary(obj.toJSON(), true);
    }
    for (const key in obj) {
      if (Object.prototype.hasOwnProperty.call(obj, key) && hasBinary(obj[key])) {
        return true;
      }
    }
    return false;
  }

  // node_modules/socket.io-parser/build/esm/binary.js
  function deconstructPacket(packet) {
    const buffers = [];
    const packetData = packet.data;
    const pack = packet;
    pack.data = _deconstructPacket(packetData, buffers);
    pack.attachments = buffers.length;
    return { packet: pack, buffers };
  }
  function _deconstructPacket(data, buffers, toJSON) {
    if (!data)
      return data;
    if (isBinary(data)) {
      const placeholder = { _placeholder: true, num: buffers.length };
      buffers.push(data);
      return placeholder;
    } else if (Array.isArray(data)) {
      const newData = new Array(data.length);
      for (let i = 0; i < data.length; i++) {
        newData[i] = _deconstructPacket(data[i], buffers);
      }
      return newData;
    } else if (typeof data === "object" && !(data instanceof Date)) {
      if (data.toJSON && typeof data.toJSON === "function" && !toJSON) {
        return _deconstructPacket(data.toJSON(), buffers, true);
      }
      const newData = {};
      for (const key in data) {
        if (Object.prototype.hasOwnProperty.call(data, key)) {
          newData[key] = _deconstructPacket(data[key], buffers);
        }
      }
      return newData;
    }
    return data;
  }
  function reconstructPacket(packet, buffers) {
    packet.data = _reconstructPacket(packet.data, buffers);
    delete packet.attachments;
    return packet;
  }
  function _reconstructPacket(data, buffers) {
    if (!data)
      return data;
    if (data && data._placeholder === true) {
      const isIndexValid = typeof data.num === "number" && data.num >= 0 && data.num < buffers.length;
      if (isIndexValid) {
        return buffers[data.num];
      } else {
        throw new Error("illegal attachments");
      }
    } else if (Array.isArray(data)) {
      for (let i = 0; i < data.length; i++) {
        data[i] = _reconstructPacket(data[i], buffers);
      }
    } else if (typeof data === "object") {
      for (const key in data) {
        if (Object.prototype.hasOwnProperty.call(data, key)) {
          data[key] = _reconstructPacket(data[key], buffers);
        }
      }
    }
    return data;
  }

  // node_modules/socket.io-parser/build/esm/index.js
  var RESERVED_EVENTS = [
    "connect",
    // used on the client side
    "connect_error",
    // used on the client side
    "disconnect",
    // used on both sides
    "disconnecting",
    // used on the server side
    "newListener",
    // used by the Node.js EventEmitter
    "removeListener"
    // used by the Node.js EventEmitter
  ];
  var protocol3 = 5;
  var PacketType;
  (function(PacketType2) {
    PacketType2[PacketType2["CONNECT"] = 0] = "CONNECT";
    PacketType2[PacketType2["DISCONNECT"] = 1] = "DISCONNECT";
    PacketType2[PacketType2["EVENT"] = 2] = "EVENT";
    PacketType2[PacketType2["ACK"] = 3] = "ACK";
    PacketType2[PacketType2["CONNECT_ERROR"] = 4] = "CONNECT_ERROR";
    PacketType2[PacketType2["BINARY_EVENT"] = 5] = "BINARY_EVENT";
    PacketType2[PacketType2["BINARY_ACK"] = 6] = "BINARY_ACK";
  })(PacketType || (PacketType = {}));
  var Encoder2 = class {
    /**
     * Encoder constructor
     *
     * @param {function} replacer - custom replacer to pass down to JSON.parse
     */
    constructor(replacer) {
      this.replacer = replacer;
    }
    /**
     * Encode a packet as a single string if non-binary, or as a
     * buffer sequence, depending on packet type.
     *
     * @param {Object} obj - packet object
     */
    encode(obj) {
      if (obj.type === PacketType.EVENT || obj.type === PacketType.ACK) {
        if (hasBinary(obj)) {
          return this.encodeAsBinary({
            type: obj.type === PacketType.EVENT ? PacketType.BINARY_EVENT : PacketType.BINARY_ACK,
            nsp: obj.nsp,
            data: obj.data,
            id: obj.id
          });
        }
      }
      return [this.encodeAsString(obj)];
    }
    /**
     * Encode packet as string.
     */
    encodeAsString(obj) {
      let str = "" + obj.type;
      if (obj.type === PacketType.BINARY_EVENT || obj.type === PacketType.BINARY_ACK) {
        str += obj.attachments + "-";
      }
      if (obj.nsp && "/" !== obj.nsp) {
        str += obj.nsp + ",";
      }
      if (null != obj.id) {
        str += obj.id;
      }
      if (null != obj.data) {
        str += JSON.stringify(obj.data, this.replacer);
      }
      return str;
    }
    /**
     * Encode packet as 'buffer sequence' by removing blobs, and
     * deconstructing packet into object with placeholders and
     * a list of buffers.
     */
    encodeAsBinary(obj) {
      const deconstruction = deconstructPacket(obj);
      const pack = this.encodeAsString(deconstruction.packet);
      const buffers = deconstruction.buffers;
      buffers.unshift(pack);
      return buffers;
    }
  };
  var Decoder2 = class _Decoder extends Emitter2 {
    /**
     * Decoder constructor
     */
    constructor(opts) {
      super();
      this.opts = Object.assign({
        reviver: void 0,
        maxAttachments: 10
      }, typeof opts === "function" ? { reviver: opts } : opts);
    }
    /**
     * Decodes an encoded packet string into packet JSON.
     *
     * @param {String} obj - encoded packet
     */
    add(obj) {
      let packet;
      if (typeof obj === "string") {
        if (this.reconstructor) {
          throw new Error("got plaintext data when reconstructing a packet");
        }
        packet = this.decodeString(obj);
        const isBinaryEvent = packet.type === PacketType.BINARY_EVENT;
        if (isBinaryEvent || packet.type === PacketType.BINARY_ACK) {
          packet.type = isBinaryEvent ? PacketType.EVENT : PacketType.ACK;
          this.reconstructor = new BinaryReconstructor(packet);
        } else {
          super.emitReserved("decoded", packet);
        }
      } else if (isBinary(obj) || obj.base64) {
        if (!this.reconstructor) {
          throw new Error("got binary data when not reconstructing a packet");
        } else {
          packet = this.reconstructor.takeBinaryData(obj);
          if (packet) {
            this.reconstructor = null;
            super.emitReserved("decoded", packet);
          }
        }
      } else {
        throw new Error("Unknown type: " + obj);
      }
    }
    /**
     * Decode a packet String (JSON data)
     *
     * @param {String} str
     * @return {Object} packet
     */
    decodeString(str) {
      let i = 0;
      const p = {
        type: Number(str.charAt(0))
      };
      if (PacketType[p.type] === void 0) {
        throw new Error("unknown packet type " + p.type);
      }
      if (p.type === PacketType.BINARY_EVENT || p.type === PacketType.BINARY_ACK) {
        const start = i + 1;
        while (str.charAt(++i) !== "-" && i != str.length) {
        }
        const buf = str.substring(start, i);
        if (buf != Number(buf) || str.charAt(i) !== "-") {
          throw new Error("Illegal attachments");
        }
        const n = Number(buf);
        if (!isInteger2(n) || n < 1) {
          throw new Error("Illegal attachments");
        } else if (n > this.opts.maxAttachments) {
          throw new Error("too many attachments");
        }
        p.attachments = n;
      }
      if ("/" === str.charAt(i + 1)) {
        const start = i + 1;
        while (++i) {
          const c = str.charAt(i);
          if ("," === c)
            break;
          if (i === str.length)
            break;
        }
        p.nsp = str.substring(start, i);
      } else {
        p.nsp = "/";
      }
      const next = str.charAt(i + 1);
      if ("" !== next && Number(next) == next) {
        const start = i + 1;
        while (++i) {
          const c = str.charAt(i);
          if (null == c || Number(c) != c) {
            --i;
            break;
          }
          if (i === str.length)
            break;
        }
        p.id = Number(str.substring(start, i + 1));
      }
      if (str.charAt(++i)) {
        const payload = this.tryParse(str.substr(i));
        if (_Decoder.isPayloadValid(p.type, payload)) {
          p.data = payload;
        } else {
          throw new Error("invalid payload");
        }
      }
      return p;
    }
    tryParse(str) {
      try {
        return JSON.parse(str, this.opts.reviver);
      } catch (e) {
        return false;
      }
    }
    static isPayloadValid(type, payload) {
      switch (type) {
        case PacketType.CONNECT:
          return isObject(payload);
        case PacketType.DISCONNECT:
          return payload === void 0;
        case PacketType.CONNECT_ERROR:
          return typeof payload === "string" || isObject(payload);
        case PacketType.EVENT:
        case PacketType.BINARY_EVENT:
          return Array.isArray(payload) && (typeof payload[0] === "number" || typeof payload[0] === "string" && RESERVED_EVENTS.indexOf(payload[0]) === -1);
        case PacketType.ACK:
        case PacketType.BINARY_ACK:
          return Array.isArray(payload);
      }
    }
    /**
     * Deallocates a parser's resources
     */
    destroy() {
      if (this.reconstructor) {
        this.reconstructor.finishedReconstruction();
        this.reconstructor = null;
      }
    }
  };
  var BinaryReconstructor = class {
    constructor(packet) {
      this.packet = packet;
      this.buffers = [];
      this.reconPack = packet;
    }
    /**
     * Method to be called when binary data received from connection
     * after a BINARY_EVENT packet.
     *
     * @param {Buffer | ArrayBuffer} binData - the raw binary data received
     * @return {null | Object} returns null if more binary data is expected or
     *   a reconstructed packet object if all buffers have been received.
     */
    takeBinaryData(binData) {
      this.buffers.push(binData);
      if (this.buffers.length === this.reconPack.attachments) {
        const packet = reconstructPacket(this.reconPack, this.buffers);
        this.finishedReconstruction();
        return packet;
      }
      return null;
    }
    /**
     * Cleans up binary packet reconstruction variables.
     */
    finishedReconstruction() {
      this.reconPack = null;
      this.buffers = [];
    }
  };
  function isNamespaceValid(nsp) {
    return typeof nsp === "string";
  }
  var isInteger2 = Number.isInteger || function(value2) {
    return typeof value2 === "number" && isFinite(value2) && Math.floor(value2) === value2;
  };
  function isAckIdValid(id2) {
    return id2 === void 0 || isInteger2(id2);
  }
  function isObject(value2) {
    return Object.prototype.toString.call(value2) === "[object Object]";
  }
  function isDataValid(type, payload) {
    switch (type) {
      case PacketType.CONNECT:
        return payload === void 0 || isObject(payload);
      case PacketType.DISCONNECT:
        return payload === void 0;
      case PacketType.EVENT:
        return Array.isArray(payload) && (typeof payload[0] === "number" || typeof payload[0] === "string" && RESERVED_EVENTS.indexOf(payload[0]) === -1);
      case PacketType.ACK:
        return Array.isArray(payload);
      case PacketType.CONNECT_ERROR:
        return typeof payload === "string" || isObject(payload);
      default:
        return false;
    }
  }
  function isPacketValid(packet) {
    return isNamespaceValid(packet.nsp) && isAckIdValid(packet.id) && isDataValid(packet.type, packet.data);
  }

  // node_modules/socket.io-client/build/esm/on.js
  function on(obj, ev, fn) {
    obj.on(ev, fn);
    return function subDestroy() {
      obj.off(ev, fn);
    };
  }

  // node_modules/socket.io-client/build/esm/socket.js
  var RESERVED_EVENTS2 = Object.freeze({
    connect: 1,
    connect_error: 1,
    disconnect: 1,
    disconnecting: 1,
    // EventEmitter reserved events: https://nodejs.org/api/events.html#events_event_newlistener
    newListener: 1,
    removeListener: 1
  });
  var Socket2 = class extends Emitter2 {
    /**
     * `Socket` constructor.
     */
    constructor(io, nsp, opts) {
      super();
      this.connected = false;
      this.recovered = false;
      this.receiveBuffer = [];
      this.sendBuffer = [];
      this._queue = [];
      this._queueSeq = 0;
      this.ids = 0;
      this.acks = {};
      this.flags = {};
      this.io = io;
      this.nsp = nsp;
      if (opts && opts.auth) {
        this.auth = opts.auth;
      }
      this._opts = Object.assign({}, opts);
      if (this.io._autoConnect)
        this.open();
    }
    /**
     * Whether the socket is currently disconnected
     *
     * @example
     * const socket = io();
     *
     * socket.on("connect", () => {
     *   console.log(socket.disconnected); // false
     * });
     *
     * socket.on("disconnect", () => {
     *   console.log(socket.disconnected); // true
     * });
     */
    get disconnected() {
      return !this.connected;
    }
    /**
     * Subscribe to open, close and packet events
     *
     * @private
     */
    subEvents() {
      if (this.subs)
        return;
      const io = this.io;
      this.subs = [
        on(io, "open", this.onopen.bind(this)),
        on(io, "packet", this.onpacket.bind(this)),
        on(io, "error", this.onerror.bind(this)),
        on(io, "close", this.onclose.bind(this))
      ];
    }
    /**
     * Whether the Socket will try to reconnect when its Manager connects or reconnects.
     *
     * @example
     * const socket = io();
     *
     * console.log(socket.active); // true
     *
     * socket.on("disconnect", (reason) => {
     *   if (reason === "io server disconnect") {
     *     // the disconnection was initiated by the server, you need to manually reconnect
     *     console.log(socket.active); // false
     *   }
     *   // else the socket will automatically try to reconnect
     *   console.log(socket.active); // true
     * });
     */
    get active() {
      return !!this.subs;
    }
    /**
     * "Opens" the socket.
     *
     * @example
     * const socket = io({
     *   autoConnect: false
     * });
     *
     * socket.connect();
     */
    connect() {
      if (this.connected)
        return this;
      this.subEvents();
      if (!this.io["_reconnecting"])
        this.io.open();
      if ("open" === this.io._readyState)
        this.onopen();
      return this;
    }
    /**
     * Alias for {@link connect()}.
     */
    open() {
      return this.connect();
    }
    /**
     * Sends a `message` event.
     *
     * This method mimics the WebSocket.send() method.
     *
     * @see https://developer.mozilla.org/en-US/docs/Web/API/WebSocket/send
     *
     * @example
     * socket.send("hello");
     *
     * // this is equivalent to
     * socket.emit("message", "hello");
     *
     * @return self
     */
    send(...args) {
      args.unshift("message");
      this.emit.apply(this, args);
      return this;
    }
    /**
     * Override `emit`.
     * If the event is in `events`, it's emitted normally.
     *
     * @example
     * socket.emit("hello", "world");
     *
     * // all serializable datastructures are supported (no need to call JSON.stringify)
     * socket.emit("hello", 1, "2", { 3: ["4"], 5: Uint8Array.from([6]) });
     *
     * // with an acknowledgement from the server
     * socket.emit("hello", "world", (val) => {
     *   // ...
     * });
     *
     * @return self
     */
    emit(ev, ...args) {
      var _a, _b, _c;
      if (RESERVED_EVENTS2.hasOwnProperty(ev)) {
        throw new Error('"' + ev.toString() + '" is a reserved event name');
      }
      args.unshift(ev);
      if (this._opts.retries && !this.flags.fromQueue && !this.flags.volatile) {
        this._addToQueue(args);
        return this;
      }
      const packet = {
        type: PacketType.EVENT,
        data: args
      };
      packet.options = {};
      packet.options.compress = this.flags.compress !== false;
      if ("function" === typeof args[args.length - 1]) {
        const id2 = this.ids++;
        const ack = args.pop();
        this._registerAckCallback(id2, ack);
        packet.id = id2;
      }
      const isTransportWritable = (_b = (_a = this.io.engine) === null || _a === void 0 ? void 0 : _a.transport) === null || _b === void 0 ? void 0 : _b.writable;
      const isConnected = this.connected && !((_c = this.io.engine) === null || _c === void 0 ? void 0 : _c._hasPingExpired());
      const discardPacket = this.flags.volatile && !isTransportWritable;
      if (discardPacket) {
      } else if (isConnected) {
        this.notifyOutgoingListeners(packet);
        this.packet(packet);
      } else {
        this.sendBuffer.push(packet);
      }
      this.flags = {};
      return this;
    }
    /**
     * @private
     */
    _registerAckCallback(id2, ack) {
      var _a;
      const timeout = (_a = this.flags.timeout) !== null && _a !== void 0 ? _a : this._opts.ackTimeout;
      if (timeout === void 0) {
        this.acks[id2] = ack;
        return;
      }
      const timer = this.io.setTimeoutFn(() => {
        delete this.acks[id2];
        for (let i = 0; i < this.sendBuffer.length; i++) {
          if (this.sendBuffer[i].id === id2) {
            this.sendBuffer.splice(i, 1);
          }
        }
        ack.call(this, new Error("operation has timed out"));
      }, timeout);
      const fn = (...args) => {
        this.io.clearTimeoutFn(timer);
        ack.apply(this, args);
      };
      fn.withError = true;
      this.acks[id2] = fn;
    }
    /**
     * Emits an event and waits for an acknowledgement
     *
     * @example
     * // without timeout
     * const response = await socket.emitWithAck("hello", "world");
     *
     * // with a specific timeout
     * try {
     *   const response = await socket.timeout(1000).emitWithAck("hello", "world");
     * } catch (err) {
     *   // the server did not acknowledge the event in the given delay
     * }
     *
     * @return a Promise that will be fulfilled when the server acknowledges the event
     */
    emitWithAck(ev, ...args) {
      return new Promise((resolve, reject) => {
        const fn = (arg1, arg2) => {
          return arg1 ? reject(arg1) : resolve(arg2);
        };
        fn.withError = true;
        args.push(fn);
        this.emit(ev, ...args);
      });
    }
    /**
     * Add the packet to the queue.
     * @param args
     * @private
     */
    _addToQueue(args) {
      let ack;
      if (typeof args[args.length - 1] === "function") {
        ack = args.pop();
      }
      const packet = {
        id: this._queueSeq++,
        tryCount: 0,
        pending: false,
        args,
        flags: Object.assign({ fromQueue: true }, this.flags)
      };
      args.push((err, ...responseArgs) => {
        if (packet !== this._queue[0]) {
        }
        const hasError = err !== null;
        if (hasError) {
          if (packet.tryCount > this._opts.retries) {
            this._queue.shift();
            if (ack) {
              ack(err);
            }
          }
        } else {
          this._queue.shift();
          if (ack) {
            ack(null, ...responseArgs);
          }
        }
        packet.pending = false;
        return this._drainQueue();
      });
      this._queue.push(packet);
      this._drainQueue();
    }
    /**
     * Send the first packet of the queue, and wait for an acknowledgement from the server.
     * @param force - whether to resend a packet that has not been acknowledged yet
     *
     * @private
     */
    _drainQueue(force = false) {
      if (!this.connected || this._queue.length === 0) {
        return;
      }
      const packet = this._queue[0];
      if (packet.pending && !force) {
        return;
      }
      packet.pending = true;
      packet.tryCount++;
      this.flags = packet.flags;
      this.emit.apply(this, packet.args);
    }
    /**
     * Sends a packet.
     *
     * @param packet
     * @private
     */
    packet(packet) {
      packet.nsp = this.nsp;
      this.io._packet(packet);
    }
    /**
     * Called upon engine `open`.
     *
     * @private
     */
    onopen() {
      if (typeof this.auth == "function") {
        this.auth((data) => {
          this._sendConnectPacket(data);
        });
      } else {
        this._sendConnectPacket(this.auth);
      }
    }
    /**
     * Sends a CONNECT packet to initiate the Socket.IO session.
     *
     * @param data
     * @private
     */
    _sendConnectPacket(data) {
      this.packet({
        type: PacketType.CONNECT,
        data: this._pid ? Object.assign({ pid: this._pid, offset: this._lastOffset }, data) : data
      });
    }
    /**
     * Called upon engine or manager `error`.
     *
     * @param err
     * @private
     */
    onerror(err) {
      if (!this.connected) {
        this.emitReserved("connect_error", err);
      }
    }
    /**
     * Called upon engine `close`.
     *
     * @param reason
     * @param description
     * @private
     */
    onclose(reason, description) {
      this.connected = false;
      delete this.id;
      this.emitReserved("disconnect", reason, description);
      this._clearAcks();
    }
    /**
     * Clears the acknowledgement handlers upon disconnection, since the client will never receive an acknowledgement from
     * the server.
     *
     * @private
     */
    _clearAcks() {
      Object.keys(this.acks).forEach((id2) => {
        const isBuffered = this.sendBuffer.some((packet) => String(packet.id) === id2);
        if (!isBuffered) {
          const ack = this.acks[id2];
          delete this.acks[id2];
          if (ack.withError) {
            ack.call(this, new Error("socket has been disconnected"));
          }
        }
      });
    }
    /**
     * Called with socket packet.
     *
     * @param packet
     * @private
     */
    onpacket(packet) {
      const sameNamespace = packet.nsp === this.nsp;
      if (!sameNamespace)
        return;
      switch (packet.type) {
        case PacketType.CONNECT:
          if (packet.data && packet.data.sid) {
            this.onconnect(packet.data.sid, packet.data.pid);
          } else {
            this.emitReserved("connect_error", new Error("It seems you are trying to reach a Socket.IO server in v2.x with a v3.x client, but they are not compatible (more information here: https://socket.io/docs/v3/migrating-from-2-x-to-3-0/)"));
          }
          break;
        case PacketType.EVENT:
        case PacketType.BINARY_EVENT:
          this.onevent(packet);
          break;
        case PacketType.ACK:
        case PacketType.BINARY_ACK:
          this.onack(packet);
          break;
        case PacketType.DISCONNECT:
          this.ondisconnect();
          break;
        case PacketType.CONNECT_ERROR:
          this.destroy();
          const err = new Error(packet.data.message);
          err.data = packet.data.data;
          this.emitReserved("connect_error", err);
          break;
      }
    }
    /**
     * Called upon a server event.
     *
     * @param packet
     * @private
     */
    onevent(packet) {
      const args = packet.data || [];
      if (null != packet.id) {
        args.push(this.ack(packet.id));
      }
      if (this.connected) {
        this.emitEvent(args);
      } else {
        this.receiveBuffer.push(Object.freeze(args));
      }
    }
    emitEvent(args) {
      if (this._anyListeners && this._anyListeners.length) {
        const listeners = this._anyListeners.slice();
        for (const listener of listeners) {
          listener.apply(this, args);
        }
      }
      super.emit.apply(this, args);
      if (this._pid && args.length && typeof args[args.length - 1] === "string") {
        this._lastOffset = args[args.length - 1];
      }
    }
    /**
     * Produces an ack callback to emit with an event.
     *
     * @private
     */
    ack(id2) {
      const self2 = this;
      let sent = false;
      return function(...args) {
        if (sent)
          return;
        sent = true;
        self2.packet({
          type: PacketType.ACK,
          id: id2,
          data: args
        });
      };
    }
    /**
     * Called upon a server acknowledgement.
     *
     * @param packet
     * @private
     */
    onack(packet) {
      const ack = this.acks[packet.id];
      if (typeof ack !== "function") {
        return;
      }
      delete this.acks[packet.id];
      if (ack.withError) {
        packet.data.unshift(null);
      }
      ack.apply(this, packet.data);
    }
    /**
     * Called upon server connect.
     *
     * @private
     */
    onconnect(id2, pid) {
      this.id = id2;
      this.recovered = pid && this._pid === pid;
      this._pid = pid;
      this.connected = true;
      this.emitBuffered();
      this._drainQueue(true);
      this.emitReserved("connect");
    }
    /**
     * Emit buffered events (received and emitted).
     *
     * @private
     */
    emitBuffered() {
      this.receiveBuffer.forEach((args) => this.emitEvent(args));
      this.receiveBuffer = [];
      this.sendBuffer.forEach((packet) => {
        this.notifyOutgoingListeners(packet);
        this.packet(packet);
      });
      this.sendBuffer = [];
    }
    /**
     * Called upon server disconnect.
     *
     * @private
     */
    ondisconnect() {
      this.destroy();
      this.onclose("io server disconnect");
    }
    /**
     * Called upon forced client/server side disconnections,
     * this method ensures the manager stops tracking us and
     * that reconnections don't get triggered for this.
     *
     * @private
     */
    destroy() {
      if (this.subs) {
        this.subs.forEach((subDestroy) => subDestroy());
        this.subs = void 0;
      }
      this.io["_destroy"](this);
    }
    /**
     * Disconnects the socket manually. In that case, the socket will not try to reconnect.
     *
     * If this is the last active Socket instance of the {@link Manager}, the low-level connection will be closed.
     *
     * @example
     * const socket = io();
     *
     * socket.on("disconnect", (reason) => {
     *   // console.log(reason); prints "io client disconnect"
     * });
     *
     * socket.disconnect();
     *
     * @return self
     */
    disconnect() {
      if (this.connected) {
        this.packet({ type: PacketType.DISCONNECT });
      }
      this.destroy();
      if (this.connected) {
        this.onclose("io client disconnect");
      }
      return this;
    }
    /**
     * Alias for {@link disconnect()}.
     *
     * @return self
     */
    close() {
      return this.disconnect();
    }
    /**
     * Sets the compress flag.
     *
     * @example
     * socket.compress(false).emit("hello");
     *
     * @param compress - if `true`, compresses the sending data
     * @return self
     */
    compress(compress) {
      this.flags.compress = compress;
      return this;
    }
    /**
     * Sets a modifier for a subsequent event emission that the event message will be dropped when this socket is not
     * ready to send messages.
     *
     * @example
     * socket.volatile.emit("hello"); // the server may or may not receive it
     *
     * @returns self
     */
    get volatile() {
      this.flags.volatile = true;
      return this;
    }
    /**
     * Sets a modifier for a subsequent event emission that the callback will be called with an error when the
     * given number of milliseconds have elapsed without an acknowledgement from the server:
     *
     * @example
     * socket.timeout(5000).emit("my-event", (err) => {
     *   if (err) {
     *     // the server did not acknowledge the event in the given delay
     *   }
     * });
     *
     * @returns self
     */
    timeout(timeout) {
      this.flags.timeout = timeout;
      return this;
    }
    /**
     * Adds a listener that will be fired when any event is emitted. The event name is passed as the first argument to the
     * callback.
     *
     * @example
     * socket.onAny((event, ...args) => {
     *   console.log(`got ${event}`);
     * });
     *
     * @param listener
     */
    onAny(listener) {
      this._anyListeners = this._anyListeners || [];
      this._anyListeners.push(listener);
      return this;
    }
    /**
     * Adds a listener that will be fired when any event is emitted. The event name is passed as the first argument to the
     * callback. The listener is added to the beginning of the listeners array.
     *
     * @example
     * socket.prependAny((event, ...args) => {
     *   console.log(`got event ${event}`);
     * });
     *
     * @param listener
     */
    prependAny(listener) {
      this._anyListeners = this._anyListeners || [];
      this._anyListeners.unshift(listener);
      return this;
    }
    /**
     * Removes the listener that will be fired when any event is emitted.
     *
     * @example
     * const catchAllListener = (event, ...args) => {
     *   console.log(`got event ${event}`);
     * }
     *
     * socket.onAny(catchAllListener);
     *
     * // remove a specific listener
     * socket.offAny(catchAllListener);
     *
     * // or remove all listeners
     * socket.offAny();
     *
     * @param listener
     */
    offAny(listener) {
      if (!this._anyListeners) {
        return this;
      }
      if (listener) {
        const listeners = this._anyListeners;
        for (let i = 0; i < listeners.length; i++) {
          if (listener === listeners[i]) {
            listeners.splice(i, 1);
            return this;
          }
        }
      } else {
        this._anyListeners = [];
      }
      return this;
    }
    /**
     * Returns an array of listeners that are listening for any event that is specified. This array can be manipulated,
     * e.g. to remove listeners.
     */
    listenersAny() {
      return this._anyListeners || [];
    }
    /**
     * Adds a listener that will be fired when any event is emitted. The event name is passed as the first argument to the
     * callback.
     *
     * Note: acknowledgements sent to the server are not included.
     *
     * @example
     * socket.onAnyOutgoing((event, ...args) => {
     *   console.log(`sent event ${event}`);
     * });
     *
     * @param listener
     */
    onAnyOutgoing(listener) {
      this._anyOutgoingListeners = this._anyOutgoingListeners || [];
      this._anyOutgoingListeners.push(listener);
      return this;
    }
    /**
     * Adds a listener that will be fired when any event is emitted. The event name is passed as the first argument to the
     * callback. The listener is added to the beginning of the listeners array.
     *
     * Note: acknowledgements sent to the server are not included.
     *
     * @example
     * socket.prependAnyOutgoing((event, ...args) => {
     *   console.log(`sent event ${event}`);
     * });
     *
     * @param listener
     */
    prependAnyOutgoing(listener) {
      this._anyOutgoingListeners = this._anyOutgoingListeners || [];
      this._anyOutgoingListeners.unshift(listener);
      return this;
    }
    /**
     * Removes the listener that will be fired when any event is emitted.
     *
     * @example
     * const catchAllListener = (event, ...args) => {
     *   console.log(`sent event ${event}`);
     * }
     *
     * socket.onAnyOutgoing(catchAllListener);
     *
     * // remove a specific listener
     * socket.offAnyOutgoing(catchAllListener);
     *
     * // or remove all listeners
     * socket.offAnyOutgoing();
     *
     * @param [listener] - the catch-all listener (optional)
     */
    offAnyOutgoing(listener) {
      if (!this._anyOutgoingListeners) {
        return this;
      }
      if (listener) {
        const listeners = this._anyOutgoingListeners;
        for (let i = 0; i < listeners.length; i++) {
          if (listener === listeners[i]) {
            listeners.splice(i, 1);
            return this;
          }
        }
      } else {
        this._anyOutgoingListeners = [];
      }
      return this;
    }
    /**
     * Returns an array of listeners that are listening for any event that is specified. This array can be manipulated,
     * e.g. to remove listeners.
     */
    listenersAnyOutgoing() {
      return this._anyOutgoingListeners || [];
    }
    /**
     * Notify the listeners for each packet sent
     *
     * @param packet
     *
     * @private
     */
    notifyOutgoingListeners(packet) {
      if (this._anyOutgoingListeners && this._anyOutgoingListeners.length) {
        const listeners = this._anyOutgoingListeners.slice();
        for (const listener of listeners) {
          listener.apply(this, packet.data);
        }
      }
    }
  };

  // trim:4
  var Backoff = class {
    reset() {
    }
    setMin() {
    }
    setMax() {
    }
    setJitter() {
    }
  };

  // node_modules/socket.io-client/build/esm/manager.js
  var Manager = class extends Emitter2 {
    constructor(uri, opts) {
      var _a;
      super();
      this.nsps = {};
      this.subs = [];
      if (uri && "object" === typeof uri) {
        opts = uri;
        uri = void 0;
      }
      opts = opts || {};
      opts.path = opts.path || "/socket.io";
      this.opts = opts;
      installTimerFunctions(this, opts);
      this.reconnection(opts.reconnection !== false);
      this.reconnectionAttempts(opts.reconnectionAttempts || Infinity);
      this.reconnectionDelay(opts.reconnectionDelay || 1e3);
      this.reconnectionDelayMax(opts.reconnectionDelayMax || 5e3);
      this.randomizationFactor((_a = opts.randomizationFactor) !== null && _a !== void 0 ? _a : 0.5);
      this.backoff = new Backoff({
        min: this.reconnectionDelay(),
        max: this.reconnectionDelayMax(),
        jitter: this.randomizationFactor()
      });
      this.timeout(null == opts.timeout ? 2e4 : opts.timeout);
      this._readyState = "closed";
      this.uri = uri;
      const _parser = opts.parser || esm_exports;
      this.encoder = new _parser.Encoder();
      this.decoder = new _parser.Decoder();
      this._autoConnect = opts.autoConnect !== false;
      if (this._autoConnect)
        this.open();
    }
    reconnection(v) {
      if (!arguments.length)
        return this._reconnection;
      this._reconnection = !!v;
      if (!v) {
        this.skipReconnect = true;
      }
      return this;
    }
    reconnectionAttempts(v) {
      if (v === void 0)
        return this._reconnectionAttempts;
      this._reconnectionAttempts = v;
      return this;
    }
    reconnectionDelay(v) {
      var _a;
      if (v === void 0)
        return this._reconnectionDelay;
      this._reconnectionDelay = v;
      (_a = this.backoff) === null || _a === void 0 ? void 0 : _a.setMin(v);
      return this;
    }
    randomizationFactor(v) {
      var _a;
      if (v === void 0)
        return this._randomizationFactor;
      this._randomizationFactor = v;
      (_a = this.backoff) === null || _a === void 0 ? void 0 : _a.setJitter(v);
      return this;
    }
    reconnectionDelayMax(v) {
      var _a;
      if (v === void 0)
        return this._reconnectionDelayMax;
      this._reconnectionDelayMax = v;
      (_a = this.backoff) === null || _a === void 0 ? void 0 : _a.setMax(v);
      return this;
    }
    timeout(v) {
      if (!arguments.length)
        return this._timeout;
      this._timeout = v;
      return this;
    }
    /**
     * Starts trying to reconnect if reconnection is enabled and we have not
     * started reconnecting yet
     *
     * @private
     */
    maybeReconnectOnOpen() {
      if (!this._reconnecting && this._reconnection && this.backoff.attempts === 0) {
        this.reconnect();
      }
    }
    /**
     * Sets the current transport `socket`.
     *
     * @param {Function} fn - optional, callback
     * @return self
     * @public
     */
    open(fn) {
      if (~this._readyState.indexOf("open"))
        return this;
      this.engine = new Socket(this.uri, this.opts);
      const socket = this.engine;
      const self2 = this;
      this._readyState = "opening";
      this.skipReconnect = false;
      const openSubDestroy = on(socket, "open", function() {
        self2.onopen();
        fn && fn();
      });
      const onError = (err) => {
        this.cleanup();
        this._readyState = "closed";
        this.emitReserved("error", err);
        if (fn) {
          fn(err);
        } else {
          this.maybeReconnectOnOpen();
        }
      };
      const errorSub = on(socket, "error", onError);
      if (false !== this._timeout) {
        const timeout = this._timeout;
        const timer = this.setTimeoutFn(() => {
          openSubDestroy();
          onError(new Error("timeout"));
          socket.close();
        }, timeout);
        if (this.opts.autoUnref) {
          timer.unref();
        }
        this.subs.push(() => {
          this.clearTimeoutFn(timer);
        });
      }
      this.subs.push(openSubDestroy);
      this.subs.push(errorSub);
      return this;
    }
    /**
     * Alias for open()
     *
     * @return self
     * @public
     */
    connect(fn) {
      return this.open(fn);
    }
    /**
     * Called upon transport open.
     *
     * @private
     */
    onopen() {
      this.cleanup();
      this._readyState = "open";
      this.emitReserved("open");
      const socket = this.engine;
      this.subs.push(
        on(socket, "ping", this.onping.bind(this)),
        on(socket, "data", this.ondata.bind(this)),
        on(socket, "error", this.onerror.bind(this)),
        on(socket, "close", this.onclose.bind(this)),
        // @ts-ignore
        on(this.decoder, "decoded", this.ondecoded.bind(this))
      );
    }
    /**
     * Called upon a ping.
     *
     * @private
     */
    onping() {
      this.emitReserved("ping");
    }
    /**
     * Called with data.
     *
     * @private
     */
    ondata(data) {
      try {
        this.decoder.add(data);
      } catch (e) {
        this.onclose("parse error", e);
      }
    }
    /**
     * Called when parser fully decodes a packet.
     *
     * @private
     */
    ondecoded(packet) {
      nextTick(() => {
        this.emitReserved("packet", packet);
      }, this.setTimeoutFn);
    }
    /**
     * Called upon socket error.
     *
     * @private
     */
    onerror(err) {
      this.emitReserved("error", err);
    }
    /**
     * Creates a new socket for the given `nsp`.
     *
     * @return {Socket}
     * @public
     */
    socket(nsp, opts) {
      let socket = this.nsps[nsp];
      if (!socket) {
        socket = new Socket2(this, nsp, opts);
        this.nsps[nsp] = socket;
      } else if (this._autoConnect && !socket.active) {
        socket.connect();
      }
      return socket;
    }
    /**
     * Called upon a socket close.
     *
     * @param socket
     * @private
     */
    _destroy(socket) {
      const nsps = Object.keys(this.nsps);
      for (const nsp of nsps) {
        const socket2 = this.nsps[nsp];
        if (socket2.active) {
          return;
        }
      }
      this._close();
    }
    /**
     * Writes a packet.
     *
     * @param packet
     * @private
     */
    _packet(packet) {
      const encodedPackets = this.encoder.encode(packet);
      for (let i = 0; i < encodedPackets.length; i++) {
        this.engine.write(encodedPackets[i], packet.options);
      }
    }
    /**
     * Clean up transport subscriptions and packet buffer.
     *
     * @private
     */
    cleanup() {
      this.subs.forEach((subDestroy) => subDestroy());
      this.subs.length = 0;
      this.decoder.destroy();
    }
    /**
     * Close the current socket.
     *
     * @private
     */
    _close() {
      this.skipReconnect = true;
      this._reconnecting = false;
      this.onclose("forced close");
    }
    /**
     * Alias for close()
     *
     * @private
     */
    disconnect() {
      return this._close();
    }
    /**
     * Called when:
     *
     * - the low-level engine is closed
     * - the parser encountered a badly formatted packet
     * - all sockets are disconnected
     *
     * @private
     */
    onclose(reason, description) {
      var _a;
      this.cleanup();
      (_a = this.engine) === null || _a === void 0 ? void 0 : _a.close();
      this.backoff.reset();
      this._readyState = "closed";
      this.emitReserved("close", reason, description);
      if (this._reconnection && !this.skipReconnect) {
        this.reconnect();
      }
    }
    /**
     * Attempt a reconnection.
     *
     * @private
     */
    reconnect() {
      if (this._reconnecting || this.skipReconnect)
        return this;
      const self2 = this;
      if (this.backoff.attempts >= this._reconnectionAttempts) {
        this.backoff.reset();
        this.emitReserved("reconnect_failed");
        this._reconnecting = false;
      } else {
        const delay = this.backoff.duration();
        this._reconnecting = true;
        const timer = this.setTimeoutFn(() => {
          if (self2.skipReconnect)
            return;
          this.emitReserved("reconnect_attempt", self2.backoff.attempts);
          if (self2.skipReconnect)
            return;
          self2.open((err) => {
            if (err) {
              self2._reconnecting = false;
              self2.reconnect();
              this.emitReserved("reconnect_error", err);
            } else {
              self2.onreconnect();
            }
          });
        }, delay);
        if (this.opts.autoUnref) {
          timer.unref();
        }
        this.subs.push(() => {
          this.clearTimeoutFn(timer);
        });
      }
    }
    /**
     * Called upon successful reconnect.
     *
     * @private
     */
    onreconnect() {
      const attempt = this.backoff.attempts;
      this._reconnecting = false;
      this.backoff.reset();
      this.emitReserved("reconnect", attempt);
    }
  };

  // src/socket.ts
  var OPEN_TIMEOUT_MS = 1e4;
  function endpoint(url, base) {
    const parsed = new URL(url.replace(/^ws/i, "http"), base);
    if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
      throw new TypeError("CollabSDK: gatewayUrl must be a ws, wss, http or https URL");
    }
    const path2 = parsed.pathname.replace(/\/*$/, "/");
    return { origin: parsed.origin, path: path2 === "/" ? "/ws/" : path2 };
  }
  var openSocket = (url, auth) => {
    const { origin, path: path2 } = endpoint(url, document.baseURI);
    const options = {
      path: path2,
      autoConnect: false,
      reconnection: false,
      timeout: OPEN_TIMEOUT_MS,
      transports: ["websocket", "polling"],
      tryAllTransports: true
    };
    const manager = new Manager(origin, options);
    const socket = manager.socket("/", { auth: (use) => auth((credentials) => use({ ...credentials })) });
    return Object.assign(socket, {
      preferPolling: () => {
        manager.opts.transports = ["polling", "websocket"];
      }
    });
  };

  // src/index.ts
  var instances = [];
  function init(options) {
    const settings = settingsOf(options, document);
    const gone = () => instances.splice(instances.indexOf(handle), 1);
    const handle = new Handle(settings, document, openSocket, gone);
    instances.push(handle);
    if (document.readyState === "loading") {
      document.addEventListener("DOMContentLoaded", () => handle.start(), { once: true });
    } else handle.start();
    return handle;
  }
  return __toCommonJS(index_exports);
})();
