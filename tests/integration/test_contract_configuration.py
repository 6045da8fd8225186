#!/usr/bin/env python3
"""The contract of config.toml: every key and its default, what it changes, and errors with line and nearest name."""

import json
import os
import pathlib
import shutil
import tempfile
import time
import unittest

import support

CONFIGURATION = 78
# Every key with its default, a good other value and one of the wrong type or range.
KEYS = (
    ("", "region", '"US_CA"', '"DE"', "1"),
    ("", "default_account", '"master"', '"alice"', "true"),
    ("capabilities", "supports_margin", "false", "true", '"yes"'),
    ("capabilities", "supports_futures", "false", "true", "0"),
    ("capabilities", "supports_staking", "false", "true", "1"),
    ("kraken", "base_url", '"https://api.kraken.com"', '"https://127.0.0.1:8443"', '"http://api.kraken.com"'),
    ("kraken", "ca_file", '""', '""', "7"),
    ("kraken", "connect_timeout_ms", "5000", "100", "0"),
    ("kraken", "request_timeout_ms", "30000", "100", '"30000"'),
    ("kraken", "user_agent", '"krakkend/x"', '"my bots/2"', "[]"),
    ("socket", "client_group", '""', '""', "60"),
    ("socket", "max_clients", "1024", "1", "-1"),
    ("gateway", "listen", '""', '"127.0.0.1:8484"', '"0.0.0.0:8484"'),
    ("gateway", "tls", "false", "true", '"yes"'),
    ("vault", "kdf", '"moderate"', '"interactive"', '"weak"'),
    ("vault", "key_file", '""', '"/nonexistent/key"', "1"),
    ("nonce", "legacy_dir", '""', '"/tmp"', "false"),
    ("rate", "model", '"kraken"', '"off"', '"on"'),
    ("retry", "max_attempts", "4", "1", "0"),
    ("retry", "base_delay_ms", "500", "1", '"a"'),
    ("retry", "max_delay_ms", "8000", "10", "1.5"),
    ("log", "level", '"info"', '"trace"', '"loud"'),
    ("log", "format", '"text"', '"json"', '"xml"'),
    ("accounts.master", "tier", '"intermediate"', '"pro"', '"gold"'),
    ("accounts.master", "nonce_unit", '"auto"', '"10ns"', '"ms"'),
)


class Checked(unittest.TestCase):
    """--check-config, without an exchange."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="krakken-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.daemon = support.Daemon(self.folder / "daemon", "https://127.0.0.1:1", "")

    def check(self, text):
        self.daemon.config.write_text(text)
        return self.daemon.run("--check-config")

    def accepted(self, text):
        status, out, error = self.check(text)
        self.assertEqual(status, 0, text + error)
        return out

    def refused(self, text, *words):
        status, _, error = self.check(text)
        self.assertEqual(status, CONFIGURATION, text + error)
        for word in words:
            self.assertIn(word, error)

    @staticmethod
    def written(table, key, value):
        return f"[{table}]\n{key} = {value}\n" if table else f"{key} = {value}\n"

    def test_every_key_may_be_missing(self):
        self.accepted("")
        for table in sorted({table for table, *_ in KEYS if table}):
            self.accepted(f"[{table}]\n")
        self.daemon.config.unlink()
        self.assertEqual(self.daemon.run("--check-config")[0], 0)

    def test_every_key_is_known(self):
        for table, key, default, other, _ in KEYS:
            for value in (default, other):
                self.accepted(self.written(table, key, value))

    def test_all_together(self):
        tables = {}
        for table, key, default, _, _ in KEYS:
            tables.setdefault(table, []).append(f"{key} = {default}")
        self.accepted("\n".join((f"[{table}]\n" if table else "") + "\n".join(lines) for table, lines in tables.items()))

    def test_a_wrong_value_is_an_error_with_its_line(self):
        for table, key, _, _, wrong in KEYS:
            with self.subTest(key):
                self.refused("# a comment\n" + self.written(table, key, wrong), f"{self.daemon.config}:{3 if table else 2}:", key)

    def test_an_unknown_key_names_the_nearest(self):
        for table, key, default, _, _ in KEYS:
            with self.subTest(key):
                misspelt = key[:-2] + key[-1] + key[-2]
                if misspelt != key:
                    self.refused("\n\n" + self.written(table, misspelt, default), f":{4 if table else 3}:", misspelt, key)

    def test_an_unknown_table_names_the_nearest(self):
        for misspelt, table in (("krakn", "kraken"), ("valut", "vault"), ("capabilites", "capabilities"), ("account.x", "accounts")):
            self.refused(f"\n[{misspelt}]\n", ":2:", misspelt.split(".")[0], table)

    def test_base_url_is_https_without_path_or_query(self):
        for url in ("http://api.kraken.com", "https://api.kraken.com/0", "https://api.kraken.com?a", "https://api.kraken.com/?a=b",
                    "api.kraken.com",
                    "https://"):
            self.refused(f'[kraken]\nbase_url = "{url}"\n', f"{self.daemon.config}:2:", "kraken.base_url")
        for url in ("https://api.kraken.com#x", "https://user@api.kraken.com", "https://api.kraken.com:0", "https://a b"):
            self.refused(f'[kraken]\nbase_url = "{url}"\n', "host")
        self.accepted('[kraken]\nbase_url = "https://localhost:8443"\n')

    def test_what_is_no_toml(self):
        for text, line in (("region = \n", 1), ("\n[kraken\n", 2), ('region = "a"\nregion = "b"\n', 2)):
            self.refused(text, f":{line}:")

    def test_no_such_group(self):
        self.refused('[socket]\nclient_group = "no-such-group-here"\n', "no-such-group-here")

    def test_no_such_ca_file(self):
        self.refused('[kraken]\nca_file = "/nonexistent.pem"\n', "/nonexistent.pem")

    def test_account_names(self):
        self.accepted('[accounts.user_bob]\ntier = "pro"\n[accounts."a-_0"]\ntier = "starter"\n')
        self.refused('[accounts."Bad Name"]\ntier = "pro"\n', ":1:")

    def test_a_start_refuses_what_the_check_refuses(self):
        self.daemon.config.write_text("regoin = 1\n")
        status, _, error = self.daemon.run()
        self.assertEqual(status, CONFIGURATION)
        self.assertIn("region", error)


class Effects(support.DaemonTest):
    """What a key changes."""

    def restarted(self, config="", kraken=""):
        daemon = self.make_daemon(f"daemon{len(list(self.folder.iterdir()))}", config=config, kraken=kraken)
        daemon.start()
        return daemon

    def test_defaults_of_the_profile(self):
        with self.daemon.client() as client:
            self.assertEqual(client.result("profile"), {"region": "US_CA", "capabilities": {
                "supports_margin": False, "supports_futures": False, "supports_staking": False}})

    def test_region_and_capabilities(self):
        daemon = self.restarted('region = "DE"\n[capabilities]\nsupports_margin = true\nsupports_futures = true\nsupports_staking = true\n')
        with daemon.client() as client:
            self.assertEqual(client.result("profile"), {"region": "DE", "capabilities": {
                "supports_margin": True, "supports_futures": True, "supports_staking": True}})

    def test_request_timeout(self):
        daemon = self.restarted("[retry]\nmax_attempts = 1\n", "request_timeout_ms = 300")
        self.exchange.fault("half_open", endpoint="Time")
        with daemon.client() as client:
            self.assert_error(client.call("Time", timeout_ms=60000), -32017)

    def test_connect_timeout(self):
        daemon = self.restarted("[retry]\nmax_attempts = 1\n", "connect_timeout_ms = 200")
        self.exchange.fault("connect_half_open", count=0)
        begun = time.monotonic()
        with daemon.client() as client:
            self.assert_error(client.call("Time", timeout_ms=60000), -32017, executed="no")
        self.assertLess(time.monotonic() - begun, 4.5, "sooner than by default")
        self.exchange.clear_faults()

    def test_user_agent(self):
        def agent():
            return next(header["value"] for header in self.exchange.journal("Time")[-1]["headers"] if header["name"].lower() == "user-agent")
        with self.daemon.client() as client:
            client.call("Time")
            self.assertEqual(agent(), "krakkend/" + client.result("version")["version"])
        with self.restarted(kraken='user_agent = "my bots/2"').client() as client:
            client.call("Time")
            self.assertEqual(agent(), "my bots/2")

    def test_retries(self):
        daemon = self.restarted("[retry]\nmax_attempts = 3\nbase_delay_ms = 1\nmax_delay_ms = 2\n")
        self.exchange.fault("busy", endpoint="Ticker", count=0)
        with daemon.client() as client:
            self.assert_error(client.call("Ticker", {"pair": "XBTUSD"}), -32016)
        self.assertEqual(len(self.exchange.journal("Ticker")), 3)

    def test_kdf(self):
        sizes = {}
        for kdf in ("interactive", "moderate"):
            with self.restarted(f'[vault]\nkdf = "{kdf}"\n').admin() as admin:
                begun = time.monotonic()
                admin.result("vault.create", {"passphrase": support.PASSPHRASE})
                sizes[kdf] = time.monotonic() - begun
        self.assertGreater(sizes["moderate"], sizes["interactive"])

    def test_key_file_opens_the_vault_at_start(self):
        self.set_up_vault()
        path = self.folder / "key"
        with self.daemon.admin() as admin:
            admin.result("vault.add_key_file", {"passphrase": support.PASSPHRASE, "path": str(path)})
        good = self.daemon.config.read_text()
        self.daemon.stop()
        self.daemon.config.write_text(good.replace("[vault]", f'[vault]\nkey_file = "{path}"'))
        self.daemon.start()
        with self.daemon.client() as client:
            self.assertTrue(client.result("wait", {"for": "unlocked", "timeout_ms": 60000}))
        self.daemon.stop()
        # The service manager's credential, without a word in the configuration.
        self.daemon.config.write_text(good)
        credentials = self.folder / "credentials"
        credentials.mkdir(0o700)
        path.rename(credentials / "vault-key")
        self.daemon.variables = {"CREDENTIALS_DIRECTORY": str(credentials)}
        self.daemon.start()
        with self.daemon.client() as client:
            self.assertTrue(client.result("wait", {"for": "unlocked", "timeout_ms": 60000}))
            self.assertIn("result", client.call("Balance"))

    def test_log_format_and_level(self):
        daemon = self.make_daemon("json", config='[log]\nlevel = "info"\nformat = "json"\n')
        daemon.level = "info"
        daemon.start()
        support.wait_for(lambda: '"event":"ready"' in daemon.log())
        for line in daemon.log().splitlines():
            self.assertIn("event", json.loads(line))
        quiet = self.make_daemon("quiet", config='[log]\nlevel = "error"\n')
        quiet.command = lambda *more: [*support.Daemon.command(quiet, *more)[:-2], *more]
        quiet.start()
        self.assertEqual(quiet.log(), "")


class WhoMayWriteIt(support.DaemonTest):
    def refused(self, *words):
        for more in ((), ("--check-config",)):
            status, _, error = self.daemon.run(*more)
            self.assertEqual(status, CONFIGURATION, error)
            for word in (str(self.daemon.config), *words):
                self.assertIn(word, error)

    def test_group_or_world_writable(self):
        self.daemon.stop()
        for bits in (0o620, 0o602, 0o664, 0o666):
            self.daemon.config.chmod(bits)
            self.refused("chmod go-w")

    def test_readable_by_all_or_a_link(self):
        self.daemon.stop()
        self.daemon.config.chmod(0o644)
        real = self.folder / "elsewhere.toml"
        self.daemon.config.rename(real)
        self.daemon.config.symlink_to(real)
        self.daemon.start()

    @support.AS_ROOT
    def test_it_may_belong_to_root(self):
        self.daemon.stop()
        self.exchange.let_read()
        self.daemon.give_to(support.SOMEBODY)
        os.chown(self.daemon.config, 0, 0)
        self.daemon.config.chmod(0o644)
        self.daemon.start()

    @support.AS_ROOT
    def test_it_may_not_belong_to_somebody_else(self):
        self.daemon.stop()
        os.chown(self.daemon.config, support.STRANGER, support.STRANGER)
        self.refused("chown", str(support.STRANGER))
        # Nor may what a link leads to.
        os.chown(self.daemon.config, 0, 0)
        real = self.folder / "elsewhere.toml"
        self.daemon.config.rename(real)
        self.daemon.config.symlink_to(real)
        os.chown(real, support.STRANGER, support.STRANGER)
        status, _, error = self.daemon.run()
        self.assertEqual(status, CONFIGURATION, error)


if __name__ == "__main__":
    support.main()
