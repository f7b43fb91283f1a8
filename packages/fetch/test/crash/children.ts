import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import type { PullEvent, PullResult } from "../../src/index.ts";
import type { ChildOptions } from "../pull-child.ts";

const script = fileURLToPath(new URL("../pull-child.ts", import.meta.url));

/** Why no child can be run here, or `undefined` if one can. */
export const whyNoChild: string | undefined =
  process.features.typescript === false ? "this Node runs no TypeScript" : undefined;

/** A process that pulls. */
export interface PullChild {
  readonly process: ChildProcess;
  /** Bytes of its file that are there, as it says. */
  readonly received: number;
  /** Bytes an earlier one had left. */
  readonly resumed: number;
  /** Resolves once it has received so many bytes itself, or has ended. */
  reached(bytes: number): Promise<void>;
  /** Resolves when it has ended: with what it pulled, or `undefined` if it failed or was killed. */
  readonly ended: Promise<PullResult | undefined>;
}

export function startPull(
  root: string,
  endpoint: string,
  location: string,
  options: ChildOptions = {},
): PullChild {
  const args = ["--conditions=@store/source", script, root, endpoint, location];
  const child = spawn(process.execPath, [...args, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let received = 0;
  let resumed = 0;
  let result: PullResult | undefined;
  let waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  function letGo(isOver: boolean): void {
    const isThere = (bytes: number): boolean => isOver || received - resumed >= bytes;
    for (const { bytes, go } of waiting) if (isThere(bytes)) go();
    waiting = waiting.filter(({ bytes }) => !isThere(bytes));
  }

  async function follow(): Promise<PullResult | undefined> {
    const exited = once(child, "exit");
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line) as PullEvent | ({ kind: "result" } & PullResult);
      if (event.kind === "file-start") resumed = event.resumedBytes;
      if (event.kind === "progress") ({ received } = event);
      if (event.kind === "result") result = event;
      letGo(false);
    }
    await exited;
    letGo(true);
    return result;
  }

  const ended = follow();
  return {
    process: child,
    get received() {
      return Math.max(received, resumed);
    },
    get resumed() {
      return resumed;
    },
    reached: (bytes) => new Promise((go) => void waiting.push({ bytes, go })),
    ended,
  };
}
