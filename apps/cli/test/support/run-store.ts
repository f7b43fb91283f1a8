import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";

/** How one run of the command line ended. */
export interface StoreRun {
  /** Exit code, or `undefined` if a signal ended it. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** Runs it by way of another program: `setpriv …`. */
  readonly wrapper?: readonly string[];
}

export interface StartedStore {
  readonly child: ChildProcess;
  readonly ended: Promise<StoreRun>;
}

const MAIN = resolve(import.meta.dirname, "../../src/main.ts");

/** Starts the command line from its sources, as a user's shell would, in an environment of its own. */
export function startStore(args: readonly string[], options: RunOptions): StartedStore {
  const command = [
    ...(options.wrapper ?? []),
    process.execPath,
    "--conditions=@store/source",
    MAIN,
    ...args,
  ];
  const [program = "", ...rest] = command;
  const child = spawn(program, rest, {
    cwd: options.cwd ?? options.home,
    env: {
      PATH: process.env["PATH"],
      HOME: options.home,
      MODELS_HOME: `${options.home}/models`,
      NO_PROXY: "127.0.0.1",
      ...options.env,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.stdin ?? "");
  const exit = new Promise<Pick<StoreRun, "code" | "signal">>((settle, fail) => {
    child.on("error", fail);
    child.on("exit", (code, signal) =>
      settle({ code: code ?? undefined, signal: signal ?? undefined }),
    );
  });
  const ended = Promise.all([exit, text(child.stdout), text(child.stderr)]).then(
    ([how, stdout, stderr]) => ({ ...how, stdout, stderr }),
  );
  return { child, ended };
}

export function runStore(args: readonly string[], options: RunOptions): Promise<StoreRun> {
  return startStore(args, options).ended;
}
