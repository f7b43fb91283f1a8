import xxhash from "xxhash-wasm";

/** XXH64 with seed 0 over bytes handed in piece by piece. Finds accidents, never carries trust. */
export interface Xxh64 {
  update(chunk: Uint8Array): void;
  /** The 64-bit value of everything handed in so far. */
  value(): bigint;
}

export interface Xxh64Factory {
  create(): Xxh64;
  of(bytes: Uint8Array): bigint;
}

let loading: Promise<Xxh64Factory> | undefined;

/** Pieces above this are split: larger ones make the wasm memory grow and leave the cache. */
const PIECE_BYTES = 64 * 1024;

/** Compiles the module once per process. */
export function loadXxh64(): Promise<Xxh64Factory> {
  loading ??= xxhash().then((module) => ({
    create() {
      const hash = module.create64();
      return {
        update(chunk) {
          for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
            hash.update(chunk.subarray(at, at + PIECE_BYTES));
          }
        },
        value: () => hash.digest(),
      };
    },
    of: (bytes) => module.h64Raw(bytes),
  }));
  return loading;
}

/** 16 lower-case hex digits, most significant first, as `xxhsum` prints them. */
export function formatXxh64(value: bigint): string {
  return value.toString(16).padStart(16, "0");
}
