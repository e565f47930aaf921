// What is measured, the same for every peer. Each peer's file exports open(url, settings), whose store has
//   enqueueOne(note)          one job, stored when the promise is
//   enqueueMany(notes)        many at once; missing where the peer has no such call
//   work(concurrency, run)    starts so many workers, calls run(note) for each job; gives a function that stops them
//   unfinished()              how many jobs the store still has to do
// and exports the time it rests between looks at the store as restOf(settings), in milliseconds, 0 where it is told.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { medianOf } from "./median.mjs";
import { note, notes } from "./note.mjs";
import { settle } from "./places.mjs";
import { Runs } from "./runs.mjs";

/** Callers who each wait until their job is stored before they bring the next. */
export async function enqueue(peer, order) {
  const store = await peer.open(order.url, order.settings);
  await enqueueBy(store, order.callers, 0, order.warmUps);
  const rate = await rateOf(order.jobs, () => enqueueBy(store, order.callers, order.warmUps, order.jobs));
  return await stored(store, rate, order);
}

/** All in one call. */
export async function bulk(peer, order) {
  const store = await peer.open(order.url, order.settings);
  await store.enqueueMany(notes(0, order.warmUps));
  const all = notes(order.warmUps, order.jobs);
  const rate = await rateOf(order.jobs, () => store.enqueueMany(all));
  return await stored(store, rate, order);
}

/** From the start of the workers until the store has been told of every end. */
export async function drain(peer, order) {
  const store = await peer.open(order.url, order.settings);
  const runs = new Runs(order.warmUps + order.jobs);
  await workThrough(store, order, runs, 0, order.warmUps);
  const rate = await workThrough(store, order, runs, order.warmUps, order.jobs);
  return { value: runs.lost === 0 ? rate : null, lost: runs.lost, twice: runs.twice };
}

/** From the call of the enqueue to the handler's start in another process: the median, in milliseconds. */
export async function pickUp(peer, order) {
  const store = await peer.open(order.url, order.settings);
  const runs = new Runs(order.jobs);
  const others = JSON.stringify({ ...order, work: "pickUps" });
  const worker = spawn(process.execPath, [process.argv[1], others], { stdio: ["pipe", "ignore", "inherit", "pipe"] });
  const lines = createInterface({ input: worker.stdio[3] })[Symbol.asyncIterator]();
  await lines.next();
  const times = [];
  for (let number = 0; number < order.jobs; number++) {
    // At any time of the peer's rest, and long enough for the last job's threads to have gone to sleep.
    await delay(25 + Math.random() * (20 + peer.restOf(order.settings)));
    const began = process.hrtime.bigint();
    await store.enqueueOne(note(number));
    const { value } = await lines.next();
    const [ran, at] = value.split(" ");
    runs.add(Number(ran));
    times.push(Number(BigInt(at) - began) / 1e6);
  }
  worker.stdin.end();
  for await (const line of lines)
    runs.add(Number(line.split(" ")[0]));
  return { value: medianOf(times.slice(Math.floor(order.jobs / 6))), lost: runs.lost, twice: runs.twice };
}

/** The other process: says when each job began, by the clock that all processes of a machine share. */
export async function pickUps(peer, order, tell) {
  const store = await peer.open(order.url, order.settings);
  await store.work(order.concurrency, ({ size }) => tell(`${size} ${process.hrtime.bigint()}`));
  tell("ready");
  await new Promise(() => {});
}

const enqueueBy = (store, callers, first, jobs) => Promise.all(Array.from({ length: callers }, async (_, caller) => {
  for (let number = caller; number < jobs; number += callers)
    await store.enqueueOne(note(first + number));
}));

async function workThrough(store, order, runs, first, jobs) {
  if (store.enqueueMany)
    await store.enqueueMany(notes(first, jobs));
  else
    await enqueueBy(store, 1, first, jobs);
  await settle(order);
  let stop;
  const rate = await rateOf(jobs, async () => {
    const all = runs.whenAll(first + jobs);
    stop = await store.work(order.concurrency, ({ size }) => runs.add(size));
    if (await all)
      while (await store.unfinished() > 0)
        await delay(2);
  });
  await stop();
  return rate;
}

async function stored(store, rate, order) {
  const surplus = await store.unfinished() - order.warmUps - order.jobs;
  return { value: rate, lost: Math.max(0, -surplus), twice: Math.max(0, surplus) };
}

async function rateOf(jobs, work) {
  const began = process.hrtime.bigint();
  await work();
  return jobs / (Number(process.hrtime.bigint() - began) / 1e9);
}
