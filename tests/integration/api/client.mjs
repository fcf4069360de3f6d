// What the JavaScript client sees of a server: printed as JSON, to be compared with what the Python client sees.
import { Client, ProblemError } from "../../../deploy/clients/javascript/index.js";

const client = new Client(process.argv[2]);
const rows = async (list) => {
  const found = [];
  for await (const row of list) found.push(row);
  return found;
};
const problem = await rows(client.items({ currency: "eur" })).catch((error) => error);
const events = [];
for await (const event of client.liveEvents({ kinds: "drift-detected.v1", after: process.argv[3] })) {
  events.push(event);
  if (events.length === 2) break;
}
const seen = {
  stores: await rows(client.stores()),
  items: await rows(client.items({ limit: 3, search: "i" })),
  forecasts: await rows(client.forecasts({ store: "a/b ?&#%", limit: 2 })),
  counted: (await client.databaseHealth()).counted,
  csv: new TextDecoder().decode(await client.table("/v1/stores", "text/csv", { fields: "store" })),
  problem: [problem instanceof ProblemError, problem.status, problem.parameter],
  events: events.map(({ id, kind, data }) => [id, kind, data.id]),
};
process.stdout.write(JSON.stringify(seen));
