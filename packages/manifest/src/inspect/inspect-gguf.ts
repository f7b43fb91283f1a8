import { type ByteCursor, createByteCursor } from "./byte-cursor.ts";
import { type GgufMetadata, readMetadata } from "./gguf-metadata.ts";
import { checkTensorData, readTensors } from "./gguf-tensors.ts";
import { fileTypeName } from "./gguf-types.ts";
import { headerInvalid, headerUnsupported } from "./header-error.ts";
import type { InspectOptions } from "./inspect-options.ts";
import type { ModelInfo, RangeReader } from "./model-info.ts";

/** Six times the largest tokenizer seen. */
const HEADER_SIZE_MAX = 128 * 1024 * 1024;
/** Of tensor data, where the file does not say. */
const ALIGNMENT = 32;
/** A page of any machine; more would only be padding. */
const ALIGNMENT_MAX = 1024 * 1024;
/** Magic, version, two counts. */
const START_SIZE = 24;

/**
 * Reads the header of a GGUF file of version 2 or 3, in either byte order; `undefined` if the file
 * is none. Only the header is read; that all tensor data lies inside the file is checked.
 *
 * Source: `docs/gguf.md` of ggml, and its reader where the two differ.
 *
 * @throws StoreError `ERR_STORE_HEADER_INVALID`, `ERR_STORE_HEADER_UNSUPPORTED`
 */
export async function inspectGguf(
  ranges: RangeReader,
  options: InspectOptions = {},
): Promise<ModelInfo | undefined> {
  if (ranges.size < 4) return undefined;
  const cursor = createByteCursor(ranges, {
    ...options,
    headerSizeMax: options.headerSizeMax ?? HEADER_SIZE_MAX,
    fail: (message, offset) => headerInvalid("gguf", message, offset),
  });
  await cursor.ensure(4);
  if (Buffer.from(cursor.bytes(4)).toString("latin1") !== "GGUF") return undefined;
  await cursor.ensure(START_SIZE - 4);
  const formatVersion = readVersion(cursor);
  const tensorCount = cursor.u64();
  const metadata = await readMetadata(cursor, cursor.u64());
  const { tensors, summary } = await readTensors(cursor, tensorCount);
  const alignment = readAlignment(metadata);
  const headerSize = Math.ceil(cursor.position / alignment) * alignment;
  const data = { start: headerSize, alignment, fileSize: ranges.size };
  await checkTensorData(tensors, data, options);
  const fileType = metadata.count("general.file_type");
  return {
    format: "gguf",
    formatVersion,
    byteOrder: cursor.littleEndian ? "little" : "big",
    ...describeModel(metadata),
    ...summary,
    quantization:
      (fileType === undefined ? undefined : fileTypeName(fileType)) ?? summary.dominantType,
    // A file without tensors may end before its padding.
    headerSize: Math.min(headerSize, ranges.size),
  };
}

/** The version is in the file's own byte order, and small: so it tells which one that is. */
function readVersion(cursor: ByteCursor): number {
  const view = cursor.view(4);
  const little = view.getUint32(0, true);
  cursor.littleEndian = little === 0 || little % 65_536 !== 0;
  const version = cursor.littleEndian ? little : view.getUint32(0, false);
  if (version !== 2 && version !== 3) throw headerUnsupported("gguf", version);
  return version;
}

function readAlignment(metadata: GgufMetadata): number {
  const alignment = metadata.count("general.alignment") ?? ALIGNMENT;
  const isPowerOfTwo =
    alignment > 0 && alignment <= ALIGNMENT_MAX && (alignment & (alignment - 1)) === 0;
  if (!isPowerOfTwo) throw headerInvalid("gguf", `an alignment of ${alignment}`);
  return alignment;
}

function describeModel(
  metadata: GgufMetadata,
): Pick<
  ModelInfo,
  "name" | "architecture" | "license" | "contextLength" | "chatTemplate" | "split"
> {
  const architecture = metadata.text("general.architecture");
  const index = metadata.count("split.no");
  const count = metadata.count("split.count");
  const isSplit = index !== undefined && count !== undefined && count > 1;
  return {
    name: metadata.text("general.name"),
    architecture,
    license: metadata.text("general.license"),
    contextLength:
      architecture === undefined ? undefined : metadata.count(`${architecture}.context_length`),
    chatTemplate: metadata.text("tokenizer.chat_template"),
    split: isSplit ? { index, count } : undefined,
  };
}
