// Types of Corsia CollabSDK, made from its sources.
export as namespace CollabSDK

/** The widgets of this page that were started and not destroyed. */
export declare const instances: Handle[];

/**
 * Makes the page's fields collaborative. It throws a TypeError when an option is wrong; whatever goes wrong later is told
 * by `onError` and the event `error`, and never reaches the page as an exception. A page whose resource has a widget
 * already gets that one, and `onError` the code `ALREADY_STARTED`: a second one would type everything twice.
 */
export declare function init(options: Options): Handle;

/**
 * What a page holds of its widget (G1). It owns the connection and what the page listens to, and follows the address of
 * the page: one Widget at a time is the record that is shown.
 */
export declare class Handle {
    #private;
    /** Where things stand: connection, save state, mode, revision. */
    get status(): Status;
    /** What the page shows now; undefined when it shows no record. */
    get resourceId(): string | undefined;
    /** The fields of the page that are collaborative. */
    get fields(): readonly FieldInfo[];
    /** Who is here, oneself included. */
    get users(): readonly User[];
    /** Listens to an event. Returns what ends it. */
    on<K extends keyof WidgetEvents>(name: K, listener: (value: WidgetEvents[K]) => void): () => void;
    /** Asks for the lock of a field, by its id; the empty id is the whole record. */
    lock(field: string): Promise<LockAnswer>;
    /** Gives the lock of a field back. */
    unlock(field: string): void;
    /** Ends the conflict of a field with the page's value or the record's (G4). */
    choose(field: string, which: 'mine' | 'theirs'): void;
    /**
     * To be called when the user logs out. It waits for what is on its way to the server. When everything is there, what is
     * kept in this browser for the user is removed, the widget is destroyed, and the answer is `{sent: true}`. Otherwise the
     * answer has the text that only this browser has, and nothing is removed, so that it can be exported or sent later;
     * `logout({discard: true})` removes it all the same. It rejects when the browser's store cannot be loaded, read or removed.
     */
    logout({ discard }?: {
        readonly discard?: boolean;
    }): Promise<LogoutAnswer>;
    /** Ends the session and leaves nothing of the widget on the page. Calling it again does nothing. */
    destroy(): void;
}

/** Whether everything was on the server; if not, what was not. */
export type LogoutAnswer = {
    readonly sent: true;
} | {
    readonly sent: false;
    readonly unsent: readonly Unsent[];
};

/** Text of the user that is not on the server. The field is empty when a record cannot be read. */
export interface Unsent {
    /** The record that it belongs to. */
    readonly resourceId: string;
    /** Its wire name. */
    readonly field: string;
    /** What the whole field would be. */
    readonly text: string;
}

/** What a page gives to `CollabSDK.init` (G1). A wrong option is a TypeError that names it. */
export interface Options {
    /**
     * Where the gateway is: a `wss:`, `ws:`, `https:` or `http:` URL. Its path, when it has one, is that of the sockets;
     * `/ws/` by default. Required.
     */
    readonly gatewayUrl: string;
    /** The user's token, a JWT. Required unless there is `getToken`. */
    readonly token?: string;
    /**
     * Gives the user's token, at each connection and about 60 s before the last one expires. While it fails or takes its
     * time the widget waits and tries again, as for a gateway that is away. Preferred to `token`, which ends with its expiry.
     */
    readonly getToken?: () => string | Promise<string>;
    /** `false`: only fields that match `include` or are under `[data-collab]`. Default `true`. */
    readonly autoDiscovery?: boolean;
    /** `'opt-in'` is the same as `autoDiscovery: false`. Default `'auto'`. */
    readonly capture?: 'auto' | 'opt-in';
    /**
     * What people edit together, at most 512 bytes of UTF-8, or a function that gives it for an address and is asked again when
     * the address changes; undefined means that the page shows no record. Default `page:` and the path of the page, which it
     * then follows when a single-page application navigates.
     */
    readonly resourceId?: string | ((location: Location) => string | undefined);
    /** Kind of resource, such as `patient_record`: for the audit trail, at most 128 bytes. Default none. */
    readonly resourceType?: string;
    /** What to ask for. Default: to edit, or to view when that is all the user may do. */
    readonly mode?: Mode;
    /** CSS selectors of fields to take that would not be found. Never takes passwords and the like (G2). Default none. */
    readonly include?: string | readonly string[];
    /** CSS selectors of fields to leave alone. Default none; `[data-collab-ignore]` always is. */
    readonly exclude?: string | readonly string[];
    /** How locks come about. Default `'off'`. */
    readonly locking?: Locking;
    /** `false`: nothing is shown. `panel` leaves the panel out, or has it begin open or minimised; by default the width decides. */
    readonly ui?: boolean | {
        readonly panel?: boolean | 'open' | 'minimised';
    };
    /** Language of what is shown, as a BCP 47 tag: Italian for `it…`, else English. Default the page's, then the browser's. */
    readonly locale?: string;
    /** Is told of whatever goes wrong later: the same as the event `error`. Default: nothing is done. */
    readonly onError?: (error: {
        readonly code: string;
        readonly message: string;
    }) => void;
}

/** What the page may know of the widget. */
export interface Status {
    /** `'refused'`: the gateway does not let the user in, see `reason`; `'closed'`: after `destroy()`. */
    readonly connection: 'connecting' | 'connected' | 'offline' | 'refused' | 'closed';
    /** Where everything typed on this page is. */
    readonly save: Save;
    /** Edits that the server has not acknowledged, fields with text that is in no document, drafts that are kept nowhere. */
    readonly waiting: number;
    /** Undefined until the record was received. */
    readonly mode: Mode | undefined;
    /** Position in the history of the record; 0 before it was received. */
    readonly revision: number;
    /** Why the connection or the record was refused. */
    readonly reason: string | undefined;
    /** When the next try to connect is, in local milliseconds. */
    readonly retryAt: number | undefined;
    /** Why this browser does not keep, or cannot read, what it should; undefined when it does. */
    readonly store: Failure['code'] | undefined;
    /** What the gateway does without at the moment, by its names: it goes on, perhaps slower (F1). */
    readonly degraded: readonly string[];
}

/** A field, as the page is told of it. */
export interface FieldInfo {
    /** Its stable id, such as `id-notes` or `name-dose` (G3). */
    readonly id: string;
    /** What kind of control it is. */
    readonly kind: FieldKind;
    /** What people call it: its label on the page, else its id. */
    readonly label: string;
    /** Its elements: one, or the buttons of a radio group. */
    readonly elements: readonly HTMLElement[];
    /** Name of the user who holds the lock; undefined when nobody does. */
    readonly lockedBy: string | undefined;
    /** This session holds the lock. */
    readonly ownLock: boolean;
    /** Set while the page and the record differ and the user has to choose (G4). */
    readonly conflict: Conflict | undefined;
}

/** What a page can listen to. Fields are named by their ids. */
export interface WidgetEvents {
    /** Where things stand has changed. */
    status: Status;
    /** Somebody came, left, or changed what they may do. */
    users: readonly User[];
    /** Fields came or went, or who holds their locks has changed. */
    fields: readonly FieldInfo[];
    /** Edits of this page are on the server's disk. */
    saved: Saved;
    /** Somebody else's edit is shown on this page. */
    remote: Arrived;
    /** What became of a lock; `detail` depends on `event`. */
    lock: {
        readonly field: string;
        readonly event: 'acquired' | 'denied' | 'released' | 'requested' | 'answered' | 'taken';
        readonly detail: object;
    };
    /** Text was refused, and is kept: of this page, or of one that was left before its text was saved. */
    draft: Draft & {
        readonly resourceId: string;
    };
    /** The user entered a field; undefined: left it. */
    focus: {
        readonly field: string | undefined;
    };
    /** One of the hospital's systems said something about the record; no field was changed (G9). */
    resourceUpdated: Push;
    /** Something went wrong; the same goes to `onError`. */
    error: {
        readonly code: string;
        readonly message: string;
    };
    /** The page shows another record now, or none. */
    resource: {
        readonly resourceId: string | undefined;
    };
}

/** Where everything typed on this page is (G6): the least that is true of all of it. */
export type Save = 'unsaved' | 'here' | 'server';

/** A person in the room, with all their sessions (R1). */
export interface User {
    /** From the token, as are `name` and `role`. */
    readonly userId: string;
    /** What colleagues see. */
    readonly name: string;
    /** Empty when the token names none. */
    readonly role: string;
    /** The most that one of their sessions may do. */
    readonly mode: Mode;
    /** Ids of their sessions on this record: one a browser tab. */
    readonly sessions: readonly string[];
    /** When the first of these joined, in milliseconds UTC. */
    readonly joinedAt: number;
    /** For their avatar: `#rrggbb`, or empty. */
    readonly color: string;
}

/** What a request for a lock came to: the lock, or why there is none and who holds it. */
export interface LockAnswer {
    /** The session holds the lock now. */
    readonly ok: boolean;
    /** The lock, when there is one. */
    readonly lock?: Lock;
    /** Why there is none, such as `already_locked` or `lock_service_unavailable` (L2, L8). */
    readonly reason?: string;
    /** Who holds it, when somebody does. */
    readonly lockedByName?: string;
}

/** What a session may do in a resource (R2). */
export type Mode = 'editor' | 'viewer';

/** How locks come about: never, by `lock` and `unlock` alone, or by the focus. */
export type Locking = 'off' | 'manual' | 'focus';

/** Why the store does not keep what it should: full, not to be had, or with a record that cannot be read. */
export interface Failure {
    /** No room; not to be had; or something in it cannot be read. */
    readonly code: 'STORE_FULL' | 'STORE_UNAVAILABLE' | 'STORE_UNREADABLE';
    /** The same in English, with the browser's own reason. */
    readonly message: string;
}

/** What kind of control a field is; the first two are texts, the others are entries of the map `values`. */
export type FieldKind = 'text' | 'editable' | 'select' | 'checkbox' | 'radio';

/** What the page has and what the document has, where only the user can know which of them is right (G4). */
export interface Conflict {
    /** The page's value, with what was typed into it since. */
    readonly mine: Value;
    /** `mine` was typed here while the page was apart, and others have changed the field meanwhile. */
    readonly typed?: boolean;
    /** The document's value. */
    readonly theirs: Value;
    /** Who wrote the document's, when that is known. */
    readonly by?: string;
}

/** What the hospital's systems said about the resource (`RESOURCE_UPDATED`, W4, G9). Times are as the system wrote them. */
export interface Push {
    /** Each comes once (W4). */
    readonly deliveryId: string;
    /** The record that it is about. */
    readonly resourceId: string;
    /** Name of the system. */
    readonly source: string;
    /** What happened, in the words of the system. */
    readonly eventType: string;
    /** The system's own version of the record. */
    readonly version: unknown;
    /** When, as the system wrote it. */
    readonly occurredAt: unknown;
    /** What the system sent along. */
    readonly data: unknown;
}

/** An acknowledged batch: it is on the server's disk. `since` is the local time of its first edit. */
export interface Saved {
    /** Ids of the fields that were written. */
    readonly fields: readonly string[];
    /** How many edits it was. */
    readonly edits: number;
    /** Position in the history of the record. */
    readonly revision: number;
    /** When the first of them was typed: `performance.now()` of this page. */
    readonly since: number;
    /** From then to the acknowledgement, in milliseconds. */
    readonly ms: number;
}

/** A change by another session, as it was shown here. */
export interface Arrived {
    /** Ids of the fields that changed. */
    readonly fields: readonly string[];
    /** Who wrote it. */
    readonly userId: string;
    /** In which session. */
    readonly sessionId: string;
    /** Position in the history of the record. */
    readonly revision: number;
}

/** Text that the server refused, or that never got into the document; it is kept until somebody dismisses it. */
export interface Draft {
    /** Id of the field. */
    readonly field: string;
    /** What the user had there; undefined: nothing that can be shown. */
    readonly mine: Value | undefined;
    /** Why: `locked`, a code of the gateway, `epoch` after a restore, `erased` after an erasure, `unsent` when it never got into the document. */
    readonly reason: string;
    /** Who held the lock: a user id, or empty. */
    readonly by: string;
}

/** A lock as the gateway tells it; `field` is empty for the whole resource. Times are milliseconds UTC. */
export interface Lock {
    /** Names the grant. */
    readonly lockId: string;
    /** Empty for the whole record. */
    readonly field: string;
    /** The holder. */
    readonly userId: string;
    /** The holder's session. */
    readonly sessionId: string;
    /** The holder's name. */
    readonly name: string;
    /** Number of the grant; grows for ever. */
    readonly fence: number;
    /** Milliseconds UTC. */
    readonly acquiredAt: number;
    /** Milliseconds UTC; renewed while the holder is active. */
    readonly expiresAt: number;
}

/** Value of a field: the text, the chosen option or options, or whether the box is ticked. */
export type Value = string | boolean | readonly string[];
