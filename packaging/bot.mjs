import { connect } from "node:net";
import { createInterface } from "node:readline";

const daemon = connect(process.argv[2]);
const replies = createInterface({ input: daemon })[Symbol.asyncIterator]();

async function call(endpoint, params = {}) {
    daemon.write(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "call", params: { endpoint, params } }) + "\n");
    return JSON.parse((await replies.next()).value);
}

console.log((await call("Balance")).result);
const order = { pair: "XBTUSD", type: "buy", ordertype: "limit", price: "10000.0", volume: "0.01" };
const txid = (await call("AddOrder", order)).result.txid[0];
console.log(Object.keys((await call("OpenOrders")).result.open), (await call("CancelOrder", { txid })).result);
daemon.end();
