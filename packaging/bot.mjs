import { connect } from "node:net";
import { createInterface } from "node:readline";

const daemon = connect(process.argv[2]);
const replies = createInterface({ input: daemon })[Symbol.asyncIterator]();

async function call(endpoint, params = {}) {
    daemon.write(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "call", params: { endpoint, params } }) + "\n");
    const { result, error } = JSON.parse((await replies.next()).value);
    return error ? (console.error(error.message), process.exit(1)) : result;
}

console.log(await call("Balance"));
const order = { pair: "XBTUSD", type: "buy", ordertype: "limit", price: "10000.0", volume: "0.01" };
const txid = (await call("AddOrder", order)).txid[0];
console.log(Object.keys((await call("OpenOrders")).open), await call("CancelOrder", { txid }));
daemon.end();
