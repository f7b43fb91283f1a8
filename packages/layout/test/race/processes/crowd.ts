import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { createRandom } from "../../pick.ts";
import type { Mutations } from "../protocol.ts";
import { countKinds, type LogEntry, readLog } from "./log.ts";
import type { WorkerTask } from "./worker.ts";

const execute = promisify(execFile);
const script = join(import.meta.dirname, "worker.ts");

const WORKERS = 8;
/** Of these, so many have a clock of their own, where that can be had. */
const SKEWED = 3;
const HOUR_S = 3600;
/** When a crowd is sent home although it did too little, which its test then tells. */
const DURATION_MS_MAX = 90_000;

export interface CrowdOptions {
  readonly directory: string;
  readonly seed: string;
  /** At least; longer where that was too short to reach `goals`. */
  readonly durationMs: number;
  /** Entries of a kind that the logs must hold before the crowd is sent home. */
  readonly goals: Readonly<Record<string, number>>;
  readonly locks: boolean;
  /** Whether some workers' wall clocks jump. */
  readonly clocks: boolean;
  /** Mistakes that the workers make. */
  readonly mutations?: Mutations;
}

export interface CrowdLog {
  /** What each worker wrote down, its lives one after the other. */
  readonly entries: readonly (readonly LogEntry[])[];
  readonly kills: number;
  readonly stops: number;
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

function haveReached(goals: CrowdOptions["goals"], members: readonly Member[]): boolean {
  const counts = countKinds(members.flatMap(({ logs }) => logs));
  return Object.entries(goals).every(([kind, goal]) => (counts[kind] ?? 0) >= goal);
}

/** Lets workers race over one store, kills, stops and confuses them, and ends them all. */
export async function runCrowd(root: string, options: CrowdOptions): Promise<CrowdLog> {
  const random = createRandom(options.seed);
  const clock = options.clocks ? await clockEnvironment() : undefined;
  let kills = 0;
  let stops = 0;

  async function start(index: number, logs: string[]): Promise<Member> {
    const directory = join(options.directory, `worker-${index}`);
    await mkdir(directory, { recursive: true });
    const log = join(directory, `log-${logs.length}.jsonl`);
    logs.push(log);
    const task: WorkerTask = {
      root,
      log,
      directory,
      seed: `${options.seed} ${index} ${logs.length}`,
      names: ["a", "b", "c"].map((slot) => `w${index}-${slot}`),
      locks: options.locks,
      ...(options.mutations === undefined ? {} : { mutations: options.mutations }),
    };
    const clockFile = join(directory, "clock");
    const skewed = clock !== undefined && index < SKEWED;
    if (skewed) await writeFile(clockFile, "+0");
    const env = {
      ...process.env,
      NODE_COMPILE_CACHE: join(options.directory, "compile-cache"),
      ...(skewed ? { ...clock, FAKETIME_TIMESTAMP_FILE: clockFile } : {}),
    };
    const args = ["--conditions=@store/source", script, JSON.stringify(task)];
    const child = spawn(process.execPath, args, { env, stdio: ["pipe", "ignore", "inherit"] });
    child.stdin?.on("error", () => {});
    return { index, logs, clock: clockFile, child, exited: once(child, "exit") };
  }

  async function disturb(members: Member[]): Promise<void> {
    const at = Math.floor(random() * members.length);
    const member = members[at] as Member;
    const what = random();
    if (what < 0.4) {
      member.child.kill("SIGKILL");
      kills += 1;
      await member.exited;
      members[at] = await start(member.index, member.logs);
    } else if (what < 0.8) {
      member.child.kill("SIGSTOP");
      stops += 1;
      setTimeout(() => member.child.kill("SIGCONT"), 50 + random() * 1500);
    } else if (clock !== undefined) {
      const skew = Math.floor((random() * 2 - 1) * HOUR_S);
      await writeFile(member.clock, `${skew < 0 ? "" : "+"}${skew}`);
    }
  }

  const members = await Promise.all(
    Array.from({ length: WORKERS }, (_, index) => start(index, [])),
  );
  try {
    const startedMs = performance.now();
    const elapsedMs = (): number => performance.now() - startedMs;
    const isDone = (): boolean =>
      elapsedMs() >= options.durationMs &&
      (elapsedMs() >= DURATION_MS_MAX || haveReached(options.goals, members));
    while (!isDone()) {
      await delay(30 + random() * 200);
      await disturb(members);
    }
  } finally {
    for (const { child } of members) {
      child.kill("SIGCONT");
      child.stdin?.end();
    }
    await Promise.all(members.map(({ exited }) => exited));
  }
  return { entries: members.map(({ logs }) => logs.flatMap(readLog)), kills, stops };
}
