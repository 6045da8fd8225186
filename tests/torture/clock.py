#!/usr/bin/env python3
"""The clock steps back an hour, runs ahead ten years, stands still; the machine sleeps; the state is an old copy; somebody starts a
second daemon, on the same folder or with the same key. Placements whose answers are lost are settled all the same.

Debian's faketime moves the daemon's wall clock and leaves its monotonic one alone, as a real step does.
"""

import glob
import shutil
import signal
import threading
import time
import unittest

import scene
import support

FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
HOUR = 3600
TEN_YEARS = 10 * 365 * 24 * HOUR
ROUNDS = 5 if scene.LONG else 1
TROUBLE = (None, "drop_after", "drop_before", "reset", "busy")


class ClockTest(scene.TortureTest):
    ACCOUNTS = tuple(f"a{number}" for number in range(8))

    def setUp(self):
        super().setUp()
        self.daemon.stop()
        self.clock = self.folder / "clock"
        self.set_clock("+0")

    def start_with_clock(self):
        self.assertTrue(FAKETIME, "faketime is not installed; run: packaging/install-build-packages")
        self.daemon.variables = {"LD_PRELOAD": FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1",
                                 "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.daemon.start()
        self.set_up_vault()

    def set_clock(self, text):
        """Seconds from the real time, or a moment at which it stands still."""
        fresh = self.folder / "clock.new"
        fresh.write_text(text)
        fresh.rename(self.clock)

    def standing_still(self):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime())

    def restart(self):
        self.dice.choice((self.daemon.stop, self.daemon.kill))()
        self.daemon.process = None
        self.daemon.start()
        self.unlock()

    def trade(self, accounts=None):
        """An order on each account, with one trouble or another. Returns the orders."""
        return self.at_once(self.trade_on, accounts or self.ACCOUNTS)

    def trade_on(self, account):
        return self.settle(self.place_on(account))

    def place_on(self, account, **more):
        trouble = TROUBLE[self.ACCOUNTS.index(account) % len(TROUBLE)]
        if trouble:
            self.exchange.fault(trouble, account=account, endpoint="AddOrder")
        order = self.ledger.order(account)
        order.case = trouble or "no trouble"
        with self.daemon.client(timeout=120) as client:
            scene.place(client, order, **more)
        self.clear_faults_of(account)
        return order

    def settle(self, order):
        with self.daemon.client(timeout=120) as client:
            scene.settle(client, order)
        return order

    def all_well(self, but=()):
        """With the clock right again, orders are placed; not so on accounts that still look for old ones. What was under way when
        connections broke or the daemon was killed may cost the first of them."""
        def is_well(account):
            order = self.ledger.order(account)
            scene.place(client, order, max_wait_ms=20000)
            scene.settle(client, order)
            return order.fate == "placed"

        with self.daemon.client(timeout=120) as client:
            for account in set(self.ACCOUNTS) - set(but):
                support.wait_for(lambda: is_well(account), said=f"no order is placed any more on {account}")


@unittest.skipIf(support.SANITIZED, "faketime does not survive a sanitizer's allocator, from within which it calls dlsym")
class Steps(ClockTest):
    STEPS = (("an hour back", lambda test: f"-{HOUR}"), ("ten years ahead", lambda test: f"+{TEN_YEARS}"),
             ("standing still", lambda test: test.standing_still()), ("right", lambda test: "+0"))

    def steps(self, count):
        """All of them again and again, or some of them."""
        return list(self.STEPS) * ROUNDS if scene.LONG else self.dice.sample(self.STEPS, count)

    def through_steps(self, steps, act):
        """`act` returns the orders that may stay unknown."""
        self.start_with_clock()
        unknown = []
        for name, text in steps:
            with self.subTest(name):
                self.set_clock(text(self))
                unknown += act() or []
                self.assert_judged(unknown=unknown)
        self.set_clock("+0")
        self.restart()
        self.all_well(but=[order.account for order in unknown])
        self.assert_judged(unknown=unknown)
        scene.survived("steps of the clock", len(steps))

    def test_while_it_runs(self):
        def act():
            self.trade()
        self.through_steps(self.steps(3), act)

    def test_with_a_restart_at_each_step(self):
        def act():
            self.restart()
            self.trade()
        self.through_steps(self.steps(2), act)

    def test_while_krakens_time_is_not_known(self):
        """Orders get no deadline then, and without one nothing proves that one was not placed."""
        def act():
            self.restart()
            orders = self.at_once(lambda account: self.place_on(account, timeout_ms=3000), self.ACCOUNTS)
            return [order for order in orders if order.fate == "unknown"]
        self.exchange.fault("error", endpoint="Time", text="EService:Unavailable", count=0)
        self.through_steps(self.steps(2), act)

    def test_a_step_while_an_order_settles(self):
        self.start_with_clock()
        steps = self.steps(2)
        for name, text in steps:
            with self.subTest(name):
                turn = threading.Timer(0.5, lambda: self.set_clock(text(self)))
                turn.start()
                self.exchange.fault("drop_before", endpoint="AddOrder", account="a0")
                order = self.trade_on("a0")
                turn.join()
                self.assertIn(order.fate, ("placed", "not placed"), order)
                self.set_clock("+0")
        self.assert_judged()
        scene.survived("steps of the clock while an order settles", len(steps))

    def test_the_machine_sleeps(self):
        """For an hour, in the middle of placements: all connections are gone, and both clocks have gone on."""
        self.start_with_clock()
        for sleep in range(1, ROUNDS + 1):
            last = self.exchange.state()["requests"]
            self.exchange.fault("delay", endpoint="AddOrder", delay_before_ms=100, delay_after_ms=500, count=len(self.ACCOUNTS))
            orders = [self.ledger.order(account) for account in self.ACCOUNTS]
            bots = [threading.Thread(target=self.place_and_settle, args=(order,)) for order in orders]
            for bot in bots:
                bot.start()
            support.wait_for(lambda: len(self.exchange.journal("AddOrder", since=last)) == len(orders))
            self.daemon.process.send_signal(signal.SIGSTOP)
            self.exchange.fault("close_now")
            self.exchange.control("POST", "/clock", {"offset_ms": sleep * HOUR * 1000})
            self.set_clock(f"+{sleep * HOUR}")
            self.daemon.process.send_signal(signal.SIGCONT)
            for bot in bots:
                bot.join(2 * support.PATIENCE)
            self.assertEqual([order for order in orders if order.fate != "placed"], [])
            self.all_well()
        self.assert_judged()
        scene.survived("sleeps of the machine while orders are placed", ROUNDS)

    def place_and_settle(self, order):
        with self.daemon.client(timeout=120) as client:
            scene.place(client, order)
        self.settle(order)


class Copies(ClockTest):
    """Of the state, of the daemon, of the key."""

    def test_the_state_is_an_old_copy(self):
        self.daemon.start()
        self.set_up_vault()
        self.trade()
        for _ in range(ROUNDS):
            self.daemon.stop()
            old = self.folder / "old"
            shutil.copytree(self.daemon.state_dir, old)
            self.daemon.start()
            self.unlock()
            self.trade()
            self.wait_until_copy_is_old()
            self.dice.choice((self.daemon.stop, self.daemon.kill))()
            self.daemon.process = None
            shutil.rmtree(self.daemon.state_dir)
            old.rename(self.daemon.state_dir)
            self.daemon.start()
            self.unlock()
            self.trade()
            self.assert_judged()
        scene.survived("restarts on an old copy of the state", ROUNDS)

    def wait_until_copy_is_old(self):
        """Nonces run some seconds ahead of the clock after a restart, and what was used of these only the newest state knows."""
        used = max(int(key["nonce"]) for key in self.exchange.state()["keys"])
        support.wait_for(lambda: time.time() * 1e6 > used, every=0.1)

    def test_a_second_instance_on_the_same_folder(self):
        self.daemon.start()
        self.set_up_vault()
        for _ in range(ROUNDS):
            status, _, error = self.daemon.run()
            self.assertEqual(status, 1, error)
            self.assertIn(str(self.daemon.process.pid), error)
            self.trade()
        self.assert_judged()
        scene.survived("second instances", ROUNDS)

    def test_two_daemons_on_one_key(self):
        """The account that both have is marked by the one that comes too late, and the others go on. Two that follow one clock hardly
        disturb each other, so the rival counts in finer units."""
        shared, others = self.ACCOUNTS[0], self.ACCOUNTS[1:]
        self.daemon.start()
        self.set_up_vault()
        rival = self.make_daemon("rival", config=f'{self.CONFIG}[accounts.{shared}]\nnonce_unit = "ns"\n')
        rival.start()
        with rival.admin() as admin:
            admin.result("vault.create", {"passphrase": support.PASSPHRASE})
            admin.result("account.add", self.keys[shared].add_params())
        done = threading.Event()
        end = time.monotonic() + support.PATIENCE

        def use(daemon):
            """Until one of the two has given up on the key."""
            with daemon.client(timeout=120) as client:
                while not done.is_set() and time.monotonic() < end:
                    order = self.ledger.order(shared)
                    scene.place(client, order, timeout_ms=3000)
                    client.call("CancelAll", account=shared)
                    if client.result("status")["accounts"][0]["state"] == "nonce_conflict":
                        done.set()

        users = [threading.Thread(target=use, args=(daemon,)) for daemon in (self.daemon, rival)]
        for user in users:
            user.start()
        try:
            while not done.is_set() and time.monotonic() < end:
                for account in others:
                    self.assertIn(self.trade_on(account).fate, ("placed", "not placed"))
        finally:
            done.set()
            for user in users:
                user.join(2 * support.PATIENCE)
        states = []
        for daemon in (self.daemon, rival):
            with daemon.client() as client:
                states += [account for account in client.result("status")["accounts"] if account["name"] == shared]
        marked = [account for account in states if account["state"] == "nonce_conflict"]
        self.assertTrue(marked, states)
        self.assertIn("key", marked[0]["remedy"])
        with self.daemon.client() as client:
            self.assertEqual({account["state"] for account in client.result("status")["accounts"] if account["name"] != shared}, {"ready"})
        self.assert_judged(others)
        # With a key that somebody else has taken over there is no fence, so what was refused for its nonce stays open.
        unknown = [order for order in self.ledger.of(shared) if order.fate == "unknown"]
        self.assertEqual(self.judge.orders([shared], unknown), [])
        print(f"  {len(self.ledger.of(shared))} orders until the conflict was seen", flush=True)
        scene.survived("two daemons on one key", 1)


if __name__ == "__main__":
    scene.main()
