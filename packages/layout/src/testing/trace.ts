import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

/** Calls that touch files, by which a process is traced and at which it can be killed. */
const CALLS = [
  "openat",
  "mkdir",
  "rmdir",
  "link",
  "symlink",
  "rename",
  "unlink",
  "chmod",
  "fchmod",
  "ftruncate",
  "fsync",
  "fdatasync",
  "pwrite64",
  "pwritev",
  "copy_file_range",
  "utimensat",
  "statx",
  "statfs",
  "getdents64",
  "pread64",
  "read",
  "readlink",
  "close",
];

/** Those that change what is on disk. To die before any other is to die before the next of these. */
const CHANGES = /^(mkdir|rmdir|link|symlink|rename|unlink|f?chmod|ftruncate|pwrite|copy_|utimens)/;

/** One call of a process that touches the store. */
export interface Point {
  readonly call: string;
  /** Which one of its kind, counted from 1 as the tracer counts. */
  readonly ordinal: number;
  /** What it does, with ids left out. */
  readonly text: string;
  readonly changes: boolean;
  /**
   * Whether a process can be killed here. The tracer counts the calls of each thread and strikes the
   * first thread that gets so far.
   */
  readonly reachable: boolean;
}

export interface TracedRun {
  /** What the process acknowledged. */
  readonly acknowledged: readonly string[];
  /** Whether it was killed. */
  readonly killed: boolean;
  /** Its calls that touch the store, in order; the last one is where it was killed. */
  readonly points: readonly Point[];
}

export interface TraceOptions {
  readonly script: string;
  readonly args: readonly string[];
  /** Calls that name a path below it touch the store. */
  readonly root: string;
  /** Where the tracer writes. */
  readonly log: string;
  /** Where compiled modules are kept from one process to the next. */
  readonly compileCache: string;
  readonly killAt?: Point | undefined;
}

/** Why processes cannot be traced here, or `undefined` if they can. */
export async function whyNoTrace(): Promise<string | undefined> {
  if (process.platform !== "linux") return "needs Linux";
  if (!process.features.typescript) return "needs a Node that runs TypeScript sources";
  const tracer = spawn("strace", ["-f", "-qq", "-e", "trace=none", "-o", "/dev/null", "true"]);
  const [outcome] = (await Promise.race([once(tracer, "exit"), once(tracer, "error")])) as [
    number | Error | null,
  ];
  if (outcome instanceof Error) return "needs strace";
  return outcome === 0 ? undefined : "strace is not permitted";
}

/**
 * Runs a script of ours under the tracer, which kills it with SIGKILL before the given call. The
 * script prints `ready` and waits for a line on standard input, so that only its own work is traced.
 *
 * @throws Error if the script neither came to its end nor was killed
 */
export async function trace(options: TraceOptions): Promise<TracedRun> {
  const args = ["--conditions=@store/source", options.script, ...options.args];
  const child = spawn(process.execPath, args, {
    // One thread does all file work: the tracer counts calls per thread.
    env: { ...process.env, UV_THREADPOOL_SIZE: "1", NODE_COMPILE_CACHE: options.compileCache },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const ready = once(reader, "line");
  reader.on("line", (line) => lines.push(line));
  await Promise.race([ready, exited]);

  const { killAt, log } = options;
  const inject =
    killAt === undefined ? [] : ["-e", `inject=${killAt.call}:signal=KILL:when=${killAt.ordinal}`];
  const filter = ["-e", `trace=${CALLS.join()}`, ...inject];
  const tracer = spawn("strace", ["-f", "-y", "-s0", ...filter, "-o", log, "-p", `${child.pid}`]);
  const detached = once(tracer, "exit");
  await Promise.race([once(tracer.stderr, "data"), detached]);
  child.stdin.end("go\n");
  const [code, signal] = (await exited) as [number | null, string | null];
  await detached;
  if (code !== 0 && signal !== "SIGKILL") {
    throw new Error(`${options.script} ended with ${code ?? signal}`);
  }
  return {
    acknowledged: lines.filter((line) => line !== "ready" && line !== "done"),
    killed: signal === "SIGKILL",
    points: parseTrace(await readFile(log, "utf8"), options.root),
  };
}

/** The calls of a trace that touch the store. Two lines of one call count once. */
function parseTrace(text: string, root: string): readonly Point[] {
  const counts = new Map<string, number>();
  const points: Point[] = [];
  const reached = new Set<string>();
  for (const line of text.split("\n")) {
    const match = /^(\d+) +(\w+)\((.*)/.exec(line);
    if (match === null) continue;
    const [, thread = "", call = "", rest = ""] = match;
    const ordinal = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, ordinal);
    const reachable = !reached.has(`${call} ${ordinal}`);
    reached.add(`${call} ${ordinal}`);
    if (!rest.includes(root)) continue;
    const creates = call === "openat" && rest.includes("O_CREAT");
    points.push({
      call,
      ordinal,
      text: `${call} ${describe(rest, root)}`,
      changes: creates || CHANGES.test(call),
      reachable,
    });
  }
  return points;
}

/** The paths of a call without what differs from run to run. */
function describe(rest: string, root: string): string {
  const [given = ""] = rest.split(/\) += | <unfinished/);
  const paths = [...given.matchAll(/["<](\/[^">]*)[">]/g)].map(([, path = ""]) => path);
  return paths
    .filter((path) => path.startsWith(root))
    .map((path) => path.slice(root.length).replaceAll(/\b[0-9a-f]{16}\b|\d{8}T\d{6}Z/g, "*"))
    .join(" ");
}
