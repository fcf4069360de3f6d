// Purchase orders from sales.forecasts, in Node. The same pattern as consumers/replenishment in Python:
// an effect has a name of its own (store and day) and remembers the messages it holds; it is written before the
// offset is committed; what is read again changes nothing, and what was not written is read again.
//
//   KAFKA_BOOTSTRAP_SERVERS=localhost:9092 MONGODB_URI=mongodb://localhost:27017 npm start

import kafkajs from "kafkajs";
import lz4 from "lz4js";
import { MongoClient } from "mongodb";

const { Kafka, CompressionCodecs, CompressionTypes, logLevel } = kafkajs;
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => Buffer.from(lz4.compress(encoder.buffer)),
  decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
});

const TOPIC = "sales.forecasts";
const ORDINAL_OF_1970 = 719_163; // days since year 1, so that both languages round a day's cases alike
const MOST_ATTEMPTS = 20;

function setting(name, fallback) {
  const value = process.env[name] ?? fallback;
  if (value === undefined) {
    console.error(`Set ${name}.`);
    process.exit(2);
  }
  return value;
}

// Forecasts of each store's newest close wait here for the plan of the same close, which follows them in the topic.
class OrderBook {
  #stores = new Map();

  forecast(message, offset) {
    const day = message.horizons.find((h) => h.horizon === "day");
    if (day === undefined) return; // of the running day: says nothing about orders
    let store = this.#stores.get(message.store);
    if (store === undefined || message.origin > store.origin) {
      store = { origin: message.origin, first: offset, waiting: new Map() };
      this.#stores.set(message.store, store);
    }
    if (message.origin === store.origin) store.waiting.set(message.item, day.mean);
  }

  plan(message) {
    const store = this.#stores.get(message.store);
    const known = store?.origin === message.origin ? store.waiting : new Map();
    const lines = [];
    for (const one of message.items) {
      const planned = one.order_units != null;
      const mean = known.get(one.item) ?? one.predicted_sales;
      const units = planned ? one.order_units : unitsToReplaceSales(mean, message.origin);
      if (units > 0) lines.push({ item: one.item, units, chosen_by: planned ? "plan" : "forecast" });
      known.delete(one.item);
    }
    if (store !== undefined && store.waiting.size === 0) this.#stores.delete(message.store);
    return { store: message.store, origin: message.origin, message: message.id, lines };
  }

  // The offset from which a restart must read: the oldest forecast that still waits.
  safeOffset(next) {
    let safe = next;
    for (const { first } of this.#stores.values()) if (first < safe) safe = first;
    return safe;
  }
}

// Whole units of all days so far less those of the days before: a slow item is ordered now and then, without a memory.
function unitsToReplaceSales(mean, origin) {
  const day = Math.round(Date.parse(`${origin}T00:00:00Z`) / 86_400_000) + ORDINAL_OF_1970;
  return Math.floor(mean * (day + 1)) - Math.floor(mean * day);
}

// The order with this part in it; written under the revision that was read, anew where another process was first.
async function add(orders, part) {
  const _id = JSON.stringify([part.store, part.origin]);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const before = await orders.findOne({ _id });
    if (before?.messages.includes(part.message)) return false;
    const order = before ?? { _id, store: part.store, origin: part.origin, v: 0, messages: [], lines: [] };
    const there = new Set(order.lines.map((line) => line.item));
    const after = {
      ...order,
      v: order.v + 1,
      messages: [...order.messages, part.message],
      lines: [...order.lines, ...part.lines.filter((line) => !there.has(line.item))],
    };
    if (before) {
      if ((await orders.replaceOne({ _id, v: before.v }, after)).matchedCount === 1) return true;
    } else {
      try {
        await orders.insertOne(after);
        return true;
      } catch (error) {
        if (error.code !== 11000 && !String(error).includes("UNIQUE constraint")) throw error;
      }
    }
  }
  throw new Error(`other writers changed order ${_id} ${MOST_ATTEMPTS} times in a row`);
}

const kafka = new Kafka({
  clientId: "orders-node",
  brokers: setting("KAFKA_BOOTSTRAP_SERVERS").split(","),
  logLevel: logLevel.WARN,
});
const mongo = await new MongoClient(setting("MONGODB_URI"), { serverSelectionTimeoutMS: 5000 }).connect();
const collection = setting("ORDERS_COLLECTION", "purchase_orders_node");
const orders = mongo.db(setting("MONGODB_DATABASE", "shelfcast")).collection(collection);
const consumer = kafka.consumer({ groupId: setting("ORDERS_GROUP", "orders-node"), sessionTimeout: 10_000 });
const books = new Map();
const counted = { written: 0, repeated: 0, unreadable: 0 };

consumer.on(consumer.events.GROUP_JOIN, () => books.clear()); // read again from the commits: nothing waits any more
consumer.on(consumer.events.CRASH, ({ payload }) => {
  if (!payload.restart) process.exit(1); // the supervisor starts it again, from the last commit
});

await consumer.connect();
await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: false,
  eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale }) => {
    const { partition } = batch;
    if (!books.has(partition)) books.set(partition, new OrderBook());
    const book = books.get(partition);
    for (const { offset, value } of batch.messages) {
      if (!isRunning() || isStale()) return;
      let message = null;
      try {
        message = JSON.parse(value.toString("utf8"));
      } catch {
        counted.unreadable += 1;
        console.error(`${TOPIC} ${partition} at ${offset} is not JSON and was passed over`);
      }
      if (message?.type === "predicted-sales.v1") book.forecast(message, Number(offset));
      if (message?.type === "shelf-allocation.v1") {
        counted[(await add(orders, book.plan(message))) ? "written" : "repeated"] += 1;
        await heartbeat();
      }
      resolveOffset(offset);
    }
    const safe = book.safeOffset(Number(batch.lastOffset()) + 1);
    await consumer.commitOffsets([{ topic: TOPIC, partition, offset: String(safe) }]);
  },
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await consumer.disconnect();
    await mongo.close();
    console.log(JSON.stringify(counted));
  });
}
