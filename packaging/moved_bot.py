import base64, hashlib, hmac, json, os, time, urllib.parse, urllib.request

def call(endpoint, **params):
    path, nonce = "/0/private/" + endpoint, str(time.time_ns())
    body = urllib.parse.urlencode({"nonce": nonce, **params})
    signed = path.encode() + hashlib.sha256((nonce + body).encode()).digest()
    signature = hmac.new(base64.b64decode(os.environ["BOT_SECRET"]), signed, hashlib.sha512).digest()
    headers = {"API-Key": os.environ["BOT_KEY"], "API-Sign": base64.b64encode(signature).decode()}
    request = urllib.request.Request(os.environ["BOT_URL"] + path, body.encode(), headers)
    reply = json.load(urllib.request.urlopen(request, timeout=35))
    return reply["result"] if not reply["error"] else exit(reply["error"][0])

print(call("Balance"))
order = call("AddOrder", pair="XBTUSD", type="buy", ordertype="limit", price="10000.0", volume="0.01")["txid"][0]
print(list(call("OpenOrders")["open"]), call("CancelOrder", txid=order))
