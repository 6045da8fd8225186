#!/usr/bin/env python3
"""The contract of the methods of both sockets and of the client socket, request line by request line."""

import json
import time

import support

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"
# What takes no parameters says so.
BARE = ("ping", "version", "status", "account.list", "gateway.show", "rpc.discover")
SHOWN = ("profile", "endpoints")


class Transcripts(support.SharedTest):
    """Lines whose answer has only one form."""

    SAME = (
        ('{"jsonrpc":"2.0","id":1,"method":"ping"}', '{"jsonrpc":"2.0","id":1,"result":"pong"}'),
        ('{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}', '{"jsonrpc":"2.0","id":1,"result":"pong"}'),
        ('{"jsonrpc":"2.0","id":1,"method":"ping","params":null}', None),
        ('{"jsonrpc":"2.0","id":"x","method":"profile"}',
         '{"jsonrpc":"2.0","id":"x","result":{"region":"US_CA","capabilities":{"supports_margin":false,"supports_futures":false,'
         '"supports_staking":false}}}'),
        ('{"jsonrpc":"2.0","id":2,"method":"wait","params":{"for":"unlocked"}}', '{"jsonrpc":"2.0","id":2,"result":true}'),
        ('{"jsonrpc":"2.0","id":2,"method":"wait","params":{"for":"ready","account":"alice","timeout_ms":1}}',
         '{"jsonrpc":"2.0","id":2,"result":true}'),
        ('{"jsonrpc":"2.0","id":3,"method":"call","params":{"endpoint":"Balance"}}',
         '{"jsonrpc":"2.0","id":3,"result":{"XXBT":"1000.0000000000","ZUSD":"100000000.0000"}}'),
        ('{"jsonrpc":"2.0","id":3,"method":"call","params":{"endpoint":"Balance","account":"alice","params":{}}}',
         '{"jsonrpc":"2.0","id":3,"result":{"XXBT":"1000.0000000000","ZUSD":"100000000.0000"}}'),
    )

    def test_replies(self):
        for request, reply in self.SAME:
            with self.subTest(request):
                answer = self.client.ask(request).decode()
                if reply:
                    self.assertEqual(answer, reply)

    def test_version(self):
        for one in (self.client, self.admin):
            version = one.result("version")
            self.assertEqual(set(version), {"version", "protocol"})
            self.assertEqual(version["protocol"], 1)
            self.assertRegex(version["version"], r"^\d+\.\d+\.\d+")

    def test_account_list(self):
        for one in (self.client, self.admin):
            [account] = one.result("account.list")
            self.assertEqual((account["name"], account["source"]), ("alice", "vault"))
            [key] = account["keys"]
            self.assertLessEqual({"key", "state", "validated", "validated_at"}, set(key))
            self.assertRegex(key["key"], "^[0-9a-f]{8}$")
            self.assertEqual((key["state"], key["validated"]), ("ready", True))
            self.assertRegex(key["validated_at"], TIME)

    def test_no_key_or_secret_is_listed(self):
        for one in (self.client, self.admin):
            for method in (*BARE, "account.list"):
                text = one.ask('{"jsonrpc":"2.0","id":1,"method":"%s"}' % method).decode()
                for secret in (self.keys["alice"].api_key, self.keys["alice"].api_secret):
                    self.assertNotIn(secret[:12], text)

    def test_methods_without_parameters_take_none(self):
        for one, methods in ((self.client, (*BARE, *SHOWN)), (self.admin, (*BARE, "lock", "reload", "shutdown"))):
            for method in methods:
                with self.subTest(method):
                    self.assert_error(one.request(method, {"x": 1}), -32602, executed="no", origin="daemon")

    def test_endpoints(self):
        shown = self.client.result("endpoints")
        for entry in shown:
            self.assertLessEqual({"name", "kind", "effect"}, set(entry))
            self.assertLessEqual(set(entry), {"name", "kind", "effect", "permission"})
            self.assertIn(entry["kind"], ("public", "private"))
            self.assertIn(entry["effect"], ("read", "cancel", "place", "fund", "token", "other"))
            if entry["kind"] == "public":
                self.assertEqual(entry["effect"], "read")
                self.assertNotIn("permission", entry)
        names = [entry["name"] for entry in shown]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({"Time", "Ticker", "OHLC", "Balance", "AddOrder", "CancelOrder", "OpenPositions", "Withdraw",
                              "GetWebSocketsToken", "Earn/Strategies"}, set(names))
        self.assertEqual(next(entry["permission"] for entry in shown if entry["name"] == "Balance"), "query-funds")

    def test_nonce_status(self):
        self.client.call("Balance")
        for params in (None, {"account": "alice"}):
            [nonce] = self.client.result("nonce.status", params)
            self.assertEqual(set(nonce), {"account", "key", "unit", "last", "reserved", "lead_ms", "state"})
            self.assertEqual((nonce["account"], nonce["unit"], nonce["state"]), ("alice", "us", "ready"))
            self.assertRegex(nonce["key"], "^[0-9a-f]{8}$")
            self.assertEqual(nonce["last"], self.exchange.journal("Balance")[-1]["nonce"])
            self.assertGreaterEqual(int(nonce["reserved"]), int(nonce["last"]))
            self.assertIsInstance(nonce["lead_ms"], int)
        self.assert_error(self.client.request("nonce.status", {"account": "nobody"}), -32004, accounts=["alice"])

    def test_wait_for_an_account_that_is_not_there(self):
        self.assert_error(self.client.request("wait", {"for": "ready", "account": "nobody", "timeout_ms": 150}), -32004, executed="no",
                          accounts=["alice"])

    def test_wait_wants_to_know_for_what(self):
        for params in (None, {}, {"for": "rain"}, {"for": "ready", "timeout_ms": -1}, {"for": 1}):
            self.assert_error(self.client.request("wait", params), -32602)


class WrongSocket(support.SharedTest):
    ADMIN = ("vault.create", "unlock", "lock", "vault.change_passphrase", "vault.add_key_file", "vault.remove_key_file", "account.add",
             "account.add_key", "account.replace_key", "account.validate", "account.remove", "nonce.import", "bot.add", "bot.change",
             "bot.rotate", "bot.revoke", "bot.list", "bot.show", "grant.set", "grant.remove", "grant.list", "freeze", "thaw", "reload",
             "shutdown")
    CLIENT = ("profile", "endpoints", "call", "wait", "nonce.status", "identify", "whoami", "check")
    RESERVED = ("vault.inspect", "vault.backup", "vault.restore", "subscribe", "unsubscribe")

    def test_admin_methods_on_the_client_socket_name_the_remedy(self):
        for method in self.ADMIN:
            with self.subTest(method):
                error = self.assert_error(self.client.request(method), -32601, executed="no", origin="daemon", retryable=False)
                self.assertIn("admin.sock", error["data"]["remedy"])

    def test_client_methods_are_not_on_the_admin_socket(self):
        for method in self.CLIENT:
            with self.subTest(method):
                self.assert_error(self.admin.request(method), -32601, executed="no", origin="daemon")

    def test_reserved_names_are_not_there_yet(self):
        for one in (self.client, self.admin):
            for method in (*self.RESERVED, "no.such", "", "Ping", "rpc.other"):
                self.assert_error(one.request(method), -32601, executed="no")


class Call(support.SharedTest):
    ACCOUNTS = ("alice", "bob")

    def make_key(self, name):
        return support.Key(name, [*support.TRADING, "export-data", "query-ledger"])

    def sent(self):
        return len(self.exchange.journal())

    def test_public_ones_ignore_the_account(self):
        self.assertIn("unixtime", self.client.result("call", {"endpoint": "Time", "account": "nobody"}))

    def test_krakens_own_names(self):
        for endpoint in ("Ticker", "Earn/Strategies"):
            account = {} if endpoint == "Ticker" else {"account": "alice"}
            reply = self.client.call(endpoint, {"pair": "XBTUSD"} if endpoint == "Ticker" else None, **account)
            self.assertNotEqual(reply.get("error", {}).get("code"), -32005, reply)
            self.assertTrue(self.exchange.journal()[-1]["target"].split("?")[0].endswith("/" + endpoint))
        for endpoint in ("ticker", "0/public/Ticker", "NoSuch", ""):
            self.assert_error(self.client.call(endpoint), -32005, executed="no", origin="daemon", retryable=False)

    def test_several_accounts_and_none_named(self):
        sent = self.sent()
        self.assert_error(self.client.call("Balance"), -32004, accounts=["alice", "bob"], executed="no")
        self.assert_error(self.client.call("Balance", account="carol"), -32004, accounts=["alice", "bob"])
        self.assertEqual(self.sent(), sent)

    def test_nonce_and_otp_are_refused(self):
        for name in ("nonce", "otp"):
            for value in ("1", 1, None):
                self.assert_error(self.client.call("Balance", {name: value}, account="alice"), -32602, executed="no")

    def test_null_is_refused(self):
        self.assert_error(self.client.call("Balance", {"asset": None}, account="alice"), -32602)
        self.assert_error(self.client.call("Ticker", {"pair": None}), -32602)

    def test_flat_values_travel_as_a_form(self):
        self.client.call("OpenOrders", {"trades": True, "userref": 7, "x": "a b&c"}, account="alice")
        entry = self.exchange.journal("OpenOrders")[-1]
        self.assertRegex(entry["body"], r"^nonce=\d+&trades=true&userref=7&x=a(\+|%20)b%26c$")
        self.client.call("OpenOrders", {"trades": False}, account="alice")
        self.assertTrue(self.exchange.journal("OpenOrders")[-1]["body"].endswith("&trades=false"))

    def test_arrays_and_objects_travel_as_json(self):
        order = {"ordertype": "limit", "type": "buy", "volume": "0.01", "price": "10000.0"}
        self.assertIn("result", self.client.call("AddOrderBatch", {"pair": "XBTUSD", "orders": [order] * 2}, account="alice"))
        body = self.exchange.journal("AddOrderBatch")[-1]["body"]
        self.assertRegex(body, r'^\{"nonce":"?\d+"?,"pair":"XBTUSD","orders":\[')
        self.client.call("CancelOrderBatch", {"orders": ["OAAAAA-BBBBB-CCCCCC", 17]}, account="alice")
        self.assertIn('"orders":["OAAAAA-BBBBB-CCCCCC", 17]', self.exchange.journal("CancelOrderBatch")[-1]["body"])

    def test_arrays_are_comma_joined_on_a_public_call(self):
        self.client.call("Ticker", {"pair": ["XBTUSD", "ETHUSD"]})
        self.assertEqual(self.exchange.journal("Ticker")[-1]["target"], "/0/public/Ticker?pair=XBTUSD%2CETHUSD")

    def test_a_zip_answer(self):
        added = self.client.result("call", {"endpoint": "AddExport", "account": "bob",
                                            "params": {"report": "trades", "description": "x"}})
        self.exchange.control("POST", "/clock", {"advance_ms": 60_000})
        self.addCleanup(self.exchange.control, "POST", "/clock", {"offset_ms": 0})
        zipped = self.client.result("call", {"endpoint": "RetrieveExport", "account": "bob", "params": {"id": added["id"]}})
        self.assertEqual(set(zipped), {"content_type", "base64"})
        self.assertIn("zip", zipped["content_type"] + "zip" * zipped["content_type"].startswith("application/octet"))
        self.assertTrue(zipped["base64"].startswith("UEsD"))

    def test_timeout_ms_from_1_to_120000(self):
        for bad in (0, -1, 120_001, 1.5, "1000", True, [], 1e3):
            self.assert_error(self.client.call("Time", timeout_ms=bad), -32602)
        self.assertIn("result", self.client.call("Time", timeout_ms=120_000))

    def test_timeout_ms_bounds_the_reply(self):
        self.exchange.fault("half_open", endpoint="ClosedOrders")
        begun = time.monotonic()
        self.assert_error(self.client.call("ClosedOrders", account="alice", timeout_ms=400), -32017, executed="no")
        self.assertTrue(0.39 < time.monotonic() - begun < 10)
        self.exchange.clear_faults()

    def test_not_sent_by_then_is_timeout(self):
        self.exchange.fault("delay", endpoint="TradesHistory", delay_before_ms=1500)
        sent = self.exchange.journal("OpenPositions")
        with self.daemon.client() as busy:
            busy.send('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"TradesHistory","account":"alice"}}\n')
            support.wait_for(lambda: self.client.result("status")["accounts"][0]["in_flight"])
            self.assert_error(self.client.call("OpenPositions", account="alice", timeout_ms=150), -32018, executed="no", retryable=True)
            self.assert_error(self.client.call("OpenPositions", account="alice", max_wait_ms=0), -32018, executed="no", retryable=True)
            begun = time.monotonic()
            self.assertIn("result", self.client.call("Balance", account="bob"), "another account's lane is free")
            self.assertLess(time.monotonic() - begun, 1.4)
            busy.line()
        self.assertEqual(self.exchange.journal("OpenPositions"), sent)

    def test_an_act_waits_2000_ms_for_its_turn_and_a_read_longer(self):
        self.exchange.fault("delay", endpoint="TradesHistory", delay_before_ms=3000)
        with self.daemon.client() as busy, self.daemon.client() as reader:
            busy.send('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"TradesHistory","account":"alice"}}\n')
            support.wait_for(lambda: self.client.result("status")["accounts"][0]["in_flight"])
            reader.send('{"jsonrpc":"2.0","id":2,"method":"call","params":{"endpoint":"Balance","account":"alice"}}\n')
            begun = time.monotonic()
            self.assert_error(self.client.call("AddOrder", ORDER, account="alice"), -32018, executed="no", retryable=True)
            self.assertTrue(1.8 < time.monotonic() - begun < 2.9)
            self.assertIn("result", json.loads(reader.line()))
            busy.line()
        self.assertEqual(self.account_orders(), 0)

    def test_a_placement_that_was_sent_is_outcome_unknown(self):
        self.exchange.fault("half_open", endpoint="AddOrder", executed=True)
        self.assert_error(self.client.call("AddOrder", ORDER, account="bob", timeout_ms=400), -32019, executed="unknown",
                          retryable=False, account="bob")
        self.assertEqual(self.account_orders("bob"), 1)

    def test_effects_fund_and_token_are_forbidden(self):
        sent = self.sent()
        for entry in self.client.result("endpoints"):
            if entry["effect"] in ("fund", "token"):
                self.assert_error(self.client.call(entry["name"], account="alice"), -32003, executed="no", origin="daemon",
                                  rule="effect:" + entry["effect"])
        self.assertEqual(self.sent(), sent)

    def test_max_wait_ms_0_is_now_or_not_at_all(self):
        for endpoint in ("Time", "Balance"):
            self.assertIn("result", self.client.call(endpoint, account="bob", max_wait_ms=0), "now: nothing is in the way")
        for bad in (-1, 120_001, 0.5, "0", False):
            self.assert_error(self.client.call("Time", max_wait_ms=bad), -32602)
        self.assertIn("result", self.client.call("Time", max_wait_ms=120_000))

    def test_unknown_members_of_call(self):
        self.assert_error(self.client.call("Time", what=1), -32602)
        self.assert_error(self.client.request("call"), -32602)
        self.assert_error(self.client.call("Time", ["a"]), -32602)


class Defaults(support.DaemonTest):
    """What a call waits for when it does not say so: side by side, in one lane that does not become free."""

    KRAKEN = "request_timeout_ms = 60000"

    def test_30000_ms_for_the_reply_and_10000_or_2000_for_the_turn(self):
        self.set_up_vault()
        self.exchange.fault("half_open", endpoint="ClosedOrders", count=0)
        begun = time.monotonic()
        with self.daemon.client() as stuck, self.daemon.client() as reader, self.daemon.client() as actor:
            stuck.send('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"ClosedOrders"}}\n')
            support.wait_for(lambda: actor.result("status")["accounts"][0]["in_flight"])
            reader.send('{"jsonrpc":"2.0","id":2,"method":"call","params":{"endpoint":"Balance"}}\n')
            actor.send(json.dumps({"jsonrpc": "2.0", "id": 3, "method": "call", "params": {"endpoint": "AddOrder", "params": ORDER}}) + "\n")
            for client, code, least, most in ((actor, -32018, 2, 9), (reader, -32018, 10, 25), (stuck, -32017, 30, 50)):
                self.assert_error(json.loads(client.line()), code, executed="no", retryable=True, account="alice")
                self.assertTrue(least - 0.01 <= time.monotonic() - begun < most)
        self.assertEqual(self.account_orders(), 0)


class OneAccount(support.SharedTest):
    def test_the_only_account_is_taken(self):
        self.assertIn("result", self.client.call("Balance"))


class DefaultAccount(support.SharedTest):
    ACCOUNTS = ("alice", "bob")
    CONFIG = 'default_account = "bob"'

    def test_it_is_taken(self):
        self.client.call("Balance")
        self.assertEqual(self.exchange.journal("Balance")[-1]["account"], "bob")


class Waiting(support.DaemonTest):
    def test_it_has_an_end(self):
        for what in ("unlocked", "ready"):
            begun = time.monotonic()
            with self.daemon.client() as client:
                self.assert_error(client.request("wait", {"for": what, "timeout_ms": 150}), -32018, executed="no", retryable=True)
            self.assertTrue(0.14 < time.monotonic() - begun < 20)

    def test_it_answers_when_it_is_so(self):
        with self.daemon.client() as unlocked, self.daemon.client() as ready:
            unlocked.send('{"jsonrpc":"2.0","id":1,"method":"wait","params":{"for":"unlocked","timeout_ms":60000}}\n')
            ready.send('{"jsonrpc":"2.0","id":2,"method":"wait","params":{"for":"ready","account":"alice","timeout_ms":60000}}\n')
            self.set_up_vault()
            self.assertEqual(unlocked.line(), b'{"jsonrpc":"2.0","id":1,"result":true}')
            self.assertEqual(ready.line(), b'{"jsonrpc":"2.0","id":2,"result":true}')


if __name__ == "__main__":
    support.main()
