"""A client of the exchange, written from Kraken's rules and not from the exchange's code, and the test case around it."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.parse

SECRET = base64.b64encode(bytes(range(64))).decode()

# Permissions by their codes.
QF, AF, WF, EF = "query-funds", "add-funds", "withdraw-funds", "earn-funds"
QO, QC, MT, CT = "query-open-trades", "query-closed-trades", "modify-trades", "close-trades"
QL, EX, WS = "query-ledger", "export-data", "create-ws-token"
ALL = [QF, AF, WF, EF, QO, QC, MT, CT, QL, EX, WS, "add-withdraw-address", "update-withdraw-address"]

CONFIG = f"""
[switches]
lockout_after = 5

[market]
pinned_prices = {{ XXBTZUSD = "30000.0" }}

[[account]]
name = "alice"
tier = "pro"
balances = {{ ZUSD = "100000.0000", XXBT = "2.0000000000" }}

[[account.key]]
name = "main"
api_key = "alice-main"
api_secret = "{SECRET}"
permissions = {json.dumps(ALL)}

[[account.key]]
name = "window"
api_key = "alice-window"
api_secret = "{SECRET}"
permissions = ["query-funds"]
nonce_window = 1000

[[account]]
name = "bob"
tier = "starter"
balances = {{ ZEUR = "5.0000" }}

[[account.key]]
name = "otp"
api_key = "bob-otp"
api_secret = "{SECRET}"
permissions = ["query-funds"]
otp = "pass word"
"""


def binary():
    """Path of krakken-exchange; test_exchange.py sets it."""
    return os.environ["KRAKKEN_EXCHANGE"]


class Exchange:
    """A running krakken-exchange."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        config = self.folder / "exchange.toml"
        config.write_text(CONFIG)
        self.process = subprocess.Popen(
            [binary(), "--config", config, "--tls-dir", self.folder / "tls", "--ready-file", self.folder / "ready"],
            stdout=subprocess.PIPE, text=True)
        self.ready = json.loads(self.process.stdout.readline())
        self.base = urllib.parse.urlsplit(self.ready["base_url"])
        self.tls = ssl.create_default_context(cafile=self.ready["ca_file"])
        self.control_address = urllib.parse.urlsplit(self.ready["control_url"]).netloc
        self.nonce = 10**18

    def connect(self, timeout=20):
        return http.client.HTTPSConnection(self.base.hostname, self.base.port, context=self.tls, timeout=timeout)

    def control(self, method, path, body=None, status=200):
        connection = http.client.HTTPConnection(self.control_address, timeout=20)
        connection.request(method, path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        text = response.read()
        connection.close()
        assert response.status == status, (response.status, text)
        return json.loads(text)

    def next_nonce(self):
        self.nonce += 1
        return str(self.nonce)

    def request(self, endpoint, fields=None, key="alice-main", nonce=None, as_json=False, nonce_number=False,
                signed_path=None, break_signature=False, query="", headers=None, body=None):
        """Path, body and headers of a signed private call."""
        nonce = nonce or self.next_nonce()
        path = "/0/private/" + endpoint
        if body is None and as_json:
            body = json.dumps({"nonce": int(nonce) if nonce_number else nonce, **(fields or {})})
        elif body is None:
            body = urllib.parse.urlencode({"nonce": nonce, **(fields or {})})
        inner = hashlib.sha256((nonce + body).encode()).digest()
        mac = hmac.new(base64.b64decode(SECRET), (signed_path or path).encode() + inner, hashlib.sha512).digest()
        if break_signature:
            mac = bytes(64)
        head = {"API-Key": key, "API-Sign": base64.b64encode(mac).decode(), "User-Agent": "test_exchange",
                "Content-Type": "application/json" if as_json else "application/x-www-form-urlencoded"}
        head.update(headers or {})
        return path + query, body, {name: value for name, value in head.items() if value is not None}

    def send(self, path, body, headers, method="POST", connection=None):
        used = connection or self.connect()
        try:
            used.request(method, path, body, headers)
            response = used.getresponse()
            response.text = response.read()
            return response
        finally:
            if connection is None:
                used.close()

    def call(self, endpoint, fields=None, connection=None, **options):
        response = self.send(*self.request(endpoint, fields, **options), connection=connection)
        assert response.status == 200, (response.status, response.text)
        return json.loads(response.text)

    def errors(self, endpoint="Balance", fields=None, **options):
        return self.call(endpoint, fields, **options)["error"]

    def journal(self, since=0):
        return self.control("GET", f"/journal?since={since}")["entries"]

    def switch(self, **values):
        self.control("POST", "/switches", values)

    def fault(self, kind, **members):
        return self.control("POST", "/faults", {"kind": kind, **members})["id"]

    def key(self, api_key="alice-main"):
        return next(key for key in self.control("GET", "/state")["keys"] if key["api_key"] == api_key)

    def wait_for(self, what, seconds=10):
        """Asks again until it is so: the one thing that must not take a fixed time."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.01)


class ExchangeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.exchange = Exchange(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.exchange.process.terminate()
        begun = time.monotonic()
        assert cls.exchange.process.wait(timeout=10) == 0
        assert time.monotonic() - begun < 3, "SIGTERM must end it promptly"
        cls.exchange.process.stdout.close()
        cls.folder.cleanup()

    def setUp(self):
        self.exchange.control("POST", "/reset")
