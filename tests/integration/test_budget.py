#!/usr/bin/env python3
"""Calls wait, or are refused here, rather than exceed Kraken's limits; equal reads are one; a closed market is not run against."""

import json
import threading
import time

import support

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
UNKNOWN_ORDER = {"txid": "OAAAAA-BBBBB-CCCCCC"}


class BudgetTest(support.DaemonTest):
    CONFIG = '[rate]\nmodel = "kraken"\n[accounts.alice]\ntier = "starter"\n'

    def make_key(self, name):
        return support.Key(name, tier="starter")

    def setUp(self):
        super().setUp()
        self.exchange.switch(rest_cost={})
        self.set_up_vault()
        self.client = self.daemon.client()
        self.addCleanup(self.client.close)

    def read_many(self, count, max_wait_ms):
        """So many reads at once, no two of them equal; their replies."""
        with self.daemon.client() as client:
            for number in range(count):
                client.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": "call", "params": {
                    "endpoint": "OpenOrders", "params": {"userref": threading.get_ident() % 10**6 * 1000 + number},
                    "max_wait_ms": max_wait_ms}}) + "\n")
            return [json.loads(client.line()) for _ in range(count)]

    def assert_no_rate_refusal(self):
        """At Kraken; those of the daemon are none of its business."""
        errors = {error for entry in self.exchange.journal() for error in entry["errors"]}
        self.assertFalse({error for error in errors if "Rate limit" in error or "Too many" in error}, errors)

    def spend(self):
        """Until nothing more fits at once."""
        for number in range(30):
            if "error" in self.client.call("OpenOrders", {"userref": number}, max_wait_ms=0):
                return
        self.fail("there is no end of it")

    def test_a_burst_of_reads_never_exceeds_the_limit(self):
        begun = time.monotonic()
        replies = self.read_many(60, 4000)
        done = [reply for reply in replies if "result" in reply]
        for reply in replies:
            if "error" in reply:
                error = self.assert_error(reply, -32013, executed="no", origin="daemon", retryable=True)
                self.assertGreater(error["data"]["retry_after_ms"], 0)
        # Two points went to the check of the key; a point comes back in 3 s.
        fit = 11 + (time.monotonic() - begun) * 0.33 + 1
        self.assertTrue(11 <= len(done) <= fit, (len(done), fit))
        self.assertEqual(len(self.exchange.journal("OpenOrders")), len(done))
        self.assert_no_rate_refusal()

    def test_bots_share_the_budget_by_turns(self):
        counts = []

        def read():
            counts.append(sum("result" in reply for reply in self.read_many(20, 2500)))

        bots = [threading.Thread(target=read) for _ in range(3)]
        for bot in bots:
            bot.start()
        for bot in bots:
            bot.join()
        self.assertTrue(11 <= sum(counts) <= 15, counts)
        self.assert_no_rate_refusal()

    def test_now_or_not_at_all(self):
        self.spend()
        before = len(self.exchange.journal("Balance"))
        begun = time.monotonic()
        error = self.assert_error(self.client.call("Balance", max_wait_ms=0), -32013, executed="no", origin="daemon",
                                  retryable=True, account="alice")
        self.assertTrue(0 < error["data"]["retry_after_ms"] <= 4000, error)
        self.assertLess(time.monotonic() - begun, 2)
        self.assertEqual(len(self.exchange.journal("Balance")), before)
        self.assertIn("result", self.client.call("Balance", max_wait_ms=9000))
        self.assert_no_rate_refusal()

    def test_cancels_and_placements_do_not_wait_for_reads(self):
        self.spend()
        self.assert_error(self.client.call("CancelOrder", UNKNOWN_ORDER, max_wait_ms=0), -32015, origin="kraken")
        self.assertIn("result", self.client.call("CancelAll", max_wait_ms=0))
        self.assertIn("result", self.client.call("AddOrder", ORDER, max_wait_ms=0))
        self.assert_no_rate_refusal()

    def test_status_shows_the_counters(self):
        self.assertIn("result", self.client.call("AddOrder", ORDER))
        self.client.call("Ledgers")
        status = self.client.result("status")
        budget = status["accounts"][0]["budget"]
        (key, rest), = budget["rest"].items()
        self.assertEqual(key, self.client.result("account.list")[0]["keys"][0]["key"])
        self.assertEqual((rest["limit"], rest["decay_per_s"]), (15, 0.33))
        self.assertGreater(rest["used"], 0)
        self.assertEqual(set(budget["pairs"]), {"XBTUSD"})
        self.assertLessEqual(budget["pairs"]["XBTUSD"]["used"], 1)
        self.assertEqual(status["public_budget"]["decay_per_s"], 1)
        self.assertIn("of 15 calls", self.daemon.ctl("status")[1])

    def test_equal_reads_at_once_are_one(self):
        before = len(self.exchange.journal("Balance"))
        self.exchange.fault("delay", endpoint="Balance", delay_after_ms=500)
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"endpoint": "Balance"}}) + "\n"
        clients = [self.daemon.client() for _ in range(20)]
        for client in clients:
            self.addCleanup(client.close)
            client.send(line)
        replies = {client.line() for client in clients}
        self.assertEqual(len(replies), 1)
        self.assertIn("result", json.loads(replies.pop()))
        self.assertEqual(len(self.exchange.journal("Balance")), before + 1)

    def test_a_closed_market_is_tried_from_time_to_time(self):
        self.exchange.switch(system_status="cancel_only")
        self.assert_error(self.client.call("AddOrder", ORDER), -32016, origin="kraken", executed="no")
        error = self.assert_error(self.client.call("AddOrder", ORDER), -32016, origin="daemon", executed="no", retryable=True)
        self.assertTrue(0 < error["data"]["retry_after_ms"] <= 1000, error)
        self.assertEqual(len(self.exchange.journal("AddOrder")), 1)
        self.assert_error(self.client.call("CancelOrder", UNKNOWN_ORDER), -32015, origin="kraken")
        self.exchange.switch(system_status="online")
        support.wait_for(lambda: "result" in self.client.call("AddOrder", ORDER), said="it stays closed", every=0.2)
        self.assertIn("result", self.client.call("AddOrder", ORDER))

    def test_system_status_opens_it_at_once(self):
        self.exchange.switch(system_status="cancel_only")
        self.assertEqual(self.client.call("SystemStatus")["result"]["status"], "cancel_only")
        self.assert_error(self.client.call("AddOrder", ORDER), -32016, origin="daemon", executed="no")
        self.exchange.switch(system_status="online")
        self.assertEqual(self.client.call("SystemStatus")["result"]["status"], "online")
        self.assertIn("result", self.client.call("AddOrder", ORDER))


if __name__ == "__main__":
    support.main()
