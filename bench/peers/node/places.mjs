// A new and empty database for each measure, which is gone when its measure is over: what is left behind would be written to
// the disk while the next one is measured.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { keep } from "./processes.mjs";

export async function makePlace(system, folder, server) {
  if (system.database === "PostgreSQL")
    return await newDatabase(server);
  const own = await mkdtemp(join(folder, "place-"));
  const place = system.database === "SQLite" ? { url: join(own, "jobs.db"), clear() {} } : await startRedis(own, system.durability);
  return { url: place.url, clear: async () => { await place.clear(); await rm(own, { recursive: true }); } };
}

/**
 * Autovacuum comes at any moment. When that is before a fill is committed, it tells the planner that the table is empty, and
 * graphile-worker's claim of 2000 jobs among 150,000 then takes minutes.
 */
export async function settle({ database, url }) {
  if (database === "PostgreSQL")
    await execute(url, "ANALYZE");
}

let databases = 0;

async function newDatabase(server) {
  const name = `peer_${++databases}`;
  await execute(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = name;
  return { url: url.href, clear: () => execute(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function execute(server, sql) {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(sql);
  await client.end();
}

const persistence = {
  "AOF always": ["--appendonly", "yes", "--appendfsync", "always"],
  "AOF 1 s": ["--appendonly", "yes", "--appendfsync", "everysec"],
  snapshots: [],
};

async function startRedis(folder, durability) {
  const port = await freePort();
  const settings = ["--bind", "127.0.0.1", "--port", port, "--dir", folder, ...persistence[durability]];
  const redis = keep(spawn("redis-server", settings, { stdio: ["ignore", "pipe", "inherit"] }));
  for await (const line of createInterface({ input: redis.stdout })) {
    if (line.includes("Ready to accept connections"))
      return { url: `redis://127.0.0.1:${port}`, clear: () => redis.finish("SIGKILL") };
  }
  throw new Error(`redis-server did not start on port ${port}`);
}

/** Free a moment ago; a server that finds it taken ends, and its measure fails. */
const freePort = () => new Promise(resolve => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});
