#!/usr/bin/env python3
"""Random sequences of calls, faults, crashes and clock moves. Every account has a bot with a small model of it (model_bot.py). Nothing pauses
while the daemon is killed, stopped, locked, moved in time; and a failure comes with the bot's last steps.
"""

import collections
import concurrent.futures
import threading
import time

import clock
import model_bot
import network
import scene
import support

ACCOUNTS, ROUNDS, STEPS = (48, 21, 100) if scene.LONG else (12, 1, 40)  # steps of each account in a round
DISTURBED_EVERY = 250 if scene.LONG else 55  # steps, of all together


class Model(scene.TortureTest):
    ACCOUNTS = tuple(f"a{number}" for number in range(ACCOUNTS))
    DISTURBANCES = ("kill", "kill", "stop", "lock", "step_clock", "step_clock", "switch", "switch", "close_connections")
    set_clock, standing_still = clock.ClockTest.set_clock, clock.ClockTest.standing_still

    def setUp(self):
        super().setUp()
        self.judge.busy = True
        self.daemon.stop()
        self.clock = self.folder / "clock"
        self.set_clock("+0")
        self.far_ahead_for = None  # so many more disturbances
        self.up = threading.Event()  # the daemon's sockets are there
        self.disturbances = 0  # odd while one is under way
        self.disturbed = collections.Counter()
        self.next_disturbance = self.shuffled_for_ever()
        self.steps = collections.Counter()
        self.held_back = collections.Counter()  # requests that faults have held back, by account
        self.switches = dict(network.DEFAULTS)
        self.unknown = []
        self.failed = False  # nobody goes on

    def kill(self):
        self.assertIsNone(self.daemon.process.poll(), "it ended by itself")
        self.restart(self.daemon.kill)

    def stop(self):
        self.restart(self.daemon.stop)

    def restart(self, end):
        self.up.clear()
        self.disturbances += 1
        end()
        self.daemon.start()
        self.up.set()
        self.unlock()
        self.disturbances += 1

    def lock(self):
        self.disturbances += 1
        with self.daemon.admin() as admin:
            admin.result("lock")
        self.unlock()
        self.disturbances += 1

    def step_clock(self):
        name, text = self.dice.choice(clock.Steps.STEPS)
        self.set_clock(text(self))
        self.far_ahead_for = 2 if name == "ten years ahead" else None

    def come_home(self):
        """Ten years ahead every certificate has expired, so nothing settles: after two more disturbances the clock is right again."""
        if self.far_ahead_for == 0:
            self.set_clock("+0")
        self.far_ahead_for = self.far_ahead_for - 1 if self.far_ahead_for else None

    def switch(self):
        name = self.dice.choice(list(network.SWITCHES))
        setting = self.dice.choice(network.SWITCHES[name])
        self.switches[name] = None  # while it changes nobody knows which of the two holds
        self.exchange.switch(**{name: setting})
        self.switches[name] = setting

    def close_connections(self):
        self.exchange.fault("close_now")

    def shuffled_for_ever(self):
        while True:
            yield from self.dice.sample(self.DISTURBANCES, len(self.DISTURBANCES))

    def play_round(self, bots):
        """All bots play, and are disturbed whenever so many steps are done."""
        due = self.steps.total() + DISTURBED_EVERY
        with concurrent.futures.ThreadPoolExecutor(len(bots)) as threads:
            games = [threads.submit(bot.play, STEPS) for bot in bots]
            over = lambda: all(game.done() for game in games)
            try:
                while True:
                    support.wait_for(lambda: over() or self.steps.total() >= due, seconds=600)
                    if over():
                        break
                    name = next(self.next_disturbance)
                    self.come_home()
                    self.disturbed[name] += 1
                    getattr(self, name)()
                    due = self.steps.total() + DISTURBED_EVERY
            except BaseException:
                self.failed = True
                self.up.set()  # nobody waits for the daemon any more
                raise
        for game in games:
            game.result()

    def end_round(self, bots, since):
        self.set_clock("+0")  # ten years ahead every certificate has expired, and nothing settles
        unknown = [pair for pairs in self.at_once(model_bot.Bot.end_round, bots) for pair in pairs]
        calm = time.monotonic()
        support.wait_for(lambda: self.all_arrived(since) or time.monotonic() > calm + model_bot.LATEST_S, every=0.2)
        orders = self.exchange.control("GET", "/orders")["orders"]
        for order, intent in unknown:
            self.assertTrue(self.may_stay_unknown(order, intent, since), f"{order}\n{intent}")
            self.settle_by_person(order, intent, [known for known in orders[order.account] if known["vol"] in order.volumes()])
        self.tell_of_refused_nonces()
        self.assert_judged(unknown=self.unknown)
        for bot in bots:
            bot.check(orders[bot.account])

    def tell_of_refused_nonces(self):
        """What came of that key before, since the journal is gone when the test has failed."""
        for refused in self.exchange.audit()["nonces"] if self.judge.nonces(self.ACCOUNTS) else ():
            if refused["fault"] or refused["duplicate_of"]:
                continue
            print(f"  {refused}")
            for entry in self.exchange.journal(since=max(0, refused["id"] - 500)):
                if (entry["account"], entry["key"]) == (refused["account"], refused["key"]) and entry["id"] <= refused["id"] + 50:
                    print("   ", {name: entry[name] for name in ("id", "time_ns", "connection", "endpoint", "nonce", "fault", "errors")})

    def settle_by_person(self, order, intent, found):
        """Who looks at the exchange and says what is there: a repeat is told so, and what was not placed may be placed anew."""
        placed = bool(found)
        with self.daemon.admin() as admin:
            admin.result("intent.settle", {"id": intent["id"], "outcome": "placed" if placed else "not_placed", "reason": "seen there"})
            self.assertEqual(admin.result("intent.get", {"id": intent["id"]})["state"], "placed" if placed else "not_placed")
        named = self.bots[order.account].named
        for name in [name for name, each in named.items() if placed and each is order]:
            del named[name]
            with self.daemon.client() as client:
                reply = client.call(order.endpoint, order.params, account=order.account, idempotency_key=name)
            self.assertEqual(reply["error"]["data"]["executed"], "yes", reply)
        if placed:
            self.unknown.append(order)  # which one it is, nobody was told
            self.bots[order.account].see(order, found)
        else:
            order.fate = "not placed"

    def all_arrived(self, since):
        """What faults have held back. What it was when all connections were closed at once never comes."""
        entries = self.exchange.journal(since=since)
        return sum(entry["fault"] == "delay" or entry["duplicate_of"] > 0 for entry in entries) >= self.held_back.total()

    def may_stay_unknown(self, order, intent, since):
        """Kraken's time was not known, so it has no deadline; or a look-up got an answer that Kraken would not give; or what was to be
        changed has ended, and nobody can tell by what."""
        look_ups = ("OpenOrders", "ClosedOrders", "QueryOrders", "TradesHistory", "OrderAmends", "GetApiKeyInfo")
        answered = any(entry["account"] == order.account and entry["fault"] == "error" and entry["endpoint"] in look_ups
                       for entry in self.exchange.journal(since=since))
        changes = order.endpoint in ("EditOrder", "AmendOrder")
        ended = changes and self.bots[order.account].expected[order.params["txid"]] != model_bot.OPEN
        return intent["state"] == "unknown" and ("deadline" not in intent or answered or ended)

    def test_random_sequences(self):
        self.assertTrue(clock.FAKETIME, "faketime is not installed; run: packaging/install-build-packages")
        self.daemon.variables = {"LD_PRELOAD": clock.FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1",
                                 "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.daemon.start()
        self.set_up_vault()
        self.up.set()
        with self.daemon.client() as client:
            listed = {account["name"]: [key["key"] for key in account["keys"]] for account in client.result("account.list")}
        self.bots = {account: model_bot.Bot(self, account) for account in self.ACCOUNTS}
        for account, bot in self.bots.items():
            bot.keys = listed[account]
            self.addCleanup(bot.hang_up)
        begun = time.monotonic()
        for number in range(1, ROUNDS + 1):
            since = self.exchange.state()["requests"]
            self.held_back.clear()
            self.play_round(list(self.bots.values()))
            played = time.monotonic() - begun
            self.end_round(list(self.bots.values()), since)
            print(f"  round {number}: {self.steps.total()} steps, {self.steps.total() / (time.monotonic() - begun):.1f} a second, "
                  f"{played:.0f} s played, {len(self.unknown)} unknown, {dict(self.disturbed)}", flush=True)
        outcomes = sum((bot.outcomes for bot in self.bots.values()), collections.Counter())
        for (what, outcome, why), count in sorted(outcomes.items()):
            print(f"  {what:20} {outcome:8} {why:16} {count:8}")
        scene.survived("random steps of a model: calls, faults, crashes, locks, clock moves, key changes", self.steps.total())


if __name__ == "__main__":
    scene.main()
