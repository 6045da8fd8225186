#!/usr/bin/env python3
"""JSON-RPC at its edges, and the rules of `call`."""

import json
import time

import support

CALL = '{"jsonrpc":"2.0","id":1,"method":"call","params":%s}'


class Ids(support.DaemonTest):
    def test_ids_are_echoed_verbatim(self):
        for text in ("1.50", "-0", "1e400", "0", "123456789012345678901234567890.10", '"a\\u0041\\n\\"\\/"', '""', "null",
                     '"nul\\u0000"', '"\u00e4\u20ac\U0001f600"', '"\\ud83d\\ude00"'):
            for client in (self.daemon.client(), self.daemon.admin()):
                with client, self.subTest(text):
                    self.assertEqual(client.ask('{"jsonrpc":"2.0","method":"ping","id": %s }' % text),
                                     ('{"jsonrpc":"2.0","id":%s,"result":"pong"}' % text).encode())
                    raw = client.ask('{"id":%s,"jsonrpc":"2.0","method":"no.such"}' % text)
                    self.assertTrue(raw.startswith(('{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,' % text).encode()), raw)

    def test_what_is_no_id(self):
        with self.daemon.client() as client:
            for text in ("true", "[1]", "{}", "[]"):
                raw = client.ask('{"jsonrpc":"2.0","method":"ping","id":%s}' % text)
                self.assertTrue(raw.startswith(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,'), raw)


class Requests(support.DaemonTest):
    def test_shapes(self):
        cases = (
            ('{"id":1,"method":"ping"}', 1, -32600),
            ('{"jsonrpc":"1.0","id":1,"method":"ping"}', 1, -32600),
            ('{"jsonrpc":2.0,"id":1,"method":"ping"}', 1, -32600),
            ('{"jsonrpc":"2.0","id":1}', 1, -32600),
            ('{"jsonrpc":"2.0","id":1,"method":7}', 1, -32600),
            ('{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', None, -32600),
            ('{"jsonrpc":"2.0","id":1,"method":"ping","method":"version"}', None, -32600),
            ('7', None, -32600), ('"ping"', None, -32600), ('null', None, -32600),
            ('{"jsonrpc":"2.0","id":1,"method":"PING"}', 1, -32601),
            ('{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', 1, -32602),
            ('{"jsonrpc":"2.0","id":1,"method":"ping","params":["x"]}', 1, -32602),
            ('{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}', 1, -32602),
            ('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1}}', 1, -32602),
            ('{"jsonrpc":"2.0","id":1,"method":"wait","params":{"for":"ready","for":"ready"}}', 1, -32602),
            ('{"jsonrpc":"2.0","id":1,"method":"wait","params":{"for":"ready","\\u0066or":"ready"}}', 1, -32602),
            ('{"jsonrpc":"2.0","id":1,"method":"wait","params":{}}', 1, -32602),
            ('{"jsonrpc":"2.0","id":1,"method":"wait","params":{"for":1}}', 1, -32602),
            ('{"jsonrpc":"2.0","id":1,"method":"wait","params":{"for":"rain"}}', 1, -32602),
            ('{"jsonrpc":"2.0","id":1,"method":"ping"', None, -32700),
            ('{"jsonrpc":"2.0","id":1,"method":"ping"}}', None, -32700),
            ("{'jsonrpc':'2.0'}", None, -32700),
            ('{"jsonrpc":"2.0","id":NaN,"method":"ping"}', None, -32700),
            ('{"jsonrpc":"2.0","id":01,"method":"ping"}', None, -32700),
        )
        with self.daemon.client() as client:
            for text, request_id, code in cases:
                with self.subTest(text):
                    reply = client.reply(text)
                    self.assertEqual((reply["id"], reply["error"]["code"]), (request_id, code))
                    data = reply["error"]["data"]
                    self.assertEqual((data["category"], data["executed"], data["retryable"], data["origin"]),
                                     ("protocol", "no", False, "daemon"))
                    self.assertTrue(data["call_id"])
            self.assertEqual(client.result("ping"), "pong")

    def test_null_is_absent_and_empty_lines_are_nothing(self):
        with self.daemon.client() as client:
            self.assertEqual(client.reply('{"jsonrpc":"2.0","id":1,"method":"nonce.status","params":{"account":null}}')["result"], [])
            client.send("\n\r\n\n")
            self.assertEqual(client.result("version")["protocol"], 1)
            self.assertEqual(client.ask(' \t{ "jsonrpc" : "2.0" , "id" : 5 , "method" : "ping" } \r'),
                             b'{"jsonrpc":"2.0","id":5,"result":"pong"}')

    def test_sockets_serve_their_own_methods(self):
        with self.daemon.client() as client, self.daemon.admin() as admin:
            for method in ("vault.create", "unlock", "lock", "vault.change_passphrase", "vault.add_key_file",
                           "vault.remove_key_file", "account.add", "account.validate", "account.remove", "nonce.import", "reload",
                           "shutdown"):
                error = self.assert_error(client.request(method, {"passphrase": "x"}), -32601)
                self.assertIn("admin", error["data"]["remedy"])
            for method in ("profile", "endpoints", "call", "wait", "nonce.status"):
                self.assert_error(admin.request(method), -32601)
            for method in ("ping", "version", "status", "account.list", "gateway.show", "rpc.discover"):
                self.assertEqual(type(client.result(method)), type(admin.result(method)))

    def test_showing_methods(self):
        self.set_up_vault()
        with self.daemon.client() as client:
            self.assertEqual(client.result("profile"), {"region": "US_CA", "capabilities": {
                "supports_margin": False, "supports_futures": False, "supports_staking": False}})
            endpoints = {entry["name"]: entry for entry in client.result("endpoints")}
            self.assertEqual((endpoints["Ticker"]["kind"], endpoints["Ticker"]["effect"]), ("public", "read"))
            self.assertEqual((endpoints["AddOrder"]["kind"], endpoints["AddOrder"]["effect"]), ("private", "place"))
            self.assertEqual({entry["effect"] for entry in endpoints.values()}, {"read", "cancel", "place", "fund", "token", "other"})
            client.call("Balance")
            [nonce] = client.result("nonce.status")
            self.assertEqual((nonce["account"], nonce["unit"], nonce["state"]), ("alice", "us", "ready"))
            self.assertEqual(nonce["last"], self.exchange.journal()[-1]["nonce"])
            self.assertGreaterEqual(int(nonce["reserved"]), int(nonce["last"]))
            [account] = client.result("account.list")
            self.assertEqual((account["name"], account["source"]), ("alice", "vault"))
            [key] = account["keys"]
            self.assertRegex(key["key"], "^[0-9a-f]{8}$")
            self.assertTrue(key["validated"])
            self.assertRegex(key["validated_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
            status = client.result("status")
            self.assertEqual((status["state"], status["pid"], status["clients"]), ("unlocked", self.daemon.process.pid, 1))
            self.assertEqual(status["accounts"][0]["state"], "ready")


class Notifications(support.DaemonTest):
    def test_acting_ones_are_not_executed(self):
        self.set_up_vault()
        with self.daemon.admin() as admin:
            for method in ("lock", "shutdown"):
                admin.send('{"jsonrpc":"2.0","method":"%s"}\n' % method)
            self.assertEqual(admin.result("status")["state"], "unlocked")
        with self.daemon.client() as client:
            before = len(self.exchange.journal())
            client.send('{"jsonrpc":"2.0","method":"call","params":{"endpoint":"Balance"}}\n')
            client.send('{"jsonrpc":"2.0","method":"ping"}\n{"jsonrpc":"2.0","method":"no.such"}\n')
            client.send('{"jsonrpc":"2.0","method":"call","params":{"endpoint":"NoSuch"}}\n')
            # Calls of one key go one after the other: when this one is answered, the others would have been sent.
            client.call("Balance")
            self.assertEqual(len(self.exchange.journal()), before + 1)
        support.wait_for(lambda: self.daemon.log().count("notification.not_executed") >= 4)

    def test_a_null_id_is_no_notification(self):
        with self.daemon.client() as client:
            self.assertEqual(client.reply('{"jsonrpc":"2.0","id":null,"method":"ping"}'),
                             {"jsonrpc": "2.0", "id": None, "result": "pong"})


class Batches(support.DaemonTest):
    @staticmethod
    def batch(count):
        return json.dumps([{"jsonrpc": "2.0", "id": number, "method": "ping"} for number in range(count)])

    def test_sizes(self):
        with self.daemon.client() as client:
            for count in (1, 2, 64):
                replies = client.reply(self.batch(count))
                self.assertEqual(sorted(reply["id"] for reply in replies), list(range(count)))
                self.assertEqual({reply["result"] for reply in replies}, {"pong"})
            for text in ("[]", "[ ]", self.batch(65)):
                reply = client.reply(text)
                self.assertEqual((reply["id"], reply["error"]["code"]), (None, -32600))
            self.assertEqual(client.result("ping"), "pong")

    def test_mixed(self):
        batch = ('[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","method":"ping"},1,[],'
                 '{"jsonrpc":"2.0","id":"b","method":"no.such"},{"jsonrpc":"2.0","id":"c","method":"ping","params":{"x":1}},'
                 '{"id":"d"},{"jsonrpc":"2.0","id":"e","method":"call","params":{"endpoint":"Time"}}]')
        with self.daemon.client() as client:
            replies = client.reply(batch)
            codes = [(reply["id"], reply.get("error", {}).get("code")) for reply in replies]
            self.assertCountEqual(codes, [("a", None), (None, -32600), (None, -32600), ("b", -32601), ("c", -32602),
                                          ("d", -32600), ("e", None)])

    def test_only_notifications_are_not_answered(self):
        with self.daemon.client() as client:
            client.send('[{"jsonrpc":"2.0","method":"ping"},{"jsonrpc":"2.0","method":"ping"}]\n')
            self.assertEqual(client.ask('{"jsonrpc":"2.0","id":9,"method":"ping"}'), b'{"jsonrpc":"2.0","id":9,"result":"pong"}')

    def test_calls_in_a_batch(self):
        self.set_up_vault()
        one = '{"jsonrpc":"2.0","id":%d,"method":"call","params":{"endpoint":"Balance"}}'
        with self.daemon.client() as client:
            replies = client.reply("[" + ",".join(one % number for number in range(20)) + "]")
            self.assertEqual(sorted(reply["id"] for reply in replies), list(range(20)))
            self.assertTrue(all("result" in reply for reply in replies), replies)
        self.assertEqual(self.exchange.audit()["nonces_refused"], 0)


class Interleaving(support.DaemonTest):
    def test_a_slow_call_does_not_hold_up_others(self):
        self.set_up_vault()
        self.exchange.fault("half_open", endpoint="Balance", count=0)
        with self.daemon.client() as client, self.daemon.client() as other:
            client.send('{"jsonrpc":"2.0","id":"slow","method":"call","params":{"endpoint":"Balance","timeout_ms":3000}}\n')
            for number in range(20):
                self.assertEqual(client.reply('{"jsonrpc":"2.0","id":%d,"method":"ping"}' % number)["id"], number)
                self.assertEqual(other.result("ping"), "pong")
            self.assertIn("result", other.call("Time"))
            slow = json.loads(client.line())
            self.assertEqual(slow["id"], "slow")
            self.assert_error(slow, -32017)

    def test_many_requests_in_one_write(self):
        with self.daemon.client() as client:
            client.send("".join('{"jsonrpc":"2.0","id":%d,"method":"ping"}\n' % number for number in range(2000)))
            self.assertEqual(sorted(json.loads(client.line())["id"] for _ in range(2000)), list(range(2000)))


class CallRules(support.DaemonTest):
    def test_parameters(self):
        self.set_up_vault()
        with self.daemon.client() as client:
            before = len(self.exchange.journal())
            for params, code in (
                    ('{}', -32602), ('{"endpoint":1}', -32602), ('{"endpoint":"Balance","what":1}', -32602),
                    ('{"endpoint":"balance"}', -32005), ('{"endpoint":""}', -32005), ('{"endpoint":"../Balance"}', -32005),
                    ('{"endpoint":"Balance","params":[]}', -32602), ('{"endpoint":"Balance","params":"asset=x"}', -32602),
                    ('{"endpoint":"Balance","params":{"nonce":1}}', -32602), ('{"endpoint":"Balance","params":{"otp":"1"}}', -32602),
                    ('{"endpoint":"Balance","params":{"n\\u006fnce":1}}', -32602),
                    ('{"endpoint":"Balance","params":{"a":null}}', -32602),
                    ('{"endpoint":"Balance","params":{"a":1,"a":2}}', -32602),
                    ('{"endpoint":"AddOrderBatch","params":{"orders":[{"a":1,"a":2}]}}', -32602),
                    ('{"endpoint":"Ticker","params":{"pair":{"a":1}}}', -32602),
                    ('{"endpoint":"Ticker","params":{"pair":[["a"]]}}', -32602),
                    ('{"endpoint":"Balance","account":"nobody"}', -32004), ('{"endpoint":"Balance","account":"ALICE"}', -32004),
                    ('{"endpoint":"Balance","account":7}', -32602), ('{"endpoint":"Balance","timeout_ms":0}', -32602),
                    ('{"endpoint":"Balance","timeout_ms":120001}', -32602), ('{"endpoint":"Balance","timeout_ms":1.5}', -32602),
                    ('{"endpoint":"Balance","timeout_ms":"5"}', -32602), ('{"endpoint":"Balance","timeout_ms":1e3}', -32602),
                    ('{"endpoint":"Balance","timeout_ms":99999999999999999999}', -32602),
                    ('{"endpoint":"Balance","max_wait_ms":-1}', -32602)):
                with self.subTest(params):
                    self.assert_error(client.reply(CALL % params), code, executed="no")
            self.assertEqual(len(self.exchange.journal()), before)

    def test_booleans_and_lists(self):
        self.set_up_vault()
        with self.daemon.client() as client:
            client.call("OpenOrders", {"trades": True, "userref": 7})
            self.assertTrue(self.exchange.journal("OpenOrders")[-1]["body"].endswith("&trades=true&userref=7"))
            self.assertIn("result", client.call("AddOrder", {"pair": "XBTUSD", "type": "buy", "ordertype": "limit",
                                                             "price": "10000.0", "volume": "0.01", "validate": True}))
            self.assertIn("&validate=true", self.exchange.journal("AddOrder")[-1]["body"])
            client.call("Ticker", {"pair": ["XBTUSD", "ETHUSD"]})
            self.assertEqual(self.exchange.journal("Ticker")[-1]["target"], "/0/public/Ticker?pair=XBTUSD%2CETHUSD")

    def test_forbidden_effects(self):
        self.set_up_vault()
        before = len(self.exchange.journal())
        with self.daemon.client() as client:
            forbidden = [entry for entry in client.result("endpoints") if entry["effect"] in ("fund", "token")]
            self.assertIn("Withdraw", [entry["name"] for entry in forbidden])
            for entry in forbidden:
                self.assert_error(client.call(entry["name"]), -32003, executed="no", rule="effect:" + entry["effect"])
        self.assertEqual(len(self.exchange.journal()), before)

    def test_deadlines(self):
        self.set_up_vault()
        self.exchange.fault("half_open", endpoint="Balance", count=0)
        with self.daemon.client() as client, self.daemon.client() as busy:
            begun = time.monotonic()
            self.assert_error(client.call("Balance", timeout_ms=300), -32017, executed="no")
            self.assertGreater(time.monotonic() - begun, 0.29)
            busy.send(CALL % '{"endpoint":"Balance","timeout_ms":4000}' + "\n")
            support.wait_for(lambda: len(self.exchange.journal("Balance")) == 3)
            # The lane is taken: 0 means now or not at all, and what did not get its turn was not sent.
            for wait in (0, 200):
                error = self.assert_error(client.call("OpenOrders", max_wait_ms=wait), -32018, executed="no")
                self.assertTrue(error["data"]["retryable"])
            self.assert_error(client.call("OpenOrders", timeout_ms=50), -32018, executed="no")
            self.assertEqual(self.exchange.journal("OpenOrders"), [])
            busy.line()

    def test_placement_that_times_out_is_unknown(self):
        self.set_up_vault()
        self.exchange.fault("half_open", endpoint="AddOrder", executed=True)
        with self.daemon.client() as client:
            reply = client.call("AddOrder", {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0",
                                             "volume": "0.01"}, timeout_ms=500)
            error = self.assert_error(reply, -32019, executed="unknown", account="alice")
            self.assertFalse(error["data"]["retryable"])
        self.assertEqual(len(self.exchange.journal("AddOrder")), 1)
        self.assertEqual(self.account_orders(), 1)


class Accounts(support.DaemonTest):
    ACCOUNTS = ("alice", "bob")

    def test_states_before_the_vault_is_open(self):
        with self.daemon.client() as client, self.daemon.admin() as admin:
            self.assertEqual(client.result("status")["state"], "uninitialized")
            self.assert_error(client.call("Balance"), -32001, state="uninitialized")
            self.assertIn("result", client.call("Time"))
            self.assert_error(admin.request("unlock", {"passphrase": "x"}), -32007, reason="missing")
            self.assert_error(admin.request("account.add", self.keys["alice"].add_params()), -32001, state="uninitialized")
            admin.result("vault.create", {"passphrase": support.PASSPHRASE})
            self.assert_error(admin.request("vault.create", {"passphrase": "x"}), -32007, reason="exists")
            self.assert_error(client.call("Balance"), -32002)
            self.assertEqual(admin.result("lock"), {"state": "locked"})
            self.assertEqual(admin.result("lock"), {"state": "locked"})
            self.assert_error(client.call("Balance"), -32001, state="locked")
            self.assert_error(admin.request("account.add", self.keys["alice"].add_params()), -32001, state="locked")
            self.assertIn("result", client.call("Time", account="nobody"))
            self.assert_error(admin.request("unlock", {"passphrase": "wrong"}), -32006)
            self.assert_error(admin.request("unlock"), -32602)
            self.assert_error(admin.request("unlock", {"passphrase": "x", "key_file": "y"}), -32602)
            self.assertEqual(admin.result("unlock", {"passphrase": support.PASSPHRASE}), {"state": "unlocked", "accounts": 0})
            self.assert_error(admin.request("unlock", {"passphrase": "wrong"}), -32006)
            self.assertEqual(client.result("status")["state"], "unlocked")

    def test_selection(self):
        self.set_up_vault()
        with self.daemon.client() as client:
            self.assert_error(client.call("Balance"), -32004, accounts=["alice", "bob"])
            self.assert_error(client.call("Balance", account="carol"), -32004, accounts=["alice", "bob"])
            self.assertIn("result", client.call("Balance", account="bob"))
            self.assertEqual(self.exchange.journal("Balance")[-1]["account"], "bob")

    def test_adding(self):
        self.set_up_vault()
        with self.daemon.admin() as admin:
            alice = self.keys["alice"].add_params()
            self.assert_error(admin.request("account.add", alice), -32602, reason="exists")
            self.assert_error(admin.request("account.add", {**alice, "name": "other"}), -32602, reason="exists")
            for name in ("Alice", "", "a b", "a" * 65, "../x"):
                self.assert_error(admin.request("account.add", {**alice, "name": name}), -32602)
            fresh = support.Key("carol").add_params()
            self.assert_error(admin.request("account.add", fresh), -32010, origin="kraken")
            self.assertEqual(len(admin.result("account.list")), 2)
            added = admin.result("account.add", {**fresh, "save": "anyway"})
            self.assertEqual((added["validated"], added["saved"]), (False, True))
            for change in ({"api_secret": "not base64!"}, {"api_key": "two words"}, {"api_key": ""}, {"tier": "gold"}, {"save": "no"}):
                self.assert_error(admin.request("account.add", {**fresh, "name": "dave", **change}), -32602)
            self.assertEqual(admin.result("account.remove", {"name": "carol"}), {"removed": True})
            self.assert_error(admin.request("account.remove", {"name": "carol"}), -32004)
            self.assertTrue(admin.result("account.validate", {"name": "bob"})["validated"])
            self.assert_error(admin.request("account.validate", {"name": "bob", "key": "00000000"}), -32602)

    def test_waiting(self):
        with self.daemon.client() as waiting, self.daemon.client() as client:
            self.assert_error(client.request("wait", {"for": "unlocked", "timeout_ms": 20}), -32018)
            waiting.send('{"jsonrpc":"2.0","id":1,"method":"wait","params":{"for":"ready","account":"alice","timeout_ms":60000}}\n')
            self.set_up_vault()
            self.assertEqual(waiting.line(), b'{"jsonrpc":"2.0","id":1,"result":true}')
            self.assertTrue(client.result("wait", {"for": "unlocked"}))
            self.assertTrue(client.result("wait", {"for": "ready", "account": "bob"}))
            # No waiting helps a name that is not there, nor one that is missing.
            for params in ({"for": "ready", "account": "carol"}, {"for": "ready"}):
                self.assert_error(client.request("wait", params), -32004, accounts=["alice", "bob"])


class DefaultAccount(support.DaemonTest):
    ACCOUNTS = ("alice", "bob")
    CONFIG = 'default_account = "bob"'

    def test_it_is_taken(self):
        self.set_up_vault()
        with self.daemon.client() as client:
            client.call("Balance")
            self.assertEqual(self.exchange.journal("Balance")[-1]["account"], "bob")


if __name__ == "__main__":
    support.main()
