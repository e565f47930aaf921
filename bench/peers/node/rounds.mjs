// One round of one system. What comes out is added to system.results[measure], an array of { value, lost, twice, samples, said } or { failed }.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { askedOf, faultOf } from "./durability.mjs";
import { makePlace } from "./places.mjs";
import { keep } from "./processes.mjs";
import { measures } from "./systems.mjs";

/** A measure that takes longer than this is given up. */
const bound = 180_000;

export async function measurePeer(system, names, { folder, postgres, quartz, quick, progress }) {
  for (const name of names) {
    const jobs = quick ? few(name, system.counts[name]) : system.counts[name];
    if (jobs === 0)
      continue;
    const title = `${system.name} on ${system.database}, ${system.settings}: ${name}`;
    progress(title);
    const place = await makePlace(system, folder, postgres);
    const { peer, database, settings } = system;
    const warmUps = Math.min(1000, Math.ceil(jobs / 5));
    const order = JSON.stringify({ peer, database, settings, url: place.url, jobs, warmUps, asked: askedOf(system.durability), ...measures[name] });
    const answer = system.program === "quartz"
      ? await ask(quartz, [order], ["pipe", "pipe", "inherit"], bound)
      : await ask(process.execPath, [join(import.meta.dirname, "measure.mjs"), order], ["pipe", "ignore", "inherit", "pipe"], bound);
    await place.clear();
    const fault = answer && faultOf(system.durability, answer.said);
    if (fault)
      console.error(`${title} is ${fault}`);
    (system.results[name] ??= []).push(answer && !fault ? { jobs, ...answer } : { jobs, failed: true });
  }
}

/**
 * "steadwork bench" makes its own places, beside a store that need not be there, and each of its rounds warms up first. It fails
 * by itself when a job was lost, or ran twice.
 */
export async function measureOurs(system, names, { folder, postgres, steadwork, progress }) {
  // A name takes all that begin with it, "drain-1" those of 10 and of 150,000 jobs too: more than once is not needed.
  const only = names.filter(name => !names.some(other => other !== name && name.startsWith(other)));
  progress(`${system.name} on ${system.database}: ${only.join(", ")}`);
  const store = system.database === "SQLite" ? `sqlite:${join(folder, "steadwork.db")}` : postgres;
  // Without --full there is no drain of 150,000 jobs.
  const order = ["bench", "--json", "--full", "--rounds", "1", "--store", store, ...only.flatMap(name => ["--only", name])];
  const answer = await ask(steadwork, order, ["ignore", "pipe", "inherit"], 3 * bound);
  for (const name of names) {
    const measure = answer?.measures.find(each => each.name === name);
    if (measure || !answer)
      (system.results[name] ??= []).push(measure ? { value: measure.ours, lost: 0, twice: 0 } : { failed: true });
  }
}

/** As many as show that it works: not fewer than the workers of the widest drain, unless there are few anyway. */
const few = (name, jobs) => name.startsWith("pickup") ? Math.min(jobs, 6) : Math.min(jobs, Math.max(130, Math.ceil(jobs / 20)));

/** What a program says, on the last of its pipes; null when it fails, or takes too long. */
async function ask(program, order, stdio, limit) {
  const child = keep(spawn(program, order, { stdio }));
  const late = setTimeout(() => child.finish("SIGKILL"), limit);
  let text = "";
  for await (const line of createInterface({ input: child.stdio[stdio.lastIndexOf("pipe")] }))
    text += line;
  const code = await child.over;
  clearTimeout(late);
  if (code === 0 && text !== "")
    return JSON.parse(text);
  console.error(`it ${code === null ? "was ended" : `ended with ${code}`}, and said: ${text || "nothing"}`);
  return null;
}
