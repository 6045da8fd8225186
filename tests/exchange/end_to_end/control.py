"""The control interface and the command line."""

import base64
import json
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

from end_to_end.client import ExchangeTest, QF, SECRET, binary


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

    def test_orders(self):
        order = {"ordertype": "limit", "type": "buy", "volume": "0.1", "pair": "XBTUSD", "price": "1000", "userref": "7"}
        self.exchange.control("POST", "/switches", {"order_shown_after_ms": 60000})
        [txid] = self.exchange.call("AddOrder", order)["result"]["txid"]
        self.assertEqual(self.exchange.call("OpenOrders")["result"]["open"], {})
        known = {"txid": txid, "status": "open", "type": "buy", "ordertype": "limit", "vol": "0.10000000", "vol_exec": "0.00000000",
                 "cl_ord_id": "", "userref": 7, "amended": 0}
        orders = self.exchange.control("GET", "/orders")["orders"]
        self.assertEqual((orders["alice"], orders["bob"]), ([known], []))
        self.exchange.call("AmendOrder", {"txid": txid, "order_qty": "0.2"})
        self.assertEqual(self.exchange.control("GET", "/orders")["orders"]["alice"], [{**known, "vol": "0.20000000", "amended": 1}])

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
        change(last_nonce="9000000000000000000")
        self.assertEqual(exchange.errors(key="carol-1", nonce="8999999999999999900"), ["EAPI:Invalid nonce"])
        self.assertEqual(exchange.errors(key="carol-1", nonce="9000000000000000001"), [])
        change(revoked=True)
        self.assertEqual(exchange.errors(key="carol-1"), ["EAPI:Invalid key"])
        for wrong in ({"account": "carol", "balances": {"ZUSD": "1"}}, {"account": "dave", "balances": {"NOPE": "1"}},
                      {"account": "dave", "key": {"api_key": "d", "api_secret": "?"}}, {"tier": "pro"},
                      {"account": "bob", "key": {"api_key": "alice-main"}},
                      {"account": "alice", "key": {"api_key": "alice-main", "last_nonce": "soon"}},
                      {"account": "alice", "key": {"api_key": "alice-main", "last_nonce": 5}}):
            exchange.control("POST", "/accounts", wrong, status=400)

    def test_market_settings_that_cannot_be(self):
        exchange = self.exchange
        for wrong in ({"pinned_prices": {"XXBTZUSD": "dear"}}, {"pinned_prices": 1}, {"post_only_crossing": "maybe"}):
            exchange.control("POST", "/switches", wrong, status=400)
        self.assertEqual(exchange.errors(), [])

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
        manual = pathlib.Path(__file__).parents[1].joinpath("README.md").read_text()
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
                subprocess.run([binary(), "--init", f"{folder}/{name}"], check=True, stdout=subprocess.DEVNULL)
                path = pathlib.Path(folder, name, "exchange.toml")
                self.assertEqual(path.stat().st_mode & 0o077, 0)
                texts.append(path.read_text())
            self.assertNotEqual(*(re.findall("api_secret = .*", text) for text in texts))
            again = subprocess.run([binary(), "--init", f"{folder}/one"], capture_output=True, text=True)
            self.assertEqual((again.returncode, "there already" in again.stderr), (1, True))

    def test_wrong_config_names_its_line(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "exchange.toml")
            config.write_text("[switches]\n\ntypo = 1\n")
            result = subprocess.run([binary(), "--config", config], capture_output=True, text=True, timeout=20)
            self.assertEqual(result.returncode, 1)
            self.assertIn("line 3: there is no switch typo", result.stderr)
