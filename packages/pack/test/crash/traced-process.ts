import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The calls that touch what a file system holds. To die before a read is to die before the next. */
const CALLS =
  "mkdir,rmdir,unlink,rename,link,pwrite64,ftruncate,fchmod,chmod,fsync,fdatasync,openat";

/** One call of an operation that touches its store: its name, and how many of that name there were. */
export interface TracedCall {
  readonly name: string;
  readonly nth: number;
}

/** Why processes cannot be killed at system calls here, or `undefined` if they can. */
export async function whyNotTraced(): Promise<string | undefined> {
  if (process.platform !== "linux") return "needs Linux";
  if (!process.features.typescript) return "needs a Node that runs TypeScript sources";
  return promisify(execFile)("strace", ["-f", "-qq", "-o", "/dev/null", "true"]).then(
    () => undefined,
    () => "needs strace, and leave to trace",
  );
}

/**
 * Runs an operation under the tracer, which kills it with SIGKILL as it begins the given call.
 *
 * @returns whether it was killed, and its calls below `root`
 */
export async function trace(
  operation: string,
  root: string,
  killAt?: TracedCall,
): Promise<{ readonly killed: boolean; readonly calls: readonly TracedCall[] }> {
  const script = join(import.meta.dirname, "run-operation.ts");
  const child = spawn(process.execPath, ["--conditions=@store/source", script, root, operation], {
    // One thread does all file work: the tracer counts calls per thread.
    env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), exited]);
  const log = `${root}.trace`;
  const inject =
    killAt === undefined ? [] : ["-e", `inject=${killAt.name}:signal=KILL:when=${killAt.nth}`];
  const filter = ["-e", `trace=${CALLS}`, ...inject];
  const tracer = spawn("strace", ["-f", "-y", "-s0", ...filter, "-o", log, "-p", `${child.pid}`]);
  const detached = once(tracer, "exit");
  await Promise.race([once(tracer.stderr, "data"), detached]);
  child.stdin.end("go\n");
  const [code, signal] = (await exited) as [number | null, string | null];
  await detached;
  if (code !== 0 && signal !== "SIGKILL") throw new Error(`${operation} ended with ${code}`);
  return { killed: signal === "SIGKILL", calls: parse(await readFile(log, "utf8"), root) };
}

function parse(text: string, root: string): readonly TracedCall[] {
  const counts = new Map<string, number>();
  const calls: TracedCall[] = [];
  for (const [, thread = "", name = "", rest = ""] of text.matchAll(/^(\d+) +(\w+)\((.*)$/gm)) {
    const nth = (counts.get(`${thread} ${name}`) ?? 0) + 1;
    counts.set(`${thread} ${name}`, nth);
    const changes = name !== "openat" || rest.includes("O_CREAT");
    if (changes && rest.includes(root)) calls.push({ name, nth });
  }
  return calls;
}
