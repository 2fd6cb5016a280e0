/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */
document.currentScript.corsia((host, $part) => {const { C: element, D: button, F: icon, G: drawn, H: listOf, I: avatar, J: adopt, K: clock, a: idOf, M: initials, L: LOST } = host


function openDialog(root, options) {
  const { title, choices, cancel } = options;
  const back = wayBack();
  const node = element("dialog.dg");
  const head = element(`h2${options.danger ? ".dgr" : ""}`, options.sign, title);
  head.id = "corsia-dialog-title";
  node.setAttribute("aria-labelledby", head.id);
  const buttons = choices.map(({ words, kind, work = () => end(cancel) }) => button(kind ? `.b.${kind}` : ".b", words, work));
  node.append(head, ...options.body.filter((child) => typeof child === "object"), element("div.ac", ...buttons));
  const end = (after) => {
    if (!node.isConnected) return;
    node.close();
    back();
    node.remove();
    after?.();
  };
  node.addEventListener("cancel", (event) => {
    event.preventDefault();
    end(cancel);
  });
  root.append(node);
  node.showModal();
  (options.focus ?? buttons[choices.findIndex(({ work }) => work === void 0)])?.focus();
  return end;
}
function wayBack() {
  const before = focused();
  const selection = document.getSelection();
  const range = before?.isContentEditable && selection?.rangeCount ? selection.getRangeAt(0).cloneRange() : void 0;
  return () => {
    before?.blur();
    before?.focus({ preventScroll: true });
    if (range === void 0) return;
    selection?.removeAllRanges();
    selection?.addRange(range);
  };
}
function focused() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at;
}
function labelled(words, control) {
  return element("label", words, control);
}

const PATHS = {
  hand: "M3 7h11l-3-3M17 13H6l3 3",
  glass: "M10 2.5 4 4.8v4.4c0 4 2.6 6.8 6 8.3 3.4-1.5 6-4.3 6-8.3V4.8L10 2.5ZM10.8 6 8.6 9.8h2.8L9.2 13.6",
  in: "M10 3v8M6.8 8 10 11.2 13.2 8M3.5 12v4.5h13V12",
  ok: "m4.5 10.5 3.7 3.7 7.3-8"
};
function sign(name) {
  return name === "bad" ? icon(name) : drawn(PATHS[name]);
}

const SHORTEST_REASON = 10;
const LONGEST_MESSAGE = 200;
function askForField(root, subject, words, actions) {
  const { field, label, holder } = subject;
  const message = element("input");
  message.maxLength = LONGEST_MESSAGE;
  const send = () => {
    close();
    actions.request(field, message.value.trim());
  };
  message.onkeydown = ({ key, isComposing }) => {
    if (key === "Enter" && !isComposing) send();
  };
  const instead = () => {
    close();
    breakLock(root, subject, words, actions);
  };
  const close = openDialog(root, {
    sign: sign("hand"),
    title: words.askTitle(holder),
    body: [element("p.mut", words.askText(label)), labelled(words.message, message)],
    choices: [
      ...subject.mayBreak ? [{ words: words.breakInstead, kind: "q", work: instead }] : [],
      { words: words.cancel },
      { words: words.ask, kind: "p", work: send }
    ],
    focus: message
  });
}
function breakLock(root, { field, label, holder }, words, actions) {
  const code = element("select");
  for (const [value, name] of Object.entries(words.codes)) {
    const option = element("option", name);
    option.value = value;
    code.append(option);
  }
  const reason = element("textarea");
  reason.rows = 2;
  reason.required = true;
  const wrong = element("p.er");
  wrong.id = "corsia-wrong";
  wrong.role = "alert";
  reason.setAttribute("aria-describedby", wrong.id);
  const tell = (text) => {
    wrong.replaceChildren(...text === "" ? [] : [sign("bad"), text]);
    reason.ariaInvalid = String(text !== "");
    reason.focus();
  };
  const send = () => {
    const text = reason.value.trim();
    if ([...text].length < SHORTEST_REASON) return tell(words.tooShort);
    actions.breakGlass(field, text, code.value, (refusal) => {
      if (refusal === void 0) close();
      else tell(words.notBroken(refusal));
    });
  };
  const close = openDialog(root, {
    sign: sign("glass"),
    title: words.breakTitle(holder),
    danger: true,
    body: [element("p", `${label}. ${words.breakText}`), labelled(words.why, code), labelled(words.reason, reason), wrong],
    choices: [{ words: words.cancel }, { words: words.breakLock, kind: "d", work: send }],
    focus: reason
  });
}

function chooser(label, { mine, theirs, by, typed }, words, choose, later) {
  const option = (which, value, whose) => {
    const what = value.trim() === "" ? words.empty : value;
    const use = button(".b.s", `${words.use}: ${what}, ${whose}`, () => choose(which));
    use.textContent = words.use;
    return element("div.op", element("div", element(`div.v${what === value ? "" : ".mut"}`, what), element("small", whose)), use);
  };
  const card = element(
    "div.cv",
    element("b", words.hasTwo(label)),
    element("p.mut", words.whyTwo),
    option("mine", mine, typed === true ? words.typedHere : words.onPage),
    option("theirs", theirs, words.shared(by)),
    button(".lk", words.later, later)
  );
  card.role = "group";
  card.ariaLabel = words.hasTwo(label);
  card.onkeydown = (event) => {
    if (event.key === "Escape") later();
  };
  return card;
}

const SURE_MS = 6e3;
const ERASED = "erased";
function why({ reason }, words) {
  return reason === ERASED ? words.erasedDraft : words.notSaved;
}
function draftStrip(draft, { words, ...hooks }) {
  const told = element("span", `${why(draft, words)} `, element("b", words.draftKept));
  told.title = draft.text;
  return element("div.strip", icon("bad"), told, ...draftButtons(draft, { words, ...hooks }));
}
function draftList(drafts, hooks, kept) {
  if (drafts.length === 0) return [];
  const { words } = hooks;
  const items = drafts.map(
    (draft) => kept(draft, () => element(
      "li.dr",
      element("div", draft.label, element("small", draft.reason === ERASED ? `${words.erasedDraft} ${words.fieldGone}` : words.fieldGone), element("blockquote", draft.text)),
      element("div.ac", ...draftButtons(draft, hooks))
    ))
  );
  return listOf(words.drafts, items);
}
function draftButtons({ wire, label, text }, { words, say, dismiss }) {
  const copy = button(".b.s", words.copyOf(label), () => {
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
    copied.then(
      () => {
        copy.textContent = words.copied;
        say(words.copied);
      },
      () => say(words.notCopied)
    );
  });
  copy.textContent = words.copy;
  let sure;
  const calm = () => {
    sure = void 0;
    remove.textContent = words.dismiss;
    remove.ariaLabel = words.dismissOf(label);
  };
  const remove = button(".b.s", "", () => {
    if (sure !== void 0) {
      clearTimeout(sure);
      return dismiss(wire);
    }
    sure = setTimeout(calm, SURE_MS);
    remove.textContent = words.sure;
    remove.ariaLabel = `${words.sure} ${words.sureOf(label)}`;
    say(words.sureOf(label));
  });
  calm();
  return [copy, remove];
}

const it$1 = {
  tag: "it",
  minimise: "Riduci a icona",
  expand: "Mostra chi \xE8 presente",
  connected: "Connesso",
  connecting: "Connessione\u2026",
  tryAgainIn: (seconds) => `riprova fra ${seconds} s`,
  tryNow: "Riprova ora",
  offline: "Non in linea",
  offlineHere: "salvato qui, non ancora sul server. Pu\xF2 continuare a scrivere.",
  offlineUnsaved: "non ancora salvato. Pu\xF2 continuare a scrivere; tenga aperta questa pagina.",
  offlineNothing: "pu\xF2 continuare a scrivere.",
  syncing: "Sincronizzazione\u2026",
  onTheWay: (count) => count === 1 ? "1 modifica in viaggio" : `${count} modifiche in viaggio`,
  opening: "apertura della cartella",
  synced: "Sincronizzato",
  onServer: "salvato sul server",
  readOnly: "pu\xF2 leggere, non modificare",
  notSaved: "Non salvato",
  notSavedWhy: "il server ora non pu\xF2 registrare le modifiche. Tenga aperta questa pagina.",
  noAccess: "Accesso negato",
  noAccessWhy: (reason) => `ora non pu\xF2 lavorare su questa cartella insieme ad altri (${reason}).`,
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
  free: "pu\xF2 scrivervi di nuovo",
  lockedBy: (name, time) => `Bloccato da ${name} dalle ${time}`,
  savedHere: "Salvato qui",
  collaborative: (id) => `Campo condiviso: ${id}`,
  ask: "Chiedi",
  askFor: (label) => `Chiedi il campo ${label}`,
  asked: (name) => `${name}, richiesto`,
  choose: "Scegli",
  chooseFor: (label) => `Scegli un valore per ${label}`,
  twoValues: "Due valori: ne scelga uno",
  toChoose: (count) => `${count} da scegliere`,
  paused: "I blocchi sono sospesi."
};

const GONE_AFTER_MS = 12e3;
const MOST = 4;
class Notices {
  #place = element("section.nts");
  #ends = /* @__PURE__ */ new Map();
  constructor(corner, name) {
    this.#place.ariaLabel = name;
    corner.prepend(this.#place);
  }
  /** Shows a notice. Returns what takes it away. */
  show({ sign, title, lines, choices, kind = "info", stays = false }) {
    const buttons = choices.map(
      ({ words, main, work }) => button(main ? ".b.s.p" : ".b.s", words, () => {
        end();
        work();
      })
    );
    const node = element(
      `div.nt.${kind}`,
      sign,
      element("div", element("b", title), ...lines.map((line) => element("p", line)), element("div.ac", ...buttons))
    );
    node.role = "group";
    node.ariaLabel = title;
    let timer;
    const hold = () => clearTimeout(timer);
    const wait = () => {
      hold();
      if (!stays) timer = setTimeout(() => end(), GONE_AFTER_MS);
    };
    const end = () => {
      hold();
      this.#ends.delete(node);
      node.remove();
    };
    for (const type of ["pointerenter", "focusin"]) node.addEventListener(type, hold);
    for (const type of ["pointerleave", "focusout"]) node.addEventListener(type, wait);
    wait();
    this.#place.append(node);
    if (!stays) this.#ends.set(node, end);
    if (this.#place.childElementCount > MOST) [...this.#ends.values()][0]?.();
    return end;
  }
  /** Takes every notice away. */
  end() {
    for (const end of this.#ends.values()) end();
    this.#place.remove();
  }
}

class Requests {
  #root;
  #notices;
  #words;
  #locks;
  #shown = /* @__PURE__ */ new Map();
  #dialog;
  constructor(root, notices, words, locks) {
    this.#root = root;
    this.#notices = notices;
    this.#words = words;
    this.#locks = locks;
  }
  /** Shows these and no others. `busy` is true while the user types. Returns what is new, in words. */
  show(views, busy) {
    const wanted = new Set(views.map(({ request }) => request));
    for (const [request, end] of this.#shown) if (!wanted.has(request)) this.#end(request, end);
    return views.flatMap((view) => {
      if (this.#shown.has(view.request)) return [];
      const modal = !busy && this.#dialog === void 0 && !this.#root.querySelector("dialog");
      this.#shown.set(view.request, modal ? this.#ask(view) : this.#notice(view));
      return [`${this.#words.requestTitle(view.person.name)}: ${this.#text(view)}`];
    });
  }
  /** Takes all of them away. */
  end() {
    for (const [request, end] of this.#shown) this.#end(request, end);
  }
  #end(request, end) {
    this.#shown.delete(request);
    if (this.#dialog === request) this.#dialog = void 0;
    end();
  }
  #text({ label, request }) {
    return this.#words.requestText(label, request.message);
  }
  #ask(view) {
    const { person, request } = view;
    const { requestTitle, requestRest, keep, handOver } = this.#words;
    this.#dialog = request;
    const close = openDialog(this.#root, {
      sign: avatar(person),
      title: requestTitle(person.name),
      body: [element("p", this.#text(view)), element("p.mut", requestRest)],
      choices: [
        { words: keep },
        { words: handOver, kind: "p", work: () => this.#answer(request, true) }
      ],
      cancel: () => this.#answer(request, false)
    });
    return close;
  }
  #notice(view) {
    const { person, request } = view;
    const { requestTitle, requestRest, keep, handOver } = this.#words;
    return this.#notices.show({
      sign: avatar(person),
      title: requestTitle(person.name),
      lines: [this.#text(view), requestRest],
      choices: [
        { words: keep, work: () => this.#answer(request, false) },
        { words: handOver, main: true, work: () => this.#answer(request, true) }
      ],
      kind: "warn",
      stays: true
    });
  }
  #answer(request, yes) {
    const end = this.#shown.get(request);
    if (end !== void 0) this.#end(request, end);
    if (yes) this.#locks.handOver(request);
    else this.#locks.decline(request);
  }
}

const RARE_STYLES = `
.tip{position:fixed;z-index:2147482010;background:#1f2a33;color:#fff;font:500 12px/1.4 var(--f);padding:6px 9px;border-radius:6px;max-width:320px;box-shadow:var(--pop)}
.tip small{color:#c6d0d8}
@media(forced-colors:active){.tip{border:1px solid CanvasText}}
.two .ring{border:4px double var(--bi);inset:-4px;box-shadow:none}
.two,.tg.two{border-color:var(--bi);color:var(--bi)}
.below{top:calc(100% + 6px);left:0;width:max-content;pointer-events:auto;z-index:calc(var(--z) + 2)!important}.below.up{top:auto;bottom:calc(100% + 14px)}
.b{font-size:13px;min-height:36px;padding:0 14px}
.b.s{font-size:12px;min-height:28px;padding:0 10px}
.b.p,.b.d{background:#0b57a4;border-color:#0b57a4;color:#fff}.b.d{background:var(--ri);border-color:var(--ri)}
.b.p:hover{background:#084a8c}.b.d:hover{background:#8e1515}
.b.q{margin-right:auto;border:0;padding:0 2px;background:none;color:var(--ri);text-decoration:underline;text-underline-offset:2px}
.mut{color:var(--n5)}
.ac{display:flex;flex-wrap:wrap;gap:8px;justify-content:flex-end}
.dg{box-sizing:border-box;width:442px;max-width:calc(100vw - 24px);max-height:calc(100dvh - 24px);overflow:auto;margin:auto;border:0;border-radius:10px;padding:18px 20px 16px;background:#fff;color:var(--n6);font:400 13px/1.45 var(--f);box-shadow:0 16px 48px rgba(15,30,45,.3),0 0 0 1px rgba(15,30,45,.1)}
.dg::backdrop{background:rgba(15,30,45,.35)}
h2{margin:0 0 4px;font:650 15px/1.35 var(--f);display:flex;gap:9px;align-items:center;overflow-wrap:anywhere}
h2.dgr{color:var(--ri)}h2 svg{width:19px;height:19px}
.dg p,.nt p{margin:6px 0 0;overflow-wrap:anywhere}
label{display:block;font:600 12.5px/1.4 var(--f);margin-top:12px}
input,select,textarea{display:block;box-sizing:border-box;width:100%;margin-top:4px;font:400 13px/1.4 var(--f);padding:7px 9px;border:1px solid var(--n4);border-radius:6px;background:#fff;color:var(--n6)}
input:focus-visible,select:focus-visible,textarea:focus-visible{outline:2px solid #0b57a4;outline-offset:2px}
[aria-invalid=true]{border:2px solid var(--ri);padding:6px 8px}
.er{color:var(--ri);font-weight:500;font-size:12px;display:flex;gap:5px;align-items:center}.er:empty{display:none}.er svg{width:14px}
.dg .ac{margin-top:16px}
.nts{display:flex;flex-direction:column;gap:8px;margin:-12px;max-width:calc(100% + 24px);overflow:auto;flex:none;max-height:60vh;padding:12px;pointer-events:none}.nts:empty{display:none}
.nt{pointer-events:auto;flex:none;display:flex;gap:11px;width:380px;max-width:100%;background:#fff;border-radius:10px;border-left:4px solid var(--bi);padding:12px 12px 12px 14px;box-shadow:var(--pop)}
.nt>svg{width:19px;height:19px;color:var(--bi)}.nt.warn{border-color:var(--w)}.nt.warn>svg{color:var(--wi)}
.nt>div:last-child{flex:1;min-width:0}.nt p{margin:2px 0 0}.nt .ac{justify-content:flex-start;margin-top:9px}
.strip{display:flex;flex-wrap:wrap;gap:4px 7px;align-items:center;max-width:calc(100vw - 16px);background:#ffebee;color:var(--ri);border-radius:0 0 8px 8px;padding:4px 5px 4px 9px;font:500 12px/1.3 var(--f);box-shadow:0 0 0 1px #e7b3b3}
.strip svg{width:15px}.strip span{flex:1}
.cv{width:340px;max-width:calc(100vw - 16px);background:#fff;color:var(--n6);border-radius:10px;padding:12px;font:400 13px/1.45 var(--f);box-shadow:var(--pop)}
.cv p{margin:0}.cv .lk{margin-top:8px}
.op{display:flex;gap:10px;align-items:center;border:1px solid #cfd7dd;border-radius:8px;padding:8px 8px 8px 11px;margin-top:8px}
.op>div{flex:1;min-width:0}.v{font:650 15px/1.3 var(--f);max-height:6.5em;overflow:auto;overflow-wrap:anywhere;white-space:pre-wrap}
small{display:block;font-size:12px;color:var(--n5)}
.lk{border:0;padding:0 2px;background:none;color:var(--bi);text-decoration:underline}
.dr{flex-direction:column;align-items:stretch!important;gap:4px}
blockquote{margin:4px 0 0;background:#f6f8f9;border:1px solid #cfd7dd;border-radius:6px;padding:6px 9px;white-space:pre-wrap;overflow-wrap:anywhere;max-height:6em;overflow:auto}
@media(pointer:coarse){.b,.b.s{min-height:44px}}
@media(max-width:420px){.dg{margin:auto 12px 12px}.dg .ac .b{flex:1;min-height:44px}.dg .ac .q{flex:1 0 100%;text-align:left}.nt{width:auto}input,select,textarea{font-size:16px}}
@media(forced-colors:active){.dg,.nt,.cv,.strip{border:1px solid CanvasText}}
`;

const GAP = 8;
const LEAVE_MS = 250;
class Tooltip {
  #node = element("div.tip");
  #leave;
  constructor(root) {
    const node = this.#node;
    node.role = "tooltip";
    node.hidden = true;
    node.onpointerenter = () => clearTimeout(this.#leave);
    node.onpointerleave = () => this.hide();
    root.append(node);
  }
  /** Shows the lines at the anchor, the first as the title; without lines it goes, if the pointer does not go into it. */
  show(anchor, [title, rest]) {
    clearTimeout(this.#leave);
    const node = this.#node;
    if (title === void 0) {
      this.#leave = setTimeout(() => this.hide(), LEAVE_MS);
      return;
    }
    node.hidden = false;
    node.replaceChildren(title, element("small", rest ?? ""));
    const { left, top, bottom } = anchor.getBoundingClientRect();
    const { width, height } = node.getBoundingClientRect();
    const above = bottom + GAP + height > innerHeight;
    node.style.left = `${Math.max(0, Math.min(left - 4, innerWidth - width - GAP))}px`;
    node.style.top = `${Math.max(0, above ? top - GAP - height : bottom + GAP)}px`;
  }
  /** Hides it at once. */
  hide() {
    clearTimeout(this.#leave);
    this.#node.hidden = true;
  }
}

const en = {
  askTitle: (name) => `Ask ${name} for this field`,
  askText: (label) => `${label}. If nobody types in it for 60 seconds, it passes to you by itself.`,
  message: "Message (optional)",
  cancel: "Cancel",
  ask: "Ask",
  notAsked: (reason) => `The request did not go through (${reason}). Try again.`,
  wasAsked: (name) => `${name} was asked`,
  breakLock: "Break lock",
  breakInstead: "It cannot wait\u2026",
  breakTitle: (name) => `Break the lock of ${name}`,
  breakText: "Only for urgent care. The holder is told at once; your name and reason stay in the audit trail.",
  why: "Why",
  codes: { ETREAT: "Emergency treatment", PATSFTY: "Patient safety, cannot wait", BTG: "Another urgent reason" },
  reason: "Reason, in your words (required)",
  tooShort: "Give at least 10 characters.",
  notBroken: (reason) => `The lock was not broken (${reason}).`,
  requestTitle: (name) => `${name} asks for your field`,
  requestText: (label, message) => message === "" ? label : `${label}: \u201C${message}\u201D`,
  requestRest: "If you do not type for 60 seconds, it passes on by itself. What you wrote stays.",
  keep: "Keep editing",
  handOver: "Hand over",
  granted: (label) => `${label} is yours`,
  grantedText: "You can write in it now.",
  declined: (name, label) => `${name} keeps ${label}`,
  declinedText: "You can ask again later.",
  unanswered: (name, label) => `${name} has not answered about ${label}`,
  lost: (name, label) => `${label} went to ${name}`,
  brokenBy: (name, label) => `${name} broke your lock on ${label}`,
  passedTo: (name, label) => `${label} passed to ${name}`,
  kept: "What you wrote is kept.",
  goTo: "Go to the field",
  hasTwo: (label) => `${label} has two values`,
  whyTwo: "It was changed in both places. Nothing is overwritten until you choose.",
  onPage: "Hospital record, on this page",
  typedHere: "Entered here, while apart from the others",
  shared: (name) => name === "" ? "Shared here" : `Shared here by ${name}`,
  use: "Use this",
  empty: "empty",
  later: "Decide later",
  drafts: "Texts kept for you",
  notSaved: "Your text was not saved.",
  draftKept: "Draft kept.",
  erased: "The content of this record was erased",
  erasedText: "What was here is gone for everybody. You can write in it again.",
  erasedDraft: "The record was erased before your last words were saved.",
  fieldGone: "Its field is not on this page",
  copy: "Copy",
  copyOf: (label) => `Copy the text for ${label}`,
  copied: "Copied",
  notCopied: "Not copied. Select the text and copy it by hand.",
  dismiss: "Delete",
  dismissOf: (label) => `Delete the draft for ${label}`,
  sure: "Delete for good?",
  sureOf: (label) => `Press again to delete the only copy of the text for ${label}`,
  pushed: (source) => source === "" ? "New information for this record" : `New information from ${source}`,
  untouched: "Your text was not changed.",
  close: "Close",
  notices: "Corsia, notices"
};

const it = {
  askTitle: (name) => `Chiedere questo campo a ${name}`,
  askText: (label) => `${label}. Se per 60 secondi nessuno vi scrive, passa a Lei da solo.`,
  message: "Messaggio (facoltativo)",
  cancel: "Annulla",
  ask: "Chiedi",
  notAsked: (reason) => `La richiesta non \xE8 riuscita (${reason}). Riprovi.`,
  wasAsked: (name) => `Richiesta inviata a ${name}`,
  breakLock: "Forza il blocco",
  breakInstead: "Non pu\xF2 attendere\u2026",
  breakTitle: (name) => `Forzare il blocco di ${name}`,
  breakText: "Solo per cure urgenti. Chi tiene il campo \xE8 avvisato subito; il Suo nome e il motivo restano nel registro di controllo.",
  why: "Perch\xE9",
  codes: { ETREAT: "Trattamento d\u2019emergenza", PATSFTY: "Sicurezza del paziente, non pu\xF2 attendere", BTG: "Altro motivo urgente" },
  reason: "Motivo, con parole Sue (obbligatorio)",
  tooShort: "Scriva almeno 10 caratteri.",
  notBroken: (reason) => `Il blocco non \xE8 stato forzato (${reason}).`,
  requestTitle: (name) => `${name} chiede il Suo campo`,
  requestText: (label, message) => message === "" ? label : `${label}: \xAB${message}\xBB`,
  requestRest: "Se non scrive per 60 secondi, passa da solo. Ci\xF2 che ha scritto resta.",
  keep: "Continua a scrivere",
  handOver: "Cedi il campo",
  granted: (label) => `${label} \xE8 Suo`,
  grantedText: "Ora pu\xF2 scrivervi.",
  declined: (name, label) => `${name} tiene ${label}`,
  declinedText: "Pu\xF2 chiederlo di nuovo pi\xF9 tardi.",
  unanswered: (name, label) => `${name} non ha risposto per ${label}`,
  lost: (name, label) => `${label} \xE8 passato a ${name}`,
  brokenBy: (name, label) => `${name} ha forzato il Suo blocco su ${label}`,
  passedTo: (name, label) => `${label} \xE8 passato a ${name}`,
  kept: "Ci\xF2 che ha scritto \xE8 conservato.",
  goTo: "Vai al campo",
  hasTwo: (label) => `${label} ha due valori`,
  whyTwo: "\xC8 cambiato in entrambi i luoghi. Nulla viene sovrascritto finch\xE9 non sceglie.",
  onPage: "Cartella dell\u2019ospedale, in questa pagina",
  typedHere: "Inserito qui, senza collegamento con gli altri",
  shared: (name) => name === "" ? "Condiviso qui" : `Condiviso qui da ${name}`,
  use: "Usa questo",
  empty: "vuoto",
  later: "Decidi dopo",
  drafts: "Testi conservati per Lei",
  notSaved: "Il Suo testo non \xE8 stato salvato.",
  draftKept: "Bozza conservata.",
  erased: "Il contenuto di questa cartella \xE8 stato cancellato",
  erasedText: "Ci\xF2 che vi era scritto non esiste pi\xF9 per nessuno. Pu\xF2 scrivervi di nuovo.",
  erasedDraft: "La cartella \xE8 stata cancellata prima che le Sue ultime parole fossero salvate.",
  fieldGone: "Il suo campo non \xE8 in questa pagina",
  copy: "Copia",
  copyOf: (label) => `Copia il testo per ${label}`,
  copied: "Copiato",
  notCopied: "Non copiato. Selezioni il testo e lo copi a mano.",
  dismiss: "Elimina",
  dismissOf: (label) => `Elimina la bozza per ${label}`,
  sure: "Eliminare davvero?",
  sureOf: (label) => `Prema di nuovo per eliminare l\u2019unica copia del testo per ${label}`,
  pushed: (source) => source === "" ? "Nuove informazioni per questa cartella" : `Nuove informazioni da ${source}`,
  untouched: "Il Suo testo non \xE8 stato modificato.",
  close: "Chiudi",
  notices: "Corsia, avvisi"
};

const italian = it$1;
class Rare {
  tooltip;
  #options;
  #words;
  #notices;
  #requests;
  #hooks;
  /** Nodes are kept as long as what they show: a press on them or the focus is not lost by drawing anew. */
  #nodes = /* @__PURE__ */ new Map();
  /** The field whose card is open; undefined for the first that needs one, empty for none. */
  #choosing;
  constructor(options) {
    const { root, corner, actions, say, widget } = options;
    this.#options = options;
    this.#words = options.italian ? it : en;
    adopt(root, RARE_STYLES);
    this.tooltip = new Tooltip(root);
    this.#notices = new Notices(corner, this.#words.notices);
    this.#requests = new Requests(root, this.#notices, this.#words, widget.locks);
    this.#hooks = { words: this.#words, say, dismiss: actions.dismissDraft };
  }
  /** Opens the dialog that asks for a field. */
  ask(id) {
    const { root, widget, actions } = this.#options;
    const { locks, fields } = widget;
    const field = fields.get(id);
    const lock = field && locks.against(field.wire);
    if (lock === void 0) return;
    const subject = { field: lock.field, label: actions.label(lock.field), holder: lock.name, mayBreak: locks.mayBreak };
    askForField(root, subject, this.#words, {
      request: (wire, message) => {
        locks.request(wire, message, ({ ok, reason = "" }) => {
          if (ok) this.#options.say(this.#words.wasAsked(lock.name));
          else if (reason !== LOST) this.#tell(this.#words.notAsked(reason), "", { warn: true });
        });
      },
      breakGlass: (wire, reason, code, done) => {
        locks.breakGlass(wire, reason, code, (answer) => {
          done(answer.ok ? void 0 : answer.reason ?? "");
          if (answer.ok) actions.goTo(id);
        });
      }
    });
  }
  /** Shows who asks for own locks. */
  requests(everybody) {
    const { widget, actions, say } = this.#options;
    const views = widget.locks.requests.map((request) => ({
      request,
      person: everybody.find(({ userId }) => userId === request.userId) ?? stranger(request),
      label: actions.label(request.field)
    }));
    for (const words of this.#requests.show(views, !actions.isFree(""))) say(words);
  }
  /** Opens the card of a field with two values, and puts the focus into it if the user has asked for it. */
  choose(field, enter) {
    this.#choosing = field;
    this.#options.redraw();
    if (enter) this.#nodes.get(`choose ${field}`)?.querySelector("button")?.focus();
  }
  /** Gives what stands below a field. */
  below({ id, label, draft, conflict }, layer) {
    if (draft === void 0 && conflict === void 0) return [];
    if (!styled.has(layer)) {
      styled.add(layer);
      adopt(layer, RARE_STYLES);
    }
    const nodes = [];
    if (draft) nodes.push(this.#kept(`strip ${draft.wire} ${draft.text}`, () => draftStrip(draft, this.#hooks)));
    this.#choosing ??= conflict && id;
    if (conflict && this.#choosing === id) {
      const { actions } = this.#options;
      const key = `choose ${id}`;
      const value = JSON.stringify(conflict);
      if (this.#nodes.get(key)?.dataset["value"] !== value) this.#nodes.delete(key);
      const make = () => chooser(label, conflict, this.#words, (which) => this.#chosen(id, which), () => {
        actions.goTo(id);
        this.choose("", false);
      });
      const card = this.#kept(key, make);
      card.dataset["value"] = value;
      nodes.push(card);
    }
    return nodes;
  }
  /** Gives the panel's list of drafts. */
  drafts(drafts) {
    return draftList(drafts, this.#hooks, (draft, make) => this.#kept(`list ${draft.wire} ${draft.text}`, make));
  }
  /** Tells of a push, until it is closed. It names the field that the push is about, if it says so and it is here. */
  push({ source, eventType, occurredAt, data }) {
    const { pushed, untouched } = this.#words;
    const { summary, field } = data ?? {};
    const time = new Date(occurredAt).getTime();
    const about = typeof summary === "string" ? summary : eventType;
    const what = [about, time > 0 && clock(time, this.#options.language)].filter(Boolean).join(", ");
    const known = typeof field === "string" && this.#options.widget.fields.get(field) ? field : void 0;
    this.#tell(pushed(source), [what && `${what}.`, untouched].filter(Boolean).join(" "), { sign: "in", stays: true, go: known });
  }
  /** Tells that the content of the record was erased, if that is why the page forgot it (O7). */
  forgot() {
    const { erased, erasedText } = this.#words;
    if (this.#options.widget.document.erased > 0) this.#tell(erased, erasedText, { stays: true });
  }
  /** Tells what came of an own request. The focus goes to the field that was granted, unless the user types elsewhere. */
  answered({ field, result, name }) {
    const { actions } = this.#options;
    const words = this.#words;
    const [id, label] = [idOf(field), actions.label(field)];
    if (result !== "granted") return this.#tell(words[result](name, label), words.declinedText);
    const free = actions.isFree(id);
    if (free) actions.goTo(id);
    this.#tell(words.granted(label), words.grantedText, { sign: "ok", go: free ? void 0 : id });
  }
  /** Tells that an own lock went to somebody else. */
  taken({ field, name, broken }) {
    const words = this.#words;
    const label = this.#options.actions.label(field);
    if (!broken) return this.#tell(words.passedTo(name, label), words.kept);
    this.#tell(words.brokenBy(name, label), words.kept, { warn: true, stays: true });
  }
  /** Takes everything away. */
  end() {
    this.tooltip.hide();
    this.#requests.end();
    this.#notices.end();
    for (const dialog of this.#options.root.querySelectorAll("dialog")) dialog.remove();
  }
  /** The next field that needs a choice has its turn, and the focus if it was in the card. */
  #chosen(id, which) {
    const { actions, redraw } = this.#options;
    this.#nodes.delete(`choose ${id}`);
    this.#choosing = void 0;
    actions.choose(id, which);
    redraw();
    const next = this.#choosing;
    if (next === void 0) actions.goTo(id);
    else this.choose(next, true);
  }
  #tell(title, line, { sign: name = "hand", warn = false, stays = false, go } = {}) {
    const { actions, say } = this.#options;
    const { goTo, close } = this.#words;
    const choices = [
      ...go === void 0 ? [] : [{ words: goTo, main: true, work: () => actions.goTo(go) }],
      { words: close, work: () => void 0 }
    ];
    this.#notices.show({ sign: sign(warn ? "bad" : name), title, lines: line === "" ? [] : [line], choices, kind: warn ? "warn" : "info", stays });
    say(`${title}. ${line}`);
  }
  #kept(key, make) {
    const node = this.#nodes.get(key) ?? make();
    this.#nodes.set(key, node);
    return node;
  }
}
function stranger({ userId, name }) {
  return { userId, name, role: "", initials: initials(name), colour: "#37474f", you: false, viewing: false };
}
const styled = /* @__PURE__ */ new WeakSet();



return {Rare: Rare, italian: italian} })