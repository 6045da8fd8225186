"""Each fault, and what was really executed behind it."""

import http.client
import json
import socket
import ssl
import time

from end_to_end.client import ExchangeTest


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
                        received = raw.recv(65536)
                        self.assertTrue(received, "an end in place of a reset")
                        incoming.write(received)

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
