/**
 * Names that do not depend on chance. Ids are random, and states are compared between runs, so each
 * id is replaced where it enters the model by one that tells who made it and when: the n-th id of a
 * process is the same in every run in which the process did the same.
 */
export interface CanonicalNames {
  replacePath(process: number, path: string): string;
  /** The same for an id in a document that is being written. */
  replaceIn(process: number, bytes: Uint8Array): Uint8Array;
  /** A number for a text: equal for equal texts, in every run. */
  number(text: string): number;
  /** The same for the bytes of a file. */
  content(bytes: Uint8Array): number;
}

/** Not the id of a pack or of a boot: those are the same for everybody. */
const ID = /(?<![0-9a-f]|pack-|boot-)[0-9a-f]{16}(?![0-9a-f])/g;
const ID_IN_DOCUMENT = /(?<="id": ?")[0-9a-f]{16}(?=")/g;
const CANONICAL = /^ca5eca5e[0-9a-f]{8}$/;

/** Shared by all runs of an exploration: numbers must mean the same in each. */
const numbers = new Map<string, number>();
let contents = new WeakMap<Uint8Array, number>();

/** Forgets all numbers, between two explorations. */
export function forgetNumbers(): void {
  numbers.clear();
  contents = new WeakMap();
}

export function createCanonicalNames(): CanonicalNames {
  const known = new Map<string, string>();
  const counts = new Map<number, number>();

  function canonical(process: number, id: string): string {
    if (CANONICAL.test(id)) return id;
    const there = known.get(id);
    if (there !== undefined) return there;
    const count = (counts.get(process) ?? 0) + 1;
    counts.set(process, count);
    const hex = process.toString(16).padStart(4, "0") + count.toString(16).padStart(4, "0");
    known.set(id, `ca5eca5e${hex}`);
    return `ca5eca5e${hex}`;
  }
  function number(text: string): number {
    let found = numbers.get(text);
    if (found === undefined) numbers.set(text, (found = numbers.size + 1));
    return found;
  }

  return {
    replacePath: (process, path) => path.replace(ID, (id) => canonical(process, id)),
    replaceIn(process, bytes) {
      // Documents are JSON; anything else is written as it is.
      if (bytes[0] !== 0x7b) return bytes.slice();
      const text = Buffer.from(bytes).toString("latin1");
      return Buffer.from(
        text.replace(ID_IN_DOCUMENT, (id) => canonical(process, id)),
        "latin1",
      );
    },
    number,
    content(bytes) {
      let found = contents.get(bytes);
      if (found === undefined) {
        found = number(`bytes ${Buffer.from(bytes).toString("latin1")}`);
        contents.set(bytes, found);
      }
      return found;
    },
  };
}

/** Whose id a canonical name carries, if any. */
export function ownerOf(name: string): number | undefined {
  const hex = /ca5eca5e([0-9a-f]{4})[0-9a-f]{4}/.exec(name)?.[1];
  return hex === undefined ? undefined : Number.parseInt(hex, 16);
}
