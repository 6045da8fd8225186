import json, socket, sys

daemon = socket.socket(socket.AF_UNIX)
daemon.connect(sys.argv[1])
replies = daemon.makefile()

def call(endpoint, **params):
    request = {"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"endpoint": endpoint, "params": params}}
    daemon.sendall(json.dumps(request).encode() + b"\n")
    return json.loads(replies.readline())

print(call("Balance")["result"])
order = call("AddOrder", pair="XBTUSD", type="buy", ordertype="limit", price="10000.0", volume="0.01")["result"]["txid"][0]
print(list(call("OpenOrders")["result"]["open"]), call("CancelOrder", txid=order)["result"])
