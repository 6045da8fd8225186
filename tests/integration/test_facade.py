#!/usr/bin/env python3
"""Kraken's own paths on the client socket, for a client that knows nothing of krakkend."""

import concurrent.futures
import http.client
import json
import socket
import urllib.parse

import support

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}


class Client(http.client.HTTPConnection):
    """As libraries for Kraken have it: POST with a nonce, GET without."""

    def __init__(self, daemon):
        super().__init__("localhost", timeout=support.PATIENCE)
        self.path = str(daemon.client_socket)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def answer(self, method, path, body=None, headers=None):
        self.request(method, path, body, headers or {})
        reply = self.getresponse()
        return reply.status, reply.read()

    def private(self, name, fields, nonce="1"):
        form = urllib.parse.urlencode({**fields, "nonce": nonce})
        status, body = self.answer("POST", f"/0/private/{name}", form, {"Content-Type": "application/x-www-form-urlencoded"})
        return json.loads(body) if status == 200 else status

    def private_json(self, name, fields):
        status, body = self.answer("POST", f"/0/private/{name}", json.dumps(fields), {"Content-Type": "application/json"})
        return json.loads(body) if status == 200 else status


class Facade(support.DaemonTest):
    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.kraken = self.client()

    def client(self):
        client = Client(self.daemon)
        self.addCleanup(client.close)
        return client

    def test_public_calls(self):
        status, body = self.kraken.answer("GET", "/0/public/Ticker?pair=XBTUSD")
        self.assertEqual(status, 200)
        ticker = json.loads(body)
        self.assertEqual(ticker["error"], [])
        self.assertIn("XXBTZUSD", ticker["result"])
        self.assertNotIn(b" ", body)

    def test_many_clients_with_nonces_of_their_own_share_one_key(self):
        def work(number):
            client = self.client()
            return [client.private("Balance", {}, nonce=str(1000 - number)) for _ in range(20)]
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            replies = [reply for each in pool.map(work, range(10)) for reply in each]
        self.assertEqual([reply["error"] for reply in replies], [[]] * 200)
        self.assert_rising()

    def test_bodies_arrive_as_they_were_written(self):
        self.assertEqual(self.kraken.private("AddOrder", {**ORDER, "price": "-1%"})["error"], [])
        batch = {"pair": "XBTUSD", "nonce": 5, "orders": [{name: ORDER[name] for name in ORDER if name != "pair"}] * 2}
        self.assertEqual(self.kraken.private_json("AddOrderBatch", batch)["error"], [])
        self.assertEqual(self.kraken.private("CancelAllOrdersAfter", {"timeout": "60"})["error"], [])
        self.assertEqual(len(self.kraken.private("OpenOrders", {})["result"]["open"]), 3)
        self.assert_rising()

    def test_a_lost_answer_is_found_again(self):
        self.exchange.fault("drop_after", endpoint="AddOrder")
        placed = self.kraken.private("AddOrder", ORDER)
        self.assertEqual(placed["error"], [])
        self.assertEqual(len(placed["result"]["txid"]), 1)
        self.assertEqual(self.account_orders(), 1)

    def test_what_is_not_known_has_no_text(self):
        self.exchange.fault("drop_after", endpoint="AddStrategy")
        self.exchange.fault("drop_after", endpoint="CancelOrder", count=0)
        self.kraken.request("POST", "/0/private/CancelOrder", "nonce=1&userref=5")
        reply = self.kraken.getresponse()
        self.assertEqual((reply.status, reply.read(), reply.getheader("Connection")), (504, b"", "close"))

    def test_a_call_whose_client_has_gone_is_seen_to_its_end(self):
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=300)
        self.kraken.request("POST", "/0/private/AddOrder", urllib.parse.urlencode({"nonce": 1, **ORDER}))
        support.wait_for(lambda: self.exchange.journal("AddOrder"))
        self.kraken.close()
        self.assert_logged("event=call.done .*endpoint=AddOrder .*outcome=ok")
        self.assertEqual(self.account_orders(), 1)

    def test_kraken_s_words(self):
        refused = self.kraken.private("AddOrder", {**ORDER, "volume": "1000000"})
        self.assertEqual(refused["error"], ["EOrder:Insufficient funds"])
        self.assertEqual(self.kraken.private("Nothing", {})["error"], ["EGeneral:Unknown method"])
        for method, path in (("GET", "/0/other"), ("GET", "/0/"), ("GET", "/0/private/Balance"), ("POST", "/0/public/Time")):
            status, text = self.kraken.answer(method, path)
            self.assertEqual((status, json.loads(text)), (200, {"error": ["EGeneral:Unknown method"]}))
        self.assertEqual(self.kraken.private("Withdraw", {"asset": "XBT"})["error"], ["EGeneral:Permission denied"])

    def test_a_locked_daemon_is_an_unavailable_service(self):
        self.assertEqual(self.kraken.answer("GET", "/readyz")[0], 200)
        with self.daemon.admin() as admin:
            admin.result("lock")
        self.assertEqual(self.kraken.private("Balance", {})["error"], ["EService:Unavailable"])
        self.assertEqual(self.kraken.answer("GET", "/readyz")[0], 503)
        self.assertEqual(self.kraken.answer("GET", "/livez")[0], 200)
        self.unlock()
        self.assertEqual(self.kraken.private("Balance", {})["error"], [])

    def test_calls_stand_in_the_audit_and_in_the_metrics(self):
        self.kraken.request("POST", "/0/private/AddOrder", urllib.parse.urlencode({"nonce": 1, **ORDER}))
        reply = self.kraken.getresponse()
        reply.read()
        call_id = reply.getheader("X-Krakkend-Call")
        with self.daemon.admin() as admin:
            rows = admin.result("audit.tail", {})
        self.assertIn(call_id, json.dumps(rows))
        metrics = self.kraken.answer("GET", "/metrics")[1].decode()
        self.assertIn('krakkend_calls_total{account="alice"} 1\n', metrics)


if __name__ == "__main__":
    support.main()
