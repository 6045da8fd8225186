#!/usr/bin/env python3
"""The contract of the wire: JSON-RPC 2.0, its limits, batches and notifications, the first byte, money as text.

Beside it test_rpc.py has the odd shapes, test_garbage.py what is no JSON, test_digits.py the digits of whole replies.
"""

import json
import re

import support
from canned_server import CannedServer, http_reply

LIMIT = 256 * 1024
DEPTH = 32
MEBIBYTE = 1 << 20
PONG = b'{"jsonrpc":"2.0","id":%d,"result":"pong"}'


class Messages(support.SharedTest):
    def prepare(self):
        pass

    def test_one_message_per_line(self):
        for one in (self.client, self.admin):
            one.send('{"jsonrpc":"2.0","id":1,"method":"ping"}\n{"jsonrpc":"2.0","id":2,')
            self.assertEqual(one.line(), PONG % 1)
            one.send('"method":"ping"}\n')
            self.assertEqual(one.line(), PONG % 2)

    def test_a_reply_has_no_line_break_inside(self):
        for one in (self.client, self.admin):
            for method in ("status", "account.list", "rpc.discover"):
                line = one.ask('{"jsonrpc":"2.0","id":1,"method":"%s"}' % method)
                self.assertTrue(line.startswith(b'{"jsonrpc":"2.0","id":1,"result":') and line.endswith(b"}"), line[:200])

    def test_utf8(self):
        for one in (self.client, self.admin):
            self.assertEqual(one.ask('{"jsonrpc":"2.0","id":"\u20ac","method":"ping"}'),
                             '{"jsonrpc":"2.0","id":"\u20ac","result":"pong"}'.encode())

    def test_replies_come_in_any_order(self):
        self.exchange.fault("delay", endpoint="Time", delay_before_ms=400)
        self.client.send('{"jsonrpc":"2.0","id":"slow","method":"call","params":{"endpoint":"Time"}}\n'
                         '{"jsonrpc":"2.0","id":"fast","method":"ping"}\n')
        self.assertEqual([json.loads(self.client.line())["id"] for _ in range(2)], ["fast", "slow"])

    def test_parameters_go_by_name_only(self):
        for one in (self.client, self.admin):
            self.assert_error(one.reply('{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}'), -32602)
            self.assert_error(one.reply('{"jsonrpc":"2.0","id":1,"method":"status","params":["x"]}'), -32602)

    def test_unknown_and_duplicate_members(self):
        for one in (self.client, self.admin):
            self.assert_error(one.reply('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":1}}'), -32602)
        self.assert_error(self.client.reply(
            '{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"Time","endpoint":"Time"}}'), -32602)
        self.assert_error(self.admin.reply(
            '{"jsonrpc":"2.0","id":1,"method":"unlock","params":{"passphrase":"x","passphrase":"x"}}'), -32602)

    def test_requests_of_256_kib(self):
        text = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
        for one in (self.client, self.admin):
            self.assertEqual(one.ask(text + " " * (LIMIT - len(text))), PONG % 1)
            reply = one.reply(text + " " * (LIMIT + 1 - len(text)))
            self.assertIsNone(reply["id"])
            self.assert_error(reply, -32700, executed="no")
            self.assertIsNone(one.line(), "then close")

    def test_what_is_not_utf8_ends_the_connection(self):
        for one in (self.client, self.admin):
            reply = one.reply(b'{"jsonrpc":"2.0","id":1,"method":"\xff"}')
            self.assertIsNone(reply["id"])
            self.assert_error(reply, -32700)
            self.assertIsNone(one.line())

    def test_32_deep(self):
        text = '{"jsonrpc":"2.0","id":1,"method":"no.such","params":%s}'
        for one in (self.client, self.admin):
            nested = "[" * (DEPTH - 1) + "]" * (DEPTH - 1)
            self.assert_error(one.reply(text % nested), -32601)
            self.assert_error(one.reply(text % f"[{nested}]"), -32700)
            self.assertEqual(one.result("ping"), "pong", "the connection stays")

    def test_what_is_not_json_leaves_the_connection(self):
        for one in (self.client, self.admin):
            self.assertEqual(one.result("ping"), "pong")
            reply = one.reply('{"jsonrpc":')
            self.assertIsNone(reply["id"])
            self.assert_error(reply, -32700)
            self.assertEqual(one.result("ping"), "pong")

    def test_call_ids_are_new_each_time(self):
        names = {one.error("no.such")["data"]["call_id"] for one in (self.client, self.admin) for _ in range(3)}
        self.assertEqual(len(names), 6)
        self.assertTrue(all(names))
        call_id = self.client.call("Balance")["error"]["data"]["call_id"]
        self.assertTrue(call_id)


class Batches(support.SharedTest):
    def prepare(self):
        pass

    @staticmethod
    def pings(count):
        return "[" + ",".join('{"jsonrpc":"2.0","id":%d,"method":"ping"}' % number for number in range(count)) + "]"

    def test_one_array_for_1_to_64(self):
        for one in (self.client, self.admin):
            self.assertEqual(one.ask(self.pings(1)), b"[" + PONG % 0 + b"]")
            self.assertEqual(len(one.reply(self.pings(64))), 64)

    def test_65_are_too_many(self):
        for one in (self.client, self.admin):
            reply = one.reply(self.pings(65))
            self.assertIsNone(reply["id"])
            self.assert_error(reply, -32600)

    def test_an_empty_one_is_one_error(self):
        for one in (self.client, self.admin):
            reply = one.reply("[]")
            self.assertIsInstance(reply, dict)
            self.assertIsNone(reply["id"])
            self.assert_error(reply, -32600)

    def test_it_is_answered_when_all_are_done(self):
        self.exchange.fault("delay", endpoint="Time", delay_before_ms=400)
        replies = self.client.reply('[{"jsonrpc":"2.0","id":1,"method":"ping"},'
                                    '{"jsonrpc":"2.0","id":2,"method":"call","params":{"endpoint":"Time"}}]')
        self.assertEqual(sorted(reply["id"] for reply in replies), [1, 2])

    def test_only_notifications_get_no_answer(self):
        for one in (self.client, self.admin):
            one.send('[{"jsonrpc":"2.0","method":"ping"},{"jsonrpc":"2.0","method":"status"}]\n')
            self.assertEqual(one.ask('{"jsonrpc":"2.0","id":7,"method":"ping"}'), PONG % 7)

    def test_notifications_beside_requests(self):
        replies = self.client.reply('[{"jsonrpc":"2.0","method":"ping"},{"jsonrpc":"2.0","id":1,"method":"ping"}]')
        self.assertEqual([reply["id"] for reply in replies], [1])

    def test_each_fails_by_itself(self):
        replies = {reply["id"]: reply for reply in self.client.reply(
            '[{"jsonrpc":"2.0","id":1,"method":"unlock","params":{"passphrase":"x"}},1,'
            '{"jsonrpc":"2.0","id":2,"method":"ping"},{"jsonrpc":"2.0","id":3,"method":"call","params":{"endpoint":"NoSuch"}}]')}
        self.assert_error(replies[1], -32601)
        self.assert_error(replies[None], -32600)
        self.assertEqual(replies[2]["result"], "pong")
        self.assert_error(replies[3], -32005)


class Notifications(support.SharedTest):
    ACTING = (("vault.create", {"passphrase": "another long passphrase"}), ("lock", None), ("shutdown", None),
              ("vault.change_passphrase", {"old": support.PASSPHRASE, "new": "another long passphrase"}),
              ("vault.add_key_file", {"passphrase": support.PASSPHRASE, "path": "/tmp/never-made"}),
              ("account.remove", {"name": "alice"}), ("unlock", {"passphrase": support.PASSPHRASE}), ("reload", None),
              ("account.validate", {"name": "alice"}), ("nonce.import", {"account": "alice", "file": "/tmp/never-read"}))
    PLACING = ("AddOrder", "CancelOrder", "CancelAll", "Withdraw", "Balance")

    def test_acting_ones_are_logged_and_not_executed(self):
        sent = len(self.exchange.journal())
        logged = self.daemon.log().count("notification.not_executed")
        for method, params in self.ACTING:
            self.admin.send(json.dumps({"jsonrpc": "2.0", "method": method, **({"params": params} if params else {})}) + "\n")
        for endpoint in self.PLACING:
            self.client.send(json.dumps({"jsonrpc": "2.0", "method": "call", "params": {"endpoint": endpoint}}) + "\n")
        self.assertEqual(self.admin.result("status")["state"], "unlocked")
        self.assertEqual(self.client.result("ping"), "pong")
        many = len(self.ACTING) + len(self.PLACING)
        support.wait_for(lambda: self.daemon.log().count("notification.not_executed") >= logged + many)
        self.assertEqual([entry["name"] for entry in self.admin.result("account.list")], ["alice"])
        self.assertEqual(len(self.exchange.journal()), sent)

    def test_in_a_batch_too(self):
        replies = self.admin.reply('[{"jsonrpc":"2.0","method":"lock"},{"jsonrpc":"2.0","id":1,"method":"ping"}]')
        self.assertEqual([reply["id"] for reply in replies], [1])
        self.assertEqual(self.admin.result("status")["state"], "unlocked")

    def test_no_error_answers_a_notification(self):
        for text in ('{"jsonrpc":"2.0","method":"no.such"}', '{"jsonrpc":"2.0","method":"ping","params":{"x":1}}'):
            self.client.send(text + "\n")
            self.assertEqual(self.client.result("ping"), "pong")


class FirstByte(support.SharedTest):
    def prepare(self):
        pass

    def test_json(self):
        for begin in ("", " ", "\t", "\r\n", "\n"):
            with self.daemon.client() as client:
                client.send(begin + '{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
                self.assertEqual(client.line(), PONG % 1)
            with self.daemon.client() as client:
                client.send(begin + '[{"jsonrpc":"2.0","id":1,"method":"ping"}]\n')
                self.assertEqual(client.line(), b"[" + PONG % 1 + b"]")

    def test_a_letter_is_http(self):
        for request in ("GET /livez HTTP/1.1", "POST /rpc HTTP/1.1", "get / HTTP/1.1"):
            with self.daemon.client() as client:
                client.send(request + "\r\nHost: krakkend\r\nConnection: close\r\n\r\n")
                self.assertRegex(client.line(), rb"^HTTP/1\.1 [1-5]\d\d ")

    def test_anything_else_is_no_json(self):
        for text in ("7", '"ping"', "-", "\x00"):
            with self.daemon.client() as client:
                self.assertIn(client.reply(text)["error"]["code"], (-32700, -32600))

    def test_the_admin_socket_speaks_json_alone(self):
        with self.daemon.admin() as admin:
            self.assert_error(admin.reply("GET /livez HTTP/1.1"), -32700)


class Discovery(support.SharedTest):
    """rpc.discover describes what this socket serves, as an OpenRPC document."""

    def prepare(self):
        pass

    BOTH = {"ping", "version", "status", "account.list", "gateway.show", "rpc.discover"}
    INTENTS = {"intent.list", "intent.get", "intent.wait"}
    CLIENT = BOTH | INTENTS | {"profile", "endpoints", "call", "wait", "nonce.status", "identify", "whoami", "check"}
    ADMIN = BOTH | INTENTS | {"intent.settle", "vault.create", "unlock", "lock", "vault.change_passphrase", "vault.add_key_file", "vault.remove_key_file",
                    "account.add", "account.add_key", "account.replace_key", "account.validate", "account.remove", "nonce.import", "audit.tail", "audit.verify",
                    "bot.add", "bot.change", "bot.rotate", "bot.revoke", "bot.list", "bot.show", "grant.set", "grant.remove", "grant.list",
                    "freeze", "thaw", "reload", "shutdown"}

    def test_each_socket_names_its_methods(self):
        for one, methods in ((self.client, self.CLIENT), (self.admin, self.ADMIN)):
            document = one.result("rpc.discover")
            self.assertRegex(document["openrpc"], r"^1\.\d+\.\d+$")
            self.assertTrue(document["info"]["title"])
            self.assertEqual(document["info"]["version"], one.result("version")["version"])
            self.assertEqual({method["name"] for method in document["methods"]}, methods)

    def test_what_it_names_is_served_and_nothing_else(self):
        for one in (self.client, self.admin):
            for method in one.result("rpc.discover")["methods"]:
                if method["name"] != "shutdown":
                    reply = one.reply('{"jsonrpc":"2.0","id":1,"method":"%s","params":{"no such":1}}' % method["name"])
                    self.assert_error(reply, -32602)

    def test_parameters_are_described(self):
        methods = {method["name"]: method for method in self.client.result("rpc.discover")["methods"]}
        for method in methods.values():
            self.assertEqual(method.get("paramStructure", "by-name"), "by-name")
            self.assertIn("schema", method["result"])
            for parameter in method["params"]:
                self.assertIn("schema", parameter)
        call = {parameter["name"]: parameter for parameter in methods["call"]["params"]}
        self.assertTrue(call["endpoint"]["required"])
        self.assertFalse(call["account"].get("required", False))
        self.assertLessEqual({"endpoint", "account", "params", "timeout_ms", "max_wait_ms"}, set(call))


class Money(support.SharedTest):
    AMOUNTS = ("0.10", "1.50000000000000000000001", "123456789012345678901234567890.10", "1e-8", "1E+5", "0", "-0.00")

    def test_digits_reach_kraken_as_string_or_number(self):
        for text in self.AMOUNTS:
            for written in (text, f'"{text}"'):
                self.client.ask('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"Balance","params":{"a":%s}}}' % written)
                body = self.exchange.journal("Balance")[-1]["body"]
                self.assertTrue(body.endswith("&a=" + text.replace("+", "%2B")), body)

    def test_digits_reach_kraken_in_a_json_body(self):
        self.client.ask('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"AddOrderBatch",'
                        '"params":{"pair":"XBTUSD","orders":[{"volume":1.10,"price":"30000.10"}]}}}')
        self.assertIn('{"volume":1.10,"price":"30000.10","userref":', self.exchange.journal("AddOrderBatch")[-1]["body"])

    def test_nonces_are_strings(self):
        self.client.call("Balance")
        [nonce] = self.client.result("nonce.status")
        for name in ("last", "reserved"):
            self.assertIsInstance(nonce[name], str)
            self.assertRegex(nonce[name], r"^[1-9]\d{15,19}$")

    def test_our_own_times_are_rfc_3339_utc(self):
        self.client.call("Balance")
        status = self.client.result("status")
        [account] = self.client.result("account.list")
        for time in (status["state_since"], status["accounts"][0]["last_success_at"], account["keys"][0]["validated_at"]):
            self.assertRegex(time, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

    def test_no_time_or_amount_looks_like_floating_point(self):
        for method in ("status", "nonce.status", "account.list"):
            text = self.client.ask('{"jsonrpc":"2.0","id":1,"method":"%s"}' % method).decode()
            self.assertIsNone(re.search(r"\d[eE][+-]?\d", re.sub(r'"[^"]*"', "", text)), text)

    def test_null_is_absent(self):
        self.assertIn("result", self.client.call("Balance", account=None, timeout_ms=None))


class CannedReplies(support.DaemonTest):
    """What Kraken answers, byte for byte, and how much of it."""

    def setUp(self):
        super().setUp()
        self.daemon.stop()
        tls = self.exchange.folder / "tls"
        self.server = CannedServer(tls / "server.pem", tls / "server.key")
        self.addCleanup(self.server.stop)
        self.daemon = self.make_daemon("canned", self.server.base_url)
        self.daemon.start()

    def answer(self, result):
        self.server.answers["/0/public/Ticker"] = [http_reply('{"error":[],"result":' + result + "}")]

    def test_the_same_bytes(self):
        with self.daemon.client() as client:
            for result in ('{"a" : 1.10,"b":1e-08 , "c":"\\u00e4\\/"}', '[ ]', '"text"', "-0.00", "null", '{"z":1,"a":2,"z":3}'):
                self.answer(result)
                self.assertEqual(client.call_raw("Ticker"), result.encode())

    def test_a_line_break_becomes_a_space(self):
        with self.daemon.client() as client:
            self.answer('{\n"a":\r\n1.10\n}')
            self.assertEqual(client.call_raw("Ticker").replace(b"\r", b" "), b'{ "a":  1.10 }')

    def test_what_is_no_json_does_not_come_through(self):
        with self.daemon.client() as client:
            for result in ("{", "01", "NaN", '"\t"', "{} {}"):
                self.answer(result)
                self.assert_error(client.call("Ticker", timeout_ms=300), -32017)

    def test_replies_of_up_to_64_mib(self):
        with self.daemon.client() as client:
            self.answer('"' + "x" * (60 * MEBIBYTE) + '"')
            line = client.ask('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"Ticker","timeout_ms":120000}}')
            self.assertEqual(len(line), 60 * MEBIBYTE + len('{"jsonrpc":"2.0","id":1,"result":""}'))
            self.answer('"' + "x" * (65 * MEBIBYTE) + '"')
            self.assert_error(client.call("Ticker", timeout_ms=3000), -32017)
            self.assertEqual(client.result("ping"), "pong")


if __name__ == "__main__":
    support.main()
