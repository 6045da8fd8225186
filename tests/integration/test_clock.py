#!/usr/bin/env python3
"""The wall clock steps back, runs ahead, stands still; keys come from programs that counted finer or left nonce files.
Whatever it is, every nonce that reaches the exchange is higher than the last one.

Debian's faketime moves the daemon's wall clock and leaves its monotonic one alone, as a real step does.
"""

import base64
import glob
import hashlib
import hmac
import http.client
import json
import ssl
import time
import unittest
import urllib.parse

import support

HOUR, DAY = 3600, 86400
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
US, TEN_NS, NS = 1_000_000, 100_000_000, 1_000_000_000  # ticks in a second


class Elsewhere:
    """Another program with the same key: signs by itself, with the nonce that it is given."""

    def __init__(self, exchange, key):
        self.exchange, self.key = exchange, key

    def call(self, nonce):
        body = urllib.parse.urlencode({"nonce": nonce})
        path = "/0/private/Balance"
        message = path.encode() + hashlib.sha256(f"{nonce}{body}".encode()).digest()
        signature = base64.b64encode(hmac.new(base64.b64decode(self.key.api_secret), message, hashlib.sha512).digest()).decode()
        address = urllib.parse.urlsplit(self.exchange.base_url).netloc
        connection = http.client.HTTPSConnection(address, context=ssl.create_default_context(cafile=self.exchange.ca_file),
                                                 timeout=support.PATIENCE)
        connection.request("POST", path, body, {"API-Key": self.key.api_key, "API-Sign": signature,
                                                "Content-Type": "application/x-www-form-urlencoded"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer["error"]


class ClockTest(support.DaemonTest):
    CONFIG = "[retry]\nbase_delay_ms = 5\nmax_delay_ms = 50\n"

    def setUp(self):
        super().setUp()
        self.daemon.stop()

    def call(self, count=3):
        with self.daemon.client() as client:
            for _ in range(count):
                self.assertIn("result", client.call("Balance"))

    def last(self, account="alice"):
        return max(int(entry["nonce"]) for entry in self.exchange.journal() if entry["account"] == account)

    def status(self):
        with self.daemon.client() as client:
            return client.result("status")

    def nonce(self):
        with self.daemon.client() as client:
            return client.result("nonce.status")[0]


@unittest.skipIf(support.SANITIZED, "faketime does not survive a sanitizer's allocator, from within which it calls dlsym")
class WallClock(ClockTest):
    def start_with_clock(self, text):
        self.assertTrue(FAKETIME, "faketime is not installed; run: packaging/install-build-packages")
        self.file = self.folder / "clock"
        self.set(text)
        self.daemon.variables = {"LD_PRELOAD": FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                                 "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.daemon.start()

    def set(self, text):
        """Seconds from the real time, or a moment at which it stands still."""
        fresh = self.folder / "clock.new"
        fresh.write_text(text)
        fresh.rename(self.file)

    def frozen(self, seconds):
        """The real time and so many seconds, from now on for ever."""
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + seconds))

    def kraken_tells_no_time(self):
        self.exchange.fault("error", endpoint="Time", text="EService:Unavailable", count=0)

    def steps(self):
        return (("an hour back", f"-{HOUR}"), ("a day ahead", f"+{DAY}"), ("standing still", self.frozen(0)),
                ("still, an hour ago", self.frozen(-HOUR)), ("ten hours back", f"-{10 * HOUR}"), ("right again", "+0"))

    def through_all_steps(self):
        for name, text in self.steps():
            with self.subTest(name):
                self.set(text)
                self.call()
        self.assert_rising()

    def through_all_steps_with_restarts(self):
        for name, text in self.steps():
            for end in (self.daemon.stop, self.daemon.kill):
                with self.subTest(name, end=end.__name__):
                    self.set(text)
                    self.call()
                    end()
                    self.daemon.start()
                    self.unlock()
                    self.call()
        self.assert_rising()

    def test_steps_while_it_runs(self):
        self.start_with_clock("+0")
        self.set_up_vault()
        self.through_all_steps()

    def test_steps_while_krakens_time_is_not_known(self):
        self.kraken_tells_no_time()
        self.start_with_clock("+0")
        self.set_up_vault()
        self.through_all_steps()

    def test_a_restart_at_each_step(self):
        self.start_with_clock("+0")
        self.set_up_vault()
        self.through_all_steps_with_restarts()

    def test_a_restart_at_each_step_while_krakens_time_is_not_known(self):
        self.kraken_tells_no_time()
        self.start_with_clock("+0")
        self.set_up_vault()
        self.through_all_steps_with_restarts()

    def test_a_clock_that_stands_still_still_gives_new_nonces(self):
        self.kraken_tells_no_time()
        self.start_with_clock(self.frozen(0))
        self.set_up_vault()
        self.call(50)
        nonces = [int(entry["nonce"]) for entry in self.exchange.journal("Balance")]
        self.assertEqual([after - before for before, after in zip(nonces, nonces[1:])][-10:], [1] * 10)
        self.assert_rising()

    def test_krakens_time_is_followed_when_ours_is_off(self):
        for seconds in (-HOUR, DAY):
            with self.subTest(seconds):
                self.start_with_clock(f"{seconds:+d}")
                if not (self.daemon.config_dir / "secrets.enc").exists():
                    self.set_up_vault()
                    self.daemon.stop()
                    self.daemon.start()
                self.unlock()
                support.wait_for(lambda: "clock_offset_ms" in self.status()["upstream"])
                self.assertLess(abs(self.status()["upstream"]["clock_offset_ms"] + 1000 * seconds), 10_000)
                self.call(1)
                self.assertLess(abs(self.last() - time.time() * US), 60 * US, "the nonce is Kraken's time, not ours")
                self.assert_logged("event=clock.off")
                self.daemon.stop()
        self.assert_rising()

    def test_a_small_difference_is_not_followed(self):
        self.start_with_clock("+30")
        self.set_up_vault()
        self.daemon.stop()
        self.daemon.start()
        self.unlock()
        support.wait_for(lambda: "clock_offset_ms" in self.status()["upstream"])
        self.call(1)
        self.assertGreater(self.last(), (time.time() + 15) * US)
        self.assertNotIn("event=clock.off", self.daemon.log())


class KrakensClock(ClockTest):
    """The same from the other side: it is Kraken's time that is moved."""

    def test_it_is_followed_ahead_and_never_back(self):
        self.daemon.start()
        self.set_up_vault()
        for hours in (2, -1, 24, -2, 0):
            self.exchange.control("POST", "/clock", {"offset_ms": hours * HOUR * 1000})
            self.daemon.stop()
            self.daemon.start()
            self.unlock()
            support.wait_for(lambda: "clock_offset_ms" in self.status()["upstream"])
            self.assertLess(abs(self.status()["upstream"]["clock_offset_ms"] - hours * HOUR * 1000), 10_000)
            self.call()
            if hours in (2, 24):  # the others lie below nonces that the exchange has seen
                self.assertLess(abs(self.last() - (time.time() + hours * HOUR) * US), 60 * US)
        self.assert_rising()


class Units(ClockTest):
    """A key that another program used before, with finer nonces."""

    def use_elsewhere(self, ticks, ahead=0):
        """The exchange sees this key with a nonce of that unit. Returns the nonce."""
        nonce = int((time.time() + ahead) * ticks)
        self.assertEqual(Elsewhere(self.exchange, self.keys["alice"]).call(nonce), [])
        return nonce

    def found(self, used, unit):
        self.daemon.start()
        self.set_up_vault()
        self.call()
        self.assertEqual(self.nonce()["unit"], unit)
        self.assertGreater(self.last(), used)
        self.assertEqual(int(self.nonce()["last"]), self.last())

    def test_microseconds_stay(self):
        self.found(self.use_elsewhere(US), "us")
        self.assert_rising()

    def test_milliseconds_are_below(self):
        self.found(self.use_elsewhere(1000), "us")
        self.assert_rising()

    def test_10_nanoseconds(self):
        self.found(self.use_elsewhere(TEN_NS), "10ns")
        self.assert_logged(r"event=nonce\.unit\w*.*10ns")

    def test_nanoseconds(self):
        self.found(self.use_elsewhere(NS), "ns")

    def test_it_is_remembered(self):
        self.found(self.use_elsewhere(TEN_NS), "10ns")
        refused = self.exchange.audit()["nonces_refused"]
        for end in (self.daemon.stop, self.daemon.kill):
            end()
            self.daemon.start()
            self.unlock()
            self.call()
            self.assertEqual(self.nonce()["unit"], "10ns")
        self.assertEqual(self.exchange.audit()["nonces_refused"], refused, "no further search")

    def test_beyond_every_unit_is_a_conflict_with_a_remedy(self):
        self.use_elsewhere(NS, ahead=DAY)
        self.daemon.start()
        with self.daemon.admin() as admin:
            admin.result("vault.create", {"passphrase": support.PASSPHRASE})
            params = {**self.keys["alice"].add_params()}
            error = self.assert_error(admin.request("account.add", params), -32012, executed="no", origin="kraken")
            self.assertIn("new key", error["data"]["remedy"])
            self.assertTrue(admin.result("account.add", {**params, "save": "anyway"})["saved"])
        with self.daemon.client() as client:
            self.assert_error(client.call("Balance"), -32012, executed="no")
            [account] = client.result("status")["accounts"]
            self.assertEqual(account["state"], "nonce_conflict")
            self.assertIn("new key", account["remedy"])

    def test_a_unit_from_the_configuration_is_fixed(self):
        self.daemon.config.write_text(self.daemon.config.read_text() + '[accounts.alice]\nnonce_unit = "10ns"\n')
        self.found(self.use_elsewhere(TEN_NS), "10ns")
        self.assert_rising()


class Legacy(ClockTest):
    """Nonce files of older programs: floors at the start, or imported."""

    ACCOUNTS = ("alice", "bob")

    def setUp(self):
        super().setUp()
        self.old = self.folder / "old"
        self.old.mkdir(0o700)
        self.daemon.config.write_text(f'[nonce]\nlegacy_dir = "{self.old}"\n' + self.daemon.config.read_text())

    def file(self, name, text):
        path = self.old / name
        path.write_bytes(text if isinstance(text, bytes) else str(text).encode())
        return path

    def first_nonces(self):
        """The first nonce of each key under the names master and bob."""
        self.daemon.start()
        with self.daemon.admin() as admin, self.daemon.client() as client:
            admin.result("vault.create", {"passphrase": support.PASSPHRASE})
            for name, key in zip(("master", "bob"), self.keys.values()):
                admin.result("account.add", {**key.add_params(), "name": name})
                client.result("call", {"endpoint": "Balance", "account": name})
        first = {}
        for entry in self.exchange.journal():
            if entry["nonce"] is not None and "krakkend" in str(entry["headers"]):
                first.setdefault(entry["account"], int(entry["nonce"]))
        self.assert_rising()
        return first["alice"], first["bob"]

    def near_now(self, nonce):
        self.assertLess(abs(nonce - time.time() * US), 100 * US)

    def test_good_ones_are_floors(self):
        master, bob = (int((time.time() + ahead) * US) for ahead in (HOUR, 2 * HOUR))
        self.file("kraken_nonce.txt", f"{master}\n")
        self.file("kraken_nonce_Bob.txt", bob)
        alice_first, bob_first = self.first_nonces()
        self.assertTrue(master < alice_first < master + 100 * US)
        self.assertTrue(bob < bob_first < bob + 100 * US)

    def test_old_ones_do_no_harm(self):
        self.file("kraken_nonce.txt", int((time.time() - DAY) * US))
        self.near_now(self.first_nonces()[0])

    def test_of_a_finer_unit(self):
        floor = int(time.time() * NS)
        self.file("kraken_nonce.txt", floor)
        self.assertEqual(Elsewhere(self.exchange, self.keys["alice"]).call(floor), [])
        alice_first, bob_first = self.first_nonces()
        self.assertGreater(alice_first, floor)
        self.near_now(bob_first)

    def test_torn_ones_are_ignored_with_a_warning(self):
        for text in (b"", b"\n", b"17952288361306x5", b"\0\0\0\0", b"-5", b"1.5", b"1795228836130605 1795228836130605", b"9" * 60):
            with self.subTest(text):
                self.file("kraken_nonce.txt", text)
                self.daemon.start()
                self.assert_logged("warn event=nonce.legacy_ignored .*kraken_nonce.txt")
                self.daemon.stop()
                self.daemon.log_file.write_text("")
        self.file("kraken_nonce.txt", b"")
        self.near_now(self.first_nonces()[0])

    def test_absurd_ones_are_ignored_with_a_warning(self):
        self.file("kraken_nonce.txt", int((time.time() + 2 * DAY) * NS))
        self.near_now(self.first_nonces()[0])
        self.assert_logged("warn event=nonce.floor_ignored")

    def test_links_are_not_followed(self):
        self.file("elsewhere", int((time.time() + HOUR) * US))
        (self.old / "kraken_nonce.txt").symlink_to(self.old / "elsewhere")
        self.near_now(self.first_nonces()[0])

    def test_import(self):
        path = self.file("some_other_name.txt", int((time.time() + HOUR) * US))
        before = int(path.read_text())
        self.first_nonces()
        with self.daemon.admin() as admin, self.daemon.client() as client:
            imported = admin.result("nonce.import", {"account": "bob", "file": str(path)})
            self.assertEqual(set(imported), {"account", "last"})
            self.assertEqual(imported["account"], "bob")
            self.assertIsInstance(imported["last"], str)
            self.assertGreaterEqual(int(imported["last"]), before)
            client.result("call", {"endpoint": "Balance", "account": "bob"})
            self.assertGreater(self.last("bob"), before)
            client.result("call", {"endpoint": "Balance", "account": "master"})
            self.near_now(self.last("alice"))
        # It is durable, and an older number changes nothing.
        self.daemon.kill()
        self.daemon.start()
        self.unlock()
        path.write_text("5")
        with self.daemon.admin() as admin, self.daemon.client() as client:
            self.assertGreaterEqual(int(admin.result("nonce.import", {"account": "bob", "file": str(path)})["last"]), before)
            client.result("call", {"endpoint": "Balance", "account": "bob"})
            self.assertGreater(self.last("bob"), before)
        self.assert_rising()

    def test_import_refuses_what_it_cannot_trust(self):
        self.first_nonces()
        with self.daemon.admin() as admin:
            for text, reason in (("", "number"), ("abc", "number"), (int((time.time() + 2 * DAY) * NS), "absurd")):
                path = self.file("x", text)
                self.assert_error(admin.request("nonce.import", {"account": "bob", "file": str(path)}), -32602, reason=reason, executed="no")
            self.assert_error(admin.request("nonce.import", {"account": "bob", "file": str(self.old / "missing")}), -32602, reason="missing")
            self.assert_error(admin.request("nonce.import", {"account": "nobody", "file": str(path)}), -32004)
            self.assert_error(admin.request("nonce.import", {"account": "bob"}), -32602)


if __name__ == "__main__":
    support.main()
