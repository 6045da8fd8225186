#!/usr/bin/env python3
"""client/node: the library for bots in Node, and its example bot."""

import json
import os
import pathlib
import socket
import subprocess
import threading
import unittest

import support
from example_bot import ExampleBot
from stub_daemon import BREACHES, StubDaemon, read_some_and_close, refusal, reply

FOLDER = pathlib.Path(__file__).parents[2] / "client" / "node"
ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
QUICK = "[placement]\ndeadline_s = 4\nsettle_s = 2\n"

# What every script may use. `failed` resolves to what a promise was rejected with; `tell` writes a line for the test.
BEGIN = """
import * as krakkend from "%s/krakkend.mjs";
import { createInterface } from "node:readline";

const daemon = new krakkend.Client({ socket: process.argv[1] });
const order = %s;
const tell = (value) => console.log(JSON.stringify(value));
const heard = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const failed = (asked) => asked.then(
    (result) => ({ result }),
    (error) => ({
        class: error.constructor.name, known: error instanceof krakkend.KrakkendError, name: error.name, message: error.message,
        code: error.code, category: error.category, executed: error.executed, retryable: error.retryable, origin: error.origin,
        call_id: error.callId, kraken: error.kraken, remedy: error.remedy, account: error.account, data: error.data,
        after: error.retryAfterMs, intent: error.intent, settling: error.settling,
    }),
);
""" % (FOLDER, json.dumps(ORDER))


class Script:
    """A running script. Each tell() of it is read by heard(), each `await heard.next()` goes on at say()."""

    def __init__(self, test, path, text, **variables):
        self.process = subprocess.Popen(
            ["node", "--input-type=module", "-e", BEGIN + text + "\ndaemon.close();\nheard.return();\n", str(path)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"], **variables})
        test.addCleanup(self.end)

    def heard(self):
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)

    def say(self):
        self.process.stdin.write("go on\n")
        self.process.stdin.flush()

    def all(self):
        """What it tells until its end, which must be a good one: nothing keeps it running, and nothing was left unhandled."""
        out, error = self.process.communicate(timeout=support.PATIENCE)
        assert (self.process.returncode, error) == (0, ""), (self.process.returncode, error)
        return [json.loads(line) for line in out.split("\n")[:-1]]

    def end(self):
        self.process.kill()
        self.process.communicate()


class Calls(support.SharedTest):
    """What leaves things as they were."""

    ACCOUNTS = ("alice", "bob")

    def make_key(self, name):
        return support.Key(name, support.TRADING if name == "alice" else ["query-funds"])

    def run_script(self, text):
        return Script(self, self.daemon.client_socket, text).all()

    def test_round_trips(self):
        ready, balance, ticker, pong, status = self.run_script("""
            tell(await daemon.waitUntilReady({ account: "alice" }) === undefined);
            tell(await daemon.call("Balance", {}, { account: "alice" }));
            tell(await daemon.call("Ticker", { pair: "XBTUSD" }));
            tell(await daemon.request("ping"));
            tell(await daemon.request("status"));""")
        self.assertEqual((ready, balance["ZUSD"], ticker.keys(), pong, status["state"]),
                         (True, "100000000.0000", {"XXBTZUSD"}, "pong", "unlocked"))

    def test_digits_stay_on_the_way_to_kraken(self):
        self.run_script("""
            const rows = [1, 2].map(() => ({ type: "buy", ordertype: "limit", volume: "0.0100", price: "9999.50", userref: 7 }));
            await daemon.call("AddOrderBatch", { pair: "XBTUSD", orders: rows, validate: true }, { account: "alice" });""")
        self.assertIn('"volume":"0.0100","price":"9999.50","userref":7', self.exchange.journal("AddOrderBatch")[-1]["body"])

    def test_what_would_not_arrive_as_meant_is_not_sent(self):
        before = len(self.exchange.journal())
        *wrong, null, large, misspelt, pong = self.run_script("""
            const given = [{ price: 0.1 }, { orders: [{ price: 1.5 }] }, { userref: 2 ** 53 }, { price: NaN }, { price: 5n },
                           { validate: undefined }, { validate: () => true }];
            for (const params of given)
                tell(await failed(daemon.call("AddOrder", { ...order, ...params }, { account: "alice" })));
            tell(await failed(daemon.call("AddOrder", { ...order, price2: null }, { account: "alice" })));
            tell(await failed(daemon.call("AddOrder", { ...order, comment: "x".repeat(256 * 1024) }, { account: "alice" })));
            tell(await failed(daemon.call("AddOrder", order, { idempotency_key: "k" })));
            tell(await daemon.request("ping"));""")
        self.assertEqual([error["class"] for error in wrong], ["TypeError"] * 7)
        self.assertEqual((null["class"], large["class"], misspelt["class"], pong), ("Protocol", "Unsent", "TypeError", "pong"))
        self.assertEqual(len(self.exchange.journal()), before)

    def test_refusals_have_a_class_each(self):
        self.exchange.fault("error", text="EAPI:Rate limit exceeded", endpoint="TradeBalance", count=0)
        self.addCleanup(self.exchange.clear_faults)
        errors = self.run_script("""
            const alice = { account: "alice" };
            tell(await failed(daemon.call("AddOrder", { ...order, volume: "100000000" }, alice)));
            tell(await failed(daemon.call("AddOrder", { ...order, pair: "NONE" }, alice)));
            tell(await failed(daemon.call("AddOrder", order, { account: "bob" })));
            tell(await failed(daemon.call("Withdraw", {}, alice)));
            tell(await failed(daemon.call("Nothing")));
            tell(await failed(daemon.call("Balance")));
            tell(await failed(daemon.call("Balance", { nonce: 5 }, alice)));
            tell(await failed(daemon.call("TradeBalance", {}, { ...alice, timeoutMs: 2000 })));""")
        self.assertEqual([error["class"] for error in errors],
                         ["Funds", "OrderRefused", "Permission", "Forbidden", "UnknownEndpoint", "UnknownAccount", "Protocol", "RateLimit"])
        self.assertEqual([error["name"] for error in errors], [error["class"] for error in errors])
        self.assertEqual({(error["known"], error["executed"]) for error in errors}, {(True, "no")})
        self.assertTrue(all(error["call_id"] for error in errors))
        funds = errors[0]
        self.assertEqual((funds["code"], funds["category"], funds["origin"], funds["account"], funds["kraken"], funds["retryable"]),
                         (-32014, "funds", "kraken", "alice", ["EOrder:Insufficient funds"], False))
        self.assertIn("lower the volume", funds["remedy"])
        self.assertEqual((errors[5]["data"]["accounts"], errors[7]["retryable"]), (["alice", "bob"], True))

    def test_many_calls_at_once(self):
        balances, pings = self.run_script("""
            const options = { account: "alice", timeoutMs: 60_000, maxWaitMs: 60_000 };
            const balances = Array.from({ length: 150 }, () => daemon.call("Balance", {}, options));
            const pings = Array.from({ length: 300 }, () => daemon.request("ping"));
            tell((await Promise.all(balances)).map((balance) => balance.ZUSD));
            tell(await Promise.all(pings));""")
        self.assertEqual((balances, pings), (["100000000.0000"] * 150, ["pong"] * 300))


class Stubbed(unittest.TestCase):
    """Against a server that breaks the protocol."""

    def stub(self, answer=None, talk=None):
        stub = StubDaemon(answer, talk)
        self.addCleanup(stub.stop)
        return stub

    def run_script(self, stub, text, **variables):
        return Script(self, stub.path, text, **variables).all()

    def test_every_category_has_a_class_of_its_own(self):
        """Those of the admin socket, where secrets are, are none of this library's."""
        categories = sorted(set(support.CATEGORIES.values()) - {"passphrase", "vault"})
        stub = self.stub(lambda request: refusal(request, -32000, request["method"], retry_after_ms=1500, retryable=True))
        *errors, other = self.run_script(stub, """
            for (const category of %s) tell(await failed(daemon.request(category)));
            tell(await failed(daemon.request("of tomorrow")));""" % json.dumps(categories))
        self.assertEqual({(error["known"], error["after"], error["retryable"]) for error in errors}, {(True, 1500, True)})
        self.assertEqual(len({error["class"] for error in errors} - {"KrakkendError"}), len(categories))
        self.assertEqual(other["class"], "KrakkendError")

    def test_what_does_not_say_so_may_have_happened(self):
        stub = self.stub(lambda request: b'{"jsonrpc":"2.0","id":%d,"error":{"code":-1,"data":{"retryable":true}}}\n' % request["id"])
        [error] = self.run_script(stub, 'tell(await failed(daemon.request("ping")));')
        self.assertEqual((error["executed"], error["retryable"]), ("unknown", False))

    def test_digits_of_answers_stay(self):
        """In texts always; of numbers in callText()."""
        text = '{"price":"1.10000000","n":1.10000000,"m":0.1000000000000000055511151231257827,"id":12345678901234567890,"u":"\u00e4\u2028"}'
        stub = self.stub(lambda request: reply(request, text))
        whole, parsed = self.run_script(stub, 'tell(await daemon.callText("Balance")); tell(await daemon.call("Balance"));')
        self.assertEqual((whole, parsed["price"], parsed["n"]), (text, "1.10000000", 1.1))

    def test_the_text_of_a_result_is_never_more_or_less_than_it(self):
        """Replies of another form than the daemon's: the answer counts as lost, rather than be guessed at."""
        for form in ('{"jsonrpc":"2.0","id":%d,"result":1,"more":2}\n', '{"id":%d,"jsonrpc":"2.0","result":1}\n',
                     '{"jsonrpc":"2.0","id":%d,"result":1} \n'):
            stub = self.stub(lambda request, form=form: (form % request["id"]).encode())
            errors = self.run_script(stub, """
                tell(await daemon.call("AddOrder", order));
                tell(await failed(daemon.callText("AddOrder", order)));
                tell(await failed(daemon.callText("Balance")));""")
            self.assertEqual((errors[0], errors[1]["class"], errors[2]["class"]), (1, "OutcomeUnknown", "Lost"))

    def test_long_answers_in_pieces(self):
        text = json.dumps({"x": "\u20ac" * 3_000_000}, ensure_ascii=False)

        def talk(connection, _):
            request = json.loads(connection.makefile("rb").readline())
            data = reply(request, text)
            for begin in range(0, len(data), 100_001):
                connection.sendall(data[begin:begin + 100_001])
        stub = self.stub(talk=talk)
        [size] = self.run_script(stub, """
            const answer = await daemon.call("Balance");
            tell([answer.x.length, new Set(answer.x).size]);""")
        self.assertEqual(size, [3_000_000, 1])

    def test_a_lost_answer(self):
        """To what only reads it is nothing; to all else it is unknown, and nothing is sent again."""
        for name, breach in BREACHES.items():
            with self.subTest(name):
                stub = self.stub(breach)
                errors = self.run_script(stub, """
                    for (const endpoint of ["AddOrder", "CancelOrder", "Withdraw", "Nothing"])
                        tell(await failed(daemon.call(endpoint, order)));
                    tell(await failed(daemon.request("lock")));
                    tell(await failed(daemon.call("Balance")));
                    tell(await failed(daemon.request("status")));""")
                for error in errors[:5]:
                    self.assertEqual((error["class"], error["code"], error["executed"], error["retryable"], error["origin"]),
                                     ("OutcomeUnknown", -32019, "unknown", False, "client"))
                    self.assertEqual((error.get("intent"), error["settling"]), (None, False))
                for error in errors[5:]:
                    self.assertEqual((error["class"], error["executed"], error["retryable"]), ("Lost", "no", True))
                self.assertEqual(len(stub.lines), 7)

    def test_no_answer(self):
        """The library waits 5 s longer than the daemon should; a late answer is dropped, and the connection stays."""
        held = []

        def answer(request):
            held.append(request)
            return b"".join(reply(one, str(one["id"])) for one in held) if request["method"] == "ping" else b""
        stub = self.stub(answer)
        late = self.run_script(stub, """
            const asked = [daemon.call("AddOrder", order, { timeoutMs: 1 }), daemon.call("Balance", {}, { timeoutMs: 1 })];
            for (const one of asked.map(failed)) tell(await one);
            tell(await daemon.request("ping"));""")
        self.assertEqual((late[0]["class"], late[1]["class"], late[1]["executed"], late[2]), ("OutcomeUnknown", "Late", "no", 3))
        self.assertEqual([number for number, _ in stub.lines], [1, 1, 1])

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
        [numbers] = self.run_script(stub, """
            const asked = Array.from({ length: 100 }, (_, number) => daemon.request("ping", { number }));
            tell(await Promise.all(asked));""")
        self.assertEqual(numbers, list(range(100)))

    def test_a_turn_that_does_not_come(self):
        """No more requests are out at once than the daemon works on. maxWaitMs bounds the wait, and nothing was sent."""
        stub = self.stub(lambda request: b"")
        *reads, turn = self.run_script(stub, """
            const others = Array.from({ length: 64 }, () => failed(daemon.request("ping")));
            const turn = await failed(daemon.call("AddOrder", order, { maxWaitMs: 0 }));
            daemon.close();
            for (const other of others) tell(await other);
            tell(turn);""")
        self.assertEqual((turn["class"], turn["executed"], turn["retryable"]), ("Unsent", "no", True))
        self.assertLessEqual({error["class"] for error in reads}, {"Lost", "Unsent"})
        self.assertNotIn("AddOrder", str(stub.lines))

    def test_what_did_not_leave_as_a_whole_was_not_sent(self):
        go, whole = threading.Event(), []
        stub = self.stub(talk=lambda connection, _: read_some_and_close(connection, go, whole))
        script = Script(self, stub.path, """
            const asked = Array.from({ length: 12 }, (_, number) =>
                failed(daemon.call("AddOrder", { number: String(number), text: "x".repeat(200_000) })));
            tell("asked");
            tell((await Promise.all(asked)).map((error) => error.class));""")
        self.assertEqual(script.heard(), "asked")
        go.set()
        [classes] = script.all()
        self.assertEqual(set(classes), {"OutcomeUnknown", "Unsent"})
        for line in whole:
            self.assertEqual(classes[int(json.loads(line)["params"]["params"]["number"])], "OutcomeUnknown")

    def test_closing_ends_what_is_out(self):
        stub = self.stub(lambda request: b"" if request["method"] == "wait" else reply(request, "true"))
        first, opening, waiting, again = self.run_script(stub, """
            const opening = failed(daemon.request("ping"));
            daemon.close();
            tell(await failed(daemon.request("ping")));
            tell(await opening);
            await daemon.request("ping");
            const waiting = failed(daemon.request("wait", { for: "ready" }));
            daemon.close();
            tell(await waiting);
            tell(await daemon.request("ping"));""")
        self.assertIn(opening["class"], ("Unsent", "Lost"))
        self.assertEqual((first, waiting["class"], again), ({"result": True}, "Lost", True))

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
            with self.subTest(environment):
                [sockets] = Script(self, "unused", f"tell(krakkend.findSockets({json.dumps(environment)}));").all()
                self.assertEqual(sockets, expected)

    def test_no_daemon(self):
        folder = self.stub().folder
        stale = folder / "stale.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(stale))
        for path in (folder / "absent.sock", stale, folder / ("x" * 200)):
            with self.subTest(path):
                call, ready = Script(self, path, """
                    tell(await failed(daemon.call("AddOrder", order)));
                    tell(await failed(daemon.waitUntilReady({ timeoutMs: 1 })));""").all()
                self.assertEqual((call["class"], call["executed"], call["retryable"]), ("NoDaemon", "no", True))
                self.assertIn(str(path), call["message"])
                self.assertEqual(ready["class"], "NoDaemon")

    def test_a_folder_that_others_may_write_to(self):
        stub = self.stub(lambda request: reply(request, "true"))
        for mode, trusted in ((0o700, True), (0o770, False), (0o702, False), (0o1777, True), (0o755, True)):
            stub.folder.chmod(mode)
            [answer] = self.run_script(stub, 'tell(await failed(daemon.request("ping")));')
            self.assertEqual(answer.get("class"), None if trusted else "Untrusted")
        self.assertEqual(len(stub.lines), 3)


@support.AS_ROOT
class Untrusted(support.DaemonTest):
    def test_nothing_is_sent_to_a_stranger(self):
        self.daemon.stop()
        self.exchange.let_read()
        self.daemon.give_to(support.SOMEBODY)
        self.daemon.start()
        text = 'tell(await failed(daemon.request("ping")));'
        self.assertEqual(Script(self, self.daemon.client_socket, text).all(), [{"result": "pong"}])
        os.chown(self.daemon.runtime_dir, support.STRANGER, -1)
        [error] = Script(self, self.daemon.client_socket, text).all()
        self.assertEqual((error["class"], error["executed"], error["retryable"]), ("Untrusted", "no", False))
        os.chown(self.daemon.runtime_dir, support.SOMEBODY, -1)


class Lost(support.DaemonTest):
    CONFIG = QUICK

    def setUp(self):
        super().setUp()
        self.set_up_vault()

    def test_it_knows_what_only_reads(self):
        """Every endpoint and method whose answer is lost: those that act are unknown, and no others."""
        with self.daemon.client() as client:
            endpoints = {endpoint["name"]: endpoint["effect"] for endpoint in client.result("endpoints")}
            methods = [method["name"] for method in client.result("rpc.discover")["methods"]]
        stub = StubDaemon(lambda request: None)
        self.addCleanup(stub.stop)
        told = Script(self, stub.path, """
            for (const endpoint of %s) tell([endpoint, (await failed(daemon.call(endpoint))).class]);
            for (const method of %s) tell([method, (await failed(daemon.request(method))).class]);
            """ % (json.dumps(list(endpoints)), json.dumps(methods))).all()
        expected = {**{name: "Lost" if effect == "read" else "OutcomeUnknown" for name, effect in endpoints.items()},
                    **{name: "OutcomeUnknown" if name == "call" else "Lost" for name in methods}}
        self.assertEqual(dict(told), expected)

    def test_the_daemon_finds_out(self):
        self.exchange.switch(order_shown_after_ms=3000)
        self.exchange.fault("drop_after", endpoint="AddOrder")
        lost, early, known, orders = Script(self, self.daemon.client_socket, """
            const lost = await failed(daemon.call("AddOrder", order, { timeoutMs: 800 }));
            tell(lost);
            tell(await failed(daemon.intentWait(lost.intent, { timeoutMs: 1 })));
            tell(await daemon.intentWait(lost.intent));
            tell(await daemon.call("OpenOrders"));""").all()
        self.assertEqual((lost["class"], lost["settling"], lost["origin"], early["class"]), ("OutcomeUnknown", True, "daemon", "Timeout"))
        self.assertEqual(known["state"], "placed")
        self.assertIn(known["result"]["txid"][0], orders["open"])
        self.assertEqual(len(self.orders()), 1)

    def test_the_connection_is_lost_and_the_key_finds_the_order(self):
        self.exchange.fault("delay", endpoint="AddOrder", delay_after_ms=20000)
        script = Script(self, self.daemon.client_socket, """
            const placing = () => daemon.call("AddOrder", order, { idempotencyKey: "k", timeoutMs: 5000 });
            tell(await failed(placing()));
            tell(await failed(placing()));
            await heard.next();
            const lost = await failed(placing());
            tell(lost);
            const known = await daemon.intentWait(lost.intent);
            tell(known);
            tell(await placing());""")
        support.wait_for(self.orders)
        self.daemon.kill()
        lost, absent = script.heard(), script.heard()
        self.assertEqual((lost["class"], lost["origin"], lost.get("intent")), ("OutcomeUnknown", "client", None))
        self.assertEqual(absent["class"], "NoDaemon")
        self.daemon.start()
        script.say()
        settling = script.heard()
        self.assertEqual((settling["class"], settling["origin"]), ("OutcomeUnknown", "daemon"))
        self.unlock()
        known, answer = script.all()
        self.assertEqual((known["state"], known["result"]), ("placed", answer))
        self.assertEqual(len(self.orders()), 1)

    def test_a_bot_is_that_bot_on_every_connection(self):
        _, made, _ = self.daemon.ctl("--json", "bot", "add", "watcher", "--account", "alice", "--allow", "read", "--stdin",
                                     stdin=support.PASSPHRASE + "\n")
        made = json.loads(made)
        script = Script(self, self.daemon.client_socket, """
            const of = (secret) => new krakkend.Client({ socket: process.argv[1], bot: { key: process.env.KEY, secret } });
            const bot = of(process.env.SECRET);
            const look = async () => {
                const identities = await Promise.all(Array.from({ length: 40 }, () => bot.request("whoami")));
                tell([...new Set(identities.map((one) => one.identity))]);
                tell(await failed(bot.call("AddOrder", order)));
            };
            await look();
            await heard.next();
            tell(await failed(bot.request("whoami")));
            await bot.waitUntilReady();
            await look();
            const stranger = of("AAAA");
            tell(await failed(stranger.call("AddOrder", order)));
            stranger.close();
            bot.close();""", KEY=made["api_key"], SECRET=made["api_secret"])
        self.assertEqual((script.heard(), script.heard()["class"]), (["bot:watcher"], "Forbidden"))
        self.daemon.kill()
        self.daemon.start()
        script.say()
        self.assertEqual(script.heard()["class"], "Locked")
        self.unlock()
        known, forbidden, stranger = script.all()
        self.assertEqual((known, forbidden["class"], stranger["class"]), (["bot:watcher"], "Forbidden", "Auth"))
        self.assertEqual(self.orders(), [])

    def test_a_restart_between_two_calls_is_not_noticed(self):
        script = Script(self, self.daemon.client_socket, """
            const placing = () => daemon.call("AddOrder", order, { idempotencyKey: "k" });
            tell(await placing());
            await heard.next();
            tell(await failed(daemon.call("AddOrder", { ...order, volume: "0.02" })));
            await daemon.waitUntilReady();
            tell(await placing());""")
        first = script.heard()
        self.daemon.stop()
        self.daemon.start()
        script.say()
        locked = script.heard()
        self.assertEqual((locked["class"], locked["executed"]), ("Locked", "no"))
        self.unlock()
        self.assertEqual(script.all(), [first])

    def test_waiting_for_a_daemon_that_is_not_there_yet(self):
        self.daemon.stop()
        script = Script(self, self.daemon.client_socket, """
            tell(await failed(daemon.request("ping")));
            await daemon.waitUntilReady();
            tell(await daemon.call("Balance"));""")
        self.assertEqual(script.heard()["class"], "NoDaemon")
        self.daemon.start()
        self.unlock()
        self.assertEqual(script.all()[0]["ZUSD"], "100000000.0000")


class Example(ExampleBot, support.DaemonTest):
    FOLDER = FOLDER
    START = ("node", "example_bot.mjs")
    RUN = ("node", "--input-type=module", "-e")
    NOT_PLACED = "Error: the order was not placed\n"


if __name__ == "__main__":
    support.main()
