import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { createRandom } from "../random.ts";
import { countKinds, type LogEntry, readLog } from "./log.ts";

const execute = promisify(execFile);

const WORKERS = 8;
/** Of these, so many have a clock of their own, where that can be had. */
const SKEWED = 3;
const HOUR_S = 3_600;
/** What a worker writes down before it may be killed: a little more than it does when it starts. */
const LIFE_ENTRIES_MIN = 12;
/** When a crowd is sent home although it did too little, which its test then tells. */
const DURATION_MS_MAX = 120_000;

/** One life of a worker. */
export interface WorkerLife {
  /** Number of the worker, whose names nobody else changes. */
  readonly index: number;
  readonly seed: string;
  /** Where this life writes its log. */
  readonly log: string;
  /** A directory of its own, the same in all its lives. */
  readonly directory: string;
}

export interface CrowdOptions {
  readonly directory: string;
  readonly seed: string;
  /** What each worker runs until its input ends, with `task` as JSON in its one argument. */
  readonly script: string;
  readonly task: (life: WorkerLife) => object;
  /** At least; longer where that was too short to reach `goals`. */
  readonly durationMs: number;
  /** Entries of a kind that the logs must hold before the crowd is sent home. */
  readonly goals: Readonly<Record<string, number>>;
  /** Whether some workers' wall clocks jump. */
  readonly clocks?: boolean;
  /** Number of workers; 8 by default. */
  readonly workers?: number;
  /** Whether workers are left alone instead of being killed and stopped. */
  readonly calm?: boolean;
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
  if (process.platform !== "linux") return undefined;
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

/** Why there can be no crowds here, or `undefined` if there can. */
export function whyNoCrowd(): string | undefined {
  if (process.features.typescript === false) return "needs a Node that runs TypeScript sources";
  return process.platform === "win32" ? "needs signals" : undefined;
}

/** Lets workers race over one store, kills, stops and confuses them, and ends them all. */
export async function runCrowd(options: CrowdOptions): Promise<CrowdLog> {
  const random = createRandom(options.seed);
  const clock = options.clocks === true ? await clockEnvironment() : undefined;
  const count = { kills: 0, stops: 0, steps: 0 };

  async function start(index: number, logs: string[]): Promise<Member> {
    const directory = join(options.directory, `worker-${index}`);
    await mkdir(directory, { recursive: true });
    const log = join(directory, `log-${logs.length}.jsonl`);
    logs.push(log);
    const seed = `${options.seed} ${index} ${logs.length}`;
    const clockFile = join(directory, "clock");
    const skewed = clock !== undefined && index < SKEWED;
    if (skewed) await writeFile(clockFile, "+0");
    const env = {
      ...process.env,
      NODE_COMPILE_CACHE: join(options.directory, "compile-cache"),
      ...(skewed ? { ...clock, FAKETIME_TIMESTAMP_FILE: clockFile } : {}),
    };
    const task = JSON.stringify(options.task({ index, seed, log, directory }));
    const args = ["--conditions=@store/source", options.script, task];
    const child = spawn(process.execPath, args, { env, stdio: ["pipe", "ignore", "inherit"] });
    child.stdin?.on("error", () => {});
    return { index, logs, clock: clockFile, child, exited: once(child, "exit") };
  }

  async function disturb(members: Member[]): Promise<void> {
    const at = Math.floor(random() * members.length);
    const member = members[at] as Member;
    const what = random();
    if (what < 0.4) {
      if (!hasBegun(member)) return;
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

  const members = await Promise.all(
    Array.from({ length: options.workers ?? WORKERS }, (_, index) => start(index, [])),
  );
  const startedMs = performance.now();
  function isOver(): boolean {
    const ms = performance.now() - startedMs;
    if (ms < options.durationMs) return false;
    return ms > 2 * options.durationMs + DURATION_MS_MAX || haveReached(options.goals, members);
  }

  try {
    while (!isOver()) {
      await delay(options.calm === true ? 100 : 50 + random() * 300);
      if (options.calm !== true) await disturb(members);
    }
  } finally {
    for (const { child } of members) {
      child.kill("SIGCONT");
      child.stdin?.end();
    }
    await Promise.all(members.map(({ exited }) => exited));
  }
  return { entries: members.map(({ logs }) => logs.flatMap(readLog)), ...count };
}

/** Where starting takes long, whoever were killed at once would never do anything. */
function hasBegun({ logs }: Member): boolean {
  const written = Object.values(countKinds(logs.slice(-1)));
  return written.reduce((sum, count) => sum + count, 0) >= LIFE_ENTRIES_MIN;
}

function haveReached(goals: CrowdOptions["goals"], members: readonly Member[]): boolean {
  const counts = countKinds(members.flatMap(({ logs }) => logs));
  return Object.entries(goals).every(([kind, goal]) => (counts[kind] ?? 0) >= goal);
}
