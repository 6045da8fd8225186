#!/usr/bin/env python3
"""A bad network at every step of a placement: at the placement itself, at the fence, at each look-up, alone and in pairs, with every
answer to what sources leave open about Kraken. Whatever it is: orders executed are the orders reported placed.

Accounts are independent of each other, so many cases run side by side and their deadlines pass together.
"""

import collections
import itertools
import json
import queue
import time

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
    "throttled": ("throttled", {"retry_after_s": 1}),
}
LOSE = ("request dropped", "response dropped")  # what makes a fence and look-ups necessary
NO_ANSWER = ("a text nobody knows", "a text nobody knows, executed", "refused for money", "deadline elapsed")
STEPS = (1, 2, 3)  # the fence, and look-ups after it
# How an order may be written.
SHAPES = ("plain", "userref", "cl_ord_id", "deadline", "market", "batch", "edit", "amend", "cancel", "twins", "crossing",
          "behind a close")

# What sources leave open, and a proxy's habits.
SWITCHES = {
    "nonce_used_on_refusal": (["otp", "permission", "concurrency", "rate", "arguments", "business"], [],
                              ["otp", "permission", "concurrency", "rate"]),
    "check_order": (["lockout", "key", "address", "expiry", "body", "nonce_syntax", "signature", "nonce_order", "otp", "permission",
                     "concurrency", "rate"],
                    ["lockout", "key", "rate", "concurrency", "address", "expiry", "body", "nonce_syntax", "nonce_order", "signature",
                     "permission", "otp"]),
    "order_shown_after_ms": (0, 1500),
    "keep_alive_idle_ms": (60000, 30),
    "result_on_error": ("absent", "empty", "null"),
    "dead_order_text": ("EOrder:Unknown order", "EOrder:Invalid order"),
    "engine_delay_ms": (0, 300),
}
DEFAULTS = {name: values[0] for name, values in SWITCHES.items()}
ACCOUNTS = 96 if scene.LONG else 40


class Case:
    """Faults at steps of one placement: step 0 is the placement, the next ones are what the daemon does to find out."""

    def __init__(self, shape, *faults):
        self.shape = shape
        self.faults = sorted(faults)
        self.delivered_late = [FAULTS[name][0] == "duplicate" or "delay_before_ms" in FAULTS[name][1] for _, name in faults]

    def __repr__(self):
        return f"{self.shape}: " + ", ".join(f"{name} at step {step}" for step, name in self.faults)

    def install(self, exchange, account):
        """A fault passes by the requests that another one meets first."""
        for place, (step, name) in enumerate(self.faults):
            kind, members = FAULTS[name]
            exchange.fault(kind, account=account, skip=step - place, **members)


def alone(dice):
    """Every fault at every step; the fence and what follows need an answer that was lost before."""
    shapes = shuffled_for_ever(dice)
    cases = [Case(next(shapes), (0, fault)) for fault in FAULTS]
    return cases + [Case(next(shapes), (0, lost), (step, fault)) for lost in LOSE for step in STEPS for fault in FAULTS]


def pairs(dice):
    """Every fault at the placement with every fault at every later step, and every two faults behind a lost answer."""
    shapes = shuffled_for_ever(dice)
    cases = [Case(next(shapes), (0, first), (step, second)) for first in FAULTS for step in STEPS for second in FAULTS]
    later = [(step, fault) for step in STEPS for fault in FAULTS]
    return cases + [Case(next(shapes), (0, lost), *two)
                    for lost in LOSE for two in itertools.combinations(later, 2) if two[0][0] != two[1][0]]


def shuffled_for_ever(dice):
    while True:
        yield from dice.sample(SHAPES, len(SHAPES))


def switch_sets():
    return [dict(zip(SWITCHES, values)) for values in itertools.product(*SWITCHES.values())]


def some_switch_sets(dice, count):
    """In which every value of a switch occurs."""
    columns = {name: itertools.cycle(dice.sample(values, len(values))) for name, values in SWITCHES.items()}
    return [{name: next(column) for name, column in columns.items()} for _ in range(count)]


class Network(scene.TortureTest):
    ACCOUNTS = tuple(f"a{number}" for number in range(ACCOUNTS))

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.judge.one_daemon = True
        self.outcomes = collections.Counter()
        self.cases = 0
        self.unknown = []

    def run_cases(self, cases):
        """All of them, judged now and then."""
        for begin in range(0, len(cases), 4 * ACCOUNTS):
            self.run_side_by_side(cases[begin:begin + 4 * ACCOUNTS])
            if scene.LONG:
                self.tell("so far")

    def run_side_by_side(self, cases):
        """Each on an account of its own while it lasts."""
        waiting = queue.SimpleQueue()
        for case in cases:
            waiting.put(case)
        self.cases += len(cases)
        self.at_once(lambda account: self.work(account, waiting), self.ACCOUNTS[:len(cases)])
        self.assert_judged(unknown=self.unknown)
        self.at_once(self.cancel_all, self.ACCOUNTS)

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
        last = self.exchange.state()["requests"]
        orders = self.make(case.shape, account, client, lambda: case.install(self.exchange, account))
        for order in orders:
            order.case = case
            scene.settle(client, order)
            with self.ledger.mutex:
                self.outcomes[order.fate] += 1
            if order.fate == "unknown" and self.look_up_got_no_answer(order, last):
                self.unknown.append(order)
        self.wait_for_deliveries(case, account, last)

    def look_up_got_no_answer(self, order, last):
        """The daemon may give up when a look-up gets an answer that Kraken would not give, but must not guess."""
        met = [entry["endpoint"] for entry in self.exchange.journal(since=last) if entry["account"] == order.account and entry["fault"] == "error"]
        return any(name in NO_ANSWER for _, name in order.case.faults) and any(endpoint != order.endpoint for endpoint in met)

    def wait_for_deliveries(self, case, account, last):
        """What is still on its way may be executed yet: it has to arrive before anybody judges."""
        late = sum(case.delivered_late)

        def arrived():
            entries = [entry for entry in self.exchange.journal(since=last) if entry["account"] == account]
            waiting = [fault for fault in self.exchange.control("GET", "/faults")["faults"]
                       if fault["account"] == account and fault["kind"] in ("delay", "duplicate")]
            return len(waiting) + sum(entry["fault"] == "delay" or entry["duplicate_of"] > 0 for entry in entries) >= late

        if late:
            support.wait_for(arrived, said=f"not all of it arrived: {case}", every=0.1)
        self.clear_faults_of(account)  # those whose step was never reached

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
        install()
        if shape == "twins":  # alike to the last digit but for the daemon's tag
            one = make()
            other = self.ledger.order(account, **{name: value for name, value in one.params.items()})
            self.send_together(client, one, other)
            return [one, other]
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 5))
        params = {"plain": {}, "batch": {"endpoint": "AddOrderBatch", "rows": 3}, "market": {"ordertype": "market"},
                  "userref": {"userref": self.dice.randrange(1, 2**31)}, "cl_ord_id": {"cl_ord_id": f"t{self.dice.randrange(10**15)}"},
                  "deadline": {"deadline": soon}, "crossing": {"price": "31000.0"}}[shape]
        order = make(**params)
        scene.place(client, order)
        return [order]

    def resting_order(self, account, client):
        """One to change or cancel. Where connections are closed at once, it may take more than one try."""
        while True:
            order = self.ledger.order(account)
            scene.place(client, order)
            scene.settle(client, order)
            assert order.fate in ("placed", "not placed"), order
            if order.fate == "placed":
                return order

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

    def tell(self, what):
        print(f"  {what}: {self.cases} cases, outcomes {dict(self.outcomes)}", flush=True)

    def some(self, cases, count):
        return cases if scene.LONG else self.dice.sample(cases, count)

    def test_alone(self):
        self.run_cases([case for case in alone(self.dice) if len(case.faults) == 1])
        self.run_cases(self.some([case for case in alone(self.dice) if len(case.faults) == 2], ACCOUNTS))
        self.tell("alone")
        scene.survived("faults of the network at one step of a placement", self.cases)

    def test_in_pairs(self):
        self.run_cases(self.some(pairs(self.dice), ACCOUNTS))
        self.tell("in pairs")
        scene.survived("faults of the network at two steps of a placement", self.cases)

    def test_switches(self):
        sets = switch_sets() if scene.LONG else some_switch_sets(self.dice, 3)
        for switches in sets:
            self.exchange.switch(**switches)
            cases = [case for case in alone(self.dice) if len(case.faults) == 1]
            cases += self.dice.sample(alone(self.dice), ACCOUNTS) if scene.LONG else []
            with self.subTest(json.dumps({name: value for name, value in switches.items() if value != DEFAULTS[name]})):
                self.run_cases(cases)
        self.tell(f"{len(sets)} settings")
        scene.survived("the same with other settings of what sources leave open", self.cases)


if __name__ == "__main__":
    scene.main()
