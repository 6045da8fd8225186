#!/usr/bin/env python3
"""Under a service manager: what it is told, settings that change while the daemon runs, starts without a person."""

import json
import os
import signal
import socket
import subprocess
import unittest

import support

CONFIGURATION = 78
LEVERAGED = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01", "leverage": "2"}


class Manager:
    """What a service manager hears: the datagrams sent to its socket."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(support.PATIENCE)

    def close(self):
        self.socket.close()

    def message(self):
        return self.socket.recv(65536).decode().splitlines()

    def until(self, line):
        """All that came up to the first message with this line."""
        heard = []
        while True:
            heard.append(self.message())
            if line in heard[-1]:
                return heard

    def quiet(self):
        """What has come already; does not wait."""
        self.socket.setblocking(False)
        heard = []
        try:
            while True:
                heard.append(self.message())
        except BlockingIOError:
            return heard
        finally:
            self.socket.settimeout(support.PATIENCE)


class Notifications(support.DaemonTest):
    def setUp(self):
        super().setUp()
        self.daemon.stop()
        self.manager = Manager(self.folder / "notify")
        self.addCleanup(self.manager.close)
        self.daemon.variables["NOTIFY_SOCKET"] = self.manager.path

    def start_silently(self):
        """Starts it as a manager does: nothing but its messages says how far it is."""
        answers, self.daemon.answers = self.daemon.answers, lambda: True
        self.daemon.start()
        self.daemon.answers = answers

    def status(self):
        with self.daemon.client() as client:
            return "STATUS=" + client.result("status")["summary"]

    def test_ready_when_both_sockets_answer(self):
        for _ in range(3):
            self.start_silently()
            message = self.manager.message()
            self.assertIn("READY=1", message)
            with self.daemon.client() as client, self.daemon.admin() as admin:
                self.assertEqual((client.result("ping"), admin.result("ping")), ("pong", "pong"))
            self.assertIn(self.status(), message)
            self.daemon.stop()
            self.assertIn("STOPPING=1", self.manager.until("STOPPING=1")[-1])
            self.manager.quiet()

    def test_a_refused_start_is_never_ready(self):
        # Everything is in order but the last socket: nothing was said before that.
        self.daemon.admin_socket.write_text("in the way")
        self.assertEqual(self.daemon.run()[0], CONFIGURATION)
        self.assertEqual(self.manager.quiet(), [])
        self.daemon.config.write_text("[kraken]\nbase_ulr = 1\n")
        self.assertEqual(self.daemon.run()[0], CONFIGURATION)
        self.assertEqual(self.manager.quiet(), [])

    def test_status_follows(self):
        self.daemon.start()
        self.manager.until("READY=1")
        self.set_up_vault()
        self.manager.until("STATUS=unlocked, 1 of 1 account ready")
        with self.daemon.admin() as admin:
            admin.result("lock")
        self.manager.until("STATUS=locked; run: krakkenctl unlock")
        self.unlock()
        self.manager.until("STATUS=unlocked, 1 of 1 account ready")
        # Of one state it is told once.
        self.assertEqual(self.status(), "STATUS=unlocked, 1 of 1 account ready")
        self.assertNotIn("WATCHDOG=1", [line for message in self.manager.quiet() for line in message])

    def test_reload_and_end(self):
        self.daemon.start()
        self.manager.until("READY=1")
        self.daemon.process.send_signal(signal.SIGHUP)
        heard = self.manager.until("READY=1")
        self.assertIn(["RELOADING=1"], heard)
        support.wait_for(lambda: "event=config.reloaded" in self.daemon.log())
        self.daemon.stop()
        after = self.manager.until("STOPPING=1") + self.manager.quiet()
        self.assertNotIn("READY=1", [line for message in after for line in message])

    def test_a_hangup_during_the_start(self):
        folder = self.folder / "old"
        folder.mkdir()
        for number in range(5000):  # so that the start takes its time
            (folder / f"kraken_nonce_{number}.txt").write_text("1700000000000000")
        self.daemon.config.write_text(self.daemon.config.read_text() + f'[nonce]\nlegacy_dir = "{folder}"\n')
        before = self.daemon.log().count("event=start ")
        self.start_silently()
        support.wait_for(lambda: self.daemon.log().count("event=start ") > before)
        self.daemon.process.send_signal(signal.SIGHUP)
        support.wait_for(lambda: "event=config.reloaded" in self.daemon.log())

    def test_watchdog(self):
        self.daemon.variables["WATCHDOG_USEC"] = "400000"
        self.daemon.start()
        self.manager.until("READY=1")
        for _ in range(3):
            self.manager.until("WATCHDOG=1")
        # Also while it drains, which may take longer than the watchdog waits; and one that stops listening holds nothing up.
        self.set_up_vault()
        self.exchange.fault("half_open", endpoint="Balance", count=0)
        with self.daemon.client() as client, self.daemon.admin() as admin:
            client.send('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"Balance","timeout_ms":4000}}\n')
            support.wait_for(lambda: admin.result("status")["accounts"][0]["in_flight"])
            self.daemon.process.send_signal(signal.SIGTERM)
            self.manager.until("STOPPING=1")
            self.manager.until("WATCHDOG=1")
            self.assertIsNotNone(client.line())

    def test_a_manager_that_does_not_read_holds_no_end_up(self):
        deaf = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(deaf.close)
        deaf.connect(self.manager.path)
        deaf.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while True:
                deaf.send(b"full")
        self.daemon.start()
        self.daemon.stop()

    def test_a_log_that_nobody_reads_holds_no_end_up(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.set_blocking(writer, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(writer, b"full")
        os.set_blocking(writer, True)
        self.daemon.process = subprocess.Popen(self.daemon.command(), stdin=subprocess.DEVNULL, stdout=writer, stderr=writer,
                                               cwd="/", env=self.daemon.environment())
        os.close(writer)
        support.wait_for(self.daemon.answers)
        self.daemon.stop()

    def test_a_folder_that_no_answer_could_name(self):
        self.daemon.config_dir = bytes(self.folder) + b"/\xff"
        os.mkdir(self.daemon.config_dir, 0o700)
        status, _, error = self.daemon.run()
        self.assertEqual(status, CONFIGURATION)
        self.assertIn("is not UTF-8 text; name another folder", error)

    def test_no_manager(self):
        del self.daemon.variables["NOTIFY_SOCKET"]
        self.daemon.start()
        self.daemon.variables["NOTIFY_SOCKET"] = str(self.folder / "nobody-listens-here")
        self.daemon.stop()
        self.daemon.start()
        self.assertEqual(self.manager.quiet(), [])


class Reload(support.DaemonTest):
    ACCOUNTS = ("alice", "bob")
    LEVEL = None

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.kept = self.daemon.config.read_text()

    def make_daemon(self, *words, **more):
        daemon = super().make_daemon(*words, **more)
        command = daemon.command
        # The command line's level would win over the file's.
        daemon.command = lambda *more: [word for word in command(*more) if word not in ("--log-level", None)]
        return daemon

    def reload(self, text):
        """Through the admin socket."""
        self.daemon.config.write_text(text)
        with self.daemon.admin() as admin:
            return admin.request("reload")

    def hang_up(self, text, event):
        """By the signal; returns the log from then on."""
        self.daemon.config.write_text(text)
        before = len(self.daemon.log())
        self.daemon.process.send_signal(signal.SIGHUP)
        support.wait_for(lambda: event in self.daemon.log()[before:], said=f"no {event}")
        return self.daemon.log()[before:]

    def test_what_changes_at_once(self):
        with self.daemon.client() as client:
            self.assertEqual(client.result("profile")["region"], "US_CA")
            self.assert_error(client.call("Balance"), -32004)
            self.assert_error(client.call("AddOrder", {**LEVERAGED, "validate": "true"}, account="bob"), -32003)
            text = 'region = "DE"\ndefault_account = "bob"\ncapabilities.supports_margin = true\n' + self.kept
            self.assertEqual(self.reload(text)["result"], {"reloaded": True, "needs_restart": []})
            self.assertEqual(client.result("profile")["region"], "DE")
            self.assertTrue(client.result("profile")["capabilities"]["supports_margin"])
            self.assertIn("result", client.call("Balance"))
            refused = client.call("AddOrder", {**LEVERAGED, "validate": "true"}).get("error")
            self.assertNotEqual(refused and refused["code"], -32003)
            self.assertEqual([account["calls"] for account in client.result("status")["accounts"]], [0, 2])
            # And back, by the signal.
            self.hang_up(self.kept, "event=config.reloaded")
            self.assertEqual(client.result("profile")["region"], "US_CA")
            self.assert_error(client.call("Balance"), -32004)
            self.assert_error(client.call("AddOrder", LEVERAGED, account="bob"), -32003)

    def test_log(self):
        with self.daemon.client() as client:
            self.assertNotIn("event=peer.connected", self.daemon.log())
            self.reload('log.level = "debug"\nlog.format = "json"\n' + self.kept)
            before = len(self.daemon.log())
            self.daemon.client().close()
            support.wait_for(lambda: '"peer.connected"' in self.daemon.log()[before:])
            for line in self.daemon.log()[before:].splitlines():
                json.loads(line)
            self.reload('log.level = "error"\n' + self.kept)
            # A thread of its own writes what was logged before that: last of all that somebody had come to say so.
            support.wait_for(lambda: '"socket":"admin"' in self.daemon.log()[before:])
            before = len(self.daemon.log())
            self.assertIn("error", client.call("Balance", account="nobody"))
            self.daemon.stop()
            self.assertEqual(self.daemon.log()[before:], "")
            self.daemon.start()

    def test_retry(self):
        self.reload(self.kept + "[retry]\nmax_attempts = 1\n")
        self.exchange.fault("busy", endpoint="Balance", count=0)
        with self.daemon.client() as client:
            sent = len(self.exchange.journal("Balance"))
            self.assertIn("error", client.call("Balance", account="bob", timeout_ms=5000))
            self.assertEqual(len(self.exchange.journal("Balance")), sent + 1)

    def test_what_needs_a_restart(self):
        url = self.exchange.base_url
        text = (self.kept.replace(url, "https://localhost:1").replace('"interactive"', '"moderate"')
                + "[socket]\nmax_clients = 7\n[nonce]\nlegacy_dir = \"/tmp\"\n[log]\nlevel = \"debug\"\n")
        names = ["kraken.base_url", "socket.max_clients", "vault.kdf", "nonce.legacy_dir"]
        for _ in range(2):  # as long as it is so
            self.assertEqual(self.reload(text)["result"], {"reloaded": True, "needs_restart": names})
        log = self.hang_up(text, "setting=nonce.legacy_dir")
        for name in names:
            self.assertIn(f"event=config.needs_restart setting={name}", log)
        with self.daemon.client() as client:
            self.assertEqual(client.result("status")["upstream"]["base_url"], url)
            self.assertIn("result", client.call("Balance", account="bob"))
        self.assertEqual(self.reload(self.kept)["result"]["needs_restart"], [])

    def test_a_broken_file_changes_nothing(self):
        bad = (('region = "DE"\n[kraken]\nbase_ulr = 1\n', (":3:", "kraken.base_ulr", "kraken.base_url")),
               ('region = "DE"\ndefault_acount = "bob"\n', (":2:", "default_account")),
               ('region = "DE"\n[socket]\nclient_group = "no-such-group-here"\n', ("no-such-group-here",)),
               ('region = "DE"\n[kraken]\nca_file = "/nonexistent.pem"\n', ("/nonexistent.pem",)),
               ('region = "DE"\n[log]\nlevel = 5\n', (":3:", "log.level")))
        with self.daemon.client() as client:
            for text, words in bad:
                with self.subTest(text):
                    error = self.assert_error(self.reload(text), -32602, reason="configuration", executed="no")
                    log = self.hang_up(text, "event=config.refused")
                    for word in words:
                        self.assertIn(word, error["message"])
                        self.assertIn(word, log)
                    self.assertNotIn("event=config.reloaded", log)
                    self.assertEqual(client.result("profile")["region"], "US_CA")
            self.daemon.config.chmod(0o622)
            self.assertIn("chmod go-w", self.assert_error(self.reload(self.kept), -32602)["message"])
            self.daemon.config.chmod(0o600)
            self.assertIn("result", client.call("Balance", account="bob"))

    def test_a_file_that_is_gone_is_an_empty_one(self):
        self.reload('region = "DE"\n' + self.kept)
        self.daemon.config.unlink()
        with self.daemon.admin() as admin, self.daemon.client() as client:
            self.assertIn("kraken.base_url", admin.result("reload")["needs_restart"])
            self.assertEqual(client.result("profile")["region"], "US_CA")


class LogLevelOption(support.DaemonTest):
    LEVEL = "debug"

    def test_the_command_line_wins_over_the_file(self):
        self.daemon.config.write_text('log.level = "error"\n' + self.daemon.config.read_text())
        with self.daemon.admin() as admin:
            admin.result("reload")
            before = len(self.daemon.log())
            self.daemon.client().close()
            support.wait_for(lambda: "event=peer.connected" in self.daemon.log()[before:])


class WithoutAPerson(support.DaemonTest):
    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.key_file = self.folder / "vault.key"
        with self.daemon.admin() as admin:
            admin.result("vault.add_key_file", {"passphrase": support.PASSPHRASE, "path": str(self.key_file)})
        self.daemon.stop()
        self.credentials = self.folder / "credentials"
        self.credentials.mkdir(mode=0o700)
        self.daemon.variables["CREDENTIALS_DIRECTORY"] = str(self.credentials)

    def hand_over(self, content):
        path = self.credentials / "vault-key"
        path.write_bytes(content)
        path.chmod(0o400)

    def opens(self):
        self.daemon.start()
        with self.daemon.client() as client:
            self.assertTrue(client.result("wait", {"for": "unlocked", "timeout_ms": 60000}))
            self.assertIn("result", client.call("Balance"))
        self.daemon.stop()

    def stays_locked(self, *words):
        before = len(self.daemon.log())
        self.daemon.start()
        support.wait_for(lambda: "event=vault.key_file_refused" in self.daemon.log()[before:])
        with self.daemon.client() as client:
            self.assertEqual(client.result("status")["state"], "locked")
        [line] = [line for line in self.daemon.log()[before:].splitlines() if "event=vault.key_file_refused" in line]
        for word in ("remedy=", *words):
            self.assertIn(word, line)
        self.daemon.stop()

    def configure(self, key_file):
        text = self.daemon.config.read_text()
        self.daemon.config.write_text(text.replace("[vault]", f'[vault]\nkey_file = "{key_file}"'))

    def test_a_credential_of_the_service_manager(self):
        self.hand_over(self.key_file.read_bytes())
        self.opens()

    def test_none_was_handed_over(self):
        self.daemon.start()
        with self.daemon.client() as client:
            self.assertEqual(client.result("status")["state"], "locked")
        self.assertNotIn("key_file", self.daemon.log().split("event=ready")[-1])

    def test_a_wrong_one(self):
        self.hand_over(os.urandom(32))
        self.stays_locked(str(self.credentials / "vault-key"))

    def test_the_configuration_comes_first(self):
        self.hand_over(os.urandom(32))
        self.configure(self.key_file)
        self.opens()

    def test_the_configured_one_is_missing(self):
        self.hand_over(self.key_file.read_bytes())
        self.configure(self.folder / "gone")
        self.stays_locked(str(self.folder / "gone"))
        status, _, error = self.daemon.run("--check-config")
        self.assertEqual(status, 0)
        self.assertIn(str(self.folder / "gone"), error)


class Warnings(support.DaemonTest):
    def test_misspelt_variables(self):
        self.daemon.stop()
        self.daemon.variables.update(KRAKEND_STATE_DIR="/elsewhere", KRAKKEN_USER_BOB_API_SECRET="c2VjcmV0")
        self.daemon.start()
        self.daemon.stop()
        for source in (self.daemon.log(), self.daemon.run("--check-config")[2]):
            self.assertRegex(source, "KRAKEND_STATE_DIR; the nearest is KRAKKEND_STATE_DIR")
            self.assertRegex(source, "KRAKKEN_USER_BOB_API_SECRET; the nearest is KRAKEN_USER_BOB_API_SECRET")
            self.assertNotIn("/elsewhere", source)
            self.assertNotIn("c2VjcmV0", source)
        self.assertEqual(self.daemon.log().count("event=environment.ignored"), 2)

    def test_half_a_pair(self):
        self.daemon.stop()
        self.daemon.variables.update(KRAKEN_USER_BOB_API_KEY="k" * 56)
        self.daemon.start()
        self.daemon.stop()
        for source in (self.daemon.log(), self.daemon.run("--check-config")[2]):
            self.assertIn("KRAKEN_USER_BOB_API_SECRET", source)
            self.assertNotIn("k" * 56, source)

    def test_two_pairs_for_one_account(self):
        self.daemon.stop()
        first, second = support.Key("a"), support.Key("b")
        self.daemon.variables.update(KRAKEN_API_KEY=first.api_key, KRAKEN_API_SECRET=first.api_secret,
                                     KRAKEN_MASTER_API_KEY=second.api_key, KRAKEN_MASTER_API_SECRET=second.api_secret)
        status, _, error = self.daemon.run()
        self.assertEqual(status, CONFIGURATION)
        self.assertIn("KRAKEN_MASTER_API_KEY", error)
        self.assertIn("Remedy: ", error)
        for secret in (first.api_key, first.api_secret, second.api_key, second.api_secret):
            self.assertNotIn(secret, error)
        # Asking for help is no start.
        self.assertEqual(self.daemon.run("--version")[0], 0)

    def test_old_nonce_files(self):
        old = self.folder / "old"
        old.mkdir()
        (old / "kraken_nonce_bob.txt").write_text("12x")
        self.daemon.stop()
        self.daemon.config.write_text(f'nonce.legacy_dir = "{old}"\n' + self.daemon.config.read_text())
        self.daemon.start()
        self.daemon.stop()
        self.assertIn("event=nonce.legacy_ignored", self.daemon.log())
        status, _, error = self.daemon.run("--check-config")
        self.assertEqual(status, 0)
        self.assertIn("kraken_nonce_bob.txt", error)

    def test_a_tier_has_its_effect(self):
        """And no warning that it has none, as earlier versions gave."""
        self.daemon.stop()
        self.daemon.config.write_text(self.daemon.config.read_text() + '[accounts.bob]\ntier = "pro"\n')
        status, _, error = self.daemon.run("--check-config")
        self.assertEqual(status, 0)
        self.assertNotIn("accounts.bob.tier", error)


class EnvironmentKeys(support.DaemonTest):
    def test_they_are_checked_at_start(self):
        self.daemon.stop()
        key = self.keys["alice"]
        self.daemon.variables.update(KRAKEN_USER_ALICE_API_KEY=key.api_key, KRAKEN_USER_ALICE_API_SECRET=key.api_secret)
        before = len(self.exchange.journal())
        self.daemon.start()
        support.wait_for(lambda: "Balance" in [entry["endpoint"] for entry in self.exchange.journal()[before:]])
        with self.daemon.client() as client:
            self.assertEqual([account["name"] for account in client.result("account.list")], ["user_alice"])
            self.assertIn("result", client.call("Balance"))


if __name__ == "__main__":
    support.main()
