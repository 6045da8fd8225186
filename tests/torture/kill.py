#!/usr/bin/env python3
"""kill -9 at every write, sync, send and receive of the daemon's life, from its start to its end: afterwards it knows every order
that it may have placed, has doubled and lost none, and goes on above every nonce that it used.

faulty_system.cpp counts the calls and kills at the n-th one. The short form takes a spread of n, the long form every n until a life
runs to its end. Lives go on in the same folder, so a kill also finds what the ones before it left behind.
"""

import contextlib
import itertools
import signal
import threading

import scene
import support

WORKERS = 12 if scene.LONG else 8  # each with an account and a daemon of its own
SHORT_KILLS = 40


class Positions:
    """The calls at which to kill, shared out among the workers."""

    def __init__(self, dice, calls):
        spread = sorted({1 + calls * place // SHORT_KILLS + dice.randrange(max(1, calls // SHORT_KILLS)) for place in range(SHORT_KILLS)})
        self.positions = itertools.count(1) if scene.LONG else iter(spread)
        self.mutex = threading.Lock()
        self.ended = 0  # lives that no kill met

    def next(self):
        """None when all are done: the last lives ended by themselves."""
        with self.mutex:
            return None if self.ended >= 2 * WORKERS else next(self.positions, None)

    def no_kill(self):
        with self.mutex:
            self.ended += 1


class Life:
    """One life of a daemon, from its start until it is stopped or killed."""

    def __init__(self, test, daemon, account, ledger):
        self.test, self.daemon, self.account, self.ledger = test, daemon, account, ledger
        self.orders = []

    def run(self):
        """Returns whether it came to its end."""
        with contextlib.suppress(OSError, AssertionError, TypeError):  # of clients whose daemon has gone
            self.daemon.start()
            with self.daemon.admin() as admin, self.daemon.client() as client:
                admin.result("unlock", {"passphrase": support.PASSPHRASE})
                self.trade(client)
            self.daemon.process.send_signal(signal.SIGTERM)
        status = self.daemon.process.wait(support.PATIENCE)
        assert status in (0, -signal.SIGKILL), (status, self.daemon.log()[-3000:])
        return status == 0

    def order(self, *arguments, **params):
        made = self.ledger.order(self.account, *arguments, **params)
        self.orders.append(made)
        return made

    def trade(self, client):
        """What a bot does in its life, with an answer that is lost in the middle of it."""
        client.call("Balance", account=self.account)
        first = self.order()
        scene.place(client, first)
        self.test.exchange.fault("drop_after", account=self.account, endpoint="AddOrder")
        lost = self.order()
        scene.place(client, lost)
        scene.settle(client, lost)
        scene.place(client, self.order("AddOrderBatch", rows=2))
        scene.place(client, self.order(ordertype="market"))
        client.call("CancelOrder", {"txid": first.txids[0]}, account=self.account)


class Kill(scene.TortureTest):
    ACCOUNTS = tuple(f"a{number}" for number in range(WORKERS))

    def setUp(self):
        super().setUp()
        self.daemons = {}
        for account in self.ACCOUNTS:
            self.daemons[account] = self.prepare(account)

    def prepare(self, account):
        """A daemon with one account in its vault, not running."""
        daemon = self.make_daemon(account)
        daemon.start()
        with daemon.admin() as admin:
            admin.result("vault.create", {"passphrase": support.PASSPHRASE})
            admin.result("account.add", self.keys[account].add_params())
        daemon.stop()
        daemon.faulty = scene.FaultySystem(daemon.folder / "faulty")
        return daemon

    def calls_of_a_life(self):
        """How many calls there are at which it can be killed, and proof that one without a kill comes to its end."""
        account = self.ACCOUNTS[0]
        daemon = self.daemons[account]
        daemon.variables = daemon.faulty.variables
        daemon.faulty.order()
        self.assertTrue(Life(self, daemon, account, self.ledger).run(), daemon.log()[-3000:])
        daemon.process = None
        return daemon.faulty.count()

    def kill_again_and_again(self, account, positions):
        kills = 0
        while (position := positions.next()) is not None:
            daemon = self.daemons[account]
            daemon.variables = daemon.faulty.variables
            daemon.faulty.order(kill_at=position, after=bool(position % 2))
            life = Life(self, daemon, account, self.ledger)
            if life.run():
                positions.no_kill()
            else:
                kills += 1
            daemon.process = None
            self.go_on(daemon, account, life, position)
        return kills

    def go_on(self, daemon, account, life, position):
        """Afterwards: started again, it settles what was under way, knows what it placed, and places more."""
        for order in life.orders:
            order.case = f"killed at call {position}:"
        self.clear_faults_of(account)
        daemon.variables = {}
        daemon.start()
        with daemon.admin() as admin, daemon.client() as client:
            admin.result("unlock", {"passphrase": support.PASSPHRASE})
            self.learn(client, life.orders)
            another = self.ledger.order(account)
            scene.place(client, another)
            assert another.fate == "placed", another
            client.result("call", {"endpoint": "CancelAll"})
        daemon.stop()

    def test_at_every_call(self):
        calls = self.calls_of_a_life()
        print(f"  a life has {calls} writes, syncs, sends and receives", flush=True)
        self.assertGreater(calls, 60)
        positions = Positions(self.dice, calls)
        kills = sum(self.at_once(lambda account: self.kill_again_and_again(account, positions), self.ACCOUNTS))
        print(f"  {kills} kills", flush=True)
        self.assertGreater(kills, SHORT_KILLS // 2)
        self.assert_judged()
        scene.survived("kills at a write, sync, send or receive", kills)


if __name__ == "__main__":
    scene.main()
