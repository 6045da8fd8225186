#!/usr/bin/env python3
"""Secrets go in and never come out: canaries through a whole session with every error there is, then a search for them."""

import base64
import json
import os
import pathlib
import random
import string
import subprocess
import unittest
import urllib.parse

import support

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
FAULTS = (("drop_before", {}), ("drop_after", {}), ("reset", {}), ("status", {"status": 502}), ("status", {"status": 429, "retry_after_s": 1}),
          ("truncate", {}), ("garbage", {}), ("slow_drip", {"bytes": 50, "interval_ms": 1}), ("close_after_reply", {}), ("half_open", {}),
          ("busy", {}), ("unavailable", {}), ("throttled", {"retry_after_s": 1}), ("lockout", {}), ("close_now", {}),
          *(("error", {"text": text}) for text in ("EAPI:Invalid signature", "EAPI:Invalid nonce", "EGeneral:Permission denied",
                                                   "EOrder:Insufficient funds", "EGeneral:Internal error", "EWhat:Is this")))
WINDOW = 16  # bytes of a secret that must not be found, wherever they begin
SHORT_FORMS = ("plain", "reversed")


def canary_text(length=40):
    return "".join(random.SystemRandom().choices(string.ascii_letters + string.digits, k=length))


def forms(secret):
    """The ways in which bytes are written."""
    percent = "".join(f"%{byte:02x}" for byte in secret)
    yield "plain", secret
    yield "reversed", secret[::-1]
    for shift in range(3):  # base64 of it in the midst of other bytes
        text = base64.b64encode(bytes(shift) + secret)[4 * bool(shift):-4]
        yield f"base64 at {shift}", text
        yield f"base64url at {shift}", text.translate(bytes.maketrans(b"+/", b"-_"))
    for name, text in (("hex", secret.hex()), ("spaced hex", secret.hex(" ")), ("percent", percent)):
        yield name, text.encode()
        yield name + " in capitals", text.upper().encode()
    yield "form-encoded", urllib.parse.quote(secret, safe="").encode()
    yield "JSON-escaped", b"".join(b"\\u%04x" % byte for byte in secret)


class Scanner:
    """Finds WINDOW bytes of a secret in a row, in any form, wherever they begin.

    All pieces of a form are known, so it is enough to look at every piece of the searched bytes that begins at a multiple of
    their size: a run of twice the size holds one.
    """

    def __init__(self, secrets):
        self.pieces = {WINDOW // 2: {}, WINDOW: {}}
        for name, secret in secrets.items():
            for form, text in forms(secret):
                size = WINDOW // 2 if form in SHORT_FORMS else WINDOW
                for place in range(len(text) - size + 1):
                    self.pieces[size][text[place:place + size]] = f"{name} as {form}"

    def find(self, data):
        for size, pieces in self.pieces.items():
            for place in range(0, len(data) - size + 1, size):
                if data[place:place + size] in pieces:
                    return pieces[data[place:place + size]]
        return None


class Recorder(support.Client):
    """Keeps all that it receives."""

    heard = []

    def line(self):
        line = super().line()
        self.heard.append(line or b"")
        return line


class Canaries(support.DaemonTest):
    LEVEL = "trace"
    CONFIG = "[retry]\nbase_delay_ms = 5\nmax_delay_ms = 20\n"
    KRAKEN = "request_timeout_ms = 500"

    def make_key(self, name):
        return support.Key(name, otp=canary_text())

    def setUp(self):
        super().setUp()
        key = self.keys["alice"]
        self.other = support.Key("other", otp=canary_text())
        self.passphrase, self.new, self.wrong = canary_text(), canary_text(), canary_text()
        self.texts = {"API key": key.api_key, "API secret": key.api_secret, "OTP": key.otp, "passphrase": self.passphrase,
                      "new passphrase": self.new, "wrong passphrase": self.wrong, "refused API key": self.other.api_key,
                      "refused API secret": self.other.api_secret, "refused OTP": self.other.otp}
        self.further = [support.Key("alice", otp=canary_text()) for _ in range(2)]
        for number, further in enumerate(self.further):
            self.exchange.put_key(further, further.api_key)  # its owner has even called it that
            self.texts |= {f"API key {number}": further.api_key, f"API secret {number}": further.api_secret,
                           f"OTP {number}": further.otp}
        secrets = {name: text.encode() for name, text in self.texts.items()}
        secrets |= {name + ", decoded": base64.b64decode(text) for name, text in self.texts.items() if "API secret" in name}
        self.scanner = Scanner(secrets)
        Recorder.heard = self.heard = []

    def client(self):
        return Recorder(self.daemon.client_socket)

    def admin(self):
        return Recorder(self.daemon.admin_socket)

    def ctl(self, *arguments, stdin=None):
        status, out, error = self.daemon.ctl(*arguments, stdin=stdin)
        self.heard += [out.encode(), error.encode()]
        return status

    def test_the_scanner_finds(self):
        for name, text in self.texts.items():
            for secret in {text.encode(), base64.b64decode(text) if "secret" in name else text.encode()}:
                for form, written in forms(secret):
                    self.assertTrue(self.scanner.find(b"some text " + written + b" and more"), (name, form))
                self.assertTrue(self.scanner.find(b"xx" + secret[3:3 + WINDOW] + b"yy"), name)
                self.assertTrue(self.scanner.find(b"xx" + base64.b64encode(b"user:" + secret)), name)
        self.assertIsNone(self.scanner.find(canary_text(100_000).encode()))
        # And this very session's places are searched: a canary planted there is found.
        (self.daemon.state_dir / "planted").write_text(f"x{self.passphrase}y")
        self.assertRaisesRegex(AssertionError, "planted", self.search)
        (self.daemon.state_dir / "planted").unlink()
        self.heard.append(self.texts["API secret"].encode().hex().encode())
        self.assertRaisesRegex(AssertionError, "API secret as hex", self.search)

    def test_session(self):
        self.good_session()
        self.refusals()
        self.faults()
        self.garbage()
        self.misplaced()
        self.environment_is_clean()
        self.search()
        self.daemon.stop()
        self.search()

    def good_session(self):
        with self.admin() as admin, self.client() as client:
            admin.result("vault.create", {"passphrase": self.passphrase})
            admin.result("account.add", self.keys["alice"].add_params())
            for endpoint, params in (("Balance", None), ("AddOrder", ORDER), ("OpenOrders", None), ("AddOrderBatch", {
                    "pair": "XBTUSD", "orders": [{name: ORDER[name] for name in ORDER if name != "pair"}] * 2})):
                self.assertIn("result", client.call(endpoint, params))
            for method in ("status", "account.list", "nonce.status", "endpoints", "profile", "version"):
                client.result(method)
            admin.result("account.validate", {"name": "alice"})
            self.rotate(admin)
            admin.result("vault.change_passphrase", {"old": self.passphrase, "new": self.new})
            admin.result("lock")
            admin.result("unlock", {"passphrase": self.new})
        self.assertEqual(self.ctl("lock"), 0)
        self.assertEqual(self.ctl("unlock", "--stdin", stdin=self.new + "\n"), 0)
        for arguments in (("status",), ("status", "--json"), ("account", "list"), ("call", "Balance"), ("nonce", "status")):
            self.assertEqual(self.ctl(*arguments), 0)

    def rotate(self, admin):
        """Another key for alice, then one in its place."""
        added = admin.result("account.add_key", self.further[0].add_params())
        self.assertTrue(added["validated"], added)
        replaced = admin.result("account.replace_key", {**self.further[1].add_params(), "key": added["key"]})
        self.assertEqual(replaced["retired"]["key"], added["key"])
        for method in ("account.add_key", "account.replace_key"):
            admin.error(method, self.further[1].add_params())
            admin.error(method, {**self.other.add_params(), "name": "alice", "key": replaced["key"]})
            admin.error(method, {**self.further[0].add_params(), "api_secret": self.further[0].api_secret + "!"})

    def refusals(self):
        other = self.other.add_params()
        with self.admin() as admin:
            for method, params in (
                    ("unlock", {"passphrase": self.wrong}), ("vault.create", {"passphrase": self.wrong}),
                    ("vault.change_passphrase", {"old": self.wrong, "new": self.passphrase}),
                    ("vault.change_passphrase", {"old": self.new, "new": ""}),
                    ("vault.add_key_file", {"passphrase": self.wrong, "path": "/dev/null/x"}),
                    ("vault.remove_key_file", {"passphrase": self.wrong, "path": "/dev/null/x"}),
                    ("account.add", other), ("account.add", {**other, "name": "alice"}),
                    ("account.add", {**other, "api_key": self.keys["alice"].api_key}),
                    ("account.add", {**other, "api_key": self.keys["alice"].api_key, "name": "alice"}),
                    ("account.add", {**other, "api_secret": other["api_secret"] + "\n"}),
                    ("account.add", {**other, "api_secret": other["api_secret"] + "!"}),
                    ("account.add", {**other, "api_secret": other["api_secret"][:-1]}),
                    ("account.add", {**other, "api_secret": other["api_secret"][:40]}),
                    ("account.add", {**other, "api_key": other["api_key"] + " "}),
                    ("account.add", {**other, "api_key": other["api_key"] * 200}),
                    ("account.add", {**other, "otp": "totp:" + other["otp"]}), ("account.add", {**other, "otp": other["otp"] + "\t"})):
                admin.error(method, params)
        self.assertNotEqual(self.ctl("unlock", "--stdin", stdin=self.wrong + "\n"), 0)
        self.assertNotEqual(self.ctl("account", "add", "other", "--stdin", stdin=f"{other['api_key']}\n{other['api_secret']}\n"), 0)

    def faults(self):
        with self.client() as client, self.admin() as admin:
            for kind, members in FAULTS:
                for endpoint, params in (("Balance", None), ("AddOrder", ORDER)):
                    self.exchange.fault(kind, **({} if kind == "close_now" else {"endpoint": endpoint}), **members)
                    client.call(endpoint, params, timeout_ms=1500)
                    self.exchange.clear_faults()
                    admin.request("account.validate", {"name": "alice"})
            refuse = self.exchange.fault("refuse")
            self.exchange.fault("close_now")
            client.call("Balance", timeout_ms=300)
            admin.request("account.add", self.other.add_params())
            self.exchange.control("DELETE", f"/faults?id={refuse}")
            client.request("status")

    def garbage(self):
        for text in self.texts.values():
            for line in (text, f'"{text}"', f'{{"{text}"', f'{{"jsonrpc":"2.0","id":1,"method":"unlock","params":{{"passphrase":"{text}"',
                         f'{{"jsonrpc":"2.0","id":1,"method":"unlock","params":"{text}"}}', f'["{text}"]',
                         f'{{"jsonrpc":"{text}","id":1,"method":"ping"}}', f'{{"{text}":1,"jsonrpc":"2.0","id":1,"method":"ping"}}',
                         "[" * 40 + f'"{text}"' + "]" * 40, f'{{"id":{{"a":"{text}"}},"method":"ping"}}'):
                for connect in (self.client, self.admin):
                    with connect() as one:
                        one.ask(line)
                        one.ask(line.encode() + b"\xff")
                    with connect() as one:
                        one.send(line)  # and gone in the midst of it
            for connect in (self.client, self.admin):
                with connect() as one:
                    one.send(text * (300_000 // len(text)) + "\n")
                    one.line()

    def misplaced(self):
        for text in self.texts.values():
            with self.client() as client, self.admin() as admin:
                for one in (client, admin):
                    for method in ("ping", "unlock", "vault.create", "account.add", "call", "wait", "account.remove", "nonce.status", text):
                        for params in ({"passphrase": text, text: 1}, {text: text}, {"name": text}, {"for": text}, [text], {"account": text},
                                       {"endpoint": text}, {"passphrase": {"a": text}}, {"passphrase": [text]},
                                       {"name": "x", "api_key": text}, {"name": "x", "key": text}):
                            one.request(method, params)
                        one.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": {"passphrase": text}}) + "\n")
                good = self.other.add_params()
                for params in ({**good, "name": text}, {**good, "tier": text}, {**good, "save": text}, {**good, text: "x"}, {**good, "name": None}):
                    admin.error("account.add", params)
                for params in ({"nonce": text}, {"otp": text}, {text: None}, {"a": {text: [text]}}, {"asset": text}):
                    client.call("Balance", params)
                # What Kraken says about a parameter's name comes through to the client who sent it, but goes nowhere else.
                with self.daemon.client() as unheard:
                    unheard.call("Balance", {text: True})
                client.call("Ticker", {"pair": text})
                client.call("Balance", account=text)
                client.call("Balance", timeout_ms=text)
                client.call("Withdraw", {"key": text})

    def environment_is_clean(self):
        process = pathlib.Path("/proc", str(self.daemon.process.pid))
        for name in ("cmdline", "environ", "status"):
            self.assertIsNone(self.scanner.find((process / name).read_bytes()), name)

    def search(self):
        places = [(f"what was heard ({line[:80]!r}...)", line) for line in self.heard]
        for path in [*self.daemon.folder.rglob("*")]:
            self.assertIsNone(self.scanner.find(str(path).encode()), "the name of a file")
            if path.is_file():
                places.append((str(path), path.read_bytes()))
        names = {pathlib.Path(name).name for name, _ in places}
        self.assertLessEqual({"daemon.log", "config.toml"}, names)
        for name, data in places:
            found = self.scanner.find(data)
            self.assertIsNone(found, f"{name} holds {found}")


    @unittest.skipIf(os.geteuid() != 0, "only root may look into the daemon's memory")
    @unittest.skipIf(support.SANITIZED, "freed memory is kept for a while")
    def test_lock_leaves_nothing_in_memory(self):
        with self.admin() as admin, self.client() as client:
            admin.result("vault.create", {"passphrase": self.passphrase})
            admin.result("account.add", self.keys["alice"].add_params())
            self.rotate(admin)
            for endpoint, params in (("Balance", None), ("AddOrder", ORDER), ("AddOrderBatch", {
                    "pair": "XBTUSD", "orders": [{name: ORDER[name] for name in ORDER if name != "pair"}] * 2})):
                self.assertIn("result", client.call(endpoint, params))
            for kind, members in (*FAULTS, ("refuse", {})):
                self.exchange.fault(kind, **({} if kind in ("close_now", "refuse") else {"endpoint": "Balance"}), **members)
                client.call("Balance", timeout_ms=1500)
                self.exchange.clear_faults()
            admin.request("account.add", self.other.add_params())
            admin.error("unlock", {"passphrase": self.wrong})
            # To the wrong socket, and gone in the midst of it; also behind so much that the buffer has grown.
            for text in (f'{{"jsonrpc":"2.0","id":1,"method":"unlock","params":{{"passphrase":"{self.new}"',
                         f'{{"params":{{"passphrase":"{self.passphrase}","x":"{5000 * "x"}'):
                with self.client() as wrong:
                    wrong.send(text)
            with self.admin() as wordy:  # what is behind the longest line is read, and thrown away
                wordy.ask(300_000 * " " + self.wrong)
            support.wait_for(lambda: client.result("status")["clients"] == 2)
            admin.result("lock")
            found = self.found_in_memory()
            for name in ("API key", "API key 0", "API key 1"):
                found.pop(name, None)  # Kraken's answer to GetApiKeyInfo holds it
            self.assertEqual(found, {})

    def found_in_memory(self):
        """Where the daemon's memory holds a secret."""
        secrets = {name: text.encode() for name, text in self.texts.items()}
        secrets |= {name + ", decoded": base64.b64decode(text) for name, text in self.texts.items() if "API secret" in name}
        found = {}
        for place, data in support.memory_of(self.daemon.process.pid):
            for name, secret in secrets.items():
                if secret[WINDOW // 2:] in data:
                    found.setdefault(name, []).append(place)
        return found


class Process(support.DaemonTest):
    def test_no_core(self):
        process = pathlib.Path("/proc", str(self.daemon.process.pid))
        self.assertRegex((process / "status").read_text(), r"CoreDumping:\s0\n")
        self.assertRegex((process / "limits").read_text(), r"Max core file size\s+0\s+0\s")
        self.assertRegex((process / "status").read_text(), r"NoNewPrivs:\s1\n")
        with self.daemon.client() as client:
            protection = client.result("status")["protection"]
            self.assertEqual((protection["no_core"], protection["no_new_privileges"]), (True, True))
            self.assertEqual(protection["not_dumpable"], not support.SANITIZED)

    def test_admin_methods_stay_on_their_socket(self):
        with self.daemon.client() as client:
            for method, params in (("vault.create", {"passphrase": "a long enough one"}), ("unlock", {"passphrase": "x"}), ("shutdown", None)):
                error = self.assert_error(client.request(method, params), -32601, executed="no")
                self.assertIn("admin.sock", error["data"]["remedy"])
        self.assertFalse((self.daemon.config_dir / "secrets.enc").exists())

    READ_MEMORY = "import sys\ntry: open(f'/proc/{sys.argv[1]}/mem', 'rb')\nexcept PermissionError: sys.exit(13)"

    def read_memory(self, pid, uid):
        """0 when a process of this uid may open that memory, 13 when it may not."""
        return subprocess.run([support.PYTHON, "-c", self.READ_MEMORY, str(pid)],
                              user=uid, group=uid, extra_groups=[], timeout=support.PATIENCE, cwd="/").returncode

    @support.AS_ROOT
    def test_memory_is_closed_to_others(self):
        self.assertEqual(self.read_memory(self.daemon.process.pid, support.NOBODY), 13)

    @support.AS_ROOT
    @unittest.skipIf(support.SANITIZED, "a sanitized build stays dumpable")
    def test_memory_is_closed_to_its_own_uid(self):
        self.daemon.stop()
        self.exchange.let_read()
        self.daemon.give_to(support.SOMEBODY)
        control = subprocess.Popen(["sleep", "60"], cwd="/", **self.daemon.user)
        self.addCleanup(control.wait)
        self.addCleanup(control.kill)
        support.wait_for(lambda: self.read_memory(control.pid, support.SOMEBODY) == 0)
        self.daemon.start()
        self.assertEqual(self.read_memory(self.daemon.process.pid, support.SOMEBODY), 13)

    @support.AS_ROOT
    def test_others_are_refused_whatever_the_modes(self):
        for path in (self.folder, self.daemon.folder):
            path.chmod(0o755)
        self.daemon.runtime_dir.chmod(0o777)
        for path in (self.daemon.client_socket, self.daemon.admin_socket):
            path.chmod(0o777)
            for uid in (support.NOBODY, support.SOMEBODY):
                self.assertEqual(support.ask_as(uid, path), b"", "connected, and not a word")
            self.assertEqual(support.ask_as(0, path), b'{"jsonrpc":"2.0","id":1,"result":"pong"}')
        support.wait_for(lambda: self.daemon.log().count("event=peer.refused") == 4)
        self.daemon.runtime_dir.chmod(0o700)


if __name__ == "__main__":
    support.main()
