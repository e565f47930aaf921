import Database from "better-sqlite3";
import { better, defineQueue, defineWorker, JobStatus } from "plainjob";

const rests = { best: 10, durable: 10, default: 1000 };

export const restOf = settings => rests[settings];

export async function open(url, settings) {
  const database = new Database(url);
  const queue = defineQueue({ connection: better(database), ...quiet(settings) });
  // The queue itself sets NORMAL, of which the last commits may be lost with the power.
  if (settings === "durable")
    database.pragma("synchronous = FULL");
  return {
    enqueueOne: note => queue.add("note", note),
    enqueueMany: notes => queue.addMany("note", notes),
    unfinished: () => queue.countJobs({ status: JobStatus.Pending }) + queue.countJobs({ status: JobStatus.Processing }),
    setting: name => database.pragma(name, { simple: true }),
    work(concurrency, run) {
      const options = settings === "default" ? { queue } : { queue, pollIntervall: rests[settings], ...quiet(settings) };
      const workers = Array.from({ length: concurrency }, () => defineWorker("note", job => run(JSON.parse(job.data)), options));
      const working = workers.map(worker => worker.start());
      return async () => {
        await Promise.all(workers.map(worker => worker.stop()));
        await Promise.all(working);
      };
    },
  };
}

/** Its default logger prints six lines a job to the console. */
function quiet(settings) {
  const silent = () => {};
  return settings === "default" ? {} : { logger: { debug: silent, info: silent, warn: silent, error: console.error } };
}
