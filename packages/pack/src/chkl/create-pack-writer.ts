import { digestBytes, explaining, isStoreError, StoreError } from "@store/layout";

import { digestSliced } from "../hash/digest-sliced.ts";
import { hashPackKey, hashPackKeySliced, type PackKey } from "../hash/pack-key.ts";
import { finishInTurns, type Sliced, turns } from "../loop/turns.ts";
import { createFrameEncoder } from "../lz4/frame-encoder.ts";
import { decodeFrameSliced } from "../lz4/frame-decoder.ts";
import { entryTooLarge } from "./decode-entry.ts";
import { createPackContents } from "./pack-contents.ts";
import type { PackObject } from "./pack-entry.ts";
import { createPackFileWriter, type PackFileWriter } from "./pack-file-writer.ts";
import { encodedBytesMax, ENTRY_COUNT_MAX, HEADER_BYTES } from "./pack-header.ts";
import { packDirectoryOf, type PackHome } from "./pack-home.ts";
import type { AddOutcome, ContentIdentity, PackWriter } from "./pack-writer.ts";
import { publishPack } from "./publish-pack.ts";
import { createSerialQueue } from "./serial-queue.ts";

export interface PackWriterOptions {
  /**
   * Largest object to take, in bytes: 4 MiB by default. Anything larger serves better loose, where
   * it can be mapped and linked; and an object is compressed and decoded in one go.
   */
  readonly entryBytesMax?: number | undefined;
}

/** See {@link PackWriterOptions.entryBytesMax}. */
const ENTRY_BYTES_MAX = 4 * 1024 * 1024;

/** Starts a pack. The directory and the first file appear with the first object. */
export function createPackWriter(home: PackHome, options: PackWriterOptions = {}): PackWriter {
  const directory = packDirectoryOf(home);
  const entryBytesMax = options.entryBytesMax ?? ENTRY_BYTES_MAX;
  const encoder = createFrameEncoder();
  const contents = createPackContents();
  const queue = createSerialQueue();
  let file: PackFileWriter | undefined;
  let ended: "finished" | "aborted" | undefined;
  let failure: { readonly error: unknown } | undefined;

  function run<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return queue.run(() => {
      if (ended !== undefined) throw new TypeError(`the pack writer is ${ended}`);
      if (failure !== undefined) throw failure.error;
      return explaining(doing, work);
    });
  }

  /** Small objects are gathered in memory, so that nothing else here ever waits. */
  async function addOne(work: () => Promise<AddOutcome>): Promise<AddOutcome> {
    const outcome = await run("add to the pack", work);
    if (turns.isOver()) await turns.pause();
    return outcome;
  }

  async function append(identity: EntryIdentity, frame: Uint8Array): Promise<AddOutcome> {
    const held = contents.ofKey(identity.key);
    if (held !== undefined && held.digest !== identity.digest) {
      return { status: "collision", key: identity.key, digest: identity.digest, held };
    }
    if (contents.objects.length >= ENTRY_COUNT_MAX) throw packFull();
    try {
      if (file === undefined) {
        await directory.makeDirectory?.(directory.dir);
        file = await createPackFileWriter(directory);
      }
      const object: PackObject = { ...identity, offset: file.size, encodedSize: frame.length };
      await file.append(identity.key, frame);
      contents.record(object);
      return { status: "added", object };
    } catch (error) {
      // After a failed write nobody knows what the file holds: it goes, and nothing more is taken.
      failure = { error };
      await file?.discard();
      throw error;
    }
  }

  async function end(how: "finished" | "aborted"): Promise<void> {
    ended ??= how;
    await file?.discard();
    file = undefined;
  }

  return {
    get count() {
      return contents.objects.length;
    },
    get size() {
      return file?.size ?? HEADER_BYTES;
    },
    add: (content) =>
      addOne(async () => {
        if (content.length > entryBytesMax) throw entryTooLarge(content.length, entryBytesMax);
        const digest = digestBytes(content);
        const present = contents.ofDigest(digest);
        if (present !== undefined) return { status: "present", object: present };
        const identity = { key: hashPackKey(content), digest, size: content.length };
        return append(identity, encoder.encode(content));
      }),
    addFrame: (key, frame, claimed) =>
      addOne(async () => {
        const identity = await finishInTurns(identify(frame, entryBytesMax, key, claimed));
        return append(identity, frame);
      }),
    finish: (finishOptions) =>
      run("write the pack", async () => {
        try {
          if (file === undefined) throw packEmpty();
          const { objects } = contents;
          const { path, size } = file;
          finishOptions?.signal?.throwIfAborted();
          const id = await file.finish(objects.length);
          finishOptions?.signal?.throwIfAborted();
          const existed = await publishPack(directory, id, path, objects);
          return { id, count: objects.length, size, existed };
        } finally {
          // What was published has lost its temporary name; what was not goes with it.
          await end("finished");
        }
      }),
    abort: () => queue.run(() => end("aborted")),
    [Symbol.asyncDispose]: () => queue.run(() => end("aborted")),
  };
}

interface EntryIdentity extends ContentIdentity {
  readonly key: PackKey;
}

/** What a frame holds, which must be what the caller says it holds. */
function* identify(
  frame: Uint8Array,
  entryBytesMax: number,
  key: PackKey,
  claimed: ContentIdentity | undefined,
): Sliced<EntryIdentity> {
  // What a reader with the same limit would not read again must not get in.
  if (frame.length > encodedBytesMax(entryBytesMax)) throw entryTooLarge(undefined, entryBytesMax);
  const content = yield* decodeBounded(frame, entryBytesMax);
  const digest = yield* digestSliced(content);
  const actual = { key: yield* hashPackKeySliced(content), digest, size: content.length };
  checkClaim("key", key, actual.key);
  if (claimed !== undefined) {
    checkClaim("size", claimed.size, actual.size);
    checkClaim("digest", claimed.digest, actual.digest);
  }
  return actual;
}

function* decodeBounded(frame: Uint8Array, sizeMax: number): Sliced<Uint8Array> {
  try {
    return yield* decodeFrameSliced(frame, { sizeMax });
  } catch (error) {
    if (isStoreError(error) && error.detail["what"] === "too-large") {
      throw entryTooLarge(undefined, sizeMax);
    }
    throw error;
  }
}

function checkClaim(name: string, claimed: string | number, actual: string | number): void {
  if (claimed === actual) return;
  throw new StoreError(`the frame's content has the ${name} ${actual}, expected ${claimed}`, {
    kind: "corrupt",
    code: "ERR_STORE_ENTRY_INVALID",
    detail: { expected: claimed, actual },
  });
}

function packEmpty(): StoreError {
  return new StoreError("a pack needs at least one object", {
    kind: "invalid",
    code: "ERR_STORE_PACK_EMPTY",
  });
}

function packFull(): StoreError {
  return new StoreError(`a pack holds at most ${ENTRY_COUNT_MAX} objects`, {
    kind: "invalid",
    code: "ERR_STORE_PACK_FULL",
    hint: "Finish this pack and start another one.",
    detail: { limit: ENTRY_COUNT_MAX },
  });
}
