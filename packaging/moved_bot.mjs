import ccxt from "ccxt";

const { BOT_URL, BOT_KEY, BOT_SECRET } = process.env;
const kraken = new ccxt.kraken({
    apiKey: BOT_KEY, secret: BOT_SECRET, timeout: 35000, enableRateLimit: false,
    urls: { api: { public: BOT_URL, private: BOT_URL } },
});

console.log((await kraken.fetchBalance()).total);
const order = await kraken.createOrder("BTC/USD", "limit", "buy", 0.01, 10000);
console.log((await kraken.fetchOpenOrders()).map(({ id }) => id), (await kraken.cancelOrder(order.id)).info.result);
