"""TLS, HTTP, bodies and the way to the venue."""

import json
import os
import socket
import ssl
import warnings

from end_to_end.client import ALL, ExchangeTest


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
        with warnings.catch_warnings(action="ignore"):  # Python, too, calls them old
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
        raw = socket.create_connection((exchange.base.hostname, exchange.base.port))
        with exchange.tls.wrap_socket(raw, server_hostname="localhost") as stream:
            stream.sendall(2 * b"GET /0/public/Time HTTP/1.1\r\nHost: x\r\n\r\n")
            text = b""
            while text.count(b"rfc1123") < 2:
                text += stream.recv(10000)

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
