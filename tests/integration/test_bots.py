#!/usr/bin/env python3
"""Bots with keys of their own, what they may do, and how a person stops them."""

import base64
import concurrent.futures
import grp
import http.client
import itertools
import json
import os
import random
import socket
import time
import urllib.parse

import support

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class Bot(http.client.HTTPConnection):
    """A library for Kraken, of which only address and key are changed."""

    nonces = itertools.count(1616492376594)

    def __init__(self, daemon, credentials):
        super().__init__("localhost", timeout=support.PATIENCE)
        self.path = str(daemon.client_socket)
        self.key, self.secret = credentials["api_key"], credentials["api_secret"]

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def sign(self, path, nonce, body):
        return support.api_sign(self.secret, path, nonce, body)

    def send_signed(self, path, body, kind, signature):
        self.request("POST", path, body, {"API-Key": self.key, "API-Sign": signature, "Content-Type": kind})
        reply = self.getresponse()
        text = reply.read()
        return json.loads(text) if reply.status == 200 else reply.status

    def private(self, name, fields=None, nonce=None, kind=FORM, signature=None):
        nonce = next(self.nonces) if nonce is None else nonce
        fields = {"nonce": nonce, **(fields or {})}
        body = urllib.parse.urlencode(fields) if kind == FORM else json.dumps(fields)
        path = f"/0/private/{name}"
        return self.send_signed(path, body, kind, signature or self.sign(path, nonce, body))

    def error(self, name, fields=None, **options):
        reply = self.private(name, fields, **options)
        return reply["error"][0] if reply["error"] else ""


DENIED = "EGeneral:Permission denied"


class BotsTest(support.DaemonTest):
    ACCOUNTS = ("alice", "bob")

    dice = random.Random(5)

    def setUp(self):
        super().setUp()
        self.set_up_vault()

    def ctl(self, *arguments, stdin=support.PASSPHRASE + "\n", status=0):
        got, out, err = self.daemon.ctl("--json", *arguments, stdin=stdin)
        self.assertEqual(got, status, out + err)
        return json.loads(out)

    def add(self, name, *options, account="alice", allow="read,trade"):
        return self.ctl("bot", "add", name, "--account", account, "--allow", allow, *options, "--stdin")

    def bot(self, credentials):
        bot = Bot(self.daemon, credentials)
        self.addCleanup(bot.close)
        return bot


class Keys(BotsTest):
    def test_a_bot_trades_with_the_accounts_key_and_sees_none(self):
        made = self.add("scalper")
        self.assertEqual((made["name"], made["account"], made["allow"]), ("scalper", "alice", ["read", "trade"]))
        self.assertEqual((len(made["api_key"]), len(base64.b64decode(made["api_secret"]))), (56, 64))
        bot = self.bot(made)
        self.assertIn("ZUSD", bot.private("Balance")["result"])
        txid = bot.private("AddOrder", ORDER)["result"]["txid"][0]
        self.assertEqual(list(bot.private("OpenOrders", kind=JSON)["result"]["open"]), [txid])
        self.assertEqual(bot.private("CancelOrder", {"txid": txid}, kind=JSON)["result"]["count"], 1)
        batch = {"pair": "XBTUSD", "orders": [{name: ORDER[name] for name in ORDER if name != "pair"}] * 2}
        self.assertEqual(len(bot.private("AddOrderBatch", batch, kind=JSON)["result"]["orders"]), 2)
        shown = self.ctl("bot", "show", "scalper")
        self.assertNotIn("api_secret", json.dumps([shown, self.ctl("bot", "list")]))
        for secret in (made["api_secret"], self.keys["alice"].api_secret):
            self.assertNotIn(secret, self.daemon.log())
        rows = [row for row in self.ctl("audit") if row["what"] == "AddOrder"]
        self.assertEqual({row["program"] for row in rows}, {"bot:scalper"})
        [row] = [row for row in self.ctl("audit") if row["what"] == "bot.add"]
        self.assertEqual((row["ids"], row.get("account", "")), (["bot:scalper"] if isinstance(row["ids"], list) else "bot:scalper", ""))

    def test_who_has_not_signed_is_refused(self):
        made = self.add("scalper")
        bot = self.bot(made)
        self.assertEqual(bot.error("Balance", signature=base64.b64encode(bytes(64)).decode()), "EAPI:Invalid signature")
        self.assertEqual(bot.error("Balance", signature="x"), "EAPI:Invalid signature")
        path, nonce = "/0/private/AddOrder", next(Bot.nonces)
        body = urllib.parse.urlencode({"nonce": nonce, **ORDER})
        signature = bot.sign(path, nonce, body)
        self.assertEqual(bot.send_signed(path, body.replace("0.01", "0.09"), FORM, signature)["error"], ["EAPI:Invalid signature"])
        self.assertEqual(bot.send_signed("/0/private/CancelAll", body, FORM, signature)["error"], ["EAPI:Invalid signature"])
        self.assertEqual(bot.send_signed(path, "pair=XBTUSD", FORM, signature)["error"], ["EAPI:Invalid nonce"])
        bot.key = "A" * 56
        self.assertEqual(bot.error("Balance"), "EAPI:Invalid key")
        bot.key = self.keys["alice"].api_key
        self.assertEqual(bot.error("Balance"), "EAPI:Invalid key")
        self.assertNotIn("AddOrder", [entry["endpoint"] for entry in self.exchange.journal()])

    def test_no_byte_of_a_signed_request_may_be_another(self):
        made = self.add("scalper")
        nonce, path = next(Bot.nonces), "/0/private/AddOrder"
        for kind, body, placed in ((FORM, urllib.parse.urlencode({"nonce": nonce, **ORDER}), (0, 1)),
                                   (JSON, json.dumps({"nonce": nonce, **ORDER}), (1, 2))):
            whole = [path, made["api_key"], self.bot(made).sign(path, nonce, body), body]
            for part, text in enumerate(whole):
                bot = self.bot(made)
                for place in range(len(text)):
                    changed = bytearray(text, "ascii")
                    changed[place] ^= 1 << self.dice.randrange(7)
                    sent = [*whole]
                    sent[part] = changed.decode()
                    with self.subTest(kind, part=part, place=place, sent=sent[part]):
                        status, reply = self.send_raw(bot, *sent, kind)
                        self.assertTrue(status in (400, 404) or json.loads(reply)["error"], (status, reply))
            before = self.account_orders()
            self.assertEqual(json.loads(self.send_raw(self.bot(made), *whole, kind)[1])["error"], [])
            self.assertEqual((before, self.account_orders()), placed)

    @staticmethod
    def send_raw(bot, path, key, signature, body, kind):
        bot.close()
        bot.connect()
        head = (f"POST {path} HTTP/1.1", "Host: localhost", f"API-Key: {key}", f"API-Sign: {signature}", f"Content-Type: {kind}",
                f"Content-Length: {len(body)}", "Connection: close")
        bot.sock.sendall("\r\n".join([*head, "", body]).encode())
        reply = http.client.HTTPResponse(bot.sock)
        reply.begin()
        return reply.status, reply.read()

    def test_the_same_request_is_made_once(self):
        bot = self.bot(self.add("scalper"))
        nonce = next(Bot.nonces)
        first = bot.private("AddOrder", ORDER, nonce=nonce)
        self.assertEqual(first["error"], [])
        self.assertEqual(bot.private("AddOrder", ORDER, nonce=nonce), first)
        self.daemon.stop()
        self.daemon.start()
        self.unlock()
        bot.close()
        self.assertEqual(bot.private("AddOrder", ORDER, nonce=nonce), first)
        self.assertEqual(len(bot.private("OpenOrders")["result"]["open"]), 1)

    def test_another_request_with_the_same_nonce_is_another_one(self):
        """Who counts milliseconds signs several within one."""
        bot, nonce = self.bot(self.add("scalper")), next(Bot.nonces)
        first = bot.private("AddOrder", ORDER, nonce=nonce)["result"]["txid"]
        second = bot.private("AddOrder", {**ORDER, "volume": "0.02"}, nonce=nonce)["result"]["txid"]
        self.assertEqual(bot.error("Balance", nonce=nonce), "")
        self.assertEqual(set(bot.private("OpenOrders", nonce=nonce)["result"]["open"]), {*first, *second})
        self.assertEqual(bot.private("AddOrder", ORDER, nonce=nonce)["result"]["txid"], first)

    def test_what_acted_before_a_restart_is_not_made_again(self):
        """Not even what is remembered nowhere: who has caught the bytes on their way has no other use for them."""
        bot, nonce = self.bot(self.add("scalper", allow="read,trade,cancel-all")), next(Bot.nonces)
        huge = {**ORDER, "volume": "100000"}
        self.assertEqual(bot.error("AddOrder", huge, nonce=nonce), "EOrder:Insufficient funds")
        self.assertEqual(bot.error("CancelAll", nonce=nonce), "")
        self.daemon.stop()
        self.daemon.start()
        self.unlock()
        bot.close()
        self.assertEqual(bot.error("AddOrder", ORDER), "")
        self.assertEqual(bot.error("CancelAll", nonce=nonce), "EAPI:Invalid nonce")
        self.assertEqual(bot.error("CancelAll", nonce=nonce - 1), "EAPI:Invalid nonce")
        self.assertEqual(bot.error("AddOrder", huge, nonce=nonce), "EAPI:Invalid nonce")
        self.assertEqual(len(bot.private("OpenOrders")["result"]["open"]), 1)
        self.assert_logged("rule=bot:nonce")
        self.assertEqual(bot.error("CancelAll"), "")

    def test_rotation_and_revocation(self):
        old = self.bot(self.add("scalper"))
        new = self.bot(self.ctl("bot", "rotate", "scalper", "--stdin"))
        self.assertEqual((old.error("Balance"), new.error("Balance")), ("", ""))
        newest = self.bot(self.ctl("bot", "rotate", "scalper", "--grace", "0", "--stdin"))
        self.assertEqual((old.error("Balance"), new.error("Balance"), newest.error("Balance")),
                         ("EAPI:Invalid key", "EAPI:Invalid key", ""))
        self.assertEqual(self.ctl("bot", "revoke", "scalper", stdin=""), {"revoked": True})
        self.assertEqual(newest.error("Balance"), "EAPI:Invalid key")
        self.assertEqual(self.ctl("bot", "list"), [])

    def test_while_locked_nobody_is_told_that_a_key_is_wrong(self):
        bot = self.bot(self.add("scalper"))
        self.daemon.ctl("lock")
        self.assertEqual(bot.error("Balance"), "EService:Unavailable")
        self.unlock()
        self.assertEqual(bot.error("Balance"), "")


class Repeats(BotsTest):
    """Libraries wait for some seconds, and then place the order anew, with another nonce."""

    KRAKEN = "request_timeout_ms = 3000"
    CONFIG = "[placement]\ndeadline_s = 4\nsettle_s = 1\n"

    def give_up(self, bot, nonce=None):
        bot.timeout = 1
        self.assertRaises(TimeoutError, bot.private, "AddOrder", ORDER, nonce)
        bot.close()
        bot.timeout = support.PATIENCE

    def orders_seen(self):
        return len([entry for entry in self.exchange.journal() if entry["endpoint"] == "AddOrder"])

    def test_an_order_whose_answer_is_lost_is_bought_once(self):
        bot = self.bot(self.add("scalper"))
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=5000)
        self.give_up(bot)
        self.assertEqual(bot.error("AddOrder", ORDER), "")
        self.assertEqual((self.orders_seen(), len(bot.private("OpenOrders")["result"]["open"])), (1, 1))
        self.assertEqual(bot.error("AddOrder", ORDER), "")  # all is known now, so this is another one
        self.assertEqual(len(bot.private("OpenOrders")["result"]["open"]), 2)

    def test_an_order_whose_answer_came_when_nobody_waited_is_bought_once(self):
        bot = self.bot(self.add("scalper"))
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=1500)
        self.give_up(bot)
        self.assert_logged("event=call.done .*endpoint=AddOrder .*outcome=ok")
        [txid] = bot.private("AddOrder", ORDER)["result"]["txid"]
        self.assertEqual((self.orders_seen(), list(bot.private("OpenOrders")["result"]["open"])), (1, [txid]))
        self.assertNotEqual(bot.private("AddOrder", ORDER)["result"]["txid"], [txid])  # it knows by now

    def test_who_asks_for_its_orders_all_the_time_buys_once(self):
        bot, watcher = self.bot(made := self.add("scalper")), self.bot(made)
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=1500)
        self.give_up(bot)
        self.assert_logged("event=call.done .*endpoint=AddOrder .*outcome=ok")
        [txid] = watcher.private("OpenOrders")["result"]["open"]
        self.assertEqual(bot.private("AddOrder", ORDER)["result"]["txid"], [txid])
        self.assertEqual(self.orders_seen(), 1)

    def test_what_has_joined_an_order_is_none_of_its_own_after_a_restart(self):
        bot = self.bot(self.add("scalper"))
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=1500)
        self.give_up(bot)
        nonce = next(Bot.nonces)
        [txid] = bot.private("AddOrder", ORDER, nonce=nonce)["result"]["txid"]
        self.daemon.stop()
        self.daemon.start()
        self.unlock()
        bot.close()
        self.assertEqual(bot.error("AddOrder", ORDER, nonce=nonce), "EAPI:Invalid nonce")
        self.assertEqual((self.orders_seen(), list(bot.private("OpenOrders")["result"]["open"])), (1, [txid]))

    def test_the_same_bytes_and_then_another_order_like_it(self):
        bot, nonce = self.bot(self.add("scalper")), next(Bot.nonces)
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=1500)
        self.give_up(bot, nonce)
        self.assert_logged("event=call.done .*endpoint=AddOrder .*outcome=ok")
        [first] = bot.private("AddOrder", ORDER, nonce=nonce)["result"]["txid"]
        [second] = bot.private("AddOrder", ORDER)["result"]["txid"]
        self.assertEqual((self.orders_seen(), first == second), (2, False))

    def test_who_has_seen_and_canceled_its_order_may_place_it_anew(self):
        bot = self.bot(self.add("scalper"))
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=1500)
        self.give_up(bot)
        self.assert_logged("event=call.done .*endpoint=AddOrder .*outcome=ok")
        [first] = bot.private("OpenOrders")["result"]["open"]
        self.assertEqual(bot.error("CancelOrder", {"txid": first}), "")
        [second] = bot.private("AddOrder", ORDER)["result"]["txid"]
        self.assertEqual(list(bot.private("OpenOrders")["result"]["open"]), [second])

    def test_who_has_looked_up_its_order_may_place_another_like_it(self):
        bot = self.bot(self.add("scalper"))
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=1500)
        self.give_up(bot)
        self.assert_logged("event=call.done .*endpoint=AddOrder .*outcome=ok")
        with self.daemon.client() as client:
            now = int(time.time())
            client.result("identify", {"key": bot.key, "time": now, "signature": bot.sign("/krakkend/identify", now, f"nonce={now}")})
            self.assertEqual([intent["state"] for intent in client.result("intent.list")], ["placed"])
        self.assertEqual(bot.error("AddOrder", ORDER), "")
        self.assertEqual(self.account_orders(), 2)

    def test_an_order_that_never_arrived_is_said_to_be_not_placed(self):
        bot = self.bot(self.add("scalper"))
        self.exchange.fault("drop_before", endpoint="AddOrder")
        self.give_up(bot)
        self.assertEqual(bot.error("AddOrder", ORDER), "EService:Unavailable")
        self.assertEqual((self.orders_seen(), bot.private("OpenOrders")["result"]["open"]), (1, {}))

    def test_an_order_that_waits_for_its_turn_is_not_sent_for_nobody(self):
        slow, bot = self.bot(made := self.add("scalper")), self.bot(made)
        self.exchange.fault("delay", endpoint="OpenOrders", delay_after_ms=2500)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            reading = pool.submit(slow.private, "OpenOrders")
            support.wait_for(lambda: any(entry["endpoint"] == "OpenOrders" for entry in self.exchange.journal()))
            self.give_up(bot)
            self.assertEqual(reading.result()["error"], [])
        self.assertEqual(bot.private("OpenOrders")["result"]["open"], {})

    def test_the_same_bytes_are_told_the_truth_once_it_is_known(self):
        bot = self.bot(self.add("scalper"))
        self.exchange.switch(order_shown_after_ms=1500)
        for kind, error in (("drop_after", ""), ("drop_before", "EService:Unavailable")):
            with self.subTest(kind):
                nonce, before = next(Bot.nonces), self.orders_seen()
                self.exchange.fault(kind, endpoint="AddOrder")
                with concurrent.futures.ThreadPoolExecutor(1) as pool, self.daemon.client() as client:
                    first = pool.submit(bot.private, "AddOrder", ORDER, nonce=nonce)
                    support.wait_for(lambda: "settling" in client.result("status")["accounts"][0])
                    self.daemon.ctl("lock")
                    self.assertEqual(first.result(), 504)
                self.unlock()
                with self.daemon.admin() as admin:
                    [intent] = admin.result("intent.list", {"which": "open"})
                    admin.result("intent.wait", {"id": intent["id"]})
                self.assertEqual("".join(bot.private("AddOrder", ORDER, nonce=nonce)["error"]), error)
                self.assertEqual(self.orders_seen(), before + 1)

    def test_two_orders_alike_are_two_while_both_are_waited_for(self):
        one, other = self.bot(made := self.add("scalper")), self.bot(made)
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=700)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            replies = list(pool.map(lambda bot: bot.private("AddOrder", ORDER), (one, other)))
        self.assertEqual(len({reply["result"]["txid"][0] for reply in replies}), 2)


class Blind(BotsTest):
    """The key may not look up orders, so a lost answer stays lost."""

    CONFIG = Repeats.CONFIG

    def make_key(self, name):
        return support.Key(name, ["query-funds", "modify-trades", "close-trades"])

    def test_it_is_not_placed_anew_at_once(self):
        bot = self.bot(self.add("scalper"))
        self.exchange.fault("drop_after", endpoint="AddOrder")
        self.assertEqual(bot.private("AddOrder", ORDER), 504)
        bot.close()
        self.assertEqual(bot.private("AddOrder", ORDER), 504)
        self.assertEqual(self.account_orders(), 1)


class Grants(BotsTest):
    def test_a_bot_that_may_read_does_nothing_else_in_either_language(self):
        bot = self.bot(self.add("watcher", allow="read"))
        endpoints = [e for e in self.daemon_endpoints() if e["kind"] == "private"]
        allowed = set()
        for endpoint in endpoints:
            for kind in (FORM, JSON):
                error = bot.error(endpoint["name"], {"txid": "OABCDE-12345-FGHIJK", **ORDER}, kind=kind)
                if error != DENIED:
                    allowed.add((endpoint["name"], endpoint["effect"]))
        self.assertEqual({effect for _, effect in allowed}, {"read", "other"})
        self.assertEqual({name for name, effect in allowed if effect == "other"}, {"DepositAddresses"})  # without new=true it reads
        self.assertEqual(bot.error("DepositAddresses", {"asset": "XBT", "method": "Bitcoin", "new": "true"}), DENIED)
        acting = {entry["endpoint"] for entry in self.exchange.journal()} & {e["name"] for e in endpoints if e["effect"] != "read"}
        self.assertEqual(acting - {"GetApiKeyInfo", "DepositAddresses"}, set())

    def daemon_endpoints(self):
        with self.daemon.client() as client:
            return client.result("endpoints")

    def test_limits(self):
        bot = self.bot(self.add("scalper", "--pairs", "XBTUSD,ETHUSD", "--side", "buy", "--order-types", "limit",
                                "--max-order-volume", "0.05"))
        self.assertEqual(bot.error("AddOrder", ORDER), "")
        for change in ({"pair": "LTCUSD"}, {"type": "sell"}, {"ordertype": "market"}, {"volume": "0.050001"}, {"oflags": "viqc"},
                       {"volume": "1e-3"}, {"close[ordertype]": "market"}):
            self.assertEqual(bot.error("AddOrder", {**ORDER, **change}), DENIED, change)
        self.assert_logged("event=call.forbidden call_id=\\S+ rule=limit:pairs")
        txid = list(bot.private("OpenOrders")["result"]["open"])[0]
        self.assertEqual(bot.error("AmendOrder", {"txid": txid, "order_qty": "9"}), DENIED)
        self.assertEqual(bot.error("CancelAll"), DENIED)
        self.assertEqual(bot.error("CancelOrder", {"txid": txid}), "")

    def test_limits_in_money(self):
        bot = self.bot(self.add("scalper", "--max-order-notional", "100USD", "--max-day-notional", "250USD"))
        self.assertEqual(bot.error("AddOrder", {**ORDER, "volume": "0.01"}), "")  # 100 at its own price
        self.assertEqual(bot.error("AddOrder", {**ORDER, "volume": "0.01000001"}), DENIED)
        self.assertEqual(bot.error("AddOrder", {**ORDER, "type": "sell", "price": "1.0", "volume": "0.01"}), DENIED)  # the market pays more
        self.assertEqual(bot.error("AddOrder", {"pair": "XBTUSD", "type": "buy", "ordertype": "market", "price": "1", "volume": "0.01"}),
                         DENIED)
        for change in ({"price": "-50%"}, {"price": "+1"}, {"pair": "ETHXBT"}, {"oflags": "viqc", "ordertype": "market"}):
            self.assertEqual(bot.error("AddOrder", {**ORDER, **change}), DENIED, change)
        self.assertEqual(bot.error("AddOrder", ORDER), "")
        self.assertEqual(bot.error("AddOrder", ORDER), DENIED)  # 300 of 250
        self.assertEqual(bot.error("AddOrder", {**ORDER, "validate": "true"}), "")
        self.daemon.stop()
        self.daemon.start()
        self.unlock()
        bot.close()
        self.assertEqual(bot.error("AddOrder", ORDER), DENIED)
        self.assertEqual(bot.error("AddOrder", {**ORDER, "volume": "0.005"}), "")  # 250

    def test_what_kraken_refuses_costs_nothing(self):
        bot = self.bot(self.add("scalper", "--max-day-notional", "150USD"))
        for _ in range(3):
            self.assertEqual(bot.error("AddOrder", {**ORDER, "price": "10000.123456"}).split(":")[0], "EOrder")
        self.assertEqual(bot.error("AddOrder", ORDER), "")
        self.assertEqual(bot.error("AddOrder", ORDER), DENIED)

    def test_open_orders_and_ones_own(self):
        scalper, other = self.bot(self.add("scalper", "--max-open-orders", "2", "--own-orders")), self.bot(self.add("other"))
        foreign, another = (other.private("AddOrder", ORDER)["result"]["txid"][0] for _ in range(2))
        own = [scalper.private("AddOrder", ORDER)["result"]["txid"][0] for _ in range(2)]
        self.assertEqual(scalper.error("AddOrder", ORDER), DENIED)
        self.assertEqual(scalper.error("CancelOrder", {"txid": foreign}), DENIED)
        self.assertEqual(scalper.error("CancelOrderBatch", {"orders": [own[0], foreign]}, kind=JSON), DENIED)
        self.daemon.stop()
        self.daemon.start()
        self.unlock()
        scalper.close()
        self.assertEqual(scalper.error("CancelOrder", {"txid": own[0]}), "")
        self.assertEqual(scalper.error("AddOrder", ORDER), "")
        self.assertEqual(scalper.error("AddOrder", ORDER), DENIED)
        self.ctl("bot", "change", "scalper", "--own-orders=none", "--max-open-orders", "9", "--stdin")
        other.close()
        self.assertEqual(other.error("CancelOrder", {"txid": foreign}), "")
        self.assertEqual(scalper.error("CancelOrder", {"txid": another}), "")
        self.assertEqual(self.daemon.ctl("bot", "change", "scalper", "--own-orders=some")[0], 2)

    def test_an_order_whose_answer_was_lost_may_be_open(self):
        self.exchange.switch(order_shown_after_ms=3000)
        self.exchange.fault("drop_after", endpoint="AddOrder")
        bot = self.bot(self.add("scalper", "--max-open-orders", "1"))
        with concurrent.futures.ThreadPoolExecutor(1) as pool, self.daemon.client() as client:
            first = pool.submit(bot.private, "AddOrder", ORDER)
            support.wait_for(lambda: "settling" in client.result("status")["accounts"][0])
            self.daemon.ctl("lock")
            self.assertEqual(first.result(), 504)
            self.unlock()
        self.assertEqual(bot.error("AddOrder", {**ORDER, "volume": "0.02"}), DENIED)
        self.assertEqual(self.account_orders(), 1)

    def test_a_repeat_is_told_what_became_of_the_first_whatever_holds_by_now(self):
        made = self.add("scalper", "--max-open-orders", "1", "--max-day-notional", "150USD", "--max-calls-per-minute", "3")
        with self.daemon.client() as client:
            now = int(time.time())
            signature = support.api_sign(made["api_secret"], "/krakkend/identify", now, f"nonce={now}")
            client.result("identify", {"key": made["api_key"], "time": now, "signature": signature})
            first = client.call("AddOrder", ORDER, idempotency_key="one")["result"]
            for _ in range(4):  # neither another open order, nor money or calls that are gone
                self.assertEqual(client.call("AddOrder", ORDER, idempotency_key="one")["result"], first)
            self.assertEqual(client.result("whoami")["grants"][0]["left"], {"calls": 2, "day_notional": "50USD"})
            self.ctl("freeze", "--reason", "strange", stdin="")
            self.assertEqual(client.call("AddOrder", ORDER, idempotency_key="one")["result"], first)
            self.assert_error(client.call("AddOrder", ORDER, idempotency_key="two"), -32003, rule="freeze")
            self.ctl("bot", "change", "scalper", "--allow", "read")
            self.assertEqual(client.call("AddOrder", ORDER, idempotency_key="one")["result"], first)
            self.assert_error(client.call("AddOrder", ORDER, idempotency_key="two"), -32003, rule="right:trade")

    def test_calls_per_minute(self):
        bot = self.bot(self.add("scalper", "--max-calls-per-minute", "3"))
        self.assertEqual([bot.error("Balance") for _ in range(4)], ["", "", "", "EAPI:Rate limit exceeded"])
        self.assertIn("EOrder", bot.error("CancelOrder", {"txid": "OABCDE-12345-FGHIJK"}))  # passes

    def test_an_ended_grant_and_one_that_only_checks(self):
        ended = self.bot(self.add("ended", "--expires", "2020-01-31T00:00:00Z"))
        self.assertEqual(ended.error("Balance"), DENIED)
        checking = self.bot(self.add("checking", "--mode", "validate"))
        reply = checking.private("AddOrder", ORDER)
        self.assertEqual((reply["error"], reply["result"].get("txid")), ([], None))
        self.assertEqual(checking.error("AddOrder", {**ORDER, "validate": "false"}), "")
        self.assertEqual(checking.private("OpenOrders")["result"]["open"], {})

    def test_more_rights_ask_for_the_passphrase_and_less_do_not(self):
        made = self.add("scalper", "--max-order-volume", "0.05")
        refused = self.ctl("bot", "add", "other", "--account", "alice", "--allow", "read", "--stdin", stdin="wrong\n", status=1)
        self.assertEqual(refused["data"]["category"], "passphrase")
        with self.daemon.admin() as admin:
            grant = {"accounts": ["alice"], "allow": ["read", "trade"], "max_order_volume": "0.06", "mode": "live"}
            for method, params in (("bot.change", {"name": "scalper", "grant": grant}), ("bot.rotate", {"name": "scalper"}),
                                   ("bot.add", {"name": "new", "grant": grant}),
                                   ("grant.set", {"holder": "uid:4242", "grant": grant})):
                self.assert_error(admin.request(method, params), -32602, reason="passphrase")
            changed = admin.result("bot.change", {"name": "scalper", "grant": {**grant, "max_order_volume": "0.005"}})
            self.assertEqual(changed["max_order_volume"], "0.005")
        self.assertEqual(self.bot(made).error("AddOrder", ORDER), DENIED)
        self.ctl("bot", "change", "scalper", "--max-order-volume", "none", "--stdin")
        self.assertEqual(self.bot(made).error("AddOrder", ORDER), "")

    def test_a_bot_sees_its_own_account_alone(self):
        alice, bob = self.bot(self.add("a")), self.bot(self.add("b", account="bob"))
        self.assertEqual(alice.error("AddOrder", ORDER), "")
        self.assertEqual((len(alice.private("OpenOrders")["result"]["open"]), bob.private("OpenOrders")["result"]["open"]), (1, {}))


class Users(BotsTest):
    GROUP = "games"
    CONFIG = f'[socket]\nclient_group = "{GROUP}"\n'
    ALLOW = {"accounts": ["alice"], "allow": ["read"]}

    def setUp(self):
        super().setUp()
        self.gid = grp.getgrnam(self.GROUP).gr_gid
        for folder in (self.folder, self.daemon.folder):
            folder.chmod(0o711)

    def ask(self, method, params=None, uid=support.SOMEBODY):
        request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}})
        return json.loads(support.ask_as(uid, self.daemon.client_socket, request, groups=[self.gid]))

    def call(self, endpoint, **members):
        return self.ask("call", {"endpoint": endpoint, **members})

    def grant(self, holder, **grant):
        with self.daemon.admin() as admin:
            return admin.result("grant.set", {"holder": holder, "grant": {**self.ALLOW, **grant}, "passphrase": support.PASSPHRASE})

    @support.AS_ROOT
    def test_a_member_of_the_group_has_what_is_granted_and_no_more(self):
        self.assert_error(self.call("Balance"), -32003, rule="grant:none")
        self.assertIn("result", self.call("Time"))
        self.assertEqual(self.ask("account.list")["result"], [])
        self.assertEqual(self.ask("whoami")["result"], {"identity": f"uid:{support.SOMEBODY}", "grants": [], "frozen": []})
        self.grant(f"group:{self.GROUP}")
        self.assertIn("ZUSD", self.call("Balance")["result"])  # its only account is meant
        self.assert_error(self.call("Balance", account="bob"), -32003, rule="grant:accounts")
        self.assert_error(self.call("Balance", account="nobody"), -32003, rule="grant:accounts")
        self.assert_error(self.call("AddOrder", params=ORDER), -32003, rule="right:trade")
        self.assertEqual([account["name"] for account in self.ask("account.list")["result"]], ["alice"])
        status = self.ask("status")["result"]
        self.assertEqual([account["name"] for account in status["accounts"]], ["alice"])
        self.assertNotIn("bob", json.dumps(status))
        for path in ("/metrics", "/readyz"):
            told = support.ask_as(support.SOMEBODY, self.daemon.client_socket, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r",
                                  groups=[self.gid], whole=True)
            self.assertIn(b" 200 OK", told)
            self.assertNotIn(b"bob", told)
        self.assertEqual({nonce["account"] for nonce in self.ask("nonce.status")["result"]}, {"alice"})
        self.assert_error(self.ask("nonce.status", {"account": "bob"}), -32003, rule="grant:accounts")
        self.assert_error(self.ask("wait", {"for": "ready", "account": "bob", "timeout_ms": 100}), -32003, rule="grant:accounts")
        with self.daemon.admin() as admin:
            self.assertEqual(admin.result("grant.remove", {"holder": f"group:{self.GROUP}"}), {"removed": True})
        self.assert_error(self.call("Balance"), -32003, rule="grant:none")

    @support.AS_ROOT
    def test_a_users_own_grant_goes_before_the_groups(self):
        self.grant(f"group:{self.GROUP}")
        self.grant(f"uid:{support.SOMEBODY}", accounts=["alice", "bob"], allow=["cancel"])
        self.assert_error(self.call("Balance", account="alice"), -32003, rule="right:read")
        self.assert_error(self.call("CancelOrder"), -32004, accounts=["alice", "bob"])
        self.assertIn("result", self.ask("call", {"endpoint": "Balance"}, uid=support.STRANGER))

    @support.AS_ROOT
    def test_after_a_restart_who_has_a_grant_is_told_to_wait(self):
        self.grant(f"group:{self.GROUP}")
        self.daemon.stop()
        self.daemon.start()
        self.assert_error(self.call("Balance"), -32001)
        self.unlock()
        self.assertIn("result", self.call("Balance"))

    def test_the_operator_may_be_narrowed_too(self):
        self.ctl("grant", "set", f"uid:{os.geteuid()}", "--account", "alice", "--allow", "read", "--stdin")
        with self.daemon.client() as client:
            self.assertIn("ZUSD", client.result("call", {"endpoint": "Balance"}))
            self.assert_error(client.request("call", {"endpoint": "AddOrder", "params": ORDER}), -32003, rule="right:trade")
            self.assert_error(client.request("call", {"endpoint": "Balance", "account": "bob"}), -32003, rule="grant:accounts")
        with self.daemon.admin() as admin:  # it would fall back to more
            self.assert_error(admin.request("grant.remove", {"holder": f"uid:{os.geteuid()}"}), -32602, reason="passphrase")
        self.ctl("grant", "remove", f"uid:{os.geteuid()}", "--stdin")
        with self.daemon.client() as client:
            self.assertIn("result", client.call("Balance", account="bob"))


class PayingKey(support.Key):
    ADDRESS = '[[account.withdraw_address]]\nkey = "bank"\nasset = "ZUSD"\naddress = "US00 0000 0000 0000"\n'

    def __init__(self, account):
        super().__init__(account, [*support.TRADING, "withdraw-funds", "create-ws-token"])

    def toml(self):
        return super().toml() + self.ADDRESS


class Funds(BotsTest):
    """What moves funds, or gives away the authority to, is for those alone who are granted it by name."""

    ACCOUNTS = ("alice",)
    KRAKEN = "request_timeout_ms = 3000"
    WITHDRAWAL = {"asset": "ZUSD", "key": "bank", "amount": "100.00"}

    def make_key(self, name):
        return PayingKey(name)

    def test_nobody_else_may(self):
        trader = self.bot(self.add("trader", allow="read,trade,cancel-all,export,deposit,transfer,earn,stream"))
        self.assertEqual(trader.error("Withdraw", self.WITHDRAWAL), DENIED)
        payer = self.bot(self.add("payer", allow="withdraw"))
        for endpoint in ("Balance", "GetWebSocketsToken", "AddOrder", "GetApiKeyInfo"):
            self.assertEqual(payer.error(endpoint), DENIED)
        self.assertIn("token", trader.private("GetWebSocketsToken")["result"])
        self.assertEqual(trader.error("WalletTransfer", {"asset": "XBT", "amount": "1", "from": "Spot Wallet", "to": "Futures Wallet"}),
                         DENIED)  # supports_futures is off
        self.assertEqual(trader.error("Earn/Allocate", {"strategy_id": "x", "amount": "1"}), DENIED)  # supports_staking is off

    def test_a_withdrawal_whose_answer_is_lost_is_made_once(self):
        payer = self.bot(self.add("payer", allow="read,withdraw"))
        first = payer.private("Withdraw", self.WITHDRAWAL)["result"]["refid"]
        self.exchange.fault("drop_after", endpoint="Withdraw")
        second = payer.private("Withdraw", {**self.WITHDRAWAL, "amount": "110.00"})["result"]["refid"]
        made = [movement["refid"] for movement in payer.private("WithdrawStatus", {"asset": "ZUSD"})["result"]]
        self.assertEqual(sorted(made), sorted([first, second]))
        self.assertEqual(len([entry for entry in self.exchange.journal() if entry["endpoint"] == "Withdraw"]), 2)
        self.ctl("freeze", "--reason", "too much", stdin="")
        self.assertEqual(payer.error("Withdraw", self.WITHDRAWAL), DENIED)


class Told(BotsTest):
    def test_whoami_and_check(self):
        status, out, _ = self.daemon.ctl("whoami")
        self.assertEqual(status, 0)
        self.assertIn(f"You are uid:{os.geteuid()}.", out)
        self.assertIn("read, trade, cancel-all, export", out)
        cancel_all = ("CancelAll", "--account", "alice")
        self.assertTrue(self.ctl("check", *cancel_all)["allowed"])
        self.assertIn("cancel-all", self.add("scalper")["warnings"][0])  # all orders are no longer one's own
        self.assertNotIn("warnings", self.add("watcher", allow="read"))
        refused = self.ctl("check", *cancel_all, status=1)
        self.assertEqual(refused["rule"], "right:cancel-all")
        status, _, err = self.daemon.ctl("call", *cancel_all)
        self.assertEqual(status, 1)
        self.assertIn("krakkenctl freeze --cancel-all", " ".join(err.split()))
        self.assertNotIn("cancel-all", self.daemon.ctl("whoami")[1])
        allowed = self.ctl("check", "AddOrder", *(f"{name}={value}" for name, value in ORDER.items()), "--account", "alice")
        self.assertEqual((allowed["allowed"], allowed["account"], allowed["holder"]), (True, "alice", "operator"))
        refused = self.ctl("check", "Withdraw", "asset=XBT", "--account", "alice", status=1)
        self.assertEqual((refused["allowed"], refused["rule"]), (False, "effect:fund"))
        self.ctl("grant", "set", f"uid:{os.geteuid()}", "--account", "alice", "--allow", "read,trade", "--max-order-notional", "50USD",
                 "--max-day-notional", "50USD", "--stdin")
        order = [f"{name}={value}" for name, value in ORDER.items()]
        self.assertEqual(self.ctl("check", "AddOrder", *order, status=1)["rule"], "limit:max-order-notional")
        for _ in range(2):  # which costs nothing
            self.assertTrue(self.ctl("check", "AddOrder", *order[:-1], "volume=0.005")["allowed"])
        self.assertEqual([entry for entry in self.exchange.journal() if entry["endpoint"] in ("AddOrder", "Withdraw")], [])


    def test_what_is_left(self):
        self.ctl("grant", "set", f"uid:{os.geteuid()}", "--account", "alice", "--allow", "read,trade", "--max-calls-per-minute", "10",
                 "--max-day-notional", "1000USD", "--stdin")
        with self.daemon.client() as client:
            self.assertEqual(client.result("whoami")["grants"][0]["left"], {"calls": 10, "day_notional": "1000USD"})
            self.assertIn("result", client.call("AddOrder", ORDER))
            self.assertEqual(client.result("whoami")["grants"][0]["left"], {"calls": 9, "day_notional": "900USD"})
        self.assertIn("Left: 9 calls in this minute, 900USD in these 24 hours.", self.daemon.ctl("whoami")[1])


class Connection(BotsTest):
    """A bot's key on a connection of its own, where lines of JSON are spoken."""

    def identify(self, client, bot, at=0, path="/krakkend/identify"):
        now = int(time.time()) + at
        return client.request("identify", {"key": bot.key, "time": now, "signature": bot.sign(path, now, f"nonce={now}")})

    def test_it_has_the_bots_rights_from_then_on(self):
        bot = self.bot(self.add("watcher", allow="read"))
        with self.daemon.client() as client:
            self.assertIn("result", client.call("AddOrder", ORDER, account="bob"))
            self.assertEqual(self.identify(client, bot)["result"], {"identity": "bot:watcher"})
            self.assertEqual(client.result("whoami")["identity"], "bot:watcher")
            self.assertIn("result", client.call("Balance"))
            self.assert_error(client.call("AddOrder", ORDER), -32003, rule="right:trade")
            self.assert_error(client.call("Balance", account="bob"), -32003, rule="grant:accounts")
            self.assertEqual(client.result("intent.list"), [])
            self.assert_error(self.identify(client, bot), -32600)
            self.ctl("bot", "rotate", "watcher", "--grace", "0", "--stdin")
            self.assert_error(client.call("Balance"), -32003, rule="grant:none")
            self.assert_error(client.request("wait", {"for": "ready"}), -32003, rule="grant:none")
        with self.daemon.client() as client:
            again = self.bot(self.ctl("bot", "rotate", "watcher", "--stdin"))
            self.assertIn("result", self.identify(client, again))
            self.assertIn("result", client.call("Balance"))
            self.ctl("bot", "revoke", "watcher")
            self.assert_error(client.call("Balance"), -32003, rule="grant:none")
            self.add("watcher", allow="read,trade")  # another one of that name
            self.assert_error(client.call("Balance"), -32003, rule="grant:none")
        with self.daemon.client() as client:
            self.assertEqual(client.result("whoami")["identity"], f"uid:{os.geteuid()}")

    def test_a_new_bot_does_not_see_what_another_of_its_name_has_done_elsewhere(self):
        old = self.bot(self.add("watcher"))
        self.assertEqual(old.error("AddOrder", ORDER), "")
        self.ctl("bot", "revoke", "watcher", stdin="")
        new = self.bot(self.add("watcher", account="bob"))
        with self.daemon.client() as client, self.daemon.admin() as admin:
            self.identify(client, new)
            [intent] = admin.result("intent.list")
            self.assertEqual(client.result("intent.list"), [])
            self.assert_error(client.request("intent.get", {"id": intent["id"]}), -32602)

    def test_a_bot_that_may_read_does_nothing_else(self):
        bot = self.bot(self.add("watcher", allow="read"))
        with self.daemon.client() as client:
            client.call("AddOrder", ORDER, account="bob")
            self.identify(client, bot)
            endpoints = [each for each in client.result("endpoints") if each["kind"] == "private"]
            for endpoint in endpoints:
                for account in ({"account": "bob"},) if endpoint["effect"] == "read" else ({}, {"account": "alice"}, {"account": "bob"}):
                    self.assert_error(client.call(endpoint["name"], {**ORDER, "new": True}, **account), -32003)
            for method in ("status", "account.list", "nonce.status", "intent.list", "whoami"):
                self.assertNotIn("bob", json.dumps(client.request(method)), method)
        acts = {endpoint["name"] for endpoint in endpoints if endpoint["effect"] != "read"}
        self.assertEqual([entry["account"] for entry in self.exchange.journal() if entry["endpoint"] == "AddOrder"], ["bob"])
        self.assertEqual({entry["endpoint"] for entry in self.exchange.journal()} & acts - {"GetApiKeyInfo"}, {"AddOrder"})

    def test_what_is_not_signed_now_for_this_is_refused(self):
        bot = self.bot(self.add("watcher", allow="read"))
        with self.daemon.client() as client:
            for refused in (self.identify(client, bot, at=-90), self.identify(client, bot, at=90),
                            self.identify(client, bot, path="/0/private/Balance")):
                self.assert_error(refused, -32010)
            self.assertEqual(client.result("whoami")["identity"], f"uid:{os.geteuid()}")


class Freeze(BotsTest):
    def test_what_is_frozen_is_there_and_what_was_not_canceled_is_said(self):
        self.assertEqual(self.ctl("freeze", "--account", "alcie", "--reason", "typed", stdin="", status=1)["data"]["category"],
                         "unknown_account")
        self.daemon.ctl("lock")
        frozen = self.ctl("freeze", "--cancel-all", "--reason", "while locked", stdin="", status=1)
        self.assertEqual((frozen["frozen"]["scope"], list(frozen["not_canceled"])), ("all", ["all"]))

    def test_nothing_but_reads_and_cancels_until_it_is_thawed(self):
        alice, bob = self.bot(self.add("a")), self.bot(self.add("b", account="bob"))
        with self.daemon.client() as client:
            client.call("AddOrder", ORDER, account="alice")
        self.assertEqual(alice.error("AddOrder", ORDER), "")
        frozen = self.ctl("freeze", "--bot", "a", "--reason", "out of hand", "--cancel-all", stdin="")
        self.assertEqual(frozen["canceled"], {"alice": {"count": 1}})
        [txid] = alice.private("OpenOrders")["result"]["open"]  # another's
        self.assertEqual((alice.error("AddOrder", ORDER), bob.error("AddOrder", ORDER)), (DENIED, ""))
        self.assertEqual((alice.error("Balance"), alice.error("CancelOrder", {"txid": txid})), ("", ""))
        self.daemon.stop()
        self.daemon.start()
        self.unlock()
        for bot in (alice, bob):
            bot.close()
        self.assertEqual((alice.error("AddOrder", ORDER), bob.error("AddOrder", ORDER)), (DENIED, ""))
        with self.daemon.admin() as admin:
            self.assert_error(admin.request("thaw", {"bot": "a"}), -32602, reason="passphrase")
        self.assertEqual(self.ctl("thaw", "--bot", "a", "--stdin"), {"thawed": "bot:a"})
        self.assertEqual(alice.error("AddOrder", ORDER), "")

    def test_a_bots_order_that_shows_later_is_canceled_then(self):
        bot = self.bot(self.add("a"))
        with concurrent.futures.ThreadPoolExecutor(1) as pool, self.daemon.client() as client:
            client.call("AddOrder", ORDER, account="alice")
            self.exchange.switch(order_shown_after_ms=2000)
            self.exchange.fault("drop_after", endpoint="AddOrder")
            placing = pool.submit(bot.private, "AddOrder", ORDER)
            support.wait_for(lambda: any("settling" in account for account in client.result("status")["accounts"]))
            self.ctl("freeze", "--bot", "a", "--reason", "out of hand", "--cancel-all", stdin="")
            [txid] = placing.result()["result"]["txid"]
            support.wait_for(lambda: txid in client.call("ClosedOrders", account="alice")["result"]["closed"])
            self.assertEqual(len(client.call("OpenOrders", account="alice")["result"]["open"]), 1)  # another's

    def test_an_account_and_all_with_their_orders(self):
        with self.daemon.client() as client:
            for account in ("alice", "bob"):
                client.call("AddOrder", ORDER, account=account)
            frozen = self.ctl("freeze", "--account", "alice", "--cancel-all", "--reason", "strange orders", stdin="")
            self.assertEqual((frozen["frozen"]["scope"], frozen["canceled"]), ("account:alice", {"alice": {"count": 1}}))
            refused = self.assert_error(client.call("AddOrder", ORDER, account="alice"), -32003, rule="freeze")
            self.assertIn("strange orders", refused["message"])
            self.assertIn("result", client.call("AddOrder", ORDER, account="bob"))
            self.assertEqual(self.ctl("freeze", "--cancel-all", "--reason", "all of it", stdin="")["canceled"],
                             {"alice": {"count": 0}, "bob": {"count": 2}})
            self.assert_error(client.call("AddOrder", ORDER, account="bob"), -32003, rule="freeze")
            self.assertEqual([each["scope"] for each in client.result("whoami")["frozen"]], ["account:alice", "all"])
            self.assertEqual([each["scope"] for each in client.result("status")["frozen"]], ["account:alice", "all"])
            self.assertIn("Frozen: all, all of it", self.daemon.ctl("status")[1])
            self.assertEqual(self.ctl("thaw", "--stdin"), {"thawed": "all"})
            self.assertIn("result", client.call("AddOrder", ORDER, account="bob"))
            self.assert_error(client.call("AddOrder", ORDER, account="alice"), -32003, rule="freeze")


if __name__ == "__main__":
    support.main()
