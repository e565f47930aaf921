import { PgBoss } from "pg-boss";

const queue = "notes";

/** "Workers" and "Constructor" in its documentation: woken by NOTIFY, whole batches fetched one after another without a rest. */
const optionsOf = {
  best: {
    boss: { useListenNotify: true },
    queue: { notify: true },
    work: { pollingIntervalSeconds: 0.5, burstWhenBatchFull: true, batchSize: 2000 },
    fetchers: 2,
  },
  default: { boss: {}, queue: {}, work: {} },
};

export const restOf = settings => settings === "default" ? 2000 : 0;

export async function open(url, settings) {
  const options = optionsOf[settings];
  const boss = new PgBoss({ connectionString: url, ...options.boss });
  boss.on("error", console.error);
  await boss.start();
  await boss.createQueue(queue, options.queue);
  return {
    enqueueOne: note => boss.send(queue, note),
    enqueueMany: notes => boss.insert(queue, notes.map(data => ({ data }))),
    async unfinished() {
      const { rows } = await boss.getDb().executeSql("SELECT count(*) FROM pgboss.job WHERE name = $1 AND state < 'completed'", [queue]);
      return Number(rows[0].count);
    },
    async setting(name) {
      const { rows } = await boss.getDb().executeSql(`SHOW ${name}`);
      return rows[0][name];
    },
    async work(concurrency, run) {
      // A batch's jobs run one after another. Two fetch while one works; more of them bring nothing.
      const localConcurrency = Math.min(concurrency, options.fetchers ?? concurrency);
      await boss.work(queue, { ...options.work, localConcurrency }, async jobs => jobs.forEach(job => run(job.data)));
      return () => boss.offWork(queue);
    },
  };
}
