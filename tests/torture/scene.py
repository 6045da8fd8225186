"""What the torture shares: many accounts in one daemon, a ledger of what clients were told, and the judge.

The judge is the simulated exchange: it knows every order that it accepted, and every nonce. For each account the orders that it
executed must be exactly those that were reported placed, in the end; "not placed" must never have been wrong.

The short form runs in ./tests/run. TEST_TORTURE=long, which is ./tests/run torture, makes it exhaustive. Every file prints its
seed; TEST_SEED repeats it.
"""

import collections
import concurrent.futures
import functools
import json
import mmap
import os
import pathlib
import random
import secrets
import struct
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
import support  # noqa: E402

LONG = os.environ.get("TEST_TORTURE") == "long"
SEED = int(os.environ.get("TEST_SEED") or secrets.randbits(31))
FAULTY_SYSTEM = os.environ.get("TEST_FAULTY_SYSTEM")  # the library of faulty_system.cpp
SUMMARY = os.environ.get("TEST_TORTURE_SUMMARY")  # where a row for the table in README.md is left

DEADLINE_S, SETTLE_S = 4, 2  # short, so that settling is soon over; the daemon adds no deadline below 3.5 s
CONFIG = f"""
[placement]
tag = "userref"
deadline_s = {DEADLINE_S}
settle_s = {SETTLE_S}
[retry]
base_delay_ms = 20
max_delay_ms = 200
"""
TIME_OUT_MS = 1000
GIVEN_UP_MS = 250  # a read, for a cancel that waits
KRAKEN = f"request_timeout_ms = {TIME_OUT_MS}"
# Many orders settle at once here, so that looking them up must cost nothing.
FREE = {name: 0 for name in ("Balance", "OpenOrders", "ClosedOrders", "QueryOrders", "TradesHistory", "QueryTrades", "GetApiKeyInfo",
                             "CancelAll", "OrderAmends", "AmendOrder", "EditOrder", "AddOrderBatch")}


def survived(what, count):
    """Says what was survived, for people and for the table in README.md."""
    print(f"  survived: {count} {what}", flush=True)
    if SUMMARY:
        with open(SUMMARY, "a") as summary:
            summary.write(f"{what}\t{count}\n")


class FaultySystem:
    """What faulty_system.cpp does to the daemon that it is preloaded into; told through a file that both map."""

    WORKS, LIES, FAILS = 0, 1, 2  # what syncing does

    def __init__(self, path):
        path.write_bytes(bytes(5 * 8))
        path.chmod(0o600)
        self.variables = {"LD_PRELOAD": FAULTY_SYSTEM, "FAULTY_SYSTEM": str(path)}
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def order(self, armed=True, kill_at=0, after=False, syncing=WORKS):
        """From now on; the count begins anew."""
        self.map[:] = struct.pack("=5Q", 0, 0, 0, 0, 0)
        self.map[:] = struct.pack("=5Q", armed, 0, kill_at, after, syncing)

    def count(self):
        return struct.unpack_from("=Q", self.map, 8)[0]


class Order:
    """One order, or change of an order, that a client asked for, and what it was told. `rows` is how many orders it may become:
    none, if it only reads."""

    def __init__(self, account, endpoint, params, rows):
        self.account, self.endpoint, self.params, self.rows = account, endpoint, params, rows
        self.fate = "lost"  # no answer came: the client or the daemon went away
        self.txids = []
        self.intent = None  # the daemon's name for it, when it may settle later
        self.reply = None
        self.case = ""  # what befell it

    def __repr__(self):
        return f"{self.case} {self.account} {self.endpoint} {json.dumps(self.params)}: {self.fate} {self.txids} {json.dumps(self.reply)}"

    def volumes(self):
        """By which it is recognized."""
        return tuple(row["volume"] for row in self.params.get("orders", ())) or (self.params.get("volume") or self.params["order_qty"],)

    def told(self, reply):
        """The answer to the call."""
        self.reply = reply
        if "result" in reply:
            self.placed(reply["result"])
            return
        data = reply["error"]["data"]
        self.fate = {"no": "not placed", "unknown": "unknown", "yes": "placed"}[data["executed"]]
        self.intent = data.get("intent") or data["call_id"]

    def placed(self, result):
        self.fate = "placed"
        if self.rows == 0:
            return
        if self.endpoint == "AddOrderBatch":
            self.txids = [row["txid"] for row in result["orders"] if "txid" in row]
        elif self.endpoint == "AmendOrder":
            self.txids = []  # it has none of its own
        elif self.endpoint == "EditOrder":
            self.txids = [result["txid"]]
        else:
            self.txids = list(result["txid"])
        assert len(self.txids) <= self.rows, result

    def settled(self, intent):
        """The final word on it."""
        self.reply = intent
        self.fate = {"placed": "placed", "not_placed": "not placed"}.get(intent["state"], intent["state"])
        if self.fate == "placed":
            self.placed(intent["result"])


class Ledger:
    """The orders of all clients, and how to make new ones. Every volume is used once, so that an order can be recognized."""

    def __init__(self, first=0, step=1):
        self.mutex = threading.Lock()
        self.number, self.step = first, step
        self.orders = []
        self.by_account = collections.defaultdict(list)

    def volume(self):
        with self.mutex:
            self.number += self.step
            return f"0.{1_000_000 + self.number:08d}"

    def order(self, account, endpoint="AddOrder", rows=1, **params):
        """A new order; what is not said is that of a limit order that rests."""
        one = lambda: {"type": "buy", "ordertype": "limit", "price": "10000.0", "volume": self.volume()}
        if endpoint == "AddOrderBatch":
            params = {"pair": "XBTUSD", "orders": [one() for _ in range(rows)], **params}
        elif endpoint == "AddOrder":
            params = {"pair": "XBTUSD", **one(), **params}
            if params["ordertype"] == "market":
                del params["price"]
        elif endpoint == "EditOrder":
            params = {"pair": "XBTUSD", "volume": self.volume(), "price": "10001.0", **params}
        elif endpoint == "AmendOrder":
            params = {"order_qty": self.volume(), **params}
        made = Order(account, endpoint, params, rows)
        self.include(made)
        return made

    def include(self, order):
        with self.mutex:
            self.orders.append(order)
            self.by_account[order.account].append(order)

    def of(self, account):
        with self.mutex:
            return list(self.by_account[account])


def place(client, order, **more):
    """Makes the call, and notes what was answered. Nothing is noted when no answer comes."""
    reply = client.call(order.endpoint, order.params, account=order.account, **more)
    order.told(reply)
    return reply


def settle(client, order, seconds=60):
    """Waits for the final word on an order whose outcome was unknown."""
    if order.fate != "unknown":
        return
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        reply = client.request("intent.wait", {"id": order.intent, "timeout_ms": 20000})
        if "result" in reply:
            order.settled(reply["result"])
            return
        if reply["error"]["code"] != -32018:  # not settled in time: ask again
            order.reply = reply
            return


class Judge:
    """Compares what the exchange did with what was told."""

    def __init__(self, exchange, ledger):
        self.exchange, self.ledger = exchange, ledger
        self.one_daemon = False  # from the beginning to the end, with a clock that is right
        self.busy = False  # so many calls at once that one may be read long after it was given up

    def problems(self, accounts, unknown=()):
        """Sentences about what is wrong; none when all is well. Orders in `unknown` may have no final word."""
        return self.orders(accounts, unknown) + self.nonces(accounts)

    def orders(self, accounts, unknown=()):
        executed = self.exchange.control("GET", "/orders")["orders"]
        return [problem for account in accounts for problem in self.of_account(account, executed[account], unknown)]

    def of_account(self, account, executed, unknown):
        """Orders of the same volumes are judged together: nobody can tell them apart but by their ids."""
        by_volume, known, groups, told, found = {}, {order["txid"] for order in executed}, {}, set(), []
        for order in executed:
            by_volume.setdefault(order["vol"], set()).add(order["txid"])
        for order in self.ledger.of(account):
            groups.setdefault(order.volumes(), []).append(order)
        for volumes, orders in groups.items():
            placed = [txid for order in orders for txid in order.txids]
            really = {txid for volume in volumes for txid in by_volume.get(volume, ())} | set(placed) & known
            told |= really
            if not self.is_right(orders, placed, really, unknown):
                found += [f"told {order}; executed {sorted(really)}" for order in orders]
        return found + [f"{account}: nobody asked for {order}" for order in executed if order["txid"] not in told]

    def is_right(self, orders, placed, really, unknown):
        if len(placed) != len(set(placed)) or not set(placed) <= really:
            return False
        open_fates = [order for order in orders if order.fate not in ("placed", "not placed")]
        if open_fates:
            return all(order in unknown for order in open_fates) and len(really) <= sum(order.rows for order in orders)
        amended = sum(order.endpoint == "AmendOrder" and order.fate == "placed" for order in orders)
        return len(really) == len(placed) + amended

    def nonces(self, accounts):
        """Refused nonces that no late or repeated delivery explains."""
        journal = functools.cache(self.exchange.journal)  # it is long, and seldom needed
        return [f"refused nonce: {entry}" for entry in self.exchange.audit()["nonces"]
                if entry["account"] in accounts and not entry["duplicate_of"] and not self.is_late(entry, journal)]

    def is_late(self, entry, journal):
        """The daemon had given the request up and made another when it was read, or a cancel had passed it: a fault delayed it, or the
        machine is busy. Nonces are microseconds, so they tell; after a restart they do not. No other fault holds a request back.
        """
        if not entry["detail"].startswith("highest so far "):
            return False  # no number
        is_delayed = entry["fault"] == "delay"
        if not self.one_daemon:
            return is_delayed or self.busy and self.made_way(entry, journal())
        behind = int(entry["detail"].split()[-1]) - int(entry["nonce"])
        if behind < 1000 * GIVEN_UP_MS:
            return False
        return is_delayed or behind >= 1000 * TIME_OUT_MS or self.was_passed(entry, journal())

    def made_way(self, entry, journal):
        """The daemon drops the connection of a request that it gives up, and passes others for nothing but a cancel."""
        connection = next(other["connection"] for other in journal if other["id"] == entry["id"])
        was_dropped = not any(other["connection"] == connection and other["id"] > entry["id"] for other in journal)
        return was_dropped or self.was_passed(entry, journal)

    @staticmethod
    def was_passed(entry, journal):
        """By a cancel, which the exchange read first."""
        highest = entry["detail"].split()[-1]
        return any(other["nonce"] == highest and other["account"] == entry["account"] and other["key"] == entry["key"]
                   and other["endpoint"].startswith("Cancel") for other in journal)


class TortureTest(support.DaemonTest):
    CONFIG = CONFIG
    KRAKEN = KRAKEN
    LEVEL = "info"

    def setUp(self):
        print(f"  TEST_SEED={SEED}", flush=True)
        self.dice = random.Random(f"{SEED} {self.id()}")
        super().setUp()
        self.exchange.switch(rest_cost=FREE)
        self.ledger = Ledger()
        self.judge = Judge(self.exchange, self.ledger)

    def at_once(self, act, things):
        """Does it for all things side by side, each in a thread of its own; the first exception is raised."""
        things = list(things)
        with concurrent.futures.ThreadPoolExecutor(len(things)) as threads:
            return list(threads.map(act, things))

    def assert_judged(self, accounts=None, unknown=()):
        problems = self.judge.problems(accounts or self.ACCOUNTS, unknown)
        if problems:
            self.fail("\n".join([f"{len(problems)} problems", *problems[:20]]))

    def intents(self, client):
        """Every intent of the client's, by the volumes of its orders."""
        intents = client.result("intent.list", {"which": "all", "limit": 1000})
        return {tuple(order["volume"] for order in intent.get("orders", ())): intent for intent in intents}

    def wait_until_settled(self, client):
        """After a restart: until no intent is open any more."""
        def settled():
            return not [intent for intent in client.result("intent.list", {"which": "open"}) if intent["state"] != "unknown"]
        support.wait_for(settled, said="intents do not settle", every=0.05)

    def learn(self, client, orders):
        """After a restart: what the daemon knows of orders whose callers got no answer. One that left no intent was never sent."""
        self.wait_until_settled(client)
        intents = self.intents(client)
        for order in orders:
            if order.fate not in ("lost", "unknown"):
                continue
            if order.volumes() in intents:
                order.settled(intents[order.volumes()])
            else:
                order.fate = "not placed"

    def clear_faults_of(self, account):
        for fault in self.exchange.control("GET", "/faults")["faults"]:
            if fault["account"] == account:
                self.exchange.control("DELETE", f"/faults?id={fault['id']}")


def main():
    unittest.main(verbosity=2)
