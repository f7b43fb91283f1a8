import { chmod, truncate, unlink, writeFile } from "node:fs/promises";

import {
  CHUNK_BYTES,
  type Digest,
  digestBytes,
  isStoreError,
  openRepair,
  StoreError,
} from "@store/layout";
import { collectContent, createContent } from "@store/layout/testing";
import { FULL } from "@store/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { pull, repair, type ResolvedModel, type Source, type SourceFile } from "../../src/index.ts";
import { openPorts, type TestPorts } from "../open-ports.ts";

/** Largest file that goes through memory, and more than one chunk of a damaged one. */
const SIZES = [70_000, 300_001, CHUNK_BYTES + 70_000] as const;
const contents = SIZES.map((size) => createContent(size, 83));
const contentOf = (which: number): Uint8Array => contents[which] ?? new Uint8Array(0);
const SEED = 20_261_121;

/** How one place behaves. */
interface Behaviour {
  readonly kind: "right" | "wrong" | "other-size" | "gone" | "elsewhere" | "useless";
  /** Where a wrong byte is, and where every answer breaks off; shares of the size. */
  readonly at: number;
  readonly breaks: boolean;
  /** What its listing says besides the path. */
  readonly saysSize: boolean;
  readonly saysDigest: boolean;
}

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  kind: fc.constantFrom(
    "right",
    "right",
    "wrong",
    "wrong",
    "other-size",
    "gone",
    "elsewhere",
    "useless",
  ),
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
  breaks: fc.boolean(),
  saysSize: fc.boolean(),
  saysDigest: fc.boolean(),
});

/** Whether a place brings the right bytes, all of them. */
const isRight = ({ kind, breaks }: Behaviour): boolean => kind === "right" && !breaks;

function fault(
  code: `ERR_STORE_${string}`,
  kind: "unavailable" | "corrupt" | "not-found",
): StoreError {
  return new StoreError("not today", { kind, code });
}

function bytesAt({ kind, at }: Behaviour, content: Uint8Array): Uint8Array {
  if (kind === "other-size") return content.subarray(0, Math.floor(content.length * at));
  if (kind !== "wrong") return content;
  const offset = Math.floor(content.length * at);
  return content.with(offset, (content[offset] ?? 0) ^ 1);
}

/** A source of all these places: `place:0`, `place:1`, … The first is the one that is asked for. */
function createPlaces(places: readonly Behaviour[], content: Uint8Array): Source {
  const digest = digestBytes(content);
  const placeOf = (location: string): Behaviour => {
    const place = places[Number(location.slice("place:".length))];
    if (place === undefined) throw new TypeError(`no ${location}`);
    return place;
  };
  const modelAt = (location: string, files: readonly SourceFile[]): ResolvedModel => ({
    location,
    place: location,
    revision: "",
    files,
    suggestedName: "m",
    source: { registry: "places.example", repo: location, revision: "", filename: "" },
  });
  return {
    scheme: "place",
    accepts: (location) => location.startsWith("place:"),
    async resolve(location) {
      const place = placeOf(location);
      const { length: size } = bytesAt(place, content);
      if (location === "place:0") {
        return modelAt(location, [{ path: "m.bin", digest, size: content.length }]);
      }
      if (place.kind === "gone") throw fault("ERR_STORE_MODEL_NOT_FOUND", "not-found");
      if (place.kind === "useless") {
        const code = place.saysSize
          ? "ERR_STORE_MANIFEST_INVALID"
          : "ERR_STORE_BLOB_DIGEST_MISMATCH";
        throw fault(code, "corrupt");
      }
      if (place.kind === "elsewhere") {
        return modelAt(location, [
          { path: "a", size: 1, digest: digestBytes(new Uint8Array(1)) },
          { path: "b", size: 2 },
        ]);
      }
      const said = {
        ...(place.saysSize ? { size } : {}),
        ...(place.saysDigest ? { digest } : {}),
      };
      return modelAt(location, [{ path: "m.bin", ...said }]);
    },
    resolveOrigin: ({ location }, known) =>
      location.startsWith("place:") ? modelAt(location, [{ path: "m.bin", ...known }]) : undefined,
    async open({ location }, _file, range) {
      const place = placeOf(location);
      if (["gone", "elsewhere", "useless"].includes(place.kind)) {
        throw fault("ERR_STORE_UPSTREAM_ERROR", "unavailable");
      }
      const bytes = bytesAt(place, content);
      const end = Math.min(range.end, bytes.length);
      if (range.start >= end) throw fault("ERR_STORE_UPSTREAM_ERROR", "unavailable");
      const count = Math.floor((end - range.start) * (place.breaks ? place.at : 1));
      async function* body(): AsyncGenerator<Uint8Array> {
        const last = range.start + count;
        for (let at = range.start; at < last; at += 65_536) {
          yield bytes.slice(at, Math.min(last, at + 65_536));
        }
        if (last < end) throw fault("ERR_STORE_UPSTREAM_ERROR", "unavailable");
      }
      return { start: range.start, end, total: bytes.length, body: body() };
    },
  };
}

async function expectNothingWrong({ ports: { blobs } }: TestPorts, but?: Digest): Promise<void> {
  for await (const digest of blobs.list()) {
    if (digest === but) continue;
    expect(digestBytes(await collectContent(blobs.read(digest)))).toBe(digest);
  }
}

const settings = (runs: number): fc.Parameters<unknown> =>
  FULL ? { numRuns: runs * 10 } : { numRuns: runs, seed: SEED };

const policy = { retry: { attemptsMax: 1 }, connections: 2 };

describe("whatever the places of a file do,", { timeout: FULL ? 3_600_000 : 120_000 }, () => {
  it("a pull brings the right bytes if one has them, or ends with an error of ours", async () => {
    const leftover = fc.option(
      fc.record({ from: fc.double({ min: 0, max: 0.9, noNaN: true }), isRight: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(behaviour, { minLength: 1, maxLength: 5 }),
        fc.nat(1),
        leftover,
        async (places, which, left) => {
          const content = contentOf(which);
          const digest = digestBytes(content);
          await using store = await openPorts([createPlaces(places, content)]);
          if (left !== null) {
            const {
              ports: { blobs },
            } = store;
            await using ingest = await blobs.ingest({ digest, size: content.length });
            const start = Math.floor(content.length * left.from);
            const part = content.slice(start, start + 40_000);
            await ingest.writeAt(start, left.isRight ? part : part.fill(0));
          }
          const mirrors = places.slice(1).map((_place, index) => `place:${index + 1}`);
          const outcome = await pull("place:0", store.ports, { ...policy, mirrors }).catch(
            (error: unknown) => error,
          );
          if (outcome instanceof Error) {
            if (!isStoreError(outcome)) throw outcome;
            expect(places.some(isRight), outcome.message).toBe(false);
          } else {
            expect(outcome).toMatchObject({ files: [{ digest }] });
          }
          await expectNothingWrong(store);
        },
      ),
      settings(120),
    );
  });

  it("a repair does so too, or leaves the blob as it was", async () => {
    const damage = fc.constantFrom("first", "last", "empty", "short", "no-sums", "absent");
    await fc.assert(
      fc.asyncProperty(
        fc.array(behaviour, { minLength: 1, maxLength: 5 }),
        fc.nat(4),
        fc.nat(SIZES.length - 1),
        damage,
        fc.integer({ min: 1, max: 3 }),
        async (places, recordedCount, which, how, attempts) => {
          const content = contentOf(which);
          const digest = digestBytes(content);
          await using store = await openPorts([createPlaces(places, content)]);
          const { layout, ports } = store;
          await ports.blobs.put({ digest, size: content.length }, content);
          await damageBlob(store, digest, content, how);
          const locations = places.map((_place, index) => `place:${index}`);
          const recorded = locations.slice(0, recordedCount);
          const repairing = () =>
            repair(
              { digest },
              {
                ...ports,
                openRepair: (target, options) => openRepair(layout, target, options),
                readOrigins: async () =>
                  recorded.map((location) => ({ location, path: "m.bin", recordedAtMs: 0 })),
              },
              { ...policy, from: locations.slice(recordedCount) },
            );
          // Each begins with what the one before has left.
          for (let attempt = 1; attempt <= attempts; attempt += 1) {
            const outcome = await repairing().catch((error: unknown) => error);
            if (outcome instanceof Error) {
              if (!isStoreError(outcome)) throw outcome;
              expect(places.some(isRight), outcome.message).toBe(false);
              await expectNothingWrong(store, digest);
            } else {
              await expectNothingWrong(store);
            }
          }
        },
      ),
      settings(16),
    );
  });
});

async function damageBlob(
  { layout }: TestPorts,
  digest: Digest,
  content: Uint8Array,
  how: "first" | "last" | "empty" | "short" | "no-sums" | "absent",
): Promise<void> {
  const path = layout.paths.blob(digest);
  await chmod(path, 0o644);
  if (how === "absent") return unlink(path);
  if (how === "empty" || how === "short") return truncate(path, how === "empty" ? 0 : 1_000);
  if (how === "no-sums") await unlink(layout.paths.chunks(digest)).catch(() => {});
  const offset = how === "last" ? content.length - 1 : 0;
  await writeFile(path, content.with(offset, (content[offset] ?? 0) ^ 1));
}
