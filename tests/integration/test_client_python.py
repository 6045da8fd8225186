#!/usr/bin/env python3
"""client/python: the library for bots in Python, and its example bot."""

import asyncio
import json
import os
import pathlib
import pickle
import socket
import subprocess
import sys
import threading
import unittest
import unittest.mock
import urllib.parse
from decimal import Decimal

import support
from example_bot import ExampleBot
from stub_daemon import BREACHES, StubDaemon, read_some_and_close, refusal, reply

FOLDER = pathlib.Path(__file__).parents[2] / "client" / "python"
sys.path.insert(0, str(FOLDER))
import krakkend  # noqa: E402

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
QUICK = "[placement]\ndeadline_s = 4\nsettle_s = 2\n"


def both(test):
    """Runs a test once with Client and once with AsyncClient, each behind the same plain functions."""
    def run(self):
        for kind in (Waiting, Concurrent):
            with self.subTest(kind.__name__):
                test(self, kind)
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


class Waiting(krakkend.Client):
    """Client as it is."""


class Concurrent:
    """AsyncClient, one request after the other."""

    def __init__(self, *arguments, **more):
        self.loop, self.client = asyncio.new_event_loop(), krakkend.AsyncClient(*arguments, **more)

    def __getattr__(self, name):
        def run(*arguments, **more):
            async def ask():
                return await getattr(self.client, name)(*arguments, **more)
            return self.loop.run_until_complete(ask())
        return run

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.client.close()
        self.loop.close()


class Calls(support.SharedTest):
    """What leaves things as they were."""

    ACCOUNTS = ("alice", "bob")

    def make_key(self, name):
        return support.Key(name, support.TRADING if name == "alice" else ["query-funds"])

    def fields(self, endpoint):
        return dict(urllib.parse.parse_qsl(self.exchange.journal(endpoint)[-1]["body"]))

    @both
    def test_round_trips(self, kind):
        with kind(self.daemon.client_socket) as daemon:
            self.assertIsNone(daemon.wait_until_ready("alice"))
            self.assertEqual(daemon.call("Balance", account="alice")["ZUSD"], "100000000.0000")
            self.assertEqual(daemon.call("Ticker", {"pair": "XBTUSD"}).keys(), {"XXBTZUSD"})
            self.assertEqual(daemon.request("ping"), "pong")
            self.assertEqual(daemon.request("wait", {"for": "ready"}, account="alice"), True)
            self.assertEqual(daemon.request("status")["state"], "unlocked")

    @both
    def test_digits_stay_on_the_way_to_kraken(self, kind):
        with kind(self.daemon.client_socket) as daemon:
            for given, expected in ((Decimal("1.10000000"), "1.10000000"), (Decimal("1E-8"), "0.00000001"), ("0.0100", "0.0100"),
                                    (Decimal("1e3"), "1000"), (Decimal("0.1000000000000000055511151231257827"),) * 2,
                                    (12345678901234567890123, "12345678901234567890123"), (True, "true")):
                try:
                    daemon.call("AddOrder", {**ORDER, "validate": True}, account="alice", userref=7, price2=given)
                except krakkend.KrakkendError as error:
                    self.assertEqual(error.origin, "kraken")
                self.assertEqual(self.fields("AddOrder")["price2"], str(expected))
            rows = [{**{name: ORDER[name] for name in ("type", "ordertype", "volume")}, "price": Decimal("9999.50")}] * 2
            daemon.call("AddOrderBatch", pair="XBTUSD", orders=rows, validate=True, account="alice")
            self.assertIn('"price":"9999.50"', self.exchange.journal("AddOrderBatch")[-1]["body"])

    @both
    def test_what_would_not_arrive_as_meant_is_not_sent(self, kind):
        with kind(self.daemon.client_socket) as daemon:
            before = len(self.exchange.journal())
            for params in ({"price": 0.1}, {"orders": [{"price": 1.0}]}, {"price": Decimal("NaN")}, {1: "x"}, {"price": object()}):
                with self.assertRaises(TypeError):
                    daemon.call("AddOrder", params, account="alice")
            with self.assertRaises(TypeError):
                daemon.call("AddOrder", {"price": "1"}, price="2")
            with self.assertRaises(krakkend.Protocol):
                daemon.call("AddOrder", ORDER, price2=None)
            with self.assertRaises(krakkend.Unsent):
                daemon.call("AddOrder", ORDER, comment="x" * 256 * 1024)
            self.assertEqual(daemon.request("ping"), "pong")
            self.assertEqual(len(self.exchange.journal()), before)

    @both
    def test_refusals_have_a_class_each(self, kind):
        with kind(self.daemon.client_socket) as daemon:
            def refused(expected, *arguments, **more):
                with self.assertRaises(expected) as caught:
                    daemon.call(*arguments, **more)
                self.assertEqual(caught.exception.executed, "no")
                self.assertTrue(caught.exception.call_id)
                return caught.exception
            funds = refused(krakkend.Funds, "AddOrder", {**ORDER, "volume": "100000000"}, account="alice")
            self.assertEqual((funds.code, funds.category, funds.origin, funds.account), (-32014, "funds", "kraken", "alice"))
            self.assertEqual(funds.kraken, ["EOrder:Insufficient funds"])
            self.assertIn(funds.remedy, str(funds))
            self.assertIs(funds.retryable, False)
            self.assertEqual(str(pickle.loads(pickle.dumps(funds))), str(funds))
            refused(krakkend.OrderRefused, "AddOrder", {**ORDER, "pair": "NONE"}, account="alice")
            refused(krakkend.Permission, "AddOrder", ORDER, account="bob")
            refused(krakkend.Forbidden, "Withdraw", account="alice")
            refused(krakkend.UnknownEndpoint, "Nothing")
            self.assertEqual(refused(krakkend.UnknownAccount, "Balance").data["accounts"], ["alice", "bob"])
            refused(krakkend.Protocol, "Balance", {"nonce": 5}, account="alice")
            self.exchange.fault("error", text="EAPI:Rate limit exceeded", endpoint="TradeBalance", count=0)
            self.addCleanup(self.exchange.clear_faults)
            limited = refused(krakkend.RateLimit, "TradeBalance", account="alice", timeout_ms=2000)
            self.assertIs(limited.retryable, True)

    def test_it_knows_what_only_reads(self):
        with krakkend.Client(self.daemon.client_socket) as daemon:
            reading = {endpoint["name"] for endpoint in daemon.request("endpoints") if endpoint["effect"] == "read"}
            methods = {method["name"] for method in daemon.request("rpc.discover")["methods"]}
        self.assertEqual(krakkend._READING_ENDPOINTS, reading)
        self.assertEqual(krakkend._READING_METHODS, methods - {"call"})

    def test_many_calls_at_once(self):
        async def run():
            async with krakkend.AsyncClient(self.daemon.client_socket) as daemon:
                never = asyncio.ensure_future(daemon.request("wait", {"for": "ready"}, account="nobody-yet"))
                balances = [daemon.call("Balance", account="alice", timeout_ms=60_000, max_wait_ms=60_000) for _ in range(150)]
                pings = [daemon.request("ping") for _ in range(300)]
                results = await asyncio.gather(*balances, *pings)
                await asyncio.gather(never, return_exceptions=True)
                return results
        results = asyncio.run(run())
        self.assertEqual({result["ZUSD"] for result in results[:150]}, {"100000000.0000"})
        self.assertEqual(set(results[150:]), {"pong"})

    def test_a_cancelled_wait_leaves_the_connection_as_it_was(self):
        self.exchange.fault("delay", endpoint="Balance", delay_after_ms=400)

        async def run():
            async with krakkend.AsyncClient(self.daemon.client_socket) as daemon:
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(daemon.call("Balance", account="alice"), 0.1)
                link = daemon._link
                self.assertEqual(len(link._in_flight), 1)
                self.assertEqual((await daemon.call("Balance", account="bob"))["ZUSD"], "100000000.0000")
                self.assertEqual((await daemon.call("Balance", account="alice"))["ZUSD"], "100000000.0000")
                self.assertIs(daemon._link, link)
                self.assertEqual((link._in_flight, link._waiting), (set(), {}))
        asyncio.run(run())


class Stubbed(unittest.TestCase):
    """Against a server that breaks the protocol."""

    def stub(self, answer=None, talk=None):
        stub = StubDaemon(answer, talk)
        self.addCleanup(stub.stop)
        return stub

    def test_every_category_has_a_class_of_its_own(self):
        """Those of the admin socket, where secrets are, are none of this library's."""
        stub = self.stub(lambda request: refusal(request, -32000, request["method"], retry_after_ms=1500, retryable=True))
        categories = set(support.CATEGORIES.values()) - {"passphrase", "vault"}
        classes = set()
        with krakkend.Client(stub.path) as daemon:
            for category in sorted(categories):
                with self.assertRaises(krakkend.KrakkendError) as caught:
                    daemon.request(category)
                self.assertEqual((caught.exception.retry_after, caught.exception.retryable), (1.5, True))
                classes.add(type(caught.exception))
            self.assertEqual(len(classes - {krakkend.KrakkendError}), len(categories))
            self.assertLessEqual({kind.__name__ for kind in classes}, set(krakkend.__all__))
            with self.assertRaises(krakkend.KrakkendError) as caught:
                daemon.request("of tomorrow")
            self.assertIs(type(caught.exception), krakkend.KrakkendError)

    def test_what_does_not_say_so_may_have_happened(self):
        stub = self.stub(lambda request: b'{"jsonrpc":"2.0","id":%d,"error":{"code":-1,"data":{"retryable":true}}}\n' % request["id"])
        with krakkend.Client(stub.path) as daemon, self.assertRaises(krakkend.KrakkendError) as caught:
            daemon.request("ping")
        self.assertEqual((caught.exception.executed, caught.exception.retryable), ("unknown", False))

    @both
    def test_digits_of_answers_stay(self, kind):
        text = '{"a":1.10000000,"b":0.1000000000000000055511151231257827,"c":12345678901234567890}'
        stub = self.stub(lambda request: reply(request, text))
        with kind(stub.path) as daemon:
            answer = daemon.call("Balance")
        self.assertEqual({name: str(value) for name, value in answer.items()},
                         {"a": "1.10000000", "b": "0.1000000000000000055511151231257827", "c": "12345678901234567890"})
        self.assertEqual({type(value) for value in answer.values()}, {Decimal, int})

    @both
    def test_a_lost_answer(self, kind):
        """To what only reads it is nothing; to all else it is unknown, and nothing is sent again."""
        for name, breach in BREACHES.items():
            with self.subTest(name):
                stub = self.stub(breach)
                with kind(stub.path) as daemon:
                    for endpoint in ("AddOrder", "CancelOrder", "Withdraw", "Nothing"):
                        with self.assertRaises(krakkend.OutcomeUnknown) as caught:
                            daemon.call(endpoint, ORDER)
                        lost = caught.exception
                        self.assertEqual((lost.code, lost.executed, lost.retryable, lost.origin), (-32019, "unknown", False, "client"))
                        self.assertEqual((lost.intent, lost.settling), (None, False))
                    with self.assertRaises(krakkend.OutcomeUnknown):
                        daemon.request("lock")
                    for ask in (lambda: daemon.call("Balance"), lambda: daemon.request("status")):
                        with self.assertRaises(krakkend.Lost) as caught:
                            ask()
                        self.assertEqual((caught.exception.executed, caught.exception.retryable), ("no", True))
                self.assertEqual(len(stub.lines), 7)

    @both
    def test_no_answer(self, kind):
        stub = self.stub(lambda request: b"")
        with unittest.mock.patch("krakkend._GRACE", 0.05), kind(stub.path) as daemon:
            with self.assertRaises(krakkend.OutcomeUnknown):
                daemon.call("AddOrder", ORDER, timeout_ms=50)
            with self.assertRaises(krakkend.Late) as caught:
                daemon.call("Balance", timeout_ms=50)
            self.assertEqual(caught.exception.executed, "no")
        self.assertEqual(len(stub.lines), 2)

    def test_answers_in_any_order(self):
        held = []

        def answer(request):
            held.append(request)
            if len(held) < 64 and request["params"]["number"] < 99:
                return b""
            answers = b"".join(reply(one, str(one["params"]["number"])) for one in reversed(held))
            held.clear()
            return answers
        stub = self.stub(answer)

        async def run():
            async with krakkend.AsyncClient(stub.path) as daemon:
                return await asyncio.gather(*(daemon.request("ping", number=number) for number in range(100)))
        self.assertEqual(asyncio.run(run()), list(range(100)))

    def test_a_turn_that_does_not_come(self):
        """No more requests are out at once than the daemon works on. max_wait_ms bounds the wait, nothing was sent, and what
        is cancelled before its turn is taken back."""
        arrived = threading.Event()

        def answer(request):
            if len(stub.lines) == 64:
                arrived.set()
            return b""
        stub = self.stub(answer)

        async def run():
            async with krakkend.AsyncClient(stub.path) as daemon:
                others = [asyncio.ensure_future(daemon.request("ping")) for _ in range(64)]
                await asyncio.get_running_loop().run_in_executor(None, arrived.wait, support.PATIENCE)
                with self.assertRaises(krakkend.Unsent) as caught:
                    await daemon.call("AddOrder", ORDER, max_wait_ms=0)
                self.assertEqual((caught.exception.executed, caught.exception.retryable), ("no", True))
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(daemon.call("AddOrder", ORDER), 0.05)
                self.assertEqual(len(daemon._link._outgoing), 0)
                daemon.close()
                return await asyncio.gather(*others, return_exceptions=True)
        self.assertEqual({type(error) for error in asyncio.run(run())}, {krakkend.Lost})
        self.assertEqual(len(stub.lines), 64)

    def test_what_did_not_leave_as_a_whole_was_not_sent(self):
        go, whole = threading.Event(), []
        stub = self.stub(talk=lambda connection, _: read_some_and_close(connection, go, whole))

        async def run():
            async with krakkend.AsyncClient(stub.path) as daemon:
                calls = [asyncio.ensure_future(daemon.call("AddOrder", {"number": str(number), "text": "x" * 200_000}))
                         for number in range(12)]
                await asyncio.sleep(0)  # all of them have asked, and what the kernel takes has left
                go.set()
                return await asyncio.gather(*calls, return_exceptions=True)
        errors = asyncio.run(run())
        self.assertEqual({type(error) for error in errors}, {krakkend.OutcomeUnknown, krakkend.Unsent})
        for line in whole:
            self.assertIs(type(errors[int(json.loads(line)["params"]["params"]["number"])]), krakkend.OutcomeUnknown)

    def test_a_fork_takes_a_connection_of_its_own(self):
        stub = self.stub(lambda request: reply(request, "true"))
        with krakkend.Client(stub.path) as daemon:
            daemon.request("ping")
            child = os.fork()
            if child == 0:
                os._exit(0 if daemon.request("ping") is True else 1)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
            daemon.request("ping")
        self.assertEqual([number for number, _ in stub.lines], [1, 2, 1])

    def test_threads_share_a_client(self):
        stub = self.stub(lambda request: reply(request, str(request["params"]["number"])))
        with krakkend.Client(stub.path) as daemon:
            wrong = []

            def work(number):
                wrong.extend(1 for _ in range(50) if daemon.request("ping", number=number) != number)
            threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual((wrong, len(stub.lines)), ([], 400))

    def test_which_sockets(self):
        system = "/run/krakkend/krakkend.sock"
        for environment, expected in (
                ({"HOME": "/h"}, ["/h/.local/state/kraken_bot/run/krakkend.sock", system]),
                ({"HOME": "/h", "XDG_RUNTIME_DIR": "/x"}, ["/x/krakkend/krakkend.sock", system]),
                ({"HOME": "/h", "XDG_RUNTIME_DIR": "x"}, ["/h/.local/state/kraken_bot/run/krakkend.sock", system]),
                ({"HOME": "/h", "XDG_STATE_HOME": "/s"}, ["/s/kraken_bot/run/krakkend.sock", system]),
                ({"HOME": "/h", "KRAKKEND_STATE_DIR": "/k"}, ["/k/run/krakkend.sock"]),
                ({"HOME": "/h", "XDG_RUNTIME_DIR": "/x", "KRAKKEND_CONFIG_DIR": "/c"}, ["/x/krakkend/krakkend.sock"]),
                ({"XDG_RUNTIME_DIR": "/x", "KRAKKEND_RUNTIME_DIR": "/r"}, ["/r/krakkend.sock"]),
                ({"KRAKKEND_SOCKET": "/a/b", "KRAKKEND_RUNTIME_DIR": "/r"}, ["/a/b"]),
                ({"HOME": " ", "KRAKKEND_SOCKET": " "}, [system])):
            with unittest.mock.patch.dict(os.environ, environment, clear=True):
                self.assertEqual(krakkend.find_sockets(), expected)

    @both
    def test_no_daemon(self, kind):
        folder = self.stub().folder
        stale = folder / "stale.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(stale))
        for path in (folder / "absent.sock", stale, folder / ("x" * 200)):
            with kind(path) as daemon:
                with self.assertRaises(krakkend.NoDaemon) as caught:
                    daemon.call("AddOrder", ORDER)
                self.assertEqual((caught.exception.executed, caught.exception.retryable), ("no", True))
                self.assertIn(str(path), str(caught.exception))
                with self.assertRaises(krakkend.NoDaemon):
                    daemon.wait_until_ready(timeout_ms=1)

    def test_who_is_trusted(self):
        for server, own, owner, trusted in ((1000, 1000, 0, True), (0, 1000, 1000, True), (998, 1000, 998, True),
                                            (998, 1000, 1000, False), (998, 1000, 0, False), (1000, 0, 0, False),
                                            (65534, 1000, 65534, False)):
            self.assertIs(krakkend._is_trusted(server, own, owner), trusted)


@support.AS_ROOT
class Untrusted(support.DaemonTest):
    @both
    def test_nothing_is_sent_to_a_stranger(self, kind):
        self.daemon.stop()
        self.exchange.let_read()
        self.daemon.give_to(support.SOMEBODY)
        self.daemon.start()
        with kind(self.daemon.client_socket) as daemon:
            self.assertEqual(daemon.request("ping"), "pong")
        os.chown(self.daemon.runtime_dir, support.STRANGER, -1)
        with kind(self.daemon.client_socket) as daemon, self.assertRaises(krakkend.Untrusted) as caught:
            daemon.request("ping")
        self.assertEqual((caught.exception.executed, caught.exception.retryable), ("no", False))
        os.chown(self.daemon.runtime_dir, support.SOMEBODY, -1)


class OfABot(support.DaemonTest):
    """Who gives a bot's key is that bot, on every connection."""

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        _, made, _ = self.daemon.ctl("--json", "bot", "add", "watcher", "--account", "alice", "--allow", "read", "--stdin",
                                     stdin=support.PASSPHRASE + "\n")
        made = json.loads(made)
        self.bot = made["api_key"], made["api_secret"]

    def assert_is_the_bot(self, daemon):
        self.assertEqual(daemon.request("whoami")["identity"], "bot:watcher")
        self.assertIn("ZUSD", daemon.call("Balance"))
        with self.assertRaises(krakkend.Forbidden):
            daemon.call("AddOrder", ORDER)

    @both
    def test_also_after_a_restart(self, kind):
        with kind(self.daemon.client_socket, bot=self.bot) as daemon:
            self.assert_is_the_bot(daemon)
            self.daemon.kill()
            self.daemon.start()
            with self.assertRaises(krakkend.Locked):
                daemon.request("whoami")
            unlocking = threading.Timer(0.5, self.unlock)
            unlocking.start()
            daemon.wait_until_ready()
            unlocking.join()
            self.assert_is_the_bot(daemon)
        self.assertEqual(self.orders(), [])

    @both
    def test_a_wrong_secret(self, kind):
        with kind(self.daemon.client_socket, bot=(self.bot[0], support.random_secret())) as daemon:
            for _ in range(2):
                with self.assertRaises(krakkend.Auth):
                    daemon.call("AddOrder", ORDER)
        self.assertEqual(self.orders(), [])

    def test_before_anything_else_is_sent(self):
        async def ask():
            async with krakkend.AsyncClient(self.daemon.client_socket, bot=self.bot) as daemon:
                return await asyncio.gather(*(daemon.request("whoami") for _ in range(40)))
        self.assertEqual({answer["identity"] for answer in asyncio.run(ask())}, {"bot:watcher"})


class Lost(support.DaemonTest):
    CONFIG = QUICK

    def setUp(self):
        super().setUp()
        self.set_up_vault()

    @both
    def test_the_daemon_finds_out(self, kind):
        before = len(self.orders())
        self.exchange.switch(order_shown_after_ms=3000)
        self.exchange.fault("drop_after", endpoint="AddOrder")
        with kind(self.daemon.client_socket) as daemon:
            with self.assertRaises(krakkend.OutcomeUnknown) as caught:
                daemon.call("AddOrder", ORDER, timeout_ms=800)
            self.assertEqual((caught.exception.settling, caught.exception.origin), (True, "daemon"))
            with self.assertRaises(krakkend.Timeout):
                daemon.intent_wait(caught.exception.intent, timeout_ms=1)
            known = daemon.intent_wait(caught.exception.intent)
            self.assertEqual(known["state"], "placed")
            self.assertIn(known["result"]["txid"][0], daemon.call("OpenOrders")["open"])
        self.assertEqual(len(self.orders()), before + 1)

    @both
    def test_the_connection_is_lost_and_the_key_finds_the_order(self, kind):
        before, key = len(self.orders()), f"key of {kind.__name__}"
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=20000)
        killer = threading.Thread(target=lambda: (
            support.wait_for(lambda: len(self.orders()) > before), self.daemon.kill()))
        killer.start()
        with kind(self.daemon.client_socket) as daemon:
            with self.assertRaises(krakkend.OutcomeUnknown) as caught:
                daemon.call("AddOrder", ORDER, idempotency_key=key)
            killer.join()
            self.assertEqual((caught.exception.intent, caught.exception.origin), (None, "client"))
            with self.assertRaises(krakkend.NoDaemon):
                daemon.call("AddOrder", ORDER, idempotency_key=key)
            self.daemon.start()
            with self.assertRaises(krakkend.OutcomeUnknown) as caught:
                daemon.call("AddOrder", ORDER, idempotency_key=key, timeout_ms=300)
            self.unlock()
            known = daemon.intent_wait(caught.exception.intent)
            self.assertEqual(known["state"], "placed")
            self.assertEqual(daemon.call("AddOrder", ORDER, idempotency_key=key), known["result"])
        self.assertEqual(len(self.orders()), before + 1)

    @both
    def test_a_restart_between_two_calls_is_not_noticed(self, kind):
        with kind(self.daemon.client_socket) as daemon:
            first = daemon.call("AddOrder", ORDER, idempotency_key=kind.__name__)
            self.daemon.stop()
            self.daemon.start()
            with self.assertRaises(krakkend.Locked) as caught:
                daemon.call("AddOrder", {**ORDER, "volume": "0.02"})
            self.assertEqual(caught.exception.executed, "no")
            self.unlock()
            daemon.wait_until_ready()
            self.assertEqual(daemon.call("AddOrder", ORDER, idempotency_key=kind.__name__), first)

    @both
    def test_waiting_for_a_daemon_that_is_not_there_yet(self, kind):
        self.daemon.stop()

        def start():
            self.daemon.start()
            self.unlock()
        starter = threading.Thread(target=start)
        with kind(self.daemon.client_socket) as daemon:
            with self.assertRaises(krakkend.NoDaemon):
                daemon.request("ping")
            starter.start()
            daemon.wait_until_ready(timeout_ms=60_000)
            self.assertEqual(daemon.call("Balance")["ZUSD"], "100000000.0000")
        starter.join()


class Example(ExampleBot, support.DaemonTest):
    FOLDER = FOLDER
    START = (sys.executable, "-B", "example_bot.py")
    RUN = (sys.executable, "-B", "-c")
    NOT_PLACED = "the order was not placed\n"


if __name__ == "__main__":
    support.main()
