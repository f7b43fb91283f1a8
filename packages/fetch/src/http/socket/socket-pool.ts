import { openSocket, type SocketOptions, type SocketReader } from "./socket-reader.ts";

/** Shorter than what servers grant, so that few requests meet a closed connection. */
const REST_MS = 4_000;
const RESTING_MAX = 64;

/** Open connections that wait for another request to the same origin. */
export interface SocketPool {
  /** One that rests, if there is any. */
  take(url: URL): SocketReader | undefined;
  open(url: URL): SocketReader;
  /** Takes back a connection whose answer was read to its end. */
  give(url: URL, socket: SocketReader): void;
}

export function createSocketPool(options: SocketOptions): SocketPool {
  let resting: { readonly origin: string; readonly socket: SocketReader }[] = [];
  return {
    take({ origin }) {
      // What a server says unasked belongs to no answer of ours.
      const [sound, broken] = [true, false].map((clean) =>
        resting.filter(({ socket }) => socket.clean === clean),
      );
      for (const { socket } of broken ?? []) socket.destroy();
      resting = sound ?? [];
      const index = resting.findLastIndex((one) => one.origin === origin);
      if (index < 0) return undefined;
      const [taken] = resting.splice(index, 1);
      taken?.socket.wake();
      return taken?.socket;
    },
    open: (url) => openSocket(url, options),
    give({ origin }, socket) {
      if (!socket.clean || resting.length >= RESTING_MAX) return socket.destroy();
      socket.rest(REST_MS);
      resting.push({ origin, socket });
    },
  };
}
