#!/usr/bin/env python3
"""Garbage on both sockets harms nobody: the sender is told or cut off, an honest client beside it keeps its answers."""

import contextlib
import json
import random
import resource
import select
import socket
import threading
import time

import support

LIMIT = 256 * 1024
PING = '{"jsonrpc":"2.0","id":"%s","method":"ping"}'


def nested(depth):
    return "[" * depth + "]" * depth


class Honest(threading.Thread):
    """A client beside the attack: every request of it must be answered rightly, and soon."""

    def __init__(self, daemon):
        super().__init__()
        self.daemon = daemon
        self.over = threading.Event()
        self.answers, self.slowest, self.failure = 0, 0.0, None

    def run(self):
        try:
            with self.daemon.client() as client:
                while not self.over.is_set():
                    begun = time.monotonic()
                    assert client.result("ping") == "pong"
                    assert "ZUSD" in client.result("call", {"endpoint": "Balance"})
                    self.slowest = max(self.slowest, time.monotonic() - begun)
                    self.answers += 1
        except BaseException as failure:  # told by the test's own thread
            self.failure = failure


class GarbageTest(support.DaemonTest):
    LEVEL = "info"

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.honest = Honest(self.daemon)
        self.honest.start()
        self.addCleanup(self.honest_was_served)

    def honest_was_served(self):
        begun = self.honest.answers
        support.wait_for(lambda: self.honest.failure or self.honest.answers > begun + 2, said="the honest client waits")
        self.honest.over.set()
        self.honest.join(support.PATIENCE)
        if self.honest.failure:
            raise self.honest.failure
        self.assertLess(self.honest.slowest, 20)
        self.assertLess(self.memory(), 1500 if support.SANITIZED else 150, "MiB of the daemon")

    def memory(self):
        with open(f"/proc/{self.daemon.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) // 1024

    def both(self):
        """A fresh connection to each socket."""
        for path in (self.daemon.client_socket, self.daemon.admin_socket):
            client = support.Client(path)
            self.addCleanup(client.close)
            yield client
            client.close()

    def assert_parse_error(self, line):
        self.assertIsNotNone(line, "closed without a word")
        reply = json.loads(line)
        self.assertEqual((reply["id"], reply["error"]["code"]), (None, -32700))

    def assert_stays(self, client):
        self.assertEqual(client.result("ping"), "pong")

    def assert_closed(self, client):
        self.assertIsNone(client.line())


class Lines(GarbageTest):
    def test_size(self):
        for client in self.both():
            text = PING % "a"
            self.assertEqual(client.reply(text + " " * (LIMIT - len(text)))["result"], "pong")
            long = '{"jsonrpc":"2.0","id":1,"method":"' + "x" * LIMIT
            self.assertEqual(client.reply(long[:LIMIT - 2] + '"}')["error"]["code"], -32601)
            self.assert_stays(client)
            self.assert_parse_error(client.ask(text + " " * (LIMIT + 1 - len(text))))
            self.assert_closed(client)

    def test_too_long_after_a_good_one(self):
        for client in self.both():
            client.send(PING % "good" + "\n" + "x" * (LIMIT + 1) + "\n" + PING % "late" + "\n")
            self.assertEqual(json.loads(client.line())["id"], "good")
            self.assert_parse_error(client.line())
            self.assert_closed(client)

    def test_endless_line(self):
        for client in self.both():
            sent = 0
            try:
                while sent < 64 << 20:
                    client.send(b"[" * 65536)
                    sent += 65536
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertLess(sent, 64 << 20, "an endless line is read for ever")

    def test_depth(self):
        request = '{"jsonrpc":"2.0","id":1,"method":"no.such","params":%s}'
        for client in self.both():
            self.assertEqual(client.reply(request % nested(31))["error"]["code"], -32601)
            for depth in (32, 33, 1000, 100_000):
                self.assert_parse_error(client.ask(request % nested(depth)))
                self.assert_parse_error(client.ask(nested(depth + 1)))
                self.assert_parse_error(client.ask("[" * depth + "\n") if depth > 32 else client.ask("["))
            self.assert_stays(client)

    def test_not_utf8(self):
        for text in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"):
            for client in self.both():
                self.assert_parse_error(client.ask(b'{"jsonrpc":"2.0","id":1,"method":"' + text + b'"}'))
                self.assert_closed(client)

    def test_binary(self):
        dice = random.Random(1)
        for size in (1, 10, 1000, 100_000):
            for client in self.both():
                client.send(dice.randbytes(size).replace(b"\n", b"\r") + b"\xfe\n")
                self.assert_parse_error(client.line())
                self.assert_closed(client)

    def test_not_json(self):
        for client in self.both():
            for text in ("\x00", "\x01\x02", "hello", "GET / HTTP/1.1", "{", "}", '{"a"', '"', "[,]", "\ufeff" + PING % "bom", "nul"):
                self.assert_parse_error(client.ask(text))
            self.assert_stays(client)


class Ends(GarbageTest):
    def test_half_a_message(self):
        for client in self.both():
            client.send(PING % "whole" + "\n" + '{"jsonrpc":"2.0","id":2,"meth')
            client.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(json.loads(client.line())["id"], "whole")
            self.assert_closed(client)

    def test_answers_still_come_after_the_last_request(self):
        with self.daemon.client() as client:
            client.send('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"Balance"}}\n')
            client.socket.shutdown(socket.SHUT_WR)
            self.assertIn("result", json.loads(client.line()))
            self.assert_closed(client)

    def test_gone_without_reading(self):
        for _ in range(100):
            for client in self.both():
                client.send((PING % 1 + "\n") * 50)

    def test_slow_drip(self):
        for client in self.both():
            for character in PING % "slow" + "\n":
                client.send(character)
            self.assertEqual(json.loads(client.line())["id"], "slow")

    def test_a_line_must_end_some_day(self):
        clients = [self.daemon.client(), self.daemon.admin(), self.daemon.client()]
        begun = time.monotonic()
        for client in clients:
            self.addCleanup(client.close)
            client.send('{"jsonrpc"')
        still = [client.socket for client in clients]
        while still:
            self.assertLess(time.monotonic() - begun, 90)
            for ended in select.select(still, [], [], 0.5)[0]:
                self.assert_ended(ended)
                self.assertGreater(time.monotonic() - begun, 20)
                still.remove(ended)
            if clients[2].socket in still:
                with contextlib.suppress(BrokenPipeError):  # closed since select() looked: the next look tells
                    clients[2].send(" ")  # this one goes on, too slowly

    def assert_ended(self, connection):
        try:
            self.assertEqual(connection.recv(1), b"")
        except ConnectionResetError:
            pass  # closed with a byte of ours unread


class Many(GarbageTest):
    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        super().setUp()

    def test_a_thousand_connections(self):
        clients = []
        try:
            for _ in range(1000):
                clients.append(self.daemon.client())
            for number, client in enumerate(clients):
                client.send(PING % number + "\n")
            for number, client in enumerate(clients):
                self.assertEqual(json.loads(client.line()), {"jsonrpc": "2.0", "id": str(number), "result": "pong"})
            for client in clients:
                client.send("{" * 100)
        finally:
            for client in clients:
                client.close()
        with self.daemon.admin() as admin:
            support.wait_for(lambda: admin.result("status")["clients"] <= 2)

    def test_never_reads(self):
        with self.daemon.client() as client:
            request = b'{"jsonrpc":"2.0","id":1,"method":"endpoints"}\n'
            pending = request * 20_000
            client.socket.setblocking(False)
            # Until the daemon reads no more: that is what must happen.
            while pending and select.select([], [client.socket], [], 5)[1]:
                pending = pending[client.socket.send(pending):]
            self.assertTrue(pending, "the daemon swallows without end")
            self.assertLess(self.memory(), 1500 if support.SANITIZED else 100)
            # Once it is read, everything that was sent whole is answered.
            whole = (20_000 * len(request) - len(pending)) // len(request)
            client.socket.settimeout(support.PATIENCE)
            for _ in range(whole):
                self.assertIn(b'"AddOrder"', client.line())

    def test_administrators_are_few(self):
        admins = [self.daemon.admin() for _ in range(8)]
        try:
            for admin in admins:
                self.assert_stays(admin)
            with self.daemon.admin() as one_more:
                reply = json.loads(one_more.line())
                self.assertEqual((reply["id"], reply["error"]["code"]), (None, -32020))
                self.assert_closed(one_more)
        finally:
            for admin in admins:
                admin.close()


class TooMany(support.DaemonTest):
    CONFIG = "[socket]\nmax_clients = 5\n"

    def connect(self):
        """A client that is served, or None."""
        client = self.daemon.client()
        try:
            if client.request("ping").get("result") == "pong":
                return client
        except (OSError, AssertionError):
            pass
        client.close()
        return None

    def test_one_more_is_told(self):
        clients = [support.wait_for(self.connect) for _ in range(5)]
        try:
            for _ in range(3):
                with self.daemon.client() as one_more:
                    reply = json.loads(one_more.line())
                    self.assertEqual((reply["id"], reply["error"]["code"]), (None, -32020))
                    self.assertTrue(reply["error"]["data"]["retryable"])
                    self.assertIsNone(one_more.line())
            self.assertEqual(clients[0].result("status")["clients"], 5)
            clients.pop().close()
            clients.append(support.wait_for(self.connect))
            for client in clients:
                self.assertEqual(client.result("ping"), "pong")
        finally:
            for client in clients:
                client.close()


class Fuzz(GarbageTest):
    SEEDS = [text.encode() for text in (
        PING % "x", '{"jsonrpc":"2.0","id":1.50,"method":"call","params":{"endpoint":"Balance","params":{"asset":"\\u00e4"}}}',
        '[{"jsonrpc":"2.0","id":1,"method":"status"},{"jsonrpc":"2.0","method":"ping"}]',
        '{"jsonrpc":"2.0","id":null,"method":"call","params":{"endpoint":"Ticker","params":{"pair":["XBTUSD","ETHUSD"],"a":1e-8}}}',
        '{"jsonrpc":"2.0","id":"\\ud83d\\ude00","method":"account.list","params":{}}',
        '{"jsonrpc":"2.0","id":7,"method":"wait","params":{"for":"ready","account":"alice","timeout_ms":1}}',
        '{"jsonrpc":"2.0","id":7,"method":"account.add","params":{"name":"a b","api_key":"x","api_secret":"=","save":"no"}}',
        '{"jsonrpc":"2.0","id":7,"method":"unlock","params":{"passphrase":"x","key_file":"y"}}')]
    PIECES = [b"{", b"}", b"[", b"]", b'"', b"\\", b"\\u0000", b"\\ud800", b",", b":", b"\x00", b"\xff", b"1e999", b"-", b"null", b"\n", b"\r", b" ",
              b"\xe2\x82\xac", b'"id":2,', b'"params":', b"0" * 50, b"[" * 40]

    def mutate(self, dice):
        text = bytearray(dice.choice(self.SEEDS))
        for _ in range(dice.choice((1, 1, 2, 3, 10))):
            place = dice.randrange(len(text) + 1)
            match dice.randrange(5):
                case 0:
                    text[place:place] = dice.choice(self.PIECES)
                case 1:
                    del text[place:place + dice.randrange(1, 20)]
                case 2:
                    text[place:place + 1] = bytes([dice.randrange(256)])
                case 3:
                    text[place:place] = text[dice.randrange(len(text) + 1):][:dice.randrange(1, 60)]
                case 4:
                    text[place:place + 1] = dice.choice(self.PIECES)
        return bytes(text)

    def test_random_lines(self):
        dice = random.Random(20261120)
        end = time.monotonic() + 15
        for path in (self.daemon.client_socket, self.daemon.admin_socket):
            client = support.Client(path)
            for number in range(3000):
                if time.monotonic() > end and number > 300:
                    break
                line = self.mutate(dice)
                client.send(line + b"\n" + (PING % f"after {number}").encode() + b"\n")
                if not self.read_until(client, f"after {number}", line):
                    client.close()
                    client = support.Client(path)
            client.close()
            end += 15

    def read_until(self, client, last, line):
        """Every answer must be JSON. False when the daemon hung up: on what is not UTF-8, or is begun like HTTP."""
        while True:
            try:
                answer = client.line()
            except BrokenPipeError:
                answer = None
            if answer is None:
                self.assertRaises(UnicodeDecodeError, line.decode)
                return False
            if answer.startswith(b"HTTP/1.1 "):  # a connection that begins with a letter speaks HTTP
                self.assertRegex(line.lstrip(b" \t\r\n"), b"^[A-Za-z]")
                return False
            reply = json.loads(answer)
            if isinstance(reply, dict) and reply["id"] == last:
                return True


class FewDescriptors(support.DaemonTest):
    """However many clients there are, an administrator can lock."""

    def test_a_crowd_leaves_room_for_an_administrator(self):
        self.daemon.stop()
        unlimited = self.daemon.command
        self.daemon.command = lambda *more: ["prlimit", "--nofile=240:240", *unlimited(*more)]
        self.daemon.start()
        self.assertIn("event=clients.limited", self.daemon.log())
        clients = [self.daemon.client() for _ in range(200)]
        try:
            codes = [client.request("ping").get("error", {}).get("code") for client in clients[:140]]
            self.assertEqual(set(codes), {None})
            self.assertEqual(json.loads(clients[-1].line())["error"]["code"], -32020)
            with self.daemon.admin() as admin:
                self.assertIn("result", admin.request("lock"))
        finally:
            for client in clients:
                client.close()


if __name__ == "__main__":
    support.main()
