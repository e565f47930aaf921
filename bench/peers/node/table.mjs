import { compared, measures, words } from "./systems.mjs";

const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const heads = {
  "enqueue-one": "one", "enqueue-64": "64", "enqueue-bulk": "bulk",
  "drain-1": "1", "drain-10": "10", "drain-64": "64", "drain-150k": "150k",
  "pickup-other": "ms",
};

/** The results, a row a system, and then with how many jobs they were come by. */
export function print({ systems, rounds, quick }) {
  if (quick)
    console.log("QUICK: with so few jobs, the figures say only that it works.");
  console.log(`Jobs a second, medians of ${rounds} in turns. Enqueued by one caller, by 64, in one call; drained 1, 10, 64 at a time, and 150,000`);
  console.log("jobs (ours 10 at a time, others 24); milliseconds to the pick-up by another process, p50, OF so many pick-ups in all rounds.");
  console.log("RATIO: how many times as fast ours drains, 10 at a time, and 150,000, on the same database (beside Redis: on SQLite). LOST, TWICE:");
  console.log("jobs that ran not at all, or again, in all measures of all rounds; ! shows where, and where a round failed.");
  const after = system => [
    text(system.measures["pickup-other"]?.samples, number),
    ...compared.map(name => text(system.ratios[name], oneDigit)),
    total(system, "lost"), total(system, "twice"),
  ];
  rows(systems, after, [["", "OF"], ...compared.map((name, index) => [index === 0 ? "RATIO" : "", heads[name]]), ["", "LOST"], ["", "TWICE"]], cell);
  const peers = systems.filter(system => system.version);
  if (peers.length > 0) {
    console.log("\nHow many jobs (pick-up: how often); the store, the process and the database are new for each.");
    rows(peers, () => [], [], measure => text(measure?.jobs, number));
  }
  console.log();
  for (const name of new Set(systems.map(system => system.durabilityName)))
    console.log(`${name}: ${words[name]}.`);
}

function rows(systems, after, afterHeads, cellOf) {
  const names = Object.keys(measures);
  const table = [["", "", "", "enqueue", "", "", "drain", "", "", "", "pick-up", ...afterHeads.map(([group]) => group)]];
  table.push(["SYSTEM", "SETTINGS", "DURABILITY", ...names.map(name => heads[name]), ...afterHeads.map(([, head]) => head)]);
  for (const database of new Set(systems.map(system => system.database))) {
    table.push([database]);
    for (const system of systems.filter(system => system.database === database)) {
      const title = `  ${[system.name, system.version].filter(Boolean).join(" ")}`;
      table.push([title, system.settings, system.durabilityName, ...names.map(name => cellOf(system.measures[name])), ...after(system)]);
    }
  }
  const widths = table[1].map((_, column) => Math.max(...table.map(row => row.length === 1 ? 0 : row[column].length)));
  for (const row of table)
    console.log(row.map((value, column) => column < 3 ? value.padEnd(widths[column]) : value.padStart(widths[column])).join("  ").trimEnd());
}

function cell(measure) {
  if (!measure)
    return "-";
  const mark = measure.lost || measure.twice || measure.failed ? "!" : "";
  if (measure.median === null)
    return measure.failed ? "failed" : `none${mark}`;
  return (measure.unit === "ms" ? oneDigit : number).format(measure.median) + mark;
}

const text = (value, format) => value === null || value === undefined ? "-" : format.format(value);

function total(system, what) {
  const counted = Object.values(system.measures).map(measure => measure[what]).filter(value => value !== null);
  return counted.length === 0 ? "-" : number.format(counted.reduce((all, each) => all + each, 0));
}
