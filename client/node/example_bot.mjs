#!/usr/bin/env node
// Places one limit order, once whatever happens on the way, and cancels it.
// The parts to copy are place() and findOut().

import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Client, OutcomeUnknown } from "./krakkend.mjs";

const order = { pair: "XBTUSD", type: "buy", ordertype: "limit", price: "10000.0", volume: "0.01" };

// Kraken's answer to the order; undefined: it was not placed.
async function place(daemon, order, key, patienceMs = 60_000) {
    let lost;
    for (const end = Date.now() + patienceMs; ; ) {
        let trouble;
        try {
            return await daemon.call("AddOrder", order, { idempotencyKey: key, timeoutMs: 5_000 });
        } catch (error) {
            trouble = error;
        }
        if (trouble instanceof OutcomeUnknown) {
            if (trouble.intent) return findOut(daemon, trouble);
            // The connection broke, so nobody could say which call this was. The same call with the same key
            // may be made again: if the order was placed, this is its answer, and not a second order.
            lost = trouble;
        } else if (!trouble.retryable) {
            throw trouble;
        }
        if (Date.now() > end) throw lost ?? trouble;
        await pause(trouble.retryAfterMs ?? 1_000);
    }
}

// The same answer, when the daemon has found out what became of the order. Nothing is sent again.
async function findOut(daemon, unknown, patienceMs = 600_000) {
    for (const end = Date.now() + patienceMs; Date.now() < end; ) {
        try {
            const known = await daemon.intentWait(unknown.intent);
            if (known.state === "not_placed") return undefined;
            if (known.state === "placed" && known.result) return known.result;
            break;
        } catch (trouble) {
            if (!trouble.retryable) break;
            await pause(trouble.retryAfterMs ?? 1_000); // not known yet, or the daemon is starting again
        }
    }
    throw unknown; // a person must look at Kraken
}

const daemon = new Client();
try {
    await daemon.waitUntilReady();
    // A bot that must find its order again after a crash of its own keeps the key in a file before it calls.
    const placed = await place(daemon, order, randomUUID());
    if (!placed) throw new Error("the order was not placed");
    console.log("placed", placed.descr.order);
    console.log("cancelled", (await daemon.call("CancelOrder", { txid: placed.txid[0] })).count);
} catch (error) {
    console.error(`${error.name}: ${error.message}${error.remedy ? ` (what to do: ${error.remedy})` : ""}`);
    process.exitCode = 1;
} finally {
    daemon.close();
}
