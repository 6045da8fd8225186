import json, socket, sys

daemon = socket.socket(socket.AF_UNIX)
daemon.connect(sys.argv[1])
replies = daemon.makefile()

def call(endpoint, **params):
    request = {"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"endpoint": endpoint, "params": params}}
    daemon.sendall(json.dumps(request).encode() + b"\n")
    reply = json.loads(replies.readline())
    return reply["result"] if "result" in reply else sys.exit(reply["error"]["message"])

print(call("Balance"))
order = call("AddOrder", pair="XBTUSD", type="buy", ordertype="limit", price="10000.0", volume="0.01")["txid"][0]
print(list(call("OpenOrders")["open"]), call("CancelOrder", txid=order))
