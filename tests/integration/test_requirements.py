#!/usr/bin/env python3
"""What was asked for, number by number, end to end: A a connection layer, B a trading bot's connection, C nonces of several
accounts, D the nonce baseline."""

import decimal
import json
import random
import threading
import time

import support

LIMIT = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}
MARKET = {"pair": "XBTUSD", "type": "buy", "ordertype": "market", "volume": "0.01"}
NEEDED = ("query-funds", "query-open-trades", "query-closed-trades", "modify-trades", "close-trades")


class Requirement(support.DaemonTest):
    CONFIG = "[retry]\nbase_delay_ms = 10\nmax_delay_ms = 100\n"

    def setUp(self):
        super().setUp()
        self.connect()

    def connect(self):
        self.client, self.admin = self.daemon.client(), self.daemon.admin()
        self.addCleanup(self.client.close)
        self.addCleanup(self.admin.close)

    def restart(self, **variables):
        self.daemon.stop()
        self.daemon.variables = variables
        self.daemon.start()
        self.connect()

    def accounts(self):
        return {account["name"]: account for account in self.client.result("status")["accounts"]}

    def call(self, endpoint, params=None, **more):
        return self.client.result("call", {"endpoint": endpoint, **({"params": params} if params else {}), **more})

    def pair(self, prefix, name):
        return {f"{prefix}_API_KEY": self.keys[name].api_key, f"{prefix}_API_SECRET": self.keys[name].api_secret}


class A(Requirement):
    """A connection module's phase 1."""

    def test_A1_credentials_are_loaded_stored_and_validated(self):
        self.set_up_vault()
        self.restart()
        self.unlock()
        self.assertTrue(self.admin.result("account.validate", {"name": "alice"})["validated"])
        self.assertIn("ZUSD", self.call("Balance"))
        # And nothing else is its job: no method trades by itself, draws, or keeps market data.
        methods = {method["name"] for one in (self.client, self.admin) for method in one.result("rpc.discover")["methods"]}
        self.assertFalse([name for name in methods if name.split(".")[0] in ("strategy", "risk", "chart", "history")])

    def test_A2_secrets_lie_encrypted_in_one_file(self):
        self.set_up_vault()
        vault = self.daemon.config_dir / "secrets.enc"
        self.assertEqual(vault.stat().st_mode & 0o777, 0o600)
        for path in self.daemon.folder.rglob("*"):
            if path.is_file():
                for secret in (self.keys["alice"].api_key, self.keys["alice"].api_secret, support.PASSPHRASE):
                    self.assertNotIn(secret.encode(), path.read_bytes(), path)

    def test_A2_the_folder_is_named_kraken_bot(self):
        self.daemon.stop()
        home = self.folder / "home"
        home.mkdir(0o700)
        (home / ".config/kraken_bot").mkdir(0o700, parents=True)
        (home / ".config/kraken_bot/config.toml").write_text(self.daemon.config.read_text())
        self.daemon.command = lambda *more: [self.daemon.program, *more]
        self.daemon.variables = {"HOME": str(home), "XDG_RUNTIME_DIR": str(self.folder / "runtime")}
        (self.folder / "runtime").mkdir(0o700)
        self.daemon.client_socket, self.daemon.admin_socket = (
            self.folder / "runtime/krakkend" / name for name in ("krakkend.sock", "admin.sock"))
        self.daemon.start()
        self.set_up_vault()
        self.assertTrue((home / ".config/kraken_bot/secrets.enc").is_file())

    def test_A3_an_environment_pair_goes_before_the_file(self):
        stranger = support.Key("nobody").add_params()
        self.admin.result("vault.create", {"passphrase": support.PASSPHRASE})
        self.admin.result("account.add", {**stranger, "name": "master", "save": "anyway"})
        self.restart(**self.pair("KRAKEN", "alice"))
        self.admin.result("unlock", {"passphrase": support.PASSPHRASE})
        self.assertEqual(self.accounts()["master"]["source"], "environment")
        self.assertIn("ZUSD", self.call("Balance", account="master"), "the saved key would be refused")

    def test_A3_half_a_pair_is_not_used(self):
        self.restart(KRAKEN_API_KEY=self.keys["alice"].api_key)
        self.assertEqual(self.accounts(), {})
        self.assert_error(self.client.call("Balance"), -32001, state="uninitialized")

    def test_A3_a_failed_decryption_says_so_and_makes_nothing_up(self):
        self.set_up_vault()
        self.admin.result("lock")
        error = self.assert_error(self.admin.request("unlock", {"passphrase": "wrong"}), -32006)
        self.assertEqual(error["message"], "wrong passphrase or corrupted secrets file")
        self.assert_error(self.client.call("Balance"), -32001, state="locked")

    def test_A3_no_credentials_is_a_signal_of_its_own(self):
        error = self.assert_error(self.client.call("Balance"), -32001, state="uninitialized")
        self.assertIn("krakkenctl setup", error["data"]["remedy"])
        self.admin.result("vault.create", {"passphrase": support.PASSPHRASE})
        self.assert_error(self.client.call("Balance"), -32002)

    def test_A4_auth_problems_are_clear_and_nothing_is_saved(self):
        self.admin.result("vault.create", {"passphrase": support.PASSPHRASE})
        good = self.keys["alice"].add_params()
        for change, code in (({"api_key": support.random_secret(42)}, -32010), ({"api_secret": support.random_secret()}, -32010)):
            self.assert_error(self.admin.request("account.add", {**good, **change}), code, origin="kraken", executed="no")
            self.assertEqual(self.admin.result("account.list"), [])
        self.exchange.control("POST", "/accounts", {"account": "alice", "key": {"api_key": good["api_key"], "permissions": []}})
        self.assert_error(self.admin.request("account.add", good), -32011, origin="kraken", executed="no")
        self.assertEqual(self.admin.result("account.list"), [])
        self.assertTrue(self.admin.result("account.add", {**good, "save": "anyway"})["saved"], "unless explicitly overridden")

    def test_A4_network_problems_are_told_apart(self):
        self.admin.result("vault.create", {"passphrase": support.PASSPHRASE})
        good = self.keys["alice"].add_params()
        self.exchange.fault("drop_before", count=0)
        self.assert_error(self.admin.request("account.add", good), -32017, can_save_unvalidated=True)
        self.assertEqual(self.admin.result("account.list"), [])
        saved = self.admin.result("account.add", {**good, "save": "unvalidated"})
        self.assertEqual((saved["saved"], saved["validated"]), (True, False))
        self.exchange.clear_faults()
        self.assertTrue(self.admin.result("account.validate", {"name": "alice"})["validated"], "the caller may try again")

    def test_A4_success_is_encrypted_saved_and_marked(self):
        self.set_up_vault()
        self.restart()
        self.unlock()
        [key] = self.admin.result("account.list")[0]["keys"]
        self.assertTrue(key["validated"])
        self.assertTrue(key["validated_at"])

    def test_A5_region_and_capabilities(self):
        self.set_up_vault()
        self.assertEqual(self.client.result("profile"), {"region": "US_CA", "capabilities": {
            "supports_margin": False, "supports_futures": False, "supports_staking": False}})
        sent = len(self.exchange.journal("AddOrder"))
        self.assert_error(self.client.call("AddOrder", {**LIMIT, "leverage": "2:1"}), -32003, executed="no")
        self.assertEqual(len(self.exchange.journal("AddOrder")), sent, "what the profile does not allow is not done")

    def test_A6_public_and_private_calls(self):
        self.set_up_vault()
        self.assertIn("XXBTZUSD", self.call("Ticker", {"pair": "XBTUSD"}))
        self.assertEqual(self.call("Balance"), {"XXBT": "1000.0000000000", "ZUSD": "100000000.0000"})
        self.call("OpenOrders", {"trades": True, "userref": 5})
        self.assertRegex(self.exchange.journal("OpenOrders")[-1]["body"], r"^nonce=\d+&trades=true&userref=5$")
        self.call("Balance", {})
        self.assertRegex(self.exchange.journal("Balance")[-1]["body"], r"^nonce=\d+$", "an empty payload")

    def test_A6_errors_tell_apart_and_name_no_secret(self):
        self.set_up_vault()
        for text, category in (("EAPI:Rate limit exceeded", "rate_limit"), ("EService:Unavailable", "service"),
                               ("EQuery:Unknown asset", "order"), ("EAPI:Invalid key", "auth")):
            self.exchange.fault("error", endpoint="Balance", text=text, count=0)
            reply = self.client.call("Balance")
            self.assertEqual(reply["error"]["data"]["category"], category)
            for secret in (self.keys["alice"].api_key, self.keys["alice"].api_secret):
                self.assertNotIn(secret[:12], json.dumps(reply))
            self.exchange.clear_faults()
        for secret in (self.keys["alice"].api_key, self.keys["alice"].api_secret):
            self.assertNotIn(secret[:12], self.daemon.log())

    def test_A7_configuration_is_checked(self):
        self.daemon.stop()
        self.daemon.config.write_text("[kraken]\nbase_ulr = 1\n")
        status, _, error = self.daemon.run("--check-config")
        self.assertEqual(status, 78)
        self.assertIn("kraken.base_url", error)


class B(Requirement):
    """A trading bot's connection."""

    ACCOUNTS = ("alice", "bob", "carol")

    def with_environment(self, **more):
        self.restart(**self.pair("KRAKEN_MASTER", "alice"), **self.pair("KRAKEN_USER_BOB", "bob"), **more)
        for name in ("master", "user_bob"):
            self.client.result("wait", {"for": "ready", "account": name, "timeout_ms": 60000})

    def test_B1_a_master_and_users_isolated(self):
        self.with_environment(KRAKEN_USER_CAROL_API_KEY=self.keys["carol"].api_key)
        self.assertEqual(sorted(self.accounts()), ["master", "user_bob"])
        self.assert_logged("KRAKEN_USER_CAROL_API_SECRET")  # an unconfigured one is skipped with a message
        self.exchange.control("POST", "/accounts", {"account": "bob", "key": {"api_key": self.keys["bob"].api_key, "revoked": True}})
        self.assert_error(self.client.call("Balance", account="user_bob"), -32010, account="user_bob")
        self.assertEqual(self.accounts()["user_bob"]["state"], "auth_failed")
        self.assertIn("ZUSD", self.call("Balance", account="master"), "one failing account does not stop another")
        self.assertEqual(self.accounts()["master"]["state"], "ready")

    def test_B1_a_slow_account_does_not_hold_up_another(self):
        self.set_up_vault()
        self.exchange.fault("delay", endpoint="TradesHistory", delay_before_ms=3000)
        with self.daemon.client() as slow:
            slow.send('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"TradesHistory","account":"alice"}}\n')
            support.wait_for(lambda: self.accounts()["alice"]["in_flight"])
            begun = time.monotonic()
            self.call("Balance", account="bob")
            self.assertLess(time.monotonic() - begun, 2)
            slow.line()

    def test_B2_tested_at_start_with_a_balance_query(self):
        self.set_up_vault()
        self.exchange.control("POST", "/accounts", {"account": "bob", "key": {"api_key": self.keys["bob"].api_key, "revoked": True}})
        self.restart()
        begun = self.exchange.journal()[-1]["id"]
        self.unlock()
        support.wait_for(lambda: self.accounts()["bob"]["state"] == "auth_failed", said="nobody looked")
        support.wait_for(lambda: {"alice", "carol"} <= {entry["account"] for entry in self.exchange.journal("Balance", begun)})
        self.assertEqual([self.accounts()[name]["state"] for name in ("alice", "carol")], ["ready", "ready"])
        self.assertEqual(self.accounts()["alice"]["calls"], 0, "the daemon's own questions are not the bots' calls")

    def test_B2_permissions_are_checked(self):
        self.set_up_vault()
        for missing in NEEDED[1:]:
            self.exchange.control("POST", "/accounts", {"account": "alice", "key": {
                "api_key": self.keys["alice"].api_key, "permissions": [name for name in NEEDED if name != missing]}})
            validated = self.admin.result("account.validate", {"name": "alice"})
            self.assertNotIn(missing, validated["permissions"])
            self.assertTrue(validated["warnings"], missing)
        self.exchange.control("POST", "/accounts", {"account": "alice", "key": {
            "api_key": self.keys["alice"].api_key, "permissions": [*NEEDED, "withdraw-funds"]}})
        self.assertTrue(any("withdraw" in warning for warning in self.admin.result("account.validate", {"name": "alice"})["warnings"]))

    def total_in_dollars(self, balances):
        """What a bot makes of Balance: USD and USDT are dollars, the rest at its last price."""
        total = decimal.Decimal(balances.get("ZUSD", "0")) + decimal.Decimal(balances.get("USDT", "0"))
        [ticker] = self.call("Ticker", {"pair": "XBTUSD"}).values()
        return total, total + decimal.Decimal(balances.get("XXBT", "0")) * decimal.Decimal(ticker["c"][0])

    def test_B3_balances_with_usd_and_usdt_totals(self):
        self.set_up_vault()
        self.exchange.control("POST", "/accounts", {"account": "alice", "deposit": {"USDT": "250.50000000"}})
        dollars, everything = self.total_in_dollars(self.call("Balance", account="alice"))
        self.assertEqual(dollars, decimal.Decimal("100000250.50"))
        self.assertEqual(everything, decimal.Decimal("130000250.50"), "1000 XBT at the pinned price of 30000.0")
        self.assertIn("eb", self.call("TradeBalance", account="alice"))

    def test_B3_market_data(self):
        candles = self.call("OHLC", {"pair": "XBTUSD", "interval": 60})
        [name] = [name for name in candles if name != "last"]
        self.assertGreater(len(candles[name]), 1)
        self.assertEqual(len(candles[name][0]), 8)
        [ticker] = self.call("Ticker", {"pair": "XBTUSD"}).values()
        self.assertEqual(decimal.Decimal(ticker["c"][0]), 30000)
        for endpoint in ("Trades", "Spread", "Depth"):
            self.assertTrue(self.call(endpoint, {"pair": "XBTUSD"}))

    def test_B3_orders_cancels_status_and_history(self):
        self.set_up_vault()
        [market] = self.call("AddOrder", MARKET, account="alice")["txid"]
        [limit] = self.call("AddOrder", LIMIT, account="alice")["txid"]
        self.assertEqual(self.call("QueryOrders", {"txid": market}, account="alice")[market]["status"], "closed")
        self.assertEqual(self.call("QueryOrders", {"txid": limit}, account="alice")[limit]["status"], "open")
        self.assertEqual(list(self.call("OpenOrders", account="alice")["open"]), [limit])
        self.assertEqual(self.call("CancelOrder", {"txid": limit}, account="alice")["count"], 1)
        self.assertEqual(self.call("OpenOrders", account="alice")["open"], {})
        self.assertLessEqual({market, limit}, set(self.call("ClosedOrders", account="alice")["closed"]))
        trades = self.call("TradesHistory", account="alice")["trades"]
        self.assertEqual([trade["ordertxid"] for trade in trades.values()], [market])

    def test_B3_open_positions(self):
        self.daemon.config.write_text("[capabilities]\nsupports_margin = true\n" + self.daemon.config.read_text())
        self.restart()
        self.set_up_vault()
        self.assertEqual(self.call("OpenPositions", account="alice"), {})
        self.call("AddOrder", {**MARKET, "leverage": "2:1"}, account="alice")
        [position] = self.call("OpenPositions", account="alice").values()
        self.assertEqual((position["type"], decimal.Decimal(position["vol"])), ("buy", decimal.Decimal("0.01")))

    def test_B4_permission_errors_say_what_to_enable(self):
        self.set_up_vault()
        self.exchange.control("POST", "/accounts", {"account": "alice", "key": {
            "api_key": self.keys["alice"].api_key, "permissions": ["query-funds"]}})
        for endpoint, params, title in (("AddOrder", LIMIT, "Create & modify orders"), ("OpenOrders", None, "Query open orders & trades"),
                                        ("ClosedOrders", None, "Query closed orders & trades")):
            error = self.assert_error(self.client.call(endpoint, params, account="alice"), -32011, executed="no", origin="kraken")
            self.assertIn(title, error["data"]["remedy"])

    def test_B4_rate_limits_are_retried_with_backoff(self):
        self.set_up_vault()
        for endpoint, account in (("Balance", {"account": "alice"}), ("Ticker", {})):
            self.exchange.fault("error", endpoint=endpoint, text="EAPI:Rate limit exceeded", count=2)
            before = len(self.exchange.journal(endpoint))
            self.call(endpoint, {"pair": "XBTUSD"} if endpoint == "Ticker" else None, **account)
            times = [entry["time_ns"] for entry in self.exchange.journal(endpoint)[before:]]
            self.assertEqual(len(times), 3)
            first, second = (after - before for before, after in zip(times, times[1:]))
            self.assertGreaterEqual(first, 5e6 * 0.9)
            self.assertGreaterEqual(second, 10e6 * 0.9, "exponentially longer")

    def test_B4_kraken_down_and_back_without_a_restart(self):
        self.set_up_vault()
        pid = self.client.result("status")["pid"]
        refuse = self.exchange.fault("refuse")
        self.exchange.fault("close_now")
        for endpoint, params in (("Balance", None), ("AddOrder", LIMIT), ("Time", None)):
            error = self.assert_error(self.client.call(endpoint, params, account="alice", timeout_ms=2000), -32017, executed="no")
            self.assertTrue(error["data"]["retryable"])
        self.assertEqual(self.client.result("status")["upstream"]["state"], "unreachable")
        self.assert_logged("outcome=network")
        self.exchange.control("DELETE", f"/faults?id={refuse}")
        self.assertIn("ZUSD", self.call("Balance", account="alice"))
        self.assertEqual(len(self.call("AddOrder", LIMIT, account="alice")["txid"]), 1)
        status = self.client.result("status")
        self.assertEqual((status["pid"], status["upstream"]["state"]), (pid, "reachable"))
        self.assertEqual(self.accounts()["alice"]["state"], "ready")

    def test_B5_status_and_verification_commands(self):
        self.set_up_vault()
        status, out, _ = self.daemon.ctl("status", "--json")
        self.assertEqual(status, 0)
        self.assertEqual([account["state"] for account in json.loads(out)["accounts"]], ["ready"] * 3)
        self.assertEqual(self.daemon.ctl("status", "--check")[0], 0)
        status, out, _ = self.daemon.ctl("account", "validate", "bob", "--json")
        self.assertEqual(status, 0)
        self.assertCountEqual(json.loads(out)["permissions"], NEEDED)
        self.assertEqual(self.daemon.run("--check-config")[0], 0)
        self.exchange.control("POST", "/accounts", {"account": "bob", "key": {"api_key": self.keys["bob"].api_key, "revoked": True}})
        self.assertEqual(self.daemon.ctl("account", "validate", "bob")[0], 1)
        self.assertEqual(self.daemon.ctl("status", "--check")[0], 1)

    def timed(self, bound, what):
        begun = time.monotonic()
        what()
        self.assertLess(time.monotonic() - begun, bound)

    def test_B6_stated_speeds_are_beaten(self):
        self.set_up_vault()
        self.restart()
        self.unlock()

        def connect():
            with self.daemon.client() as client:
                self.assertIn("result", client.call("Balance", account="carol"))
        self.timed(2, connect)
        self.timed(1, lambda: self.call("Balance", account="alice"))
        self.timed(2, lambda: self.call("OHLC", {"pair": "XBTUSD"}))
        self.timed(1, lambda: self.call("AddOrder", LIMIT, account="alice"))


class C(Requirement):
    """Every key has nonces of its own."""

    ACCOUNTS = tuple(f"account_{number}" for number in range(8))

    def at_once(self, calls):
        """From one thread for each account, in the same moment."""
        barrier = threading.Barrier(len(self.ACCOUNTS))
        failures = []

        def act(name):
            try:
                with self.daemon.client() as client:
                    barrier.wait(support.PATIENCE)
                    for _ in range(calls):
                        client.result("call", {"endpoint": "Balance", "account": name})
            except BaseException as failure:  # told by the test's own thread
                failures.append(failure)
        threads = [threading.Thread(target=act, args=(name,)) for name in self.ACCOUNTS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(support.PATIENCE)
        self.assertEqual(failures, [])

    def test_C1_each_key_has_its_own_durable_sequence(self):
        self.set_up_vault()
        first, second = self.ACCOUNTS[:2]
        for _ in range(5):
            self.call("Balance", account=first)
        nonces = {nonce["account"]: nonce for nonce in self.client.result("nonce.status")}
        before = nonces[second]["last"]
        self.call("Balance", account=first)
        nonces = {nonce["account"]: nonce for nonce in self.client.result("nonce.status")}
        self.assertEqual(nonces[second]["last"], before, "one account's calls do not move another's sequence")
        self.assertEqual(len({nonce["key"] for nonce in nonces.values()}), len(self.ACCOUNTS))
        self.restart()
        self.unlock()
        self.call("Balance", account=first)
        self.assert_rising()

    def test_C1_names_are_safe(self):
        self.admin.result("vault.create", {"passphrase": support.PASSPHRASE})
        params = self.keys[self.ACCOUNTS[0]].add_params()
        for name in ("../../etc/x", "a/b", "..", "A b", "a\0b"):
            self.assert_error(self.admin.request("account.add", {**params, "name": name}), -32602)
        self.restart(**self.pair("KRAKEN_USER_.._.._X", self.ACCOUNTS[0]))
        self.assertEqual(list(self.accounts()), ["user_______x"])
        for path in self.daemon.folder.rglob("*"):
            self.assertNotIn("user_", path.name)

    def test_C2_old_files_are_floors(self):
        old = self.folder / "old"
        old.mkdir(0o700)
        ahead = int((time.time() + 3600) * 1_000_000)
        (old / "kraken_nonce.txt").write_text(str(ahead))
        (old / "kraken_nonce_User_Bob.txt").write_text(str(ahead + 3_600_000_000))
        self.daemon.config.write_text(f'[nonce]\nlegacy_dir = "{old}"\n' + self.daemon.config.read_text())
        self.restart(**self.pair("KRAKEN", self.ACCOUNTS[0]), **self.pair("KRAKEN_USER_BOB", self.ACCOUNTS[1]))
        for name, floor in (("master", ahead), ("user_bob", ahead + 3_600_000_000)):
            # The daemon itself looks at its accounts meanwhile, so the bot's call is told by what no other asks.
            self.call("OpenOrders", account=name)
            self.assertGreater(int(self.exchange.journal("OpenOrders")[-1]["nonce"]), floor)
        self.assert_rising()
        self.assertEqual((old / "kraken_nonce.txt").read_text(), str(ahead), "the old file is left alone")

    def test_C3_many_accounts_starting_at_once(self):
        self.set_up_vault()
        for end in (self.daemon.stop, self.daemon.kill):
            end()
            self.daemon.start()
            self.unlock()
            self.at_once(10)
        self.assert_rising()
        self.assertGreaterEqual(len(self.exchange.journal("Balance")), 160)

    def test_C3_many_clients_of_one_account(self):
        self.set_up_vault()
        first = self.ACCOUNTS[0]
        self.ACCOUNTS = (first,) * 16
        self.at_once(20)
        self.assert_rising()


class D(Requirement):
    """Where nonces begin, and what is said when they fail."""

    def test_D1_microseconds_strictly_increasing(self):
        self.set_up_vault()
        with self.daemon.client() as client:
            request = '{"jsonrpc":"2.0","id":%d,"method":"call","params":{"endpoint":"Balance"}}\n'
            client.send("".join(request % number for number in range(200)))
            for _ in range(200):
                self.assertIn("result", json.loads(client.line()))
        self.assert_rising()
        nonce = int(self.exchange.journal("Balance")[-1]["nonce"])
        self.assertLess(abs(nonce - time.time() * 1_000_000), 60_000_000)

    def test_D2_the_baseline_is_fresh_at_the_first_call(self):
        self.set_up_vault()
        self.restart()
        self.unlock()
        # The daemon's own look at the account is its first call; a later one follows the clock, not the start.
        support.wait_for(lambda: self.accounts()["alice"]["state"] == "ready" and len(self.exchange.journal("Balance")) >= 2)
        before = time.time()
        self.call("OpenOrders")
        self.assertGreaterEqual(int(self.exchange.journal("OpenOrders")[-1]["nonce"]), int((before - 1) * 1_000_000))

    def test_D2_restarts_never_repeat(self):
        self.set_up_vault()
        dice = random.Random(4)
        for _ in range(6):
            for _ in range(dice.randrange(4)):
                self.call("Balance")
            dice.choice((self.daemon.stop, self.daemon.kill))()
            self.daemon.start()
            self.connect()
            self.unlock()
        self.call("Balance")
        self.assert_rising()

    def test_D3_the_operator_is_told_what_to_check(self):
        self.set_up_vault()
        self.exchange.fault("error", endpoint="Balance", text="EAPI:Invalid nonce", count=0)
        error = self.assert_error(self.client.call("Balance"), -32012, executed="no")
        for text in (error["data"]["remedy"], self.accounts()["alice"]["remedy"]):
            for word in ("program", "key", "permission", "clock"):
                self.assertIn(word, text)


if __name__ == "__main__":
    support.main()
