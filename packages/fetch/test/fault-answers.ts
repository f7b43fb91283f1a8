import type { Socket } from "node:net";

import { createContent } from "@store/layout/testing";

import { type RawRequest, sendFile } from "./raw-server.ts";

/** The file that is asked for. */
export const bytes: Uint8Array = createContent(300_000, 51);
export const size: number = bytes.length;

/** What becomes of a pull: the right bytes, or an error of one of these codes and no byte. */
export type Outcome = "right" | `ERR_STORE_${string}`;

/**
 * One way to answer wrongly. `row 70` to `row 87` in the names of cases number the faults of a network
 * that a pull must survive, so that each is found by its number.
 */
export interface FaultCase {
  /**
   * Answers a request for bytes, as no server should.
   *
   * @param elsewhere origin of another server, which has the file
   */
  readonly answer: (request: RawRequest, socket: Socket, elsewhere: string) => void;
  /** If one answer is like this and the next ones are sound. */
  readonly once: Outcome;
  /** If all are. */
  readonly always: Outcome;
  /** Whether it tells that there are no parts, so that the file is asked for once more as a whole. */
  readonly restarts?: boolean | undefined;
}

export const broken = "ERR_STORE_UPSTREAM_ERROR";
export const changed = "ERR_STORE_UPSTREAM_CHANGED";

/** An answer that leads nowhere else. */
type OwnAnswer = (request: RawRequest, socket: Socket) => void;

/** A head as it is written here, then the file or what else comes. */
export const raw =
  (head: string, body: Uint8Array | string = bytes): OwnAnswer =>
  (_request, socket) => {
    socket.write(Buffer.from(`${head.replaceAll("\n", "\r\n")}\r\n\r\n`, "latin1"));
    socket.write(body);
  };

/** The same, then the end of the connection. */
export const rawEnd =
  (head: string, body: Uint8Array | string = bytes): OwnAnswer =>
  (request, socket) => {
    raw(head, body)(request, socket);
    socket.end();
  };

/** A sound answer with headers that say otherwise. */
export const withHeaders =
  (headers: Readonly<Record<string, string | number | undefined>>): FaultCase["answer"] =>
  (request, socket) =>
    sendFile(request, socket, bytes, headers);

export const ok: string = `HTTP/1.1 200 OK\nETag: "one"`;
export const chunked: string = `${ok}\nTransfer-Encoding: chunked`;
export const chunk = (body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")]);
export const last: Buffer = Buffer.from("0\r\n\r\n");

/** Later ones are sound, and the first is given up, or understood after all. */
export const passing = (answer: FaultCase["answer"]): FaultCase => ({
  answer,
  once: "right",
  always: broken,
});
export const fatal = (answer: FaultCase["answer"], code: Outcome = broken): FaultCase => ({
  answer,
  once: code,
  always: code,
});
export const harmless = (answer: FaultCase["answer"]): FaultCase => ({
  answer,
  once: "right",
  always: "right",
});
