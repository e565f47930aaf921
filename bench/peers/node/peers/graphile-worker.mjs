import { Logger, makeWorkerUtils, run as start } from "graphile-worker";

// Notified of new jobs: it polls for delayed ones only.
export const restOf = () => 0;

/**
 * "Performance" in its documentation: a local queue, ends in batches without a wait, a connection more than jobs at once. The queue is
 * 500 there, and "a much higher number may make sense" in the comment of its type for jobs as short as these.
 */
const optionsOf = {
  best: concurrentJobs => ({
    maxPoolSize: Math.max(10, concurrentJobs + 1),
    localQueue: { size: 2000 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    logger: new Logger(() => () => {}),
  }),
  default: () => ({}),
};

export async function open(url, settings) {
  const utils = await makeWorkerUtils({ connectionString: url });
  await utils.migrate();
  return {
    enqueueOne: note => utils.addJob("note", note),
    enqueueMany: notes => utils.addJobs(notes.map(payload => ({ identifier: "note", payload }))),
    async unfinished() {
      const { rows } = await utils.withPgClient(client => client.query("SELECT count(*) FROM graphile_worker.jobs"));
      return Number(rows[0].count);
    },
    async setting(name) {
      const { rows } = await utils.withPgClient(client => client.query(`SHOW ${name}`));
      return rows[0][name];
    },
    async work(concurrentJobs, run) {
      const worker = { connectionString: url, concurrentJobs, ...optionsOf[settings](concurrentJobs) };
      const runner = await start({ preset: { worker }, taskList: { note: payload => run(payload) }, noHandleSignals: true, parsedCronItems: [] });
      return () => runner.stop();
    },
  };
}
