// Balance as a bot on ccxt calls it. NODE_EXTRA_CA_CERTS names the exchange's CA.
import { readFileSync } from "node:fs";

const [baseUrl, keyFile, modules, calls] = process.argv.slice(2);
const { default: ccxt } = await import(modules + "/node_modules/ccxt/js/ccxt.js");
const [apiKey, secret] = readFileSync(keyFile, "utf8").split("\n");
const exchange = new ccxt.kraken({ apiKey, secret, enableRateLimit: false });
for (const kind of ["public", "private"]) exchange.urls.api[kind] = baseUrl;
let last = 0;
// ccxt's own counts milliseconds, of which several calls may share one.
exchange.nonce = () => (last = Math.max(last + 1, Date.now() * 1000));

for (let call = 0; call < 50; ++call) await exchange.privatePostBalance();
const took = [];
const before = process.cpuUsage();
for (let call = 0; call < Number(calls); ++call) {
    const begun = process.hrtime.bigint();
    await exchange.privatePostBalance();
    took.push(Number(process.hrtime.bigint() - begun) / 1000);
}
const spent = process.cpuUsage(before);
took.sort((a, b) => a - b);
console.log(JSON.stringify({ p50_us: took[Math.floor(took.length / 2)], cpu_us: (spent.user + spent.system) / took.length }));
process.exit(0);
