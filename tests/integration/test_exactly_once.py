"""Placements whose answer is lost: placed once or reported as not placed, over lost answers, crashes, a lock."""

import json
import threading

from support import DaemonTest, main, wait_for

QUICK = '[placement]\ndeadline_s = 4\nsettle_s = 2\n'
ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}


class Lost(DaemonTest):
    CONFIG = QUICK

    def setUp(self):
        super().setUp()
        self.set_up_vault()

    def test_executed_and_the_answer_lost(self):
        """The caller gets what an undisturbed call would have answered."""
        with self.daemon.client() as client:
            undisturbed = client.call("AddOrder", ORDER)["result"]
            for fault in ({"kind": "drop_after"}, {"kind": "status", "status": 520, "executed": True}, {"kind": "garbage"},
                          {"kind": "truncate"}, {"kind": "reset"}):
                with self.subTest(fault):
                    self.exchange.fault(endpoint="AddOrder", **fault)
                    result = client.call("AddOrder", ORDER)["result"]
                    self.assertEqual(result["descr"], undisturbed["descr"])
                    self.assertEqual(len(result["txid"]), 1)
                    self.assertIn(result["txid"][0], client.call("OpenOrders")["result"]["open"])
        self.assertEqual(len(self.orders()), 6)
        self.assert_rising()

    def test_not_executed(self):
        """Not placed is said only when it is proved, and then the order may be sent again."""
        with self.daemon.client() as client:
            for fault in ({"kind": "drop_before"}, {"kind": "status", "status": 502}, {"kind": "busy"}):
                with self.subTest(fault):
                    self.exchange.fault(endpoint="AddOrder", **fault)
                    error = client.call("AddOrder", ORDER)["error"]
                    self.assertEqual((error["code"], error["data"]["executed"], error["data"]["retryable"]), (-32017, "no", True), error)
        self.assertEqual(self.orders(), [])

    def test_the_caller_leaves_before_it_is_known(self):
        self.exchange.fault("drop_before", endpoint="AddOrder")
        with self.daemon.client() as client:
            error = client.call("AddOrder", ORDER, timeout_ms=800)["error"]
            self.assertEqual((error["code"], error["data"]["executed"], error["data"]["settling"]), (-32019, "unknown", True))
            self.assertEqual(error["data"]["intent"], error["data"]["call_id"])
            self.assertIn("userref", error["data"]["tag"])
            known = client.result("intent.wait", {"id": error["data"]["intent"]})
            self.assertEqual(known["state"], "not_placed")
            self.assertEqual(client.result("intent.list")[0], known)

    def test_an_order_that_shows_late(self):
        self.exchange.switch(order_shown_after_ms=1500)
        self.exchange.fault("drop_after", endpoint="AddOrder")
        with self.daemon.client() as client:
            self.assertEqual(len(client.call("AddOrder", ORDER)["result"]["txid"]), 1)
        self.assertEqual(len(self.orders()), 1)

    def test_a_lock_while_it_settles(self):
        """Nobody is told that nothing was sent, and the next unlock goes on."""
        self.exchange.switch(order_shown_after_ms=3000)
        self.exchange.fault("drop_after", endpoint="AddOrder")
        with self.daemon.client() as client, self.daemon.admin() as admin:
            error = client.call("AddOrder", ORDER, timeout_ms=800, idempotency_key="k")["error"]
            self.assertEqual((error["code"], error["data"]["settling"]), (-32019, True))
            admin.result("lock")
            repeat = client.call("AddOrder", ORDER, idempotency_key="k")["error"]
            self.assertEqual((repeat["code"], repeat["data"]["executed"]), (-32019, "unknown"))
            self.assertEqual(repeat["data"]["intent"], error["data"]["intent"])
            self.assertEqual(client.call("AddOrder", ORDER, idempotency_key="other")["error"]["code"], -32001)
            self.unlock()
            known = client.result("intent.wait", {"id": error["data"]["intent"]})
            self.assertEqual(known["state"], "placed")
            self.assertEqual(client.call("AddOrder", ORDER, idempotency_key="k")["result"]["txid"], known["result"]["txid"])
        self.assertEqual(len(self.orders()), 1)

    def test_killed_before_the_answer(self):
        """The next run finds out what had been sent before it places anything new."""
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=20000)
        client = self.daemon.client()
        client.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"endpoint": "AddOrder", "params": ORDER}}) + "\n")
        wait_for(lambda: self.orders())
        self.daemon.kill()
        client.close()
        self.exchange.clear_faults()
        self.daemon.start()
        self.unlock()
        with self.daemon.client() as client:
            open_intents = client.result("intent.list")
            self.assertEqual(len(open_intents), 1)
            known = client.result("intent.wait", {"id": open_intents[0]["id"]})
            self.assertEqual(known["state"], "placed")
            self.assertIn(known["result"]["txid"][0], client.call("OpenOrders")["result"]["open"])
            client.call("AddOrder", {**ORDER, "volume": "0.02"})["result"]
        self.assertEqual(len(self.orders()), 2)

    def test_one_idempotency_key_is_one_order(self):
        self.exchange.fault("drop_after", endpoint="AddOrder")
        with self.daemon.client() as client:
            replies = []

            def place():
                with self.daemon.client() as own:
                    replies.append(own.call("AddOrder", ORDER, idempotency_key="k-1"))
            threads = [threading.Thread(target=place) for _ in range(5)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len({json.dumps(reply["result"]) for reply in replies}), 1)
            turned = dict(reversed(ORDER.items()))
            again = client.call("AddOrder", turned, idempotency_key="k-1", timeout_ms=5000)
            self.assertEqual(again["result"], replies[0]["result"])
            other = client.call("AddOrder", {**ORDER, "volume": "0.010"}, idempotency_key="k-1")["error"]
            self.assertEqual(other["code"], -32022)
            self.assertEqual(len(self.orders()), 1)
        self.daemon.kill()
        self.daemon.start()
        self.unlock()
        with self.daemon.client() as client:
            self.assertEqual(client.call("AddOrder", ORDER, idempotency_key="k-1")["result"], replies[0]["result"])
        self.assertEqual(len(self.orders()), 1)

    def test_a_refused_call_frees_its_key(self):
        with self.daemon.client() as client:
            refused = client.call("AddOrder", {**ORDER, "volume": "10000000"}, idempotency_key="k")["error"]
            self.assertEqual(refused["data"]["executed"], "no")
            client.call("AddOrder", ORDER, idempotency_key="k")["result"]
        self.assertEqual(len(self.orders()), 1)


if __name__ == "__main__":
    main()
