#!/usr/bin/env python3
"""The power is cut while orders are placed: what was not synced is gone. Afterwards no nonce is at or below one that was used, and no
order was executed of which the daemon knows nothing.

The state folder lies on a file system in an image file. The daemon is stopped between two instructions, the image is copied as it
is at that moment, and the daemon is started again on the copy: just what a disk holds after a power cut. The clock was ahead, and
is right after the cut, so that nothing but the durable bound keeps nonces rising.
"""

import glob
import json
import pathlib
import signal
import threading

import disks
import scene
import support

CUTS = 200 if scene.LONG else 5
AHEAD_S = 20
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")


class Bot(threading.Thread):
    """Places orders on one account until the daemon is gone."""

    def __init__(self, test, account):
        super().__init__()
        self.test, self.account = test, account
        self.failure = None
        self.orders = []

    def run(self):
        try:
            with self.test.daemon.client() as client:
                while True:
                    order = self.test.ledger.order(self.account, ordertype="market")
                    self.orders.append(order)
                    params = {"endpoint": "AddOrder", "account": self.account, "params": order.params, "max_wait_ms": 20000}
                    line = client.ask(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "call", "params": params}))
                    if line is None:
                        return
                    order.told(json.loads(line))
        except OSError:
            pass  # the daemon is gone
        except BaseException as failure:  # told by the test's own thread
            self.failure = failure


class PowerCut(scene.TortureTest):
    ACCOUNTS = tuple(f"a{number}" for number in range(8))

    def setUp(self):
        super().setUp()
        self.assertTrue(FAKETIME, "faketime is not installed; run: packaging/install-build-packages")
        self.daemon.stop()
        disks.need_mounts(self)
        self.disk = disks.Disk(self, "disk")
        self.disk.make()
        self.disk.mount()
        self.addCleanup(self.daemon.stop)  # before its disk is unmounted
        self.daemon.state_dir = self.disk.place / "state"
        self.clock = self.folder / "clock"
        self.set_clock(AHEAD_S)
        self.faulty = scene.FaultySystem(self.folder / "faulty")
        preloaded = f"{FAKETIME[0]} {self.faulty.variables['LD_PRELOAD']}"
        self.daemon.variables = {**self.faulty.variables, "LD_PRELOAD": preloaded, "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                                 "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.daemon.start()
        self.set_up_vault()
        self.exchange.fault("drop_after", endpoint="AddOrder", count=0, probability=0.05)

    def set_clock(self, seconds):
        fresh = self.folder / "clock.new"
        fresh.write_text(f"{seconds:+d}")
        fresh.rename(self.clock)

    def trade_until_cut(self):
        """Returns the orders of which nobody was told the end."""
        bots = [Bot(self, account) for account in self.ACCOUNTS]
        before = self.executed()
        for bot in bots:
            bot.start()
        try:
            support.wait_for(lambda: self.executed() >= before + self.dice.randrange(10, 80))
        finally:
            self.cut()
            for bot in bots:
                bot.join(support.PATIENCE)
        self.assertEqual([bot.failure for bot in bots if bot.failure or bot.is_alive()], [])
        return [order for bot in bots for order in bot.orders]

    def executed(self):
        return sum(self.exchange.state()["orders_executed"].values())

    def cut(self):
        """Stops it, takes what is on the disk at this moment, and kills it."""
        process = self.daemon.process
        process.send_signal(signal.SIGSTOP)
        threads = pathlib.Path("/proc", str(process.pid), "task")
        support.wait_for(lambda: all((each / "stat").read_text().rsplit(")")[-1].split()[0] in "Tt" for each in threads.iterdir()),
                         said="it does not stop")
        copy = self.folder / "copy.img"
        disks.run("cp", "--sparse=always", self.disk.image, copy)
        self.daemon.kill()
        self.daemon.process = None
        self.disk.unmount()
        copy.rename(self.disk.image)

    def power_on(self):
        """The daemon on what is left, with the clock right."""
        support.wait_for(lambda: not [key for key in self.exchange.state()["keys"] if key["in_flight"]])
        self.disk.mount()
        self.daemon.start()
        self.unlock()

    def check(self, orders):
        """It knows every order that was executed."""
        with self.daemon.client() as client:
            self.learn(client, orders)
            known = {volumes for volumes, intent in self.intents(client).items() if intent["state"] == "placed"}
            for account in self.ACCOUNTS:
                self.assertIn("result", client.call("Balance", account=account))
        return [f"no intent of {order}" for order in orders if order.fate == "placed" and order.volumes() not in known]

    def test_cuts(self):
        for cut in range(CUTS):
            self.set_clock(AHEAD_S)
            orders = self.trade_until_cut()
            self.set_clock(0)
            self.power_on()
            self.assertEqual(self.check(orders), [], f"cut {cut}")
            self.assert_judged()
        print(f"  {self.executed()} orders, {CUTS} cuts", flush=True)
        scene.survived("power cuts while orders are placed", CUTS)

    def test_the_control_without_syncing_fails(self):
        """Were nothing synced, the test would see it: or else it is worth nothing."""
        self.daemon.stop()
        disks.run("sync", "-f", self.disk.place)
        self.faulty.order(syncing=scene.FaultySystem.LIES)
        self.daemon.start()
        self.unlock()
        orders = self.trade_until_cut()
        self.set_clock(0)
        self.power_on()
        self.check(orders)
        self.assertTrue(self.judge.nonces(self.ACCOUNTS), "nonces must have been wrong")
        self.assertTrue(self.judge.orders(self.ACCOUNTS), "orders must have been lost")


if __name__ == "__main__":
    disks.main()
