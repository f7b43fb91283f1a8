import { type GeneratedFile, writeGeneratedFile } from "./generated-file.ts";
import {
  encodeGgufHeader,
  GGUF_ALIGNMENT,
  type GgufTensorInfo,
  type GgufValue,
} from "./gguf-encoder.ts";
import {
  bytesOfTensor,
  ggufNames,
  type LlamaShape,
  llamaShapeFor,
  llamaTensors,
} from "./llama-shape.ts";
import { type PlacedTensor, tensorFile } from "./tensor-data.ts";

export interface GgufOptions {
  /** Bytes of tensors at least; the file has up to about a quarter more. 1 MiB by default. */
  readonly sizeBytes?: number;
  /** Files of different seeds share no weights. */
  readonly seed?: number | string;
  /** `general.name` */
  readonly name?: string;
  /** `general.license` */
  readonly license?: string;
  readonly contextLength?: number;
}

/**
 * A GGUF version 3 file that any reader of the format takes: a llama model in F16 with a byte-level
 * tokenizer and random weights. It can be loaded; what it says makes no sense.
 */
export function generateGguf(options: GgufOptions = {}): GeneratedFile {
  const { sizeBytes = 1024 * 1024, seed = 1 } = options;
  const tokens = byteTokens();
  const shape = llamaShapeFor(sizeBytes, tokens.length);
  const tensors = llamaTensors(shape, ggufNames);
  const infos: GgufTensorInfo[] = [];
  let offset = 0;
  const placed = tensors.map((tensor) => {
    const start = offset;
    const end = start + bytesOfTensor(tensor);
    infos.push({
      name: tensor.name,
      dimensions: tensor.shape.toReversed(),
      type: tensor.type,
      offset,
    });
    offset = Math.ceil(end / GGUF_ALIGNMENT) * GGUF_ALIGNMENT;
    return { type: tensor.type, start, end };
  });
  const header = encodeGgufHeader(metadataOf(options, shape, tokens), infos);
  const inFile = placed.map(({ type, start, end }): PlacedTensor => ({
    type,
    start: header.length + start,
    end: header.length + end,
  }));
  return tensorFile(header, inFile, seed);
}

/** Writes {@link generateGguf} to a file. Answers its size in bytes. */
export async function writeGguf(path: string, options: GgufOptions = {}): Promise<number> {
  const file = generateGguf(options);
  await writeGeneratedFile(path, file);
  return file.size;
}

/** The three control tokens and the 256 bytes, as SentencePiece has them. */
function byteTokens(): readonly string[] {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
  );
  return ["<unk>", "<s>", "</s>", ...bytes];
}

// llama.cpp's kinds of token.
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;

/** `general.file_type`: mostly F16. */
const MOSTLY_F16 = 1;

function metadataOf(
  { name = "Generated", license, contextLength = 2048 }: GgufOptions,
  shape: LlamaShape,
  tokens: readonly string[],
): readonly (readonly [string, GgufValue])[] {
  const text = (value: string): GgufValue => ({ type: "string", value });
  const count = (value: number): GgufValue => ({ type: "u32", value });
  const kinds = tokens.map((_, index) => (index === 0 ? UNKNOWN : index < 3 ? CONTROL : BYTE));
  return [
    ["general.architecture", text("llama")],
    ["general.name", text(name)],
    ...(license === undefined ? [] : [["general.license", text(license)] as const]),
    ["general.file_type", count(MOSTLY_F16)],
    ["general.quantization_version", count(2)],
    ["llama.context_length", count(contextLength)],
    ["llama.embedding_length", count(shape.embedding)],
    ["llama.block_count", count(shape.layers)],
    ["llama.feed_forward_length", count(shape.feedForward)],
    ["llama.attention.head_count", count(shape.heads)],
    ["llama.attention.head_count_kv", count(shape.heads)],
    ["llama.attention.layer_norm_rms_epsilon", { type: "f32", value: 1e-5 }],
    ["llama.rope.dimension_count", count(shape.embedding / shape.heads)],
    ["llama.vocab_size", count(shape.vocabulary)],
    ["tokenizer.ggml.model", text("llama")],
    ["tokenizer.ggml.pre", text("default")],
    ["tokenizer.ggml.tokens", { type: "strings", value: tokens }],
    ["tokenizer.ggml.scores", { type: "f32s", value: tokens.map(() => 0) }],
    ["tokenizer.ggml.token_type", { type: "i32s", value: kinds }],
    ["tokenizer.ggml.bos_token_id", count(1)],
    ["tokenizer.ggml.eos_token_id", count(2)],
    ["tokenizer.ggml.unknown_token_id", count(0)],
    ["tokenizer.ggml.add_bos_token", { type: "bool", value: true }],
  ];
}
