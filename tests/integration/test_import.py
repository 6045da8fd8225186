#!/usr/bin/env python3
"""`krakkenctl account import`: keys move from other programs' files into the vault, a key that is refused does not, the
advice to destroy a file comes only when nothing is lost with it, and no secret is said or left behind on the way."""

import json
import os
import re
import subprocess
import unittest

import support
from test_secrets import Scanner

NOTICE = "belongs to krakkend alone"


def krakenex(key):
    return f"{key.api_key}\n{key.api_secret}\n"


def kraken_cli(key):
    return f'[auth]\napi_key = "{key.api_key}"\napi_secret = "{key.api_secret}"\n\n[settings]\noutput = "table"\n'


def freqtrade(key, name="kraken"):
    return f"""{{
    // the bot's
    "dry_run": false,
    "exchange": {{"name": "{name}", "key": "{key.api_key}", "secret": "{key.api_secret.replace("/", chr(92) + "/")}", "pair_whitelist": [],}},
}}
"""


def variables(stem, key):
    return f"export {stem}_API_KEY='{key.api_key}'  # at Kraken\n{stem}_API_SECRET=\"{key.api_secret}\"\n"


class ImportTest(support.DaemonTest):
    """Three keys at Kraken, none of them in the vault, which is open."""

    ACCOUNTS = ("alice", "bob", "carol")
    CONFIG = "[retry]\nmax_attempts = 2\nbase_delay_ms = 5\nmax_delay_ms = 10\n"
    KRAKEN = "request_timeout_ms = 1500"
    LEVEL = "trace"

    def setUp(self):
        super().setUp()
        self.alice, self.bob, self.carol = self.keys.values()
        self.wrong = support.Key("wrong")
        known = {}
        for key in (*self.keys.values(), self.wrong):
            known |= {f"{key.account}'s API key": key.api_key.encode(), f"{key.account}'s secret": key.api_secret.encode()}
        self.scanner = Scanner(known)
        with self.daemon.admin() as admin:
            admin.result("vault.create", {"passphrase": support.PASSPHRASE})

    def file(self, text, name="keys", mode=0o600):
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def ctl(self, *arguments, expected=0, stdin=None):
        status, out, error = self.daemon.ctl("account", "import", *map(str, arguments), stdin=stdin)
        self.assertEqual(status, expected, out + error)
        self.assert_fit_to_be_seen(error + ("" if "--json" in arguments else out), out + error)
        return out, error

    def assert_fit_to_be_seen(self, for_people, text):
        self.assertIsNone(self.scanner.find(text.encode()))
        for line in for_people.splitlines():
            if str(self.folder) not in line:
                self.assertLessEqual(len(line), 80, line)

    def assert_nothing_is_left_behind(self):
        """No secret in the daemon's log, state and folders."""
        files = [path for path in self.daemon.folder.rglob("*") if path.is_file()]
        self.assertIn("daemon.log", {path.name for path in files})
        for path in files:
            self.assertIsNone(self.scanner.find(path.read_bytes()), path)

    def saved(self):
        with self.daemon.client() as client:
            return {account["name"]: account["source"] for account in client.result("account.list")}

    def reaches(self, name):
        """Which of the exchange's accounts a call of this account reaches."""
        with self.daemon.client() as client:
            self.assertIn("result", client.call("OpenOrders", account=name))
        return self.exchange.journal("OpenOrders")[-1]["account"]

    def asked(self):
        """How often Kraken was asked with any key."""
        return sum(entry["nonce"] is not None for entry in self.exchange.journal())


class Sources(ImportTest):
    def test_each_kind_of_file(self):
        for option, text, holds_more in (("--krakenex", krakenex(self.alice), False), ("--kraken-cli", kraken_cli(self.alice), True),
                                         ("--freqtrade", freqtrade(self.alice), True), ("--env", variables("KRAKEN", self.alice), True)):
            with self.subTest(option=option):
                path = self.file(text)
                out, error = self.ctl(option, path)
                self.assertIn("Account master, key", out)
                self.assertIn("Kraken accepts the key; saved in the vault.", out)
                self.assertIn("Orders and trades - Create & modify orders", out)
                self.assertLess(error.index(NOTICE), error.index("Account master: asking Kraken"))
                self.assertIn("WITHOUT the right to withdraw", error)
                self.assertIn(f"\n  shred -u {path}\n", error)
                self.assertEqual("still needed" in error, holds_more)
                self.assertIn("backups", error)
                self.assertIn("krakkenctl account replace-key", error)
                self.assertNotIn("Warning", error)
                self.assertEqual(self.saved(), {"master": "vault"})
                self.assertEqual(self.reaches("master"), "alice")
                with self.daemon.admin() as admin:
                    admin.result("account.remove", {"name": "master"})
        self.assert_nothing_is_left_behind()

    def test_several_accounts_in_one_file(self):
        path = self.file(variables("KRAKEN", self.alice) + "OTHER=x\n" + variables("KRAKEN_USER_BOB", self.bob)
                         + variables("KRAKEN_USER_Carol-2", self.carol), ".env")
        out, error = self.ctl("--env", path, "--json", "--tier", "pro")
        document = json.loads(out)
        self.assertEqual(list(document), ["source", "complete", "imported", "failed", "warnings"])
        self.assertEqual((document["source"], document["complete"], document["failed"], document["warnings"]), (str(path), True, [], []))
        self.assertEqual([(one["name"], one["validated"], one["saved"]) for one in document["imported"]],
                         [(name, True, True) for name in ("master", "user_bob", "user_carol-2")])
        self.assertEqual(error.count(NOTICE), 1)
        self.assertIn("shred -u", error)
        self.assertEqual({name: self.reaches(name) for name in self.saved()},
                         {"master": "alice", "user_bob": "bob", "user_carol-2": "carol"})
        self.assert_nothing_is_left_behind()

    def test_one_of_several(self):
        path = self.file(variables("KRAKEN", self.alice) + variables("KRAKEN_USER_BOB", self.bob))
        _, error = self.ctl("--env", path, "--account", "user_bob", "--name", "desk")
        self.assertEqual(self.saved(), {"desk": "vault"})
        self.assertEqual(self.reaches("desk"), "bob")
        self.assertIn("left in the file, as --account asks: master", error)
        self.assertNotIn("shred", error)
        _, error = self.ctl("--env", path, "--account", "user_carol", expected=2)
        self.assertIn("it has: master, user_bob", " ".join(error.split()))

    def test_half_a_pair_is_left_out(self):
        path = self.file(variables("KRAKEN", self.alice) + f"KRAKEN_USER_BOB_API_KEY={self.bob.api_key}\n")
        out, error = self.ctl("--env", path, "--json")
        document = json.loads(out)
        self.assertIs(document["complete"], False)
        self.assertEqual(document["warnings"], ["KRAKEN_USER_BOB_API_SECRET is missing or blank, so KRAKEN_USER_BOB_API_KEY is left out"])
        self.assertIn("Keep ", error)
        self.assertNotIn("shred", error)
        self.assertEqual(self.saved(), {"master": "vault"})

    def test_a_link_and_an_awkward_name(self):
        """The command that is printed destroys the very file."""
        path = self.file(krakenex(self.alice), "it's \"my\" $key; -u")
        link = self.folder / "link"
        link.symlink_to(path)
        _, error = self.ctl("--krakenex", link)
        command = re.search(r"^  (shred -u .*)$", error, re.M).group(1)
        subprocess.run(["/bin/sh", "-c", command], check=True, cwd=self.folder, timeout=support.PATIENCE)
        self.assertFalse(path.exists())

    def test_a_key_with_a_password_of_its_own(self):
        self.exchange.control("POST", "/accounts", {"account": "alice", "key": {"api_key": self.alice.api_key, "otp": "the-password"}})
        path = self.file(krakenex(self.alice))
        self.ctl("--krakenex", path, expected=1)
        out, error = self.ctl("--krakenex", path, "--otp", "--stdin", stdin="the-password\n")
        self.assertIn("Kraken accepts the key", out)
        self.assertNotIn("the-password", out + error)


class Refused(ImportTest):
    def test_by_kraken(self):
        path = self.file(krakenex(self.wrong))
        out, error = self.ctl("--krakenex", path, expected=1)
        self.assertEqual(out, "")
        self.assertIn("EAPI:Invalid key", error)
        self.assertIn(NOTICE, error)
        self.assertNotIn("shred", error)
        document = json.loads(self.ctl("--krakenex", path, "--json", expected=1)[0])
        self.assertEqual((document["complete"], document["imported"]), (False, []))
        [failed] = document["failed"]
        self.assertEqual((failed["name"], failed["error"]["code"]), ("master", -32010))
        self.assertEqual(self.saved(), {})
        self.assert_nothing_is_left_behind()

    def test_one_does_not_stop_the_others(self):
        path = self.file(variables("KRAKEN", self.wrong) + variables("KRAKEN_USER_BOB", self.bob)
                         + "KRAKEN_USER_X_API_KEY=x\nKRAKEN_USER_X_API_SECRET=no-base64!\n" + variables("KRAKEN_USER_CAROL", self.carol))
        out, error = self.ctl("--env", path, "--json", expected=1)
        document = json.loads(out)
        self.assertEqual([one["name"] for one in document["imported"]], ["user_bob", "user_carol"])
        self.assertEqual([(one["name"], one["error"]["code"]) for one in document["failed"]], [("master", -32010), ("user_x", -32602)])
        self.assertIs(document["complete"], False)
        self.assertIn("Keep ", error)
        self.assertNotIn("shred", error)
        self.assertEqual(set(self.saved()), {"user_bob", "user_carol"})

    def test_by_a_vault_that_is_closed_or_not_there(self):
        path = self.file(krakenex(self.alice))
        with self.daemon.admin() as admin:
            admin.result("lock")
        _, error = self.ctl("--krakenex", path, expected=4)
        self.assertIn("krakkenctl unlock", error)
        self.assertNotIn("shred", error)
        self.assertEqual(self.asked(), 0)
        status, _, error = self.daemon.ctl("account", "import", "--krakenex", str(path), "--runtime-dir", str(self.folder))
        self.assertEqual(status, 3)
        self.assertNotIn(NOTICE, error, "nothing was read yet")

    def test_because_it_is_there(self):
        path = self.file(krakenex(self.alice))
        self.ctl("--krakenex", path)
        asked = self.asked()
        _, error = self.ctl("--krakenex", path, expected=1)
        said = " ".join(error.split())
        for remedy in ("if it is this very key, nothing", "krakkenctl account add-key master", "krakkenctl account remove master"):
            self.assertIn(remedy, said)
        self.assertNotIn("shred", error)
        _, error = self.ctl("--krakenex", path, "--name", "other", expected=1)
        self.assertIn("held under the name master", error)
        self.assertIn("the vault has that key", error)
        self.assertEqual(self.asked(), asked)
        self.assertEqual(self.saved(), {"master": "vault"})

    def test_because_the_environment_has_it(self):
        self.daemon.stop()
        self.daemon.variables = {"KRAKEN_API_KEY": self.alice.api_key, "KRAKEN_API_SECRET": self.alice.api_secret}
        self.daemon.start()
        with self.daemon.admin() as admin:
            admin.result("unlock", {"passphrase": support.PASSPHRASE})
        _, error = self.ctl("--env", self.file(variables("KRAKEN", self.bob)), expected=1)
        self.assertIn("environment", error)
        self.assertNotIn("shred", error)

    def test_kraken_out_of_reach(self):
        self.exchange.fault("drop_before", count=0)
        path = self.file(krakenex(self.alice))
        _, error = self.ctl("--krakenex", path, expected=75)
        self.assertIn("--save unvalidated", error)
        self.assertNotIn("shred", error)
        self.assertEqual(self.saved(), {})
        out, _ = self.ctl("--krakenex", path, "--save", "unvalidated")
        self.assertIn("NOT been validated; saved in the vault", " ".join(out.split()))
        self.assertEqual(self.saved(), {"master": "vault"})

    def test_wrong_use(self):
        good = self.file(krakenex(self.alice), "good")
        several = self.file(variables("KRAKEN", self.alice) + variables("KRAKEN_USER_BOB", self.bob), "several")
        fifo = self.folder / "fifo"
        os.mkfifo(fifo, 0o600)
        for arguments, said in (
            ([], "says which file is imported"), (["--krakenex", good, "--env", several], "says which file is imported"),
            ([good], "--stdin"), (["--krakenex", good, "--account", "master"], "--account chooses"),
            (["--env", several, "--name", "x"], "choose one with --account"), (["--env", several, "--otp"], "choose one with --account"),
            (["--krakenex", self.folder / "missing"], "cannot open"), (["--krakenex", self.folder], "not a regular file"),
            (["--krakenex", fifo], "not a regular file"), (["--krakenex", self.file("x" * (1 << 20) + "y", "large")], "longer than 1 MiB"),
            (["--krakenex", self.file(self.alice.api_key + "\n", "half")], "second line, is missing"),
            (["--env", good], "has no variables KRAKEN_API_KEY"), (["--kraken-cli", good], "not TOML: line 1"),
            (["--freqtrade", good], "not JSON"), (["--freqtrade", self.file(freqtrade(self.alice, "binance"), "binance")], "not kraken"),
            (["--krakenex", good, "--save", "no"], "--save"), (["--krakenex", good, "--tier", "gold"], "--tier"),
        ):
            with self.subTest(arguments=arguments):
                out, error = self.ctl(*arguments, expected=2)
                self.assertIn(said, " ".join(error.split()))
                self.assertEqual(out, "")
                self.assertNotIn(NOTICE, error)
                out, _ = self.ctl(*arguments, "--json", expected=2)
                self.assertEqual(json.loads(out)["data"]["executed"], "no")
        self.assertEqual(self.saved(), {})
        self.assertEqual(self.asked(), 0)


class Seen(ImportTest):
    def test_a_file_that_others_can_use(self):
        for mode in (0o640, 0o604, 0o620, 0o666):
            with self.subTest(mode=oct(mode)):
                path = self.file(krakenex(self.alice), mode=mode)
                _, error = self.ctl("--krakenex", path)
                self.assertIn(f"has mode {mode:04o}: others can use it, and may have seen the keys. Make new ones.", " ".join(error.split()))
                self.assertIn("shred -u", error)
                with self.daemon.admin() as admin:
                    admin.result("account.remove", {"name": "master"})

    @support.AS_ROOT
    def test_a_file_of_another_user(self):
        path = self.file(krakenex(self.alice))
        os.chown(path, support.SOMEBODY, -1)
        _, error = self.ctl("--krakenex", path, expected=2)
        self.assertIn("belongs to another user", error)
        environment = self.daemon.environment
        self.daemon.environment = lambda **more: environment(SUDO_UID=str(support.STRANGER), **more)
        self.ctl("--krakenex", path, expected=2)
        self.assertEqual(self.saved(), {})
        self.daemon.environment = lambda **more: environment(SUDO_UID=str(support.SOMEBODY), **more)
        self.ctl("--krakenex", path)

    @unittest.skipIf(os.geteuid() != 0, "only root may look into another process's memory")
    @unittest.skipIf(support.SANITIZED, "freed memory is kept for a while")
    def test_no_copy_stays_in_memory_that_is_not_protected(self):
        """While Kraken takes its time, the keys are in krakkenctl's locked memory alone."""
        found_at_all = False
        for option, text in (("--krakenex", krakenex(self.alice)), ("--kraken-cli", kraken_cli(self.alice)),
                             ("--freqtrade", freqtrade(self.alice)), ("--env", variables("KRAKEN", self.alice))):
            with self.subTest(option=option):
                before = self.asked()
                self.exchange.fault("delay", delay_after_ms=1000, count=0)
                process = subprocess.Popen(
                    [support.KRAKKENCTL, "account", "import", option, self.file(text)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    env=self.daemon.environment(KRAKKEND_RUNTIME_DIR=str(self.daemon.runtime_dir)))
                try:
                    support.wait_for(lambda: self.asked() > before)
                    for name, data in support.memory_of(process.pid):
                        found = self.scanner.find(data) if name in ("[heap]", "[stack]") else None
                        self.assertIsNone(found, f"{name} holds {found}")
                        found_at_all = found_at_all or self.alice.api_secret.encode() in data
                finally:
                    self.exchange.clear_faults()
                    self.assertEqual(process.wait(support.PATIENCE), 0)
                    with self.daemon.admin() as admin:
                        admin.result("account.remove", {"name": "master"})
        self.assertTrue(found_at_all, "the search finds nothing")


if __name__ == "__main__":
    support.main()
