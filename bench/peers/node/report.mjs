import { readFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { medianOf } from "./median.mjs";
import { compared, measures, words } from "./systems.mjs";

/** All that was measured: medians of the rounds, with the least and the most. */
export function report(systems, names, rounds, quick) {
  return {
    machine: {
      processors: os.availableParallelism(),
      model: os.cpus()[0]?.model,
      system: `${os.type()} ${os.release()}`,
      architecture: os.arch(),
      node: process.version,
    },
    rounds,
    quick,
    systems: systems.map(system => ({
      name: system.name,
      version: system.program === "ours" ? null : system.program === "quartz" ? quartzVersion() : npmVersion(system.peer),
      database: system.database,
      settings: system.settings,
      durability: words[system.durability],
      durabilityName: system.durability,
      ratios: Object.fromEntries(compared.map(name => [name, ratioOf(name, system, systems)])),
      measures: Object.fromEntries(names.filter(name => system.results[name]).map(name => [name, summary(name, system.results[name])])),
    })),
  };
}

function summary(name, results) {
  const values = results.flatMap(({ value }) => value ?? []).sort((one, other) => one - other);
  return {
    unit: name.startsWith("pickup") ? "ms" : "jobs/s",
    jobs: results[0].jobs ?? null,
    concurrency: measures[name].concurrency ?? measures[name].callers ?? null,
    median: medianOf(values),
    least: values[0] ?? null,
    most: values.at(-1) ?? null,
    runs: values.length,
    lost: sum(results, "lost"),
    twice: sum(results, "twice"),
    samples: sum(results, "samples"),
    said: results.find(({ said }) => said)?.said ?? null,
    failed: results.some(({ failed }) => failed),
  };
}

/** Null where no round says it. */
function sum(results, what) {
  const said = results.flatMap(result => result[what] ?? []);
  return said.length === 0 ? null : said.reduce((all, each) => all + each, 0);
}

/** How many times as fast ours drains, on the same database; beside Redis, on SQLite. */
function ratioOf(name, system, systems) {
  const ours = systems.find(other => other.program === "ours" && other.database === (system.database === "Redis" ? "SQLite" : system.database));
  const [mine, theirs] = [ours, system].map(each => each?.results[name] && summary(name, each.results[name]).median);
  return mine && theirs ? mine / theirs : null;
}

const read = (...path) => JSON.parse(readFileSync(join(import.meta.dirname, ...path), "utf8"));

const npmVersion = name => read("node_modules", name, "package.json").version;

const quartzVersion = () => Object.values(read("..", "quartz", "packages.lock.json").dependencies)[0].Quartz.resolved;
