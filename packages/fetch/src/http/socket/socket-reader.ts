import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import type { AddressBook, Reach } from "../../policy/address-book.ts";
import { ATTEMPT_TIMEOUT_MS } from "../transport/attempt-timeout.ts";
import type { Trust } from "../transport/trust.ts";
import { findHeadEnd, HEAD_BYTES_MAX } from "./response-head.ts";

/** For heads, and for bytes that nobody has given a place yet. */
const SCRATCH_BYTES = 64 * 1024;
/** What decrypted bytes may still come after reading was stopped; more is a bug of somebody's. */
const SCRATCH_BYTES_MAX = 1024 * 1024;

/** Longest time that bytes are gathered before they are shown: rates are told from what is shown. */
const GATHER_MS = 25;

export interface SocketOptions {
  readonly elapsedMs: () => number;
  readonly addresses: AddressBook;
  readonly trust: Trust;
}

/** A connection whose bytes land where the caller wants them, without passing through a stream. */
export interface SocketReader {
  /** Whether nothing is wrong and no byte waits unread. */
  readonly clean: boolean;
  /** Whether anything came since the last `write`. */
  readonly answered: boolean;
  write(text: string): void;
  /** Called whenever bytes come. */
  onBytes: (() => void) | undefined;
  /**
   * The bytes up to the next empty line; `undefined` if there is none within reach.
   *
   * @throws the error of the socket
   */
  readHead(): Promise<Uint8Array | undefined>;
  /**
   * Fills memory from its start. Answers fewer bytes where that takes long, so that the caller can
   * show how it gets on, and what came before a failure, which the next call then tells; 0 where the
   * connection has ended.
   *
   * @throws the error of the socket
   */
  fill(target: Uint8Array): Promise<number>;
  /** Lets the process end although the connection is open, and closes it after so long. */
  rest(idleMs: number): void;
  wake(): void;
  /** Closes the connection. Whoever waits gets the reason. No memory is written to afterwards. */
  destroy(reason?: unknown): void;
}

interface Waiting {
  readonly serve: () => boolean;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export function openSocket(url: URL, reach: Reach, options: SocketOptions): SocketReader {
  let scratch = new Uint8Array(2 * SCRATCH_BYTES);
  let start = 0;
  let end = 0;
  let target: Uint8Array | undefined;
  let filled = 0;
  let filledSinceMs = 0;
  /** Whether the next bytes land in the target rather than in the scratch memory. */
  let direct = false;
  let waiting: Waiting | undefined;
  let answered = false;
  let stopped = false;
  let ended = false;
  let failure: unknown;

  const socket = connectTo(url, reach, options, { buffer: nextBuffer, callback: take });
  socket.on("error", fail);
  for (const event of ["end", "close"]) {
    socket.on(event, () => {
      ended = true;
      serve();
    });
  }
  socket.resume();

  function nextBuffer(): Uint8Array {
    direct = target !== undefined && start === end;
    if (direct && target !== undefined) return target.subarray(filled);
    scratch.copyWithin(0, start, end);
    end -= start;
    start = 0;
    if (end < SCRATCH_BYTES) return scratch.subarray(end, SCRATCH_BYTES);
    // Reading is being stopped; only what is decrypted already may still come.
    if (end === scratch.length) grow();
    return scratch.subarray(end);
  }

  function grow(): void {
    if (scratch.length >= SCRATCH_BYTES_MAX) {
      end = 0;
      return fail(Object.assign(new Error("bytes nobody asked for"), { code: "EPROTO" }));
    }
    const larger = new Uint8Array(scratch.length * 2);
    larger.set(scratch);
    scratch = larger;
  }

  /** Answers whether more bytes are welcome. */
  function take(count: number): boolean {
    answered = true;
    if (direct) filled += count;
    else end += count;
    reader.onBytes?.();
    serve();
    stopped = target === undefined && end - start >= SCRATCH_BYTES;
    return !stopped;
  }

  /** Settles whoever waits, if it can be done. */
  function serve(): void {
    if (waiting === undefined) return;
    const { serve: isServed, resolve, reject } = waiting;
    if (failure !== undefined && filled === 0) {
      waiting = undefined;
      target = undefined;
      reject(failure);
    } else if (isServed() || ended || failure !== undefined) {
      waiting = undefined;
      target = undefined;
      resolve();
    }
  }

  function wait(isServed: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting = { serve: isServed, resolve, reject };
      serve();
      if (waiting === undefined || !stopped) return;
      stopped = false;
      socket.resume();
    });
  }

  function fail(reason: unknown): void {
    failure ??= reason;
    socket.destroy();
    serve();
  }

  /** Moves waiting bytes. */
  function moveInto(memory: Uint8Array): void {
    const piece = scratch.subarray(start, Math.min(end, start + memory.length - filled));
    memory.set(piece, filled);
    filled += piece.length;
    start += piece.length;
  }

  function isFilled(): boolean {
    if (target === undefined) return true;
    if (start < end) moveInto(target);
    if (filled === target.length) return true;
    return filled > 0 && options.elapsedMs() - filledSinceMs >= GATHER_MS;
  }

  const reader: SocketReader = {
    onBytes: undefined,
    get clean() {
      return failure === undefined && !ended && start === end && !socket.destroyed;
    },
    get answered() {
      return answered;
    },
    write(text) {
      answered = false;
      socket.write(text, "latin1");
    },
    async readHead() {
      let length = 0;
      await wait(() => {
        const seen = scratch.subarray(start, end);
        length = findHeadEnd(seen);
        return length > 0 || seen.length >= HEAD_BYTES_MAX;
      });
      if (length === 0 || length > HEAD_BYTES_MAX) return undefined;
      const head = scratch.slice(start, start + length);
      start += length;
      return head;
    },
    async fill(memory) {
      target = memory;
      filled = 0;
      filledSinceMs = options.elapsedMs();
      await wait(isFilled);
      const count = filled;
      filled = 0;
      return count;
    },
    rest(idleMs) {
      socket.setTimeout(idleMs, () => socket.destroy());
      socket.unref();
    },
    wake() {
      socket.setTimeout(0);
      socket.removeAllListeners("timeout");
      socket.ref();
    },
    destroy(reason) {
      fail(reason ?? new Error("the connection was closed"));
    },
  };
  return reader;
}

function connectTo(
  { protocol, hostname, port }: URL,
  reach: Reach,
  { addresses, trust }: SocketOptions,
  onread: { buffer: () => Uint8Array; callback: (count: number) => boolean },
): Socket {
  const isSecure = protocol === "https:";
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const options = {
    host,
    port: port === "" ? (isSecure ? 443 : 80) : Number(port),
    lookup: addresses.lookup(reach),
    autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT_MS,
    // Documented, although the type of TLS options does not know it.
    onread,
  };
  if (!isSecure) return connectPlain(options);
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ ...options, ...servername, ...trust.tlsOptions() });
}
