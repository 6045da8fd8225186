#!/usr/bin/env python3
"""The contract of rpc.discover: what the daemon answers, in every state, is what its own document says, member by member.

The document allows further members, so that later versions may add some; here none may be there that it does not name.
"""

import re
import time

import jsonschema
import support

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
ANOTHER = "another long passphrase"
ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}

formats = jsonschema.FormatChecker(())
formats.checks("date-time")(lambda value: not isinstance(value, str) or bool(TIME.match(value)))


def closed(schema):
    """The schema with no room for members that it does not name."""
    schema = {name: closed(part) if isinstance(part, dict) else part for name, part in schema.items()}
    if "properties" in schema:
        schema["properties"] = {name: closed(part) for name, part in schema["properties"].items()}
        schema["additionalProperties"] = False
    return schema


class Described:
    """A connection that holds every reply against the document of its socket."""

    def __init__(self, connection):
        self.connection = connection
        document = connection.result("rpc.discover")
        self.methods = {method["name"]: method for method in document["methods"]}
        self.seen = set()  # methods whose result was held against the document

    def request(self, method, params=None):
        described, reply = self.methods[method], self.connection.request(method, params)
        if "error" in reply:
            error = reply["error"]
            categories = {one["code"]: one["data"]["category"] for one in described["errors"]}
            assert categories.get(error["code"]) == error["data"]["category"], (method, reply)
        else:
            schema = closed(described["result"]["schema"])
            jsonschema.validate(reply["result"], schema, cls=jsonschema.Draft7Validator, format_checker=formats)
            self.seen.add(method)
        return reply

    def result(self, method, params=None):
        reply = self.request(method, params)
        assert "result" in reply, (method, reply)
        return reply["result"]


class Documents(support.SharedTest):
    def prepare(self):
        pass

    def test_it_is_openrpc(self):
        for one in (self.client, self.admin):
            document = one.result("rpc.discover")
            self.assertEqual(set(document), {"openrpc", "info", "methods"})
            for method in document["methods"]:
                self.assertEqual(set(method), {"name", "summary", "paramStructure", "params", "result", "errors"})
                jsonschema.Draft7Validator.check_schema(method["result"]["schema"])
                for parameter in method["params"]:
                    jsonschema.Draft7Validator.check_schema(parameter["schema"])
                for error in method["errors"]:
                    self.assertEqual(error["data"]["category"], support.CATEGORIES[error["code"]])

    def test_a_result_that_deviates_is_seen(self):
        """The check itself: a member too many, too few, of another type, a time that is none."""
        schema = closed(Described(self.client).methods["status"]["result"]["schema"])
        good = self.client.result("status")
        for change in ({"more": 1}, {"pid": "1"}, {"state": "open"}, {"state_since": "yesterday"}, {"accounts": [{}]}):
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate({**good, **change}, schema, cls=jsonschema.Draft7Validator, format_checker=formats)

    def test_defaults_and_bounds(self):
        methods = Described(self.client).methods
        parameters = {(method, parameter["name"]): parameter["schema"] for method in methods for parameter in methods[method]["params"]}
        for method in ("call", "wait"):
            timeout = parameters[method, "timeout_ms"]
            self.assertEqual((timeout["minimum"], timeout["maximum"], timeout["default"]), (1, 120_000, 30_000))
        self.assertEqual(parameters["call", "max_wait_ms"]["minimum"], 0)
        add = {parameter["name"]: parameter["schema"] for parameter in Described(self.admin).methods["account.add"]["params"]}
        self.assertEqual((add["save"]["default"], add["tier"]["default"]), ("validated", "intermediate"))


class Results(support.DaemonTest):
    """Every method in every state that it can be asked in."""

    ACCOUNTS = ("alice", "bob")
    SHOWN = ("ping", "version", "status", "account.list", "gateway.show", "rpc.discover")

    def connect(self):
        client, admin = self.daemon.client(), self.daemon.admin()
        self.addCleanup(client.close)
        self.addCleanup(admin.close)
        self.client, self.admin = Described(client), Described(admin)

    def look(self):
        """All that only shows."""
        for one in (self.client, self.admin):
            for method in self.SHOWN:
                one.result(method)
        for method in ("profile", "endpoints", "nonce.status"):
            self.client.result(method)
        self.client.request("nonce.status", {"account": "alice"})
        self.client.request("wait", {"for": "ready", "account": "alice", "timeout_ms": 1})
        self.client.request("wait", {"for": "unlocked", "timeout_ms": 1})
        self.client.request("call", {"endpoint": "Balance"})

    def rotate(self, bob):
        """Another key for alice, then one in the place of her first."""
        second, third = support.Key("alice"), support.Key("alice")
        self.exchange.put_key(second, "second")
        self.exchange.put_key(third, "third")
        self.admin.result("account.add_key", second.add_params())
        self.admin.request("account.add_key", {**bob, "name": "alice"})
        self.admin.request("account.replace_key", third.add_params())
        [first] = [key["key"] for account in self.admin.result("account.list") for key in account["keys"][:1]
                   if account["name"] == "alice"]
        self.admin.result("account.replace_key", {**third.add_params(), "key": first})
        self.assertEqual(len(self.admin.result("account.validate", {"name": "alice"})["keys"]), 2)

    def settle(self):
        """What became of an order whose answer was lost; and a person's word on another."""
        self.exchange.fault("drop_after", endpoint="AddOrder")
        self.client.result("call", {"endpoint": "AddOrder", "account": "alice", "params": ORDER})
        self.exchange.fault("drop_before", endpoint="AddOrder")
        lost = self.client.request("call", {"endpoint": "AddOrder", "account": "alice", "params": ORDER, "timeout_ms": 800})
        known = {"id": lost["error"]["data"]["intent"]}
        self.client.request("intent.wait", {**known, "timeout_ms": 1})
        self.admin.result("intent.settle", {**known, "outcome": "not_placed", "reason": "seen at Kraken"})
        self.admin.request("intent.settle", {"id": "nobody", "outcome": "placed", "reason": "guessed"})
        for one in (self.client, self.admin):
            self.assertEqual(len(one.result("intent.list", {"limit": 2})), 2)
            one.result("intent.get", known)
            one.request("intent.get", {"id": "nobody"})
            one.result("intent.wait", known)

    def grant(self):
        """Bots, grants, and an emergency."""
        grant = {"accounts": ["alice"], "allow": ["read", "trade"], "pairs": ["XBTUSD"], "side": "buy", "order_types": ["limit"],
                 "max_order_volume": "1", "max_order_notional": "100USD", "max_day_notional": "1000USD", "max_open_orders": 5,
                 "max_calls_per_minute": 60, "own_orders": True, "hours": "00:00-23:59", "expires_at": "2100-01-01T00:00:00Z",
                 "mode": "validate"}
        widening = {"passphrase": support.PASSPHRASE}
        made = self.admin.result("bot.add", {"name": "scalper", "grant": grant, **widening})
        self.admin.request("bot.add", {"name": "scalper", "grant": grant})
        self.admin.result("bot.change", {"name": "scalper", "grant": {**grant, "max_open_orders": 4}})
        with self.daemon.client() as connection:
            bot, now = Described(connection), int(time.time())
            signature = support.api_sign(made["api_secret"], "/krakkend/identify", now, f"nonce={now}")
            bot.request("identify", {"key": made["api_key"], "time": 1, "signature": signature})
            bot.result("whoami")
            bot.result("identify", {"key": made["api_key"], "time": now, "signature": signature})
            self.client.seen |= bot.seen
            bot.result("whoami")
            self.assertFalse(bot.result("check", {"endpoint": "Withdraw", "account": "alice"})["allowed"])
        self.admin.result("bot.rotate", {"name": "scalper", **widening})
        self.admin.result("bot.list")
        self.admin.result("bot.show", {"name": "scalper"})
        self.admin.result("grant.set", {"holder": "uid:4242", "grant": grant, **widening})
        self.admin.result("grant.list")
        self.admin.result("grant.remove", {"holder": "uid:4242", **widening})
        self.admin.result("freeze", {"account": "alice", "reason": "tried", "cancel_all": True})
        self.client.result("whoami")
        self.assertEqual(self.client.result("check", {"endpoint": "AddOrder", "account": "alice"})["rule"], "freeze")
        self.admin.request("thaw", {"account": "alice"})
        self.admin.result("thaw", {"account": "alice", **widening})
        self.assertTrue(self.client.result("check", {"endpoint": "AddOrder", "account": "alice"})["allowed"])
        self.admin.result("bot.revoke", {"name": "scalper"})

    def test_from_nothing_to_the_end(self):
        self.connect()
        alice, bob = (key.add_params() for key in self.keys.values())
        self.look()
        self.admin.request("unlock", {"passphrase": "x"})
        self.admin.request("account.add", alice)
        self.admin.result("vault.create", {"passphrase": support.PASSPHRASE})
        self.admin.request("vault.create", {"passphrase": support.PASSPHRASE})
        self.look()
        self.exchange.fault("unavailable", count=0)
        self.admin.request("account.add", alice)
        self.admin.result("account.add", {**alice, "save": "unvalidated"})
        self.exchange.clear_faults()
        self.look()
        self.admin.result("account.validate", {"name": "alice"})
        self.admin.request("account.add", {**bob, "api_secret": support.random_secret()})
        self.admin.result("account.add", bob)
        self.look()
        self.rotate(bob)
        self.look()
        self.client.result("call", {"endpoint": "Balance", "account": "alice"})
        self.client.result("wait", {"for": "ready", "account": "alice"})
        self.client.request("call", {"endpoint": "AddOrder", "account": "alice", "params": {**ORDER, "leverage": "2"}})
        self.settle()
        self.grant()
        self.exchange.fault("error", endpoint="Balance", text="EAPI:Invalid key")
        self.client.request("call", {"endpoint": "Balance", "account": "bob"})
        self.look()
        old, key_file = self.folder / "kraken_nonce.txt", str(self.folder / "key")
        old.write_text("1700000000000000")
        self.admin.result("nonce.import", {"account": "alice", "file": str(old)})
        self.admin.request("nonce.import", {"account": "alice", "file": "/nonexistent"})
        self.admin.request("vault.add_key_file", {"passphrase": support.PASSPHRASE, "path": str(self.folder / "gone/key")})
        self.admin.result("vault.add_key_file", {"passphrase": support.PASSPHRASE, "path": key_file})
        self.admin.result("vault.change_passphrase", {"old": support.PASSPHRASE, "new": ANOTHER})
        self.admin.result("lock")
        self.look()
        self.admin.request("account.remove", {"name": "alice"})
        self.admin.result("unlock", {"key_file": key_file})
        self.admin.request("vault.remove_key_file", {"passphrase": "wrong", "path": key_file})
        self.admin.result("vault.remove_key_file", {"passphrase": ANOTHER, "path": key_file})
        self.admin.result("account.remove", {"name": "bob"})
        self.admin.request("account.remove", {"name": "nobody"})
        self.admin.result("audit.tail", {"limit": 1000})
        self.admin.request("audit.tail", {"limit": 0})
        self.assertTrue(self.admin.result("audit.verify")["ok"])
        self.admin.result("reload")
        self.daemon.config.write_text("regoin = 1\n")
        self.admin.request("reload")
        self.admin.result("shutdown")
        self.assertEqual(self.daemon.process.wait(support.PATIENCE), 0)
        self.daemon.process = None
        for one in (self.client, self.admin):
            self.assertEqual(one.seen, set(one.methods), "each was answered with a result at least once")

    def test_with_keys_of_the_environment(self):
        with self.daemon.admin() as admin:
            admin.result("vault.create", {"passphrase": support.PASSPHRASE})
            admin.result("account.add", {**self.keys["bob"].add_params(), "name": "master"})
        self.daemon.stop()
        alice = self.keys["alice"]
        self.daemon.variables = {"KRAKEN_API_KEY": alice.api_key, "KRAKEN_API_SECRET": alice.api_secret}
        self.daemon.start()
        self.connect()
        self.look()
        self.admin.result("unlock", {"passphrase": support.PASSPHRASE})
        self.look()
        self.assertTrue(self.client.result("status")["accounts"][0]["hides_vault_entry"])
        self.admin.request("account.validate", {"name": "master"})
        self.admin.result("lock")
        self.look()
        self.admin.result("unlock", {"passphrase": support.PASSPHRASE})
        self.look()


if __name__ == "__main__":
    support.main()
