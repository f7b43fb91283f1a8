import type { FakeHubFaults } from "./fake-hub-faults.ts";
import type { PreparedFile } from "./prepared-repository.ts";

/** The faults still to come: those with a count are used up one by one. */
export interface FaultState {
  set(faults: FakeHubFaults): void;
  /** The fields to send with a 429, if this request is to get one. */
  takeRateLimit(): Readonly<Record<string, string>> | undefined;
  /** The status to refuse this request for a file with. */
  takeRefusal(server: "hub" | "cdn"): number | undefined;
  /** After how many bytes to cut a body of this length. A shorter one does not use a cut up. */
  takeCut(length: number): number | undefined;
  readonly ignoreRange: boolean;
  readonly bytesPerSecond: number | undefined;
  /** Applies a flipped bit to bytes `[start, start + bytes.length)` of a file. */
  damage(file: PreparedFile, start: number, bytes: Uint8Array): Uint8Array;
}

export function createFaultState(initial: FakeHubFaults = {}): FaultState {
  let faults = initial;
  let cuts = 0;
  let refusals = 0;
  let limits = 0;
  function set(next: FakeHubFaults): void {
    faults = next;
    cuts = next.cut?.times ?? Infinity;
    refusals = next.refuse?.times ?? 0;
    limits = next.rateLimit?.times ?? 0;
  }
  set(initial);

  return {
    set,
    takeRateLimit() {
      if (faults.rateLimit === undefined || limits <= 0) return undefined;
      limits -= 1;
      const { retryAfter, rateLimit } = faults.rateLimit;
      return {
        ...(retryAfter === undefined ? {} : { "retry-after": retryAfter }),
        ...(rateLimit === undefined ? {} : { ratelimit: rateLimit }),
      };
    },
    takeRefusal(server) {
      const { refuse } = faults;
      if (refuse === undefined || refusals <= 0) return undefined;
      if (refuse.server !== undefined && refuse.server !== server) return undefined;
      refusals -= 1;
      return refuse.status;
    },
    takeCut(length) {
      if (faults.cut === undefined || cuts <= 0) return undefined;
      if (length <= faults.cut.afterBytes) return undefined;
      cuts -= 1;
      return faults.cut.afterBytes;
    },
    get ignoreRange() {
      return faults.ignoreRange ?? false;
    },
    get bytesPerSecond() {
      return faults.bytesPerSecond;
    },
    damage(file, start, bytes) {
      const { flip } = faults;
      if (flip?.path !== file.path) return bytes;
      const at = flip.offset - start;
      const original = bytes[at];
      if (original === undefined) return bytes;
      const damaged = bytes.slice();
      damaged[at] = original ^ 1;
      return damaged;
    },
  };
}
