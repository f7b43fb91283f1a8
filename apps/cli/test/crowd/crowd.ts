import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { type LogEntry, readLog } from "./log.ts";
import { writeSources } from "./models.ts";
import { createRandom } from "./random.ts";
import type { WorkerTask } from "./worker.ts";

const execute = promisify(execFile);
const script = join(import.meta.dirname, "worker.ts");

const WORKERS = 8;
/** Of these, so many have a clock of their own, where that can be had. */
const SKEWED = 3;
const HOUR_S = 3_600;
/** A crowd on a machine that is busy with something else. */
const DURATION_MS_MAX = 120_000;

export interface CrowdOptions {
  readonly directory: string;
  readonly seed: string;
  /** It goes on until all of these are reached, and each worker is ready. */
  readonly atLeast: { readonly done: number; readonly sweeps: number; readonly ms: number };
  /** Whether some workers' wall clocks jump. */
  readonly clocks?: boolean;
  /** Whether workers are killed and stopped. */
  readonly calm?: boolean;
  readonly mutant?: WorkerTask["mutant"];
}

export interface CrowdLog {
  /** What each worker wrote down, its lives one after the other. */
  readonly entries: readonly (readonly LogEntry[])[];
  readonly kills: number;
  readonly stops: number;
  readonly steps: number;
}

interface Member {
  readonly index: number;
  readonly logs: string[];
  readonly clock: string;
  child: ChildProcess;
  exited: Promise<unknown>;
}

/** Environment that gives a process a wall clock read from a file, or `undefined`. */
export async function clockEnvironment(): Promise<Record<string, string> | undefined> {
  try {
    const { stdout } = await execute("faketime", ["-f", "+0", "printenv", "LD_PRELOAD"]);
    return {
      LD_PRELOAD: stdout.trim(),
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    };
  } catch {
    return undefined;
  }
}

/** Lets workers race over one store, kills, stops and confuses them, and ends them all. */
export async function runCrowd(home: string, options: CrowdOptions): Promise<CrowdLog> {
  const random = createRandom(options.seed);
  const clock = options.clocks === true ? await clockEnvironment() : undefined;
  const sources = join(options.directory, "sources");
  await writeSources(sources);
  const count = { done: 0, sweeps: 0, kills: 0, stops: 0, steps: 0 };

  async function start(index: number, logs: string[]): Promise<Member> {
    const directory = join(options.directory, `worker-${index}`);
    await mkdir(directory, { recursive: true });
    const log = join(directory, `log-${logs.length}.jsonl`);
    logs.push(log);
    const seed = `${options.seed} ${index} ${logs.length}`;
    const { mutant } = options;
    const task: WorkerTask = { home, log, sources, seed, index, mutant };
    const clockFile = join(directory, "clock");
    const skewed = clock !== undefined && index < SKEWED;
    if (skewed) await writeFile(clockFile, "+0");
    const env = {
      ...process.env,
      NODE_COMPILE_CACHE: join(options.directory, "compile-cache"),
      ...(skewed ? { ...clock, FAKETIME_TIMESTAMP_FILE: clockFile } : {}),
    };
    const args = ["--conditions=@store/source", script, JSON.stringify(task)];
    const child = spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.on("error", () => {});
    child.stdout.on("data", (letters: Buffer) => {
      for (const letter of letters.toString()) {
        if (letter === "d") count.done += 1;
        if (letter === "s") count.sweeps += 1;
      }
    });
    return { index, logs, clock: clockFile, child, exited: once(child, "exit") };
  }

  async function disturb(members: Member[]): Promise<void> {
    const at = Math.floor(random() * members.length);
    const member = members[at] as Member;
    const what = random();
    if (what < 0.35) {
      member.child.kill("SIGKILL");
      count.kills += 1;
      await member.exited;
      members[at] = await start(member.index, member.logs);
    } else if (what < 0.8 || clock === undefined) {
      member.child.kill("SIGSTOP");
      count.stops += 1;
      setTimeout(() => member.child.kill("SIGCONT"), 50 + random() * 1_500);
    } else {
      const skew = Math.floor((random() * 2 - 1) * HOUR_S);
      count.steps += 1;
      await writeFile(member.clock, `${skew < 0 ? "" : "+"}${skew}`);
    }
  }

  const begun = performance.now();
  function isOver(): boolean {
    const ms = performance.now() - begun;
    const { atLeast } = options;
    if (ms > Math.max(DURATION_MS_MAX, 2 * atLeast.ms)) return true;
    return ms >= atLeast.ms && count.done >= atLeast.done && count.sweeps >= atLeast.sweeps;
  }

  const members = await Promise.all(
    Array.from({ length: WORKERS }, (_, index) => start(index, [])),
  );
  try {
    while (!isOver()) {
      await delay(200 + random() * 600);
      if (options.calm !== true) await disturb(members);
    }
  } finally {
    for (const { child } of members) {
      child.kill("SIGCONT");
      child.stdin?.end();
    }
    await Promise.all(members.map(({ exited }) => exited));
  }
  const { kills, stops, steps } = count;
  return { entries: members.map(({ logs }) => logs.flatMap(readLog)), kills, stops, steps };
}
