#!/usr/bin/env python3
"""ccxt through the gateway, as it comes from npm: what a user of it changes is its address and its key.

Exit status 77, "skipped" to CTest, says that npm could not bring it here.
"""

import json
import pathlib
import re
import subprocess
import sys
import unittest

import support
from test_bots import FORM, JSON, Bot

ROOT = pathlib.Path(__file__).parents[2]
SKIPPED = 77

# What every script may use. `tell` writes a line for the test; `failed` resolves to what a promise was rejected with.
BEGIN = """
import ccxt from "ccxt";

const { URL, API_KEY, API_SECRET } = process.env;
const connect = (more) => new ccxt.kraken({
    apiKey: API_KEY, secret: API_SECRET, enableRateLimit: false, urls: { api: { public: URL, private: URL } }, ...more });
const kraken = connect();
const tell = (value) => console.log(JSON.stringify(value ?? null));
const failed = (asked) => asked.then(
    (result) => ({ result }), (error) => ({ class: error.constructor.name, message: error.message }));
"""


def install():
    done = subprocess.run([ROOT / "tests/ccxt/install"], capture_output=True, text=True)
    if done.returncode != 0:
        print("npm could not install ccxt:", done.stderr, file=sys.stderr)
        sys.exit(SKIPPED)
    return done.stdout.strip()


class CcxtTest(support.DaemonTest):
    CONFIG = '[gateway]\nlisten = "127.0.0.1:0"\n'
    ALLOW = "read,trade,cancel-all"

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        with self.daemon.client() as client:
            self.gateway = client.result("gateway.show")
        self.bot = self.add("ccxt", self.ALLOW)

    def add(self, name, allow):
        status, out, error = self.daemon.ctl("--json", "bot", "add", name, "--account", "alice", "--allow", allow, "--stdin",
                                             stdin=support.PASSPHRASE + "\n")
        self.assertEqual(status, 0, error)
        return json.loads(out)

    def start(self, text, bot=None, **variables):
        """A script of ours; it finds ccxt where it is started."""
        bot = bot or self.bot
        process = subprocess.Popen(
            ["node", "--input-type=module", "-e", BEGIN + text], cwd=MODULES, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=self.daemon.environment(
                URL=self.gateway["url"], API_KEY=bot["api_key"], API_SECRET=bot["api_secret"], **variables))
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def told(self, process):
        """What it tells until its end, which must be a good one."""
        out, error = process.communicate(timeout=support.PATIENCE)
        self.assertEqual((process.returncode, error), (0, ""), out)
        return [json.loads(line) for line in out.splitlines()]

    def run_script(self, text, **options):
        return self.told(self.start(text, **options))

    def open_orders(self):
        with self.daemon.client() as client:
            return client.call("OpenOrders")["result"]["open"]


class Calls(CcxtTest):
    def test_two_hundred_at_once_on_one_key(self):
        """Its nonces are milliseconds: many of these share one, for which Kraken refuses all but the first."""
        self.exchange.switch(rest_cost={**self.exchange.WIDE["rest_cost"], "TradesHistory": 0})
        [told] = self.run_script("""
            await kraken.loadMarkets();
            const asked = Array.from({ length: 50 }, (_, number) => [
                kraken.createOrder("BTC/USD", "limit", "buy", 0.01, 10000 + number),
                kraken.fetchOpenOrders("BTC/USD", undefined, undefined, { userref: number + 1 }),
                kraken.fetchClosedOrders("BTC/USD", undefined, undefined, { ofs: number }),
                kraken.fetchMyTrades("BTC/USD", undefined, undefined, { ofs: number })]);
            const answers = await Promise.all(asked.flat().map(failed));
            tell({ wrong: answers.filter((one) => one.class), count: answers.length,
                   orders: new Set(answers.map((one) => one.result.id)).size });""")
        self.assertEqual(told, {"wrong": [], "count": 200, "orders": 51})  # what is no order has no id
        for endpoint in ("AddOrder", "OpenOrders", "ClosedOrders", "TradesHistory"):
            self.assertEqual(len(self.exchange.journal(endpoint)), 50)
        self.assert_rising()

    def test_orders_of_every_form(self):
        made, batch, trailing, relative, edited, one, all_after, none_after, left = self.run_script("""
            const made = await kraken.createOrder("BTC/USD", "limit", "buy", 0.01, 10000);
            tell(made.id);
            tell((await kraken.createOrders([1, 2].map((number) => (
                { symbol: "BTC/USD", type: "limit", side: "buy", amount: 0.01 * number, price: 10000 })))).map((order) => order.id));
            tell((await kraken.createOrder("BTC/USD", "trailing-stop", "sell", 0.01, undefined, { trailingPercent: "5" })).id);
            tell((await kraken.privatePostAddOrder(
                { pair: "XBTUSD", type: "buy", ordertype: "take-profit", price: "-5%", volume: "0.01" })).result.txid[0]);
            tell((await kraken.editOrder(made.id, "BTC/USD", "limit", "buy", 0.02, 9999.5)).info.amend_id);
            tell(Number((await kraken.cancelOrder(made.id)).info.result.count));
            tell((await kraken.cancelAllOrdersAfter(60000)).result);
            tell((await kraken.cancelAllOrdersAfter(0)).result);
            tell((await kraken.fetchOpenOrders()).map((order) => order.id));""")
        self.assertEqual(set(left), {*batch, trailing, relative})
        self.assertEqual(len(left), 4)
        self.assertTrue(edited)
        self.assertEqual(one, 1)
        self.assertNotEqual(all_after["triggerTime"], "0")
        self.assertEqual(none_after["triggerTime"], "0")
        bodies = {entry["endpoint"]: entry["body"] for entry in self.exchange.journal() if entry["body"]}
        self.assertIn("timeout=0", bodies["CancelAllOrdersAfter"])
        self.assertIn('"volume":"0.02","price":"10000"', bodies["AddOrderBatch"])
        self.assertEqual([entry["body"][0] for entry in self.exchange.journal("AddOrder") if '%"' in entry["body"]], ["{", "{"])
        self.assert_rising()

    def test_the_nonce_may_come_last(self):
        client = Bot(self.daemon, self.bot)
        self.addCleanup(client.close)
        path = "/0/private/CancelAllOrdersAfter"
        for nonce, kind, body in ((7, FORM, "timeout=60&nonce=7"), (8, JSON, '{"timeout": 60, "nonce": "8"}')):
            reply = client.send_signed(path, body, kind, client.sign(path, nonce, body))
            self.assertEqual(reply["error"], [])
            self.assertIn("triggerTime", reply["result"])

    def test_what_is_refused_has_its_class(self):
        watcher, revoked = self.add("watcher", "read"), self.add("revoked", "read")
        self.daemon.ctl("bot", "revoke", "revoked")
        order = 'kraken.createOrder("BTC/USD", "limit", "buy", 0.01, 10000)'
        balance = "tell(await failed(kraken.fetchBalance()));"
        [denied] = self.run_script(f"tell(await failed({order}));", bot=watcher)
        [unknown] = self.run_script(balance, bot=revoked)
        [forged] = self.run_script(balance, bot={**self.bot, "api_secret": watcher["api_secret"]})
        [poor] = self.run_script('tell(await failed(kraken.createOrder("BTC/USD", "limit", "buy", 100000, 10000)));')
        with self.daemon.admin() as admin:
            admin.result("lock")
        [locked] = self.run_script(balance)
        self.assertEqual([one["class"] for one in (denied, unknown, poor, locked)],
                         ["PermissionDenied", "AuthenticationError", "InsufficientFunds", "ExchangeNotAvailable"])
        # It has no class of its own for Kraken's words for this.
        self.assertEqual((forged["class"], "EAPI:Invalid signature" in forged["message"]), ("ExchangeError", True))
        self.assertEqual(self.account_orders(), 0)


    def test_the_readme_s(self):
        [shown] = re.findall("```js\n(import ccxt.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        self.assertEqual(shown, (ROOT / "packaging/moved_bot.mjs").read_text())
        done = subprocess.run(["node", "--input-type=module", "-e", shown], cwd=MODULES, capture_output=True, text=True,
                              timeout=support.PATIENCE, env=self.daemon.environment(
                                  BOT_URL=self.gateway["url"], BOT_KEY=self.bot["api_key"], BOT_SECRET=self.bot["api_secret"]))
        self.assertRegex(done.stdout + done.stderr, r"^\{.* USD: 100000000 \}\n\[ 'O.*' \] \{ count: 1 \}\n$")


class Tls(CcxtTest):
    CONFIG = CcxtTest.CONFIG + "tls = true\n"

    def test_it_trusts_the_gateway_when_told_to(self):
        status, out, _ = self.daemon.ctl("gateway", "ca")
        self.assertEqual(status, 0)
        told = self.run_script("""
            tell((await kraken.fetchBalance()).USD.total);
            tell((await kraken.createOrder("BTC/USD", "limit", "buy", 0.01, 10000)).id);""", NODE_EXTRA_CA_CERTS=out.splitlines()[0])
        self.assertEqual(told, [100000000, *self.open_orders()])
        [untold] = self.run_script("tell(await failed(kraken.fetchBalance()));")
        self.assertIn("unable to verify the first certificate", untold["message"])


class Retries(CcxtTest):
    """It gives up before the daemon does, and places the order anew with another nonce."""

    KRAKEN = "request_timeout_ms = 3000"
    CONFIG = CcxtTest.CONFIG + "[placement]\ndeadline_s = 4\nsettle_s = 1\n"
    TEXT = """
        const patient = connect({ timeout: 2000, options: { maxRetriesOnFailure: 10, maxRetriesOnFailureDelay: 200 } });
        await patient.loadMarkets();
        tell(await failed(patient.createOrder("BTC/USD", "limit", "buy", 0.01, 10000).then((order) => order.id)));"""

    def assert_one_order(self, answer):
        orders = self.open_orders()
        self.assertEqual((len(orders), self.account_orders()), (1, 1))
        self.assertEqual(answer, {"result": list(orders)[0]})

    def test_an_order_whose_answer_is_late(self):
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=5000)
        [answer] = self.run_script(self.TEXT)
        self.assert_one_order(answer)
        self.assertEqual(len(self.exchange.journal("AddOrder")), 1)

    def test_an_order_whose_answer_is_lost(self):
        self.exchange.switch(order_shown_after_ms=2500)
        self.exchange.fault("drop_after", endpoint="AddOrder")
        [answer] = self.run_script(self.TEXT)
        self.assert_one_order(answer)
        self.assertEqual(len(self.exchange.journal("AddOrder")), 1)

    def test_an_order_that_never_arrived(self):
        self.exchange.fault("drop_before", endpoint="AddOrder")
        [answer] = self.run_script(self.TEXT)
        self.assert_one_order(answer)
        self.assertEqual([entry["executed"] for entry in self.exchange.journal("AddOrder")], [False, True])

    def test_without_retries_it_says_that_it_does_not_know(self):
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=5000)
        [answer] = self.run_script(self.TEXT.replace("maxRetriesOnFailure: 10", "maxRetriesOnFailure: 0"))
        self.assertEqual(answer["class"], "RequestTimeout")
        support.wait_for(lambda: len(self.open_orders()) == 1)


if __name__ == "__main__":
    MODULES = install()
    unittest.main(verbosity=2)
