#!/usr/bin/env python3
"""Money is text: digits reach Kraken as they were written, and its answers reach the client byte for byte."""

import base64
import json
import re
import time
import urllib.parse

import support
from canned_server import CannedServer, http_reply

NUMBERS = ("1.10000000", "0.00000001", "1234567890123456789012345678.123456789012", "0.1000000000000000055511151231257827021181",
           "1e-8", "1E+08", "1.0e0", "-0", "-0.0", "0", "9223372036854775808", "18446744073709551616",
           "-9223372036854775809", "9007199254740993", "1" + "0" * 60, "1e400", "-1e-400", "100", "1.000")
# As strings they need not be JSON numbers.
STRINGS = NUMBERS + ("+1.5", ".5", "1.", "007", "1,000.00", "#5.0", "+2%", "Infinity", "", " 1 ", "\u00bd")


def fields(body):
    return urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=True)


class ToKraken(support.DaemonTest):
    def setUp(self):
        super().setUp()
        self.exchange.switch(refuse_unknown_parameters=False)
        self.set_up_vault()
        self.client = self.daemon.client()
        self.addCleanup(self.client.close)

    def sent(self, endpoint, params):
        """What the exchange got for a call with this text as params, whatever it thought of it."""
        self.client.reply('{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"%s","params":%s}}' % (endpoint, params))
        entry = self.exchange.journal()[-1]
        self.assertEqual(entry["endpoint"], endpoint)
        self.assertNotIn(entry["refused_by"], ("signature", "nonce_order", "body"))
        # A batch that acts is given a tag for each row and a deadline, so that it can be found again; all else stays.
        if endpoint == "AddOrderBatch":
            entry["body"] = re.sub(r',"userref":\d+}', "}", re.sub(r',"deadline":"[^"]*"}$', "}", entry["body"]))
        return entry

    def test_form_bodies(self):
        for quote, texts in (('"%s"', STRINGS), ("%s", NUMBERS)):
            members = ",".join(f'"f{place}":' + quote % text for place, text in enumerate(texts))
            entry = self.sent("Balance", "{" + members + "}")
            expected = [("nonce", entry["nonce"])] + [(f"f{place}", text) for place, text in enumerate(texts)]
            self.assertEqual(fields(entry["body"]), expected)

    def test_orders_in_forms(self):
        for quote in ('"%s"', "%s"):
            for text in NUMBERS:
                entry = self.sent("AddOrder", '{"pair":"XBTUSD","type":"buy","ordertype":"limit","validate":true,"price":%s,"volume":%s}'
                                  % (quote % text, quote % "1.10000000"))
                self.assertEqual(fields(entry["body"])[-2:], [("price", text), ("volume", "1.10000000")])

    def test_numbers_in_names_and_texts_of_forms(self):
        entry = self.sent("Balance", r'{"a\u0020b&=":"\u00e4\n\"\\ +%&=","1.10000000":2.50}')
        self.assertEqual(fields(entry["body"])[1:], [("a b&=", '\u00e4\n"\\ +%&='), ("1.10000000", "2.50")])

    def test_json_bodies(self):
        for quote, texts in (('"%s"', STRINGS), ("%s", NUMBERS)):
            for text in texts:
                order = '{"ordertype":"limit","type":"buy","price":%s,"volume":%s,"x":[[%s],{"y":%s}]}' % ((quote % text,) * 4)
                entry = self.sent("AddOrderBatch", '{"pair":"XBTUSD","orders":[%s,%s],"top":%s}' % (order, order, quote % text))
                self.assertEqual(entry["body"], '{"nonce":"%s","pair":"XBTUSD","orders":[%s,%s],"top":%s}'
                                 % (entry["nonce"], order, order, quote % text))

    def test_json_is_not_rewritten(self):
        orders = r'[ { "a" : 1.0 ,"b":"\u0041\/\ud83d\ude00" , "c":[ ],"d":{ } ,"e":true,"f":null} ]'
        entry = self.sent("AddOrderBatch", '{"orders":%s}' % orders)
        self.assertEqual(entry["body"], '{"nonce":"%s","orders":%s}' % (entry["nonce"], orders))

    def test_public_queries(self):
        for quote, texts in (('"%s"', STRINGS), ("%s", NUMBERS)):
            members = ",".join(f'"f{place}":' + quote % text for place, text in enumerate(texts))
            entry = self.sent("Ticker", "{" + members + ',"list":[' + ",".join(quote % text for text in NUMBERS) + "]}")
            got = fields(entry["target"].split("?", 1)[1])
            expected = [(f"f{place}", text) for place, text in enumerate(texts)] + [("list", ",".join(NUMBERS))]
            self.assertEqual(got, expected)

    def test_placed_orders_keep_their_digits(self):
        # The exchange itself reports the decimals that it understood.
        result = json.loads(self.client.call_raw("AddOrder", '{"pair":"XBTUSD","type":"buy","ordertype":"limit","price":10000.1,'
                                                             '"volume":0.01234567}'))
        self.assertIn("0.01234567", result["descr"]["order"])
        [order] = json.loads(self.client.call_raw("OpenOrders"))["open"].values()
        self.assertEqual((order["vol"], order["descr"]["price"]), ("0.01234567", "10000.1"))

    def test_the_command_line_keeps_them_too(self):
        status, out, error = self.daemon.ctl("call", "AddOrder", "pair=XBTUSD", "type=buy", "ordertype=limit", "price=1.10000000",
                                             "volume:=0.01000000", "validate=true", "--json")
        self.assertIn(status, (0, 1), error)
        self.assertEqual(fields(self.exchange.journal("AddOrder")[-1]["body"])[-3:],
                         [("price", "1.10000000"), ("volume", "0.01000000"), ("validate", "true")])


RESULTS = (
    b'{"a":1.10000000,"b":0.00000001,"c":1e-8,"d":-0,"e":1e400,"f":-1E-400}',
    b'[' + b",".join(text.encode() for text in NUMBERS) + b"]",
    b'{"n":0.1234567890123456789012345678901234567890,"m":1234567890123456789012345678901234567890}',
    b'{ "spaced" :  [ 1.0 ,\t2.00 , { } , [ ] ] , "same":1, "same":2 }',
    rb'{"escapes":"\u0041\u00e4\/\"\\\b\f\n\r\t\ud83d\ude00","raw":"' + "\u00e4\u20ac\U0001f600\u2028".encode() + b'"}',
    b'"text"', b"null", b"true", b"0", b"-0.0", b"1.50", b"[]", b"{}", b"12345678901234567890",
    b"[" * 100 + b"1.10" + b"]" * 100,
    b'{"error":["not this"],"result":{"result":1.0}}',
    b'{"big":"' + b"x" * 3_000_000 + b'"}',
)


class FromKraken(support.DaemonTest):
    """A server of our own says what the exchange would never say."""

    KRAKEN = "request_timeout_ms = 20000"

    def setUp(self):
        super().setUp()
        tls = self.folder / "exchange" / "tls"
        self.server = CannedServer(tls / "server.pem", tls / "server.key")
        self.addCleanup(self.server.stop)
        # The first attempt is the only one: what one answer means is what is asked here.
        self.canned = self.make_daemon("canned", base_url=self.server.base_url, config="[retry]\nmax_attempts = 1\n")
        self.canned.start()
        with self.canned.admin() as admin:
            # After an unlock the daemon asks for Kraken's time and looks at the accounts: that is over before there is one.
            self.server.answers["/0/public/Time"] = [http_reply('{"error":[],"result":{"unixtime":%d,"rfc1123":""}}' % time.time())]
            admin.result("vault.create", {"passphrase": support.PASSPHRASE})
            support.wait_for(lambda: "clock_offset_ms" in admin.result("status")["upstream"])
            self.server.answers["/0/private/GetApiKeyInfo"] = [http_reply('{"error":["EService:Busy"]}')]
            admin.result("account.add", {**self.keys["alice"].add_params(), "save": "unvalidated"})
        self.client = self.canned.client()
        self.addCleanup(self.client.close)

    def result_of(self, endpoint, reply):
        kind = "public" if endpoint == "Ticker" else "private"
        self.server.answers[f"/0/{kind}/{endpoint}"] = [reply]
        return self.client.call_raw(endpoint)

    def test_results_byte_for_byte(self):
        for result in RESULTS:
            for endpoint in ("Ticker", "Balance", "AddOrder"):
                for body in (b'{"error":[],"result":%s}', b' {"result" :%s, "error" : [ ] , "more":[{}]} \n'):
                    with self.subTest(endpoint, result=result[:80]):
                        self.assertEqual(self.result_of(endpoint, http_reply(body % result)), result)

    def test_line_breaks_between_tokens_become_spaces(self):
        result = b'{\r\n  "a":\n\t1.10000000,\n"b": "x\\ny"\r\n}'
        for endpoint in ("Ticker", "Balance", "AddOrder"):
            got = self.result_of(endpoint, http_reply(b'{\n"error":\n[\n]\n,\n"result":\n' + result + b"\n}\n"))
            self.assertEqual(got, re.sub(rb"[\r\n]", b" ", result))

    def test_chunked_and_split_replies(self):
        result = b'{"a":1.10000000,"b":"\xe2\x82\xac"}'
        body = b'{"error":[],"result":%s}' % result
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
        self.assertEqual(self.result_of("Balance", head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks), result)
        self.assertEqual(self.result_of("Balance", head + b"Connection: close\r\n\r\n" + body), result)

    def test_content_type_does_not_matter_for_json(self):
        for kind in ("text/plain", "text/html", "application/octet-stream", "application/zip"):
            reply = http_reply('{"error":[],"result":{"a":1.0}}', content_type=kind)
            self.assertEqual(self.result_of("Balance", reply), b'{"a":1.0}')

    def test_warnings_are_no_errors(self):
        reply = http_reply('{"error":["WGeneral:Danger"],"result":{"a":1.0}}')
        self.assertEqual(self.result_of("AddOrder", reply), b'{"a":1.0}')

    def test_files(self):
        for content in (b"PK\x03\x04" + bytes(range(256)) * 9, b"\x00\xff\n\r\n"):
            for kind in ("application/zip", "application/octet-stream"):
                got = json.loads(self.result_of("RetrieveExport", http_reply(content, content_type=kind)))
                self.assertEqual((got["content_type"], base64.b64decode(got["base64"], validate=True)), (kind, content))

    def test_what_is_no_answer(self):
        html = "<!DOCTYPE html>\n<html><body>502 Bad Gateway <b>\u00e4</b></body></html>"
        wrong = (
            http_reply(html, "502 Bad Gateway", "text/html"),
            http_reply(html, content_type="text/html"),
            http_reply('{"error":[],"result":{"a":1}}', "502 Bad Gateway"),
            http_reply('{"error":[],"result":{"a":1.0'),
            http_reply('{"error":[],"result":{"a":1.0}}}'),
            http_reply('{"error":[],"result":{"a":01}}'),
            http_reply('{"error":[],"result":{"a":NaN}}'),
            http_reply('{"error":[],"result":{"a":1.}}'),
            http_reply(b'{"error":[],"result":{"a":"\xff"}}'),
            http_reply(b'{"error":[],"result":{"a":"\n"}}'),
            http_reply('{"error":[],"result":' + "[" * 200 + "]" * 200 + "}"),
            http_reply('{"error":[]}'), http_reply('{"result":{}}'), http_reply('{"error":{},"result":{}}'),
            http_reply('{"error":[1],"result":{}}'), http_reply("[]"), http_reply(""), http_reply("null"),
            http_reply(b"PK\x03\x04\x00\xff"),
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n" + b'{"error":[],"result":{}}',
            b"nonsense\r\n\r\n",
            None,
        )
        for place, reply in enumerate(wrong):
            with self.subTest(reply=(reply or b"")[:120]):
                for kind, endpoint in (("public", "Ticker"), ("private", "Balance"), ("private", "AddOrder")):
                    self.server.answers[f"/0/{kind}/{endpoint}"] = [reply]
                before = len(self.server.requests)
                for endpoint in ("Ticker", "Balance"):
                    error = self.assert_error(self.client.call(endpoint), -32017, executed="no", category="network")
                    self.assertTrue(error["data"]["retryable"])
                order = self.assert_error(self.client.call("AddOrder", {"volume": "1.10000000"}, timeout_ms=800), -32019,
                                          executed="unknown")
                self.assertFalse(order["data"]["retryable"])
                # What became of it is asked for meanwhile, by other calls.
                asked = [request for request in self.server.requests[before:]
                         if request[0] in ("/0/public/Ticker", "/0/private/Balance", "/0/private/AddOrder")]
                self.assertEqual([request[0] for request in asked],
                                 ["/0/public/Ticker", "/0/private/Balance", "/0/private/AddOrder"], "nothing is sent twice")
                self.assertIn(b"volume=1.10000000", asked[-1][2])

    def test_kraken_errors_come_through(self):
        for text, code in (("EOrder:Insufficient funds", -32014), ("EOrder:Invalid price", -32015), ("EService:Busy", -32016),
                           ("EAPI:Rate limit exceeded", -32013), ("EWhat:\u00e4 \"new\" one", -32015)):
            self.server.answers["/0/private/OpenOrders"] = [http_reply(json.dumps({"error": [text]}))]
            error = self.assert_error(self.client.call("OpenOrders"), code, origin="kraken", kraken=[text])
            self.assertEqual(error["data"]["executed"], "no")


if __name__ == "__main__":
    support.main()
