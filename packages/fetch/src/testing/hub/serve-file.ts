import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

import type { FaultState } from "./fault-state.ts";
import type { PreparedFile } from "./prepared-repository.ts";

/** Bytes per read and write; also how finely a throttled body is cut. */
const CHUNK_BYTES = 256 * 1024;

export interface ServeFileContext {
  readonly faults: FaultState;
  onBytes(count: number): void;
}

/** Answers HEAD and GET for a file's bytes, ranges included. */
export async function serveFile(
  file: PreparedFile,
  request: IncomingMessage,
  response: ServerResponse,
  context: ServeFileContext,
): Promise<void> {
  const { faults } = context;
  response.setHeader("accept-ranges", "bytes");
  response.setHeader("content-type", "application/octet-stream");
  const range = faults.ignoreRange ? undefined : readRange(request.headers.range, file.size);
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${file.size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: file.size };
  response.setHeader("content-length", end - start);
  if (range !== undefined) {
    response.setHeader("content-range", `bytes ${start}-${end - 1}/${file.size}`);
  }
  response.writeHead(range === undefined ? 200 : 206);
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  await sendBytes(file, { start, end }, response, context);
}

async function sendBytes(
  file: PreparedFile,
  { start, end }: { readonly start: number; readonly end: number },
  response: ServerResponse,
  { faults, onBytes }: ServeFileContext,
): Promise<void> {
  const cutAt = start + (faults.takeCut(end - start) ?? Infinity);
  for (let at = start; at < end;) {
    const { bytesPerSecond } = faults;
    const step = bytesPerSecond === undefined ? CHUNK_BYTES : Math.ceil(bytesPerSecond / 20);
    const to = Math.min(end, at + step, cutAt);
    const bytes = faults.damage(file, at, await file.read(at, to));
    if (response.destroyed) return;
    if (bytes.length > 0) await send(response, bytes);
    onBytes(bytes.length);
    at = to;
    if (at >= cutAt && at < end) {
      response.socket?.end(() => response.destroy());
      return;
    }
    if (bytesPerSecond !== undefined) await pause((bytes.length / bytesPerSecond) * 1000);
  }
  response.end();
}

/** Resolves when the bytes have left for the network, or the client is gone. */
async function send(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    response.write(bytes, () => resolve());
  });
}

function readRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | "unsatisfiable" | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? "");
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = match[2] === "" ? size : Math.min(size, Number(match[2]) + 1);
  return start < end ? { start, end } : "unsatisfiable";
}
