// chkpt's split form of a `.dat`: `pack-<id>.dat.parts.json` lists `pack-<id>.dat.part-000000` and
// so on, in order. Read, never written.

import { join } from "node:path";

import { readDocument } from "@store/layout";

import { packCorrupt } from "./pack-error.ts";
import type { PackDirectory } from "./pack-home.ts";
import { packFileName, type PackId, packPartName } from "./pack-id.ts";
import { HEADER_BYTES } from "./pack-header.ts";

/** A part takes about 80 bytes of the list; this is some ten times {@link PART_COUNT_MAX}. */
const PARTS_LIST_BYTES_MAX = 1024 * 1024;

/** Every part is held open. At chkpt's example size of 48 MiB this is a pack of 48 GiB. */
const PART_COUNT_MAX = 1024;

const VERSION = 1;

/**
 * The sizes of a pack's parts in order, or `undefined` if its data is not split.
 *
 * @throws StoreError `ERR_STORE_PACK_INVALID`
 */
export async function readPartSizes(
  directory: PackDirectory,
  id: PackId,
): Promise<readonly number[] | undefined> {
  const name = packFileName(id, "dat.parts.json");
  const bytes = await readDocument(directory.fs, join(directory.dir, name), {
    bytesMax: PARTS_LIST_BYTES_MAX,
    tooLargeCode: "ERR_STORE_PACK_INVALID",
  });
  if (bytes === undefined) return undefined;
  const fault = (what: string): Error =>
    packCorrupt("ERR_STORE_PACK_INVALID", { pack: id, file: name }, `${name}: ${what}`);

  const list = parseJson(bytes);
  if (!isRecord(list)) throw fault("not a JSON object");
  if (list["version"] !== VERSION) throw fault(`version is not ${VERSION}`);
  if (list["pack_hash"] !== id) throw fault("it is for another pack");
  const parts = list["parts"];
  if (!Array.isArray(parts)) throw fault("parts is not an array");
  if (parts.length > PART_COUNT_MAX) throw fault(`more than ${PART_COUNT_MAX} parts`);

  const sizes: number[] = [];
  let end = 0;
  for (const [index, part] of parts.entries() as Iterable<[number, unknown]>) {
    if (!isRecord(part)) throw fault(`part ${index} is not an object`);
    // The only name a part can have, so that no path is built from what the list says.
    if (part["path"] !== packPartName(id, index)) throw fault(`part ${index} has another name`);
    if (part["offset"] !== end) throw fault(`part ${index} leaves a gap or overlap`);
    const size = part["size"];
    if (!isCount(size) || size === 0) throw fault(`part ${index} has no valid size`);
    sizes.push(size);
    end += size;
  }
  if (list["dat_size"] !== end || end < HEADER_BYTES) throw fault("the parts do not add up");
  return sizes;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // Whatever is wrong with the text, it is no JSON object.
    return undefined;
  }
}
