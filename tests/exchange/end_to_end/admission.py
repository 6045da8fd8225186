"""Keys, signatures, nonces, permissions, counters, lockouts, and the switches of each, both ways."""

import json
import time

from end_to_end.client import AF, ALL, CT, EF, EX, SECRET, ExchangeTest, MT, QC, QF, QL, QO, WF, WS

# Which permissions an endpoint wants: a list of sets, any of which is enough.
PERMISSIONS = {
    "Balance": [{QF}], "BalanceEx": [{QF}], "CreditLines": [{QF}], "TradeBalance": [{QO}], "OpenOrders": [{QO}],
    "ClosedOrders": [{QC}], "QueryOrders": [{QO}, {QC}], "OrderAmends": [{QO}, {QC}], "TradesHistory": [{QC}],
    "QueryTrades": [{QC}], "OpenPositions": [{QO}], "Ledgers": [{QL}], "QueryLedgers": [{QL}], "TradeVolume": [{QF}],
    "AddExport": [{EX}], "ExportStatus": [{EX}], "RetrieveExport": [{EX}], "RemoveExport": [{EX}],
    "GetApiKeyInfo": [set()], "Level3": [{QO}],
    "AddOrder": [{MT}], "AddOrderBatch": [{MT, CT}], "AmendOrder": [{MT}, {CT}], "EditOrder": [{MT, CT}],
    "CancelOrder": [{MT}, {CT}], "CancelAll": [{MT}, {CT}], "CancelAllOrdersAfter": [{MT}, {CT}],
    "CancelOrderBatch": [{MT}, {CT}], "GetWebSocketsToken": [{WS}],
    "AddStrategy": [{MT}], "CancelStrategy": [{CT}], "QueryStrategies": [{QO}, {QC}], "GetOpenStrategies": [{QO}],
    "GetClosedStrategies": [{QC}],
    "DepositMethods": [{QF, AF}], "DepositAddresses": [{QF}], "DepositStatus": [{QF}], "WithdrawMethods": [{QF, WF}],
    "WithdrawAddresses": [{QF, WF}], "WithdrawInfo": [{QF, WF}], "Withdraw": [{WF}], "WithdrawStatus": [{WF}, {QL}],
    "WithdrawCancel": [{WF}], "WalletTransfer": [{QF}], "CreateSubaccount": [{WF}], "AccountTransfer": [{WF}],
    "Earn/Allocate": [{EF}], "Earn/Deallocate": [{EF}], "Earn/AllocateStatus": [{EF}, {QF}],
    "Earn/DeallocateStatus": [{EF}, {QF}], "Earn/Strategies": [set()], "Earn/Allocations": [{QF}],
}


class Admission(ExchangeTest):
    def test_key_and_signature(self):
        exchange = self.exchange
        exchange.switch(lockout_after=0)
        self.assertEqual(exchange.errors(key="nobody"), ["EAPI:Invalid key"])
        self.assertEqual(exchange.errors(headers={"API-Key": None}), ["EAPI:Invalid key"])
        self.assertEqual(exchange.errors(break_signature=True), ["EAPI:Invalid signature"])
        self.assertEqual(exchange.errors(headers={"API-Sign": None}), ["EAPI:Invalid signature"])
        self.assertEqual(exchange.errors(signed_path="/0/private/Other"), ["EAPI:Invalid signature"])
        self.assertEqual(exchange.errors(), [])

    def test_one_changed_byte_breaks_the_signature(self):
        exchange = self.exchange
        path, body, headers = exchange.request("Balance", {"rebase_multiplier": "base"})
        answer = exchange.send(path, body.replace("base", "bas3"), headers)
        self.assertEqual(json.loads(answer.text)["error"], ["EAPI:Invalid signature"])

    def test_nonce_must_rise(self):
        exchange = self.exchange
        exchange.switch(lockout_after=0)
        self.assertEqual(exchange.errors(nonce="100"), [])
        for nonce in ("100", "99", "0", "abc", "1.5", "18446744073709551616", "-1"):
            self.assertEqual(exchange.errors(nonce=nonce), ["EAPI:Invalid nonce"], nonce)
        self.assertEqual(exchange.errors(nonce="101"), [])
        self.assertEqual(exchange.errors(nonce="18446744073709551615"), [])
        audit = exchange.control("GET", "/audit")
        self.assertEqual(audit["nonces_refused"], 7)
        self.assertEqual([item["nonce"] for item in audit["nonces"]][:2], ["100", "99"])
        self.assertEqual(exchange.key()["nonce"], "18446744073709551615")

    def test_each_key_has_its_own_nonce(self):
        exchange = self.exchange
        self.assertEqual(exchange.errors(nonce="100"), [])
        self.assertEqual(exchange.errors(nonce="5", key="alice-window"), [])

    def test_nonce_window(self):
        exchange = self.exchange
        send = lambda nonce: exchange.errors(nonce=nonce, key="alice-window")
        self.assertEqual(send("5000"), [])
        self.assertEqual(send("4000"), [])
        self.assertEqual(send("3999"), ["EAPI:Invalid nonce"])
        self.assertEqual(send("4000"), ["EAPI:Invalid nonce"])
        exchange.switch(nonce_repeat_inside_window=True)
        self.assertEqual(send("4000"), [])
        self.assertEqual(send("5000"), [])

    def test_nonces_above_int63(self):
        exchange = self.exchange
        exchange.switch(nonce_above_int63=False)
        self.assertEqual(exchange.errors(nonce=str(2**63)), ["EAPI:Invalid nonce"])
        exchange.switch(nonce_above_int63=True)
        self.assertEqual(exchange.errors(nonce=str(2**63)), [])

    def test_whether_refused_calls_use_the_nonce(self):
        exchange = self.exchange
        cases = {
            "signature": dict(break_signature=True),
            "permission": dict(endpoint="Ledgers", key="alice-window"),
            "otp": dict(key="bob-otp"),
            "arguments": dict(fields={"no_such_parameter": "1"}),
            "business": dict(endpoint="CancelOrder", fields={"txid": "OAAAAA-BBBBB-CCCCCC"}),
        }
        for check, options in cases.items():
            for used in (False, True):
                with self.subTest(check=check, used=used):
                    exchange.control("POST", "/reset")
                    exchange.switch(nonce_used_on_refusal=[check] if used else [])
                    self.assertNotEqual(exchange.errors(nonce="77", **options), [])
                    key = options.get("key", "alice-main")
                    self.assertEqual(exchange.key(key)["nonce"], "77" if used else "0")
                    entry = exchange.journal()[-1]
                    self.assertEqual((entry["refused_by"], entry["nonce_used"]), (check, used))

    def test_order_of_checks(self):
        exchange = self.exchange
        both = dict(endpoint="Ledgers", key="alice-window", break_signature=True)
        self.assertEqual(exchange.errors(**both), ["EAPI:Invalid signature"])
        exchange.switch(check_order=["lockout", "key", "address", "expiry", "body", "permission", "nonce_syntax",
                                     "signature", "nonce_order", "otp", "concurrency", "rate"])
        self.assertEqual(exchange.errors(**both), ["EGeneral:Permission denied"])
        exchange.control("POST", "/switches", {"check_order": ["key"]}, status=400)

    def test_otp(self):
        exchange = self.exchange
        send = lambda **fields: exchange.errors(fields=fields, key="bob-otp")
        self.assertEqual(send(otp="pass word"), [])
        self.assertEqual(send(), ["EGeneral:Permission denied"])
        self.assertEqual(send(otp="wrong"), ["EAPI:Invalid signature"])
        exchange.switch(text_otp_missing="EAPI:A", text_otp_wrong="EAPI:B")
        self.assertEqual(send(), ["EAPI:A"])
        self.assertEqual(send(otp="wrong"), ["EAPI:B"])
        self.assertEqual(exchange.errors(fields={"otp": "x"}), ["EAPI:Invalid signature"])
        exchange.switch(text_otp_unexpected="")
        self.assertEqual(exchange.errors(fields={"otp": "x"}), [])

    def test_address_list_and_expiry(self):
        exchange = self.exchange
        change = lambda **members: exchange.control(
            "POST", "/accounts", {"account": "alice", "key": {"api_key": "alice-main", **members}})
        change(ip_allowlist=["10.0.0.0/8"])
        self.assertEqual(exchange.errors(), ["EGeneral:Permission denied"])
        exchange.switch(text_address="EAPI:Invalid key")
        self.assertEqual(exchange.errors(), ["EAPI:Invalid key"])
        change(ip_allowlist=["127.0.0.0/8"], valid_until=int(time.time()) + 1000)
        self.assertEqual(exchange.errors(), [])
        exchange.control("POST", "/clock", {"offset_ms": 1001000})
        self.assertEqual(exchange.errors(), ["EAPI:Invalid key"])
        exchange.switch(text_expiry="EAPI:Expired")
        self.assertEqual(exchange.errors(), ["EAPI:Expired"])

    def test_content_types_bodies_and_query_strings(self):
        exchange = self.exchange
        exchange.switch(lockout_after=0)
        self.assertEqual(exchange.errors(headers={"Content-Type": "text/plain"}), ["EAPI:Bad request"])
        exchange.switch(text_content_type="EAPI:Type")
        self.assertEqual(exchange.errors(headers={"Content-Type": None}), ["EAPI:Type"])
        exchange.switch(content_type_required=False)
        self.assertEqual(exchange.errors(headers={"Content-Type": None}), [])
        self.assertEqual(exchange.errors(nonce="1", body='{"nonce":1,', as_json=True), ["EAPI:Bad request"])
        self.assertEqual(exchange.errors(query="?a=b"), ["EAPI:Bad request"])
        path = "/0/private/Balance"
        for mode, signed in (("ignore", path), ("sign_with_mark", path + "?a=b"), ("sign_without_mark", path + "a=b")):
            exchange.switch(query_string=mode)
            self.assertEqual(exchange.errors(query="?a=b", signed_path=signed), [], mode)
            self.assertEqual(exchange.errors(query="?a=b", signed_path="/other"), ["EAPI:Invalid signature"], mode)
        exchange.switch(user_agent_required=True)
        self.assertEqual(exchange.errors(headers={"User-Agent": None}), ["EAPI:Bad request"])

    def test_unknown_methods(self):
        exchange = self.exchange
        self.assertEqual(exchange.errors("Nonsense"), ["EGeneral:Unknown method"])
        exchange.switch(unknown_method_status=404, text_unknown_method="EGeneral:What")
        response = exchange.send(*exchange.request("Nonsense"))
        self.assertEqual((response.status, json.loads(response.text)["error"]), (404, ["EGeneral:What"]))

    def test_result_member_of_refusals(self):
        for mode, expected in (("absent", {"error": ["EAPI:Invalid key"]}),
                               ("null", {"error": ["EAPI:Invalid key"], "result": None}),
                               ("empty", {"error": ["EAPI:Invalid key"], "result": {}})):
            self.exchange.switch(result_on_error=mode)
            self.assertEqual(self.exchange.call("Balance", key="nobody"), expected)

    def test_permissions_of_every_private_endpoint(self):
        exchange = self.exchange
        exchange.switch(lockout_after=0, rest_cost={endpoint: 0 for endpoint in PERMISSIONS}, counted_on_refusal=[])
        grant = lambda names: exchange.control(
            "POST", "/accounts", {"account": "alice", "key": {"api_key": "alice-main", "permissions": sorted(names)}})
        denied = ["EGeneral:Permission denied"]
        for endpoint, choices in PERMISSIONS.items():
            with self.subTest(endpoint=endpoint):
                for choice in choices:
                    grant(choice)
                    exchange.send(*exchange.request(endpoint))
                    # Without arguments the venue may refuse it; admission must not have.
                    self.assertNotEqual(exchange.journal()[-1]["refused_by"], "permission")
                    for name in choice:
                        grant(set(ALL) - set().union(*choices) | (choice - {name}))
                        self.assertEqual(exchange.errors(endpoint), denied)
        grant(set())
        for endpoint, choices in PERMISSIONS.items():
            if choices != [set()]:
                self.assertEqual(exchange.errors(endpoint), denied)

    def test_rest_counter(self):
        exchange = self.exchange
        exchange.control("POST", "/clock", {"freeze": True})
        for _ in range(10):
            self.assertEqual(exchange.errors("Ledgers"), [])
        self.assertEqual(exchange.errors(), ["EAPI:Rate limit exceeded"])
        self.assertEqual(exchange.errors("CancelOrder", {"txid": "OAAAAA-BBBBB-CCCCCC"}), ["EOrder:Unknown order"])
        exchange.switch(rate_limit_as="429", retry_after_seconds=7)
        response = exchange.send(*exchange.request("Balance"))
        self.assertEqual((response.status, response.getheader("Retry-After")), (429, "7"))
        self.assertTrue(response.text.startswith(b"<"))
        exchange.control("POST", "/clock", {"advance_ms": 4000})
        self.assertEqual(exchange.errors(), [])
        self.assertEqual(exchange.errors(key="alice-window"), [])

    def test_rest_counter_costs_and_failed_calls(self):
        exchange = self.exchange
        exchange.control("POST", "/clock", {"freeze": True})
        used = lambda: exchange.key()["counter_thousandths"]
        for endpoint, cost in (("OpenOrders", 1), ("ClosedOrders", 1), ("Ledgers", 2), ("TradesHistory", 2)):
            before = used()
            exchange.call(endpoint)
            self.assertEqual(used() - before, cost * 1000, endpoint)
        exchange.switch(rest_cost={"OpenOrders": 3})
        before = used()
        exchange.call("OpenOrders")
        self.assertEqual(used() - before, 3000)
        self.assertEqual(exchange.errors(nonce="1"), ["EAPI:Invalid nonce"])
        self.assertEqual(used() - before, 4000)
        exchange.switch(counted_on_refusal=[])
        self.assertEqual(exchange.errors(nonce="1"), ["EAPI:Invalid nonce"])
        self.assertEqual(used() - before, 4000)

    def test_public_limit(self):
        exchange = self.exchange
        get = lambda: json.loads(exchange.send("/0/public/Time", None, {}, method="GET").text)["error"]
        for _ in range(30):
            self.assertEqual(get(), [])
        exchange.control("POST", "/clock", {"freeze": True})
        exchange.switch(public_burst=2)
        self.assertEqual([get(), get(), get()], [[], [], ["EGeneral:Too many requests"]])
        exchange.control("POST", "/clock", {"advance_ms": 1000})
        self.assertEqual([get(), get()], [[], ["EGeneral:Too many requests"]])

    def test_lockout(self):
        exchange = self.exchange
        for _ in range(5):
            self.assertEqual(exchange.errors(nonce="0"), ["EAPI:Invalid nonce"])
        self.assertEqual(exchange.errors(), ["EGeneral:Temporary lockout"])
        self.assertEqual(exchange.errors(key="alice-window"), ["EGeneral:Temporary lockout"])
        exchange.control("POST", "/clock", {"offset_ms": 905000})
        self.assertEqual(exchange.errors(), [])
        exchange.switch(lockout_scope="key")
        for _ in range(5):
            exchange.errors(break_signature=True)
        self.assertEqual(exchange.errors(), ["EGeneral:Temporary lockout"])
        self.assertEqual(exchange.errors(key="alice-window"), [])

    def test_concurrent_requests_are_throttled(self):
        exchange = self.exchange
        exchange.switch(max_concurrent=1)
        exchange.fault("delay", delay_after_ms=60000)
        path, body, headers = exchange.request("Balance")
        slow = exchange.connect()
        slow.request("POST", path, body, headers)
        exchange.wait_for(lambda: exchange.key()["in_flight"] == 1)
        errors = exchange.errors()
        self.assertRegex(errors[0], r"^EService: Throttled: \d{10}$")
        slow.close()
        exchange.fault("close_now")
        exchange.wait_for(lambda: exchange.key()["in_flight"] == 0)
        self.assertEqual(exchange.errors(), [])

    def test_system_status(self):
        exchange = self.exchange
        order = {"ordertype": "limit", "type": "buy", "volume": "0.1", "pair": "XBTUSD", "price": "1000"}
        for status, place, cancel in (
                ("online", [], ["EOrder:Unknown order"]),
                ("cancel_only", ["EService:Market in cancel_only mode"], ["EOrder:Unknown order"]),
                ("post_only", ["EService:Market in post_only mode"], ["EOrder:Unknown order"]),
                ("maintenance", ["EService:Unavailable"], ["EService:Unavailable"])):
            exchange.switch(system_status=status)
            answer = json.loads(exchange.send("/0/public/SystemStatus", None, {}, method="GET").text)
            self.assertEqual(answer["result"]["status"], status)
            self.assertEqual(exchange.errors("AddOrder", order), place, status)
            self.assertEqual(exchange.errors("CancelOrder", {"txid": "OAAAAA-BBBBB-CCCCCC"}), cancel, status)
        exchange.switch(system_status="post_only")
        self.assertEqual(exchange.errors("AddOrder", {**order, "oflags": "post"}), [])

    def test_key_info_and_websocket_token(self):
        exchange = self.exchange
        info = exchange.call("GetApiKeyInfo", key="alice-window", nonce="4242")["result"]
        self.assertEqual(
            {name: info[name] for name in ("apiKeyName", "apiKey", "nonce", "nonceWindow", "permissions", "lastUsed")},
            {"apiKeyName": "window", "apiKey": "alice-window", "nonce": "4242", "nonceWindow": 1000,
             "permissions": ["query-funds"], "lastUsed": None})
        self.assertEqual(set(info) - set(
            "iban validUntil queryFrom queryTo createdTime modifiedTime ipAllowlist apiKeyName apiKey nonce nonceWindow "
            "permissions lastUsed".split()), set())
        token = exchange.call("GetWebSocketsToken")["result"]
        self.assertEqual(token["expires"], 900)
        self.assertGreater(len(token["token"]), 30)
        self.assertEqual(exchange.errors("GetWebSocketsToken", {"a": "b"}), ["EGeneral:Invalid arguments:a"])

    def test_all_keys_of_an_account_tell_its_number_and_no_other_does(self):
        exchange = self.exchange
        exchange.control("POST", "/accounts", {"account": "alice", "key": {
            "api_key": "alice-later", "api_secret": SECRET, "permissions": []}})
        number = {key: exchange.call("GetApiKeyInfo", fields, key=key)["result"]["iban"] for key, fields in (
            ("alice-main", None), ("alice-window", None), ("alice-later", None), ("bob-otp", {"otp": "pass word"}))}
        self.assertRegex(number["alice-main"], "^AA[A-Z0-9]{14}$")
        self.assertEqual(number["alice-main"], number["alice-window"])
        self.assertEqual(number["alice-main"], number["alice-later"])
        self.assertNotEqual(number["alice-main"], number["bob-otp"])
