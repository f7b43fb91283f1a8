import { parseJson } from "../json/parse-json.ts";
import { headerInvalid } from "./header-error.ts";
import type { InspectOptions } from "./inspect-options.ts";
import type { ModelInfo, RangeReader } from "./model-info.ts";
import { createPauses, type Pauses } from "./pauses.ts";
import { collectTensors, readTensor } from "./safetensors-tensors.ts";
import { parseText, splitMembers } from "./split-members.ts";
import type { TensorSummary } from "./tensor-summary.ts";

/** The reference's own limit. */
const HEADER_SIZE_MAX = 100_000_000;
/** The header's length comes first, in eight little-endian bytes. */
const LENGTH_SIZE = 8;
/** Blanks may stand before the header; this many are looked through to tell what a file is. */
const SNIFF_SIZE = 64;
/** A tensor needs two levels; unknown fields get the rest. */
const DEPTH_MAX = 15;
const METADATA = "__metadata__";
/** Training tools write some hundred KiB of settings and tags. */
const METADATA_SIZE_MAX = 8 * 1024 * 1024;
/** A tensor takes about 100 bytes. */
const TENSOR_SIZE_MAX = 64 * 1024;
const BRACE = 0x7b;

/**
 * Reads the header of a safetensors file; `undefined` if the file is none. Every offset is checked.
 *
 * The format has no magic: a file counts as one if it starts with a length within the limit and an
 * opening brace. Metadata of the modelspec convention gives name, architecture and licence.
 *
 * @throws StoreError `ERR_STORE_HEADER_INVALID`
 */
export async function inspectSafetensors(
  ranges: RangeReader,
  options: InspectOptions = {},
): Promise<ModelInfo | undefined> {
  const length = await readLength(ranges, options);
  if (length === undefined) return undefined;
  const headerSize = LENGTH_SIZE + length;
  if (headerSize > ranges.size) {
    throw headerInvalid("safetensors", `${length} bytes of header in a file of ${ranges.size}`);
  }
  options.signal?.throwIfAborted();
  const bytes = await ranges.read(LENGTH_SIZE, headerSize);
  if (bytes.length !== length)
    throw headerInvalid("safetensors", "the file is shorter than it was");
  const { metadata, summary } = await readHeader(bytes, ranges.size - headerSize, options);
  return {
    format: "safetensors",
    formatVersion: undefined,
    byteOrder: "little",
    name: metadata.get("modelspec.title"),
    architecture: metadata.get("modelspec.architecture"),
    license: metadata.get("modelspec.license"),
    ...summary,
    quantization: summary.dominantType,
    contextLength: undefined,
    chatTemplate: undefined,
    split: undefined,
    headerSize,
  };
}

async function readLength(
  ranges: RangeReader,
  { signal, headerSizeMax = HEADER_SIZE_MAX }: InspectOptions,
): Promise<number | undefined> {
  if (ranges.size <= LENGTH_SIZE) return undefined;
  signal?.throwIfAborted();
  const start = Buffer.from(await ranges.read(0, Math.min(ranges.size, LENGTH_SIZE + SNIFF_SIZE)));
  const length = start.readBigUInt64LE(0);
  const opens = /^[ \t\r\n]*\{/.test(start.toString("latin1", LENGTH_SIZE));
  return opens && length <= BigInt(headerSizeMax) ? Number(length) : undefined;
}

interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  readonly summary: TensorSummary;
}

/** Member by member, so that a header of the largest size does not keep others from the thread. */
async function readHeader(
  bytes: Uint8Array,
  dataSize: number,
  options: InspectOptions,
): Promise<Header> {
  const pauses = createPauses(options);
  const tensors = collectTensors(options);
  let metadata: ReadonlyMap<string, string> = new Map();
  const members = splitMembers(bytes, {
    fail: failAt(LENGTH_SIZE),
    valueSizeMax: (key) => (key === METADATA ? METADATA_SIZE_MAX : TENSOR_SIZE_MAX),
  });
  for (const { key, value, offset } of members) {
    const fail = failAt(LENGTH_SIZE + offset);
    if (key === METADATA) metadata = await readMetadata(value, fail, pauses);
    else tensors.add(readTensor(key, parseJson(value, { depthMax: DEPTH_MAX, fail })));
    await pauses();
  }
  return { metadata, summary: await tensors.finish(dataSize) };
}

type Fail = (message: string, offset: number) => Error;

function failAt(start: number): Fail {
  return (message, offset) => headerInvalid("safetensors", message, start + offset);
}

async function readMetadata(
  bytes: Uint8Array,
  fail: Fail,
  pauses: Pauses,
): Promise<ReadonlyMap<string, string>> {
  const metadata = new Map<string, string>();
  if (bytes[0] !== BRACE) {
    if (parseJson(bytes, { depthMax: DEPTH_MAX, fail }) === null) return metadata;
    throw headerInvalid("safetensors", "__metadata__ is no object");
  }
  for (const { key, value } of splitMembers(bytes, { fail, valueSizeMax: () => Infinity })) {
    const text = parseText(value);
    if (text === undefined) {
      throw headerInvalid("safetensors", "a value in __metadata__ that is no text");
    }
    metadata.set(key, text);
    await pauses();
  }
  return metadata;
}
