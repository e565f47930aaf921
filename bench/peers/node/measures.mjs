// What is measured, the same for every peer. Each peer's file exports open(url, settings), whose store has
//   enqueueOne(note)          one job, stored when the promise is
//   enqueueMany(notes)        many at once; missing where the peer has no such call
//   work(concurrency, run)    starts so many workers, calls run(note) for each job; gives a function that stops them
//   unfinished()              how many jobs the store still has to do
//   setting(name)             what the database answers to a question of durability.mjs, on the connection of this store
// and exports the time it rests between looks at the store as restOf(settings), in milliseconds, 0 where it is told.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { saidBy } from "./durability.mjs";
import { medianOf } from "./median.mjs";
import { note, notes } from "./note.mjs";
import { settle } from "./places.mjs";
import { patience, Runs } from "./runs.mjs";

/** A second run of a job comes with the worker's next look at the store: after its rest, and so many milliseconds for the look itself. */
const look = 300;

/** Callers who each wait until their job is stored before they bring the next. */
export async function enqueue(store, order) {
  await enqueueBy(store, order.callers, 0, order.warmUps);
  const rate = await rateOf(order.jobs, () => enqueueBy(store, order.callers, order.warmUps, order.jobs));
  return await stored(store, rate, order);
}

/** All in one call. */
export async function bulk(store, order) {
  await store.enqueueMany(notes(0, order.warmUps));
  const all = notes(order.warmUps, order.jobs);
  const rate = await rateOf(order.jobs, () => store.enqueueMany(all));
  return await stored(store, rate, order);
}

/** From the start of the workers until the store has been told of every end. */
export async function drain(store, order) {
  const runs = new Runs(order.warmUps + order.jobs);
  await workThrough(store, order, runs, 0, order.warmUps);
  const rate = await workThrough(store, order, runs, order.warmUps, order.jobs);
  return { value: runs.lost === 0 ? rate : null, lost: runs.lost, twice: runs.twice };
}

/** From the call of the enqueue to the handler's start in another process: the median, in milliseconds. A lost job ends it. */
export async function pickUp(store, order) {
  const runs = new Runs(order.jobs);
  const starts = Array.from({ length: order.jobs }, () => Promise.withResolvers());
  const others = JSON.stringify({ ...order, work: "pickUps" });
  const worker = spawn(process.execPath, [process.argv[1], others], { stdio: ["pipe", "ignore", "inherit", "pipe"] });
  const over = once(worker, "close");
  const lines = createInterface({ input: worker.stdio[3] });
  const [first] = await within(patience, once(lines, "line")) ?? fail("the worker in the other process does not begin");
  lines.on("line", line => {
    const [number, at] = line.split(" ");
    runs.add(Number(number));
    starts[number].resolve(BigInt(at));
  });
  const times = [];
  let lost = 0;
  while (times.length < order.jobs && lost === 0) {
    // At any time of the peer's rest, and long enough for the last job's threads to have gone to sleep.
    await delay(25 + Math.random() * (20 + order.rest));
    const number = times.length;
    const began = process.hrtime.bigint();
    await store.enqueueOne(note(number));
    const at = await within(patience + order.rest, starts[number].promise);
    if (at === undefined)
      lost = 1;
    else
      times.push(Number(at - began) / 1e6);
  }
  await delay(order.rest + look);
  worker.stdin.end();
  await over;
  const counted = lost === 0 ? times.slice(Math.floor(order.jobs / 6)) : [];
  return { value: medianOf(counted), lost, twice: runs.twice, samples: counted.length, said: [JSON.parse(first)] };
}

/** The other process: says what its database says, and then when each job began, by the clock that all processes of a machine share. */
export async function pickUps(store, order, tell) {
  await store.work(order.concurrency, ({ size }) => tell(`${size} ${process.hrtime.bigint()}`));
  tell(JSON.stringify(await saidBy(store, order.asked)));
  await new Promise(() => {});
}

/** What is promised; undefined when it does not come in that time. */
const within = (time, promise) => Promise.race([promise, delay(time)]);

function fail(text) {
  throw new Error(text);
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
