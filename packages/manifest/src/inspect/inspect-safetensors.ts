import { isJsonObject, type JsonObject } from "../json/json-value.ts";
import { parseJson } from "../json/parse-json.ts";
import { headerInvalid } from "./header-error.ts";
import type { InspectOptions } from "./inspect-options.ts";
import type { ModelInfo, RangeReader } from "./model-info.ts";
import { readSafetensors } from "./safetensors-tensors.ts";
import { summarizeTensors } from "./tensor-summary.ts";

/** The reference's own limit. */
const HEADER_SIZE_MAX = 100_000_000;
/** The header's length comes first, in eight little-endian bytes. */
const LENGTH_SIZE = 8;
/** Blanks may stand before the header; this many are looked through to tell what a file is. */
const SNIFF_SIZE = 64;
/** The format needs four levels; unknown fields get the rest. */
const DEPTH_MAX = 16;

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
  const header = parseJson(bytes, {
    depthMax: DEPTH_MAX,
    fail: (message, offset) => headerInvalid("safetensors", message, LENGTH_SIZE + offset),
  });
  if (!isJsonObject(header)) throw headerInvalid("safetensors", "not a JSON object");
  const metadata = readMetadata(header);
  const summary = summarizeTensors(readSafetensors(header, ranges.size - headerSize));
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

function readMetadata(header: JsonObject): ReadonlyMap<string, string> {
  const metadata = header["__metadata__"] ?? null;
  if (metadata === null) return new Map();
  if (!isJsonObject(metadata)) throw headerInvalid("safetensors", "__metadata__ is no object");
  return new Map(
    Object.entries(metadata).map(([key, value]) => {
      if (typeof value === "string") return [key, value];
      throw headerInvalid("safetensors", "a value in __metadata__ that is no text");
    }),
  );
}
