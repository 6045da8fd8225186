#!/usr/bin/env python3
"""Who goes when: a cancel does not wait for a slow read, and an operator sees who waits."""

import json
import time

import support

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
QUICK = 2  # seconds; the slow reads take longer


class Lanes(support.DaemonTest):
    KRAKEN = "request_timeout_ms = 20000"

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.reader = self.daemon.client()
        self.trader = self.daemon.client()
        self.addCleanup(self.reader.close)
        self.addCleanup(self.trader.close)

    def account(self):
        with self.daemon.admin() as admin:
            return admin.result("status")["accounts"][0]

    def begin(self, client, endpoint, params=None):
        request = {"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"endpoint": endpoint, "params": params or {}}}
        client.send(json.dumps(request) + "\n")

    def begin_slow_read(self):
        before = len(self.exchange.journal("Balance"))
        self.begin(self.reader, "Balance")
        support.wait_for(lambda: len(self.exchange.journal("Balance")) > before)

    def test_a_cancel_does_not_wait_for_a_slow_read(self):
        for kind, members in (("half_open", {}), ("half_open", {"executed": True}), ("delay", {"delay_after_ms": 5000})):
            with self.subTest(kind, **members):
                order = self.trader.call("AddOrder", ORDER)["result"]["txid"][0]
                self.exchange.fault(kind, endpoint="Balance", **members)
                self.begin_slow_read()
                begun = time.monotonic()
                cancelled = self.trader.call("CancelOrder", {"txid": order})
                took = time.monotonic() - begun
                self.assertEqual(cancelled["result"]["count"], 1)
                self.assertGreater(took, 0.2)
                self.assertLess(took, QUICK)
                read = json.loads(self.reader.line())
                self.assertEqual(read["result"]["XXBT"], "1000.0000000000", "it was made again")
                self.assertLess(time.monotonic() - begun, 2 * QUICK)
        self.assertEqual(self.exchange.audit()["nonces_refused"], 0)
        self.assertEqual(self.account()["errors"], 0)
        self.assert_rising()

    def test_a_placement_waits_for_a_read(self):
        self.exchange.fault("delay", endpoint="Balance", delay_after_ms=800)
        self.begin_slow_read()
        self.assertIn("result", self.trader.call("AddOrder", ORDER))
        self.assertIn("result", json.loads(self.reader.line()))
        self.assertEqual(len(self.exchange.journal("Balance")), 2, "validation's, and one that was not given up")

    def test_status_shows_who_waits(self):
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=1500)
        self.begin(self.trader, "AddOrder", ORDER)
        support.wait_for(lambda: self.account()["in_flight"])
        for endpoint, params in (("Balance", {}), ("Ledgers", {}), ("AddOrder", ORDER), ("CancelAllOrdersAfter", {"timeout": "0"})):
            self.begin(self.reader, endpoint, params)
        support.wait_for(lambda: self.account()["queued"] == 4)
        shown = self.account()
        self.assertEqual(shown["waiting"], {"cancels": 1, "placements": 1, "reads": 2})
        self.assertEqual(shown["in_flight"], 1)
        self.begin(self.trader, "CancelAll")  # the order that waits is not wanted any more
        support.wait_for(lambda: self.account()["waiting"]["placements"] == 0)
        for _ in range(4):
            self.reader.line()
        support.wait_for(lambda: self.account()["queued"] == 0)
        self.assertEqual(len(self.exchange.journal("AddOrder")), 1)


if __name__ == "__main__":
    support.main()
