#!/usr/bin/env python3
"""Start, stop, restart; the files it refuses; the disk that refuses it."""

import json
import os
import pathlib
import resource
import signal
import stat
import time
import unittest

import support

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
CONFIGURATION, STORAGE, SECOND = 78, 74, 1


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


class Instances(support.DaemonTest):
    def test_a_second_one_is_refused_at_once(self):
        same = self.daemon.runtime_dir
        for runtime_dir in (same, self.folder / "other"):
            self.daemon.runtime_dir = runtime_dir
            begun = time.monotonic()
            status, _, error = self.daemon.run()
            self.assertEqual(status, SECOND)
            self.assertLess(time.monotonic() - begun, 10 if support.SANITIZED else 1)
            self.assertIn(str(self.daemon.process.pid), error)
        with self.daemon.client() as client:
            self.assertEqual(client.result("ping"), "pong")

    def test_a_live_socket_is_not_taken(self):
        other = self.make_daemon("other")
        other.runtime_dir = self.daemon.runtime_dir
        status, _, error = other.run()
        self.assertNotEqual(status, 0)
        self.assertIn(str(self.daemon.client_socket), error)
        with self.daemon.client() as client:
            self.assertEqual(client.result("ping"), "pong")

    def test_a_stale_socket_is_replaced(self):
        self.daemon.kill()
        self.assertTrue(self.daemon.client_socket.exists())
        self.daemon.start()
        self.assertEqual(mode(self.daemon.client_socket), 0o600)

    def test_what_is_no_socket_is_not_replaced(self):
        self.daemon.stop()
        self.daemon.client_socket.write_text("precious")
        status, _, error = self.daemon.run()
        self.assertEqual(status, CONFIGURATION)
        self.assertIn(str(self.daemon.client_socket), error)
        self.assertEqual(self.daemon.client_socket.read_text(), "precious")

    def test_modes(self):
        self.set_up_vault()
        daemon = self.daemon
        for folder in (daemon.runtime_dir, daemon.state_dir):
            self.assertEqual(mode(folder), 0o700, folder)
        for path in (daemon.client_socket, daemon.admin_socket):
            self.assertTrue(stat.S_ISSOCK(path.lstat().st_mode))
            self.assertEqual(mode(path), 0o600)
        for path in [daemon.config_dir / "secrets.enc", *daemon.state_dir.rglob("*")]:
            self.assertEqual(mode(path), 0o600, path)

    def test_sockets_are_gone_after_the_end(self):
        self.daemon.stop()
        self.assertEqual(list(self.daemon.runtime_dir.iterdir()), [])
        self.assertEqual(self.daemon.ctl("status")[0], 3)


class Ending(support.DaemonTest):
    def setUp(self):
        super().setUp()
        self.set_up_vault()

    def drains(self, end):
        """A call in flight is answered, further ones are not taken, and the status is 0."""
        self.exchange.fault("delay", endpoint="AddOrder", delay_before_ms=1500)
        with self.daemon.client() as client, self.daemon.client() as idle:
            request = {"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"endpoint": "AddOrder", "params": ORDER}}
            client.send(json.dumps(request) + "\n")
            support.wait_for(self.in_flight)
            end()
            self.assertIsNone(idle.line())
            self.assertRaises((FileNotFoundError, ConnectionRefusedError), self.daemon.client)
            self.assertIn("result", json.loads(client.line()))
            self.assertIsNone(client.line())
        self.assertEqual(self.daemon.process.wait(support.PATIENCE), 0)
        self.assertEqual(self.account_orders(), 1)
        self.daemon.process = None

    def in_flight(self):
        with self.daemon.admin() as admin:
            return admin.result("status")["accounts"][0]["in_flight"]

    def test_sigterm(self):
        self.drains(lambda: self.daemon.process.send_signal(signal.SIGTERM))

    def test_sigint(self):
        self.drains(lambda: self.daemon.process.send_signal(signal.SIGINT))

    def test_shutdown(self):
        def shut_down():
            with self.daemon.admin() as admin:
                self.assertIs(admin.result("shutdown"), True)
        self.drains(shut_down)

    def test_a_second_signal_does_not_wait(self):
        self.exchange.fault("half_open", endpoint="Balance", count=0)
        with self.daemon.client() as client:
            client.send('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"Balance"}}\n')
            support.wait_for(self.in_flight)
            self.daemon.process.send_signal(signal.SIGTERM)
            support.wait_for(lambda: "event=drain.begun" in self.daemon.log())
            begun = time.monotonic()
            self.daemon.process.send_signal(signal.SIGTERM)
            self.daemon.process.wait(support.PATIENCE)
            self.assertLess(time.monotonic() - begun, 5)
        self.daemon.process = None

    def test_what_hangs_is_waited_for_20_s_at_most(self):
        self.exchange.fault("half_open", endpoint="Balance", count=0)
        with self.daemon.client() as client:
            client.send('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"Balance","timeout_ms":120000}}\n')
            support.wait_for(self.in_flight)
            begun = time.monotonic()
            self.daemon.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.daemon.process.wait(support.PATIENCE), 0)
            self.assertTrue(19.9 < time.monotonic() - begun < 25)
            self.assertIsNone(client.line(), "it is not known what became of it")
        self.daemon.process = None

    def test_a_wait_does_not_hold_up_the_end(self):
        with self.daemon.client() as client, self.daemon.admin() as admin:
            admin.result("lock")
            client.send('{"jsonrpc":"2.0","id":1,"method":"wait","params":{"for":"unlocked","timeout_ms":60000}}\n'
                        '{"jsonrpc":"2.0","id":2,"method":"ping"}\n')
            self.assertEqual(json.loads(client.line())["id"], 2)
            begun = time.monotonic()
            self.daemon.process.send_signal(signal.SIGTERM)
            self.assert_error(json.loads(client.line()), -32024, executed="no", retryable=True)
            self.assertEqual(self.daemon.process.wait(support.PATIENCE), 0)
            self.assertLess(time.monotonic() - begun, 15, "the drain's time was used up")
        self.assertIn("event=drain.done", self.daemon.log())
        self.daemon.process = None

    def test_restart_keeps_accounts(self):
        with self.daemon.client() as client:
            client.call("Balance")
            before = client.result("account.list"), client.result("nonce.status")[0]
        self.daemon.stop()
        self.daemon.start()
        with self.daemon.client() as client, self.daemon.admin() as admin:
            self.assertEqual(client.result("status")["state"], "locked")
            self.assert_error(client.call("Balance"), -32001, state="locked")
            for wrong in ("wrong", support.PASSPHRASE + " ", support.PASSPHRASE[:-1], ""):
                self.assert_error(admin.request("unlock", {"passphrase": wrong}), -32006)
                self.assertEqual(client.result("status")["state"], "locked")
            self.unlock()
            self.assertEqual(client.result("account.list"), before[0])
            self.assertIn("result", client.call("Balance"))
            now = client.result("nonce.status")[0]
            self.assertGreater(int(now["last"]), int(before[1]["last"]))

    def test_lock(self):
        with self.daemon.client() as client, self.daemon.admin() as admin:
            self.assertIn("result", client.call("Balance"))
            self.assertEqual(admin.result("lock"), {"state": "locked"})
            sent = len(self.exchange.journal("Balance"))
            self.assert_error(client.call("Balance"), -32001, state="locked")
            self.assertEqual(len(self.exchange.journal("Balance")), sent)
            self.unlock()
            self.assertIn("result", client.call("Balance"))

    def test_lock_is_the_last_word(self):
        unlock = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "unlock", "params": {"passphrase": support.PASSPHRASE}}) + "\n"
        for prepare in ("lock", "ping"):  # locked before, and open
            with self.daemon.admin() as first, self.daemon.admin() as second, self.daemon.admin() as admin:
                admin.result(prepare)
                for one in (first, second):
                    # Connections have no order among them: with the ping's answer the unlock has been read, too.
                    one.send(unlock + '{"jsonrpc":"2.0","id":2,"method":"ping"}\n')
                    self.assertEqual(json.loads(one.line())["id"], 2)
                self.assertEqual(admin.result("lock"), {"state": "locked"})
                for one in (first, second):
                    self.assertIn("id", json.loads(one.line()))
                self.assertEqual(admin.result("status")["state"], "locked")
                events = [line for line in self.daemon.log().splitlines() if "event=vault." in line]
                self.assertIn("event=vault.locked", [event for event in events if "refused" not in event][-1])
                self.unlock()

    def test_key_file(self):
        key_file = self.folder / "vault.key"
        with self.daemon.admin() as admin:
            self.assert_error(admin.request("vault.add_key_file", {"passphrase": "wrong", "path": str(key_file)}), -32006)
            self.assertFalse(key_file.exists())
            added = admin.result("vault.add_key_file", {"passphrase": support.PASSPHRASE, "path": str(key_file)})
            self.assertEqual(added, {"changed": True})
            self.assertEqual(mode(key_file), 0o600)
            admin.result("lock")
            self.assertEqual(admin.result("unlock", {"key_file": str(key_file)}), {"state": "unlocked", "accounts": 1})
        self.daemon.stop()
        self.daemon.config.write_text(self.daemon.config.read_text().replace("[vault]", f'[vault]\nkey_file = "{key_file}"'))
        self.daemon.start()
        with self.daemon.client() as client, self.daemon.admin() as admin:
            self.assertTrue(client.result("wait", {"for": "unlocked", "timeout_ms": 60000}))
            self.assertIn("result", client.call("Balance"))
            admin.result("vault.remove_key_file", {"passphrase": support.PASSPHRASE, "path": str(key_file)})
            admin.result("lock")
            self.assertIn("error", admin.request("unlock", {"key_file": str(key_file)}))
            self.unlock()
        self.daemon.stop()
        # A start with a key file that opens nothing leaves it locked, running and said so.
        self.daemon.start()
        support.wait_for(lambda: "event=vault.key_file_refused" in self.daemon.log())
        with self.daemon.client() as client:
            self.assertEqual(client.result("status")["state"], "locked")

    def test_changed_passphrase(self):
        with self.daemon.admin() as admin:
            self.assert_error(admin.request("vault.change_passphrase", {"old": "wrong", "new": "another long one"}), -32006)
            changed = admin.result("vault.change_passphrase", {"old": support.PASSPHRASE, "new": "another long one"})
            self.assertEqual(changed, {"changed": True})
            admin.result("lock")
            self.assert_error(admin.request("unlock", {"passphrase": support.PASSPHRASE}), -32006)
            self.assertEqual(admin.result("unlock", {"passphrase": "another long one"})["accounts"], 1)


class Configuration(support.DaemonTest):
    def refused(self, text, *words):
        with self.subTest(text):
            self.daemon.config.write_text(text)
            for more in ((), ("--check-config",)):
                status, _, error = self.daemon.run(*more)
                self.assertEqual(status, CONFIGURATION, error)
                for word in words:
                    self.assertIn(word, error)

    def test_errors_name_line_and_nearest(self):
        self.daemon.stop()
        self.refused('\n[kraken]\nbase_ulr = "https://x"\n', ":3:", "kraken.base_ulr", "kraken.base_url")
        self.refused('[valt]\nkdf = "moderate"\n', ":1:", "vault")
        self.refused('region = "US_CA"\n\n[socket]\nmax_client = 5\n', ":4:", "socket.max_clients")
        self.refused("[socket]\nmax_clients = 0\n", ":2:", "socket.max_clients")
        self.refused('[socket]\nmax_clients = "5"\n', ":2:", "socket.max_clients")
        self.refused("[socket]\nmax_clients = 1.5\n", ":2:", "socket.max_clients")
        self.refused("region = 1\n", ":1:", "region")
        self.refused('[vault]\nkdf = "weak"\n', ":2:", "interactive", "moderate", "sensitive")
        self.refused('[accounts.master]\nteir = "pro"\n', ":2:", "accounts.master.tier")
        self.refused('[accounts."Bad Name"]\ntier = "pro"\n', ":1:")
        self.refused('[kraken]\nbase_url = "http://api.kraken.com"\n', ":2:", "https")
        self.refused('[kraken]\nbase_url = "https://api.kraken.com/0"\n', ":2:")
        self.refused('[kraken]\nbase_url = "https://api.kraken.com?x"\n', ":2:")
        self.refused("\n\n[kraken\n", ":3:")
        self.refused('region = "a"\nregion = "b"\n', ":2:")
        self.refused('[socket]\nclient_group = "no-such-group-here"\n', "no-such-group-here")
        self.refused('[kraken]\nuser_agent = "a\\nb"\n', ":2:", "user_agent")
        self.refused('[kraken]\nbase_url = "https://exa mple"\n', "exa mple", "https://host")
        self.refused('[kraken]\nbase_url = "https://example:99999"\n', "99999", "https://host:port")
        self.refused('[kraken]\nca_file = "/nonexistent.pem"\n', "/nonexistent.pem", "No such file")
        self.daemon.config.write_text("")
        status, out, error = self.daemon.run("--check-config")
        self.assertEqual((status, error), (0, ""))
        self.assertIn(str(self.daemon.config), out)

    def test_who_may_write_it(self):
        self.daemon.stop()
        for bits in (0o620, 0o602, 0o666):
            self.daemon.config.chmod(bits)
            status, _, error = self.daemon.run()
            self.assertEqual(status, CONFIGURATION)
            self.assertIn(f"chmod go-w {self.daemon.config}", error)
        # To be read by all, or a link, is no fault: there is no secret in it.
        self.daemon.config.chmod(0o644)
        real = self.folder / "elsewhere.toml"
        self.daemon.config.rename(real)
        self.daemon.config.symlink_to(real)
        self.daemon.start()

    def test_no_configuration_is_one_too(self):
        self.daemon.stop()
        self.daemon.config.unlink()
        self.assertEqual(self.daemon.run("--check-config")[0], 0)

    def test_wrong_usage_and_version(self):
        self.assertEqual(self.daemon.run("--no-such-option")[0], CONFIGURATION)
        self.assertEqual(self.daemon.run("--log-level", "loud")[0], CONFIGURATION)
        for words, named in ((("--passphrase", "canary"), "no option --passphrase"), (("--passphrase=canary",), "no option --passphrase"),
                             (("canary",), "no words"), (("-pcanary",), "no words")):
            status, out, error = self.daemon.run(*words)
            self.assertEqual((status, out), (CONFIGURATION, ""))
            self.assertIn(named, error)
            self.assertNotIn("canary", error)
        status, out, _ = self.daemon.run("--version")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"^krakkend \d+\.\d+\.\d+\n$")


class Files(support.DaemonTest):
    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.daemon.stop()
        self.vault = self.daemon.config_dir / "secrets.enc"

    def refused_start(self, *words):
        status, _, error = self.daemon.run()
        self.assertEqual(status, STORAGE, error)
        for word in (str(self.daemon.state_dir), *words):
            self.assertIn(str(word), error)

    def test_state_folder(self):
        folder, away = self.daemon.state_dir, self.folder / "away"
        for bits in (0o755, 0o770, 0o500):
            folder.chmod(bits)
            self.refused_start("0700", "chmod")
        folder.chmod(0o700)
        folder.rename(away)
        folder.symlink_to(away)
        self.refused_start("link")
        folder.unlink()
        os.mkfifo(folder)
        self.refused_start()
        folder.unlink()
        folder.write_text("")
        self.refused_start()

    @unittest.skipIf(os.geteuid() != 0, "only root can give files away")
    def test_state_folder_of_somebody_else(self):
        os.chown(self.daemon.state_dir, 65534, 65534)
        self.refused_start("65534", "chown")

    def test_state_files(self):
        database = self.daemon.state_dir / "state.db"
        database.chmod(0o640)
        self.refused_start(database)
        database.chmod(0o600)
        away = self.folder / "away.db"
        database.rename(away)
        database.symlink_to(away)
        self.refused_start(database)
        database.unlink()
        os.mkfifo(database, 0o600)
        self.refused_start(database)
        database.unlink()
        os.link(away, database)
        self.refused_start(database)
        database.unlink()
        away.rename(database)
        lock = self.daemon.state_dir / "krakkend.lock"
        lock.chmod(0o644)
        self.refused_start(lock)
        lock.chmod(0o600)
        self.daemon.start()

    def test_folders_that_cannot_be_made(self):
        self.daemon.stop()
        for name, status in (("state_dir", STORAGE), ("runtime_dir", CONFIGURATION)):
            daemon = self.make_daemon(name)
            setattr(daemon, name, pathlib.Path("/sys/krakkend/a/b"))
            refused, _, error = daemon.run()
            self.assertEqual(refused, status, error)
            self.assertIn("/sys/krakkend/a ", error.replace(":", " "))
            self.assertNotIn("No such file", error, "the reason is that of the first folder that could not be made")
        self.daemon.start()

    def refused_unlock(self, reason):
        with self.daemon.admin() as admin:
            error = self.assert_error(admin.request("unlock", {"passphrase": support.PASSPHRASE}), -32007, reason=reason)
            self.assertIn(str(self.daemon.config_dir), error["message"])
            self.assertTrue(error["data"]["remedy"])
            self.assertNotEqual(admin.result("status")["state"], "unlocked")

    def test_vault(self):
        self.daemon.start()
        away = self.folder / "away.enc"
        for bits in (0o644, 0o660, 0o400):
            self.vault.chmod(bits)
            self.refused_unlock("mode")
        self.vault.chmod(0o600)
        self.vault.rename(away)
        self.vault.symlink_to(away)
        self.refused_unlock("unreadable")
        self.vault.unlink()
        os.mkfifo(self.vault, 0o600)
        self.refused_unlock("unreadable")
        self.vault.unlink()
        os.link(away, self.vault)
        self.refused_unlock("unreadable")
        self.vault.unlink()
        self.vault.mkdir(0o700)
        self.refused_unlock("unreadable")
        self.vault.rmdir()
        away.rename(self.vault)
        self.daemon.config_dir.chmod(0o755)
        self.refused_unlock("mode")
        self.daemon.config_dir.chmod(0o700)
        self.unlock()

    @unittest.skipIf(os.geteuid() != 0, "only root can give files away")
    def test_vault_of_somebody_else(self):
        self.daemon.start()
        os.chown(self.vault, 65534, -1)
        self.refused_unlock("owner")

    def test_damaged_vault(self):
        self.daemon.start()
        good = self.vault.read_bytes()
        with self.daemon.admin() as admin:
            for place in range(0, len(good), max(1, len(good) // 24)):
                damaged = bytearray(good)
                damaged[place] ^= 1
                self.vault.write_bytes(damaged)
                code = admin.error("unlock", {"passphrase": support.PASSPHRASE})["code"]
                self.assertIn(code, (-32006, -32007), place)
            for damaged in (good[:-1], good[:10], b"", good + b"\0", bytes(len(good)), good * 1000):
                self.vault.write_bytes(damaged)
                self.assertIn(admin.error("unlock", {"passphrase": support.PASSPHRASE})["code"], (-32006, -32007))
        self.vault.write_bytes(good)
        self.unlock()

    def test_runtime_folder(self):
        self.daemon.runtime_dir.chmod(0o777)
        status, _, error = self.daemon.run()
        self.assertEqual(status, CONFIGURATION)
        self.assertIn("chmod", error)
        self.assertIn(str(self.daemon.runtime_dir), error)


class FullDisk(support.DaemonTest):
    LEVEL = "warn"  # so that the log, which is a file too, stays below the limit

    def private_calls(self):
        return [entry for entry in self.exchange.journal() if entry["endpoint"] != "Time"]

    def test_nothing_is_sent_without_durable_state(self):
        self.set_up_vault()
        self.daemon.stop()
        self.daemon.start()
        # A key's nonces are reserved durably before its first call, which the unlock brings about. No page of the database's log fits
        # under this limit.
        resource.prlimit(self.daemon.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        before = len(self.private_calls())
        self.unlock()
        with self.daemon.client() as client:
            for endpoint, params in (("Balance", None), ("AddOrder", ORDER), ("Balance", None)):
                self.assert_error(client.call(endpoint, params), -32023, executed="no", category="storage")
            self.assertEqual(len(self.private_calls()), before, "nothing was sent")
            self.assertIn("result", client.call("Time"))
            [account] = client.result("status")["accounts"]
            self.assertEqual(account["state"], "storage_failed")
            self.assertTrue(account["remedy"])
        self.daemon.stop()
        self.daemon.start()
        self.unlock()
        with self.daemon.client() as client:
            self.assertIn("result", client.call("Balance"))
        self.assertEqual(self.exchange.audit()["nonces_refused"], 0)

    @unittest.skipIf(os.geteuid() == 0, "root writes everywhere")
    def test_read_only_state(self):
        self.set_up_vault()
        self.daemon.stop()
        self.daemon.state_dir.chmod(0o500)
        self.assertEqual(self.daemon.run()[0], STORAGE)


if __name__ == "__main__":
    support.main()
