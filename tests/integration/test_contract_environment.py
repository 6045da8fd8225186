#!/usr/bin/env python3
"""The contract of credentials from the environment, alone, beside a locked vault and beside an open one."""

import base64
import pathlib
import unittest

import support

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}


def pair(prefix, key):
    return {f"{prefix}_API_KEY": key.api_key, f"{prefix}_API_SECRET": key.api_secret}


class EnvironmentTest(support.DaemonTest):
    ACCOUNTS = ("alice", "bob", "carol")

    def setUp(self):
        super().setUp()
        self.alice, self.bob, self.carol = self.keys.values()

    def restart(self, variables):
        self.daemon.stop()
        self.daemon.variables = variables
        self.daemon.start()
        self.client, self.admin = self.daemon.client(), self.daemon.admin()
        self.addCleanup(self.client.close)
        self.addCleanup(self.admin.close)

    def accounts(self):
        return {account["name"]: account for account in self.client.result("status")["accounts"]}

    def sources(self):
        return {account["name"]: account["source"] for account in self.client.result("account.list")}

    def serves(self, name):
        """Which of the exchange's accounts a call reaches."""
        # Not Balance: the daemon itself asks for that after an unlock.
        self.client.result("call", {"endpoint": "OpenOrders", "account": name})
        return self.exchange.journal("OpenOrders")[-1]["account"]

    def vault_with(self, **keys):
        """A vault with these keys under these names, closed again."""
        with self.daemon.admin() as admin:
            admin.result("vault.create", {"passphrase": support.PASSPHRASE})
            for name, key in keys.items():
                self.assertTrue(admin.result("account.add", {**key.add_params(), "name": name})["saved"])


class Names(EnvironmentTest):
    def test_kraken_api_key_names_master(self):
        self.restart(pair("KRAKEN", self.alice))
        self.assertEqual(self.sources(), {"master": "environment"})
        self.assertEqual(self.serves("master"), "alice")

    def test_kraken_master_api_key_names_master(self):
        self.restart(pair("KRAKEN_MASTER", self.bob))
        self.assertEqual(self.sources(), {"master": "environment"})
        self.assertEqual(self.serves("master"), "bob")

    def test_both_pairs_alike_are_one(self):
        self.restart({**pair("KRAKEN", self.alice), **pair("KRAKEN_MASTER", self.alice)})
        self.assertEqual(self.sources(), {"master": "environment"})

    def test_both_pairs_different_are_an_error_at_start(self):
        self.daemon.stop()
        self.daemon.variables = {**pair("KRAKEN", self.alice), **pair("KRAKEN_MASTER", self.bob)}
        status, _, error = self.daemon.run()
        self.assertEqual(status, 78)
        for word in ("KRAKEN_API_KEY", "KRAKEN_MASTER_API_KEY"):
            self.assertIn(word, error)
        for secret in (self.alice.api_key, self.alice.api_secret, self.bob.api_key, self.bob.api_secret):
            self.assertNotIn(secret[:12], error)

    def test_users(self):
        self.restart({**pair("KRAKEN_MASTER", self.alice), **pair("KRAKEN_USER_BOB", self.bob), **pair("KRAKEN_USER_C_3", self.carol)})
        self.assertEqual(self.sources(), {"master": "environment", "user_bob": "environment", "user_c_3": "environment"})
        self.assertEqual([self.serves(name) for name in ("master", "user_bob", "user_c_3")], ["alice", "bob", "carol"])

    def test_names_are_folded(self):
        self.restart({**pair("KRAKEN_USER_Bob", self.bob), **pair("KRAKEN_USER_x.Y-z", self.carol)})
        self.assertEqual(sorted(self.sources()), ["user_bob", "user_x_y-z"])

    def test_half_a_pair_is_ignored_with_a_warning(self):
        for given, missing in (("KRAKEN_API_KEY", "KRAKEN_API_SECRET"), ("KRAKEN_MASTER_API_SECRET", "KRAKEN_MASTER_API_KEY"),
                               ("KRAKEN_USER_BOB_API_KEY", "KRAKEN_USER_BOB_API_SECRET")):
            self.restart({given: self.bob.api_secret})
            self.assertEqual(self.sources(), {})
            self.assertIn(" warn ", self.assert_logged(missing))
            self.assertNotIn(self.bob.api_secret[:12], self.daemon.log())
            self.assertEqual(self.client.result("status")["state"], "uninitialized")

    def test_blank_values_count_as_missing(self):
        for blank in ("", " ", "\t \n"):
            self.restart({**pair("KRAKEN", self.alice), "KRAKEN_API_SECRET": blank})
            self.assertEqual(self.sources(), {})
            self.assert_logged("warn .*KRAKEN_API_SECRET")

    def test_half_a_pair_does_not_fill_another(self):
        self.restart({"KRAKEN_API_KEY": self.alice.api_key, "KRAKEN_MASTER_API_SECRET": self.alice.api_secret})
        self.assertEqual(self.sources(), {})

    def test_they_are_wiped_from_the_process_environment(self):
        self.restart({**pair("KRAKEN_MASTER", self.alice), **pair("KRAKEN_USER_BOB", self.bob)})
        environment = pathlib.Path("/proc", str(self.daemon.process.pid), "environ").read_bytes()
        for key in (self.alice, self.bob):
            for secret in (key.api_key, key.api_secret):
                self.assertNotIn(secret.encode()[:12], environment)
                self.assertNotIn(secret[:12], self.daemon.log())

    def test_a_misspelt_variable_gets_a_warning(self):
        self.restart({"KRAKKEN_API_KEY": "canary", "KRAKEND_STATE_DIR": "/x"})
        self.assertRegex(self.assert_logged("KRAKKEN_API_KEY"), "[^K]KRAKEN_API_KEY")
        self.assertIn("KRAKKEND_STATE_DIR", self.assert_logged("KRAKEND_STATE_DIR"))
        self.assertNotIn("canary", self.daemon.log())


class Alone(EnvironmentTest):
    """No vault: unlocked, by the environment's keys."""

    def setUp(self):
        super().setUp()
        self.restart(pair("KRAKEN_MASTER", self.alice))
        support.wait_for(lambda: self.exchange.journal("Balance"), said="the daemon looks at the account by itself")

    def test_it_is_unlocked(self):
        status = self.client.result("status")
        self.assertEqual((status["state"], status["vault"]["exists"]), ("unlocked", False))
        self.assertTrue(self.client.result("wait", {"for": "unlocked", "timeout_ms": 1}))
        self.assertTrue(self.client.result("wait", {"for": "ready", "account": "master", "timeout_ms": 60000}))
        self.assertIn("result", self.client.call("Balance"))
        self.assertIn("result", self.client.call("AddOrder", ORDER))
        self.assertIn("result", self.client.call("CancelAll"))

    def test_accounts_cannot_be_saved_without_a_vault(self):
        self.assert_error(self.admin.request("account.add", self.bob.add_params()), -32001, state="uninitialized", executed="no")

    def test_it_cannot_be_added_validated_or_removed(self):
        self.admin.result("vault.create", {"passphrase": support.PASSPHRASE})
        for method, params in (("account.add", {**self.bob.add_params(), "name": "master"}), ("account.validate", {"name": "master"}),
                               ("account.remove", {"name": "master"})):
            with self.subTest(method):
                self.assert_error(self.admin.request(method, params), -32602, reason="environment", executed="no")

    def test_others_are_unknown(self):
        self.assert_error(self.client.call("Balance", account="bob"), -32004, accounts=["master"])

    def test_a_lock_wipes_them_until_a_restart(self):
        self.assertEqual(self.admin.result("lock"), {"state": "locked"})
        self.assertEqual(self.client.result("status")["state"], "locked")
        sent = len(self.exchange.journal())
        for account in ({}, {"account": "master"}):
            error = self.assert_error(self.client.call("Balance", **account), -32001, state="locked", executed="no")
            self.assertIn("restart krakkend", error["data"]["remedy"])
        self.assertEqual(len(self.exchange.journal()), sent)
        self.restart(self.daemon.variables)
        self.assertIn("result", self.client.call("Balance"))

    @support.AS_ROOT
    @unittest.skipIf(support.SANITIZED, "freed memory is kept for a while")
    def test_a_lock_leaves_nothing_in_memory(self):
        secret = self.alice.api_secret.encode()
        self.client.call("Balance")
        self.admin.result("lock")
        for form in (secret[8:], base64.b64decode(secret)[8:]):
            self.assertEqual([place for place, data in support.memory_of(self.daemon.process.pid) if form in data], [])

    def test_a_new_vault_does_not_bring_them_back(self):
        self.admin.result("lock")
        self.admin.result("vault.create", {"passphrase": support.PASSPHRASE})
        self.assert_error(self.client.call("Balance", account="master"), -32001, state="locked")

    def test_nonces_are_shown(self):
        self.client.call("Balance")
        [nonce] = self.client.result("nonce.status")
        self.assertEqual(nonce["account"], "master")


class BesideAVault(EnvironmentTest):
    """The environment's pair wins over the vault's, account by account."""

    def setUp(self):
        super().setUp()
        self.vault_with(master=self.bob, carol=self.carol)
        self.restart(pair("KRAKEN_MASTER", self.alice))

    def test_locked(self):
        self.assertEqual(self.client.result("status")["state"], "locked")
        self.assertEqual(self.sources(), {"master": "environment"})
        self.assertEqual(self.serves("master"), "alice")
        self.assertIn("result", self.client.call("Balance"))
        error = self.assert_error(self.client.call("Balance", account="carol"), -32001, state="locked", executed="no")
        self.assertIn("krakkenctl unlock", error["data"]["remedy"])
        self.assert_error(self.admin.request("account.add", self.keys["bob"].add_params()), -32001, state="locked")
        self.assert_error(self.client.request("wait", {"for": "unlocked", "timeout_ms": 1}), -32018)

    def test_unlocked_the_pair_wins_and_the_hidden_entry_is_shown(self):
        self.admin.result("unlock", {"passphrase": support.PASSPHRASE})
        self.assertEqual(self.sources(), {"master": "environment", "carol": "vault"})
        self.assertEqual(self.serves("master"), "alice")
        self.assertEqual(self.serves("carol"), "carol")
        accounts = self.accounts()
        self.assertTrue(accounts["master"]["hides_vault_entry"])
        self.assertFalse(accounts["carol"].get("hides_vault_entry", False))
        self.assertEqual((accounts["master"]["source"], accounts["carol"]["source"]), ("environment", "vault"))

    def test_a_lock_lets_no_hidden_entry_stand_in(self):
        begun = self.exchange.journal()[-1]["id"]
        self.admin.result("unlock", {"passphrase": support.PASSPHRASE})
        self.assertEqual(self.admin.result("lock"), {"state": "locked"})
        self.assert_error(self.client.call("Balance", account="master"), -32001, state="locked")
        self.admin.result("unlock", {"passphrase": support.PASSPHRASE})
        error = self.assert_error(self.client.call("Balance", account="master"), -32001, state="locked", executed="no")
        self.assertIn("restart krakkend", error["data"]["remedy"])
        self.assertEqual(self.serves("carol"), "carol")
        self.assertNotIn("bob", [entry["account"] for entry in self.exchange.journal(since=begun)])

    def test_without_the_variable_the_vault_serves(self):
        self.restart({})
        self.admin.result("unlock", {"passphrase": support.PASSPHRASE})
        self.assertEqual(self.serves("master"), "bob")

    def test_half_a_pair_lets_the_vault_serve(self):
        self.restart({"KRAKEN_MASTER_API_KEY": self.alice.api_key})
        self.admin.result("unlock", {"passphrase": support.PASSPHRASE})
        self.assertEqual(self.serves("master"), "bob")
        self.assertEqual(self.sources()["master"], "vault")


if __name__ == "__main__":
    support.main()
