#!/usr/bin/env python3
"""krakkenctl against a daemon whose answers the test decides: what goes over the wire, what a person and a script get
back, and that no secret is shown, echoed, or sent to a stranger."""

import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from terminal import Terminal

KRAKKENCTL = os.environ["TEST_KRAKKENCTL"]
NOBODY = 65534
PASSPHRASE = 'canary "passphrase" \\ of-mine'
API_KEY = "canary-api-key-0123456789"
API_SECRET = "Y2FuYXJ5LWFwaS1zZWNyZXQ="
DEADLINE = 20  # seconds; only ever reached by a test that fails

STATUS = (
    '{"summary":"krakkend is unlocked","state":"unlocked","state_since":"2026-11-20T10:00:00Z","version":"0.1.0",'
    '"pid":42,"uptime_s":7,"vault":{"path":"/v/secrets.enc","exists":true},"upstream":{"base_url":"https://k","state":'
    '"ok"},"clients":1,"accounts":[{"name":"master","source":"vault","state":"ready","calls":7,"errors":1,"queued":0,'
    '"in_flight":0,"latency_ms":{"p50":41.50,"p99":80}}],"protection":{"memory_locked":true}}'
)
ACCOUNTS = '[{"name":"master","source":"vault","keys":[{"key":"3f9c21aa","state":"ready","validated":true}]}]'
ADDED = (
    '{"name":"master","key":"3f9c21aa","validated":true,"saved":true,"permissions":["query-funds"],'
    '"warnings":["the key may withdraw"]}'
)


def error(code, executed="no", retryable=False, **data):
    data = {"category": "c", "executed": executed, "retryable": retryable, "origin": "daemon", **data}
    return {"code": code, "message": "the daemon's sentence", "data": data}


class FakeDaemon:
    """Both sockets in a scratch folder. `answers` maps a method to the raw result, an error (dict), None (close the
    connection) or a list of these, used up one by one."""

    def __init__(self, answers=None):
        self.answers = {"status": STATUS, "account.list": ACCOUNTS, **(answers or {})}
        self.folder = tempfile.mkdtemp(prefix="krakken-")
        self.lines = []
        self.listeners = []
        for name in ("krakkend.sock", "admin.sock"):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(f"{self.folder}/{name}")
            listener.listen()
            self.listeners.append(listener)
            threading.Thread(target=self.serve, args=(listener, name), daemon=True).start()

    def serve(self, listener, name):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection, name), daemon=True).start()

    def talk(self, connection, name):
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                request = json.loads(line)
                self.lines.append((name, line.decode()))
                answer = self.answers.get(request["method"], error(-32601))
                if isinstance(answer, list):
                    answer = answer.pop(0)
                if answer is None:
                    return
                member = f'"result":{answer}' if isinstance(answer, str) else f'"error":{json.dumps(answer)}'
                connection.sendall(f'{{"jsonrpc":"2.0","id":{request["id"]},{member}}}\n'.encode())

    def requests(self, method=None):
        parsed = [(name, json.loads(line)) for name, line in self.lines]
        return [(name, line["params"]) for name, line in parsed if method in (None, line["method"])]

    def close(self):
        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        shutil.rmtree(self.folder)


def environment(**more):
    """Nothing of whoever runs the tests leads to another daemon."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **more}


class CtlTest(unittest.TestCase):
    def daemon(self, **answers):
        daemon = FakeDaemon({name.replace("__", "."): answer for name, answer in answers.items()})
        self.addCleanup(daemon.close)
        return daemon

    def terminal(self, folder, *arguments):
        terminal = Terminal([KRAKKENCTL, *arguments, "--runtime-dir", folder], environment())
        self.addCleanup(terminal.end)
        return terminal

    def ctl(self, daemon, *arguments, given="", expected=0):
        folder = daemon if isinstance(daemon, str) else daemon.folder
        done = subprocess.run(
            [KRAKKENCTL, *arguments, "--runtime-dir", folder],
            input=given, capture_output=True, text=True, timeout=DEADLINE, env=environment(),
        )
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        for secret in ("canary", API_SECRET):
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done


class CallTest(CtlTest):
    def test_digits_reach_the_daemon_as_they_were_typed(self):
        daemon = self.daemon(call="{}")
        self.ctl(
            daemon, "call", "AddOrder", "volume=1.10000000", "price:=0.00000001", "n:=1e-8", "orders:=[1.10]",
            "--account", "bot1", "--timeout-ms", "5000", "--max-wait-ms", "0",
        )
        self.assertEqual(
            daemon.lines,
            [(
                "krakkend.sock",
                '{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"AddOrder","account":"bot1","params":'
                '{"volume":"1.10000000","price":0.00000001,"n":1e-8,"orders":[1.10]},"timeout_ms":5000,'
                '"max_wait_ms":0}}\n',
            )],
        )

    def test_the_result_comes_back_byte_for_byte(self):
        result = '{"ZUSD":"171288.61580000","n": 12345678901234567890123456789012345678901,"z":-0,"e":1E-8}'
        daemon = self.daemon(call=result)
        self.assertEqual(self.ctl(daemon, "call", "Balance", "--json").stdout, result + "\n")
        table = self.ctl(daemon, "--json", "call", "Balance").stdout
        self.assertEqual(table, result + "\n")
        readable = self.ctl(daemon, "call", "Balance").stdout
        for figure in ("171288.61580000", "12345678901234567890123456789012345678901", "-0", "1E-8"):
            self.assertIn(figure, readable)

    def test_wrong_use_sends_nothing(self):
        daemon = self.daemon()
        for arguments in (
            ["call"], ["call", "a=1"], ["call", "Balance", "x"], ["call", "Balance", "a:=01"],
            ["call", "Balance", "a=1", "a=2"], ["call", "Balance", "--timeout-ms", "0"],
            ["call", "Balance", "--timeout-ms", "x"], ["bogus"], [], ["account"], ["nonce"], ["vault"],
            ["unlock", "--passphrase", "x"], ["wait", "--for", "ever"], ["wait"], ["account", "add"],
            ["account", "add", "x", "--save", "no"], ["status", "--watch", "--json"], ["status", "--check", "--watch"],
            ["--json"], ["account", "--json"], ["bogus", "--json"], ["wait", "--json"], ["unlock", "--bogus", "--json"],
        ):
            with self.subTest(arguments=arguments):
                done = self.ctl(daemon, *arguments, expected=2)
                if "--json" in arguments:
                    self.assertEqual(json.loads(done.stdout)["data"]["category"], "unsent")
                else:
                    self.assertEqual(done.stdout, "")
                self.assertNotEqual(done.stderr, "")
        self.assertEqual(daemon.lines, [])


class ExitStatusTest(CtlTest):
    CASES = [
        (error(-32602), 1),
        (error(-32601), 1),
        (error(-32001, state="locked"), 4),
        (error(-32007, reason="missing"), 4),
        (error(-32007, reason="mode"), 1),
        (error(-32010), 1),
        (error(-32013, retryable=True, retry_after_ms=1500), 75),
        (error(-32015, kraken=["EOrder:Insufficient funds"]), 1),
        (error(-32019, executed="unknown", settling=True), 5),
        (error(-32024, retryable=True), 75),
    ]

    def test_each_error_has_its_status_and_is_printed(self):
        for answer, status in self.CASES:
            with self.subTest(code=answer["code"]):
                daemon = self.daemon(call=answer)
                done = self.ctl(daemon, "call", "AddOrder", "--json", expected=status)
                self.assertEqual(done.stdout, json.dumps(answer) + "\n")
                done = self.ctl(daemon, "call", "AddOrder", expected=status)
                self.assertEqual(done.stdout, "")
                self.assertIn("the daemon's sentence", done.stderr)
                for said in answer["data"].get("kraken", []):
                    self.assertIn(said, done.stderr)
                self.assertIn("do not repeat" if status == 5 else "Nothing was executed", done.stderr)

    def test_an_answer_that_is_lost(self):
        daemon = self.daemon(call=None, lock=None)
        for arguments, status in ((["AddOrder"], 5), (["CancelAll"], 5), (["Balance"], 3), (["Ticker"], 3)):
            with self.subTest(arguments=arguments):
                done = self.ctl(daemon, "call", *arguments, "--json", expected=status)
                executed = json.loads(done.stdout)["data"]["executed"]
                self.assertEqual(executed, "unknown" if status == 5 else "no")
        self.ctl(daemon, "lock", expected=5)
        self.assertEqual(len(daemon.lines), 5, "something was sent twice")

    def test_no_daemon(self):
        folder = tempfile.mkdtemp(prefix="krakken-")
        self.addCleanup(shutil.rmtree, folder)
        for arguments in (["status"], ["call", "Balance"], ["unlock", "--stdin"], ["setup"], ["lock"], ["version"]):
            with self.subTest(arguments=arguments):
                done = self.ctl(folder, *arguments, given=PASSPHRASE + "\n", expected=3)
                self.assertIn("start it", done.stderr)
                self.assertIn(folder, done.stderr)
        self.assertEqual(json.loads(self.ctl(folder, "status", "--json", expected=3).stdout)["data"]["category"], "no_daemon")

    def test_help_and_version_need_no_daemon(self):
        self.assertIn("krakkenctl setup", self.ctl("/nonexistent", "--help").stdout)
        self.assertIn("key:=JSON", self.ctl("/nonexistent", "call", "--help").stdout)
        self.assertRegex(self.ctl("/nonexistent", "--version").stdout, r"^krakkenctl \d")


class ShowTest(CtlTest):
    def test_status(self):
        daemon = self.daemon()
        text = self.ctl(daemon, "status").stdout
        self.assertTrue(text.startswith("krakkend is unlocked\n"), text)
        self.assertRegex(text, r"master +vault +ready +yes +7 +1 +41\.50 ms")
        self.assertLessEqual(max(map(len, text.splitlines())), 80)
        self.assertEqual(self.ctl(daemon, "status", "--json").stdout, STATUS + "\n")

    def test_check_tells_health_by_the_exit_status(self):
        healthy = self.daemon()
        self.ctl(healthy, "status", "--check")
        for before, after in (('"ready"', '"auth_failed"'), ('"unlocked"', '"locked"')):
            sick = self.daemon(status=STATUS.replace(before, after))
            self.ctl(sick, "status")
            self.ctl(sick, "status", "--check", expected=1)
            self.assertEqual(self.ctl(sick, "status", "--check", "--json", expected=1).stdout, sick.answers["status"] + "\n")

    def test_watch_shows_again_until_it_is_interrupted(self):
        daemon = self.daemon(status=[STATUS, STATUS.replace("is unlocked", "has changed")] + [STATUS] * 100)
        terminal = self.terminal(daemon.folder, "status", "--watch")
        terminal.expect("krakkend is unlocked")
        terminal.expect("krakkend has changed")
        os.kill(terminal.pid, signal.SIGINT)
        self.assertEqual(os.WTERMSIG(terminal.wait()), signal.SIGINT)

    def test_each_command_prints_one_document_with_json(self):
        result = '{"digits":1.10000000}'
        methods = (
            "call", "wait", "profile", "endpoints", "nonce.status", "version", "lock", "unlock", "vault.create",
            "vault.change_passphrase", "vault.add_key_file", "vault.remove_key_file", "account.add",
            "account.validate", "account.remove", "account.list",
        )
        daemon = self.daemon(**{name.replace(".", "__"): result for name in methods})
        one, two = PASSPHRASE + "\n", f"{API_KEY}\n{API_SECRET}\n"
        for arguments, given in (
            (["call", "Balance"], ""), (["wait", "--for", "unlocked"], ""), (["profile"], ""), (["endpoints"], ""),
            (["nonce", "status"], ""), (["version"], ""), (["lock"], ""), (["unlock", "--stdin"], one),
            (["vault", "create", "--stdin"], one), (["vault", "passphrase", "--stdin"], one + one),
            (["vault", "add-key-file", "/k", "--stdin"], one), (["vault", "remove-key-file", "/k", "--stdin"], one),
            (["account", "add", "bot1", "--stdin"], two), (["account", "validate", "bot1"], ""),
            (["account", "remove", "bot1"], ""), (["account", "list"], ""),
            (["setup", "--account", "bot1", "--stdin"], one + two),
        ):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.ctl(daemon, "--json", *arguments, given=given).stdout, result + "\n")

    def test_tables_for_people(self):
        daemon = self.daemon(
            profile='{"region":"US_CA","capabilities":{"supports_margin":false}}',
            endpoints='[{"name":"AddOrder","kind":"private","effect":"place","permission":"modify-trades"}]',
            nonce__status='[{"account":"master","key":"3f9c21aa","unit":"us","last":"1732060800000000","lead_ms":0,"state":"ok"}]',
            version='{"version":"9.9.9","protocol":1}',
        )
        self.assertIn("US_CA", self.ctl(daemon, "profile").stdout)
        self.assertRegex(self.ctl(daemon, "endpoints").stdout, "AddOrder +private +place +modify-trades")
        self.assertIn("1732060800000000", self.ctl(daemon, "nonce", "status", "--account", "master").stdout)
        self.assertEqual(daemon.requests("nonce.status"), [("krakkend.sock", {"account": "master"})])
        self.assertIn("krakkend   9.9.9", self.ctl(daemon, "version").stdout)
        self.assertRegex(self.ctl(daemon, "account", "list").stdout, "master +vault +3f9c21aa +ready +yes")

    def test_80_columns_are_enough_for_the_longest(self):
        name = "a-very-long-name" * 4
        keys = [{"key": "3f9c21aa", "state": "permission_denied", "validated": True, "validated_at": "2026-11-20T10:00:00.123Z"}]
        daemon = self.daemon(
            account__list=json.dumps([{"name": name, "source": source, "keys": keys} for source in ("vault", "environment")]),
            nonce__status=json.dumps([{"account": name, "key": "3f9c21aa", "unit": "10ns", "last": "1" * 20, "reserved": "2" * 20,
                                       "lead_ms": -86400000, "state": "permission_denied"}]),
            endpoints=json.dumps([{"name": "Earn/DeallocateStatus", "kind": "private", "effect": "cancel", "permission": "x" * 90}]),
            account__remove='{"removed":true}',
        )
        for arguments in (["account", "list"], ["nonce", "status"], ["endpoints"], ["account", "remove", name]):
            with self.subTest(arguments=arguments):
                self.assertLessEqual(max(map(len, self.ctl(daemon, *arguments).stdout.splitlines())), 80)

    def test_wait(self):
        later = error(-32018, retryable=True)
        daemon = self.daemon(wait=["true", later, later, "true", later, "true", later, error(-32024, retryable=True)])
        self.ctl(daemon, "wait", "--for", "ready", "--account", "bot1", "--timeout", "7")
        (socket_name, params), = daemon.requests("wait")
        self.assertEqual(socket_name, "krakkend.sock")
        self.assertTrue(6000 < params.pop("timeout_ms") <= 7000)
        self.assertEqual(params, {"for": "ready", "account": "bot1"})
        # Longer than the daemon lets one request wait: asked again until the answer is another one.
        self.ctl(daemon, "wait", "--for", "unlocked")
        self.ctl(daemon, "wait", "--for", "unlocked", "--timeout", "86400")
        self.ctl(daemon, "wait", "--for", "unlocked", expected=75)
        self.assertEqual(daemon.requests("wait")[1:], [("krakkend.sock", {"for": "unlocked", "timeout_ms": 120000})] * 7)

    def test_wait_ends_in_time(self):
        daemon = self.daemon(wait=error(-32018, retryable=True))
        begun = time.monotonic()
        self.ctl(daemon, "wait", "--for", "unlocked", "--timeout", "1", expected=75)
        self.assertTrue(1 <= time.monotonic() - begun < DEADLINE)

    def test_closed_and_full_streams(self):
        daemon = self.daemon(call='{"txid":["O"]}', unlock='{"state":"unlocked","accounts":0}')
        for close, status in (("<&-", 0), (">/dev/full", 5), (">&-", 5), ("2>&-", 0)):
            done = subprocess.run(
                ["sh", "-c", f'"$0" --json --runtime-dir "$1" call AddOrder {close}', KRAKKENCTL, daemon.folder],
                capture_output=True, text=True, timeout=DEADLINE, env=environment(),
            )
            self.assertEqual(done.returncode, status, (close, done.stderr))
            self.assertEqual(done.stdout, '{"txid":["O"]}\n' if status == 0 else "", close)
            if status:
                self.assertIn("standard output cannot be written", done.stderr)
        done = subprocess.run(["sh", "-c", '"$0" --runtime-dir "$1" unlock --stdin <&-', KRAKKENCTL, daemon.folder],
                              capture_output=True, text=True, timeout=DEADLINE, env=environment())
        self.assertEqual(done.returncode, 2)
        self.assertIn("Bad file descriptor", done.stderr)
        self.assertEqual(daemon.requests("unlock"), [])


class SecretsTest(CtlTest):
    def test_they_are_never_arguments_and_not_repeated(self):
        daemon = self.daemon()
        for arguments, word in (
            (["unlock", PASSPHRASE], "--stdin"), (["unlock", "--passphrase", PASSPHRASE], "no option --passphrase"),
            (["unlock", f"--passphrase={PASSPHRASE}"], "no option --passphrase"), (["unlock", f"-p{PASSPHRASE}"], "no option -p"),
            (["vault", "create", PASSPHRASE], "--stdin"), (["vault", "passphrase", PASSPHRASE, PASSPHRASE], "--stdin"),
            (["account", "add", "bot1", API_KEY, API_SECRET], "--stdin"),
            (["account", "add", "bot1", "--api-secret", API_SECRET], "no option --api-secret"),
            (["account", "add", "bot1", "--otp", "canary-otp"], "--stdin"), (["setup", PASSPHRASE], "--stdin"),
            (["acount", "add", "bot1", API_KEY, API_SECRET], "no command acount"),
        ):
            with self.subTest(arguments=arguments):
                for more in ([], ["--json"]):  # what is shown is searched for secrets
                    self.assertIn(word, self.ctl(daemon, *arguments, *more, expected=2).stderr)
        self.assertEqual(daemon.lines, [])

    def test_lines_of_standard_input(self):
        for arguments, given, method, params in (
            (["unlock"], [PASSPHRASE], "unlock", {"passphrase": PASSPHRASE}),
            (["vault", "create"], [PASSPHRASE], "vault.create", {"passphrase": PASSPHRASE}),
            (["vault", "passphrase"], ["canary-old", PASSPHRASE], "vault.change_passphrase",
             {"old": "canary-old", "new": PASSPHRASE}),
            (["vault", "add-key-file", "/k"], [PASSPHRASE], "vault.add_key_file", {"passphrase": PASSPHRASE, "path": "/k"}),
            (["account", "add", "bot1"], [API_KEY, API_SECRET], "account.add",
             {"name": "bot1", "api_key": API_KEY, "api_secret": API_SECRET, "save": "validated"}),
            (["account", "add", "bot1", "--otp", "--tier", "pro", "--save", "anyway"], [API_KEY, API_SECRET, "canary-otp"],
             "account.add", {"name": "bot1", "api_key": API_KEY, "api_secret": API_SECRET, "otp": "canary-otp",
                             "tier": "pro", "save": "anyway"}),
        ):
            with self.subTest(arguments=arguments):
                daemon = self.daemon(**{method.replace(".", "__"): "{}"})
                self.ctl(daemon, *arguments, "--stdin", given="\n".join(given) + "\n")
                self.assertEqual(daemon.requests(method), [("admin.sock", params)])
                missing = self.daemon()
                self.ctl(missing, *arguments, "--stdin", given="".join(line + "\n" for line in given[:-1]), expected=2)
                self.assertEqual(missing.lines, [])

    def test_what_is_imported_is_handed_over_as_account_add_does(self):
        daemon = self.daemon(account__add=[ADDED, ADDED.replace('"saved":true', '"saved":false')])
        source = os.path.join(daemon.folder, "kraken.key")
        with open(source, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(f" {API_KEY}\n{API_SECRET}\n")
        arguments = ("account", "import", "--krakenex", source, "--otp", "--stdin", "--tier", "pro", "--save", "anyway", "--name", "bot1")
        done = self.ctl(daemon, *arguments, given="canary-otp\n")
        params = {"name": "bot1", "api_key": API_KEY, "api_secret": API_SECRET, "otp": "canary-otp", "tier": "pro", "save": "anyway"}
        self.assertEqual(daemon.requests("account.add"), [("admin.sock", params)])
        self.assertIn("Warning: the key may withdraw", done.stdout)
        self.assertIn("shred", done.stderr)
        # What was not saved is not destroyed.
        done = self.ctl(daemon, "account", "import", "--krakenex", source)
        self.assertNotIn("shred", done.stderr)
        self.ctl(daemon, *arguments, expected=2)
        self.assertEqual(len(daemon.requests("account.add")), 2)
        lost = self.daemon(account__add=None)
        done = self.ctl(lost, "account", "import", "--krakenex", source, "--json", expected=5)
        self.assertEqual(json.loads(done.stdout)["failed"][0]["error"]["data"]["executed"], "unknown")

    def test_setup_from_standard_input(self):
        empty = STATUS.replace('"exists":true', '"exists":false').replace('"unlocked"', '"uninitialized"')
        empty = empty[:empty.index('"accounts"')] + '"accounts":[]}'
        given = f"{PASSPHRASE}\n{API_KEY}\n{API_SECRET}\n"
        daemon = self.daemon(status=empty, account__list="[]", vault__create="{}", account__add=ADDED)
        done = self.ctl(daemon, "setup", "--stdin", given=given)
        self.assertEqual(daemon.requests("vault.create"), [("admin.sock", {"passphrase": PASSPHRASE})])
        self.assertEqual(
            daemon.requests("account.add"),
            [("admin.sock", {"name": "master", "api_key": API_KEY, "api_secret": API_SECRET, "save": "validated"})],
        )
        self.assertIn("krakkend alone", done.stderr)
        self.assertLessEqual(max(map(len, done.stderr.splitlines())), 80)
        self.assertIn("WITHOUT the right to withdraw", done.stderr)
        self.assertRegex(done.stdout, "Funds permissions - Query +yes +ok")
        self.assertIn("Warning: the key may withdraw", done.stdout)
        self.assertIn("krakkenctl call Balance", done.stdout)

        # A vault that exists is opened, not made anew; a refused key is not saved and not offered to be.
        daemon = self.daemon(unlock="{}", account__add=error(-32010))
        self.ctl(daemon, "setup", "--account", "bot1", "--stdin", given=given, expected=1)
        self.assertEqual(daemon.requests("unlock"), [("admin.sock", {"passphrase": PASSPHRASE})])
        self.assertEqual(len(daemon.requests("account.add")), 1)
        # An account that exists is left alone: the daemon says so.
        daemon = self.daemon(unlock="{}", account__add=error(-32602, reason="exists"))
        done = self.ctl(daemon, "setup", "--stdin", "--json", given=given, expected=1)
        self.assertEqual(json.loads(done.stdout)["data"]["reason"], "exists")

    def test_passphrase_file(self):
        daemon = self.daemon(unlock='{"state":"unlocked","accounts":1}')
        path = pathlib.Path(daemon.folder, "passphrase")
        path.write_text(PASSPHRASE + "\n")
        path.chmod(0o600)
        self.assertEqual(self.ctl(daemon, "unlock", "--passphrase-file", str(path)).stdout, "Unlocked: 1 account.\n")
        self.assertEqual(daemon.requests("unlock"), [("admin.sock", {"passphrase": PASSPHRASE})])
        path.chmod(0o640)
        self.assertIn("chmod 600", self.ctl(daemon, "unlock", "--passphrase-file", str(path), expected=2).stderr)
        self.assertEqual(len(daemon.lines), 1)

    def test_a_short_new_passphrase_is_warned_of(self):
        daemon = self.daemon(vault__create='{"created":true}')
        done = self.ctl(daemon, "vault", "create", "--stdin", given="seven77\n")
        self.assertIn("Warning: shorter than 12 characters", done.stderr)
        self.assertEqual(daemon.requests("vault.create"), [("admin.sock", {"passphrase": "seven77"})])

    def test_key_file_of_unlock_is_made_absolute(self):
        daemon = self.daemon(unlock='{"state":"unlocked","accounts":2}')
        self.ctl(daemon, "unlock", "--key-file", "some/key")
        self.assertEqual(daemon.requests("unlock"), [("admin.sock", {"key_file": f"{os.getcwd()}/some/key"})])

    @unittest.skipUnless(os.geteuid() == 0, "only root can pretend to be a stranger")
    def test_a_stranger_at_the_socket_gets_nothing_and_no_secret_is_asked_for(self):
        folder = tempfile.mkdtemp(prefix="krakken-")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o777)
        ready, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setuid(NOBODY)
            got = 0
            listeners = []
            for name in ("admin.sock", "krakkend.sock"):
                listener = socket.socket(socket.AF_UNIX)
                listener.bind(f"{folder}/{name}")
                listener.listen()
                listeners.append(listener)
            os.write(told, b"!")
            for listener in listeners:
                with listener.accept()[0] as connection:
                    got += len(connection.recv(100))
            os._exit(got)
        stranger = os.pidfd_open(pid)
        self.addCleanup(os.close, stranger)
        os.read(ready, 1)
        try:
            terminal = self.terminal(folder, "unlock")
            terminal.expect("not trusted")
            self.assertEqual(os.WEXITSTATUS(terminal.wait()), 3)
            self.assertNotIn(b"Passphrase", terminal.shown)
            done = self.ctl(folder, "status", "--json", expected=3)
            self.assertEqual(json.loads(done.stdout)["data"]["category"], "untrusted")
            self.assertTrue(select.select([stranger], [], [], DEADLINE)[0], "the stranger still waits")
        finally:
            os.kill(pid, signal.SIGKILL)  # of no effect on one that has ended as it should
            received = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.assertEqual(received, 0, "the stranger received bytes")


class TerminalTest(CtlTest):
    def check_end(self, terminal, status=0):
        self.assertEqual(os.waitstatus_to_exitcode(terminal.wait()), status, terminal.shown)
        for secret in ("canary", API_SECRET):
            self.assertNotIn(secret.encode(), terminal.shown)

    def test_a_passphrase_is_not_echoed(self):
        daemon = self.daemon(unlock='{"state":"unlocked","accounts":1}')
        terminal = self.terminal(daemon.folder, "unlock")
        terminal.expect("Passphrase of the vault: ")
        self.assertFalse(terminal.echoes())
        terminal.type(PASSPHRASE)
        terminal.expect("Unlocked: 1 account.")
        self.check_end(terminal)
        self.assertEqual(daemon.requests("unlock"), [("admin.sock", {"passphrase": PASSPHRASE})])

    def test_signals_find_the_terminal_as_it_was(self):
        daemon = self.daemon()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(signal=number):
                terminal = self.terminal(daemon.folder, "unlock")
                terminal.expect("Passphrase of the vault: ")
                self.assertFalse(terminal.echoes())
                os.kill(terminal.pid, number)
                self.assertEqual(os.WTERMSIG(terminal.reap()), number)
                self.assertTrue(terminal.echoes())
        self.assertEqual(daemon.lines, [])

    def test_after_a_stop_it_asks_again(self):
        daemon = self.daemon(unlock='{"state":"unlocked","accounts":1}')
        terminal = self.terminal(daemon.folder, "unlock")
        terminal.expect("Passphrase of the vault: ")
        # Nobody could continue a process that leads its session, so the kernel does not stop it; it comes back at once.
        os.kill(terminal.pid, signal.SIGTSTP)
        terminal.expect("Passphrase of the vault: ")
        self.assertFalse(terminal.echoes())
        terminal.type(PASSPHRASE)
        terminal.expect("Unlocked")
        self.check_end(terminal)

    def test_without_a_terminal_it_says_what_to_do(self):
        daemon = self.daemon()
        done = subprocess.run(
            [KRAKKENCTL, "unlock", "--runtime-dir", daemon.folder], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=DEADLINE, env=environment(), start_new_session=True,
        )
        self.assertEqual(done.returncode, 2)
        self.assertIn("--stdin", done.stderr)

    def empty_status(self):
        empty = STATUS.replace('"exists":true', '"exists":false').replace('"unlocked"', '"uninitialized"')
        return empty[:empty.index('"accounts"')] + '"accounts":[]}'

    def enter_key(self, terminal):
        terminal.expect("API key: ")
        self.assertFalse(terminal.echoes())
        terminal.type(API_KEY)
        terminal.expect("API secret")
        self.assertFalse(terminal.echoes())
        terminal.type(API_SECRET)

    def test_setup_leads_through_mistakes(self):
        daemon = self.daemon(
            status=self.empty_status(), account__list="[]", vault__create="{}", account__add=[error(-32010, remedy="make a new key"), ADDED],
        )
        terminal = self.terminal(daemon.folder, "setup")
        for typed, hint in ((("short", "another"), "Warning: shorter"), ((PASSPHRASE, PASSPHRASE), "")):
            terminal.expect("New passphrase: ")
            terminal.type(typed[0])
            terminal.expect(hint)
            terminal.expect("The same again: ")
            terminal.type(typed[1])
        terminal.expect("krakkend alone")
        self.enter_key(terminal)
        terminal.expect("What to do: make a new key")
        terminal.expect("Kraken refused the key, so it was not saved.")
        terminal.expect("again? [Y/n] ")
        self.assertTrue(terminal.echoes())
        terminal.type("")
        self.enter_key(terminal)
        terminal.expect("Orders and trades - Cancel & close orders")
        terminal.expect("Warning: the key may withdraw")
        terminal.expect("krakkenctl call Balance")
        self.check_end(terminal)
        self.assertEqual(daemon.requests("vault.create"), [("admin.sock", {"passphrase": PASSPHRASE})])
        self.assertEqual([params["save"] for _, params in daemon.requests("account.add")], ["validated", "validated"])

    def test_setup_offers_to_save_unvalidated_only_when_kraken_cannot_be_asked(self):
        unreachable = error(-32017, retryable=True, can_save_unvalidated=True)
        daemon = self.daemon(
            status=self.empty_status(), account__list="[]", vault__create="{}", account__add=[unreachable, unreachable, ADDED],
        )
        terminal = self.terminal(daemon.folder, "setup")
        for prompt in ("New passphrase: ", "The same again: "):
            terminal.expect(prompt)
            terminal.type(PASSPHRASE)
        self.enter_key(terminal)
        for answer in ("what", "r", "s"):
            terminal.expect("[r]etry, [s]ave it unvalidated, or [q]uit? ")
            terminal.type(answer)
        terminal.expect("Done.")
        self.check_end(terminal)
        self.assertEqual(
            [params["save"] for _, params in daemon.requests("account.add")], ["validated", "validated", "unvalidated"]
        )

    def test_setup_that_is_given_up_says_so_by_its_exit_status(self):
        daemon = self.daemon(
            status=self.empty_status(), account__list="[]", vault__create="{}", account__add=error(-32011, remedy="give it the right"),
        )
        terminal = self.terminal(daemon.folder, "setup")
        for prompt in ("New passphrase: ", "The same again: "):
            terminal.expect(prompt)
            terminal.type(PASSPHRASE)
        self.enter_key(terminal)
        terminal.expect("again? [Y/n] ")
        terminal.type("n")
        self.check_end(terminal, status=1)


if __name__ == "__main__":
    unittest.main()
