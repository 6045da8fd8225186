#!/usr/bin/env python3
"""End to end: the real krakken-exchange over TLS. Usage: test_exchange.py PATH_OF_KRAKKEN_EXCHANGE [unittest options]

Every test starts from POST /reset. The client is written from Kraken's rules, not from the exchange's code."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

BINARY = ""
SECRET = base64.b64encode(bytes(range(64))).decode()

# Which permissions an endpoint wants: a list of sets, any of which is enough.
QF, AF, WF, EF = "query-funds", "add-funds", "withdraw-funds", "earn-funds"
QO, QC, MT, CT = "query-open-trades", "query-closed-trades", "modify-trades", "close-trades"
QL, EX, WS = "query-ledger", "export-data", "create-ws-token"
ALL = [QF, AF, WF, EF, QO, QC, MT, CT, QL, EX, WS, "add-withdraw-address", "update-withdraw-address"]
PERMISSIONS = {
    "Balance": [{QF}], "BalanceEx": [{QF}], "CreditLines": [{QF}], "TradeBalance": [{QO}], "OpenOrders": [{QO}],
    "ClosedOrders": [{QC}], "QueryOrders": [{QO}, {QC}], "OrderAmends": [{QO}, {QC}], "TradesHistory": [{QC}],
    "QueryTrades": [{QC}], "OpenPositions": [{QO}], "Ledgers": [{QL}], "QueryLedgers": [{QL}], "TradeVolume": [{QF}],
    "AddExport": [{EX}], "ExportStatus": [{EX}], "RetrieveExport": [{EX}], "RemoveExport": [{EX}],
    "GetApiKeyInfo": [set()], "Level3": [{QO}],
    "AddOrder": [{MT}], "AddOrderBatch": [{MT, CT}], "AmendOrder": [{MT}, {CT}], "EditOrder": [{MT, CT}],
    "CancelOrder": [{MT}, {CT}], "CancelAll": [{MT}, {CT}], "CancelAllOrdersAfter": [{MT}, {CT}],
    "CancelOrderBatch": [{MT}, {CT}], "GetWebSocketsToken": [{WS}],
    "AddStrategy": [{MT}], "CancelStrategy": [{CT}], "QueryStrategies": [{QO}, {QC}], "GetOpenStrategies": [{QO}],
    "GetClosedStrategies": [{QC}],
    "DepositMethods": [{QF, AF}], "DepositAddresses": [{QF}], "DepositStatus": [{QF}], "WithdrawMethods": [{QF, WF}],
    "WithdrawAddresses": [{QF, WF}], "WithdrawInfo": [{QF, WF}], "Withdraw": [{WF}], "WithdrawStatus": [{WF}, {QL}],
    "WithdrawCancel": [{WF}], "WalletTransfer": [{QF}], "CreateSubaccount": [{WF}], "AccountTransfer": [{WF}],
    "Earn/Allocate": [{EF}], "Earn/Deallocate": [{EF}], "Earn/AllocateStatus": [{EF}, {QF}],
    "Earn/DeallocateStatus": [{EF}, {QF}], "Earn/Strategies": [set()], "Earn/Allocations": [{QF}],
}

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


class Exchange:
    """A running krakken-exchange."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        config = self.folder / "exchange.toml"
        config.write_text(CONFIG)
        self.process = subprocess.Popen(
            [BINARY, "--config", config, "--tls-dir", self.folder / "tls", "--ready-file", self.folder / "ready"],
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
        own = connection is None
        connection = connection or self.connect()
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.text = response.read()
        if own:
            connection.close()
        return response

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


class Serving(ExchangeTest):
    def test_ready_file_and_key_files(self):
        folder = self.exchange.folder
        self.assertEqual(json.loads((folder / "ready").read_text()), self.exchange.ready)
        self.assertEqual(self.exchange.ready["pid"], self.exchange.process.pid)
        for name in ("ca.key", "server.key"):
            self.assertEqual((folder / "tls" / name).stat().st_mode & 0o777, 0o600)

    def test_form_and_json_bodies(self):
        for options in ({}, {"as_json": True}, {"as_json": True, "nonce_number": True}):
            answer = self.exchange.call("Balance", **options)
            self.assertEqual(answer, {"error": [], "result": {"XXBT": "2.0000000000", "ZUSD": "100000.0000"}})

    def test_journal_shows_the_bytes(self):
        path, body, headers = self.exchange.request("Balance", {"rebase_multiplier": "base"})
        self.exchange.send(path, body, headers)
        entry = self.exchange.journal()[-1]
        self.assertEqual(entry["body"], body)
        self.assertIn({"name": "User-Agent", "value": "test_exchange"}, entry["headers"])
        self.assertEqual((entry["account"], entry["key"], entry["executed"]), ("alice", "main", True))
        self.assertIn(entry["tls_version"], ("TLSv1.2", "TLSv1.3"))

    def test_server_name_and_old_tls(self):
        raw = socket.create_connection((self.exchange.base.hostname, self.exchange.base.port))
        with self.exchange.tls.wrap_socket(raw, server_hostname="localhost") as stream:
            stream.sendall(b"GET /0/public/Time HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"unixtime", stream.recv(10000))
        self.assertEqual(self.exchange.journal()[-1]["sni"], "localhost")
        old = ssl.create_default_context(cafile=self.exchange.ready["ca_file"])
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        raw = socket.create_connection((self.exchange.base.hostname, self.exchange.base.port))
        with self.assertRaises((ssl.SSLError, OSError)):
            old.wrap_socket(raw, server_hostname="localhost")
        raw.close()

    def test_public_get_only_and_private_post_only(self):
        exchange = self.exchange
        answer = exchange.send("/0/public/Time", None, {}, method="GET")
        self.assertIn("unixtime", json.loads(answer.text)["result"])
        for method, path in (("POST", "/0/public/Time"), ("GET", "/0/private/Balance"), ("PUT", "/0/private/Balance")):
            answer = exchange.send(path, None, {}, method=method)
            self.assertEqual((answer.status, json.loads(answer.text)), (200, {"error": ["EGeneral:Unknown method"]}))
        exchange.switch(http_method_status=405, text_http_method="EGeneral:Other")
        answer = exchange.send("/0/public/Time", None, {}, method="POST")
        self.assertEqual((answer.status, json.loads(answer.text)["error"]), (405, ["EGeneral:Other"]))
        self.assertEqual(exchange.send("/elsewhere", None, {}, method="GET").status, 404)

    def test_keep_alive_and_pipelining(self):
        exchange = self.exchange
        connection = exchange.connect()
        for _ in range(5):
            self.assertEqual(exchange.call("GetApiKeyInfo", connection=connection)["error"], [])
        connection.close()
        self.assertEqual(len({entry["connection"] for entry in exchange.journal()}), 1)

    def test_garbage_harms_nobody(self):
        exchange = self.exchange
        where = (exchange.base.hostname, exchange.base.port)
        with socket.create_connection(where) as raw:
            raw.sendall(os.urandom(4000))
            raw.settimeout(20)
            try:
                while raw.recv(1000):
                    pass
            except OSError:
                pass
        with exchange.tls.wrap_socket(socket.create_connection(where), server_hostname="localhost") as stream:
            stream.sendall(b"\0\1\2 nonsense\r\n\r\n")
            self.assertTrue(stream.recv(1000).startswith(b"HTTP/1.1 400 "))
        with exchange.tls.wrap_socket(socket.create_connection(where), server_hostname="localhost") as stream:
            stream.sendall(b"POST /0/private/Balance HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n")
            self.assertTrue(stream.recv(1000).startswith(b"HTTP/1.1 413 "))
        self.assertEqual(exchange.errors(), [])

    def test_an_order_moves_the_books_and_they_balance(self):
        exchange = self.exchange
        order = exchange.call("AddOrder", {"ordertype": "market", "type": "buy", "volume": "0.1", "pair": "XBTUSD"})
        self.assertEqual(order["error"], [])
        self.assertEqual(len(order["result"]["txid"]), 1)
        self.assertNotEqual(exchange.call("Balance")["result"]["XXBT"], "2.0000000000")
        audit = exchange.control("GET", "/audit")
        self.assertTrue(audit["balanced"], audit)
        self.assertEqual(exchange.control("GET", "/state")["orders_executed"], {"alice": 1, "bob": 0})


class Admission(ExchangeTest):
    def test_key_and_signature(self):
        exchange = self.exchange
        exchange.switch(lockout_after=0)
        self.assertEqual(exchange.errors(key="nobody"), ["EAPI:Invalid key"])
        self.assertEqual(exchange.errors(headers={"API-Key": None}), ["EAPI:Invalid key"])
        self.assertEqual(exchange.errors(break_signature=True), ["EAPI:Invalid signature"])
        self.assertEqual(exchange.errors(headers={"API-Sign": None}), ["EAPI:Invalid signature"])
        self.assertEqual(exchange.errors(signed_path="/0/private/Other"), ["EAPI:Invalid signature"])
        self.assertEqual(exchange.errors(), [])

    def test_one_changed_byte_breaks_the_signature(self):
        exchange = self.exchange
        path, body, headers = exchange.request("Balance", {"rebase_multiplier": "base"})
        answer = exchange.send(path, body.replace("base", "bas3"), headers)
        self.assertEqual(json.loads(answer.text)["error"], ["EAPI:Invalid signature"])

    def test_nonce_must_rise(self):
        exchange = self.exchange
        exchange.switch(lockout_after=0)
        self.assertEqual(exchange.errors(nonce="100"), [])
        for nonce in ("100", "99", "0", "abc", "1.5", "18446744073709551616", "-1"):
            self.assertEqual(exchange.errors(nonce=nonce), ["EAPI:Invalid nonce"], nonce)
        self.assertEqual(exchange.errors(nonce="101"), [])
        self.assertEqual(exchange.errors(nonce="18446744073709551615"), [])
        audit = exchange.control("GET", "/audit")
        self.assertEqual(audit["nonces_refused"], 7)
        self.assertEqual([item["nonce"] for item in audit["nonces"]][:2], ["100", "99"])
        self.assertEqual(exchange.key()["nonce"], "18446744073709551615")

    def test_each_key_has_its_own_nonce(self):
        exchange = self.exchange
        self.assertEqual(exchange.errors(nonce="100"), [])
        self.assertEqual(exchange.errors(nonce="5", key="alice-window"), [])

    def test_nonce_window(self):
        exchange = self.exchange
        send = lambda nonce: exchange.errors(nonce=nonce, key="alice-window")
        self.assertEqual(send("5000"), [])
        self.assertEqual(send("4000"), [])
        self.assertEqual(send("3999"), ["EAPI:Invalid nonce"])
        self.assertEqual(send("4000"), ["EAPI:Invalid nonce"])
        exchange.switch(nonce_repeat_inside_window=True)
        self.assertEqual(send("4000"), [])
        self.assertEqual(send("5000"), [])

    def test_nonces_above_int63(self):
        exchange = self.exchange
        exchange.switch(nonce_above_int63=False)
        self.assertEqual(exchange.errors(nonce=str(2**63)), ["EAPI:Invalid nonce"])
        exchange.switch(nonce_above_int63=True)
        self.assertEqual(exchange.errors(nonce=str(2**63)), [])

    def test_whether_refused_calls_use_the_nonce(self):
        exchange = self.exchange
        cases = {
            "signature": dict(break_signature=True),
            "permission": dict(endpoint="Ledgers", key="alice-window"),
            "otp": dict(key="bob-otp"),
            "arguments": dict(fields={"no_such_parameter": "1"}),
            "business": dict(endpoint="CancelOrder", fields={"txid": "OAAAAA-BBBBB-CCCCCC"}),
        }
        for check, options in cases.items():
            for used in (False, True):
                with self.subTest(check=check, used=used):
                    exchange.control("POST", "/reset")
                    exchange.switch(nonce_used_on_refusal=[check] if used else [])
                    self.assertNotEqual(exchange.errors(nonce="77", **options), [])
                    key = options.get("key", "alice-main")
                    self.assertEqual(exchange.key(key)["nonce"], "77" if used else "0")
                    entry = exchange.journal()[-1]
                    self.assertEqual((entry["refused_by"], entry["nonce_used"]), (check, used))

    def test_order_of_checks(self):
        exchange = self.exchange
        both = dict(endpoint="Ledgers", key="alice-window", break_signature=True)
        self.assertEqual(exchange.errors(**both), ["EAPI:Invalid signature"])
        exchange.switch(check_order=["lockout", "key", "address", "expiry", "body", "permission", "nonce_syntax",
                                     "signature", "nonce_order", "otp", "concurrency", "rate"])
        self.assertEqual(exchange.errors(**both), ["EGeneral:Permission denied"])
        exchange.control("POST", "/switches", {"check_order": ["key"]}, status=400)

    def test_otp(self):
        exchange = self.exchange
        send = lambda **fields: exchange.errors(fields=fields, key="bob-otp")
        self.assertEqual(send(otp="pass word"), [])
        self.assertEqual(send(), ["EGeneral:Permission denied"])
        self.assertEqual(send(otp="wrong"), ["EAPI:Invalid signature"])
        exchange.switch(text_otp_missing="EAPI:A", text_otp_wrong="EAPI:B")
        self.assertEqual(send(), ["EAPI:A"])
        self.assertEqual(send(otp="wrong"), ["EAPI:B"])
        self.assertEqual(exchange.errors(fields={"otp": "x"}), ["EAPI:Invalid signature"])
        exchange.switch(text_otp_unexpected="")
        self.assertEqual(exchange.errors(fields={"otp": "x"}), [])

    def test_address_list_and_expiry(self):
        exchange = self.exchange
        change = lambda **members: exchange.control(
            "POST", "/accounts", {"account": "alice", "key": {"api_key": "alice-main", **members}})
        change(ip_allowlist=["10.0.0.0/8"])
        self.assertEqual(exchange.errors(), ["EGeneral:Permission denied"])
        exchange.switch(text_address="EAPI:Invalid key")
        self.assertEqual(exchange.errors(), ["EAPI:Invalid key"])
        change(ip_allowlist=["127.0.0.0/8"], valid_until=int(time.time()) + 1000)
        self.assertEqual(exchange.errors(), [])
        exchange.control("POST", "/clock", {"offset_ms": 1001000})
        self.assertEqual(exchange.errors(), ["EAPI:Invalid key"])
        exchange.switch(text_expiry="EAPI:Expired")
        self.assertEqual(exchange.errors(), ["EAPI:Expired"])

    def test_content_types_bodies_and_query_strings(self):
        exchange = self.exchange
        exchange.switch(lockout_after=0)
        self.assertEqual(exchange.errors(headers={"Content-Type": "text/plain"}), ["EAPI:Bad request"])
        exchange.switch(text_content_type="EAPI:Type")
        self.assertEqual(exchange.errors(headers={"Content-Type": None}), ["EAPI:Type"])
        exchange.switch(content_type_required=False)
        self.assertEqual(exchange.errors(headers={"Content-Type": None}), [])
        self.assertEqual(exchange.errors(nonce="1", body='{"nonce":1,', as_json=True), ["EAPI:Bad request"])
        self.assertEqual(exchange.errors(query="?a=b"), ["EAPI:Bad request"])
        path = "/0/private/Balance"
        for mode, signed in (("ignore", path), ("sign_with_mark", path + "?a=b"), ("sign_without_mark", path + "a=b")):
            exchange.switch(query_string=mode)
            self.assertEqual(exchange.errors(query="?a=b", signed_path=signed), [], mode)
            self.assertEqual(exchange.errors(query="?a=b", signed_path="/other"), ["EAPI:Invalid signature"], mode)
        exchange.switch(user_agent_required=True)
        self.assertEqual(exchange.errors(headers={"User-Agent": None}), ["EAPI:Bad request"])

    def test_unknown_methods(self):
        exchange = self.exchange
        self.assertEqual(exchange.errors("Nonsense"), ["EGeneral:Unknown method"])
        exchange.switch(unknown_method_status=404, text_unknown_method="EGeneral:What")
        response = exchange.send(*exchange.request("Nonsense"))
        self.assertEqual((response.status, json.loads(response.text)["error"]), (404, ["EGeneral:What"]))

    def test_result_member_of_refusals(self):
        for mode, expected in (("absent", {"error": ["EAPI:Invalid key"]}),
                               ("null", {"error": ["EAPI:Invalid key"], "result": None}),
                               ("empty", {"error": ["EAPI:Invalid key"], "result": {}})):
            self.exchange.switch(result_on_error=mode)
            self.assertEqual(self.exchange.call("Balance", key="nobody"), expected)

    def test_permissions_of_every_private_endpoint(self):
        exchange = self.exchange
        exchange.switch(lockout_after=0, rest_cost={endpoint: 0 for endpoint in PERMISSIONS}, counted_on_refusal=[])
        grant = lambda names: exchange.control(
            "POST", "/accounts", {"account": "alice", "key": {"api_key": "alice-main", "permissions": sorted(names)}})
        denied = ["EGeneral:Permission denied"]
        for endpoint, choices in PERMISSIONS.items():
            with self.subTest(endpoint=endpoint):
                for choice in choices:
                    grant(choice)
                    exchange.send(*exchange.request(endpoint))
                    # Without arguments the venue may refuse it; admission must not have.
                    self.assertNotEqual(exchange.journal()[-1]["refused_by"], "permission")
                    for name in choice:
                        grant(set(ALL) - set().union(*choices) | (choice - {name}))
                        self.assertEqual(exchange.errors(endpoint), denied)
        grant(set())
        for endpoint, choices in PERMISSIONS.items():
            if choices != [set()]:
                self.assertEqual(exchange.errors(endpoint), denied)

    def test_rest_counter(self):
        exchange = self.exchange
        exchange.control("POST", "/clock", {"freeze": True})
        for _ in range(10):
            self.assertEqual(exchange.errors("Ledgers"), [])
        self.assertEqual(exchange.errors(), ["EAPI:Rate limit exceeded"])
        self.assertEqual(exchange.errors("CancelOrder", {"txid": "OAAAAA-BBBBB-CCCCCC"}), ["EOrder:Unknown order"])
        exchange.switch(rate_limit_as="429", retry_after_seconds=7)
        response = exchange.send(*exchange.request("Balance"))
        self.assertEqual((response.status, response.getheader("Retry-After")), (429, "7"))
        self.assertTrue(response.text.startswith(b"<"))
        exchange.control("POST", "/clock", {"advance_ms": 4000})
        self.assertEqual(exchange.errors(), [])
        self.assertEqual(exchange.errors(key="alice-window"), [])

    def test_rest_counter_costs_and_failed_calls(self):
        exchange = self.exchange
        exchange.control("POST", "/clock", {"freeze": True})
        used = lambda: exchange.key()["counter_thousandths"]
        for endpoint, cost in (("OpenOrders", 1), ("ClosedOrders", 1), ("Ledgers", 2), ("TradesHistory", 2)):
            before = used()
            exchange.call(endpoint)
            self.assertEqual(used() - before, cost * 1000, endpoint)
        exchange.switch(rest_cost={"OpenOrders": 3})
        before = used()
        exchange.call("OpenOrders")
        self.assertEqual(used() - before, 3000)
        self.assertEqual(exchange.errors(nonce="1"), ["EAPI:Invalid nonce"])
        self.assertEqual(used() - before, 4000)
        exchange.switch(counted_on_refusal=[])
        self.assertEqual(exchange.errors(nonce="1"), ["EAPI:Invalid nonce"])
        self.assertEqual(used() - before, 4000)

    def test_public_limit(self):
        exchange = self.exchange
        get = lambda: json.loads(exchange.send("/0/public/Time", None, {}, method="GET").text)["error"]
        for _ in range(30):
            self.assertEqual(get(), [])
        exchange.control("POST", "/clock", {"freeze": True})
        exchange.switch(public_burst=2)
        self.assertEqual([get(), get(), get()], [[], [], ["EGeneral:Too many requests"]])
        exchange.control("POST", "/clock", {"advance_ms": 1000})
        self.assertEqual([get(), get()], [[], ["EGeneral:Too many requests"]])

    def test_lockout(self):
        exchange = self.exchange
        for _ in range(5):
            self.assertEqual(exchange.errors(nonce="0"), ["EAPI:Invalid nonce"])
        self.assertEqual(exchange.errors(), ["EGeneral:Temporary lockout"])
        self.assertEqual(exchange.errors(key="alice-window"), ["EGeneral:Temporary lockout"])
        exchange.control("POST", "/clock", {"offset_ms": 905000})
        self.assertEqual(exchange.errors(), [])
        exchange.switch(lockout_scope="key")
        for _ in range(5):
            exchange.errors(break_signature=True)
        self.assertEqual(exchange.errors(), ["EGeneral:Temporary lockout"])
        self.assertEqual(exchange.errors(key="alice-window"), [])

    def test_concurrent_requests_are_throttled(self):
        exchange = self.exchange
        exchange.switch(max_concurrent=1)
        exchange.fault("delay", delay_after_ms=60000)
        path, body, headers = exchange.request("Balance")
        slow = exchange.connect()
        slow.request("POST", path, body, headers)
        exchange.wait_for(lambda: exchange.key()["in_flight"] == 1)
        errors = exchange.errors()
        self.assertRegex(errors[0], r"^EService: Throttled: \d{10}$")
        slow.close()
        exchange.fault("close_now")
        exchange.wait_for(lambda: exchange.key()["in_flight"] == 0)
        self.assertEqual(exchange.errors(), [])

    def test_system_status(self):
        exchange = self.exchange
        order = {"ordertype": "limit", "type": "buy", "volume": "0.1", "pair": "XBTUSD", "price": "1000"}
        for status, place, cancel in (
                ("online", [], ["EOrder:Unknown order"]),
                ("cancel_only", ["EService:Market in cancel_only mode"], ["EOrder:Unknown order"]),
                ("post_only", ["EService:Market in post_only mode"], ["EOrder:Unknown order"]),
                ("maintenance", ["EService:Unavailable"], ["EService:Unavailable"])):
            exchange.switch(system_status=status)
            answer = json.loads(exchange.send("/0/public/SystemStatus", None, {}, method="GET").text)
            self.assertEqual(answer["result"]["status"], status)
            self.assertEqual(exchange.errors("AddOrder", order), place, status)
            self.assertEqual(exchange.errors("CancelOrder", {"txid": "OAAAAA-BBBBB-CCCCCC"}), cancel, status)
        exchange.switch(system_status="post_only")
        self.assertEqual(exchange.errors("AddOrder", {**order, "oflags": "post"}), [])

    def test_key_info_and_websocket_token(self):
        exchange = self.exchange
        info = exchange.call("GetApiKeyInfo", key="alice-window", nonce="4242")["result"]
        self.assertEqual(
            {name: info[name] for name in ("apiKeyName", "apiKey", "nonce", "nonceWindow", "permissions", "lastUsed")},
            {"apiKeyName": "window", "apiKey": "alice-window", "nonce": "4242", "nonceWindow": 1000,
             "permissions": ["query-funds"], "lastUsed": None})
        self.assertEqual(set(info) - set(
            "iban validUntil queryFrom queryTo createdTime modifiedTime ipAllowlist apiKeyName apiKey nonce nonceWindow "
            "permissions lastUsed".split()), set())
        token = exchange.call("GetWebSocketsToken")["result"]
        self.assertEqual(token["expires"], 900)
        self.assertGreater(len(token["token"]), 30)
        self.assertEqual(exchange.errors("GetWebSocketsToken", {"a": "b"}), ["EGeneral:Invalid arguments:a"])


class Faults(ExchangeTest):
    """A Balance or AddOrder meets each fault; the journal says whether it was executed."""

    ORDER = {"ordertype": "limit", "type": "buy", "volume": "0.1", "pair": "XBTUSD", "price": "1000"}

    def orders(self):
        return self.exchange.control("GET", "/state")["orders_executed"]["alice"]

    def assert_broken(self, *kinds, endpoint="AddOrder", fields=None):
        with self.assertRaises(kinds or (http.client.HTTPException, OSError)):
            self.exchange.send(*self.exchange.request(endpoint, fields or self.ORDER))

    def test_drop_before_and_after(self):
        exchange = self.exchange
        exchange.fault("drop_before", endpoint="AddOrder")
        self.assertEqual(exchange.errors(), [])
        self.assert_broken()
        self.assertEqual((self.orders(), exchange.journal()[-1]["executed"]), (0, False))
        self.assertNotEqual(exchange.key()["nonce"], str(exchange.nonce))
        exchange.fault("drop_after", endpoint="AddOrder")
        self.assert_broken()
        self.assertEqual((self.orders(), exchange.journal()[-1]["executed"]), (1, True))
        self.assertEqual(exchange.key()["nonce"], str(exchange.nonce))
        self.assertEqual(exchange.errors(), [])

    def test_delays(self):
        exchange = self.exchange
        for when, done in (("delay_before_ms", 0), ("delay_after_ms", 1)):
            exchange.control("POST", "/reset")
            exchange.fault("delay", **{when: 60000})
            connection = exchange.connect(timeout=0.5)
            connection.request("POST", *exchange.request("AddOrder", self.ORDER))
            with self.assertRaises(TimeoutError):
                connection.getresponse()
            self.assertEqual(self.orders(), done)
            connection.close()
            exchange.fault("close_now")
        exchange.fault("delay", delay_before_ms=30, delay_after_ms=30)
        begun = time.monotonic()
        self.assertEqual(exchange.errors(), [])
        self.assertGreaterEqual(time.monotonic() - begun, 0.06)

    def test_reset_mid_body(self):
        exchange = self.exchange
        exchange.fault("reset")
        path, body, headers = exchange.request("Balance")
        request = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        request += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n" + body
        # TLS over memory: Python's sockets do not tell a reset from an end of file.
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = exchange.tls.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with socket.create_connection((exchange.base.hostname, exchange.base.port), timeout=20) as raw:
            def pump(step):
                while True:
                    try:
                        return step()
                    except ssl.SSLWantReadError:
                        raw.sendall(outgoing.read())
                        incoming.write(raw.recv(65536))

            pump(tls.do_handshake)
            tls.write(request.encode())
            reply = b""
            with self.assertRaises(ConnectionResetError):
                while True:
                    reply += pump(lambda: tls.read(65536))
        self.assertTrue(reply.startswith(b"HTTP/1.1 200 OK"))
        self.assertIn(b'{"error":[]', reply)
        self.assertFalse(reply.endswith(b"}}"))
        self.assertTrue(exchange.journal()[-1]["executed"])

    def test_statuses_with_html(self):
        exchange = self.exchange
        for status in (502, 503, 504, 520, 429):
            for executed in (False, True):
                exchange.control("POST", "/reset")
                exchange.fault("status", status=status, executed=executed, retry_after_s=3)
                response = exchange.send(*exchange.request("AddOrder", self.ORDER))
                self.assertEqual((response.status, response.getheader("Retry-After")), (status, "3"))
                self.assertTrue(response.text.startswith(b"<!DOCTYPE html>"))
                self.assertTrue(response.getheader("Content-Type").startswith("text/html"))
                self.assertEqual(self.orders(), 1 if executed else 0)

    def test_truncate(self):
        exchange = self.exchange
        exchange.fault("truncate")
        response = exchange.send(*exchange.request("Balance"))
        self.assertRaises(ValueError, json.loads, response.text)
        exchange.fault("truncate", full_length=True)
        self.assert_broken(http.client.IncompleteRead)

    def test_garbage(self):
        exchange = self.exchange
        exchange.fault("garbage")
        response = exchange.send(*exchange.request("Balance"))
        self.assertEqual(response.getheader("Content-Type"), "application/json")
        with self.assertRaises(ValueError):
            json.loads(response.text)

    def test_slow_drip(self):
        exchange = self.exchange
        exchange.fault("slow_drip", bytes=20, interval_ms=5)
        begun = time.monotonic()
        self.assertEqual(exchange.errors(), [])
        self.assertGreater(time.monotonic() - begun, 0.03)

    def test_closing_kept_alive_connections(self):
        exchange = self.exchange
        broken = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLError)

        def second_call_breaks(between):
            connection = exchange.connect()
            self.assertEqual(exchange.errors(connection=connection), [])
            between()
            exchange.wait_for(lambda: exchange.control("GET", "/state")["connections"]["open"] == 0)
            with self.assertRaises(broken):
                exchange.errors(connection=connection)
            connection.close()

        second_call_breaks(lambda: exchange.fault("close_now"))
        exchange.fault("close_after_reply")
        second_call_breaks(lambda: None)
        second_call_breaks(lambda: exchange.fault("close_idle", idle_ms=20))
        exchange.control("DELETE", "/faults")
        exchange.switch(keep_alive_idle_ms=20)
        second_call_breaks(lambda: None)

    def test_late_duplicate(self):
        exchange = self.exchange
        exchange.fault("duplicate", endpoint="AddOrder", duplicate_ms=10)
        self.assertEqual(exchange.errors("AddOrder", self.ORDER), [])
        exchange.wait_for(lambda: len(exchange.journal()) == 2)
        first, second = exchange.journal()
        self.assertEqual((first["executed"], second["executed"]), (True, False))
        self.assertEqual((second["duplicate_of"], second["body"]), (first["id"], first["body"]))
        self.assertEqual(second["errors"], ["EAPI:Invalid nonce"])
        self.assertEqual(self.orders(), 1)

    def test_refused_connections(self):
        exchange = self.exchange
        fault = exchange.fault("refuse")
        self.assert_broken(ConnectionRefusedError)
        exchange.control("DELETE", f"/faults?id={fault}")
        self.assertEqual(exchange.errors(), [])

    def test_tls_failures(self):
        exchange = self.exchange
        exchange.fault("tls_failure")
        self.assert_broken(ssl.SSLError)
        for flaw, word in (("untrusted", "unable to get local issuer|self.signed|signature failure"),
                           ("expired", "expired"), ("wrong_name", "IP address mismatch|Hostname mismatch")):
            exchange.fault("tls_failure", certificate=flaw)
            with self.assertRaisesRegex(ssl.SSLCertVerificationError, word):
                exchange.errors()
        self.assertEqual(exchange.errors(), [])
        self.assertEqual(len(exchange.journal()), 1)

    def test_error_answers(self):
        exchange = self.exchange
        cases = (("busy", {}, r"^EService:Busy$", True), ("unavailable", {}, r"^EService:Unavailable$", True),
                 ("throttled", {"retry_after_s": 5}, r"^EService: Throttled: \d{10}$", True),
                 ("lockout", {}, r"^EGeneral:Temporary lockout$", False),
                 ("error", {"text": "EGeneral:Internal error"}, r"^EGeneral:Internal error$", True))
        for kind, members, expected, nonce_used in cases:
            for executed in (False, True):
                with self.subTest(kind=kind, executed=executed):
                    exchange.control("POST", "/reset")
                    exchange.fault(kind, executed=executed, **members)
                    self.assertRegex(exchange.errors("AddOrder", self.ORDER)[0], expected)
                    self.assertEqual(self.orders(), 1 if executed else 0)
                    used = exchange.key()["nonce"] == str(exchange.nonce)
                    self.assertEqual(used, nonce_used or executed)

    def test_half_open(self):
        exchange = self.exchange
        for executed in (False, True):
            exchange.control("POST", "/reset")
            exchange.fault("half_open", executed=executed)
            connection = exchange.connect(timeout=0.3)
            connection.request("POST", *exchange.request("AddOrder", self.ORDER))
            self.assertRaises(TimeoutError, connection.getresponse)
            self.assertEqual(self.orders(), 1 if executed else 0)
            connection.close()
        exchange.fault("connect_half_open")
        connection = exchange.connect(timeout=0.3)
        self.assertRaises((TimeoutError, ssl.SSLError), connection.connect)
        connection.close()
        exchange.wait_for(lambda: exchange.control("GET", "/state")["connections"]["open"] == 0)

    def test_skip_count_and_removal(self):
        exchange = self.exchange
        exchange.fault("busy", endpoint="Balance", skip=1, count=2)
        busy = ["EService:Busy"]
        self.assertEqual([exchange.errors() for _ in range(4)], [[], busy, busy, []])
        fault = exchange.fault("busy", count=0)
        self.assertEqual(exchange.errors(), busy)
        self.assertEqual(exchange.control("GET", "/faults")["faults"][0]["happened"], 1)
        exchange.control("DELETE", f"/faults?id={fault}")
        self.assertEqual(exchange.errors(), [])
        exchange.control("DELETE", "/faults?id=999", status=404)
        exchange.control("POST", "/faults", {"kind": "nonsense"}, status=400)


class Controlling(ExchangeTest):
    def test_clock(self):
        exchange = self.exchange
        now = lambda: json.loads(exchange.send("/0/public/Time", None, {}, method="GET").text)["result"]["unixtime"]
        exchange.control("POST", "/clock", {"set": 1800000000000, "freeze": True})
        self.assertEqual(now(), 1800000000)
        exchange.control("POST", "/clock", {"advance_ms": 5000})
        self.assertEqual(now(), 1800000005)
        clock = exchange.control("POST", "/clock", {"freeze": False, "offset_ms": 0})
        self.assertLess(abs(clock["now_ms"] - time.time() * 1000), 5000)
        exchange.control("POST", "/clock", {"set": "noon"}, status=400)

    def test_accounts_at_run_time(self):
        exchange = self.exchange
        carol = {"account": "carol", "tier": "intermediate", "balances": {"ZUSD": "7.0000"},
                 "key": {"name": "new", "api_key": "carol-1", "api_secret": SECRET, "permissions": [QF]}}
        state = exchange.control("POST", "/accounts", carol)
        self.assertNotIn(SECRET, json.dumps(state))
        self.assertEqual(exchange.call("Balance", key="carol-1")["result"], {"ZUSD": "7.0000"})
        exchange.control("POST", "/accounts", {"account": "carol", "deposit": {"ZUSD": "1.5"}})
        self.assertEqual(exchange.control("GET", "/audit")["books"], [])
        change = lambda **members: exchange.control(
            "POST", "/accounts", {"account": "carol", "key": {"api_key": "carol-1", **members}})
        change(permissions=[])
        self.assertEqual(exchange.errors(key="carol-1"), ["EGeneral:Permission denied"])
        change(permissions=[QF], nonce_window=50)
        nonce = exchange.key("carol-1")["nonce"]
        self.assertEqual(exchange.errors(key="carol-1", nonce=str(int(nonce) - 40)), [])
        change(revoked=True)
        self.assertEqual(exchange.errors(key="carol-1"), ["EAPI:Invalid key"])
        for wrong in ({"account": "carol", "balances": {"ZUSD": "1"}}, {"account": "dave", "balances": {"NOPE": "1"}},
                      {"account": "dave", "key": {"api_key": "d", "api_secret": "?"}}, {"tier": "pro"},
                      {"account": "bob", "key": {"api_key": "alice-main"}}):
            exchange.control("POST", "/accounts", wrong, status=400)

    def test_secrets_are_not_shown(self):
        exchange = self.exchange
        exchange.errors()
        for path in ("/state", "/journal", "/switches", "/faults", "/audit"):
            self.assertNotIn(SECRET[:20], json.dumps(exchange.control("GET", path)))

    def test_journal_pages(self):
        exchange = self.exchange
        for _ in range(5):
            exchange.errors()
        entries = exchange.journal()
        self.assertEqual([entry["id"] - entries[0]["id"] for entry in entries], [0, 1, 2, 3, 4])
        rest = exchange.control("GET", f"/journal?since={entries[1]['id']}&limit=2")["entries"]
        self.assertEqual([entry["id"] for entry in rest], [entries[2]["id"], entries[3]["id"]])

    def test_bytes_that_are_no_text(self):
        exchange = self.exchange
        exchange.send("/0/private/Balance", b"nonce=1&a=\xff\xfe", {"Content-Type": "application/json"})
        self.assertEqual(base64.b64decode(exchange.journal()[-1]["body_base64"]), b"nonce=1&a=\xff\xfe")

    def test_reset_restores_everything(self):
        exchange = self.exchange
        exchange.switch(lockout_after=1, system_status="maintenance")
        exchange.errors(break_signature=True)
        exchange.fault("busy", count=0)
        exchange.control("POST", "/clock", {"offset_ms": 10**9})
        exchange.control("POST", "/reset")
        self.assertEqual(exchange.errors(nonce="1"), [])
        self.assertEqual(len(exchange.journal()), 1)

    def test_the_manual_names_every_switch_and_fault(self):
        manual = pathlib.Path(__file__).with_name("README.md").read_text()
        switches = self.exchange.control("GET", "/switches")
        for name in [*switches["switches"], *switches["market"]]:
            self.assertIn(f"`{name}`", manual)
        problem = self.exchange.control("POST", "/faults", {"kind": "?"}, status=400)["problem"]
        for name in problem.split(":")[1].split():
            self.assertIn(f"`{name}`", manual)


class CommandLine(unittest.TestCase):
    def test_init_writes_fresh_keys_for_its_owner_only(self):
        with tempfile.TemporaryDirectory() as folder:
            texts = []
            for name in ("one", "two"):
                subprocess.run([BINARY, "--init", f"{folder}/{name}"], check=True, stdout=subprocess.DEVNULL)
                path = pathlib.Path(folder, name, "exchange.toml")
                self.assertEqual(path.stat().st_mode & 0o077, 0)
                texts.append(path.read_text())
            self.assertNotEqual(*(re.findall("api_secret = .*", text) for text in texts))
            again = subprocess.run([BINARY, "--init", f"{folder}/one"], capture_output=True, text=True)
            self.assertEqual((again.returncode, "there already" in again.stderr), (1, True))

    def test_wrong_config_names_its_line(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "exchange.toml")
            config.write_text("[switches]\n\ntypo = 1\n")
            result = subprocess.run([BINARY, "--config", config], capture_output=True, text=True, timeout=20)
            self.assertEqual(result.returncode, 1)
            self.assertIn("line 3: there is no switch typo", result.stderr)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
