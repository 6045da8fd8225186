#!/usr/bin/env python3
"""50 bots on 10 accounts, and everything goes wrong now and then: no wrong nonce, no order doubled or lost, level memory, and cancels
about as quick as the network lets them be.
"""

import base64
import collections
import hashlib
import hmac
import http.client
import json
import multiprocessing
import pathlib
import random
import ssl
import threading
import time
import urllib.parse

import scene
import support

SECONDS = 1800 if scene.LONG else 20
BOTS, ACCOUNTS = 50 if scene.LONG else 20, 10
PAIRS = {"XBTUSD": "10000.0", "ETHUSD": "1000.00", "LTCUSD": "50.00", "SOLUSD": "90.00"}  # far below the market
FIRST_VOLUME = 9_000_000  # 0.1, more than any of these pairs' minimum
# How often each of them meets a call.
FAULTS = (("drop_before", {}, 0.01), ("drop_after", {}, 0.01), ("reset", {}, 0.005), ("status", {"status": 502}, 0.005),
          ("status", {"status": 520, "executed": True}, 0.005), ("truncate", {}, 0.005), ("garbage", {}, 0.005),
          ("half_open", {}, 0.002), ("delay", {"delay_after_ms": 300}, 0.02), ("delay", {"delay_before_ms": 1200}, 0.003),
          ("close_after_reply", {}, 0.02), ("busy", {}, 0.01), ("duplicate", {"duplicate_ms": 50}, 0.01))


def percentile(times, share):
    return sorted(times)[int(share * (len(times) - 1))]


class Bot:
    """Reads, places and cancels at random, and notes what it is told."""

    def __init__(self, number, account):
        self.account = account
        self.dice = random.Random(f"{scene.SEED} {number}")
        self.ledger = scene.Ledger(first=FIRST_VOLUME + number, step=BOTS)
        self.orders = self.ledger.orders
        self.open = []
        self.canceled = []
        self.cancel_times = []
        self.settle_times = []
        self.outcomes = collections.Counter()

    def trade(self, client, end):
        while time.monotonic() < end:
            self.dice.choices((self.read, self.place, self.cancel), (1, 4, 4))[0](client)
            time.sleep(self.dice.uniform(0, 1))  # its own work: together about what Kraken's limits have room for

    def read(self, client):
        reply = client.call(self.dice.choice(("Balance", "OpenOrders")), account=self.account)
        self.outcomes["read", "done" if "result" in reply else reply["error"]["data"]["category"]] += 1

    def place(self, client):
        pair = self.dice.choice(list(PAIRS))
        params = {"pair": pair, "price": PAIRS[pair]}
        params |= self.dice.choice(({}, {"ordertype": "market"}, {"userref": self.dice.randrange(1, 2**31)},
                                    {"cl_ord_id": f"b{self.dice.randrange(10**15)}"}))
        order = self.ledger.order(self.account, **params)
        scene.place(client, order)
        first = order.fate
        begun = time.monotonic()
        # Look-ups keep to Kraken's limits, too: a key's counter has room for one question in two seconds, and an order that was
        # not placed takes a dozen. With an answer lost every 20 s on each account they queue.
        scene.settle(client, order, seconds=600)
        if first == "unknown":
            self.settle_times.append(time.monotonic() - begun)
        self.outcomes["place", order.fate if order.fate == first else f"unknown, then {order.fate}"] += 1
        if order.fate == "placed" and order.params["ordertype"] == "limit":
            self.open += order.txids

    def cancel(self, client):
        """Only its own orders; so one that is gone was canceled by itself."""
        if not self.open:
            return
        txid = self.open.pop(0)
        begun = time.monotonic()
        reply = client.call("CancelOrder", {"txid": txid}, account=self.account)
        if "result" in reply:
            self.cancel_times.append(time.monotonic() - begun)
            self.canceled.append(txid)
        self.outcomes["cancel", "done" if "result" in reply else reply["error"]["data"]["category"]] += 1
        if "error" in reply and reply["error"]["data"]["executed"] == "no":
            self.open.append(txid)


class BotProcess:
    """A bot in a process of its own, as each client of the daemon is one: what one client places and cancels keeps its order."""

    def __init__(self, number, test):
        self.notes, notes = multiprocessing.Pipe(duplex=False)
        bot = Bot(number, test.ACCOUNTS[number % ACCOUNTS])
        self.process = multiprocessing.Process(target=self.trade, args=(bot, test.daemon, test.end, notes), daemon=True)
        self.process.start()
        notes.close()

    @staticmethod
    def trade(bot, daemon, end, notes):
        try:
            with daemon.client(timeout=120) as client:
                bot.trade(client, end)
            del bot.ledger  # its mutex cannot be sent
            notes.send(bot)
        except BaseException as failure:
            notes.send(failure)
            raise

    def end(self, patience):
        """What it noted; raises what went wrong."""
        assert self.notes.poll(patience), "a bot does not end"
        bot = self.notes.recv()
        self.process.join()
        if isinstance(bot, BaseException):
            raise bot
        return bot


class Direct(threading.Thread):
    """The network as it is without a daemon, and with all its faults: reads over kept-alive connections, each with a key of its own,
    repeated until an answer comes."""

    def __init__(self, test, account):
        super().__init__()
        self.test, self.key = test, support.Key(account)
        test.exchange.control("POST", "/accounts", {"account": account, "key": {
            "name": "direct", "api_key": self.key.api_key, "api_secret": self.key.api_secret, "permissions": support.TRADING}})
        self.address = urllib.parse.urlsplit(test.exchange.base_url).netloc
        self.context = ssl.create_default_context(cafile=test.exchange.ca_file)
        self.times = []
        self.connection = None

    def run(self):
        while time.monotonic() < self.test.end:
            begun = time.monotonic()
            while not self.attempt():
                self.hang_up()
            self.times.append(time.monotonic() - begun)
            time.sleep(0.02)  # its own work
        self.hang_up()

    def hang_up(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def attempt(self):
        nonce = time.time_ns() // 1000
        body = urllib.parse.urlencode({"nonce": nonce})
        path = "/0/private/Balance"
        digest = path.encode() + hashlib.sha256(f"{nonce}{body}".encode()).digest()
        signature = base64.b64encode(hmac.new(base64.b64decode(self.key.api_secret), digest, hashlib.sha512).digest()).decode()
        headers = {"API-Key": self.key.api_key, "API-Sign": signature, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPSConnection(self.address, context=self.context, timeout=1)
            self.connection.request("POST", path, body, headers)
            return "result" in json.loads(self.connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return False


class Bots(scene.TortureTest):
    CONFIG = scene.CONFIG + '[rate]\nmodel = "kraken"\n'
    ACCOUNTS = tuple(f"a{number}" for number in range(ACCOUNTS))

    def memory(self):
        """Resident kilobytes of the daemon."""
        status = pathlib.Path("/proc", str(self.daemon.process.pid), "status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def test_everything_at_once(self):
        self.set_up_vault()
        self.judge.one_daemon = True
        for kind, members, probability in FAULTS:
            self.exchange.fault(kind, count=0, probability=probability, **members)
        self.end = time.monotonic() + SECONDS
        processes = [BotProcess(number, self) for number in range(BOTS)]
        direct = [Direct(self, account) for account in self.ACCOUNTS[:2]]
        samples, wrong_nonces = [], set()
        for thread in direct:
            thread.start()
        while time.monotonic() < self.end:
            samples.append(self.memory())
            wrong_nonces.update(self.judge.nonces(self.ACCOUNTS))  # the exchange's journal does not keep them for ever
            time.sleep(SECONDS / 40)  # between samples
        for thread in direct:
            thread.join()
        bots = [process.end(patience=700) for process in processes]
        for bot in bots:
            for order in bot.orders:
                self.ledger.include(order)
        self.exchange.clear_faults()
        self.report(bots, direct, samples)
        self.assertEqual(wrong_nonces, set())
        self.assert_judged()
        self.check_cancels(bots)
        self.check_memory(samples)

    def report(self, bots, direct, samples):
        outcomes = sum((bot.outcomes for bot in bots), collections.Counter())
        for (what, outcome), count in sorted(outcomes.items()):
            print(f"  {what:8} {outcome:28} {count:8}")
        cancels = [seconds for bot in bots for seconds in bot.cancel_times]
        network = [seconds for thread in direct for seconds in thread.times]
        print(f"  cancels' p99 / the network's: {percentile(cancels, 0.99) / percentile(network, 0.99):.2f}")
        for name, times in (("cancels", cancels), ("the network", network)):
            print(f"  {name}: p50 {1000 * percentile(times, 0.5):.1f} ms, p99 {1000 * percentile(times, 0.99):.0f} ms, {len(times)} calls")
        settling = [seconds for bot in bots for seconds in bot.settle_times] or [0]
        print(f"  lost answers: known after {percentile(settling, 0.5):.0f} s (p50), {percentile(settling, 0.99):.0f} s (p99), "
              f"{max(settling):.0f} s (longest), {len(settling)} orders")
        print(f"  memory: {samples[len(samples) // 4]} KiB at a quarter, {samples[-1]} KiB at the end", flush=True)
        placed = sum(order.fate == "placed" for order in self.ledger.orders)
        scene.survived(f"orders placed by {BOTS} bots on {ACCOUNTS} accounts in {SECONDS} s, with faults at random", placed)
        self.assertGreater(placed, 100)

    def check_cancels(self, bots):
        status = {order["txid"]: order["status"] for orders in self.exchange.control("GET", "/orders")["orders"].values() for order in orders}
        for bot in bots:
            self.assertEqual({status[txid] for txid in bot.canceled} - {"canceled"}, set())
            self.assertEqual({status[txid] for txid in bot.open} - {"open"}, set(), "an order canceled that nobody reported")

    def check_memory(self, samples):
        """After the first quarter it has what it needs."""
        self.assertLess(samples[-1], samples[len(samples) // 4] * 1.3 + 4096, samples)


if __name__ == "__main__":
    scene.main()
