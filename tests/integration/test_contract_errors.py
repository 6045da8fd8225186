#!/usr/bin/env python3
"""The contract of errors: every code with its category, whether it was executed, whether it may be repeated, and who said no."""

import json
import resource

import support

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
READ, ACT = ("Balance", None), ("AddOrder", ORDER)
# What Kraken says; the code, retryable and executed for a read; the code for a placement.
KRAKEN = (
    ("EAPI:Invalid key", -32010, False, -32010),
    ("EAPI:Invalid signature", -32010, False, -32010),
    ("EGeneral:Permission denied", -32011, False, -32011),
    ("EAPI:Rate limit exceeded", -32013, True, -32013),
    ("EOrder:Rate limit exceeded", -32013, True, -32013),
    ("EOrder:Insufficient funds", -32014, False, -32014),
    ("EOrder:Insufficient margin", -32014, False, -32014),
    ("EOrder:Invalid price", -32015, False, -32015),
    ("EGeneral:Invalid arguments:volume", -32015, False, -32015),
    ("EQuery:Unknown asset pair", -32015, False, -32015),
    ("ETrade:Invalid request", -32015, False, -32015),
    ("EWhat:Nobody knows this", -32015, False, -32017),
    ("EService:Market in cancel_only mode", -32016, True, -32016),
    ("EService:Busy", -32016, True, -32017),
    ("EService:Unavailable", -32016, True, -32017),
    ("EGeneral:Internal error", -32016, True, -32017),
)


class ErrorTest(support.DaemonTest):
    CONFIG = "[retry]\nmax_attempts = 2\nbase_delay_ms = 5\nmax_delay_ms = 10\n[placement]\ndeadline_s = 4\nsettle_s = 1\n"
    KRAKEN = "request_timeout_ms = 1000"

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.client, self.admin = self.daemon.client(), self.daemon.admin()
        self.addCleanup(self.client.close)
        self.addCleanup(self.admin.close)

    def call(self, what, **more):
        return self.client.call(*what, **more)


class FromKraken(ErrorTest):
    def test_every_class_of_refusal(self):
        for text, code, retryable, act_code in KRAKEN:
            for what, expected in ((READ, code), (ACT, act_code)):
                with self.subTest(text, endpoint=what[0]):
                    self.exchange.fault("error", endpoint=what[0], text=text, count=0)
                    # What leaves open whether the order was placed is settled: it is not there.
                    settled = what is ACT and expected == -32017
                    told = {"origin": "daemon"} if settled else {"origin": "kraken", "kraken": [text]}
                    error = self.assert_error(self.call(what), expected, account="alice", executed="no",
                                              retryable=retryable or settled, **told)
                    self.assertTrue(error["data"]["call_id"])
                    self.exchange.clear_faults()
                    if code == -32010:
                        self.admin.result("account.validate", {"name": "alice"})
        self.assertEqual(self.account_orders(), 0)

    def test_permission_names_what_to_tick(self):
        self.exchange.control("POST", "/accounts", {"account": "alice", "key": {
            "api_key": self.keys["alice"].api_key, "permissions": ["query-funds"]}})
        error = self.assert_error(self.call(ACT), -32011, origin="kraken")
        self.assertIn("Create & modify orders", error["data"]["remedy"])
        self.assertIn("result", self.call(READ))

    def test_several_errors_at_once(self):
        self.exchange.fault("error", endpoint="Balance", text="EService:Throttled: 1")
        self.assertIn("result", self.call(READ), "a read waits and is repeated")

    def test_nonce(self):
        self.exchange.fault("error", endpoint="Balance", text="EAPI:Invalid nonce", count=0)
        error = self.assert_error(self.call(READ), -32012, executed="no", origin="kraken", kraken=["EAPI:Invalid nonce"])
        self.assertTrue(error["data"]["remedy"])

    def test_lockout_says_until_when(self):
        self.exchange.fault("lockout", endpoint="Balance")
        first = self.assert_error(self.call(READ), -32021, executed="no", origin="kraken")
        second = self.assert_error(self.call(READ), -32021, executed="no")
        for error in (first, second):
            self.assertRegex(error["data"]["until"], r"^\d{4}-\d\d-\d\dT")
            self.assertTrue(error["data"]["remedy"])

    def test_throttled_says_after_how_long(self):
        self.exchange.fault("throttled", endpoint="AddOrder", retry_after_s=3)
        error = self.assert_error(self.call(ACT), -32013, executed="no", retryable=True, origin="kraken")
        self.assertTrue(0 < error["data"]["retry_after_ms"] <= 10_000, error)


class Network(ErrorTest):
    def test_no_usable_answer_to_a_read(self):
        for kind, members in (("drop_before", {}), ("garbage", {}), ("truncate", {}), ("status", {"status": 502})):
            with self.subTest(kind):
                self.exchange.fault(kind, endpoint="Balance", count=0, **members)
                self.assert_error(self.call(READ), -32017, executed="no", retryable=True, origin="daemon", account="alice")
                self.exchange.clear_faults()

    def test_not_sent(self):
        refuse = self.exchange.fault("refuse")
        self.exchange.fault("close_now")
        for what in (READ, ACT):
            self.assert_error(self.call(what, timeout_ms=3000), -32017, executed="no", retryable=True, origin="daemon")
        self.exchange.control("DELETE", f"/faults?id={refuse}")

    def test_outcome_unknown(self):
        for kind, members, executed in (("drop_before", {}, 0), ("drop_after", {}, 1), ("status", {"status": 520, "executed": True}, 1)):
            orders = self.account_orders()
            self.exchange.fault(kind, endpoint="AddOrder", **members)
            # What was executed is found at once; that nothing was takes until the deadline to prove.
            reply = self.call(ACT, timeout_ms=30_000 if executed else 800)
            if executed:
                self.assertEqual(len(reply["result"]["txid"]), 1)
            else:
                error = self.assert_error(reply, -32019, executed="unknown", retryable=False, account="alice")
                self.assertIn("do not repeat", error["data"]["remedy"])
                known = self.client.result("intent.wait", {"id": error["data"]["intent"]})
                self.assertEqual(known["state"], "not_placed")
            self.assertEqual(self.account_orders(), orders + executed)


class OurOwn(ErrorTest):
    ACCOUNTS = ("alice", "bob")

    def test_json_rpc(self):
        for text, code in (('{"jsonrpc"', -32700), ('{"jsonrpc":"2.0","id":1}', -32600), ('{"jsonrpc":"2.0","id":1,"method":"x"}', -32601),
                           ('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":1}}', -32602)):
            for one in (self.client, self.admin):
                error = self.assert_error(one.reply(text), code, executed="no", retryable=False, origin="daemon")
                self.assertTrue(error["data"]["call_id"])
                self.assertEqual(set(error), {"code", "message", "data"})

    def test_forbidden_names_the_rule(self):
        error = self.assert_error(self.client.call("Withdraw", account="alice"), -32003, executed="no", retryable=False, origin="daemon")
        self.assertTrue(error["data"]["rule"])

    def test_unknown_account(self):
        for account in ({}, {"account": "nobody"}):
            self.assert_error(self.client.call("Balance", **account), -32004, executed="no", retryable=False, origin="daemon",
                              accounts=["alice", "bob"])

    def test_unknown_endpoint(self):
        self.assert_error(self.client.call("Balanse"), -32005, executed="no", retryable=False, origin="daemon")

    def test_passphrase(self):
        error = self.assert_error(self.admin.request("unlock", {"passphrase": "wrong"}), -32006, executed="no", retryable=False)
        self.assertEqual(error["message"], "wrong passphrase or corrupted secrets file")

    def test_locked(self):
        self.admin.result("lock")
        self.assert_error(self.client.call("Balance", account="alice"), -32001, executed="no", state="locked", retryable=False)

    def test_call_ids_stand_in_the_log(self):
        for reply in (self.client.call("Balance"), self.client.request("no.such"), self.admin.request("unlock", {"passphrase": "wrong"}),
                      self.client.call("Balanse")):
            call_id = reply["error"]["data"]["call_id"]
            self.assert_logged(call_id)

    def test_message_is_one_sentence(self):
        for reply in (self.client.call("Balance"), self.client.request("no.such"), self.admin.request("unlock", {"passphrase": "wrong"})):
            message = reply["error"]["message"]
            self.assertNotIn("\n", message)
            self.assertFalse(message.endswith("."))


class Capabilities(support.SharedTest):
    """What the profile does not allow is not done: forbidden, with data.rule."""

    def refused(self, endpoint, params, account=None):
        sent = len(self.exchange.journal())
        error = self.assert_error(self.client.call(endpoint, params), -32003, executed="no", retryable=False, origin="daemon")
        self.assertEqual(len(self.exchange.journal()), sent)
        return error["data"]["rule"]

    def test_margin(self):
        for more in ({"leverage": "2:1"}, {"leverage": 2}, {"reduce_only": True}):
            self.assertIn("margin", self.refused("AddOrder", {**ORDER, **more}))
        self.assertIn("margin", self.refused("AddOrder", {**ORDER, "ordertype": "settle-position"}))

    def test_margin_inside_a_batch_and_a_conditional_close(self):
        order = {name: ORDER[name] for name in ORDER if name != "pair"}
        self.assertIn("margin", self.refused("AddOrderBatch", {"pair": "XBTUSD", "orders": [order, {**order, "leverage": "2:1"}]}))
        self.assertIn("margin", self.refused("AddOrder", {**ORDER, "close[ordertype]": "settle-position", "close[price]": "1"}))

    def test_earn_that_only_reads_is_allowed(self):
        self.assertNotEqual(self.client.call("Earn/Strategies").get("error", {}).get("code"), -32003)
        self.assertTrue(self.refused("Earn/Allocate", {"strategy_id": "x", "amount": "1"}))

    def test_without_leverage_it_is_done(self):
        for more in ({}, {"leverage": "none"}, {"reduce_only": False}):
            self.assertNotEqual(self.client.call("AddOrder", {**ORDER, **more, "validate": True}).get("error", {}).get("code"), -32003)


class WithMargin(support.SharedTest):
    CONFIG = "[capabilities]\nsupports_margin = true\n"

    def test_leverage_is_done(self):
        self.assertIn("result", self.client.call("AddOrder", {**ORDER, "leverage": "2:1", "validate": True}))
        self.assertTrue(self.client.result("profile")["capabilities"]["supports_margin"])


class Overload(support.DaemonTest):
    CONFIG = "[socket]\nmax_clients = 2\n"

    def test_too_many_clients(self):
        with self.daemon.client() as first, self.daemon.client() as second:
            def full():
                try:
                    return first.result("ping") == second.result("ping") == "pong"
                except (AssertionError, OSError):
                    return False
            support.wait_for(full)
            with self.daemon.client() as third:
                reply = json.loads(third.line())
                self.assertIsNone(reply["id"])
                error = self.assert_error(reply, -32020, executed="no", retryable=True, origin="daemon")
                self.assertTrue(error["data"]["call_id"])
                self.assertIsNone(third.line())


class FullQueue(support.DaemonTest):
    def test_a_queue_that_is_full(self):
        self.set_up_vault()
        self.exchange.fault("half_open", endpoint="OpenOrders", count=0)
        # One connection has at most 64 requests under way, so it takes several to fill a queue of 256. No two are equal, which
        # would be one request.
        clients = [self.daemon.client() for _ in range(6)]
        for number, client in enumerate(clients):
            self.addCleanup(client.close)
            client.send("".join('{"jsonrpc":"2.0","id":%d,"method":"call","params":{"endpoint":"OpenOrders","params":{"userref":%d},'
                                '"timeout_ms":1500}}\n' % (request, 64 * number + request) for request in range(64)))
        errors = [json.loads(client.line())["error"] for client in clients for _ in range(64)]
        refused = [error for error in errors if error["code"] == -32020]
        self.assertGreaterEqual(len(refused), 6 * 64 - 256 - 1)
        for error in refused:
            self.assert_error(error, -32020, executed="no", retryable=True, origin="daemon", account="alice")


class Storage(support.DaemonTest):
    LEVEL = "warn"  # so that the log, which is a file too, stays below the limit

    def test_nothing_is_sent(self):
        self.set_up_vault()
        self.daemon.stop()
        self.daemon.start()
        resource.prlimit(self.daemon.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        self.unlock()
        sent = len(self.exchange.journal("AddOrder"))
        with self.daemon.client() as client:
            error = self.assert_error(client.call(*ACT), -32023, executed="no", origin="daemon")
            self.assertTrue(error["data"]["remedy"])
            self.assertEqual(client.result("status")["accounts"][0]["state"], "storage_failed")
        self.assertEqual(len(self.exchange.journal("AddOrder")), sent)


if __name__ == "__main__":
    support.main()
