"""A bot that plays on one account, and its model of that account: what it asked for, what it was told, and so what the exchange must say
of each order. An answer that the model does not allow is a failure.
"""

import collections
import contextlib
import itertools
import json
import random
import time

import network
import scene
import support

LATEST_S = 9  # then a request that a fault holds back has arrived
MOST_OPEN = 30
# What a call may be refused with at any time; and when faults are about; and while the daemon ends, or is locked.
ALWAYS = {"network", "timeout", "outcome_unknown", "rate_limit"}
IN_TROUBLE = {"order", "funds", "service", "nonce"}
WHILE_DISTURBED = {"locked", "stopping"}
OPEN, CANCELED, CLOSED = frozenset({"open"}), frozenset({"canceled"}), frozenset({"closed"})


def executed(reply):
    """yes, no or unknown."""
    if reply is None:
        return "unknown"
    return "yes" if "result" in reply else reply["error"]["data"]["executed"]


def category(reply):
    """Why it was refused; empty when it was not."""
    return reply["error"]["data"]["category"] if reply and "error" in reply else ""


class Bot:
    """Plays on one account, and knows what may come of it."""

    WEIGHTS = {"place": 30, "place_named": 10, "repeat": 10, "repeat_otherwise": 2, "amend": 5, "edit": 4, "cancel": 12, "cancel_all": 2,
               "cancel_all_in_between": 3, "read": 12, "trouble": 12, "calm": 6, "settle": 4, "look_at_intents": 4, "change_keys": 1}
    SHAPES = ("plain", "plain", "userref", "cl_ord_id", "deadline", "market", "crossing", "validate", "batch")

    def __init__(self, test, account):
        self.test, self.account = test, account
        self.dice = random.Random(f"{scene.SEED} {account}")
        self.history = collections.deque(maxlen=20)
        self.outcomes = collections.Counter()
        self.client = None
        self.connected = 0  # the disturbances when it connected
        self.away = True  # the daemon went away: what it knows of lost orders has to be asked
        self.troubled = False  # a fault may be about
        self.mark = 0  # the disturbances when the step began
        self.expected = {}  # by txid: the states that the exchange may tell
        self.amended, self.not_to_edit = set(), set()  # txids
        self.orders = []  # the latest ones
        self.unsettled = []  # those whose fate is not known
        self.named = {}  # by idempotency key
        self.names = (f"{account} {number}" for number in itertools.count())
        self.keys = []  # API keys, as the daemon names them
        self.number_of_keys = 1
        self.doubt_ends = 0  # a CancelAll without an answer may still arrive

    # How it asks.

    def ask(self, method, params=None, admin=False):
        """The reply; None when the daemon went away before it came, which it may only do when it is made to."""
        try:
            self.connect()
            reply = self.ask_as_administrator(method, params) if admin else self.client.request(method, params)
        except (OSError, AssertionError):
            self.went_away()
            reply = None
        self.history.append(f"{method} {json.dumps(params)}: {json.dumps(reply)[:800]}")
        return reply

    def connect(self):
        if not self.client:
            self.connected = self.test.disturbances
            self.test.up.wait()
            self.client = self.test.daemon.client(timeout=120)

    def ask_as_administrator(self, method, params):
        with self.test.daemon.admin(timeout=120) as admin:  # few connections are allowed there
            return admin.request(method, params)

    def went_away(self):
        """For an exception handler."""
        if not self.disturbed_since(self.connected):
            raise
        self.hang_up()
        self.away = True

    def hang_up(self):
        if self.client:
            self.client.close()
        self.client = None

    def disturbed_since(self, mark):
        return mark % 2 or mark != self.test.disturbances

    def learn(self, method, params=None):
        """The result; None when there is none now, as when the daemon ends or is locked: then it is asked for again later."""
        reply = self.ask(method, params)
        self.explain(reply)
        self.away = self.away or executed(reply) != "yes"
        return reply["result"] if executed(reply) == "yes" else None

    def call(self, endpoint, params=None, explained=(), **more):
        reply = self.ask("call", {"endpoint": endpoint, "account": self.account, **({"params": params} if params else {}), **more})
        self.explain(reply, explained)
        self.count(endpoint, reply)
        return reply

    def count(self, what, reply):
        self.outcomes[what, executed(reply), category(reply)] += 1

    def explain(self, reply, explained=()):
        """There is a reason for every refusal."""
        if reply is None or "result" in reply:
            return
        error, data = reply["error"], reply["error"]["data"]
        assert support.CATEGORIES[error["code"]] == data["category"] and (data["executed"] == "no" or not data["retryable"]), reply
        if "Invalid arguments:deadline" in error["message"]:
            return  # its client's, and it has waited too long
        reasons = ALWAYS | set(explained) | (IN_TROUBLE if self.troubled else set())
        reasons |= WHILE_DISTURBED if self.disturbed_since(self.mark) else set()
        # Of a repeat, whose first copy may have been executed.
        assert data["category"] in reasons or data["category"] == "order" and data["executed"] == "unknown", reply
        self.away = self.away or data["category"] == "locked" and self.dice.random() < 0.5

    # What follows.

    def note(self, order):
        """What the exchange must say when this is an order's fate."""
        if order.fate in ("lost", "unknown"):
            if order not in self.unsettled:
                self.unsettled.append(order)
            if order.endpoint == "EditOrder":
                self.expected[order.params["txid"]] |= CANCELED
            return
        if order in self.unsettled:
            self.unsettled.remove(order)
        if order.fate != "placed":
            return
        if order.endpoint == "EditOrder":
            self.expected[order.params["txid"]] = CANCELED
        if "cl_ord_id" in order.params:
            self.not_to_edit.update(order.txids)
        for txid in order.txids:
            self.expected[txid] = CLOSED if order.fills else order.swept or (OPEN if time.monotonic() > self.doubt_ends else OPEN | CANCELED)

    def swept(self, reply, txids, orders):
        """A CancelAll was answered, or not, that came behind these."""
        if executed(reply) == "no":
            return
        sure = executed(reply) == "yes"
        for txid in txids:
            if "open" in self.expected[txid]:
                self.expected[txid] = CANCELED if sure else self.expected[txid] | CANCELED
        for order in orders:
            order.swept = CANCELED if sure or order.swept == CANCELED else OPEN | CANCELED
        if not sure:
            self.doubt_ends = time.monotonic() + LATEST_S

    def told(self, order, reply):
        if reply is not None:
            order.told(reply)
        self.note(order)

    # Its steps.

    def play(self, steps):
        with self.telling():
            for _ in range(steps):
                if self.test.failed:
                    return
                self.step(self.dice.choices(list(self.WEIGHTS), self.WEIGHTS.values())[0])

    @contextlib.contextmanager
    def telling(self):
        """Of a failure, what led to it; then nobody goes on."""
        try:
            yield
        except BaseException as failure:
            self.test.failed = True
            raise AssertionError("\n".join([f"{self.account}: {failure!r}", *self.history, *self.differences()])) from failure

    def differences(self):
        """Where model and exchange differ, and what is not known of either."""
        listed = self.test.exchange.control("GET", "/orders")["orders"][self.account]
        for order in listed:
            expected = self.expected.get(order["txid"], {"closed", "canceled"})
            if order["status"] not in expected:
                yield f"the exchange has {json.dumps(order)}, the model expects {set(expected)}"
        for order in self.unsettled:
            yield f"not settled: {order}"

    def step(self, name):
        self.test.steps[self.account] += 1
        self.mark = self.test.disturbances
        if self.away:
            self.come_back()
        if self.away:
            return
        if sum("open" in states for states in self.expected.values()) > MOST_OPEN:
            name = "cancel_all"
        self.history.append(f"-- {name}")
        getattr(self, name)()

    def order(self, shape=None, endpoint="AddOrder", **params):
        shape = shape or self.dice.choice(self.SHAPES)
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 5))
        params |= {"userref": {"userref": self.dice.randrange(1, 2**31)}, "cl_ord_id": {"cl_ord_id": f"m{self.dice.randrange(10**15)}"},
                   "deadline": {"deadline": soon}, "market": {"ordertype": "market"}, "crossing": {"price": "31000.0"},
                   "validate": {"validate": True}}.get(shape, {})
        rows = {"batch": self.dice.randint(2, 4), "validate": 0}.get(shape, 1)
        order = self.test.ledger.order(self.account, "AddOrderBatch" if shape == "batch" else endpoint, rows, **params)
        order.fills = shape in ("market", "crossing")
        order.swept = None
        self.orders = [*self.orders[-30:], order]
        return order

    def make(self, order, explained=(), **more):
        """Asks for the order, now and then with little patience."""
        if self.dice.random() < 0.15:
            more["timeout_ms"] = self.dice.choice((300, 900, 2500))
        order.fate = "lost"
        self.told(order, self.call(order.endpoint, order.params, explained, **more))

    def place(self):
        self.make(self.order())

    def place_named(self):
        order = self.order(self.dice.choice(("plain", "userref", "market", "batch")))
        name = next(self.names)
        self.named[name] = order
        self.make(order, idempotency_key=name)

    def some_named(self):
        return self.dice.choice(list(self.named.items())[-30:]) if self.named else (None, None)

    def repeat(self):
        """The answer to a repeat is that to the call, whatever goes on; what was not placed may be. Of one that was in doubt "no" may be
        told, if it is settled by now: the judge will know.
        """
        name, order = self.some_named()
        if not order:
            return
        if order.fate == "placed":
            reply = self.call(order.endpoint, order.params, idempotency_key=name)
            assert reply is None or json.dumps(reply.get("result")) == json.dumps(order.reply["result"]), (order, reply)
            return
        in_doubt = order.fate == "unknown"
        # What a CancelAll concerned was the earlier one, if that was not placed.
        order.swept = order.swept and in_doubt and OPEN | CANCELED
        self.make(order, idempotency_key=name)

    def repeat_otherwise(self):
        name, order = self.some_named()
        if order and order.fate == "placed":
            other = self.order("plain")
            self.told(other, self.call(other.endpoint, other.params, ("idempotency",), idempotency_key=name))
            assert other.fate == "lost" or other.reply["error"]["code"] == -32022, other

    def some_txid(self, among):
        txids = [txid for txid, states in self.expected.items() if among(txid, states)]
        return self.dice.choice(txids) if txids else None

    def amend(self):
        """Only once, as the exchange tells but the latest volume."""
        if txid := self.some_txid(lambda txid, states: "open" in states and txid not in self.amended):
            self.amended.add(txid)
            self.make(self.order("plain", "AmendOrder", txid=txid), () if self.expected[txid] == OPEN else ("order",))

    def edit(self):
        """Kraken edits none that was amended or has a cl_ord_id."""
        if txid := self.some_txid(lambda txid, states: "open" in states and txid not in self.amended | self.not_to_edit):
            before = self.expected[txid]
            self.make(self.order("plain", "EditOrder", txid=txid), () if before == OPEN else ("order",))

    def cancel(self):
        """What is reported canceled is, and what is not is not. It may be one that is gone."""
        txid = self.some_txid(lambda txid, states: "open" in states or self.dice.random() < 0.1)
        if not txid:
            return
        before = self.expected[txid]
        reply = self.call("CancelOrder", {"txid": txid}, () if before == OPEN else ("order",))
        if executed(reply) == "yes":
            assert reply["result"]["count"] == 1 and "open" in before, (before, reply)
            self.expected[txid] = CANCELED
        elif executed(reply) == "unknown" and "open" in before:
            self.expected[txid] |= CANCELED

    def cancel_all(self):
        reply = self.call("CancelAll")
        if executed(reply) == "yes":
            # Those that an earlier one concerned may have shown since, and are not canceled by the daemon yet.
            late = sum(order.rows for order in self.orders if order.swept and order not in self.unsettled)
            may_be_open = sum("open" in states for states in self.expected.values()) + sum(order.rows for order in self.unsettled)
            assert reply["result"]["count"] <= may_be_open + late, reply
        self.swept(reply, list(self.expected), self.unsettled)

    def cancel_all_in_between(self):
        """Of calls that go out at once over one connection: it concerns those before it and none behind it."""
        before, behind = ([self.order(self.dice.choice(self.SHAPES)) for _ in range(self.dice.randint(1, 3))] for _ in range(2))
        calls = [*before, scene.Order(self.account, "CancelAll", {}, 0), *behind]
        replies = self.ask_together([{"endpoint": call.endpoint, "account": self.account, "params": call.params, "max_wait_ms": 20000}
                                     for call in calls])
        for call, reply in zip(calls, replies):
            self.history.append(f"together: {call.endpoint} {json.dumps(call.params)}: {json.dumps(reply)}")
            self.count(call.endpoint, reply)
            if call.endpoint == "CancelAll":
                self.explain(reply)
                self.swept(reply, list(self.expected), self.unsettled)
            else:
                self.explain(reply, ("order",) if call in before else ())
                self.told(call, reply)

    def ask_together(self, calls):
        replies = [None] * len(calls)
        try:
            for number, params in enumerate(calls):
                self.client.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": "call", "params": params}) + "\n")
            for _ in calls:
                line = self.client.line()
                assert line is not None, "the daemon closed the connection"
                reply = json.loads(line)
                replies[reply["id"]] = reply
        except (OSError, AssertionError):
            self.went_away()
        return replies

    def read(self):
        """What was told before shows in the list."""
        endpoint = self.dice.choice(("Balance", "OpenOrders", "OpenOrders", "ClosedOrders"))
        at_once = self.test.switches["order_shown_after_ms"] == 0
        reply = self.call(endpoint)
        if endpoint != "OpenOrders" or executed(reply) != "yes":
            return
        shown = reply["result"]["open"]
        for txid, states in self.expected.items():
            assert "open" in states or txid not in shown, f"{txid} is {states} and shown as open"
            shows = at_once and self.test.switches["order_shown_after_ms"] == 0
            assert states != OPEN or txid in shown or not shows, f"{txid} is open and not shown: {reply}"

    def trouble(self):
        name = self.dice.choice(list(network.FAULTS))
        kind, members = network.FAULTS[name]
        self.troubled = True
        skip = self.dice.randrange(4)
        self.history.append(f"fault: {name}, behind {skip}")
        self.test.exchange.fault(kind, account=self.account, skip=skip, **members)
        self.test.held_back[self.account] += kind == "duplicate" or "delay_before_ms" in members

    def calm(self):
        for fault in self.test.exchange.control("GET", "/faults")["faults"]:
            if fault["account"] == self.account:
                with contextlib.suppress(AssertionError):  # of one that has just met a request
                    self.test.exchange.control("DELETE", f"/faults?id={fault['id']}")
                    self.test.held_back[self.account] -= fault["kind"] == "duplicate" or fault["delay_before_ms"] > 0
        self.troubled = False

    def settle(self):
        if self.unsettled:
            self.wait_for(self.dice.choice(self.unsettled), self.dice.choice((1, 500, 8000)))

    def wait_for(self, order, timeout_ms):
        reply = self.ask("intent.wait", {"id": order.intent, "timeout_ms": timeout_ms})
        self.explain(reply)
        if executed(reply) == "yes":
            order.settled(reply["result"])
            self.note(order)

    def look_at_intents(self):
        """What is told of a call later is what was answered."""
        intents = self.intents()
        if self.away:
            return
        for order in self.orders:
            intent = intents.get(order.volumes())
            if order.fate == "placed" and order.rows:
                assert intent and intent["state"] in ("placed", "sent", "settling"), (order, intent)
                told = intent.get("result", order.reply["result"])
                assert json.dumps(told) == json.dumps(order.reply["result"]), (order, intent)
            elif order.fate == "not placed":
                # After a crash between the answer and its writing, without a deadline, nobody can tell any more; nor of the edit of an
                # order that is gone.
                cannot_tell = intent and intent["state"] == "unknown" and ("deadline" not in intent or order.endpoint == "EditOrder")
                assert not intent or cannot_tell or intent["state"] in ("not_placed", "sent", "settling"), (order, intent)
        if intents:
            one = self.dice.choice(list(intents.values()))
            again = self.learn("intent.get", {"id": one["id"]})
            assert again is None or again == one or one["state"] in ("sent", "settling"), (one, again)

    def intents(self, which="all"):
        """By the volumes of their orders. Of several with the same key only one is more than not placed."""
        listed = self.learn("intent.list", {"account": self.account, "which": which, "limit": 1000}) or ()
        intents = sorted(listed, key=lambda intent: intent["state"] != "not_placed")
        return {tuple(order["volume"] for order in intent.get("orders", ())): intent for intent in intents}

    def change_keys(self):
        """One more, one instead of another, one less."""
        method = self.dice.choice(("account.add_key", "account.replace_key", "account.remove")[len(self.keys) > 2:3 - (len(self.keys) < 2)])
        old = self.dice.choice(self.keys)
        params = {"name": self.account, **({"key": old} if method != "account.add_key" else {})}
        if method != "account.remove":
            self.number_of_keys += 1
            key = support.Key(self.account)
            self.test.exchange.put_key(key, f"key {self.number_of_keys}")
            params |= key.add_params()
        reply = self.ask(method, params, admin=True)
        unproven = reply and "error" in reply and reply["error"]["data"].get("reason") == "account_unproven"
        self.explain(reply, ("protocol",) if unproven else ())
        self.count(method, reply)
        if reply is None:
            self.keys = None  # asked for when it is back
            return
        result = reply.get("result") or reply["error"]["data"]
        if method != "account.remove" and "key" in result and (executed(reply) == "yes" or "stays" in reply["error"]["message"]):
            self.keys.append(result["key"])
        if method != "account.add_key" and executed(reply) == "yes":
            self.keys.remove(old)

    # When the daemon is back, and at the end of a round.

    def come_back(self):
        """Waits for the unlocked daemon, and asks it what became of calls that got no answer. One that left no intent was never sent."""
        self.away = False
        if not self.learn("wait", {"for": "unlocked"}):
            return
        intents = self.intents()
        listed = self.learn("account.list") or ()
        keys = [key["key"] for account in listed if account["name"] == self.account for key in account["keys"]]
        if self.away or not keys:  # it has gone once more, or is locked again
            self.away = True
            return
        assert self.keys is None or set(self.keys) == set(keys), (self.keys, keys)
        self.keys = keys
        for order in [order for order in self.unsettled if order.fate == "lost"]:
            intent = intents.get(order.volumes())
            if not intent:
                order.fate = "not placed"
            elif intent["state"] in ("placed", "not_placed"):
                order.settled(intent)
            else:
                order.fate = "unknown"  # so far
                order.intent = intent["id"]
            self.note(order)

    def end_round(self):
        """Everything is calm, and final. Returns the orders whose fate nobody could find out, with the daemon's word on them."""
        with self.telling():
            self.history.append("-- end of round")
            self.mark = self.test.disturbances
            self.calm()
            self.hang_up()
            self.come_back()
            assert not self.away
            for order in list(self.unsettled):
                self.wait_for(order, 60000)
            support.wait_for(lambda: not [intent for intent in self.intents("open").values() if intent["state"] != "unknown"], every=0.1)
            intents = self.intents()
            unknown = [(order, intents.get(order.volumes())) for order in self.unsettled]
            self.unsettled = []
            return unknown

    def see(self, order, found):
        """At the exchange, where a person has found what nobody was told of."""
        for known in found:
            self.expected.setdefault(known["txid"], frozenset({known["status"]}))
            if "cl_ord_id" in order.params:
                self.not_to_edit.add(known["txid"])

    def check(self, orders):
        """What the exchange says of each order is what the model expects. Then nothing is left in doubt."""
        states = {order["txid"]: order["status"] for order in orders}
        wrong = [f"{txid} is {states.get(txid)}, not {set(expected)}" for txid, expected in self.expected.items()
                 if states.get(txid) not in expected]
        assert not wrong, "\n".join([self.account, *wrong, *self.history])
        self.expected = {txid: frozenset({states[txid]}) for txid in list(self.expected)[-60:]} | {
            txid: OPEN for txid in self.expected if states[txid] == "open"}
