// Makes one measure of one peer, in a process of its own: node measure.mjs ORDER, which rounds.mjs writes.
// The answer goes to descriptor 3, since peers log to standard output.
import { writeSync } from "node:fs";
import { saidBy } from "./durability.mjs";
import * as measures from "./measures.mjs";

// Whoever ordered it is gone: without this, a worker would go on for ever.
process.stdin.resume().on("end", () => process.exit(1));

const tell = line => writeSync(3, `${line}\n`);
const order = JSON.parse(process.argv[2]);
const peer = await import(`./peers/${order.peer}.mjs`);
order.rest = peer.restOf(order.settings);
const store = await peer.open(order.url, order.settings);
const answer = await measures[order.work](store, order, tell);
// Only now: a peer may change the settings of its connection as late as when its workers start.
tell(JSON.stringify({ ...answer, said: [await saidBy(store, order.asked), ...answer.said ?? []] }));
// Not every peer lets go of its timers.
process.exit(0);
