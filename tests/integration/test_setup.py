#!/usr/bin/env python3
"""krakkenctl as a person meets it, with the real daemon and the simulated exchange: setup from nothing to the first call,
driven through a pseudo-terminal, doctor, and every exit status."""

import grp
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import threading
import tomllib
import unittest

import support
from support import KRAKKENCTL, PASSPHRASE
from terminal import Terminal

FAST = "[retry]\nbase_delay_ms = 10\nmax_delay_ms = 50\n"
ORDER = ["pair=XBTUSD", "type=buy", "ordertype=limit", "price=10000.0", "volume=0.01"]
NEEDED = ("Query", "Query open orders & trades", "Query closed orders & trades", "Create & modify orders",
          "Cancel & close orders")


class PersonTest(support.DaemonTest):
    ACCOUNTS = ("master",)
    CONFIG = FAST + "# mine, and to stay\n"
    KRAKEN = "request_timeout_ms = 1500"

    def environment(self, **more):
        return self.daemon.environment(KRAKKEND_RUNTIME_DIR=str(self.daemon.runtime_dir), TERM="dumb", **more)

    def terminal(self, *arguments):
        terminal = Terminal([KRAKKENCTL, *arguments], self.environment())
        self.addCleanup(terminal.end)
        return terminal

    def ctl(self, *arguments, expected=0, stdin=None):
        status, out, error = self.daemon.ctl(*arguments, stdin=stdin)
        self.assertEqual(status, expected, out + error)
        self.assert_fit_to_be_seen(out if "--json" not in arguments else "")
        self.assert_fit_to_be_seen(error)
        return out, error

    def assert_fit_to_be_seen(self, text):
        """No secret, and no line that a terminal would break; a single long word, such as a path, cannot be broken."""
        for secret in (PASSPHRASE, *(word for key in self.keys.values() for word in (key.api_key, key.api_secret))):
            self.assertNotIn(secret, text)
        for line in text.splitlines():
            if str(self.folder) not in line:
                self.assertLessEqual(len(line), 80, line)

    def settings(self, daemon=None):
        return tomllib.loads((daemon or self.daemon).config.read_text())


class SetupTest(PersonTest):
    def answer(self, terminal, prompt, typed, secret=False):
        terminal.expect(prompt)
        self.assertEqual(terminal.echoes(), not secret, prompt)
        terminal.type(typed)

    def choose_passphrase(self, terminal):
        self.answer(terminal, "New passphrase: ", PASSPHRASE, secret=True)
        self.answer(terminal, "The same again: ", PASSPHRASE, secret=True)
        terminal.expect("The vault is open.")

    def enter_key(self, terminal, api_secret=None):
        key = self.keys["master"]
        self.answer(terminal, "API key: ", key.api_key, secret=True)
        self.answer(terminal, "API secret", api_secret or key.api_secret, secret=True)

    def allow(self, terminal, region="", margin="", futures="", staking=""):
        self.answer(terminal, "[US_CA]: ", region)
        self.answer(terminal, "margin, that is with borrowed money? [y/N] ", margin)
        self.answer(terminal, "futures? [y/N] ", futures)
        self.answer(terminal, "(Kraken Earn)? [y/N] ", staking)

    def finish(self, terminal, status=0):
        self.assertEqual(os.waitstatus_to_exitcode(terminal.wait()), status, terminal.shown)
        shown = terminal.shown.decode()
        self.assertIn("\r\n", shown)
        self.assert_fit_to_be_seen(shown.replace("\r\n", "\n"))
        return shown

    def assert_serves(self):
        self.assertIn("XXBT", self.ctl("call", "Balance")[0])

    def test_from_nothing_to_the_first_call(self):
        before = self.daemon.config.read_text()
        terminal = self.terminal("setup")
        self.choose_passphrase(terminal)
        terminal.expect("krakkend alone")
        terminal.expect("WITHOUT the right to withdraw")
        self.enter_key(terminal)
        terminal.expect("Kraken accepts the key; saved in the vault.")
        for permission in NEEDED:
            terminal.expect(permission)
            terminal.expect("ok")
        terminal.expect("should be off")
        self.answer(terminal, "[US_CA]: ", "?")  # no region, so asked again
        self.answer(terminal, "[US_CA]: ", "de")
        self.answer(terminal, "borrowed money? [y/N] ", "maybe")
        self.answer(terminal, "borrowed money? [y/N] ", "y")
        self.answer(terminal, "futures? [y/N] ", "n")
        self.answer(terminal, "(Kraken Earn)? [y/N] ", "")
        terminal.expect("Written to")
        terminal.expect("krakkend has read it.")
        terminal.expect("Try it: krakkenctl call Balance")
        self.finish(terminal)

        self.assert_serves()
        after = self.daemon.config.read_text()
        self.assertIn(before, after, "what was there is there, as it was")
        settings = self.settings()
        self.assertEqual((settings["region"], settings["default_account"]), ("DE", "master"))
        wanted = {"supports_margin": True, "supports_futures": False, "supports_staking": False}
        self.assertEqual(settings["capabilities"], wanted)
        self.assertEqual(stat.S_IMODE(self.daemon.config.stat().st_mode), 0o600)
        self.assertEqual([path.name for path in self.daemon.config_dir.iterdir() if ".toml." in path.name], [])
        with self.daemon.client() as client:
            self.assertEqual(client.result("profile"), {"region": "DE", "capabilities": wanted})
        self.assertEqual(self.daemon.run("--check-config")[0], 0)

    def test_passphrases_that_differ_and_a_weak_one(self):
        terminal = self.terminal("setup")
        self.answer(terminal, "New passphrase: ", "short", secret=True)
        terminal.expect("Warning: shorter than 12 characters")
        self.answer(terminal, "The same again: ", "shirt", secret=True)
        terminal.expect("The two differ.")
        self.choose_passphrase(terminal)
        terminal.expect("API key: ")
        terminal.press("C")
        self.assertEqual(os.WTERMSIG(terminal.reap()), signal.SIGINT)
        self.ctl("lock")
        self.ctl("unlock", "--stdin", stdin=PASSPHRASE + "\n")

    def test_a_wrong_key_is_not_saved_and_asked_for_again(self):
        terminal = self.terminal("setup")
        self.choose_passphrase(terminal)
        self.enter_key(terminal, api_secret="this is no secret")
        terminal.expect("nothing was saved")
        self.answer(terminal, "again? [Y/n] ", "")
        self.enter_key(terminal, api_secret=support.random_secret())
        terminal.expect("EAPI:Invalid signature")
        terminal.expect("Kraken refused the key, so it was not saved.")
        with self.daemon.client() as client:
            self.assertEqual(client.result("account.list"), [])
        self.answer(terminal, "again? [Y/n] ", "y")
        self.enter_key(terminal)
        self.allow(terminal)
        terminal.expect("Try it")
        self.finish(terminal)
        self.assert_serves()

    def test_a_key_that_is_given_up(self):
        terminal = self.terminal("setup")
        self.choose_passphrase(terminal)
        self.enter_key(terminal, api_secret=support.random_secret())
        self.answer(terminal, "again? [Y/n] ", "n")
        terminal.expect("The vault is there and open. Once the cause is gone: krakkenctl setup")
        self.finish(terminal, status=1)

    def test_kraken_out_of_reach_and_back(self):
        terminal = self.terminal("setup")
        self.choose_passphrase(terminal)
        self.exchange.fault("drop_before", count=0)
        self.enter_key(terminal)
        terminal.expect("That says nothing about the key, which was not saved.")
        self.answer(terminal, "[r]etry, [s]ave it unvalidated, or [q]uit? ", "r")
        terminal.expect("[r]etry")
        self.exchange.clear_faults()
        terminal.type("r")
        terminal.expect("Kraken accepts the key; saved in the vault.")
        self.allow(terminal)
        self.finish(terminal)
        self.assert_serves()

    def test_saved_unvalidated_or_not_at_all(self):
        self.exchange.fault("unavailable", count=0)
        terminal = self.terminal("setup")
        self.choose_passphrase(terminal)
        self.enter_key(terminal)
        self.answer(terminal, "[q]uit? ", "q")
        self.finish(terminal, status=75)
        with self.daemon.client() as client:
            self.assertEqual(client.result("account.list"), [])

        terminal = self.terminal("setup")
        terminal.expect("there is a vault already, and it is unlocked")
        self.enter_key(terminal)
        self.answer(terminal, "[q]uit? ", "s")
        terminal.expect("the key has NOT been validated; saved in the")
        self.allow(terminal)
        terminal.expect("krakkenctl account validate master")
        self.finish(terminal)
        self.exchange.clear_faults()
        with self.daemon.client() as client:
            self.assertIs(client.result("account.list")[0]["keys"][0]["validated"], False)
        self.assertIn("Kraken accepts the key", self.ctl("account", "validate", "master")[0])
        self.assert_serves()

    def test_it_goes_on_where_it_was(self):
        self.set_up_vault()
        self.ctl("lock")
        terminal = self.terminal("setup")
        self.answer(terminal, "Passphrase of the vault: ", "wrong", secret=True)
        terminal.expect("That does not open the vault.")
        self.answer(terminal, "Passphrase of the vault: ", PASSPHRASE, secret=True)
        terminal.expect("there is an account 'master' already")
        terminal.expect("Kraken accepts the key")
        self.allow(terminal)
        terminal.expect("Try it")
        self.finish(terminal)
        self.assertEqual(self.settings()["default_account"], "master")

    def test_control_c_leaves_the_terminal_sane(self):
        terminal = self.terminal("setup")
        terminal.expect("New passphrase: ")
        self.assertFalse(terminal.echoes())
        terminal.press("C")
        self.assertEqual(os.WTERMSIG(terminal.reap()), signal.SIGINT)
        self.assertTrue(terminal.echoes())
        with self.daemon.client() as client:
            self.assertEqual(client.result("status")["state"], "uninitialized")

    def test_control_z_leaves_the_terminal_sane_and_it_goes_on(self):
        # dash leaves the terminal to its jobs; bash would put it right by itself and hide what they leave behind.
        script = '"$CTL" setup; stty -a > "$SEEN"; echo "stopped: $?"; fg; echo "ended: $?"'
        seen = self.folder / "stty"
        terminal = Terminal(["/bin/dash", "-m", "-c", script], {**self.environment(SEEN=str(seen)), "CTL": KRAKKENCTL})
        self.addCleanup(terminal.end)
        terminal.expect("New passphrase: ")
        self.assertFalse(terminal.echoes())
        terminal.press("Z")
        terminal.expect("stopped: 0")
        self.assertRegex(seen.read_text(), r"(?<!-)\becho\b")
        terminal.expect("New passphrase: ")
        self.assertFalse(terminal.echoes())
        terminal.type(PASSPHRASE)
        terminal.expect("The same again: ")
        terminal.press("C")
        terminal.wait()
        self.assertNotIn(PASSPHRASE.encode(), terminal.shown)
        self.assertTrue(terminal.echoes())

    def test_the_end_of_the_input(self):
        terminal = self.terminal("setup")
        terminal.expect("New passphrase: ")
        terminal.press("D")
        terminal.expect("the input ended")
        self.finish(terminal, status=2)
        self.assertTrue(terminal.echoes())
        terminal = self.terminal("setup")
        self.choose_passphrase(terminal)
        terminal.expect("API key: ")
        terminal.press("D")
        terminal.expect("The vault is there and open.")
        self.assertNotIn("Nothing was executed", self.finish(terminal, status=2))
        out, error = self.ctl("setup", "--stdin", "--json", stdin=PASSPHRASE + "\n", expected=2)
        self.assertEqual(json.loads(out)["data"]["executed"], "yes")
        self.assertIn("The vault is there and open.", error)
        terminal = self.terminal("setup")
        self.enter_key(terminal)
        terminal.expect("[US_CA]: ")
        terminal.press("D")
        terminal.expect("account 'master' is in it.")
        self.assertNotIn("Nothing was executed", self.finish(terminal, status=2))
        terminal = self.terminal("setup")
        self.allow(terminal)
        self.finish(terminal)

    def test_an_edit_during_the_questions_stays(self):
        terminal = self.terminal("setup")
        self.choose_passphrase(terminal)
        self.enter_key(terminal)
        terminal.expect("[US_CA]: ")
        edited = 'default_account = "other"\n# edited meanwhile\n' + self.daemon.config.read_text()
        self.daemon.config.write_text(edited)
        terminal.type("de")
        self.answer(terminal, "[y/N] ", "")
        self.answer(terminal, "[y/N] ", "")
        self.answer(terminal, "[y/N] ", "")
        terminal.expect("--account master")
        self.finish(terminal)
        self.assertEqual(self.settings()["region"], "DE")
        self.assertEqual(self.settings()["default_account"], "other")
        self.assertIn("# edited meanwhile", self.daemon.config.read_text())


class DyingDaemonTest(PersonTest):
    def test_doctor_notices_wherever_it_stops(self):
        self.set_up_vault()
        for answers in range(8):  # SystemStatus, Time, status, profile, account.list, account.validate, nonce.status
            with self.subTest(answers=answers):
                status, out, error = self.through(answers, "doctor")
                self.assertEqual(status, 1 if answers < 7 else 0, out + error)
                self.assertEqual("FAIL" in out, answers < 7, out)

    def through(self, answers, *arguments):
        """krakkenctl, with a daemon that hangs up on all once it has given so many answers."""
        folder = self.folder / f"dying-{answers}"
        folder.mkdir(mode=0o700)
        left = [answers]
        listeners = [self.serve(folder / real.name, real, left)
                     for real in (self.daemon.client_socket, self.daemon.admin_socket)]
        done = subprocess.run([KRAKKENCTL, *arguments], capture_output=True, text=True, timeout=support.PATIENCE,
                              env=self.daemon.environment(KRAKKEND_RUNTIME_DIR=str(folder)))
        for listener in listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        return done.returncode, done.stdout, done.stderr

    def serve(self, path, real, left):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen()

        def pass_on(connection):
            with connection, support.Client(real) as daemon, connection.makefile("rb") as lines:
                for line in lines:
                    if not left[0]:
                        return
                    left[0] -= 1
                    connection.sendall(daemon.ask(line) + b"\n")

        def accept():
            while True:
                try:
                    threading.Thread(target=pass_on, args=listener.accept()[:1]).start()
                except OSError:
                    return

        threading.Thread(target=accept).start()
        return listener


class ConfigurationTest(PersonTest):
    GIVEN = property(lambda self: f"{PASSPHRASE}\n{self.keys['master'].api_key}\n{self.keys['master'].api_secret}\n")

    def test_without_questions(self):
        out, error = self.ctl("setup", "--stdin", "--region", "gb", "--staking", stdin=self.GIVEN)
        self.assertIn("Try it: krakkenctl call Balance\n", out)
        settings = self.settings()
        self.assertEqual((settings["region"], settings["default_account"]), ("GB", "master"))
        self.assertEqual(settings["capabilities"],
                         {"supports_margin": False, "supports_futures": False, "supports_staking": True})
        self.assertIn("# mine, and to stay", self.daemon.config.read_text())
        # Again: the account is there, which the daemon says; nothing is written.
        before = self.daemon.config.read_text()
        out, _ = self.ctl("setup", "--stdin", "--json", stdin=self.GIVEN, expected=1)
        self.assertEqual(json.loads(out)["data"]["reason"], "exists")
        self.assertEqual(self.daemon.config.read_text(), before)

    def test_an_account_of_the_environment(self):
        self.daemon.stop()
        key, environment = self.keys["master"], self.daemon.environment
        self.daemon.environment = lambda **more: environment(
            KRAKEN_API_KEY=key.api_key, KRAKEN_API_SECRET=key.api_secret, **more)
        self.daemon.start()
        self.daemon.environment = environment
        _, error = self.ctl("setup", "--stdin", stdin=self.GIVEN, expected=2)
        self.assertIn("comes from krakkend's environment", error)
        with self.daemon.client() as client:
            self.assertIs(client.result("status")["vault"]["exists"], False)
        self.assertRegex(self.ctl("status")[0], "master +environment +ready +-")
        self.ctl("doctor")

    def test_json_is_one_document(self):
        out, _ = self.ctl("setup", "--stdin", "--json", stdin=self.GIVEN)
        added = json.loads(out)
        self.assertEqual((added["name"], added["validated"], added["saved"]), ("master", True, True))
        self.assertEqual(sorted(added["permissions"]), sorted(support.TRADING))

    def test_a_second_account_is_not_the_default(self):
        self.ctl("setup", "--stdin", stdin=self.GIVEN)
        key = support.Key("bot1")
        self.exchange.control("POST", "/accounts", {"account": "bot1", "balances": {"ZUSD": "1.0000"}, "key": {
            "name": "main", "api_key": key.api_key, "api_secret": key.api_secret, "permissions": key.permissions}})
        out, _ = self.ctl("setup", "--account", "bot1", "--stdin",
                          stdin=f"{PASSPHRASE}\n{key.api_key}\n{key.api_secret}\n")
        self.assertIn("krakkenctl call Balance --account bot1", out)
        self.assertEqual(self.settings()["default_account"], "master")

    def test_a_new_file(self):
        self.daemon.config.unlink()
        _, error = self.ctl("setup", "--stdin", stdin=self.GIVEN)
        text = self.daemon.config.read_text()
        self.assertTrue(text.startswith("# Configuration of krakkend"), text)
        self.assertEqual(self.settings()["region"], "US_CA")
        self.assertEqual(stat.S_IMODE(self.daemon.config.stat().st_mode), 0o600)
        self.assertEqual(self.daemon.run("--check-config")[0], 0)
        self.assertIn("Only after a restart of krakkend: kraken.", error)  # the exchange's address went with the file

    def test_what_is_there_is_left_alone_and_told(self):
        config = self.daemon.config.read_text()
        self.daemon.config.write_text('region = "US_NY"\n' + config + "\n[capabilities]\nsupports_margin = true # yes\n")
        _, error = self.ctl("setup", "--stdin", "--region", "DE", stdin=self.GIVEN)
        self.assertIn("that was left alone", error)
        self.assertEqual(self.settings()["region"], "US_NY")
        self.assertIn("supports_margin = true # yes\n", self.daemon.config.read_text())
        self.assertIs(self.settings()["capabilities"]["supports_staking"], False)

    def test_a_file_that_setup_cannot_change(self):
        broken = self.daemon.config.read_text() + "log = = 5\n"
        self.daemon.config.write_text(broken)
        out, error = self.ctl("setup", "--stdin", stdin=self.GIVEN)
        self.assertEqual(self.daemon.config.read_text(), broken)
        self.assertIn("not valid TOML (line", error)
        lines = error[error.index("region = "):error.index("\nThen restart")]
        self.assertEqual(tomllib.loads(lines), {
            "region": "US_CA", "default_account": "master",
            "capabilities": {"supports_margin": False, "supports_futures": False, "supports_staking": False}})
        self.assertIn("Try it: krakkenctl call Balance", out)

    @support.AS_ROOT
    def test_a_folder_of_somebody_else(self):
        self.set_up_vault()
        before = self.daemon.config.read_text()
        foreign = self.folder / "foreign"
        foreign.mkdir()
        os.chown(foreign, 12345, 12345)
        self.daemon.config.rename(foreign / "config.toml")
        self.daemon.config.symlink_to(foreign / "config.toml")
        terminal = Terminal([KRAKKENCTL, "setup"], self.environment())
        self.addCleanup(terminal.end)
        for prompt in ("[US_CA]: ", "money? [y/N] ", "futures? [y/N] ", "Earn)? [y/N] "):
            terminal.expect(prompt)
            terminal.type("")
        terminal.expect("config.toml was not changed: the folder")
        terminal.expect('default_account = "master"')
        terminal.expect("Try it")
        self.assertEqual(os.waitstatus_to_exitcode(terminal.wait()), 0)
        self.assertEqual(self.daemon.config.read_text(), before)

    @support.AS_ROOT
    def test_root_sets_up_the_daemon_of_another_user(self):
        for path in (self.folder, self.daemon.folder):
            os.chmod(path, 0o755)
        self.exchange.let_read()
        self.daemon.stop()
        self.daemon.give_to(12345)
        self.daemon.start()
        self.ctl("setup", "--stdin", stdin=self.GIVEN)
        about = self.daemon.config.stat()
        self.assertEqual((about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)), (12345, 12345, 0o600))
        self.assertEqual(self.settings()["default_account"], "master")


class NoDaemonTest(PersonTest):
    def setUp(self):
        super().setUp()
        self.daemon.stop()

    def test_setup_says_how_to_start_it(self):
        out, error = self.ctl("setup", expected=3)
        self.assertEqual(out, "")
        self.assertIn("krakkend is not running yet", error)
        self.assertIn("in another terminal", error)
        out, _ = self.ctl("setup", "--json", expected=3)
        self.assertEqual(json.loads(out)["data"]["category"], "no_daemon")

    def test_doctor_finds_what_lies_here(self):
        self.daemon.config.write_text("log = = 5\n")
        out, _ = self.ctl("doctor", "--config-dir", str(self.daemon.config_dir), "--json", expected=3)
        found = {finding["check"]: finding for finding in json.loads(out)}
        self.assertEqual(found["daemon"]["result"], "fail")
        self.assertIn("start it", found["daemon"]["remedy"])
        self.assertEqual(found["configuration"]["result"], "fail")
        self.ctl("doctor", "--config-dir", str(self.daemon.config_dir), expected=3)


class DoctorTest(PersonTest):
    def findings(self, *arguments, expected=0):
        out, _ = self.ctl("doctor", "--json", *arguments, expected=expected)
        found = json.loads(out)
        for finding in found:
            self.assertIn(finding["result"], ("ok", "warn", "fail"))
            self.assertEqual(finding["result"] == "ok", "remedy" not in finding, finding)
        table, _ = self.ctl("doctor", *arguments, expected=expected)
        self.assertTrue(table.startswith("CHECK             RESULT  DETAIL\n"), table)
        return {finding["check"]: finding for finding in found}, [finding["check"] for finding in found]

    def worst(self, found):
        return {check: finding["result"] for check, finding in found.items() if finding["result"] != "ok"}

    def test_all_is_well(self):
        self.set_up_vault()
        found, order = self.findings()
        expected = {"key master": "warn"}  # the exchange's key has no list of addresses
        if support.SANITIZED:
            expected["protection"] = "warn"  # such a build stays dumpable
        self.assertEqual(self.worst(found), expected)
        self.assertEqual(order, ["daemon", "version", "sockets", "configuration", "vault file", "protection", "vault",
                                 "kraken", "clock", "account master", "key master", "key master", "nonce master"])

    def test_before_the_vault_and_while_it_is_locked(self):
        found, _ = self.findings()
        self.assertEqual(found["vault"]["remedy"], "run: krakkenctl setup")
        self.set_up_vault()
        self.ctl("lock")
        found, _ = self.findings()
        self.assertEqual(found["vault"]["remedy"], "run: krakkenctl unlock")

    def test_a_key_with_the_wrong_permissions(self):
        self.set_up_vault()
        key = self.keys["master"]
        self.exchange.control("POST", "/accounts", {"account": "master", "key": {
            "api_key": key.api_key, "permissions": ["query-funds", "withdraw-funds"]}})
        out, _ = self.ctl("doctor", "--json")
        details = [finding["detail"] for finding in json.loads(out) if finding["check"] == "key master"]
        self.assertTrue(any("may withdraw" in detail for detail in details), details)
        self.assertEqual(sum("lacks" in detail for detail in details), 4, details)

    def test_a_key_that_kraken_refuses(self):
        self.set_up_vault()
        self.exchange.control("POST", "/accounts", {"account": "master", "key": {
            "api_key": self.keys["master"].api_key, "revoked": True}})
        found, _ = self.findings(expected=1)
        self.assertEqual(found["key master"]["result"], "fail")
        self.assertIn("EAPI:Invalid key", found["key master"]["detail"])

    def test_kraken_out_of_reach_or_closed(self):
        self.exchange.switch(system_status="maintenance")
        self.assertEqual(self.findings()[0]["kraken"]["result"], "warn")
        self.exchange.fault("drop_before", count=0)
        self.assertEqual(self.findings(expected=1)[0]["kraken"]["result"], "fail")

    def test_wrong_modes(self):
        self.daemon.admin_socket.chmod(0o666)
        found, _ = self.findings(expected=1)
        self.assertIn("admin.sock has mode 0666", found["sockets"]["detail"])

    def test_a_changed_configuration(self):
        self.daemon.config.write_text('region = "DE"\n' + self.daemon.config.read_text())
        self.assertEqual(self.findings()[0]["configuration"]["result"], "warn")

    def test_a_clock_that_is_off(self):
        self.exchange.control("POST", "/clock", {"offset_ms": 90_000})
        self.set_up_vault()
        found, _ = self.findings()
        self.assertEqual(found["clock"]["result"], "warn")
        self.assertIn("behind Kraken's", found["clock"]["detail"])
        self.assertIn("clock", self.ctl("status")[0])

    def test_misspelt_variable(self):
        self.set_up_vault()
        environment = self.daemon.environment
        self.daemon.environment = lambda **more: environment(KRAKKEN_SOCKET="/x", **more)
        out, error = self.ctl("status", "--json")
        json.loads(out)
        self.assertIn("KRAKKEN_SOCKET is not known; did you mean\n  KRAKKEND_SOCKET?", error)
        self.assertEqual(self.findings()[0]["environment"]["result"], "warn")


@support.AS_ROOT
class GroupTest(PersonTest):
    CONFIG = FAST + '[socket]\nclient_group = "daemon"\n'

    def setUp(self):
        super().setUp()
        for path in (self.folder, self.daemon.folder):
            path.chmod(0o755)

    def test_in_the_eyes_of_another_user(self):
        """Who may make calls and not administrate is told what was skipped."""
        self.set_up_vault()
        with self.daemon.admin() as admin:
            grant = {"accounts": ["master"], "allow": ["read"]}
            admin.result("grant.set", {"holder": "group:daemon", "grant": grant, "passphrase": PASSPHRASE})
        group = grp.getgrnam("daemon").gr_gid
        program = self.folder / "krakkenctl"  # a copy: the folder of the built one may be closed to others
        shutil.copy(KRAKKENCTL, program)
        done = subprocess.run(
            [program, "doctor", "--json"], capture_output=True, text=True, timeout=support.PATIENCE, cwd="/",
            env=self.environment(), user=12345, group=12345, extra_groups=[group])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = {finding["check"]: finding for finding in json.loads(done.stdout)}
        self.assertEqual(found["daemon"]["result"], "ok")
        self.assertIn("skipped", found["key master"]["detail"])
        self.assertIn("skipped", found["configuration"]["detail"])
        self.assertEqual(found["sockets"]["result"], "ok", found)


class ExitStatusTest(PersonTest):
    def test_each_has_its_cause(self):
        self.ctl("status")
        self.ctl("status", "--check", expected=1)
        self.ctl("unlock", "--stdin", stdin=PASSPHRASE + "\n", expected=4)
        self.ctl("call", "Balance", expected=4)
        self.ctl("wait", "--for", "unlocked", "--timeout", "1", expected=75)
        self.set_up_vault()
        self.ctl("status", "--check")
        self.ctl("wait", "--for", "ready", "--account", "master")
        self.ctl("unlock", "--stdin", stdin="wrong\n", expected=1)
        self.ctl("call", "Balance")
        self.ctl("call", "NoSuchThing", expected=1)
        self.ctl("call", "Balance", "--account", "nobody", expected=1)
        self.ctl("call", "Balance", "=", expected=2)
        self.ctl("cal", "Balance", expected=2)
        self.ctl("call", "AddOrder", *ORDER, "--json")
        self.exchange.fault("drop_before", endpoint="AddOrder")
        _, error = self.ctl("call", "AddOrder", *ORDER, "--timeout-ms", "800", expected=5)
        self.assertIn("do not repeat", error)
        self.exchange.fault("throttled", endpoint="AddOrder", retry_after_s=1)
        self.ctl("call", "AddOrder", *ORDER, expected=75)
        self.exchange.fault("error", endpoint="AddOrder", text="EOrder:Insufficient funds")
        out, _ = self.ctl("call", "AddOrder", *ORDER, "--json", expected=1)
        self.assertEqual(json.loads(out)["code"], -32014)
        self.ctl("lock")
        self.ctl("call", "Balance", expected=4)
        self.ctl("status")
        self.ctl("status", "--socket", "/nonexistent/krakkend.sock", expected=3)

    def test_paths_that_lead_nowhere(self):
        gone = self.folder / "gone"
        gone.mkdir()
        for path, why in (("a", "this folder is gone"), (b"/tmp/\xff", "not UTF-8")):
            done = subprocess.run(["/bin/sh", "-c", 'rmdir "$PWD"; exec "$0" nonce import --account master "$1"', KRAKKENCTL, path],
                                  capture_output=True, text=True, cwd=gone, env=self.environment())
            gone.mkdir()
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(why, done.stderr)
            self.assertIn("Nothing was executed.", done.stderr)

    def test_nonce_import(self):
        self.set_up_vault()
        old = self.folder / "kraken_nonce.txt"
        last = int(json.loads(self.ctl("nonce", "status", "--json")[0])[0].get("last", "0"))
        old.write_text(f"{last + 5_000_000}\n")
        out, _ = self.ctl("nonce", "import", "--account", "master", str(old), "--json")
        self.assertEqual(json.loads(out)["account"], "master")
        self.assertGreaterEqual(int(json.loads(out)["last"]), last + 5_000_000)
        self.ctl("call", "Balance")
        self.ctl("nonce", "import", "--account", "master", str(self.folder / "missing"), expected=1)


if __name__ == "__main__":
    support.main()
