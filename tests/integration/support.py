"""What the integration tests share: a scratch folder, the simulated exchange, krakkend, krakkenctl and a plain-socket client.

Nothing here sleeps to wait for something: wait_for() asks until it is so. Deadlines are generous (a sanitized build is slow),
outcomes are exact. Every process is ended by its own handle, and a daemon that died or reported a bug fails its test.
CTest names the programs by TEST_KRAKKEND, TEST_KRAKKENCTL and TEST_EXCHANGE; with these set, a file runs by itself:
python3 test_rpc.py Ids.test_what_is_no_id
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse

KRAKKEND = os.environ["TEST_KRAKKEND"]
KRAKKENCTL = os.environ["TEST_KRAKKENCTL"]
EXCHANGE = os.environ["TEST_EXCHANGE"]
SANITIZED = bool(os.environ.get("TEST_SANITIZE"))

PYTHON = "/usr/bin/python3"  # one that every user may run
PATIENCE = 60.0  # seconds until something that must happen is called missing
PASSPHRASE = "correct horse battery staple"
TRADING = ["query-funds", "query-open-trades", "query-closed-trades", "modify-trades", "close-trades"]
TROUBLE = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|event=bug|Assertion|terminate called")


# Every error that the daemon may give, with its category.
CATEGORIES = {
    -32700: "protocol", -32600: "protocol", -32601: "protocol", -32602: "protocol", -32603: "protocol",
    -32001: "locked", -32002: "no_credentials", -32003: "forbidden", -32004: "unknown_account", -32005: "unknown_endpoint",
    -32006: "passphrase", -32007: "vault", -32010: "auth", -32011: "permission", -32012: "nonce", -32013: "rate_limit",
    -32014: "funds", -32015: "order", -32016: "service", -32017: "network", -32018: "timeout", -32019: "outcome_unknown",
    -32020: "overloaded", -32021: "lockout", -32022: "idempotency", -32023: "storage", -32024: "stopping"}


def wait_for(what, seconds=PATIENCE, said="it did not happen in time", every=0.01):
    """Asks again until it is so, and returns the answer."""
    end = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        assert time.monotonic() < end, said
        time.sleep(every)


def random_secret(size=64):
    return base64.b64encode(os.urandom(size)).decode()


class Key:
    """An API key as Kraken gives it out."""

    def __init__(self, account, permissions=TRADING, otp="", tier="pro"):
        self.account, self.permissions, self.otp, self.tier = account, permissions, otp, tier
        self.api_key, self.api_secret = random_secret(42), random_secret()

    def add_params(self):
        params = {"name": self.account, "api_key": self.api_key, "api_secret": self.api_secret}
        return {**params, "otp": self.otp} if self.otp else params

    def toml(self):
        otp = f'otp = "{self.otp}"\n' if self.otp else ""
        return f"""
[[account]]
name = "{self.account}"
tier = "{self.tier}"
balances = {{ ZUSD = "100000000.0000", XXBT = "1000.0000000000" }}
[[account.key]]
name = "main"
api_key = "{self.api_key}"
api_secret = "{self.api_secret}"
permissions = {json.dumps(self.permissions)}
{otp}"""


class Exchange:
    """A running krakken-exchange."""

    # No limits of the exchange's own, unless a test asks for them.
    WIDE = {"lockout_after": 0, "max_concurrent": 0,
            "rest_cost": {name: 0 for name in ("Balance", "OpenOrders", "GetApiKeyInfo", "ClosedOrders", "QueryOrders")}}

    def __init__(self, folder, keys, market=""):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        config = self.folder / "exchange.toml"
        config.write_text(f'[market]\npinned_prices = {{ XXBTZUSD = "30000.0" }}\n{market}'
                          + "".join(key.toml() for key in keys))
        self.log = open(self.folder / "exchange.log", "wb")
        ready = self.folder / "ready"
        self.process = subprocess.Popen(
            [EXCHANGE, "--config", config, "--tls-dir", self.folder / "tls", "--ready-file", ready],
            stdout=subprocess.DEVNULL, stderr=self.log)
        wait_for(lambda: self.process.poll() is not None or ready.exists(), said="the exchange does not start")
        self.ready = json.loads(ready.read_text())
        self.base_url, self.ca_file = self.ready["base_url"], self.ready["ca_file"]
        self.control_address = urllib.parse.urlsplit(self.ready["control_url"]).netloc
        self.switch(**self.WIDE)

    def stop(self):
        self.process.terminate()
        status = self.process.wait(PATIENCE)
        self.log.close()
        text = (self.folder / "exchange.log").read_text(errors="replace")
        assert status == 0 and not TROUBLE.search(text), f"the exchange ended with {status}: {text[-2000:]}"

    def let_read(self):
        """Daemons of other users may read its certificate."""
        for folder in (self.folder.parent, self.folder, self.folder / "tls"):
            folder.chmod(0o711)

    def control(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.control_address, timeout=PATIENCE)
        connection.request(method, path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        text = response.read()
        connection.close()
        assert response.status == 200, (path, response.status, text)
        return json.loads(text)

    def journal(self, endpoint=None, since=0):
        entries = self.control("GET", f"/journal?since={since}&limit=100000")["entries"]
        return [entry for entry in entries if endpoint in (None, entry["endpoint"])]

    def switch(self, **values):
        self.control("POST", "/switches", values)

    def fault(self, kind, **members):
        return self.control("POST", "/faults", {"kind": kind, **members})["id"]

    def clear_faults(self):
        self.control("DELETE", "/faults")

    def put_key(self, key, name):
        """Makes another API key of its account, as the account's owner does at Kraken."""
        self.control("POST", "/accounts", {"account": key.account, "key": {
            "name": name, "api_key": key.api_key, "api_secret": key.api_secret, "permissions": key.permissions,
            **({"otp": key.otp} if key.otp else {})}})

    def state(self):
        return self.control("GET", "/state")

    def audit(self):
        return self.control("GET", "/audit")


class Client:
    """A connection to one of the daemon's sockets. It keeps the raw bytes of what was answered."""

    def __init__(self, path, timeout=PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(str(path))
        except BaseException:
            self.socket.close()
            raise
        self.buffer = b""
        self.last_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def line(self):
        """The next line without its end; None at the end of the connection."""
        while b"\n" not in self.buffer:
            try:
                received = self.socket.recv(1 << 20)
            except ConnectionResetError:
                received = b""
            if not received:
                assert not self.buffer, f"half a line before the end: {self.buffer[:200]!r}"
                return None
            self.buffer += received
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def ask(self, text):
        """Sends one line as it stands and returns the next line's raw bytes."""
        self.send(text if text.endswith(b"\n" if isinstance(text, bytes) else "\n") else
                  text + (b"\n" if isinstance(text, bytes) else "\n"))
        return self.line()

    def reply(self, text):
        line = self.ask(text)
        assert line is not None, "the daemon closed the connection"
        return json.loads(line)

    def request(self, method, params=None):
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method}
        if params is not None:
            request["params"] = params
        reply = self.reply(json.dumps(request))
        assert reply["id"] == self.last_id, reply
        return reply

    def result(self, method, params=None):
        reply = self.request(method, params)
        assert "result" in reply, reply
        return reply["result"]

    def error(self, method, params=None):
        reply = self.request(method, params)
        assert "error" in reply, reply
        return reply["error"]

    def call(self, endpoint, params=None, **more):
        """The whole reply of a `call`."""
        return self.request("call", {"endpoint": endpoint, **({"params": params} if params else {}), **more})

    def call_raw(self, endpoint, params_text=None, account=None):
        """Makes a call whose params are this very text, and returns the raw bytes of the result."""
        account = f',"account":{json.dumps(account)}' if account else ""
        params = f',"params":{params_text}' if params_text else ""
        line = self.ask('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"' + endpoint + f'"{account}{params}}}}}')
        begin = b'{"jsonrpc":"2.0","id":1,"result":'
        assert line is not None and line.startswith(begin) and line.endswith(b"}"), line
        return line[len(begin):-1]


class Daemon:
    """krakkend in a scratch folder of its own; may be stopped, killed and started again."""

    def __init__(self, folder, base_url, ca_file, config="", level="debug", kraken=""):
        self.folder = pathlib.Path(folder)
        self.config_dir, self.state_dir, self.runtime_dir = (self.folder / name for name in ("config", "state", "run"))
        self.config_dir.mkdir(mode=0o700, parents=True)
        self.config = self.config_dir / "config.toml"
        self.config.write_text(f'{config}\n[kraken]\nbase_url = "{base_url}"\nca_file = "{ca_file}"\n{kraken}\n'
                               + '[rate]\nmodel = "off"\n' * ("[rate]" not in config))
        self.config.chmod(0o600)
        self.client_socket, self.admin_socket = self.runtime_dir / "krakkend.sock", self.runtime_dir / "admin.sock"
        self.log_file = self.folder / "daemon.log"
        self.level = level
        self.process = None
        self.program = KRAKKEND
        self.variables = {}  # further ones of its environment
        self.user = {}  # whose process it is, as subprocess names it

    def command(self, *more):
        return [self.program, "--config-dir", self.config_dir, "--state-dir", self.state_dir, "--runtime-dir",
                self.runtime_dir, "--log-level", self.level, *more]

    def environment(self, **more):
        kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS") or name == "PATH"}
        return {**kept, "HOME": str(self.folder), **more}

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                                            env=self.environment(**self.variables), **self.user)
        wait_for(self.answers, said="the daemon does not start")

    def answers(self):
        assert self.process.poll() is None, f"the daemon ended with {self.process.returncode}: {self.log()[-2000:]}"
        try:
            with self.client() as client, self.admin():
                return client.result("ping") == "pong"
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def run(self, *more):
        """Runs it to its end, for starts that are to be refused. Returns status, standard output and error."""
        done = subprocess.run(self.command(*more), capture_output=True, text=True, timeout=PATIENCE, cwd="/",
                              env=self.environment(**self.variables), **self.user)
        return done.returncode, done.stdout, done.stderr

    def give_to(self, uid, groups=()):
        """From its next start on it is this user's: folders, files, program and process."""
        self.program = self.folder / "krakkend"  # a copy: the folder of the built one may be closed to others
        shutil.copy(KRAKKEND, self.program)
        for folder in (self.folder.parent, self.folder):
            folder.chmod(0o711)
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
        self.user = {"user": uid, "group": uid, "extra_groups": list(groups)}

    def client(self, **options):
        return Client(self.client_socket, **options)

    def admin(self, **options):
        return Client(self.admin_socket, **options)

    def log(self):
        return self.log_file.read_text(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self):
        """Ends it as an operator does; it must drain and exit 0."""
        process, self.process = self.process, None
        if process is None:
            return
        died = process.poll()
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE)
            raise
        log = self.log()
        assert died is None, f"the daemon died with {died}: {log[-3000:]}"
        assert status == 0, f"the daemon ended with {status}: {log[-3000:]}"
        assert not TROUBLE.search(log), f"the daemon reported a bug: {log[-6000:]}"

    def ctl(self, *arguments, stdin=None):
        """Runs krakkenctl; returns exit status, standard output and standard error."""
        done = subprocess.run([KRAKKENCTL, *arguments], input=stdin, capture_output=True, text=True, timeout=PATIENCE,
                              env=self.environment(KRAKKEND_RUNTIME_DIR=str(self.runtime_dir)))
        return done.returncode, done.stdout, done.stderr


def api_sign(secret, path, nonce, body):
    """API-Sign as Kraken's page has it; `secret` is base64."""
    message = path.encode() + hashlib.sha256((str(nonce) + body).encode()).digest()
    return base64.b64encode(hmac.new(base64.b64decode(secret), message, hashlib.sha512).digest()).decode()


ASK = """
import os, socket, sys
one = socket.socket(socket.AF_UNIX)
one.settimeout(60)
try: one.connect(sys.argv[1])
except PermissionError: sys.exit(13)
try:
    one.sendall(sys.argv[2].encode() + b"\\n"); replies = one.makefile("rb")
    sys.stdout.buffer.write(replies.read() if sys.argv[3:] else replies.readline())
except (BrokenPipeError, ConnectionResetError): pass
"""
AS_ROOT = unittest.skipIf(os.geteuid() != 0, "only root can become somebody else or give files away")
SOMEBODY, STRANGER, NOBODY = 4242, 4343, 65534  # users that own nothing here


def ask_as(uid, path, request='{"jsonrpc":"2.0","id":1,"method":"ping"}', groups=(), whole=False):
    """What a process of this user gets from the socket: a line (or all until the end), b"" when it is closed without a word, None when the
    kernel lets it not even connect."""
    done = subprocess.run([PYTHON, "-c", ASK, str(path), request, *["whole"] * whole], capture_output=True, cwd="/", user=uid, group=uid,
                          extra_groups=list(groups), timeout=2 * PATIENCE)
    assert done.returncode in (0, 13), done.stderr
    return None if done.returncode else done.stdout.rstrip(b"\n")


def memory_of(pid):
    """Every readable piece of a process's memory, with its name. For root."""
    process, size = pathlib.Path("/proc", str(pid)), 0
    with open(process / "mem", "rb", buffering=0) as memory:
        for line in (process / "maps").read_text().splitlines():
            begin, end = (int(number, 16) for number in line.split()[0].split("-"))
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except (OSError, ValueError, OverflowError):
                continue  # a guard page, or the kernel's
            size += len(data)
            yield line.split()[-1], data
    assert size > 1_000_000, "too little of it was readable"


class DaemonTest(unittest.TestCase):
    """A test with an exchange and a daemon in a scratch folder. A subclass says which accounts there are."""

    ACCOUNTS = ("alice",)
    CONFIG = ""
    KRAKEN = ""
    MARKET = ""
    LEVEL = "debug"
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="krakken-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.keys = {name: self.make_key(name) for name in self.ACCOUNTS}
        self.exchange = Exchange(self.folder / "exchange", self.keys.values(), self.MARKET)
        self.addCleanup(self.exchange.stop)
        self.daemon = self.make_daemon("daemon")
        self.daemon.start()

    def make_key(self, name):
        return Key(name)

    def make_daemon(self, name, base_url=None, ca_file=None, config=None, kraken=None):
        config = self.CONFIG if config is None else config
        daemon = Daemon(self.folder / name, base_url or self.exchange.base_url, ca_file or self.exchange.ca_file,
                        config + '\n[vault]\nkdf = "interactive"\n' * ("[vault]" not in config), self.LEVEL,
                        self.KRAKEN if kraken is None else kraken)
        self.addCleanup(daemon.stop)
        return daemon

    def set_up_vault(self, daemon=None, save="validated"):
        """A vault with all accounts, unlocked."""
        daemon = daemon or self.daemon
        with daemon.admin() as admin:
            self.assertEqual(admin.result("vault.create", {"passphrase": PASSPHRASE}), {"created": True})
            # After an unlock the daemon asks for Kraken's time and looks at the accounts: that is over before there is one,
            # so that what the exchange's journal holds from now on is what the test asked for.
            wait_for(lambda: "clock_offset_ms" in admin.result("status")["upstream"] or "kraken.time_unknown" in daemon.log())
            for key in self.keys.values():
                added = admin.result("account.add", {**key.add_params(), "save": save})
                self.assertTrue(added["saved"], added)

    def unlock(self, daemon=None):
        with (daemon or self.daemon).admin() as admin:
            unlocked = admin.result("unlock", {"passphrase": PASSPHRASE})
        self.assertEqual(unlocked, {"state": "unlocked", "accounts": len(self.keys)})

    def assert_error(self, reply, code, **data):
        """A reply is this error; members of `data` are compared where given. Returns the error."""
        error = reply["error"] if "error" in reply else reply
        self.assertEqual(error.get("code"), code, reply)
        self.assertEqual(error["data"]["category"], CATEGORIES[code], reply)
        self.assertIn(error["data"]["executed"], ("no", "yes", "unknown"), reply)
        self.assertIn(error["data"]["retryable"], (True, False) if error["data"]["executed"] == "no" else (False,), reply)
        self.assertIn(error["data"]["origin"], ("daemon", "kraken"), reply)
        self.assertTrue(error["message"], reply)
        for name, value in data.items():
            self.assertEqual(error["data"].get(name), value, reply)
        return error

    def assert_logged(self, pattern):
        """It stands in the daemon's log, or soon will: a thread of its own writes it. Returns the line."""
        def found():
            return [line for line in self.daemon.log().splitlines() if re.search(pattern, line)]
        return wait_for(found, said=f"the log has nothing like {pattern}")[-1]

    def assert_rising(self):
        """Every account's nonces rose, in the order in which they arrived, and none was refused."""
        highest = {}
        for entry in self.exchange.journal():
            if entry["nonce"] is not None:
                self.assertGreater(int(entry["nonce"]), highest.get(entry["account"], 0), entry)
                highest[entry["account"]] = int(entry["nonce"])
        self.assertEqual(self.exchange.audit()["nonces_refused"], 0)

    def orders(self):
        """The placements that the exchange has executed."""
        return [entry for entry in self.exchange.journal("AddOrder") if entry["executed"]]

    def account_orders(self, account="alice"):
        return self.exchange.state()["orders_executed"][account]


class SharedTest(DaemonTest):
    """One exchange, daemon and unlocked vault for all tests of the class: for tests that leave things as they were."""

    @classmethod
    def setUpClass(cls):
        world = cls()
        world.addCleanup = cls.addClassCleanup
        DaemonTest.setUp(world)
        cls.folder, cls.keys, cls.exchange, cls.daemon = world.folder, world.keys, world.exchange, world.daemon
        cls.prepare(world)

    def prepare(self):
        self.set_up_vault()

    def setUp(self):
        self.client, self.admin = self.daemon.client(), self.daemon.admin()
        self.addCleanup(self.client.close)
        self.addCleanup(self.admin.close)


def main():
    unittest.main(verbosity=2)
