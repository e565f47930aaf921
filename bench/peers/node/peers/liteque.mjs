import { sql } from "drizzle-orm";
import { buildDBClient, Runner, SqliteQueue } from "liteque";

// There is no default: 1000 is what its README writes.
const rests = { best: 10, durable: 10, default: 1000 };

export const restOf = settings => rests[settings];

export async function open(url, settings) {
  const client = buildDBClient(url, { runMigrations: true });
  // It sets NORMAL, of which the last commits may be lost with the power.
  if (settings === "durable")
    client.run(sql`PRAGMA synchronous = FULL`);
  const queue = new SqliteQueue("notes", client, { defaultJobArgs: { numRetries: 2 }, keepFailedJobs: false });
  return {
    enqueueOne: note => queue.enqueue(note),
    async unfinished() {
      const { pending, pending_retry, running } = await queue.stats();
      return pending + pending_retry + running;
    },
    setting: name => client.get(sql.raw(`PRAGMA ${name}`))[name],
    work(concurrency, run) {
      const runner = new Runner(queue, { run: async job => run(job.data) }, { concurrency, pollIntervalMs: rests[settings], timeoutSecs: 60 });
      const running = runner.run();
      return () => {
        runner.stop();
        return running;
      };
    },
  };
}
