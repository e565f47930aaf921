// Who is measured, and with how many jobs: as many as take about 1 to 5 s. "callers" and "concurrency" are part of the measure.

/** In the order of the table. "work" is what measures.mjs, or the Quartz program, has to do for it. */
export const measures = {
  "enqueue-one": { work: "enqueue", callers: 1 },
  "enqueue-64": { work: "enqueue", callers: 64 },
  "enqueue-bulk": { work: "bulk" },
  "drain-1": { work: "drain", concurrency: 1 },
  "drain-10": { work: "drain", concurrency: 10 },
  "drain-64": { work: "drain", concurrency: 64 },
  // As many at once as "Performance" in the documentation of graphile-worker has.
  "drain-150k": { work: "drain", concurrency: 24 },
  "pickup-other": { work: "pickUp", concurrency: 10 },
};

/** The measures in which it is told how many times as fast ours is. */
export const compared = ["drain-10", "drain-150k"];

/** A number of jobs for each measure; 0 where the peer has no such call, or the measure is not made. */
const counts = (one, many, bulk, drain1, drain10, drain64, big, pickUps) =>
  Object.fromEntries(Object.keys(measures).map((name, index) => [name, [one, many, bulk, drain1, drain10, drain64, big, pickUps][index]]));

const quartz = { name: "Quartz.NET", program: "quartz" };
const plainjob = { name: "plainjob", peer: "plainjob", database: "SQLite" };
const liteque = { name: "liteque", peer: "liteque", database: "SQLite" };
const graphile = { name: "graphile-worker", peer: "graphile-worker", database: "PostgreSQL" };
const boss = { name: "pg-boss", peer: "pg-boss", database: "PostgreSQL" };
const bull = { name: "BullMQ", peer: "bullmq", database: "Redis" };

export const systems = [
  { name: "Steadwork", program: "ours", database: "SQLite", settings: "default", durability: "FULL" },
  { ...quartz, database: "SQLite", settings: "best", durability: "FULL", counts: counts(3000, 3200, 20_000, 1000, 1500, 1500, 0, 10) },
  { ...quartz, database: "SQLite", settings: "default", durability: "FULL", counts: counts(300, 320, 5000, 100, 150, 150, 0, 1) },
  { ...plainjob, settings: "durable", durability: "FULL", counts: counts(5000, 6400, 100_000, 5000, 5000, 5000, 0, 60) },
  { ...plainjob, settings: "best", durability: "NORMAL", counts: counts(30_000, 32_000, 100_000, 20_000, 20_000, 20_000, 0, 60) },
  { ...plainjob, settings: "default", durability: "NORMAL", counts: counts(30_000, 32_000, 100_000, 20_000, 20_000, 20_000, 0, 8) },
  { ...liteque, settings: "durable", durability: "FULL", counts: counts(3000, 3200, 0, 1500, 1500, 1500, 0, 60) },
  { ...liteque, settings: "best", durability: "NORMAL", counts: counts(5000, 6400, 0, 3000, 3000, 3000, 0, 60) },
  { ...liteque, settings: "default", durability: "NORMAL", counts: counts(5000, 6400, 0, 3000, 3000, 3000, 0, 8) },

  { name: "Steadwork", program: "ours", database: "PostgreSQL", settings: "default", durability: "fsync" },
  { ...quartz, database: "PostgreSQL", settings: "best", durability: "fsync", counts: counts(1000, 1280, 5000, 300, 300, 300, 0, 10) },
  { ...quartz, database: "PostgreSQL", settings: "default", durability: "fsync", counts: counts(500, 640, 2000, 150, 200, 200, 0, 1) },
  { ...graphile, settings: "best", durability: "fsync", counts: counts(1000, 3200, 100_000, 30_000, 30_000, 30_000, 150_000, 60) },
  { ...graphile, settings: "default", durability: "fsync", counts: counts(1000, 3200, 100_000, 2000, 4000, 4000, 0, 60) },
  { ...boss, settings: "best", durability: "fsync", counts: counts(1000, 3200, 100_000, 20_000, 20_000, 20_000, 150_000, 60) },
  // One job each two seconds and worker.
  { ...boss, settings: "default", durability: "fsync", counts: counts(1000, 3200, 100_000, 2, 20, 128, 0, 5) },

  { ...bull, settings: "durable", durability: "AOF always", counts: counts(3000, 32_000, 50_000, 3000, 10_000, 15_000, 0, 60) },
  { ...bull, settings: "best", durability: "AOF 1 s", counts: counts(10_000, 64_000, 100_000, 8000, 20_000, 25_000, 0, 60) },
  { ...bull, settings: "default", durability: "snapshots", counts: counts(10_000, 64_000, 100_000, 8000, 20_000, 25_000, 0, 60) },
];

export const words = {
  FULL: "SQLite, synchronous FULL: what is committed survives a power cut",
  NORMAL: "SQLite, WAL and synchronous NORMAL: a power cut may take the last commits",
  fsync: "PostgreSQL, fsync and synchronous_commit on: what is committed survives a power cut",
  "AOF always": "Redis, append-only file, fsync before each answer: what is answered survives a power cut",
  "AOF 1 s": "Redis, append-only file, fsync each second: a power cut takes the last second",
  snapshots: "Redis as it comes, no append-only file: a crash takes all since the last snapshot, which may be an hour old where little is written",
};
