#!/usr/bin/env python3
"""The contract of `status`, member by member, and of every state of an account with its remedy and the way out."""

import re

import support

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"


class Status(support.SharedTest):
    """Section 3.1, member by member."""

    ACCOUNTS = ("alice", "bob")

    def test_members(self):
        for one in (self.client, self.admin):
            status = one.result("status")
            self.assertLessEqual({"summary", "state", "state_since", "version", "pid", "uptime_s", "vault", "upstream", "clients",
                                  "accounts", "protection", "config"}, set(status))
            self.assertEqual(len(status["summary"].splitlines()), 1)
            self.assertEqual(status["state"], "unlocked")
            self.assertRegex(status["state_since"], TIME)
            self.assertEqual(status["version"], one.result("version")["version"])
            self.assertEqual(status["pid"], self.daemon.process.pid)
            self.assertIsInstance(status["uptime_s"], int)
            self.assertEqual(status["vault"], {"path": str(self.daemon.config_dir / "secrets.enc"), "exists": True})
            self.assertEqual(status["upstream"]["base_url"], self.exchange.base_url)
            self.assertTrue(status["upstream"]["state"])
            self.assertGreaterEqual(status["clients"], 1)
            self.assertEqual(status["config"]["path"], str(self.daemon.config))

    def test_clock_offset_is_known_after_an_unlock(self):
        def offset():
            return self.client.result("status")["upstream"].get("clock_offset_ms")
        support.wait_for(lambda: offset() is not None)
        self.assertIsInstance(offset(), int)
        self.assertLess(abs(offset()), 5000 + 20000 * support.SANITIZED)

    def test_clients_are_counted(self):
        def connected(count):
            return lambda: self.client.result("status")["clients"] == count
        self.admin.result("ping")
        support.wait_for(connected(2), said="those of earlier tests have gone")
        with self.daemon.client() as another:
            another.result("ping")
            self.assertTrue(connected(3)())
        support.wait_for(connected(2))

    def account(self, name):
        return next(account for account in self.client.result("status")["accounts"] if account["name"] == name)

    def test_an_account(self):
        self.assertIn("result", self.client.call("Balance", account="alice"))
        account = self.account("alice")
        self.assertLessEqual({"name", "source", "state", "last_success_at", "calls", "errors", "queued", "in_flight", "latency_ms"},
                             set(account))
        self.assertEqual((account["source"], account["state"]), ("vault", "ready"))
        self.assertRegex(account["last_success_at"], TIME)
        self.assertEqual(set(account["latency_ms"]), {"p50", "p99"})
        self.assertNotIn("remedy", account)

    def test_calls_and_errors_are_counted(self):
        before = self.account("bob")
        self.client.call("Balance", account="bob")
        self.exchange.fault("error", endpoint="OpenOrders", text="EQuery:Unknown asset pair")
        self.client.call("OpenOrders", account="bob")
        now = self.account("bob")
        self.assertEqual((now["calls"] - before["calls"], now["errors"] - before["errors"]), (2, 1))
        self.assertEqual(now["last_error"] if isinstance(now["last_error"], str) else now["last_error"]["category"], "order")

    def test_queued_and_in_flight(self):
        self.exchange.fault("delay", endpoint="Balance", delay_before_ms=700)
        with self.daemon.client() as busy:
            for endpoint in ("Balance", "OpenOrders", "ClosedOrders"):
                busy.send('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"%s","account":"alice"}}\n' % endpoint)
            support.wait_for(lambda: (self.account("alice")["queued"], self.account("alice")["in_flight"]) == (2, 1))
            for _ in range(3):
                busy.line()
        self.assertEqual((self.account("alice")["queued"], self.account("alice")["in_flight"]), (0, 0))

    def test_protection(self):
        protection = self.client.result("status")["protection"]
        self.assertLessEqual({"memory_locked", "not_dumpable", "no_core", "no_new_privileges"}, set(protection))
        for value in protection.values():
            self.assertIsInstance(value, bool)

    def test_latency_is_text_of_digits(self):
        text = self.client.ask('{"jsonrpc":"2.0","id":1,"method":"status"}').decode()
        for figure in re.findall(r'"p\d\d":([^,}]*)', text):
            self.assertRegex(figure, r"^\d+(\.\d+)?$")


class AccountStates(support.DaemonTest):
    """Every state of an account that Kraken can bring about, its remedy, and the way out."""

    ACCOUNTS = ("alice", "bob")

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.client, self.admin = self.daemon.client(), self.daemon.admin()
        self.addCleanup(self.client.close)
        self.addCleanup(self.admin.close)

    def account(self, name="alice"):
        return next(account for account in self.client.result("status")["accounts"] if account["name"] == name)

    def fails(self, text, code, state, endpoint="Balance", **more):
        self.exchange.fault("error", endpoint=endpoint, text=text, count=0)
        self.assert_error(self.client.call(endpoint, account="alice"), code, executed="no", account="alice", **more)
        self.exchange.clear_faults()
        self.assertEqual(self.account()["state"], state)
        self.assertTrue(self.account()["remedy"])
        self.assertEqual(self.account("bob")["state"], "ready")
        self.assertIn("result", self.client.call("Balance", account="bob"))

    def test_auth_failed_is_held_until_validated(self):
        self.fails("EAPI:Invalid key", -32010, "auth_failed", origin="kraken", retryable=False)
        sent = len(self.exchange.journal())
        self.assert_error(self.client.call("Balance", account="alice"), -32010, executed="no")
        self.assertEqual(len(self.exchange.journal()), sent, "nothing is sent with a refused key")
        self.assertIn("krakkenctl account validate alice", self.account()["remedy"])
        self.assertTrue(self.admin.result("account.validate", {"name": "alice"})["validated"])
        self.assertEqual(self.account()["state"], "ready")
        self.assertIn("result", self.client.call("Balance", account="alice"))

    def test_permission_denied_is_latched_and_calls_go_on(self):
        self.fails("EGeneral:Permission denied", -32011, "permission_denied", origin="kraken", retryable=False)
        self.assertIn("result", self.client.call("OpenOrders", account="alice"), "other endpoints still work")
        self.assertEqual(self.account()["state"], "permission_denied", "and prove nothing of the missing permission")
        self.assertIn("result", self.client.call("Balance", account="alice"))
        self.assertEqual(self.account()["state"], "ready", "that same permission was there")

    def test_permission_denied_ends_with_a_validation(self):
        self.fails("EGeneral:Permission denied", -32011, "permission_denied")
        self.assertTrue(self.admin.result("account.validate", {"name": "alice"})["validated"])
        self.assertEqual(self.account()["state"], "ready")

    def test_nonce_conflict_recovers_by_itself(self):
        self.fails("EAPI:Invalid nonce", -32012, "nonce_conflict", origin="kraken")
        self.assertIn("program", self.account()["remedy"])
        self.assertIn("result", self.client.call("Balance", account="alice"))
        self.assertEqual(self.account()["state"], "ready")

    def test_lockout_silences_every_account(self):
        self.exchange.fault("lockout", endpoint="Balance")
        self.assert_error(self.client.call("Balance", account="alice"), -32021, executed="no", origin="kraken")
        sent = len(self.exchange.journal())
        for name in ("alice", "bob"):
            error = self.assert_error(self.client.call("Balance", account=name), -32021, executed="no")
            self.assertRegex(error["data"]["until"], TIME)
            self.assertEqual(self.account(name)["state"], "lockout")
        self.assertEqual(len(self.exchange.journal()), sent, "silent until it is over")


if __name__ == "__main__":
    support.main()
