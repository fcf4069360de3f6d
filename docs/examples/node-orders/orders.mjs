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
const MOST_LINES = 10_000; // of a document: 6 of the 16 MB that MongoDB allows, with the longest names there can be

function setting(name, fallback) {
  const value = process.env[name] ?? fallback;
  if (value === undefined) {
    console.error(`Set ${name}.`);
    process.exit(2);
  }
  return value;
}

// Forecasts of each store's newest close wait here for the plan of the same close, which follows them in the topic;
// the parts of a long plan wait for the last of them, so nothing is ordered from half a plan.
class OrderBook {
  #stores = new Map();
  #gathering = new Map();
  incomplete = 0;

  forecast(message, offset) {
    const day = message.horizons.find((h) => h.horizon === "day");
    if (day === undefined) return; // of the running day: says nothing about orders
    let store = this.#stores.get(message.store);
    if (store === undefined || message.origin > store.origin) {
      store = { origin: message.origin, first: offset, waiting: new Map() };
      this.#stores.set(message.store, store);
      this.#giveUp(message);
    }
    if (message.origin === store.origin) store.waiting.set(message.item, day.mean);
  }

  // What each part of a plan adds to the order; nothing before all are there.
  plan(message, offset) {
    const parts = message.parts ?? 1; // both are left out of a plan that fits into one message
    if (parts === 1) return [this.#part(message)];
    const key = JSON.stringify([message.store, message.shelf ?? "all", message.origin, message.offset]);
    if (!this.#gathering.has(key)) this.#gathering.set(key, { store: message.store, origin: message.origin, first: offset, parts: new Map() });
    const gathered = this.#gathering.get(key).parts.set(message.part ?? 1, message);
    if (gathered.size < parts) return [];
    this.#gathering.delete(key);
    return [...gathered.entries()].sort(([a], [b]) => a - b).map(([, one]) => this.#part(one));
  }

  #giveUp({ store, origin }) {
    for (const [key, plan] of this.#gathering) {
      if (plan.store !== store || plan.origin >= origin) continue;
      this.#gathering.delete(key);
      this.incomplete += 1;
      console.error(`nothing is ordered from the plan of ${key}: only ${plan.parts.size} of its parts came`);
    }
  }

  #part(message) {
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

  // The offset from which a restart must read: the oldest forecast, or part of a plan, that still waits.
  safeOffset(next) {
    let safe = next;
    for (const { first } of [...this.#stores.values(), ...this.#gathering.values()]) if (first < safe) safe = first;
    return safe;
  }
}

// Whole units of all days so far less those of the days before: a slow item is ordered now and then, without a memory.
function unitsToReplaceSales(mean, origin) {
  const day = Math.round(Date.parse(`${origin}T00:00:00Z`) / 86_400_000) + ORDINAL_OF_1970;
  return Math.floor(mean * (day + 1)) - Math.floor(mean * day);
}

// Puts a part into its order; false where it was there already. A long order has further pages: one that is full changes
// no more, and filling it up is a revision too. A page is written under the revision that was read, anew where another
// process was first.
async function add(orders, part) {
  const idOf = (page) => JSON.stringify(page === 1 ? [part.store, part.origin] : [part.store, part.origin, page]);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const pages = [];
    do {
      const page = await orders.findOne({ _id: idOf(pages.length + 1) });
      if (page === null) break;
      pages.push(page);
    } while (pages.at(-1).full);
    if (pages.some((page) => page.messages.includes(part.message))) return false;
    const there = new Set(pages.flatMap((page) => page.lines.map((line) => line.item)));
    const lines = part.lines.filter((line) => !there.has(line.item));
    const last = pages.at(-1);
    if (last !== undefined && !last.full) {
      const fits = last.lines.length + lines.length <= MOST_LINES;
      const more = fits ? { messages: [...last.messages, part.message], lines: [...last.lines, ...lines] } : { full: true };
      const { matchedCount } = await orders.replaceOne({ _id: last._id, v: last.v }, { ...last, ...more, v: last.v + 1 });
      if (matchedCount !== 1) continue;
      if (fits) return true;
    }
    const number = pages.length + 1;
    const page = number > 1 ? { page: number } : {};
    try {
      await orders.insertOne({ _id: idOf(number), store: part.store, origin: part.origin, ...page, v: 1, messages: [part.message], lines });
      return true;
    } catch (error) {
      if (error.code !== 11000 && !String(error).includes("UNIQUE constraint")) throw error;
    }
  }
  throw new Error(`other writers changed order ${idOf(1)} ${MOST_ATTEMPTS} times in a row`);
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
        for (const part of book.plan(message, Number(offset))) {
          counted[(await add(orders, part)) ? "written" : "repeated"] += 1;
          await heartbeat();
        }
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
    const incomplete = [...books.values()].reduce((sum, book) => sum + book.incomplete, 0);
    console.log(JSON.stringify({ ...counted, incomplete }));
  });
}
