#!/usr/bin/env python3
"""Trouble at Kraken or on the way there: reads are repeated, placements never, and nobody is told what is not known."""

import support
from canned_server import CannedServer

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}

# kind, members, executed at the exchange, code that a placement gets (None: success)
FAULTS = (
    ("delay", {"delay_before_ms": 50, "delay_after_ms": 50}, True, None),
    ("drop_before", {}, False, -32017),
    ("drop_after", {}, True, None),
    ("reset", {}, True, None),
    ("reset", {"bytes": 1}, True, None),
    ("status", {"status": 502}, False, -32017),
    ("status", {"status": 502, "executed": True}, True, None),
    ("status", {"status": 503}, False, -32017),
    ("status", {"status": 504, "executed": True}, True, None),
    ("status", {"status": 520, "executed": True}, True, None),
    ("truncate", {}, True, None),
    ("truncate", {"full_length": True}, True, None),
    ("truncate", {"bytes": 1}, True, None),
    ("garbage", {}, True, None),
    ("slow_drip", {"bytes": 20, "interval_ms": 5}, True, None),
    ("close_after_reply", {}, True, None),
    ("half_open", {}, False, -32017),
    ("half_open", {"executed": True}, True, None),
    ("busy", {}, False, -32017),
    ("busy", {"executed": True}, True, None),
    ("unavailable", {}, False, -32017),
    ("error", {"text": "EGeneral:Internal error"}, False, -32017),
    ("error", {"text": "EGeneral:Internal error", "executed": True}, True, None),
    ("error", {"text": "EWhat:No such text", "executed": True}, True, None),
    ("error", {"text": "EOrder:Insufficient funds"}, False, -32014),
    ("error", {"text": "EOrder:Rate limit exceeded"}, False, -32013),
    ("error", {"text": "EService:Market in post_only mode"}, False, -32016),
    ("throttled", {"retry_after_s": 1}, False, -32013),
)
# Errors of Kraken's that are no trouble of the moment, so that a read gets them too.
FINAL = ("EWhat", "EOrder:Insufficient")


def is_final(members):
    return members.get("text", "").startswith(FINAL)


class FaultTest(support.DaemonTest):
    CONFIG = "[retry]\nbase_delay_ms = 10\nmax_delay_ms = 50\n[placement]\ndeadline_s = 4\nsettle_s = 1\n"
    KRAKEN = "request_timeout_ms = 1500"

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.client = self.daemon.client()
        self.addCleanup(self.client.close)

    def count(self, endpoint):
        return len(self.exchange.journal(endpoint))

    def assert_order_works(self):
        before = self.count("AddOrder"), self.account_orders()
        self.assertIn("result", self.client.call("AddOrder", ORDER))
        self.assertEqual((self.count("AddOrder"), self.account_orders()), (before[0] + 1, before[1] + 1))


class Reads(FaultTest):
    def test_one_fault_is_overcome(self):
        for kind, members, _, _ in FAULTS:
            if is_final(members):
                continue
            with self.subTest(kind, **members):
                self.exchange.fault(kind, endpoint="Balance", **members)
                reply = self.client.call("Balance")
                self.assertEqual(reply.get("result", {}).get("XXBT"), "1000.0000000000", reply)
        self.assertEqual(self.exchange.audit()["nonces_refused"], 0)

    def test_lasting_faults_end(self):
        cases = (("drop_before", {}, -32017), ("status", {"status": 502}, -32017), ("garbage", {}, -32017), ("truncate", {}, -32017),
                 ("busy", {}, -32016), ("unavailable", {}, -32016), ("error", {"text": "EAPI:Rate limit exceeded"}, -32013))
        for kind, members, code in cases:
            with self.subTest(kind, **members):
                before = self.count("Balance")
                self.exchange.fault(kind, endpoint="Balance", count=0, **members)
                error = self.assert_error(self.client.call("Balance"), code, executed="no")
                self.assertTrue(error["data"]["retryable"])
                self.assertEqual(self.count("Balance"), before + 4, "as [retry] max_attempts says")
                self.exchange.clear_faults()
                self.assertIn("result", self.client.call("Balance"))

    def test_final_errors_are_not_repeated(self):
        for text, code in (("EQuery:Unknown asset", -32015), ("EGeneral:Permission denied", -32011), ("EGeneral:Temporary lockout", -32021)):
            with self.subTest(text):
                before = self.count("OpenOrders")
                self.exchange.fault("error", endpoint="OpenOrders", text=text)
                self.assert_error(self.client.call("OpenOrders"), code, executed="no", kraken=[text])
                self.assertEqual(self.count("OpenOrders"), before + 1)


class Placements(FaultTest):
    def test_sent_once_whatever_happens(self):
        for kind, members, executed, code in FAULTS:
            with self.subTest(kind, **members):
                before, orders = self.count("AddOrder"), self.account_orders()
                self.exchange.fault(kind, endpoint="AddOrder", **members)
                reply = self.client.call("AddOrder", ORDER)
                self.assertEqual(self.count("AddOrder"), before + 1, "sent exactly once")
                self.assertEqual(self.account_orders(), orders + executed)
                if code is None:
                    self.assertEqual(len(reply["result"]["txid"]), 1)
                elif code == -32017:
                    self.assert_error(reply, code, executed="no", retryable=True)
                else:
                    self.assert_error(reply, code, executed="no", origin="kraken")
                self.assertIn("result", self.client.call("Balance"), "and all is well again")
        self.assertEqual(self.count("AddOrder"), len(FAULTS))
        self.assertEqual(self.exchange.audit()["nonces_refused"], 0)

    def test_the_command_line_says_so(self):
        arguments = ["call", "AddOrder", *(f"{name}={value}" for name, value in ORDER.items())]
        self.exchange.fault("drop_before", endpoint="AddOrder")
        self.assertEqual(self.daemon.ctl(*arguments, "--timeout-ms", "800")[0], 5)
        self.exchange.fault("error", endpoint="AddOrder", text="EOrder:Insufficient funds")
        self.assertEqual(self.daemon.ctl(*arguments)[0], 1)
        self.exchange.fault("throttled", endpoint="AddOrder", retry_after_s=1)
        self.assertEqual(self.daemon.ctl(*arguments)[0], 75)
        self.assertEqual(self.count("AddOrder"), 3)

    def test_late_duplicate_is_refused_by_the_nonce(self):
        self.exchange.fault("duplicate", endpoint="AddOrder", duplicate_ms=1)
        self.assertIn("result", self.client.call("AddOrder", ORDER))
        support.wait_for(lambda: self.count("AddOrder") == 2)
        self.assertEqual(self.account_orders(), 1)
        self.assertIn("result", self.client.call("Balance"))

    def test_batches_and_amends_are_sent_once_too(self):
        [order] = self.client.call("AddOrder", ORDER)["result"]["txid"]
        for endpoint, params in (("AddOrderBatch", {"pair": "XBTUSD", "orders": [{key: ORDER[key] for key in ORDER if key != "pair"}] * 2}),
                                 ("AmendOrder", {"txid": order, "limit_price": "10001.0"}),
                                 ("EditOrder", {"txid": order, "pair": "XBTUSD", "price": "10002.0"})):
            self.exchange.fault("drop_after", endpoint=endpoint)
            self.assertIn("result", self.client.call(endpoint, params), "found, and told as if nothing had happened")
            self.assertEqual(self.count(endpoint), 1)

    def test_cancels_may_be_repeated(self):
        [order] = self.client.call("AddOrder", ORDER)["result"]["txid"]
        self.exchange.fault("drop_before", endpoint="CancelOrder")
        self.assertEqual(self.client.call("CancelOrder", {"txid": order})["result"]["count"], 1)


class Connections(FaultTest):
    def test_kept_alive_connections_that_the_server_closes(self):
        def until_noticed(act):
            before = self.daemon.log().count("event=upstream.closed")
            act()
            support.wait_for(lambda: self.daemon.log().count("event=upstream.closed") > before)

        for _ in range(15):
            until_noticed(lambda: self.exchange.fault("close_now"))
            self.assert_order_works()
            self.exchange.fault("close_after_reply")
            until_noticed(self.assert_order_works)
            self.assert_order_works()
        self.assertEqual(self.account_orders(), 45)

    def test_idle_connections_that_the_server_closes(self):
        fault = self.exchange.fault("close_idle", idle_ms=1)
        placed, lost = 0, []
        for _ in range(20):
            reply = self.client.call("AddOrder", ORDER, timeout_ms=3000)
            # The close may cross the request on its way: then it is not repeated, but looked up. On a slow machine
            # the closes cross the look-ups, too, for as long as they last.
            if "result" in reply:
                placed += 1
            elif reply["error"]["code"] == -32019:
                lost.append(reply["error"]["data"]["intent"])
            else:
                self.assertEqual(reply["error"]["data"]["executed"], "no", reply)
        self.assertEqual(self.count("AddOrder"), len({entry["nonce"] for entry in self.exchange.journal("AddOrder")}))
        self.assertLessEqual(self.count("AddOrder"), 20)
        self.exchange.control("DELETE", f"/faults?id={fault}")
        fates = [self.client.result("intent.wait", {"id": intent, "timeout_ms": 60000})["state"] for intent in lost]
        self.assertLessEqual(set(fates), {"placed", "not_placed"})
        self.assertEqual(placed + fates.count("placed"), self.account_orders())
        self.assertIn("result", self.client.call("Balance"))
        self.assert_order_works()

    def test_down_and_up_again(self):
        refuse = self.exchange.fault("refuse")
        self.exchange.fault("close_now")
        before = len(self.exchange.journal())
        for endpoint, params in (("AddOrder", ORDER), ("Balance", None), ("Time", None)):
            error = self.assert_error(self.client.call(endpoint, params), -32017, executed="no")
            self.assertTrue(error["data"]["retryable"])
        self.assertEqual(len(self.exchange.journal()), before)
        self.exchange.control("DELETE", f"/faults?id={refuse}")
        support.wait_for(lambda: "result" in self.client.call("Balance"))
        self.assert_order_works()

    def test_connections_that_lead_nowhere(self):
        # In this order: a connection that is closed may be opened anew at once.
        fault = self.exchange.fault("connect_half_open", count=0)
        self.exchange.fault("close_now")
        before = len(self.exchange.journal())
        reply = self.client.call("AddOrder", ORDER, timeout_ms=1000)
        self.assertIn(reply["error"]["code"], (-32017, -32018), reply)
        self.assertEqual(reply["error"]["data"]["executed"], "no")
        self.assertEqual(len(self.exchange.journal()), before)
        self.exchange.control("DELETE", f"/faults?id={fault}")
        support.wait_for(lambda: "result" in self.client.call("Balance"))


class Tls(FaultTest):
    def test_wrong_certificates(self):
        for certificate in ("untrusted", "expired", "wrong_name", ""):
            with self.subTest(certificate):
                self.exchange.fault("tls_failure", count=0, certificate=certificate)
                self.exchange.fault("close_now")
                before = len(self.exchange.journal())
                for endpoint, params in (("Time", None), ("Balance", None), ("AddOrder", ORDER)):
                    self.assert_error(self.client.call(endpoint, params, timeout_ms=5000), -32017, executed="no")
                self.assertEqual(len(self.exchange.journal()), before, "no request leaves")
                self.assertGreater(self.exchange.state()["connections"]["handshakes_failed"], 0)
                self.exchange.clear_faults()
                support.wait_for(lambda: "result" in self.client.call("Balance"))

    def test_wrong_authority(self):
        other = support.Exchange(self.folder / "other", [])
        self.addCleanup(other.stop)
        daemon = self.make_daemon("wrong", ca_file=other.ca_file)
        daemon.start()
        before = len(self.exchange.journal())
        self.check_unsaved(daemon)
        self.assertEqual(len(self.exchange.journal()), before)

    def test_the_systems_authorities_do_not_know_it(self):
        daemon = self.make_daemon("system", ca_file="")
        daemon.config.write_text(daemon.config.read_text().replace(f'ca_file = "{self.exchange.ca_file}"', ""))
        daemon.start()
        before = len(self.exchange.journal())
        self.check_unsaved(daemon)
        self.assertEqual(len(self.exchange.journal()), before)

    def check_unsaved(self, daemon):
        with daemon.admin() as admin, daemon.client() as client:
            self.assert_error(client.call("Time", timeout_ms=5000), -32017)
            admin.result("vault.create", {"passphrase": support.PASSPHRASE})
            error = self.assert_error(admin.request("account.add", self.keys["alice"].add_params()), -32017)
            self.assertTrue(error["data"]["can_save_unvalidated"])
            self.assertEqual(admin.result("account.list"), [])

    def test_host_must_match(self):
        # The certificate is for localhost and 127.0.0.1.
        tls = self.folder / "exchange" / "tls"
        server = CannedServer(tls / "server.pem", tls / "server.key", address="127.0.0.2")
        self.addCleanup(server.stop)
        daemon = self.make_daemon("host", base_url=server.base_url)
        daemon.start()
        self.check_unsaved(daemon)
        self.assertEqual(server.requests, [])


if __name__ == "__main__":
    support.main()
