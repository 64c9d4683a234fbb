// Stands in front of the built Worker where a test asks for a slow database (`TestbedOptions::slow_database`). D1 does at
// once what it is asked, and each answer comes later by LATE_DATABASE_MS: a Worker that does not wait for it cannot know
// that it was done.

import Worker from "./index.js";

// What the Worker uses of a D1 database: whatever it prepares, it runs by `batch`.
const late = (database, milliseconds) => ({
  prepare: (sql) => database.prepare(sql),
  batch: async (statements) => {
    const answer = await database.batch(statements);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return answer;
  },
});

export default class extends Worker {
  constructor(context, env) {
    const DB = { value: late(env.DB, env.LATE_DATABASE_MS) };
    super(context, Object.create(env, { DB }));
  }
}
