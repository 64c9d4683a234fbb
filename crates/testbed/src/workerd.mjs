// Drives workerd for the test bed. Started by `template.rs` and `workerd.rs`; talks to them in JSON lines.
//
//   workerd.mjs resolve CONFIG     prints what the Worker of a wrangler.toml is bound to, and ends
//   workerd.mjs serve SETTINGS     runs the Worker that a JSON file describes, until standard input closes

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);
// miniflare is wrangler's, so it is looked for from there: npm need not put it at the top.
const requireFromWrangler = createRequire(require.resolve("wrangler/package.json"));

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

function resolve(config) {
  const { unstable_getMiniflareWorkerOptions } = require("wrangler");
  print(unstable_getMiniflareWorkerOptions(config).workerOptions);
}

async function serve(settingsFile) {
  const settings = JSON.parse(readFileSync(settingsFile, "utf8"));
  const { Log, LogLevel, Miniflare, convertV4MiniflareOptions } = requireFromWrangler("miniflare");

  // Whoever started us may be killed. Then the pipe closes, and the runtime must not stay behind.
  process.stdin.on("close", () => process.exit(0)).resume();

  const worker = settings.worker;
  const modules = [{ type: "ESModule", path: "index.js" }];
  if (existsSync(join(settings.buildDir, "index_bg.wasm"))) {
    modules.push({ type: "CompiledWasm", path: "index_bg.wasm" });
  }
  if (settings.databaseDelay > 0) {
    // The first module is the one that is run.
    const contents = readFileSync(new URL("late_database.mjs", import.meta.url), "utf8");
    modules.unshift({ type: "ESModule", path: "late_database.js", contents });
    worker.bindings.LATE_DATABASE_MS = settings.databaseDelay;
  }

  const options = convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: settings.port,
    // Otherwise it asks Cloudflare where this machine is.
    cf: false,
    log: new Log(LogLevel.WARN),
    // The path by which a test makes the cron tick.
    unsafeTriggerHandlers: true,
    resourcePersistencePath: settings.persistence,
    // Any free port.
    inspectorPort: settings.inspected ? 0 : undefined,
    handleStructuredLogs: ({ level, message }) => print({ level, message }),
    workers: [
      {
        ...worker,
        name: "latchkey",
        rootPath: settings.buildDir,
        modulesRoot: settings.buildDir,
        modules,
      },
    ],
  });
  const runtime = new Miniflare(options);
  const url = await runtime.ready;
  // workerd has one inspector for each of its services, by its name; miniflare names them.
  const inspector = settings.inspected ? new URL("/core:user:latchkey", await runtime.getInspectorURL()).href : null;
  print({ ready: url.origin, inspector });
}

const [, , command, argument] = process.argv;
await { resolve, serve }[command](argument);
