import { execFile, spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The calls that change what a file system holds, and those that make changes last. */
const MUTATING = [
  "mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,link,linkat",
  "pwrite64,ftruncate,fchmod,chmod,utimensat,fsync,fdatasync",
].join(",");

/** Why processes cannot be interrupted at system calls here, or `undefined` if they can. */
export async function whyNotTraced(): Promise<string | undefined> {
  if (process.features.typescript === false || process.features.typescript === undefined) {
    return "this Node.js does not run TypeScript";
  }
  try {
    await promisify(execFile)("strace", ["-f", "-o", "/dev/null", "true"]);
    return undefined;
  } catch {
    return "strace is not installed, or not allowed to trace";
  }
}

function program(operation: string, root: string): readonly string[] {
  const file = join(import.meta.dirname, "run-operation.ts");
  return [process.execPath, "--conditions=@store/source", file, root, operation];
}

/** @returns whether the process came to its own end, instead of being killed */
function trace(args: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn("strace", ["-f", "-qq", ...args], {
      // Injections are counted by thread: with one, they count all calls of a name.
      env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let complaint = "";
    child.stderr.on("data", (text: Buffer) => (complaint += text.toString()));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(true);
      else if (signal === "SIGKILL" || code === 137) resolve(false);
      else reject(new Error(`ended with ${code ?? signal}: ${complaint}`));
    });
  });
}

/** One mutating call of an operation: its name, and how many of that name there were up to it. */
export interface TracedCall {
  readonly name: string;
  readonly nth: number;
}

/** The mutating calls an operation makes when nothing stops it, in their order. */
export async function traceCalls(operation: string, root: string): Promise<readonly TracedCall[]> {
  const log = `${root}.strace`;
  try {
    await trace(["-o", log, "-e", `trace=${MUTATING}`, ...program(operation, root)]);
    const counts = new Map<string, number>();
    return [...(await readFile(log, "utf8")).matchAll(/^\d+ +(\w+)\(/gm)].map(([, name = ""]) => {
      const nth = (counts.get(name) ?? 0) + 1;
      counts.set(name, nth);
      return { name, nth };
    });
  } finally {
    await rm(log, { force: true });
  }
}

/** Runs an operation in a process that is killed as it begins the given call. */
export function runKilled(operation: string, root: string, call: TracedCall): Promise<boolean> {
  const inject = `inject=${call.name}:signal=KILL:when=${call.nth}`;
  const traced = ["-e", `trace=${call.name}`, "-e", inject];
  return trace(["-o", "/dev/null", ...traced, ...program(operation, root)]);
}
