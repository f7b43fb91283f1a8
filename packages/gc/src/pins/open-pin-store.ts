import { createHash } from "node:crypto";
import { join } from "node:path";

import {
  type AbortOptions,
  explaining,
  ifPresent,
  type Layout,
  readDocument,
  StoreError,
  writeDocument,
} from "@store/layout";

import { decodePin, encodePin, type Pin, PIN_BYTES_MAX } from "./pin-document.ts";

export interface PinInfo extends Pin {
  /** Whether it still holds: its end has not come. One that does not is kept until it is removed. */
  readonly live: boolean;
}

/** What people asked to be kept, whatever becomes of its names. */
export interface PinStore {
  /**
   * Every pin, those whose end has come included, by the names of their files.
   *
   * @throws StoreError `ERR_STORE_PIN_INVALID` for one that cannot be understood: nobody knows what
   * it keeps
   */
  list(options?: AbortOptions): AsyncIterable<PinInfo>;
  get(subject: string): Promise<PinInfo | undefined>;
  /**
   * Pins, or pins anew. Durable when it returns. It does not look for the blobs: whoever pins looks
   * at each of them *afterwards*, as whoever publishes a name does (P4).
   */
  put(pin: Omit<Pin, "pinnedAtMs">): Promise<PinInfo>;
  /** Whether there was one. */
  remove(subject: string): Promise<boolean>;
}

const FILE = /^[0-9a-f]{64}\.json$/;

/** Pins as files under `.store/pins/`, one for each subject. */
export function openPinStore(layout: Layout): PinStore {
  const { fs, paths } = layout;
  const pathOf = (subject: string): string => join(paths.pins, fileOf(subject));
  const inform = (pin: Pin): PinInfo => ({ ...pin, live: isLive(pin, layout.now()) });

  async function readAt(path: string): Promise<Pin | undefined> {
    const bytes = await readDocument(fs, path, { bytesMax: PIN_BYTES_MAX });
    if (bytes === undefined) return undefined;
    const pin = decodePin(bytes);
    // Not "absent": whatever it keeps is unknown, so nothing may go until somebody looks.
    if (pin === undefined || pathOf(pin.subject) !== path) throw pinInvalid(path);
    return pin;
  }

  async function get(subject: string): Promise<PinInfo | undefined> {
    const pin = await explaining("read a pin", () => readAt(pathOf(subject)));
    return pin === undefined ? undefined : inform(pin);
  }

  async function* list(options: AbortOptions = {}): AsyncGenerator<PinInfo> {
    const files = await explaining("list pins", () => ifPresent(fs.readdir(paths.pins)));
    for (const file of (files ?? []).toSorted()) {
      options.signal?.throwIfAborted();
      if (!FILE.test(file)) continue;
      const pin = await explaining("read a pin", () => readAt(join(paths.pins, file)));
      if (pin !== undefined) yield inform(pin);
    }
  }

  async function put(given: Omit<Pin, "pinnedAtMs">): Promise<PinInfo> {
    const pin: Pin = { ...given, pinnedAtMs: Math.floor(layout.now()) };
    await explaining("write a pin", async () => {
      await layout.makeDirectory(paths.pins);
      await writeDocument(fs, pathOf(pin.subject), encodePin(pin), { replace: true });
    });
    return inform(pin);
  }

  async function remove(subject: string): Promise<boolean> {
    if (layout.readOnly !== undefined) throw layout.readOnly;
    return explaining("remove a pin", async () => {
      const removed = await ifPresent(fs.unlink(pathOf(subject)).then(() => true));
      if (removed === true) await fs.syncDirectory(paths.pins);
      return removed ?? false;
    });
  }

  return { list, get, put, remove };
}

function isLive({ untilMs }: Pin, nowMs: number): boolean {
  return untilMs === undefined || nowMs < untilMs;
}

/** A hash, because names are longer than file names may be, and hold `/`. */
function fileOf(subject: string): string {
  return `${createHash("sha256").update(subject.toLowerCase()).digest("hex")}.json`;
}

function pinInvalid(path: string): StoreError {
  return new StoreError(`not a pin: ${path}`, {
    kind: "corrupt",
    code: "ERR_STORE_PIN_INVALID",
    hint: "Pin again what it was to keep, which writes it anew, or delete the file.",
    detail: { path },
  });
}
