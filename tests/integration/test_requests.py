#!/usr/bin/env python3
"""A client on Debian's python3-requests, as krakenex is, through the gateway; and the bots that the README shows."""

import json
import pathlib
import re
import subprocess

import support

ROOT = pathlib.Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


class RequestsTest(support.DaemonTest):
    CONFIG = '[gateway]\nlisten = "127.0.0.1:0"\n'

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        status, made, error = self.daemon.ctl("--json", "bot", "add", "moved", "--account", "alice", "--allow", "read,trade", "--stdin",
                                              stdin=support.PASSPHRASE + "\n")
        self.assertEqual(status, 0, error)
        self.bot = json.loads(made)
        with self.daemon.client() as client:
            self.gateway = client.result("gateway.show")

    def run_python(self, code, *arguments, **variables):
        done = subprocess.run([support.PYTHON, "-B", "-c", code, *arguments], capture_output=True, text=True, timeout=support.PATIENCE,
                              env=self.daemon.environment(**variables))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def trade(self, ca_file):
        told = self.run_python("""
import json, sys
sys.path.insert(0, sys.argv[1])
from krakenex_like import Api
api = Api(*sys.argv[2:])
order = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
made = api.query_private("AddOrder", order)["txid"]
print(json.dumps([api.query_private("Balance")["ZUSD"], made == list(api.query_private("OpenOrders")["open"]),
                  api.query_private("CancelOrder", {"txid": made[0]})["count"]]))
""", ROOT / "tests/bench", self.gateway["url"], ca_file, self.bot["api_key"], self.bot["api_secret"])
        self.assertEqual(json.loads(told), ["100000000.0000", True, 1])


class Plain(RequestsTest):
    def test_it_trades(self):
        self.trade("")

    def test_the_readme_s(self):
        [shown] = re.findall("```python\n(import base64.*?)```", README, re.DOTALL)
        self.assertEqual(shown, (ROOT / "packaging/moved_bot.py").read_text())
        told = self.run_python(shown, BOT_URL=self.gateway["url"], BOT_KEY=self.bot["api_key"], BOT_SECRET=self.bot["api_secret"])
        self.assertRegex(told, r"^\{.*'ZUSD': '100000000.0000'\}\n\['O.*'\] \{'count': 1\}\n$")


class Tls(RequestsTest):
    CONFIG = RequestsTest.CONFIG + "tls = true\n"

    def test_it_trades(self):
        self.trade(self.gateway["ca_file"])


if __name__ == "__main__":
    support.main()
