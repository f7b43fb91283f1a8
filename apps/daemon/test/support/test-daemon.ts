import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { type Daemon, startDaemon } from "../../src/daemon.ts";
import type { ServerLimits } from "../../src/server/limits.ts";
import { createTestStore, type TestStore } from "./test-store.ts";

/** A daemon on a free port over a store of its own. */
export interface TestDaemon extends AsyncDisposable {
  readonly store: TestStore;
  readonly daemon: Daemon;
  readonly port: number;
  /** The first base URL. */
  readonly url: string;
  /** Sends bytes as they are and gives back all that comes until the connection ends. */
  send(text: string): Promise<string>;
  open(): Promise<Socket>;
}

export async function createTestDaemon(limits: Partial<ServerLimits> = {}): Promise<TestDaemon> {
  const store = await createTestStore();
  const daemon = await startDaemon({ ...store.options, port: 0, limits });
  const { port, urls } = daemon;

  async function open(): Promise<Socket> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return socket;
  }

  return {
    store,
    daemon,
    port,
    url: urls[0] ?? "",
    open,
    async send(text) {
      const socket = await open();
      socket.write(text, "latin1");
      return readToEnd(socket);
    },
    async [Symbol.asyncDispose]() {
      await daemon.close({ graceMs: 0 });
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Everything a socket gives until it ends, in whichever way. */
export async function readToEnd(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {});
  await new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
  return Buffer.concat(chunks).toString("latin1");
}

/** The status of a raw answer; `undefined` if there is none. */
export function statusOf(answer: string): number | undefined {
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
  return status === undefined ? undefined : Number(status);
}
