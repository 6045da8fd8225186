"""A client as python3-krakenex is: one session of requests, urlencode, hashlib, a time nonce. Run, it measures Balance."""

import base64
import hashlib
import hmac
import json
import resource
import sys
import time
import urllib.parse

import requests


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Api:
    def __init__(self, base_url, ca_file, key, secret):
        self.base_url = base_url
        self.key = key
        self.secret = base64.b64decode(secret)
        self.session = requests.Session()
        self.ca_file = ca_file
        self.last = 0

    def query_private(self, method, fields=None):
        path = "/0/private/" + method
        self.last = max(self.last + 1, time.time_ns() // 1000)
        data = {**(fields or {}), "nonce": self.last}
        body = urllib.parse.urlencode(data)
        digest = hashlib.sha256((str(data["nonce"]) + body).encode()).digest()
        signature = base64.b64encode(hmac.new(self.secret, path.encode() + digest, hashlib.sha512).digest())
        headers = {"API-Key": self.key, "API-Sign": signature.decode()}
        url = self.base_url + path
        reply = self.session.post(url, data=data, headers=headers, verify=self.ca_file, timeout=30).json()
        assert not reply["error"], reply["error"]
        return reply["result"]


def main():
    base_url, ca_file, key_file, calls = sys.argv[1:]
    with open(key_file) as lines:
        api = Api(base_url, ca_file, *lines.read().split())
    for _ in range(50):
        api.query_private("Balance")
    took = []
    before = processor_time()
    for _ in range(int(calls)):
        begun = time.perf_counter()
        api.query_private("Balance")
        took.append(time.perf_counter() - begun)
    spent = processor_time() - before
    took.sort()
    print(json.dumps({"p50_us": took[len(took) // 2] * 1e6, "cpu_us": spent / len(took) * 1e6}))


if __name__ == "__main__":
    main()
