// One of several processes that use a store at once, through the commands a user types. It does one
// thing after another, chosen by a seed, and writes down what it was told, until its input ends or
// something ends it.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { collectGarbage } from "@store/gc";
import { createRandom } from "@store/testing";
import { type Value, writeLog } from "@store/testing/crowd";

import { openStore } from "../../src/open-store.ts";
import { createOutput } from "../../src/output/output.ts";
import { run } from "../../src/run.ts";
import { readPolicy } from "../../src/sweep/read-policy.ts";
import { createSweepPorts } from "../../src/sweep/sweep-ports.ts";
import { isSingle, MODEL_KEYS, modelWith, sourceOf } from "./models.ts";

export interface WorkerTask {
  readonly home: string;
  readonly log: string;
  /** Where the models lie outside the store. */
  readonly sources: string;
  readonly seed: string;
  /** Number of the worker: nobody else changes its names. */
  readonly index: number;
  /** A mistake in every sweep, to show that it is found. */
  readonly mutant?: "no second look" | undefined;
}

/** Exit codes that may come of others' work; each leaves things as they were. */
const EXPECTED: ReadonlySet<number> = new Set([4, 5, 10]);

/**
 * What a sweep without patience can do to bytes whose digest is not known before they are here: it
 * takes them before the lease speaks of them, and then they do not get a name.
 */
const SWEPT = '"ERR_STORE_MANIFEST_BLOB_MISSING"';

/** Long enough for others to publish something. */
const MUTANT_DELAY_MS = 1_000;

const task = JSON.parse(process.argv[2] ?? "{}") as WorkerTask;
const random = createRandom(task.seed);
const choose = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
/** Where a fault is to show, a blob must now and then be needed by nothing. */
const slots = task.mutant === undefined ? ["a", "b"] : ["a"];
const singles = slots.map((slot) => `w${task.index}-${slot}`);
const many = slots.map((slot) => `h/w${task.index}/${slot}:t`);
const pinnable = `h/w${task.index}/p:t`;
const names = [...singles, ...many, pinnable];
/** What each name holds, as far as this life knows. */
const held = new Map<string, Value>();

interface Told {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

function createHost(args: readonly string[]) {
  const sink = (): { text: string; write(text: string): void; on(): void } => ({
    text: "",
    write(text: string) {
      this.text += text;
    },
    on() {},
  });
  const [stdout, stderr] = [sink(), sink()];
  const host = {
    args,
    env: { HOME: task.home, MODELS_HOME: join(task.home, "models") },
    platform: process.platform,
    stdin: (async function* () {})(),
    stdout,
    stderr,
    signal: new AbortController().signal,
    failOutput(error: Error) {
      throw error;
    },
  };
  return { host, stdout, stderr };
}

async function store(...args: readonly string[]): Promise<Told> {
  const { host, stdout, stderr } = createHost([...args, "--json"]);
  const code = await run(host);
  return { code, out: stdout.text, error: stderr.text };
}

/** Does something to a name, and writes down what it was told. */
async function change(name: string, value: Value, args: readonly string[]): Promise<boolean> {
  writeLog(task.log, { kind: "begin", name, value });
  const told = await store(...args);
  if (told.code === 0) {
    writeLog(task.log, { kind: "done", name, value });
    held.set(name, value);
    return true;
  }
  writeLog(task.log, { kind: "refused", name, code: String(told.code) });
  held.delete(name);
  if (!EXPECTED.has(told.code) && !told.error.includes(SWEPT))
    throw new Error(`${args.join(" ")}: ${told.error}`);
  return false;
}

async function add(): Promise<void> {
  const [name, key] = [choose(singles), choose(MODEL_KEYS.filter(isSingle))];
  const how = random() < 0.3 ? ["--link"] : [];
  await change(name, key, ["add", sourceOf(task.sources, key), "--as", name, "--force", ...how]);
}

async function pull(): Promise<void> {
  const [name, key] = [choose(many), choose(MODEL_KEYS.filter((one) => !isSingle(one)))];
  // A name follows one source: another takes its place only once it is gone.
  const before = held.get(name);
  if (before !== key && before !== "" && !(await change(name, "", ["rm", name]))) return;
  await change(name, key, ["pull", sourceOf(task.sources, key), "--as", name]);
}

async function tag(): Promise<void> {
  const kind = choose([singles, many]);
  const [from, to] = [choose(kind), choose(kind)];
  const value = held.get(from) ?? "";
  if (value === "" || from === to) return;
  await change(to, value, ["tag", from, to, "--force"]);
}

async function remove(): Promise<void> {
  const name = choose([...singles, ...many].filter((one) => (held.get(one) ?? "") !== ""));
  if (name !== undefined) await change(name, "", ["rm", name]);
}

/** A model that is pinned, whose name another tool removes, and whose pin ends some time later. */
async function pin(): Promise<void> {
  if (pinned !== undefined) {
    writeLog(task.log, { kind: "pin", name: pinnable, value: "" });
    const { code, error } = await store("unpin", pinnable);
    if (code !== 0 && code !== 3) throw new Error(`unpin: ${error}`);
    pinned = undefined;
    return;
  }
  const key = choose(MODEL_KEYS.filter((one) => !isSingle(one)));
  const source = sourceOf(task.sources, key);
  if (!(await change(pinnable, key, ["pull", source, "--as", pinnable]))) return;
  const told = await store("pin", pinnable, "--reason", "test");
  if (told.code !== 0) throw new Error(`pin: ${told.error}`);
  writeLog(task.log, { kind: "pin", name: pinnable, value: key });
  pinned = key;
  writeLog(task.log, { kind: "begin", name: pinnable, value: "" });
  await rm(join(task.home, "models/manifests/h", `w${task.index}`, "p/t"), { force: true });
  writeLog(task.log, { kind: "done", name: pinnable, value: "" });
  held.set(pinnable, "");
}

/** Without any lock, and with no patience for orphans: what is needed must save itself. */
async function sweep(): Promise<void> {
  const { host } = createHost([]);
  const output = createOutput(host, { json: true });
  await using opened = await openStore({ host, home: undefined, output, signal: host.signal });
  const ports = createSweepPorts(opened, (body) => body(host.signal));
  const options = {
    policy: readPolicy({ minAge: "0", allowEmpty: true }),
    batchCount: choose([2, 10_000]),
  };
  await collectGarbage(task.mutant === undefined ? ports : withMutant(ports), options);
}

/** Every look but the first finds nothing that is needed, and the first one is a while ago. */
function withMutant(ports: ReturnType<typeof createSweepPorts>): typeof ports {
  let looks = 0;
  return {
    ...ports,
    blobs: {
      ...ports.blobs,
      async trash(digest, id, notice) {
        await delay(MUTANT_DELAY_MS);
        return ports.blobs.trash(digest, id, notice);
      },
    },
    roots(options) {
      looks += 1;
      return looks === 1 ? ports.roots(options) : (async function* () {})();
    },
    leases: { async *list() {} },
  };
}

async function command(...args: readonly string[]): Promise<void> {
  const { code, error } = await store(...args);
  if (code !== 0 && !EXPECTED.has(code)) throw new Error(`${args.join(" ")}: ${error}`);
}

async function look(name: string = choose(names)): Promise<void> {
  const shown = await store("show", name);
  if (shown.code === 3) {
    writeLog(task.log, { kind: "saw", name, value: "", bytes: "right" });
    held.set(name, "");
    return;
  }
  if (shown.code !== 0) throw new Error(`show ${name}: ${shown.error}`);
  const { files } = JSON.parse(shown.out) as { files: readonly { digest: string }[] };
  const hashes = new Set(files.map(({ digest }) => digest.replace("sha256:", "")));
  const value = modelWith(hashes) ?? `${hashes.size} other files`;
  const { code } = await store("verify", name);
  writeLog(task.log, { kind: "saw", name, value, bytes: code === 0 ? "right" : "absent" });
  held.set(name, value);
}

/** What it does, as often as it is listed. */
const deeds: readonly (readonly [string, () => Promise<void>])[] = [
  ["add", add],
  ["add", add],
  ["pull", pull],
  ["pull", pull],
  ["tag", tag],
  ["remove", remove],
  ["remove", remove],
  ["pin", pin],
  ["sweep", sweep],
  ["sweep", sweep],
  ["gc", () => command("gc", "--min-age", "0", "--allow-empty")],
  ["pack", () => command("pack")],
  ["unpack", () => command("unpack", "--all")],
  ["look", look],
  ["look", look],
];

const input = { ended: false };
process.stdin.on("end", () => (input.ended = true)).resume();
let pinned: Value | undefined;
// Whatever an earlier life of this worker left undone is decided by now.
for (const name of names) await look(name);
writeLog(task.log, { kind: "pin", name: pinnable, value: "" });
await store("unpin", pinnable);
while (!input.ended) {
  const [what, deed] = choose(deeds);
  try {
    await deed();
    writeLog(task.log, { kind: "note", what });
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    writeLog(task.log, { kind: "failed", what, message });
  }
}
process.exit(0);
