#!/usr/bin/env python3
"""Nonces only ever rise and no order is doubled or lost from sight, whatever kills the daemon."""

import collections
import contextlib
import json
import random
import sqlite3
import threading
import urllib.parse

import support

CALLS = 5000
CLIENTS = 16
KILLS = 6


class Ledger:
    """What the clients were told, by the order's userref."""

    def __init__(self):
        self.mutex = threading.Lock()
        self.calls = 0
        self.fates = {}
        self.open = collections.defaultdict(list)
        self.outcomes = collections.Counter()

    def begin(self):
        with self.mutex:
            if self.calls >= CALLS:
                return 0
            self.calls += 1
            return self.calls

    def end(self, number, account, endpoint, reply):
        fate = "lost" if reply is None else "done" if "result" in reply else reply["error"]["data"]["executed"]
        with self.mutex:
            self.outcomes[endpoint, fate] += 1
            if endpoint == "AddOrder":
                self.fates[number] = (account, fate)
                if fate == "done":
                    self.open[account] += reply["result"]["txid"]

    def some_order(self, account, dice):
        with self.mutex:
            orders = self.open[account]
            return orders.pop(dice.randrange(len(orders))) if orders else None


class Bot(threading.Thread):
    """A client that goes on whatever happens to the daemon."""

    def __init__(self, number, daemon, accounts, ledger):
        super().__init__()
        self.account = accounts[number % len(accounts)]
        self.dice = random.Random(number)
        self.daemon, self.ledger = daemon, ledger
        self.client = None
        self.failure = None

    def run(self):
        try:
            while number := self.ledger.begin():
                self.act(number)
        except BaseException as failure:  # told by the test's own thread
            self.failure = failure
        finally:
            self.hang_up()

    def hang_up(self):
        if self.client:
            self.client.close()
        self.client = None

    def connect(self):
        """A connection to a daemon that is unlocked."""
        try:
            self.client = self.daemon.client()
            if self.client.request("wait", {"for": "unlocked", "timeout_ms": 60000}).get("result"):
                return True
        except (OSError, AssertionError):
            pass
        self.hang_up()
        return False

    def act(self, number):
        if not self.client:
            support.wait_for(self.connect)
        endpoint = self.dice.choice(("Balance", "OpenOrders", "AddOrder", "AddOrder", "AddOrder", "CancelOrder"))
        params = {}
        if endpoint == "CancelOrder":
            order = self.ledger.some_order(self.account, self.dice)
            endpoint, params = ("CancelOrder", {"txid": order}) if order else ("Balance", {})
        elif endpoint == "AddOrder":
            params = {"pair": "XBTUSD", "type": "buy", "volume": "0.001", "userref": number}
            params |= self.dice.choice(({"ordertype": "market"}, {"ordertype": "limit", "price": "20000.0"}))
        request = {"jsonrpc": "2.0", "id": number, "method": "call",
                   "params": {"endpoint": endpoint, "account": self.account, "params": params, "max_wait_ms": 20000}}
        reply = None
        try:
            line = self.client.ask(json.dumps(request))
            reply = line and json.loads(line)
        except (OSError, AssertionError):
            pass
        if reply is None:
            self.hang_up()
        elif reply["id"] != number:
            raise AssertionError(f"the answer to another request: {reply}")
        self.ledger.end(number, self.account, endpoint, reply)


class Nonces(support.DaemonTest):
    ACCOUNTS = ("alice", "bob", "carol")
    CONFIG = "[retry]\nbase_delay_ms = 5\nmax_delay_ms = 50\n"

    def check_nonces(self):
        """They rose as they arrived, but for those of reads that had been given up for a cancel, which the exchange has read first."""
        highest, passed = {}, []
        for entry in self.exchange.journal():
            if entry["nonce"] is None:
                continue
            before = highest.setdefault(entry["account"], entry)
            if entry is before or int(entry["nonce"]) > int(before["nonce"]):
                highest[entry["account"]] = entry
                continue
            passed.append(entry["id"])
            self.assertEqual((entry["refused_by"], before["endpoint"]), ("nonce_order", "CancelOrder"), (before, entry))
            self.assertIn(entry["endpoint"], ("Balance", "OpenOrders"), (before, entry))
        audit = self.exchange.audit()
        self.assertEqual(([entry["id"] for entry in audit["nonces"]], audit["books"]), (passed, []))

    def check_orders(self, ledger):
        executed = collections.Counter()
        for entry in self.exchange.journal("AddOrder"):
            userref = int(dict(urllib.parse.parse_qsl(entry["body"]))["userref"])
            executed[userref] += entry["executed"]
        for order, (account, fate) in ledger.fates.items():
            allowed = {"done": (1,), "no": (0,), "unknown": (0, 1), "lost": (0, 1)}[fate]
            self.assertIn(executed[order], allowed, (order, account, fate))
        self.assertLessEqual(set(executed), set(ledger.fates), "an order that nobody asked for")
        for account in self.ACCOUNTS:
            placed = sum(executed[order] for order, (owner, _) in ledger.fates.items() if owner == account)
            self.assertEqual(self.account_orders(account), placed)

    def test_kill_9(self):
        self.set_up_vault()
        for kind in ("drop_before", "drop_after", "close_after_reply"):
            self.exchange.fault(kind, count=0, probability=0.01)
        ledger = Ledger()
        bots = [Bot(number, self.daemon, self.ACCOUNTS, ledger) for number in range(CLIENTS)]
        for bot in bots:
            bot.start()
        try:
            for kill in range(1, KILLS + 1):
                support.wait_for(lambda: ledger.calls >= kill * CALLS // (KILLS + 1) or any(bot.failure for bot in bots), 200)
                # Kraken's counters lose their points with time.
                self.exchange.control("POST", "/clock", {"advance_ms": 3_600_000})
                self.daemon.kill()
                self.daemon.start()
                self.unlock()
        finally:
            for bot in bots:
                bot.join(200)
        self.assertEqual([bot.failure for bot in bots if bot.failure or bot.is_alive()], [])
        print("  outcomes:", dict(sorted(ledger.outcomes.items())))
        self.assertEqual(sum(ledger.outcomes.values()), CALLS)
        self.exchange.clear_faults()
        self.check_nonces()
        self.check_orders(ledger)
        # The run was one that could have gone wrong.
        self.assertGreater(ledger.outcomes["AddOrder", "done"], 500)
        self.assertGreater(ledger.outcomes["AddOrder", "unknown"] + ledger.outcomes["AddOrder", "lost"], 5)

    def test_killed_at_the_first_call_again_and_again(self):
        self.set_up_vault()
        for _ in range(10):
            with self.daemon.client() as client:
                client.send("".join(json.dumps({"jsonrpc": "2.0", "id": account, "method": "call",
                                                "params": {"endpoint": "Balance", "account": account}}) + "\n" for account in self.ACCOUNTS))
                client.line()
                self.daemon.kill()
            self.daemon.start()
            self.unlock()
        self.check_nonces()

    def test_the_durable_bound_holds_when_the_clock_was_ahead(self):
        self.set_up_vault()
        with self.daemon.client() as client:
            for account in self.ACCOUNTS:
                client.call("Balance", account=account)
        self.daemon.stop()
        # As if nonces had been reserved by a clock that was an hour ahead and has been set right since.
        with contextlib.closing(sqlite3.connect(self.daemon.state_dir / "state.db")) as database, database:
            database.execute("UPDATE nonce_mark SET bound = bound + 3600000000")
            bounds = [bound for bound, in database.execute("SELECT bound FROM nonce_mark")]
        self.assertEqual(len(bounds), 3)
        for path in self.daemon.state_dir.glob("state.db*"):
            path.chmod(0o600)
        self.daemon.start()
        self.unlock()
        with self.daemon.client() as client:
            for account in self.ACCOUNTS:
                self.assertIn("result", client.call("Balance", account=account))
        for entry in self.exchange.journal()[-3:]:
            self.assertGreater(int(entry["nonce"]), min(bounds))
        self.check_nonces()


if __name__ == "__main__":
    support.main()
