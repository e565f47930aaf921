import { Queue, Worker } from "bullmq";

const name = "notes";

// A worker waits in Redis until there is a job.
export const restOf = () => 0;

/** "Auto-removal of jobs" in its documentation: a handful of the completed is kept, where by default all are. */
const optionsOf = settings => settings === "default" ? {} : { removeOnComplete: { count: 1000 } };

export async function open(url, settings) {
  const connection = { url, maxRetriesPerRequest: null };
  const queue = new Queue(name, { connection });
  await queue.waitUntilReady();
  return {
    enqueueOne: note => queue.add("note", note),
    enqueueMany: notes => queue.addBulk(notes.map(data => ({ name: "note", data }))),
    unfinished: () => queue.getJobCountByTypes("waiting", "active", "delayed"),
    async setting(name) {
      const client = await queue.getBackend().client;
      return (await client.config("GET", name))[1];
    },
    async work(concurrency, run) {
      const worker = new Worker(name, async job => run(job.data), { connection, concurrency, ...optionsOf(settings) });
      worker.on("error", console.error);
      await worker.waitUntilReady();
      return () => worker.close();
    },
  };
}
