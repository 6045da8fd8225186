#!/usr/bin/env python3
"""A bad network at every step of a placement: at the placement itself, at the fence, at each look-up, alone and in pairs, with every
answer to what sources leave open about Kraken. Whatever it is: orders executed are the orders reported placed.

Accounts are independent of each other, so many cases run side by side and their deadlines pass together.
"""

import collections
import contextlib
import http.client
import itertools
import json
import queue
import random
import ssl
import threading
import time
import urllib.parse

import scene
import support

# What can happen to a request: the exchange's fault and its members. (tests/exchange/README.md)
FAULTS = {
    "request dropped": ("drop_before", {}),
    "response dropped": ("drop_after", {}),
    "reset mid-body": ("reset", {}),
    "reset at the first byte": ("reset", {"bytes": 1}),
    "502 of a proxy, not passed on": ("status", {"status": 502}),
    "502 of a proxy, executed": ("status", {"status": 502, "executed": True}),
    "429, not passed on": ("status", {"status": 429}),
    "503, not passed on": ("status", {"status": 503}),
    "504, not passed on": ("status", {"status": 504}),
    "504, executed": ("status", {"status": 504, "executed": True}),
    "520, executed": ("status", {"status": 520, "executed": True}),
    "garbage": ("garbage", {}),
    "half JSON": ("truncate", {}),
    "half JSON, then the end": ("truncate", {"full_length": True}),
    "one byte of JSON": ("truncate", {"bytes": 1}),
    "read, never answered": ("half_open", {}),
    "executed, never answered": ("half_open", {"executed": True}),
    "short delays": ("delay", {"delay_before_ms": 50, "delay_after_ms": 50}),
    "answer after the time-out": ("delay", {"delay_after_ms": 1500}),
    "arrives after the time-out": ("delay", {"delay_before_ms": 1200}),
    "arrives while it is looked up": ("delay", {"delay_before_ms": 1800}),
    "arrives after its deadline": ("delay", {"delay_before_ms": 1000 * scene.DEADLINE_S + 500}),
    "arrives after it is settled": ("delay", {"delay_before_ms": 1000 * (scene.DEADLINE_S + scene.SETTLE_S) + 1500}),
    "slow drip": ("slow_drip", {"bytes": 40, "interval_ms": 5}),
    "slow drip past the time-out": ("slow_drip", {"bytes": 10, "interval_ms": 100}),
    "closed after the reply": ("close_after_reply", {}),
    "late duplicate": ("duplicate", {"duplicate_ms": 5}),
    "very late duplicate": ("duplicate", {"duplicate_ms": 2500}),
    "busy": ("busy", {}),
    "busy, executed": ("busy", {"executed": True}),
    "unavailable": ("unavailable", {}),
    "internal error": ("error", {"text": "EGeneral:Internal error"}),
    "internal error, executed": ("error", {"text": "EGeneral:Internal error", "executed": True}),
    "a text nobody knows, executed": ("error", {"text": "EWhat:No such text", "executed": True}),
    "a text nobody knows": ("error", {"text": "EWhat:No such text"}),
    "invalid nonce": ("error", {"text": "EAPI:Invalid nonce"}),
    "deadline elapsed": ("error", {"text": "EService:Deadline elapsed"}),
    "refused for money": ("error", {"text": "EOrder:Insufficient funds"}),
    "rate limit": ("error", {"text": "EAPI:Rate limit exceeded"}),
    "throttled": ("throttled", {"retry_after_s": 1}),
}
LOSE = ("request dropped", "response dropped")  # what makes a fence and look-ups necessary
UNANSWERED = ("request dropped", "garbage", "unavailable")
NO_ANSWER = ("a text nobody knows", "a text nobody knows, executed", "refused for money", "deadline elapsed")


class Target(collections.namedtuple("Target", "endpoint skip")):
    """The request that a fault is aimed at, from the placement on."""

    def __repr__(self):
        return f"step {self.skip}" if self.endpoint == "*" else f"{self.endpoint} {self.skip + 1}"


PLACEMENT = Target("*", 0)
STEPS = tuple(Target("*", step) for step in (1, 2, 3))  # the fence, and look-ups after it
DECIDING_LOOKS = ("TradesHistory", "QueryOrders")  # made only when an order was not seen until its time was over
LOOKS = tuple(Target(endpoint, skip) for endpoint in ("GetApiKeyInfo", "Time", "OpenOrders", "ClosedOrders", "OrderAmends", *DECIDING_LOOKS)
              for skip in (0, 1))
ASKED_AGAIN = ("GetApiKeyInfo", *DECIDING_LOOKS)  # only if the first answer was none

# How an order may be written, and what its client does beside it.
LISTED = ("plain", "userref", "cl_ord_id", "deadline", "market", "batch", "edit", "twins", "crossing", "post only", "behind a close",
          "beside a stranger", "repeated", "repeated at once", "canceled with all", "canceled with all by another")
SHAPES = (*LISTED, "amend", "cancel")

# What sources leave open, and a proxy's habits.
SWITCHES = {
    "nonce_used_on_refusal": (["otp", "permission", "concurrency", "rate", "arguments", "business"], [],
                              ["otp", "permission", "concurrency", "rate"]),
    "check_order": (["lockout", "key", "address", "expiry", "body", "nonce_syntax", "signature", "nonce_order", "otp", "permission",
                     "concurrency", "rate"],
                    ["lockout", "key", "rate", "concurrency", "address", "expiry", "body", "nonce_syntax", "nonce_order", "signature",
                     "permission", "otp"]),
    "order_shown_after_ms": (0, 1500),
    "keep_alive_idle_ms": (60000, 500),
    "result_on_error": ("absent", "empty", "null"),
    "dead_order_text": ("EOrder:Unknown order", "EOrder:Invalid order"),
    "engine_delay_ms": (0, 300),
}
# These bear on single answers only, so not every setting of the others needs each of them.
MORE_SWITCHES = {
    "unknown_query_text": ("EOrder:Invalid order", "EOrder:Unknown order"),
    "rest_cost": (scene.FREE, {**scene.FREE, "OpenOrders": 5}),  # else no rate limit is ever reached
    "rate_limit_as": ("json", "429"),
    "counted_on_refusal": (["nonce_order", "otp", "permission", "concurrency", "rate"], []),
    "nonce_repeat_inside_window": (False, True),
    "post_only_crossing": ("refuse", "accept_then_cancel"),
}
DEFAULTS = {name: values[0] for name, values in (SWITCHES | MORE_SWITCHES).items()}
ACCOUNTS = 160 if scene.LONG else 80  # the exchange's control interface takes 200 connections
MOST_AT_ONCE = 4000
WINDOW = 60_000_000  # microseconds: whatever comes late comes within it


class Case:
    """Faults aimed at what follows from one placement: step 0 is the placement, the next ones are what the daemon does to find out."""

    def __init__(self, shape, *faults):
        self.shape = shape
        self.faults = sorted(faults)

    def __repr__(self):
        return f"{self.shape}: " + ", ".join(f"{name} at {target}" for target, name in self.faults)

    def install(self, exchange, account):
        """Returns the faults' ids. A fault passes by the requests that another one meets first."""
        ids = []
        for place, (target, name) in enumerate(self.faults):
            kind, members = FAULTS[name]
            met_before = sum(other.endpoint == target.endpoint for other, _ in self.faults[:place])
            whose = {} if target.endpoint == "Time" else {"account": account}  # a public call names no account
            ids.append(exchange.fault(kind, endpoint=target.endpoint, skip=target.skip - met_before, **whose, **members))
        return ids

    def is_on_time(self):
        """What becomes of the order is decided before it is looked up."""
        return FAULTS[self.faults[0][1]][1].get("delay_before_ms", 0) < scene.TIME_OUT_MS

    def decides(self):
        """How many faults meet the look-ups that decide: each costs a long pause."""
        return sum(target.endpoint in DECIDING_LOOKS for target, _ in self.faults)


def alone(dice):
    """Every fault at every step, and at every look-up; the fence and what follows need an answer that was lost before."""
    shapes = shuffled_for_ever(dice)
    cases = [Case(next(shapes), (PLACEMENT, fault)) for fault in FAULTS]
    cases += [Case(next(shapes), (PLACEMENT, lost), (step, fault)) for lost in LOSE for step in STEPS for fault in FAULTS]
    return cases + [aimed(dice, lost, (look, fault)) for look in LOOKS for lost in losses(look) for fault in FAULTS]


def losses(look):
    """The lost answers behind which the daemon comes to this look-up: one that finds the order is its last."""
    return LOSE[:1] if look.endpoint in DECIDING_LOOKS or look.skip else LOSE


def aimed(dice, first, *faults):
    """A shape that leads to these look-ups, and the fault that does."""
    targets = {target for target, _ in faults}
    endpoints = {target.endpoint for target in targets}
    shape = "amend" if "OrderAmends" in endpoints else "beside a stranger" if "QueryOrders" in endpoints else dice.choice(LISTED)
    before = {Target(endpoint, 0) for endpoint in ASKED_AGAIN if Target(endpoint, 1) in targets} - targets
    return Case(shape, (PLACEMENT, first), *((target, dice.choice(UNANSWERED)) for target in before), *faults)


def pairs(dice):
    """Every fault at the placement with every fault at every later step, and every two faults behind a lost answer; and of those that
    are aimed at look-ups some."""
    shapes = shuffled_for_ever(dice)
    cases = [Case(next(shapes), (PLACEMENT, first), (step, second)) for first in FAULTS for step in STEPS for second in FAULTS]
    later = [(step, fault) for step in STEPS for fault in FAULTS]
    cases += [Case(next(shapes), (PLACEMENT, lost), *two)
              for lost in LOSE for two in itertools.combinations(later, 2) if two[0][0] != two[1][0]]
    cases += [aimed(dice, first, (look, second)) for look in LOOKS for second in FAULTS for first in dice.sample(list(FAULTS), 4)]
    return cases + [aimed(dice, "request dropped", (one, first), (other, second))
                    for one, other in itertools.combinations(LOOKS, 2)
                    for first, second in zip(dice.sample(list(FAULTS), 20), dice.sample(list(FAULTS), 20))]


def shuffled_for_ever(dice):
    while True:
        yield from dice.sample(SHAPES, len(SHAPES))


def some_of_each(dice, switches):
    """Settings for ever, in which every value of a switch occurs as often as its others."""
    while True:
        columns = {name: itertools.cycle(dice.sample(values, len(values))) for name, values in switches.items()}
        for _ in range(6):  # a multiple of every number of values
            yield {name: next(column) for name, column in columns.items()}


def switch_sets(dice):
    """Every setting of those that bear on the fence, with the others by turns."""
    sets = [dict(zip(SWITCHES, values)) for values in itertools.product(*SWITCHES.values())]
    return [values | more for values, more in zip(sets, some_of_each(dice, MORE_SWITCHES))]


def some_switch_sets(dice, count):
    return list(itertools.islice(some_of_each(dice, SWITCHES | MORE_SWITCHES), count))


class Watch:
    """What the exchange tells, asked once for all accounts: of its journal what met a fault, or came twice."""

    def __init__(self, exchange):
        self.exchange, self.mutex = exchange, threading.Lock()
        self.read_at, self.read_to = 0, 0
        self.entries = collections.defaultdict(list)
        self.asked_at, self.known = 0, {}

    def last(self):
        """The newest request's number."""
        return self.exchange.control("GET", "/journal?limit=0")["last_id"]

    def read(self, older_than_s=0):
        """What has come until now, or until so long ago."""
        wanted = time.monotonic() - older_than_s
        with self.mutex:
            if self.read_at > wanted:
                return
            read_at = time.monotonic()
            journal = self.exchange.control("GET", f"/journal?since={self.read_to}&limit=100000")
            self.read_to = journal["last_id"]
            for entry in journal["entries"]:
                if entry["fault"] or entry["duplicate_of"]:
                    self.entries[entry["account"]].append({name: entry[name] for name in ("id", "endpoint", "fault", "duplicate_of")})
            self.read_at = read_at

    def troubled(self, account, since):
        return [entry for entry in self.entries[account] if entry["id"] > since]

    def statuses(self):
        """Of all orders, as they were half a second ago at most: there are many."""
        with self.mutex:
            if time.monotonic() > self.asked_at + 0.5:
                self.asked_at = time.monotonic()
                orders = self.exchange.control("GET", "/orders")["orders"]
                self.known = {order["txid"]: order["status"] for each in orders.values() for order in each}
            return self.known


class Stranger:
    """Another program with a key of its own, which trades on the same account."""

    def __init__(self, exchange, account):
        self.exchange, self.key = exchange, support.Key(account)
        exchange.put_key(self.key, "stranger's")
        self.address = urllib.parse.urlsplit(exchange.base_url).netloc
        self.context = ssl.create_default_context(cafile=exchange.ca_file)

    def place(self, order):
        """The exchange may close the new connection for idleness while this thread waits for its processor: then it has no such nonce."""
        answer = None
        while answer is None:
            nonce = time.time_ns() // 1000
            try:
                answer = self.ask(order, nonce)
            except (ConnectionError, ssl.SSLEOFError):
                if self.highest_nonce() >= nonce:
                    raise
        order.placed(answer["result"])

    def ask(self, order, nonce):
        body = urllib.parse.urlencode({"nonce": nonce, **order.params})
        path = f"/0/private/{order.endpoint}"
        signature = support.api_sign(self.key.api_secret, path, nonce, body)
        connection = http.client.HTTPSConnection(self.address, context=self.context, timeout=support.PATIENCE)
        with contextlib.closing(connection):
            connection.request("POST", path, body, {"API-Key": self.key.api_key, "API-Sign": signature,
                                                    "Content-Type": "application/x-www-form-urlencoded"})
            return json.loads(connection.getresponse().read())

    def highest_nonce(self):
        [nonce] = [int(key["nonce"]) for key in self.exchange.state()["keys"] if key["api_key"] == self.key.api_key]
        return nonce


class NetworkTest(scene.TortureTest):
    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.judge.one_daemon = True
        self.watch = Watch(self.exchange)
        self.strangers = {account: Stranger(self.exchange, account) for account in self.ACCOUNTS}
        self.outcomes, self.hits = collections.Counter(), collections.Counter()
        self.cases = 0
        self.unknown = []
        self.canceled_with_all = set()
        self.has_window = False

    def run_cases(self, cases):
        """All of them, judged before the exchange's journal forgets."""
        for begin in range(0, len(cases), MOST_AT_ONCE):
            self.run_side_by_side(cases[begin:begin + MOST_AT_ONCE])

    def run_side_by_side(self, cases):
        """Each on an account of its own while it lasts."""
        waiting = queue.SimpleQueue()
        for case in cases:
            waiting.put(case)
        self.cases += len(cases)
        accounts = self.ACCOUNTS[:len(cases)]
        self.at_once(lambda account: self.work(account, waiting), accounts)
        self.assert_judged(unknown=self.unknown)
        self.at_once(self.cancel_all, accounts)

    def cancel_all(self, account):
        with self.daemon.client() as client:
            client.result("call", {"endpoint": "CancelAll", "account": account})

    def work(self, account, waiting):
        with self.daemon.client(timeout=120) as client:
            while not waiting.empty():
                try:
                    case = waiting.get_nowait()
                except queue.Empty:
                    return
                self.run_case(case, account, client)

    def run_case(self, case, account, client):
        last = self.watch.last()
        ids = []
        orders = self.make(case.shape, account, client, lambda: ids.extend(case.install(self.exchange, account)))
        for order in orders:
            order.case = case
            scene.settle(client, order)
            if order in self.canceled_with_all:
                self.wait_until_canceled(order)
        self.wait_for_deliveries(case, account, last, self.faults_met(case, ids))
        for order in orders:
            self.take_note(order, last)

    def take_note(self, order, last):
        with self.ledger.mutex:
            self.outcomes[order.fate] += 1
        if self.has_window and order.fate == "not placed":
            assert "error" in order.reply and order.reply["error"]["code"] != -32017, f"nothing proves it: {order}"
        if order.fate == "unknown" and (self.look_up_got_no_answer(order, last) or self.is_without_proof(order)):
            self.unknown.append(order)

    def look_up_got_no_answer(self, order, last):
        """The daemon may give up when a look-up gets an answer that Kraken would not give, but must not guess. Lists refuse nobody for
        what he seeks: they are asked again."""
        self.watch.read()
        met = {entry["endpoint"] for entry in self.watch.troubled(order.account, last) if entry["fault"] == "error"}
        return any(name in NO_ANSWER for _, name in order.case.faults) and bool(met & {"QueryOrders", "OrderAmends"})

    def is_without_proof(self, order):
        """There is no fence, and it could not be found."""
        return self.has_window and not (order.case.is_on_time() and self.executed(order))

    def executed(self, order):
        """What the exchange made of it, and no twin of its."""
        others = {txid for other in self.ledger.of(order.account) if other is not order for txid in other.txids}
        return [known for known in self.exchange.control("GET", "/orders")["orders"][order.account]
                if known["vol"] in order.volumes() and known["txid"] not in others]

    def wait_until_canceled(self, order):
        """It had been sent when CancelAll was answered, so it must not stay, however late it showed."""
        def gone():
            statuses = self.watch.statuses()
            return all(statuses.get(txid, "open") != "open" for txid in order.txids)
        support.wait_for(gone, seconds=30, said=f"survived a CancelAll: {order}", every=0.2)

    def faults_met(self, case, ids):
        """Those that met a request; from now on none does."""
        met = [fault for number, fault in zip(ids, case.faults) if not self.remove_fault(number)]
        with self.ledger.mutex:
            self.hits.update(target for target, _ in met)
        return met

    def remove_fault(self, number):
        """Returns whether it was still there."""
        try:
            self.exchange.control("DELETE", f"/faults?id={number}")
            return True
        except AssertionError as refused:
            if refused.args[0][1] != 404:
                raise
            return False

    def wait_for_deliveries(self, case, account, last, met):
        """What is still on its way may be executed yet: it has to arrive before anybody judges."""
        late = sum(target.endpoint != "Time" and FAULTS[name][0] in ("delay", "duplicate") for target, name in met)

        def arrived():
            self.watch.read(older_than_s=0.05)
            entries = self.watch.troubled(account, last)
            return sum(entry["fault"] == "delay" or entry["duplicate_of"] > 0 for entry in entries) >= late

        if late:
            support.wait_for(arrived, said=f"not all of it arrived: {case}", every=0.1)

    def make(self, shape, account, client, install):
        """Places orders of that shape, with trouble from `install` on."""
        make = lambda endpoint="AddOrder", **params: self.ledger.order(account, endpoint, **params)
        if shape in ("edit", "amend", "cancel"):
            base = self.resting_order(account, client)
            install()
            if shape == "cancel":
                self.cancel(client, base)
                return [base]
            order = make("EditOrder" if shape == "edit" else "AmendOrder", txid=base.txids[0])
            scene.place(client, order)
            return [order]
        if shape == "behind a close":  # the kept-alive connection is closed just as the order goes out
            self.exchange.fault("close_after_reply", account=account, endpoint="Balance")
            install()
            order = make()
            self.send_together(client, scene.Order(account, "Balance", {}, 0), order)
            return [order]
        if shape == "beside a stranger":
            self.strangers[account].place(make(ordertype="market"))
        install()
        if shape.startswith("repeated"):
            order = make()
            self.repeat(client, order, at_once=shape.endswith("at once"))
            return [order]
        if shape.startswith("canceled with all"):
            order = make()
            self.place_and_cancel_all(client, order, by_another=shape.endswith("another"))
            return [order]
        if shape == "twins":  # alike to the last digit but for the daemon's tag
            one = make()
            other = self.ledger.order(account, **{name: value for name, value in one.params.items()})
            self.send_together(client, one, other)
            return [one, other]
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 5))
        params = {"plain": {}, "batch": {"endpoint": "AddOrderBatch", "rows": 3}, "market": {"ordertype": "market"},
                  "userref": {"userref": self.dice.randrange(1, 2**31)}, "cl_ord_id": {"cl_ord_id": f"t{self.dice.randrange(10**15)}"},
                  "deadline": {"deadline": soon}, "crossing": {"price": "31000.0"}, "post only": {"price": "31000.0", "oflags": "post"},
                  "beside a stranger": {}}[shape]
        order = make(**params)
        scene.place(client, order)
        return [order]

    def resting_order(self, account, client):
        """One to change or cancel. Where connections are closed at once, it may take more than one try."""
        while True:
            order = self.ledger.order(account)
            scene.place(client, order)
            scene.settle(client, order)
            if order.fate == "placed":
                return order
            assert order.fate == "not placed" or self.has_window and not self.executed(order), order
            if order.fate == "unknown":
                self.unknown.append(order)

    def send_together(self, client, *orders):
        """Both at once over one connection, so that the second one waits behind the first."""
        for number, order in enumerate(orders):
            params = {"endpoint": order.endpoint, "account": order.account, "params": order.params, "max_wait_ms": 20000}
            client.send(json.dumps({"jsonrpc": "2.0", "id": f"twin {number}", "method": "call", "params": params}) + "\n")
        for _ in orders:
            reply = json.loads(client.line())
            orders[int(reply["id"].split()[1])].told(reply)

    def cancel(self, client, order):
        """What is reported canceled is, and what is not is not. An order that is gone at the second try was canceled at the first."""
        reply = client.call("CancelOrder", {"txid": order.txids[0]}, account=order.account)
        status = {known["txid"]: known["status"] for known in self.exchange.control("GET", "/orders")["orders"][order.account]}[order.txids[0]]
        if "result" in reply:
            assert reply["result"]["count"] == 1 and status == "canceled", (status, reply)
        elif reply["error"]["data"]["executed"] == "no":
            assert status == "open", (status, reply)

    def repeat(self, client, order, at_once):
        """Under one key all that is placed is one order, whenever the call is repeated; what was not placed may be by the next repeat."""
        call = {"endpoint": order.endpoint, "account": order.account, "params": order.params,
                "idempotency_key": f"k{order.params['volume']}"}
        patience = {} if at_once else {"timeout_ms": self.dice.choice((300, 1500))}
        with self.daemon.client(timeout=120) as other:
            client.send(json.dumps({"jsonrpc": "2.0", "id": "first", "method": "call", "params": call | patience}) + "\n")
            replies = [] if at_once else [json.loads(client.line())]
            replies.append(other.request("call", call))
            if at_once:
                replies.append(json.loads(client.line()))
            replies.append(client.request("call", call))
        for reply in replies:
            order.told(reply)
        results = [reply["result"] for reply in replies if "result" in reply]
        for intent in {reply["error"]["data"].get("intent") for reply in replies if "error" in reply} - {None}:
            word = client.request("intent.wait", {"id": intent, "timeout_ms": 20000}).get("result", {})
            results += [word["result"]] if word.get("state") == "placed" else []
        assert all(result == results[0] for result in results), replies
        assert order.fate == "placed" or not results, replies

    def place_and_cancel_all(self, client, order, by_another):
        """While it settles, or behind it; by another program or its own."""
        scene.place(client, order, timeout_ms=self.dice.choice((300, 1500)))
        if by_another:
            is_done = self.daemon.ctl("call", "CancelAll", "--account", order.account)[0] == 0
        else:
            is_done = "result" in client.call("CancelAll", account=order.account)
        if is_done:
            self.canceled_with_all.add(order)

    def tell(self, what):
        print(f"  {what}: {self.cases} cases, outcomes {dict(self.outcomes)}", flush=True)

    def some(self, cases, count, decides=0):
        """In the long form all, mixed, since neighbours ask for the same at the same time; in the short one hardly any that takes long."""
        return self.dice.sample(cases, len(cases)) if scene.LONG else self.dice.sample([case for case in cases if case.decides() <= decides], count)


class Network(NetworkTest):
    ACCOUNTS = tuple(f"a{number}" for number in range(ACCOUNTS))

    def tell_hits(self):
        print("  faults that met a look-up: " + ", ".join(f"{look} {self.hits[look]}" for look in LOOKS), flush=True)
        if scene.LONG:
            self.assertEqual([look for look in LOOKS if not self.hits[look]], [])

    def test_alone(self):
        cases = alone(self.dice)
        self.run_cases(self.some([case for case in cases if len(case.faults) > 1], ACCOUNTS - len(FAULTS), decides=1)
                       + [case for case in cases if len(case.faults) == 1])
        self.tell("alone")
        self.tell_hits()
        scene.survived("faults of the network at one step of a placement", self.cases)

    def test_in_pairs(self):
        self.run_cases(self.some(pairs(self.dice), ACCOUNTS // 2))
        self.tell("in pairs")
        self.tell_hits()
        scene.survived("faults of the network at two steps of a placement", self.cases)

    def test_with_a_nonce_window(self):
        """What comes late is accepted, so there is no fence: only finding an order, or an answer, proves anything."""
        for key in self.keys.values():
            self.exchange.control("POST", "/accounts", {"account": key.account, "key": {"api_key": key.api_key, "nonce_window": WINDOW}})
        self.has_window = True
        two = self.dice.sample(pairs(self.dice), 2000) if scene.LONG else self.some(pairs(self.dice), ACCOUNTS - len(FAULTS))
        self.run_cases([case for case in alone(self.dice) if len(case.faults) == 1] + two)
        self.tell("with a nonce window")
        scene.survived("faults of the network with a nonce window", self.cases)


class Switches(NetworkTest):
    """Settings are of a whole exchange, so there are several, each with a daemon."""

    WORLDS = 6 if scene.LONG else 3
    MORE_CASES = 96 if scene.LONG else 0
    ACCOUNTS = tuple(f"a{number}" for number in range(len(FAULTS) + MORE_CASES))

    def test_switches(self):
        settings = switch_sets(self.dice) if scene.LONG else some_switch_sets(self.dice, self.WORLDS)
        waiting = queue.SimpleQueue()
        for switches in settings:
            waiting.put(switches)
        worlds = [self, *(self.another_world() for _ in range(self.WORLDS - 1))]
        failures = self.at_once(lambda world: world.run_settings(waiting), worlds)
        self.assertEqual([failure for each in failures for failure in each], [])
        for world in worlds:
            world.tell("with settings")
        scene.survived("the same with other settings of what sources leave open", sum(world.cases for world in worlds))

    def another_world(self):
        """With an exchange and a daemon of its own."""
        world = type(self)(self._testMethodName)
        world.addCleanup = self.addCleanup
        world.setUp()
        world.dice = random.Random(self.dice.random())
        return world

    def run_settings(self, waiting):
        """Returns what went wrong, and with which setting."""
        failures = []
        while not waiting.empty():
            try:
                switches = waiting.get_nowait()
            except queue.Empty:
                break
            self.exchange.switch(**switches)
            cases = alone(self.dice)
            more = self.dice.sample([case for case in cases if len(case.faults) > 1 and case.decides() < 2], self.MORE_CASES)
            try:
                self.run_cases(more + [case for case in cases if len(case.faults) == 1])
            except AssertionError as failure:
                failures.append(f"{ {name: value for name, value in switches.items() if value != DEFAULTS[name]} }: {failure}")
        return failures


if __name__ == "__main__":
    scene.main()
