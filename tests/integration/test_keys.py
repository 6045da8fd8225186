#!/usr/bin/env python3
"""Several API keys of one account: joining, serving in parallel, one that fails, replacing one under load, and removing."""

import itertools
import json
import threading

import support

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
BOTS = 8


class KeysTest(support.DaemonTest):
    """Account `alice` with her first key in the vault; bob's is only at the exchange."""

    ACCOUNTS = ("alice", "bob")
    CONFIG = "[retry]\nmax_attempts = 2\nbase_delay_ms = 5\nmax_delay_ms = 10\n"

    def setUp(self):
        super().setUp()
        self.bob = self.keys.pop("bob")
        self.client, self.admin = self.daemon.client(), self.daemon.admin()
        self.addCleanup(self.client.close)
        self.addCleanup(self.admin.close)
        self.set_up_vault()
        self.first = self.listed()[0]["key"]

    def make_at_kraken(self, name, account="alice", permissions=support.TRADING):
        """Another key of that account, as its owner makes one."""
        key = support.Key(account, permissions)
        self.exchange.put_key(key, name)
        return key

    def revoke(self, key):
        self.exchange.control("POST", "/accounts", {"account": key.account, "key": {"api_key": key.api_key, "revoked": True}})

    def add_key(self, key, **more):
        return self.admin.result("account.add_key", {**key.add_params(), "name": "alice", **more})["key"]

    def listed(self):
        [account] = self.admin.result("account.list")
        return account["keys"]

    def used(self, endpoint, since=0):
        """The names at the exchange of the keys that called this, as they came."""
        return [entry["key"] for entry in self.exchange.journal(endpoint, since)]

    def last_id(self):
        return max(entry["id"] for entry in self.exchange.journal())

    def assert_rising(self):
        """Nonces are a key's own."""
        highest = {}
        for entry in self.exchange.journal():
            if entry["nonce"] is not None:
                key = entry["account"], entry["key"]
                self.assertGreater(int(entry["nonce"]), highest.get(key, 0), entry)
                highest[key] = int(entry["nonce"])
        self.assertEqual(self.exchange.audit()["nonces_refused"], 0)


class Joining(KeysTest):
    def test_a_key_joins_and_stays(self):
        added = self.admin.result("account.add_key", self.make_at_kraken("second").add_params())
        self.assertEqual((added["name"], added["validated"], added["saved"]), ("alice", True, True))
        self.assertCountEqual(added["permissions"], support.TRADING)
        self.assertEqual([key["key"] for key in self.listed()], [self.first, added["key"]])
        self.assertEqual({(key["state"], key["validated"]) for key in self.listed()}, {("ready", True)})
        self.assertEqual({row["key"] for row in self.client.result("nonce.status")}, {self.first, added["key"]})
        self.daemon.stop()
        self.daemon.start()
        self.admin, self.client = self.daemon.admin(), self.daemon.client()
        self.addCleanup(self.admin.close)
        self.addCleanup(self.client.close)
        self.assertEqual(self.admin.result("unlock", {"passphrase": support.PASSPHRASE})["accounts"], 1)
        self.assertEqual([key["key"] for key in self.listed()], [self.first, added["key"]])
        self.assertIn("result", self.client.call("Balance"))
        self.assert_rising()

    def test_a_key_of_another_account_is_refused(self):
        for save in ("validated", "unvalidated", "anyway"):
            error = self.assert_error(
                self.admin.request("account.add_key", {**self.bob.add_params(), "name": "alice", "save": save}), -32602,
                reason="other_account", executed="no")
            self.assertTrue(error["data"]["remedy"])
            self.assert_error(self.admin.request("account.replace_key", {**self.bob.add_params(), "name": "alice", "save": save}),
                              -32602, reason="other_account")
        self.assertEqual([key["key"] for key in self.listed()], [self.first])
        self.client.call("Balance")
        self.assertEqual({entry["account"] for entry in self.exchange.journal("Balance", self.last_id() - 1)}, {"alice"})

    def test_where_kraken_does_not_tell_whose_it_is(self):
        second = self.make_at_kraken("second")
        self.exchange.fault("error", endpoint="GetApiKeyInfo", text="EGeneral:Unknown method", count=0)
        refused = self.admin.request("account.add_key", second.add_params())
        self.assert_error(refused, -32602, reason="account_unproven", executed="no")
        added = self.admin.result("account.add_key", {**second.add_params(), "save": "anyway"})
        self.assertTrue(any("same account" in warning for warning in added["warnings"]), added)

    def test_what_is_there_is_there(self):
        second = self.make_at_kraken("second")
        self.assert_error(self.admin.request("account.add", second.add_params()), -32602, reason="exists")
        self.add_key(second)
        self.assert_error(self.admin.request("account.add_key", second.add_params()), -32602, reason="exists")
        self.assert_error(self.admin.request("account.add", {**second.add_params(), "name": "other"}), -32602, reason="exists")
        self.assert_error(self.admin.request("account.add_key", {**second.add_params(), "name": "nobody"}), -32004)
        self.assert_error(self.admin.request("account.add_key", {**second.add_params(), "name": "Al"}), -32602)
        self.admin.result("lock")
        for method in ("account.add_key", "account.replace_key"):
            self.assert_error(self.admin.request(method, second.add_params()), -32001, state="locked")
            self.assert_error(self.client.request(method, second.add_params()), -32601)


class Serving(KeysTest):
    def test_two_calls_are_under_way_at_once(self):
        self.add_key(self.make_at_kraken("second"))
        begin = self.last_id()
        for endpoint in ("TradeBalance", "OpenOrders"):
            self.exchange.fault("delay", endpoint=endpoint, delay_before_ms=1500)
        for number, endpoint in enumerate(("TradeBalance", "OpenOrders")):
            self.client.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": "call", "params": {"endpoint": endpoint}}) + "\n")
        support.wait_for(lambda: self.admin.result("status")["accounts"][0]["in_flight"] == 2)
        replies = [json.loads(self.client.line()) for _ in range(2)]
        self.assertTrue(all("result" in reply for reply in replies), replies)
        self.assertCountEqual(self.used("TradeBalance", begin) + self.used("OpenOrders", begin), ["main", "second"])
        self.assert_rising()

    def test_calls_take_a_key_that_may(self):
        self.add_key(self.make_at_kraken("reader", permissions=["query-funds", "query-open-trades"]))
        self.exchange.fault("delay", endpoint="TradeBalance", delay_before_ms=1000)
        begin = self.last_id()
        self.client.send('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"TradeBalance"}}\n')
        support.wait_for(lambda: self.admin.result("status")["accounts"][0]["in_flight"])
        with self.daemon.client() as other:
            self.assertIn("result", other.call("AddOrder", ORDER), "it waited for the one that may place orders")
        self.assertIn("result", json.loads(self.client.line()))
        self.assertEqual(self.used("AddOrder", begin), ["main"])

    def test_a_revoked_key_is_set_aside(self):
        self.add_key(self.make_at_kraken("second"))
        self.revoke(self.keys["alice"])
        replies = [self.client.call("Balance") for _ in range(10)]
        self.assertTrue(all("result" in reply for reply in replies), replies)
        self.assertEqual([key["state"] for key in self.listed()], ["auth_failed", "ready"])
        self.assertIn("account validate alice", self.listed()[0]["remedy"])
        [account] = self.admin.result("status")["accounts"]
        self.assertEqual(account["state"], "ready")
        self.assertTrue(self.client.result("wait", {"for": "ready"}))
        begin = self.last_id()
        self.assertIn("result", self.client.call("AddOrder", ORDER))
        self.assertEqual(self.used("AddOrder", begin), ["second"])
        error = self.assert_error(self.admin.request("account.validate", {"name": "alice"}), -32010, account="alice")
        self.assertEqual(error["data"]["key"], self.first)
        validated = self.admin.result("account.validate", {"name": "alice", "key": self.listed()[1]["key"]})
        self.assertTrue(validated["validated"])

    def test_all_are_validated_at_once(self):
        second = self.add_key(self.make_at_kraken("second", permissions=[*support.TRADING, "query-ledger"]))
        validated = self.admin.result("account.validate", {"name": "alice"})
        self.assertCountEqual(validated["permissions"], [*support.TRADING, "query-ledger"])
        self.assertEqual([key["key"] for key in validated["keys"]], [self.first, second])
        self.assertCountEqual(validated["keys"][0]["permissions"], support.TRADING)
        self.assertTrue(all(warning.startswith("key ") for warning in validated["warnings"]), validated)


class Load:
    """Bots that read and now and then place until they are told to stop; keeps every reply that was not a result."""

    ROUND = ("AddOrder", *4 * ("Balance", "OpenOrders", "ClosedOrders"))  # more orders would reach Kraken's limit

    def __init__(self, daemon):
        self.daemon, self.refused, self.done = daemon, [], 0
        self.mutex, self.over = threading.Lock(), threading.Event()
        self.bots = [threading.Thread(target=self.trade, args=(number,)) for number in range(BOTS)]

    def __enter__(self):
        for bot in self.bots:
            bot.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for bot in self.bots:
            bot.join()

    def trade(self, number):
        with self.daemon.client() as client:
            for turn in itertools.count(number):
                if self.over.is_set():
                    return
                endpoint = self.ROUND[turn % len(self.ROUND)]
                unlike_others = {"userref": turn * BOTS + number}  # equal reads would be one
                params = {"AddOrder": ORDER, "Balance": None}.get(endpoint, unlike_others)
                reply = client.call(endpoint, params)
                with self.mutex:
                    self.done += 1
                    self.refused += [reply] if "error" in reply else []

    def go_on(self, calls):
        end = self.done + calls
        support.wait_for(lambda: self.done >= end or self.refused)


class Replacing(KeysTest):
    def test_under_load(self):
        for number in range(1, 4):
            with self.subTest(number):
                new = self.make_at_kraken(f"key {number}")
                with Load(self.daemon) as load:
                    load.go_on(100)
                    result = self.admin.result("account.replace_key", new.add_params())
                    after = self.last_id()
                    load.go_on(100)
                self.assertEqual(load.refused, [])
                old = "main" if number == 1 else f"key {number - 1}"
                self.assertEqual(result["retired"], {"key": self.first, "name_at_kraken": old})
                self.assertIn(old, result["remedy"])
                self.assertTrue(result["validated"])
                later = [entry for entry in self.exchange.journal(since=after) if entry["nonce"] is not None]
                self.assertGreater(len(later), 50)
                self.assertEqual({entry["key"] for entry in later}, {f"key {number}"}, "the old one is not used any more")
                self.assertEqual([key["key"] for key in self.listed()], [result["key"]])
                self.first = result["key"]
        self.assert_rising()
        self.assertEqual(self.client.result("status")["accounts"][0]["errors"], 0)

    def test_one_of_several(self):
        second = self.add_key(self.make_at_kraken("second"))
        third = self.make_at_kraken("third")
        error = self.assert_error(self.admin.request("account.replace_key", third.add_params()), -32602, keys=[self.first, second])
        self.assertTrue(error["data"]["remedy"])
        self.assert_error(self.admin.request("account.replace_key", {**third.add_params(), "key": "00000000"}), -32602)
        replaced = self.admin.result("account.replace_key", {**third.add_params(), "key": second})
        self.assertEqual(replaced["retired"]["key"], second)
        self.assertEqual([key["key"] for key in self.listed()], [self.first, replaced["key"]])

    def test_a_new_key_that_is_no_good_changes_nothing(self):
        wrong = support.Key("alice")
        self.assert_error(self.admin.request("account.replace_key", wrong.add_params()), -32010, origin="kraken", executed="no")
        self.assertEqual([key["key"] for key in self.listed()], [self.first])
        self.assertIn("result", self.client.call("Balance"))

    def test_an_order_under_way_ends_first(self):
        new = self.make_at_kraken("new")
        self.admin.result("account.validate", {"name": "alice"})
        self.exchange.fault("delay", endpoint="AddOrder", delay_before_ms=1500)
        self.client.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"endpoint": "AddOrder", "params": ORDER}}) + "\n")
        support.wait_for(lambda: self.admin.result("status")["accounts"][0]["in_flight"])
        replaced = self.admin.result("account.replace_key", new.add_params())
        self.assertEqual(replaced["retired"]["key"], self.first)
        self.assertEqual(self.account_orders(), 1, "it was placed before the key was retired")
        self.assertIn("result", json.loads(self.client.line()))


class Removing(KeysTest):
    def test_one_then_the_last(self):
        second = self.add_key(self.make_at_kraken("second"))
        self.assert_error(self.admin.request("account.remove", {"name": "alice", "key": "00000000"}), -32602)
        self.assertEqual(self.admin.result("account.remove", {"name": "alice", "key": self.first}), {"removed": True})
        begin = self.last_id()
        self.assertIn("result", self.client.call("Balance"))
        self.assertEqual(self.used("Balance", begin), ["second"])
        self.assertEqual(self.admin.result("account.remove", {"name": "alice", "key": second}), {"removed": True})
        self.assert_error(self.client.call("Balance"), -32002)

    def test_the_account_with_all_of_them(self):
        self.add_key(self.make_at_kraken("second"))
        self.assertEqual(self.admin.result("account.remove", {"name": "alice"}), {"removed": True})
        self.assertEqual(self.admin.result("account.list"), [])
        self.assertTrue(self.admin.result("account.add", self.keys["alice"].add_params())["saved"])


class CommandLine(KeysTest):
    def ctl(self, *arguments, expected=0, stdin=None):
        status, out, error = self.daemon.ctl(*arguments, stdin=stdin)
        self.assertEqual(status, expected, out + error)
        return out, error

    @staticmethod
    def typed(key):
        return f"{key.api_key}\n{key.api_secret}\n"

    def test_rotation(self):
        second, third = self.make_at_kraken("second"), self.make_at_kraken("third")
        out, error = self.ctl("account", "add-key", "alice", "--stdin", stdin=self.typed(second))
        self.assertIn("Kraken accepts the key; saved", out)
        self.assertIn("belongs to krakkend alone", error)
        second_key = self.listed()[1]["key"]
        out, _ = self.ctl("account", "list")
        self.assertEqual([line.split()[:4] for line in out.splitlines()[1:]],
                         [["alice", "vault", key, "ready"] for key in (self.first, second_key)])
        _, error = self.ctl("account", "replace-key", "alice", "--stdin", stdin=self.typed(third), expected=1)
        self.assertIn("several keys", error)
        out, _ = self.ctl("account", "replace-key", "alice", "--key", self.first, "--stdin", stdin=self.typed(third))
        self.assertIn(f"Key {self.first} is retired", out)
        self.assertIn("main", out)
        self.ctl("account", "validate", "alice", "--key", second_key)
        out, _ = self.ctl("account", "remove", "alice", "--key", second_key)
        self.assertIn(f"key {second_key} of account alice", out)
        self.assertEqual(len(self.listed()), 1)

    def test_exit_statuses(self):
        second = self.make_at_kraken("second")
        self.ctl("account", "add-key", "nobody", "--stdin", stdin=self.typed(second), expected=1)
        self.ctl("account", "add-key", "alice", "--stdin", stdin=self.typed(self.bob), expected=1)
        self.ctl("account", "add-key", "alice", "--stdin", stdin="only one line\n", expected=2)
        self.ctl("account", "replace-key", "alice", "--save", "unvalidated", "--stdin", stdin=self.typed(second), expected=2)
        self.exchange.fault("refuse", count=0)
        self.exchange.fault("close_now")
        self.ctl("account", "add-key", "alice", "--stdin", stdin=self.typed(second), expected=75)
        self.exchange.clear_faults()
        out, _ = self.ctl("--json", "account", "replace-key", "alice", "--stdin", stdin=self.typed(second))
        self.assertEqual(json.loads(out)["retired"], {"key": self.first, "name_at_kraken": "main"})
        self.admin.result("lock")
        self.ctl("account", "add-key", "alice", "--stdin", stdin=self.typed(second), expected=4)


if __name__ == "__main__":
    support.main()
