#!/usr/bin/env python3
"""Kraken's own paths on a loopback address, with TLS and without."""

import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import stat
import subprocess
import urllib.parse
import urllib.request

import support
from test_bots import Bot

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
ANY_PORT = '[gateway]\nlisten = "127.0.0.1:0"\n'


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


class GatewayTest(support.DaemonTest):
    CONFIG = ANY_PORT

    def setUp(self):
        super().setUp()
        self.set_up_vault()
        self.shown = self.show()

    def show(self, daemon=None):
        with (daemon or self.daemon).client() as client:
            return client.result("gateway.show")

    def address(self):
        host, port = self.shown["listen"].rsplit(":", 1)
        return host.strip("[]"), int(port)

    def socket(self):
        """A bare connection, without a word."""
        made = socket.create_connection(self.address(), timeout=support.PATIENCE)
        self.addCleanup(made.close)
        return made

    def connect(self, host=None, **trust):
        """As a library does it; `trust` is for ssl.create_default_context."""
        host, port = host or self.address()[0], self.address()[1]
        if self.shown["tls"]:
            context = ssl.create_default_context(**(trust or {"cafile": self.shown["ca_file"]}))
            made = http.client.HTTPSConnection(host, port, timeout=support.PATIENCE, context=context)
        else:
            made = http.client.HTTPConnection(host, port, timeout=support.PATIENCE)
        self.addCleanup(made.close)
        return made

    @staticmethod
    def ask(client, method, path, body=None, headers=None):
        client.request(method, path, body, headers or {})
        reply = client.getresponse()
        return reply.status, reply.read()

    def raw(self, request):
        """Everything that the daemon answers to these bytes until it closes."""
        plain = self.socket()
        plain.sendall(request.encode())
        plain.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: plain.recv(65536), b"")).decode()


class Everywhere:
    """What is the same with TLS and without."""

    def test_public_calls_over_one_connection(self):
        client = self.connect()
        for _ in range(3):
            status, body = self.ask(client, "GET", "/0/public/Ticker?pair=XBTUSD")
            self.assertEqual(status, 200)
            ticker = json.loads(body)
            self.assertEqual(ticker["error"], [])
            self.assertIn("XXBTZUSD", ticker["result"])
            connection, client.kept = getattr(client, "kept", client.sock), client.sock
            self.assertIs(client.sock, connection, "it is the same connection all the time")
        self.assertEqual(len(self.exchange.journal("Ticker")), 3)

    def test_it_is_reached_by_name_too(self):
        self.assertEqual(self.ask(self.connect("localhost"), "GET", "/livez"), (200, b"krakkend runs\n"))

    def test_private_calls_need_a_bot_s_key(self):
        sent = len(self.exchange.journal())
        client = self.connect()
        for key in ({}, {"API-Key": "x", "API-Sign": "y"}):
            for name, fields in (("Balance", {}), ("AddOrder", ORDER), ("CancelAll", {})):
                body = urllib.parse.urlencode({"nonce": 1, **fields})
                status, reply = self.ask(client, "POST", f"/0/private/{name}", body, {**FORM, **key})
                self.assertEqual((status, json.loads(reply)), (200, {"error": ["EAPI:Invalid key"]}))
        self.assertEqual(len(self.exchange.journal()), sent)
        self.assertEqual(self.account_orders(), 0)

    def test_a_bot_that_may_read_does_nothing_else(self):
        status, made, error = self.daemon.ctl("--json", "bot", "add", "watcher", "--account", "alice", "--allow", "read", "--stdin",
                                              stdin=support.PASSPHRASE + "\n")
        self.assertEqual(status, 0, error)
        made, client = json.loads(made), self.connect()
        with self.daemon.client() as local:
            endpoints = [each for each in local.result("endpoints") if each["kind"] == "private" and each["effect"] != "read"]
        for nonce, endpoint in enumerate(endpoints):
            path, body = f"/0/private/{endpoint['name']}", urllib.parse.urlencode({"nonce": nonce, "new": "true", **ORDER})
            signed = {"API-Key": made["api_key"], "API-Sign": support.api_sign(made["api_secret"], path, nonce, body)}
            self.assertEqual(json.loads(self.ask(client, "POST", path, body, {**FORM, **signed})[1]), {"error": ["EGeneral:Permission denied"]})
        acts = {endpoint["name"] for endpoint in endpoints} - {"GetApiKeyInfo"}  # which the daemon asks
        self.assertEqual({entry["endpoint"] for entry in self.exchange.journal()} & acts, set())

    def test_a_bot_trades_with_its_own_key(self):
        status, made, error = self.daemon.ctl("--json", "bot", "add", "scalper", "--account", "alice", "--allow", "read,trade", "--stdin",
                                              stdin=support.PASSPHRASE + "\n")
        self.assertEqual(status, 0, error)
        client = self.connect()
        client.connect()
        bot = Bot(self.daemon, json.loads(made))
        bot.sock, bot.host, bot.port = client.sock, *self.address()
        self.assertIn("ZUSD", bot.private("Balance")["result"])
        [txid] = bot.private("AddOrder", ORDER)["result"]["txid"]
        self.assertEqual(list(bot.private("OpenOrders")["result"]["open"]), [txid])
        self.assertEqual(bot.error("Balance", signature="AAAA"), "EAPI:Invalid signature")
        self.assertEqual(bot.error("Withdraw"), "EGeneral:Permission denied")
        self.assertEqual(self.account_orders(), 1)
        self.assertEqual(self.ask(client, "POST", "/0/private/Balance", "nonce=1", FORM)[1], b'{"error":["EAPI:Invalid key"]}')

    def test_what_is_served(self):
        client = self.connect()
        self.assertEqual(self.ask(client, "GET", "/livez"), (200, b"krakkend runs\n"))
        self.assertEqual(self.ask(client, "GET", "/readyz"), (200, b"krakkend is unlocked\n"))
        ping = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"})
        for method, path, body in (("GET", "/metrics", None), ("POST", "/rpc", ping), ("GET", "/", None), ("GET", "/favicon.ico", None)):
            self.assertEqual(self.ask(client, method, path, body)[0], 404, path)
        with self.daemon.admin() as admin:
            admin.result("lock")
        self.assertEqual(self.ask(client, "GET", "/readyz"), (503, b"krakkend is locked\n"))
        self.assertEqual(self.ask(client, "GET", "/0/public/Time")[0], 200)

    def test_pages_in_a_browser_are_refused(self):
        sent = len(self.exchange.journal())
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            for method, path in (("GET", "/0/public/Time"), ("POST", "/0/private/Balance"), ("OPTIONS", "/0/private/Balance"), ("GET", "/livez")):
                self.assertEqual(self.ask(self.connect(), method, path, None, headers)[0], 403)
        for host in ("evil.example", "evil.example:%d" % self.address()[1], "127.0.0.1", "localhost"):
            status, body = self.ask(self.connect(), "GET", "/0/public/Time", None, {"Host": host})
            self.assertEqual(status, 421)
            self.assertIn(self.shown["listen"].encode(), body)
        self.assertEqual(len(self.exchange.journal()), sent)

    def test_a_call_whose_client_has_gone_is_seen_to_its_end(self):
        self.exchange.fault("delay", endpoint="Ticker", delay_after_ms=300)
        client = self.connect()
        client.request("GET", "/0/public/Ticker?pair=XBTUSD")
        support.wait_for(lambda: self.exchange.journal("Ticker"))
        client.close()
        self.assert_logged("event=call.done .*endpoint=Ticker .*outcome=ok")
        with self.daemon.client() as one:
            support.wait_for(lambda: one.result("status")["clients"] == 1, said="the connection has ended")

    def test_what_runs_is_answered_while_it_stops(self):
        self.exchange.fault("delay", endpoint="Ticker", delay_after_ms=500)
        idle, busy = self.connect(), self.connect()
        self.assertEqual(self.ask(idle, "GET", "/livez")[0], 200)
        busy.request("GET", "/0/public/Ticker?pair=XBTUSD")
        support.wait_for(lambda: self.exchange.journal("Ticker"))
        self.daemon.process.terminate()
        reply = busy.getresponse()
        self.assertEqual((reply.status, reply.getheader("Connection")), (200, "close"))
        self.assertEqual(json.loads(reply.read())["error"], [])
        self.assertEqual(self.daemon.process.wait(support.PATIENCE), 0)
        self.assertIn("event=drain.done", self.daemon.log())
        self.daemon.process = None

    def test_it_is_shown(self):
        self.assert_logged("event=gateway.listening url=" + re.escape(self.shown["url"]))
        with self.daemon.admin() as admin:
            self.assertEqual(admin.result("gateway.show"), self.shown)
        status, out, _ = self.daemon.ctl("gateway", "show")
        self.assertEqual(status, 0)
        self.assertIn(self.shown["url"], out)
        status, out, _ = self.daemon.ctl("gateway", "show", "--json")
        self.assertEqual(json.loads(out), self.shown)

    def test_a_port_that_is_taken_is_no_start(self):
        config = self.CONFIG.replace("127.0.0.1:0", self.shown["listen"])
        second = self.make_daemon("second", config=config)
        status, _, error = second.run()
        self.assertEqual(status, 78)
        self.assertIn(f"gateway.listen: {self.shown['listen']}: another program listens there", error)
        self.assertIn("Remedy:", error)
        self.assertEqual(second.run("--check-config")[0], 0)

    def test_it_may_be_started_again_at_once(self):
        """Connections of before may still be dying on its port."""
        self.daemon.config.write_text(self.daemon.config.read_text().replace("127.0.0.1:0", self.shown["listen"]))
        client = self.connect()
        self.assertEqual(self.ask(client, "GET", "/livez")[0], 200)
        for _ in range(2):
            self.daemon.stop()
            self.daemon.start()
            self.assertEqual(self.show(), self.shown)
            self.assertEqual(self.ask(self.connect(), "GET", "/livez")[0], 200)


class Plain(Everywhere, GatewayTest):
    def test_it_is_plain(self):
        self.assertEqual(set(self.shown), {"listen", "tls", "url"})
        self.assertEqual(self.shown["url"], "http://" + self.shown["listen"])
        self.assertFalse((self.daemon.state_dir / "gateway").exists())
        status, out, error = self.daemon.ctl("gateway", "ca")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("tls = true", error)

    def test_a_host_must_be_named_once(self):
        listen = self.shown["listen"]
        self.assertTrue(self.raw(f"GET /livez HTTP/1.1\r\nHost: {listen}\r\n\r\n").startswith("HTTP/1.1 200 "))
        for headers in ("", f"Host: {listen}\r\nHost: {listen}\r\n", f"Host: {listen}\r\nHost: evil.example\r\n"):
            reply = self.raw(f"GET /livez HTTP/1.1\r\n{headers}\r\n")
            self.assertTrue(reply.startswith("HTTP/1.1 421 "), reply)
        reply = self.raw(f"GET http://evil.example/livez HTTP/1.1\r\nHost: {listen}\r\n\r\n")
        self.assertTrue(reply.startswith("HTTP/1.1 404 "), reply)

    def test_what_is_no_http(self):
        for garbage in ("\x16\x03\x01\x02\r\n\r\n", '{"jsonrpc":"2.0","id":1,"method":"ping"}\n\r\n\r\n', "x" * 20000):
            self.assertTrue(self.raw(garbage).startswith(("HTTP/1.1 400 ", "HTTP/1.1 431 ")))
        self.assertEqual(self.ask(self.connect(), "GET", "/livez")[0], 200)


class Tls(Everywhere, GatewayTest):
    CONFIG = ANY_PORT + "tls = true\n"

    def trusted(self, **environment):
        """What a Python process says that trusts what its environment names."""
        code = "import urllib.request; print(urllib.request.urlopen(%r).read().decode())" % (self.shown["url"] + "/livez")
        return subprocess.run([support.PYTHON, "-c", code], capture_output=True, text=True, timeout=support.PATIENCE,
                              env=self.daemon.environment(**environment))

    def test_its_authority(self):
        folder = self.daemon.state_dir / "gateway"
        self.assertEqual(self.shown["url"], "https://" + self.shown["listen"])
        self.assertEqual(self.shown["ca_file"], str(folder / "ca.pem"))
        self.assertEqual((folder / "ca.pem").read_text(), self.shown["ca_pem"])
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["authority.pem", "ca.pem"])
        self.assertEqual([mode(path) for path in (folder, folder / "authority.pem", folder / "ca.pem")], [0o700, 0o600, 0o600])
        key = next(line for line in (folder / "authority.pem").read_text().splitlines() if "-" not in line)
        for text in (json.dumps(self.shown), self.daemon.log()):
            self.assertNotIn(key, text)
        self.assert_logged("event=gateway.new_authority")

    def test_who_does_not_trust_it_gets_nothing(self):
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.ask(self.connect(cafile=self.exchange.ca_file), "GET", "/livez")
        self.assert_logged("event=gateway.handshake_failed why=.*unknown ca")

    def test_old_tls_and_plain_http_are_not_spoken(self):
        context = ssl.create_default_context(cafile=self.shown["ca_file"])
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
        with context.wrap_socket(self.socket(), server_hostname="localhost") as secured:
            self.assertEqual(secured.version(), "TLSv1.2")
        for old in ("-tls1", "-tls1_1"):
            done = subprocess.run(["openssl", "s_client", "-connect", self.shown["listen"], old, "-cipher", "ALL@SECLEVEL=0"],
                                  capture_output=True, stdin=subprocess.DEVNULL, timeout=support.PATIENCE)
            self.assertIn(b"alert protocol version", done.stderr)
        self.assertNotIn("HTTP/1.1 200", self.raw(f"GET /livez HTTP/1.1\r\nHost: {self.shown['listen']}\r\n\r\n"))

    def test_a_connection_ends_in_order(self):
        """So that nobody takes a cut one for the end."""
        context = ssl.create_default_context(cafile=self.shown["ca_file"])
        with context.wrap_socket(self.socket(), server_hostname="localhost", suppress_ragged_eofs=False) as secured:
            secured.sendall(f"GET /livez HTTP/1.1\r\nHost: {self.shown['listen']}\r\nConnection: close\r\n\r\n".encode())
            reply = b"".join(iter(lambda: secured.recv(65536), b""))
        self.assertTrue(reply.endswith(b"krakkend runs\n"), reply)

    def test_clients_are_told_of_it(self):
        status, out, _ = self.daemon.ctl("gateway", "ca")
        self.assertEqual(status, 0)
        path = out.splitlines()[0]
        self.assertEqual(path, self.shown["ca_file"])
        self.assertLessEqual(max(len(line) for line in out.splitlines()[1:]), 80)
        for word in ("--cacert", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", self.shown["url"]):
            self.assertIn(word, out)
        self.assertEqual(self.trusted(SSL_CERT_FILE=path).stdout, "krakkend runs\n\n")
        self.assertIn("CERTIFICATE_VERIFY_FAILED", self.trusted(SSL_CERT_FILE=self.exchange.ca_file).stderr)
        status, out, _ = self.daemon.ctl("gateway", "ca", "--json")
        self.assertEqual(json.loads(out), self.shown)

    def test_other_users_get_a_copy(self):
        copy, precious = self.folder / "copy.pem", self.folder / "precious"
        precious.write_text("precious")
        copy.symlink_to(precious)
        old = os.umask(0o077)
        try:
            status, out, _ = self.daemon.ctl("gateway", "ca", "--write", str(copy))
        finally:
            os.umask(old)
        self.assertEqual((status, out.splitlines()[0]), (0, str(copy)))
        self.assertEqual((copy.read_text(), mode(copy)), (self.shown["ca_pem"], 0o644))
        self.assertEqual(precious.read_text(), "precious", "what lay there is not written through")
        self.assertEqual([path.name for path in self.folder.glob("copy.pem*")], ["copy.pem"])
        self.assertEqual(self.trusted(SSL_CERT_FILE=str(copy)).stdout, "krakkend runs\n\n")
        status, _, error = self.daemon.ctl("gateway", "ca", "--write", "/nonexistent/copy.pem")
        self.assertEqual(status, 1)
        self.assertIn("cannot write /nonexistent/copy.pem", error)

    def test_curl_and_node_take_it(self):
        url = self.shown["url"] + "/0/public/Time"
        fetch = f"fetch({json.dumps(url)}).then(r => r.text()).then(t => console.log(t)).catch(e => console.log(e.cause.code))"
        for program, command in (("curl", ["curl", "-sS", "--cacert", self.shown["ca_file"], url]), ("node", ["node", "-e", fetch])):
            if not shutil.which(program):
                continue
            done = subprocess.run(command, capture_output=True, text=True, timeout=support.PATIENCE,
                                  env=self.daemon.environment(NODE_EXTRA_CA_CERTS=self.shown["ca_file"]))
            self.assertIn('"unixtime"', done.stdout, done.stderr)

    def test_the_authority_is_kept_and_the_certificate_is_new(self):
        before = self.certificate()
        self.daemon.stop()
        self.daemon.start()
        self.shown = {**self.show()}
        self.assertEqual(self.shown["ca_pem"], (self.daemon.state_dir / "gateway" / "ca.pem").read_text())
        self.assertEqual(self.daemon.log().count("event=gateway.new_authority"), 1)
        self.assertNotEqual(self.certificate(), before)

    def certificate(self):
        client = self.connect()
        self.assertEqual(self.ask(client, "GET", "/livez")[0], 200)
        return client.sock.getpeercert()["serialNumber"]

    def test_a_damaged_authority_is_no_start(self):
        self.daemon.stop()
        path = self.daemon.state_dir / "gateway" / "authority.pem"
        path.write_text(path.read_text()[:100])
        status, _, error = self.daemon.run()
        self.assertEqual(status, 78)
        self.assertIn(f"{path} is damaged", error)
        path.chmod(0o644)
        self.assertIn(f"chmod 0600 '{path}'", self.daemon.run()[2])
        path.unlink()
        self.daemon.start()
        self.assertNotEqual(self.show()["ca_pem"], self.shown["ca_pem"])


class SixthVersion(GatewayTest):
    CONFIG = '[gateway]\nlisten = "[::1]:0"\ntls = true\n'

    def setUp(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("no IPv6 here")
        super().setUp()

    def test_it_is_served(self):
        self.assertRegex(self.shown["url"], r"^https://\[::1\]:\d+$")
        self.assertEqual(self.ask(self.connect(), "GET", "/livez")[0], 200)


class Full(GatewayTest):
    CONFIG = "[socket]\nmax_clients = 3\n" + ANY_PORT

    def test_who_is_there_is_served(self):
        clients = [self.connect() for _ in range(3)]
        for client in clients:
            self.assertEqual(self.ask(client, "GET", "/livez")[0], 200)
        one_more = self.socket()
        self.assertEqual(one_more.recv(1), b"")
        self.assert_logged("event=gateway.full clients=3")
        for client in clients:
            self.assertEqual(self.ask(client, "GET", "/livez")[0], 200)
        # Who has a socket of the daemon's is not kept out by those who have none.
        with self.daemon.client() as client:
            self.assertEqual(client.result("status")["clients"], 4)
        clients.pop().close()

        def is_served():
            try:
                return self.ask(self.connect(), "GET", "/livez")[0] == 200
            except (ConnectionError, http.client.HTTPException):
                return False
        support.wait_for(is_served)


class Settings(support.DaemonTest):
    def test_it_is_off_by_default(self):
        with self.daemon.client() as client:
            self.assertEqual(client.result("gateway.show"), {})
        self.assertIn("off", self.daemon.ctl("gateway", "show")[1])
        status, out, error = self.daemon.ctl("gateway", "ca", "--json")
        self.assertEqual((status, json.loads(out)["message"]), (1, "the gateway is off"))
        self.assertIn("config.toml", error)

    def test_it_needs_a_restart(self):
        text = self.daemon.config.read_text()
        self.daemon.config.write_text(text + ANY_PORT + "tls = true\n")
        with self.daemon.admin() as admin:
            self.assertEqual(admin.result("reload")["needs_restart"], ["gateway.listen", "gateway.tls"])
            self.assertEqual(admin.result("gateway.show"), {})
            self.daemon.config.write_text(text + '[gateway]\nlisten = "0.0.0.0:1"\n')
            self.assert_error(admin.request("reload"), -32602, reason="configuration")

    def test_no_address_of_a_network(self):
        good = self.daemon.config.read_text()
        self.daemon.stop()
        for address in ("0.0.0.0:8484", "[::]:8484", "192.168.1.1:8484", "localhost:8484", ":8484", "8484"):
            self.daemon.config.write_text(f'[gateway]\nlisten = "{address}"\n' + good)
            for more in ((), ("--check-config",)):
                status, _, error = self.daemon.run(*more)
                self.assertEqual(status, 78)
                self.assertIn(f"{self.daemon.config}:2: gateway.listen must be ", error)

    @support.AS_ROOT
    def test_a_port_of_root_s(self):
        if int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 443:
            self.skipTest("everybody may use it here")
        self.daemon.stop()
        self.daemon.config.write_text('[gateway]\nlisten = "127.0.0.1:443"\n' + self.daemon.config.read_text())
        self.exchange.let_read()
        self.daemon.give_to(support.SOMEBODY)
        status, _, error = self.daemon.run()
        self.assertEqual(status, 78)
        self.assertIn("gateway.listen: 127.0.0.1:443: Permission denied", error)
        self.assertIn("ports below 1024 are root's", error)


if __name__ == "__main__":
    support.main()
