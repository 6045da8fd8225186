#!/usr/bin/env python3
"""The contract of the admin socket's methods: vault, unlock and lock, accounts, and the states they lead to."""

import json
import signal

import support

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
ANOTHER = "another long passphrase"
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"


class AdminTest(support.DaemonTest):
    CONFIG = "[retry]\nmax_attempts = 2\nbase_delay_ms = 5\nmax_delay_ms = 10\n"

    def setUp(self):
        super().setUp()
        self.client, self.admin = self.daemon.client(), self.daemon.admin()
        self.addCleanup(self.client.close)
        self.addCleanup(self.admin.close)

    def ask(self, method, params=None):
        """The raw result of an admin method, as text."""
        line = self.admin.ask(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, **({"params": params} if params else {})})).decode()
        begin = '{"jsonrpc":"2.0","id":1,"result":'
        self.assertTrue(line.startswith(begin), line)
        return line[len(begin):-1]

    def state(self):
        return self.client.result("status")["state"]

    def names(self):
        return [account["name"] for account in self.admin.result("account.list")]


class Vault(AdminTest):
    def test_create_leaves_it_unlocked(self):
        self.assertEqual(self.state(), "uninitialized")
        self.assertFalse(self.client.result("status")["vault"]["exists"])
        self.assertEqual(self.ask("vault.create", {"passphrase": support.PASSPHRASE}), '{"created":true}')
        self.assertEqual(self.state(), "unlocked")
        self.assertTrue(self.client.result("status")["vault"]["exists"])
        self.assert_error(self.admin.request("vault.create", {"passphrase": support.PASSPHRASE}), -32007, reason="exists", executed="no",
                          origin="daemon")
        self.admin.result("lock")
        self.assert_error(self.admin.request("vault.create", {"passphrase": support.PASSPHRASE}), -32007, reason="exists")

    def test_uninitialized(self):
        self.assert_error(self.admin.request("unlock", {"passphrase": "x"}), -32007, reason="missing", executed="no")
        for method, params in (("vault.change_passphrase", {"old": "x", "new": ANOTHER}),
                               ("vault.add_key_file", {"passphrase": "x", "path": str(self.folder / "key")}),
                               ("vault.remove_key_file", {"passphrase": "x", "path": str(self.folder / "key")})):
            self.assert_error(self.admin.request(method, params), -32007, reason="missing")
        for method, params in (("account.add", self.keys["alice"].add_params()), ("account.validate", {"name": "alice"}),
                               ("account.remove", {"name": "alice"}), ("nonce.import", {"account": "alice", "file": "/x"})):
            error = self.assert_error(self.admin.request(method, params), -32001, state="uninitialized", executed="no")
            self.assertIn("krakkenctl setup", error["data"]["remedy"])
        self.assert_error(self.client.call("Balance"), -32001, state="uninitialized")
        self.assert_error(self.client.call("Balance", account="alice"), -32001, state="uninitialized")
        self.assertIn("result", self.client.call("Time"))
        self.assertEqual(self.client.result("account.list"), [])
        self.assertEqual(self.client.result("nonce.status"), [])
        self.assert_error(self.client.request("wait", {"for": "unlocked", "timeout_ms": 1}), -32018)

    def test_locked(self):
        self.set_up_vault()
        self.assertEqual(self.ask("lock"), '{"state":"locked"}')
        self.assertEqual(self.ask("lock"), '{"state":"locked"}')
        self.assertEqual(self.state(), "locked")
        sent = len(self.exchange.journal())
        for reply in (self.client.call("Balance"), self.client.call("Balance", account="alice"), self.client.call("AddOrder", ORDER),
                      self.client.call("Balance", account="nobody"),
                      *(self.admin.request(method, params) for method, params in (
                          ("account.add", self.keys["alice"].add_params()), ("account.validate", {"name": "alice"}),
                          ("account.remove", {"name": "alice"}), ("nonce.import", {"account": "alice", "file": "/x"})))):
            error = self.assert_error(reply, -32001, state="locked", executed="no", origin="daemon")
            self.assertIn("krakkenctl unlock", error["data"]["remedy"])
        self.assertEqual(len(self.exchange.journal()), sent)
        self.assertIn("result", self.client.call("Time"))
        self.assertEqual(self.client.result("account.list"), [])
        self.assert_error(self.client.request("wait", {"for": "ready", "timeout_ms": 1}), -32018)

    def test_a_source_without_accounts(self):
        self.admin.result("vault.create", {"passphrase": support.PASSPHRASE})
        error = self.assert_error(self.client.call("Balance"), -32002, executed="no", origin="daemon")
        self.assertIn("krakkenctl account add", error["data"]["remedy"])

    def test_unlock(self):
        self.set_up_vault()
        self.admin.result("lock")
        self.assert_error(self.admin.request("unlock", {"passphrase": "wrong"}), -32006, executed="no")
        self.assertEqual(self.admin.error("unlock", {"passphrase": "wrong"})["message"], "wrong passphrase or corrupted secrets file")
        self.assertEqual(self.state(), "locked")
        self.assertEqual(self.ask("unlock", {"passphrase": support.PASSPHRASE}), '{"state":"unlocked","accounts":1}')
        self.assertEqual(self.ask("unlock", {"passphrase": support.PASSPHRASE}), '{"state":"unlocked","accounts":1}')
        self.assert_error(self.admin.request("unlock", {"passphrase": "wrong"}), -32006)
        self.assertEqual(self.state(), "unlocked", "and stays so")
        for params in (None, {}, {"passphrase": support.PASSPHRASE, "key_file": "/x"}, {"passphrase": 1}):
            self.assert_error(self.admin.request("unlock", params), -32602)

    def test_calls_in_flight_finish_when_locked(self):
        self.set_up_vault()
        self.exchange.fault("delay", endpoint="AddOrder", delay_before_ms=800)
        order = {"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"endpoint": "AddOrder", "params": ORDER}}
        self.client.send(json.dumps(order) + "\n")
        support.wait_for(lambda: self.admin.result("status")["accounts"][0]["in_flight"])
        self.assertEqual(self.ask("lock"), '{"state":"locked"}')
        self.assertIn("result", json.loads(self.client.line()))

    def test_change_passphrase(self):
        self.set_up_vault()
        self.assert_error(self.admin.request("vault.change_passphrase", {"old": "wrong", "new": ANOTHER}), -32006)
        self.assertEqual(self.ask("vault.change_passphrase", {"old": support.PASSPHRASE, "new": ANOTHER}), '{"changed":true}')
        self.assert_error(self.admin.request("unlock", {"passphrase": support.PASSPHRASE}), -32006)
        self.admin.result("lock")
        self.assertEqual(self.ask("vault.change_passphrase", {"old": ANOTHER, "new": support.PASSPHRASE}), '{"changed":true}')

    def test_key_files(self):
        self.set_up_vault()
        path = str(self.folder / "key")
        params = {"passphrase": support.PASSPHRASE, "path": path}
        self.assert_error(self.admin.request("vault.add_key_file", {**params, "passphrase": "wrong"}), -32006)
        self.assertEqual(self.ask("vault.add_key_file", params), '{"changed":true}')
        self.admin.result("lock")
        self.assertEqual(self.ask("unlock", {"key_file": path}), '{"state":"unlocked","accounts":1}')
        self.assert_error(self.admin.request("vault.remove_key_file", {**params, "passphrase": "wrong"}), -32006)
        self.assertEqual(self.ask("vault.remove_key_file", params), '{"changed":true}')
        self.admin.result("lock")
        self.assertIn(self.admin.error("unlock", {"key_file": path})["code"], (-32006, -32007))
        self.assertEqual(self.state(), "locked")

    def test_any_damaged_byte(self):
        self.set_up_vault()
        self.admin.result("lock")
        vault = self.daemon.config_dir / "secrets.enc"
        good = vault.read_bytes()
        for place in (0, len(good) // 2, len(good) - 1):
            vault.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1:])
            error = self.assert_error(self.admin.request("unlock", {"passphrase": support.PASSPHRASE}), -32006)
            self.assertEqual(error["message"], "wrong passphrase or corrupted secrets file")
        for nonsense in (b"no vault at all" * 20, b"", good[:20], good[:-1], good + b"x"):
            vault.write_bytes(nonsense)
            self.assert_error(self.admin.request("unlock", {"passphrase": support.PASSPHRASE}), -32006)

    def test_a_vault_of_another_version(self):
        self.set_up_vault()
        self.admin.result("lock")
        vault = self.daemon.config_dir / "secrets.enc"
        good = vault.read_bytes()
        vault.write_bytes(good[:8] + b"\x63" + good[9:])  # the major version
        self.assert_error(self.admin.request("unlock", {"passphrase": support.PASSPHRASE}), -32007, reason="version", executed="no")
        vault.write_bytes(good)
        self.admin.result("unlock", {"passphrase": support.PASSPHRASE})

    def test_a_vault_that_somebody_changed(self):
        self.set_up_vault()
        vault = self.daemon.config_dir / "secrets.enc"
        old = vault.read_bytes()
        self.admin.result("vault.change_passphrase", {"old": support.PASSPHRASE, "new": ANOTHER})
        vault.write_bytes(old)
        error = self.assert_error(self.admin.request("account.remove", {"name": "alice"}), -32007, reason="changed", executed="no")
        self.assertTrue(error["data"]["remedy"])
        self.assertEqual(vault.read_bytes(), old, "nothing was overwritten")

    def test_shutdown(self):
        self.assertEqual(self.ask("shutdown"), "true")
        self.assertEqual(self.daemon.process.wait(support.PATIENCE), 0)
        self.daemon.process = None

    def test_stopping(self):
        self.set_up_vault()
        self.exchange.fault("delay", endpoint="AddOrder", delay_before_ms=1500)
        order = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"endpoint": "AddOrder", "params": ORDER}})
        queued = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "call", "params": {"endpoint": "Balance"}})
        self.client.send(order + "\n" + queued + "\n")
        support.wait_for(lambda: self.admin.result("status")["accounts"][0]["queued"])
        self.daemon.process.send_signal(signal.SIGTERM)
        replies = {reply["id"]: reply for reply in (json.loads(self.client.line()) for _ in range(2))}
        self.assert_error(replies[2], -32024, executed="no", retryable=True, origin="daemon")
        self.assertIn("result", replies[1])
        self.assertEqual(self.daemon.process.wait(support.PATIENCE), 0)
        self.daemon.process = None


class Adding(AdminTest):
    """account.add, account.validate, account.remove: sentence by sentence."""

    ACCOUNTS = ("alice", "bob")

    def setUp(self):
        super().setUp()
        self.admin.result("vault.create", {"passphrase": support.PASSPHRASE})
        self.alice, self.bob = (key.add_params() for key in self.keys.values())

    def test_success(self):
        added = self.admin.result("account.add", self.alice)
        self.assertEqual(set(added), {"name", "key", "validated", "saved", "permissions", "warnings"})
        self.assertEqual((added["name"], added["validated"], added["saved"]), ("alice", True, True))
        self.assertRegex(added["key"], "^[0-9a-f]{8}$")
        self.assertCountEqual(added["permissions"], support.TRADING)
        [account] = self.admin.result("account.list")
        self.assertEqual(account["keys"][0]["key"], added["key"])
        self.assertRegex(account["keys"][0]["validated_at"], TIME)
        sent = [entry["endpoint"] for entry in self.exchange.journal() if entry["account"] == "alice"]
        self.assertIn("Balance", sent, "a private read-only call with the candidate")

    def test_it_is_encrypted(self):
        self.admin.result("account.add", self.alice)
        stored = (self.daemon.config_dir / "secrets.enc").read_bytes()
        for secret in (self.alice["api_key"], self.alice["api_secret"]):
            self.assertNotIn(secret.encode(), stored)

    def test_shape_is_checked_before_kraken_is_asked(self):
        def asked():
            return [entry for entry in self.exchange.journal() if entry["nonce"] is not None]
        for change in ({"api_key": "two words"}, {"api_key": "a\n"}, {"api_key": ""}, {"api_secret": "not base64!"}, {"api_secret": ""},
                       {"api_secret": self.alice["api_secret"] + "\n"}, {"tier": "gold"}, {"save": "no"}, {"otp": "totp:not base32 !"}):
            with self.subTest(change):
                self.assert_error(self.admin.request("account.add", {**self.alice, **change}), -32602, executed="no", origin="daemon")
        self.assertEqual(asked(), [])
        self.assertEqual(self.names(), [])

    def test_names(self):
        for name in ("Alice", "", "a b", "a" * 65, "../x", "a.b", "\u00e4", "a/b"):
            self.assert_error(self.admin.request("account.add", {**self.alice, "name": name}), -32602, executed="no")
        longest = "a-_0" * 16
        self.assertEqual(self.admin.result("account.add", {**self.alice, "name": longest})["name"], longest)

    def test_a_secret_that_is_not_64_bytes_is_a_warning(self):
        added = self.admin.result("account.add", {**self.alice, "api_secret": support.random_secret(48), "save": "anyway"})
        self.assertTrue(any("64" in warning for warning in added["warnings"]), added)

    def test_kraken_says_no(self):
        wrong = {**self.alice, "api_secret": support.random_secret()}
        for save in ("validated", "unvalidated"):
            error = self.assert_error(self.admin.request("account.add", {**wrong, "save": save}), -32010, origin="kraken", executed="no",
                                      kraken=["EAPI:Invalid signature"])
            self.assertNotIn("can_save_unvalidated", error["data"])
            self.assertEqual(self.names(), [])
        added = self.admin.result("account.add", {**wrong, "save": "anyway"})
        self.assertEqual((added["validated"], added["saved"]), (False, True))
        self.assertTrue(added["warnings"])
        [account] = self.admin.result("account.list")
        self.assertFalse(account["keys"][0]["validated"])
        self.assertNotIn("validated_at", account["keys"][0])

    def test_a_missing_permission(self):
        self.exchange.control("POST", "/accounts", {"account": "alice", "key": {"api_key": self.alice["api_key"],
                                                                               "permissions": ["modify-trades"]}})
        error = self.assert_error(self.admin.request("account.add", self.alice), -32011, origin="kraken")
        self.assertIn("Query", error["data"]["remedy"])
        self.assertEqual(self.names(), [])

    def test_kraken_cannot_be_reached_or_is_down(self):
        for kind, members, codes in (("drop_before", {}, (-32017,)), ("unavailable", {}, (-32016,)),
                                     ("status", {"status": 503}, (-32017, -32016))):
            self.exchange.fault(kind, count=0, **members)
            error = self.admin.error("account.add", self.alice)
            self.assertIn(error["code"], codes)
            self.assert_error(error, error["code"], executed="no", can_save_unvalidated=True)
            self.assertEqual(self.names(), [])
            self.exchange.clear_faults()
        for save, params in (("unvalidated", self.alice), ("anyway", self.bob)):
            self.exchange.fault("drop_before", count=0)
            added = self.admin.result("account.add", {**params, "save": save})
            self.exchange.clear_faults()
            self.assertEqual((added["validated"], added["saved"]), (False, True))
        self.assertTrue(self.admin.result("account.validate", {"name": "alice"})["validated"])

    def test_one_that_exists(self):
        self.admin.result("account.add", self.alice)
        for params in ({**self.bob, "name": "alice"}, {**self.alice, "name": "other"}, self.alice):
            self.assert_error(self.admin.request("account.add", params), -32602, reason="exists", executed="no")
        self.assertEqual(self.names(), ["alice"])

    def test_validate(self):
        self.admin.result("account.add", self.alice)
        [account] = self.admin.result("account.list")
        for params in ({"name": "alice"}, {"name": "alice", "key": account["keys"][0]["key"]}):
            validated = self.admin.result("account.validate", params)
            self.assertEqual((validated["name"], validated["key"], validated["validated"], validated["saved"]),
                             ("alice", account["keys"][0]["key"], True, True))
            self.assertCountEqual(validated["permissions"], support.TRADING)
            self.assertIsInstance(validated["warnings"], list)
        self.assert_error(self.admin.request("account.validate", {"name": "alice", "key": "00000000"}), -32602)
        self.assert_error(self.admin.request("account.validate", {"name": "nobody"}), -32004, accounts=["alice"])
        self.exchange.control("POST", "/accounts", {"account": "alice", "key": {"api_key": self.alice["api_key"], "revoked": True}})
        self.assert_error(self.admin.request("account.validate", {"name": "alice"}), -32010, origin="kraken", account="alice")

    def test_remove(self):
        self.admin.result("account.add", self.alice)
        self.assert_error(self.admin.request("account.remove", {"name": "alice", "key": "00000000"}), -32602)
        self.assertEqual(self.ask("account.remove", {"name": "alice"}), '{"removed":true}')
        self.assert_error(self.client.call("Balance"), -32002)
        self.assert_error(self.admin.request("account.remove", {"name": "alice"}), -32002)
        self.assertTrue(self.admin.result("account.add", self.alice)["saved"])
        self.daemon.stop()
        self.daemon.start()
        self.keys.pop("bob")
        self.unlock()

    def test_it_is_not_removed_while_a_call_of_it_is_under_way(self):
        self.admin.result("account.add", self.alice)
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=9000)
        self.client.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"endpoint": "AddOrder", "params": ORDER}}) + "\n")
        support.wait_for(lambda: self.admin.result("status")["accounts"][0]["in_flight"])
        self.assert_error(self.admin.request("account.remove", {"name": "alice"}), -32018, executed="no", retryable=True, account="alice")
        self.assertEqual(self.names(), ["alice"])
        self.assertIn("result", json.loads(self.client.line()))
        self.assertIn("result", self.client.call("Balance"), "it goes on")
        self.assertEqual(self.ask("account.remove", {"name": "alice"}), '{"removed":true}')

    def test_tier_and_otp(self):
        self.exchange.control("POST", "/accounts", {"account": "alice", "key": {"api_key": self.alice["api_key"], "otp": "the-password"}})
        refused = self.admin.error("account.add", self.alice)
        self.assertIn(refused["code"], (-32010, -32011))
        for tier in ("starter", "intermediate", "pro"):
            self.assertTrue(self.admin.result("account.add", {**self.alice, "otp": "the-password", "tier": tier})["validated"])
            self.admin.result("account.remove", {"name": "alice"})

    def test_a_withdraw_right_is_warned_of(self):
        self.exchange.control("POST", "/accounts", {"account": "alice", "key": {
            "api_key": self.alice["api_key"], "permissions": [*support.TRADING, "withdraw-funds"]}})
        added = self.admin.result("account.add", self.alice)
        self.assertTrue(any("withdraw" in warning for warning in added["warnings"]), added)


class Reload(AdminTest):
    """`reload` and SIGHUP read the configuration again."""

    def write(self, text):
        self.daemon.config.write_text(self.good + text)

    def setUp(self):
        super().setUp()
        self.good = self.daemon.config.read_text()

    def test_nothing_changed(self):
        self.assertEqual(self.admin.result("reload"), {"reloaded": True, "needs_restart": []})

    def test_capabilities_take_effect(self):
        self.write("[capabilities]\nsupports_margin = true\n")
        self.assertEqual(self.admin.result("reload"), {"reloaded": True, "needs_restart": []})
        self.assertTrue(self.client.result("profile")["capabilities"]["supports_margin"])

    def test_what_needs_a_restart_is_named(self):
        self.daemon.config.write_text(self.good.replace(self.exchange.base_url, "https://127.0.0.1:1"))
        self.assertEqual(self.admin.result("reload")["needs_restart"], ["kraken.base_url"])
        self.assertIn("result", self.client.call("Time"), "goes on as before")

    def test_a_broken_file_changes_nothing(self):
        self.write("[capabilities]\nsupports_margn = true\n")
        line = self.daemon.config.read_text().splitlines().index("supports_margn = true") + 1
        error = self.assert_error(self.admin.request("reload"), -32602, reason="configuration", executed="no")
        for word in (f":{line}:", "supports_margn", "supports_margin"):
            self.assertIn(word, error["message"])
        self.assertFalse(self.client.result("profile")["capabilities"]["supports_margin"])

    def test_sighup_does_the_same(self):
        self.write("[capabilities]\nsupports_margin = true\n")
        self.daemon.process.send_signal(signal.SIGHUP)
        support.wait_for(lambda: self.client.result("profile")["capabilities"]["supports_margin"])
        self.assert_logged(r"event=config\.")
        self.write("[capabilities]\nsupports_margn = true\n")
        self.daemon.process.send_signal(signal.SIGHUP)
        self.assert_logged("supports_margn")
        self.assertTrue(self.client.result("profile")["capabilities"]["supports_margin"])


if __name__ == "__main__":
    support.main()
