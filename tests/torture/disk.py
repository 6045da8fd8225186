#!/usr/bin/env python3
"""The disk is full, read-only, or fails to sync: from then on private calls are refused (storage) before anything of them is sent, and
public ones go on. An order that is under way at that moment is not reported as not placed if it was executed. After a restart on a
disk that is well everything is settled.
"""

import threading

import disks
import scene
import support


class Full:
    """A file system in memory without a byte left."""

    def prepare(self, test):
        self.disk = disks.Disk(test, "disk")
        self.disk.mount_in_memory(1024)
        test.daemon.state_dir = self.disk.place / "state"

    def fail(self):
        try:
            with open(self.disk.place / "filler", "wb", buffering=0) as filler:
                while filler.write(bytes(4096)):
                    pass
        except OSError:
            pass

    def mend(self):
        (self.disk.place / "filler").unlink()


class FullImage(Full):
    """The same on a disk."""

    def prepare(self, test):
        self.disk = disks.Disk(test, "disk")
        self.disk.make(16)
        self.disk.mount()
        test.daemon.state_dir = self.disk.place / "state"


class ReadOnly(FullImage):
    """The kernel has found an error, and made the file system read-only."""

    def fail(self):
        self.disk.break_it()

    def mend(self):
        self.disk.unmount()
        disks.run("fsck.ext4", "-p", "-f", self.disk.image, allowed=(0, 1))
        self.disk.mount()


class NoSync:
    """Every fsync fails, as when a disk reports that it could not write."""

    def prepare(self, test):
        self.faulty = scene.FaultySystem(test.folder / "faulty")
        test.daemon.variables = self.faulty.variables

    def fail(self):
        self.faulty.order(syncing=scene.FaultySystem.FAILS)

    def mend(self):
        self.faulty.order(armed=False)


class DiskTest(scene.TortureTest):
    ACCOUNTS = ("alice", "bob")
    ENOUGH = 2000  # orders until a disk that is full must have been noticed

    def torture(self, trouble, while_under_way=False):
        self.daemon.stop()
        if not isinstance(trouble, NoSync):
            disks.need_mounts(self)
        trouble.prepare(self)
        self.addCleanup(self.daemon.stop)  # before its disk is unmounted
        self.daemon.start()
        self.set_up_vault()
        with self.daemon.client() as client:
            self.place(client)
            if while_under_way:
                self.fail_under_way(trouble)
            else:
                trouble.fail()
            self.trade_until_refused(client)
            self.check_refused(client)
        self.daemon.kill()
        self.daemon.process = None
        trouble.mend()
        self.daemon.start()
        self.unlock()
        with self.daemon.client() as client:
            self.learn(client, self.ledger.of("alice") + self.ledger.of("bob"))
            self.assertEqual(self.place(client).fate, "placed")
        self.assert_judged()
        scene.survived(f"disk: {type(trouble).__name__}", 1)

    def place(self, client, account="alice", **params):
        order = self.ledger.order(account, **params)
        scene.place(client, order)
        return order

    def fail_under_way(self, trouble):
        """Between the intent of an order and its end."""
        last = self.exchange.state()["requests"]
        self.exchange.fault("delay", endpoint="AddOrder", account="bob", delay_before_ms=200, delay_after_ms=500)
        self.late = self.ledger.order("bob")

        def bot():
            with self.daemon.client() as client:
                scene.place(client, self.late)

        under_way = threading.Thread(target=bot)
        under_way.start()
        support.wait_for(lambda: self.exchange.journal("AddOrder", since=last))
        trouble.fail()
        under_way.join(support.PATIENCE)
        self.assertIn(self.late.fate, ("placed", "unknown"), self.late)

    def trade_until_refused(self, client):
        """The first order that cannot be written down is refused, and not sent."""
        for _ in range(self.ENOUGH):
            last = self.exchange.state()["requests"]
            order = self.place(client, ordertype="market")
            if "error" in order.reply and order.reply["error"]["code"] == -32023:
                self.assert_error(order.reply, -32023, executed="no")
                self.assertEqual(self.exchange.journal("AddOrder", since=last), [])
                return
        self.fail("the disk's failure was never noticed")

    def check_refused(self, client):
        """From then on, everything that needs a nonce; and nothing else."""
        last = self.exchange.state()["requests"]
        for account in self.ACCOUNTS:
            for endpoint, params in (("AddOrder", self.ledger.order(account).params), ("Balance", None), ("CancelAll", None)):
                self.assert_error(client.call(endpoint, params, account=account), -32023, executed="no")
        self.assertEqual([entry for entry in self.exchange.journal(since=last) if entry["account"]], [], "nothing private was sent")
        for endpoint, params in (("Time", None), ("Ticker", {"pair": "XBTUSD"})):
            self.assertIn("result", client.call(endpoint, params))
        self.assertEqual({account["state"] for account in client.result("status")["accounts"]}, {"storage_failed"})

    def test_full(self):
        self.torture(Full())

    def test_full_image(self):
        self.torture(FullImage())

    def test_read_only(self):
        self.torture(ReadOnly())

    def test_failing_sync(self):
        self.torture(NoSync())

    def test_full_while_an_order_is_under_way(self):
        self.torture(FullImage(), while_under_way=True)

    def test_read_only_while_an_order_is_under_way(self):
        self.torture(ReadOnly(), while_under_way=True)

    def test_failing_sync_while_an_order_is_under_way(self):
        self.torture(NoSync(), while_under_way=True)


if __name__ == "__main__":
    disks.main()
