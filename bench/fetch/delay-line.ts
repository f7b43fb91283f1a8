import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A line to a server of this machine that is as long, and as narrow, as one to another continent. */
export interface DelayLine extends AsyncDisposable {
  readonly origin: string;
}

export interface DelayLineOptions {
  /** What each connection carries towards us; no bound by default. */
  readonly bytesPerSecond?: number;
}

/** A cap is kept in so many steps a second. */
const STEPS_PER_SECOND = 50;
/** So much of what is to come waits on the line, the rest at the server. */
const BUFFERED_MS = 100;

/** Forwards to a port from a process of its own, each way half of the round trip late. */
export async function delayedBy(
  roundTripMs: number,
  port: number,
  { bytesPerSecond = Infinity }: DelayLineOptions = {},
): Promise<DelayLine> {
  const child = fork(import.meta.filename, [
    String(roundTripMs),
    String(port),
    String(bytesPerSecond),
  ]);
  const [own] = (await once(child, "message")) as [number];
  return {
    origin: `http://127.0.0.1:${own}`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, "exit");
    },
  };
}

interface ForwardOptions {
  readonly delayMs: number;
  readonly bytesPerSecond: number;
  /** How long nothing moves at first. */
  readonly openMs?: number;
}

/** Hands each chunk on after a while, in order, and no faster than the cap. */
async function forward(
  from: Socket,
  to: Socket,
  { delayMs, bytesPerSecond, openMs = 0 }: ForwardOptions,
): Promise<void> {
  const due: { readonly atMs: number; readonly chunk: Buffer }[] = [];
  const stepBytes = bytesPerSecond / STEPS_PER_SECOND;
  let freeMs = performance.now() + openMs;
  let ended = false;
  let tell = (): void => {};
  const news = (): Promise<void> =>
    new Promise((resolve) => {
      tell = resolve;
    });
  to.on("drain", () => tell()).on("close", () => tell());
  from.on("close", () => {
    ended = true;
    tell();
  });
  from.on("data", (chunk: Buffer) => {
    tell();
    for (let at = 0; at < chunk.length; at += stepBytes) {
      const part = chunk.subarray(at, at + stepBytes);
      freeMs = Math.max(freeMs, performance.now()) + (part.length * 1000) / bytesPerSecond;
      due.push({ atMs: freeMs + delayMs, chunk: part });
    }
    // As much as a buffer in the network would hold.
    const aheadMs = freeMs - performance.now() - BUFFERED_MS;
    if (aheadMs <= 0 || bytesPerSecond === Infinity) return;
    from.pause();
    setTimeout(() => from.resume(), aheadMs);
  });
  for (;;) {
    const [first] = due;
    if (to.destroyed || (first === undefined && ended)) break;
    if (first === undefined) {
      await news();
      continue;
    }
    const waitMs = first.atMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    due.shift();
    if (!to.write(first.chunk)) await news();
  }
  to.end();
}

/** The process that forwards. */
function serve(roundTripMs: number, port: number, bytesPerSecond: number): void {
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      socket.setNoDelay();
      socket.on("error", () => socket.destroy());
    }
    client.on("close", () => upstream.destroy());
    // Opening a connection takes a round trip too.
    const delayMs = roundTripMs / 2;
    void forward(client, upstream, { delayMs, bytesPerSecond: Infinity, openMs: roundTripMs });
    void forward(upstream, client, { delayMs, bytesPerSecond });
  }).listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}

if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  const [, , roundTripMs, port, bytesPerSecond] = process.argv;
  serve(Number(roundTripMs), Number(port), Number(bytesPerSecond));
}
