/**
 * Calls Kraken through krakkend, which holds the keys: no secret and no nonce is known here.
 *
 * One file for Node 18 and newer on Linux, without dependencies. Copy it beside your bot:
 *
 *     import { Client, Funds, OutcomeUnknown } from "./krakkend.mjs";
 *
 *     const daemon = new Client();
 *     await daemon.waitUntilReady();
 *     console.log(await daemon.call("Balance"));
 *     const order = { pair: "XBTUSD", type: "buy", ordertype: "limit", price: "30000.1", volume: "0.01" };
 *     try {
 *         await daemon.call("AddOrder", order, { idempotencyKey: "my-order-17" });
 *     } catch (error) {
 *         if (error instanceof OutcomeUnknown) console.log("look before you repeat it", error.intent);
 *         else if (error instanceof Funds) console.log(error.message);
 *         else throw error;
 *     }
 *     daemon.close();
 *
 * - Money is text. Give prices and volumes as strings; a number that is not a whole one is refused with a
 *   TypeError. Kraken's amounts are strings, too, and stay as they are; but JSON.parse makes doubles of what
 *   Kraken writes as JSON numbers, such as times. callText() hands on the result as Kraken wrote it.
 * - Many calls may be made at once over the one connection; each answer is matched to its request.
 * - No request is ever sent twice. When the answer to one that acts is lost, OutcomeUnknown says so.
 * - Every wait has an end.
 * - Node cannot ask the kernel who serves a socket, so the files are looked at: see `Untrusted`.
 */

import { createHash, createHmac } from "node:crypto";
import { stat } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const timeoutMs = 30_000; // the daemon's own, for the methods that take timeout_ms
const graceMs = 5_000; // beyond timeout_ms, for a daemon that hangs
const maxRequestBytes = 256 * 1024;
const maxReplyBytes = 64 * 1024 * 1024;
const maxInFlight = 64; // the daemon works on no more at once for one connection
const maxPathBytes = 107; // longer ones would be cut off
const busyPatienceMs = 2_000; // for a daemon whose queue of new connections is full
const busyPauseMs = 10;
const readyPauseMs = 250; // between two looks for a daemon that is not there
const nobody = 65534; // what the kernel shows for users of another namespace

// What only reads: when its answer is lost, nothing has happened. All else is taken to act.
const readingMethods = new Set(
    `ping version status account.list rpc.discover profile endpoints wait nonce.status intent.list intent.get
    intent.wait gateway.show identify whoami check`.split(/\s+/),
);
const readingEndpoints = new Set(
    `Time SystemStatus Assets AssetPairs Ticker OHLC Depth GroupedBook Trades Spread PreTrade PostTrade
    Balance BalanceEx CreditLines TradeBalance OpenOrders ClosedOrders QueryOrders OrderAmends TradesHistory
    QueryTrades OpenPositions Ledgers QueryLedgers TradeVolume ExportStatus RetrieveExport Level3
    QueryStrategies GetOpenStrategies GetClosedStrategies DepositMethods DepositStatus WithdrawMethods
    WithdrawAddresses WithdrawInfo WithdrawStatus Earn/AllocateStatus Earn/DeallocateStatus Earn/Strategies
    Earn/Allocations`.split(/\s+/),
);

/**
 * Why a request has no result, and what is known about its fate. Two members decide what a bot does:
 * `executed` and `retryable`. The class says which category it is.
 */
export class KrakkendError extends Error {
    /** Reads an error object of the daemon's. */
    constructor(error) {
        super(error?.message ?? "");
        const data = error?.data ?? {};
        this.name = new.target.name;
        /** Of the JSON-RPC error; 0 where this library found it. */
        this.code = error?.code ?? 0;
        /** Such as "funds". */
        this.category = data.category ?? "";
        /** "no", "yes" or "unknown"; never repeat what is not "no". What says nothing may have happened. */
        this.executed = data.executed ?? "unknown";
        /** This same request may succeed later, after `retryAfterMs`. */
        this.retryable = data.retryable === true && this.executed === "no";
        this.retryAfterMs = data.retry_after_ms;
        /** Who said no: "daemon", "kraken" or, for what was found here, "client". */
        this.origin = data.origin ?? "daemon";
        /** The name of the call in the daemon's log and audit. */
        this.callId = data.call_id;
        /** Kraken's own error texts. */
        this.kraken = data.kraken ?? [];
        /** What a person can do about it. */
        this.remedy = data.remedy;
        this.account = data.account;
        /** Everything else that the daemon says. */
        this.data = data;
    }
}

/** The daemon does not take the request: a wrong method or parameter. A mistake in the bot. */
export class Protocol extends KrakkendError {}
/** Nobody has unlocked the vault yet: see waitUntilReady(). */
export class Locked extends KrakkendError {}
/** The vault is open and holds no account. */
export class NoCredentials extends KrakkendError {}
/** The operator does not allow it; `data.rule` names what forbids it. */
export class Forbidden extends KrakkendError {}
/** No account has that name, or none was given and none is implied; `data.accounts` lists them. */
export class UnknownAccount extends KrakkendError {}
/** The daemon knows no such endpoint of Kraken's. */
export class UnknownEndpoint extends KrakkendError {}
/** Kraken refuses the key. */
export class Auth extends KrakkendError {}
/** The key lacks a right; `remedy` says which. */
export class Permission extends KrakkendError {}
/** Kraken refused the nonce: another program uses the key. */
export class Nonce extends KrakkendError {}
/** It does not fit within Kraken's limits now; see `retryAfterMs`. */
export class RateLimit extends KrakkendError {}
/** Not enough money or margin. */
export class Funds extends KrakkendError {}
/** Kraken refuses this order or its arguments; `kraken` has its words. */
export class OrderRefused extends KrakkendError {}
/** Kraken is busy, down for maintenance, or takes only some orders. */
export class Service extends KrakkendError {}
/** Trouble on the way to Kraken. `executed` is "unknown" for a cancel whose answer was lost. */
export class Network extends KrakkendError {}
/** It was not sent, or is not so, within its time. */
export class Timeout extends KrakkendError {}
/**
 * It was sent, and whether it was done is not known: do not repeat it, find out. With `intent` the daemon
 * knows of it: intentWait() tells. Without, the way to the daemon itself broke: the very same call with the
 * same idempotency key may be made again, and places no second order.
 */
export class OutcomeUnknown extends KrakkendError {
    /** What intentWait() takes. */
    get intent() {
        return this.data.intent;
    }
    /** Whether the daemon is still finding out. */
    get settling() {
        return this.data.settling === true;
    }
}
/** Too many clients, or too much is waiting. */
export class Overloaded extends KrakkendError {}
/** Kraken has locked the account out for a while; until `data.until` nothing is sent. */
export class Lockout extends KrakkendError {}
/** The same idempotency key came with other arguments. A mistake in the bot. */
export class Idempotency extends KrakkendError {}
/** The daemon's disk fails; nothing was sent. */
export class Storage extends KrakkendError {}
/** The daemon is being stopped; nothing was sent. */
export class Stopping extends KrakkendError {}
/** Nobody listens at the socket, or this user may not use it. */
export class NoDaemon extends KrakkendError {}
/**
 * The socket is not to be trusted; nothing was sent. It must belong to this user, to root, or to the owner of
 * its folder, and nobody else may be able to replace it: a folder that others may write to must be sticky, as
 * /tmp is.
 */
export class Untrusted extends KrakkendError {}
/** The connection ended before the answer to what only reads. */
export class Lost extends KrakkendError {}
/** No answer came in time to what only reads. */
export class Late extends KrakkendError {}
/** It was not sent, or not as a whole: nothing was done. */
export class Unsent extends KrakkendError {}

const classes = new Map(
    Object.entries({
        protocol: Protocol,
        locked: Locked,
        no_credentials: NoCredentials,
        forbidden: Forbidden,
        unknown_account: UnknownAccount,
        unknown_endpoint: UnknownEndpoint,
        auth: Auth,
        permission: Permission,
        nonce: Nonce,
        rate_limit: RateLimit,
        funds: Funds,
        order: OrderRefused,
        service: Service,
        network: Network,
        timeout: Timeout,
        outcome_unknown: OutcomeUnknown,
        overloaded: Overloaded,
        lockout: Lockout,
        idempotency: Idempotency,
        storage: Storage,
        stopping: Stopping,
        no_daemon: NoDaemon,
        untrusted: Untrusted,
        lost: Lost,
        late: Late,
        unsent: Unsent,
    }),
);

function errorOf(error) {
    return new (classes.get(error?.data?.category) ?? KrakkendError)(error);
}

// What this library found wrong, in the daemon's shape. Nothing was executed.
function found(category, message, remedy, retryable = false) {
    const data = { category, executed: "no", retryable, origin: "client", remedy };
    return errorOf({ code: 0, message, data });
}

/**
 * Where the daemon may listen. KRAKKEND_SOCKET, or the folder that KRAKKEND_RUNTIME_DIR names, stands alone,
 * so that nobody talks to another daemon than the one meant; without any such variable it is the user's own
 * socket, then the system service's.
 */
export function findSockets(environment = process.env) {
    const variable = (name) => (environment[name]?.trim() ? environment[name] : "");
    const xdg = (name) => (variable(name).startsWith("/") ? variable(name) : ""); // others do not count

    if (variable("KRAKKEND_SOCKET")) return [resolve(variable("KRAKKEND_SOCKET"))];
    const stateHome = xdg("XDG_STATE_HOME") || (variable("HOME") && join(variable("HOME"), ".local/state"));
    const state = variable("KRAKKEND_STATE_DIR") || (stateHome && join(stateHome, "kraken_bot"));
    const own = xdg("XDG_RUNTIME_DIR");
    const folder =
        variable("KRAKKEND_RUNTIME_DIR") || (own && join(own, "krakkend")) || (state && join(state, "run"));
    const sockets = folder ? [join(resolve(folder), "krakkend.sock")] : [];
    if (!["RUNTIME", "STATE", "CONFIG"].some((kind) => variable(`KRAKKEND_${kind}_DIR`)))
        sockets.push("/run/krakkend/krakkend.sock");
    return sockets;
}

function isTrusted(socket, folder) {
    const own = [process.geteuid(), 0].includes(socket.uid);
    if (!own && (socket.uid !== folder.uid || socket.uid === nobody)) return false;
    const othersWrite = (folder.mode & 0o022) !== 0;
    const sticky = (folder.mode & 0o1000) !== 0;
    return !othersWrite || sticky;
}

// Connects to one socket, after a look at who may have put it there. Rejects with the system's error.
async function connectTo(path) {
    if (Buffer.byteLength(path) > maxPathBytes) throw new Error("the path is too long for a socket");
    if (!isTrusted(await stat(path), await stat(dirname(path))))
        throw found(
            "untrusted",
            `the socket ${path} may be a stranger's, who is not trusted; nothing was sent`,
            "find out who put it there; a genuine krakkend's is yours, root's, or its folder's owner's",
        );
    const socket = connect(path);
    await new Promise((connected, failed) => {
        socket.once("connect", connected).once("error", failed);
    });
    return socket;
}

function unreachable(path, error) {
    if (error.code === "EACCES" || error.code === "EPERM") {
        const remedy = "become a member of client_group, or use the user that krakkend runs as";
        return found("no_daemon", `this user may not use the socket at ${path}`, remedy);
    }
    return found("no_daemon", `no krakkend answers at ${path} (${error.message})`, "start krakkend", true);
}

// The first of the sockets at which a daemon answers.
async function connectAny(paths) {
    const absent = [];
    let shown;
    for (const path of paths) {
        try {
            return await connectTo(path);
        } catch (error) {
            if (error instanceof Untrusted || error.code === "EAGAIN") throw error;
            if (error.code === "ENOENT") absent.push(path);
            else shown ??= unreachable(path, error);
        }
    }
    // A socket that is there says more than one that is not.
    const nowhere = `no krakkend answers: there is no socket ${absent.join(" or ")}`;
    throw shown ?? found("no_daemon", nowhere, "start krakkend", true);
}

async function connectWithPatience(paths) {
    for (const end = Date.now() + busyPatienceMs; ; await pause(busyPauseMs)) {
        try {
            return await connectAny(paths);
        } catch (error) {
            if (error.code !== "EAGAIN") throw error;
            const message = "krakkend takes no new connections now";
            if (Date.now() > end) throw found("no_daemon", message, "try it again", true);
        }
    }
}

// For JSON.stringify: refuses what would not arrive as it was meant.
function exact(name, value) {
    if (typeof value === "number" && !Number.isSafeInteger(value))
        throw new TypeError(`${name}: ${value} may have lost digits that were meant: give it as a string`);
    if (value === undefined || typeof value === "function" || typeof value === "symbol")
        throw new TypeError(`${name}: leave it out, or give it a value`); // it would vanish without a word
    return value;
}

// One request: its line, and what it means when the answer does not come.
class Request {
    constructor(id, method, params) {
        this.id = id;
        this.line = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, method, params }, exact) + "\n");
        if (this.line.length > maxRequestBytes)
            throw found("unsent", "the request is longer than 256 KiB; nothing was sent", "send less");
        const reads = method === "call" ? readingEndpoints.has(params.endpoint) : readingMethods.has(method);
        this.acts = !reads;
        this.turnMs = params.max_wait_ms ?? (reads ? 10_000 : 2_000); // as long as the daemon lets it wait
        this.patienceMs = (params.timeout_ms ?? timeoutMs) + graceMs;
        this.begun = false; // some of it may have left
        this.cut = false; // its line has not left as a whole, and will not
        this.answer = new Promise((done, failed) => Object.assign(this, { done, failed }));
    }

    // It was sent, or may have been, and no answer came.
    unanswered(category, message) {
        if (!this.acts) {
            const nothing = `${message}; it only reads, so nothing has changed`;
            return found(category, nothing, "try it again", true);
        }
        return errorOf({
            code: -32019,
            message: `${message}; whether it was done is not known`,
            data: {
                category: "outcome_unknown",
                executed: "unknown",
                retryable: false,
                origin: "client",
                remedy: "do not repeat it before you have looked it up",
            },
        });
    }

    // Nothing of it was sent, or not the end of its line, without which the daemon does not read it.
    unsent(message) {
        const nothing = `${message}; the request was not sent, so nothing was done`;
        return found("unsent", nothing, "try it again", true);
    }
}

function readReply(line) {
    try {
        const reply = JSON.parse(line);
        const isReply = Number.isInteger(reply.id) && "result" in reply !== "error" in reply;
        return isReply ? reply : undefined;
    } catch {
        return undefined;
    }
}

// The text of the result in a reply that was read already; undefined if the daemon writes replies in another
// form. The result comes last: what is there up to the last brace is one JSON value only if it is the result.
function resultText(line, id) {
    const head = `{"jsonrpc":"2.0","id":${id},"result":`;
    if (!line.startsWith(head)) return undefined;
    const text = line.slice(head.length, -1);
    try {
        JSON.parse(text);
        return text;
    } catch {
        return undefined;
    }
}

const ended = "the connection to krakkend ended before it answered";
const noProtocol = "what answers does not speak krakkend's protocol";

// One connection. It knows of each request whether it may have left.
class Link {
    #socket;
    #waiting = new Map(); // by id, everybody who waits for an answer
    #outgoing = []; // those that have not begun to leave
    #inFlight = new Set(); // what the daemon works on, even if nobody waits for it any more
    #writing = false;
    #received = []; // pieces of the next line
    #receivedBytes = 0;

    constructor(socket) {
        this.#socket = socket;
        socket.on("data", (data) => this.#read(data));
        socket.on("error", () => {}); // "close" follows
        socket.on("end", () => this.end(ended));
        socket.on("close", () => this.end(ended));
    }

    get isOpen() {
        return this.#socket !== undefined && !this.#socket.destroyed;
    }

    // Sends it when it is its turn; resolves to the line of the reply and the reply in it.
    ask(request) {
        this.#waiting.set(request.id, request);
        this.#outgoing.push(request);
        request.timer = setTimeout(() => this.#giveUp(request), request.turnMs);
        this.#write();
        return request.answer.finally(() => {
            clearTimeout(request.timer);
            this.#waiting.delete(request.id);
        });
    }

    // Closes the connection; whoever waits is told.
    end(message) {
        this.#socket?.destroy();
        this.#socket = undefined;
        this.#outgoing = [];
        for (const request of this.#waiting.values()) {
            const wasSent = request.begun && !request.cut;
            request.failed(wasSent ? request.unanswered("lost", message) : request.unsent(message));
        }
    }

    #giveUp(request) {
        this.#outgoing = this.#outgoing.filter((other) => other !== request);
        if (request.begun) request.failed(request.unanswered("late", "krakkend did not answer in time"));
        else request.failed(request.unsent("its turn did not come in time"));
    }

    // One line at a time, so that an error of writing tells which line it cut off.
    #write() {
        if (this.#writing || !this.isOpen || this.#inFlight.size >= maxInFlight) return;
        const request = this.#outgoing.shift();
        if (request === undefined) return;
        this.#writing = request.begun = true;
        this.#inFlight.add(request.id);
        clearTimeout(request.timer);
        request.timer = setTimeout(() => this.#giveUp(request), request.patienceMs);
        this.#socket.write(request.line, (error) => {
            this.#writing = false;
            // The line feed comes last: a daemon that has not seen it has not read a request. An error of
            // anything but writing says nothing about that.
            request.cut = error?.syscall === "write" && ["EPIPE", "ECONNRESET"].includes(error.code);
            if (!error) this.#write();
        });
    }

    #read(data) {
        let begin = 0;
        for (let feed = data.indexOf(10); feed >= 0; feed = data.indexOf(10, begin)) {
            this.#received.push(data.subarray(begin, feed));
            this.#answer(Buffer.concat(this.#received).toString());
            this.#received = [];
            this.#receivedBytes = 0;
            begin = feed + 1;
        }
        this.#received.push(data.subarray(begin));
        this.#receivedBytes += data.length - begin;
        if (this.#receivedBytes > maxReplyBytes) this.end(noProtocol);
        this.#write();
    }

    #answer(line) {
        const reply = readReply(line);
        if (reply === undefined) return this.end(noProtocol); // what cannot be matched leaves all open
        this.#inFlight.delete(reply.id);
        this.#waiting.get(reply.id)?.done({ line, reply }); // else its wait has ended
    }
}

/**
 * A connection to krakkend. It is opened by the first request, and anew by a later one after it was lost. Not
 * more than 64 requests are out at once; the others wait for their turn as long as `maxWaitMs` allows.
 */
export class Client {
    #paths;
    #link;
    #opening;
    #lastId = 0;
    #bot;

    /**
     * Uses this socket, or else those that findSockets() names. With `bot`, which is its { key, secret } of
     * `krakkenctl bot add`, every connection is the bot's before anything else is sent over it.
     */
    constructor({ socket, bot } = {}) {
        this.#paths = socket === undefined ? findSockets() : [socket];
        this.#bot = bot;
    }

    /**
     * Makes one call at Kraken; resolves to its result, or rejects with a KrakkendError. `params` are for
     * Kraken; the options are for the daemon: account, timeoutMs, maxWaitMs, idempotencyKey.
     */
    async call(endpoint, params = {}, options = {}) {
        return (await this.#exchange("call", callParams(endpoint, params, options))).reply.result;
    }

    /** The same; resolves to the text of the result, with every digit as Kraken wrote it. */
    async callText(endpoint, params = {}, options = {}) {
        const { line, request } = await this.#exchange("call", callParams(endpoint, params, options));
        const text = resultText(line, request.id);
        if (text === undefined) throw request.unanswered("lost", noProtocol);
        return text;
    }

    /** Any method of the daemon, such as "status". */
    async request(method, params = {}) {
        return (await this.#exchange(method, params)).reply.result;
    }

    /**
     * Resolves once calls of the account can be made; waits for the daemon itself, too. Without an account it
     * is the one that a call would take. At the end of the time it rejects with what was in the way.
     */
    async waitUntilReady({ account, timeoutMs = 60_000 } = {}) {
        for (const end = Date.now() + timeoutMs; ; await pause(readyPauseMs)) {
            const left = Math.max(1, Math.min(end - Date.now(), 120_000));
            try {
                const params = { for: "ready", timeout_ms: left };
                await this.request("wait", account === undefined ? params : { ...params, account });
                return;
            } catch (error) {
                // A bot is not known while the vault is locked.
                const mayPass = error.retryable || error instanceof Locked;
                if (!mayPass || Date.now() + readyPauseMs >= end) throw error;
            }
        }
    }

    /**
     * What became of a call, as soon as it is known; `Timeout`: not yet, ask again. `state` is "placed" (with
     * the call's `result`), "not_placed", or "unknown", which only a person can settle.
     */
    async intentWait(intent, { timeoutMs = 30_000 } = {}) {
        return this.request("intent.wait", { id: intent, timeout_ms: timeoutMs });
    }

    /** Ends the connection and every request that is out. A later request opens a new one. */
    close() {
        const end = (link) => link?.end("the client was closed");
        end(this.#link);
        this.#opening?.then(end, () => {});
    }

    async #exchange(method, params) {
        const request = new Request(++this.#lastId, method, params);
        let link = this.#link;
        while (!link?.isOpen) link = await this.#open();
        const { line, reply } = await link.ask(request);
        if ("error" in reply) throw errorOf(reply.error);
        return { request, line, reply };
    }

    // Requests that come meanwhile wait for the same connection.
    #open() {
        this.#opening ??= this.#connect().finally(() => (this.#opening = undefined));
        return this.#opening;
    }

    async #connect() {
        const link = new Link(await connectWithPatience(this.#paths));
        try {
            if (this.#bot !== undefined) {
                const { reply } = await link.ask(new Request(++this.#lastId, "identify", identity(this.#bot)));
                if ("error" in reply) throw errorOf(reply.error);
            }
        } catch (error) {
            link.end("the connection is not the bot's");
            throw error;
        }
        return (this.#link = link);
    }
}

// Shows that the connection is the bot's, as a call of Kraken's is signed.
function identity({ key, secret }) {
    const time = Math.floor(Date.now() / 1000);
    const hashed = createHash("sha256").update(`${time}nonce=${time}`).digest();
    const signed = Buffer.concat([Buffer.from("/krakkend/identify"), hashed]);
    const signature = createHmac("sha512", Buffer.from(secret, "base64")).update(signed).digest("base64");
    return { key, time, signature };
}

function callParams(endpoint, params, { account, timeoutMs, maxWaitMs, idempotencyKey, ...others }) {
    for (const name in others) throw new TypeError(`${name} is no option of a call`);
    const times = { timeout_ms: timeoutMs, max_wait_ms: maxWaitMs };
    const all = { endpoint, account, params, ...times, idempotency_key: idempotencyKey };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
