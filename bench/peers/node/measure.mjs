// Makes one measure of one peer, in a process of its own: node measure.mjs ORDER, of which main.mjs says what is in it.
// The answer goes to descriptor 3, since peers log to standard output.
import { writeSync } from "node:fs";
import * as measures from "./measures.mjs";

// Whoever ordered it is gone: without this, a worker would go on for ever.
process.stdin.resume().on("end", () => process.exit(1));

const tell = line => writeSync(3, `${line}\n`);
const order = JSON.parse(process.argv[2]);
const peer = await import(`./peers/${order.peer}.mjs`);
const answer = await measures[order.work](peer, order, tell);
tell(JSON.stringify(answer));
// Not every peer lets go of its timers.
process.exit(0);
