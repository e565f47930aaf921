// How durable a peer stores is declared in systems.mjs. Whether it does, its database says itself: by PRAGMA, SHOW or CONFIG GET.

/** What it has to answer, by the names that it is asked. Quartz.NET by default leaves SQLite at its rollback journal. */
const answers = {
  FULL: { synchronous: ["2"], journal_mode: ["wal", "delete"] },
  NORMAL: { synchronous: ["1"], journal_mode: ["wal"] },
  fsync: { fsync: ["on"], synchronous_commit: ["on"] },
  "AOF always": { appendonly: ["yes"], appendfsync: ["always"] },
  "AOF 1 s": { appendonly: ["yes"], appendfsync: ["everysec"] },
  snapshots: { appendonly: ["no"] },
};

export const askedOf = durability => Object.keys(answers[durability]);

/** The store's answers, by name. */
export async function saidBy(store, asked) {
  const said = {};
  for (const name of asked)
    said[name] = String(await store.setting(name));
  return said;
}

/** In words, what any process was told that is other than declared; undefined where nothing is. */
export function faultOf(durability, said) {
  for (const [name, right] of Object.entries(answers[durability])) {
    const wrong = said.find(each => !right.includes(each[name]));
    if (wrong)
      return `not as durable as declared: ${name} is ${wrong[name]}, and ${durability} means ${right.join(" or ")}`;
  }
}
