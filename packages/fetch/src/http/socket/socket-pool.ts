import type { Reach } from "../../policy/address-book.ts";
import { openSocket, type SocketOptions, type SocketReader } from "./socket-reader.ts";

/** Shorter than what servers grant, so that few requests meet a closed connection. */
const REST_MS = 4_000;
const RESTING_MAX = 64;

/** What a connection is for. One that may lead anywhere serves no request that may not. */
export interface SocketPlace {
  readonly url: URL;
  readonly reach: Reach;
}

/** Open connections that wait for another request to the same place. */
export interface SocketPool {
  /** One that rests, if there is any. */
  take(place: SocketPlace): SocketReader | undefined;
  open(place: SocketPlace): SocketReader;
  /** Takes back a connection whose answer was read to its end. */
  give(place: SocketPlace, socket: SocketReader): void;
}

export function createSocketPool(options: SocketOptions): SocketPool {
  let resting: { readonly key: string; readonly socket: SocketReader }[] = [];
  return {
    take(place) {
      const key = keyOf(place);
      // What a server says unasked belongs to no answer of ours.
      const [sound, broken] = [true, false].map((clean) =>
        resting.filter(({ socket }) => socket.clean === clean),
      );
      for (const { socket } of broken ?? []) socket.destroy();
      resting = sound ?? [];
      const index = resting.findLastIndex((one) => one.key === key);
      if (index < 0) return undefined;
      const [taken] = resting.splice(index, 1);
      taken?.socket.wake();
      return taken?.socket;
    },
    open: ({ url, reach }) => openSocket(url, reach, options),
    give(place, socket) {
      if (!socket.clean || resting.length >= RESTING_MAX) return socket.destroy();
      socket.rest(REST_MS);
      resting.push({ key: keyOf(place), socket });
    },
  };
}

function keyOf({ url, reach }: SocketPlace): string {
  return `${url.origin} ${reach}`;
}
