// Measures all systems in turns, one round of each after the other, so that what else the machine does meets all of them alike.
//   main.mjs --folder DIR --postgres URL --steadwork PROGRAM --quartz PROGRAM [--rounds N] [--only NAME] [--measure NAME] [--quick] [--json FILE]
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { finishAll } from "./processes.mjs";
import { measureOurs, measurePeer } from "./rounds.mjs";
import { measures, systems } from "./systems.mjs";
import { print } from "./table.mjs";
import { report } from "./report.mjs";

const { values: options } = parseArgs({
  options: {
    folder: { type: "string" }, postgres: { type: "string" }, steadwork: { type: "string" }, quartz: { type: "string" },
    rounds: { type: "string", default: "3" }, only: { type: "string", multiple: true }, measure: { type: "string", multiple: true },
    quick: { type: "boolean", default: false }, json: { type: "string" },
  },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
  refuse(`--rounds is a number from 1 on, and not '${options.rounds}'`);
const picked = systems.filter(({ name }) => begins(name, options.only));
const names = Object.keys(measures).filter(name => begins(name, options.measure));
if (picked.length === 0)
  refuse(`--only takes the beginning of a name: ${[...new Set(systems.map(system => system.name))].join(", ")}`);
if (names.length === 0)
  refuse(`--measure takes the beginning of a name: ${Object.keys(measures).join(", ")}`);

for (const [signal, status] of [["SIGHUP", 129], ["SIGINT", 130], ["SIGTERM", 143]])
  process.on(signal, async () => { await finishAll(); process.exit(status); });

for (let round = 1; round <= rounds; round++) {
  for (const system of picked) {
    system.results ??= {};
    const measure = system.program === "ours" ? measureOurs : measurePeer;
    await measure(system, names, { ...options, progress: text => console.error(`round ${round} of ${rounds}: ${text}`) });
  }
}
const results = report(picked, names, rounds, options.quick);
if (options.json)
  writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
print(results);
process.exit(results.systems.some(system => Object.values(system.measures).some(measure => measure.failed)) ? 1 : 0);

function begins(name, wanted) {
  return !wanted || wanted.some(each => name.toLowerCase().startsWith(each.toLowerCase()));
}

function refuse(text) {
  console.error(`bench/peers/run: ${text}`);
  process.exit(2);
}
