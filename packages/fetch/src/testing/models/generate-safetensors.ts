import { join } from "node:path";

import { fixedFile, type GeneratedFile, writeGeneratedFile } from "./generated-file.ts";
import {
  bytesOfTensor,
  type LlamaShape,
  llamaShapeFor,
  llamaTensors,
  type ShapedTensor,
  transformersNames,
} from "./llama-shape.ts";
import { type PlacedTensor, tensorFile } from "./tensor-data.ts";

export interface SafetensorsOptions {
  /** Bytes of tensors at least, over all shards. 1 MiB by default. */
  readonly sizeBytes?: number;
  /** Files of different seeds share no weights. */
  readonly seed?: number | string;
  /** Parts the weights are cut into; 1 by default, which needs no index. */
  readonly shardCount?: number;
}

const VOCABULARY = 259;

/**
 * The files of a transformers model with random weights, by path: `config.json`, the weights in
 * one or more safetensors files, and `model.safetensors.index.json` where there are several.
 */
export function generateSafetensors(
  options: SafetensorsOptions = {},
): Readonly<Record<string, GeneratedFile>> {
  const { sizeBytes = 1024 * 1024, seed = 1, shardCount = 1 } = options;
  const shape = llamaShapeFor(sizeBytes, VOCABULARY);
  const tensors = llamaTensors(shape, transformersNames);
  const shards = intoShards(tensors, shardCount);
  const files: Record<string, GeneratedFile> = { "config.json": jsonFile(configOf(shape)) };
  const weightMap: Record<string, string> = {};
  for (const [index, shard] of shards.entries()) {
    const path = shardPath(index, shards.length);
    files[path] = shardFile(shard, `${seed}/${index}`);
    for (const { name } of shard) weightMap[name] = path;
  }
  if (shards.length > 1) {
    const total = tensors.reduce((sum, tensor) => sum + bytesOfTensor(tensor), 0);
    const index = { metadata: { total_size: total }, weight_map: weightMap };
    files["model.safetensors.index.json"] = jsonFile(index);
  }
  return files;
}

/** Writes {@link generateSafetensors} into a directory. Answers the paths, ascending. */
export async function writeSafetensors(
  directory: string,
  options: SafetensorsOptions = {},
): Promise<readonly string[]> {
  const files = Object.entries(generateSafetensors(options));
  for (const [path, file] of files) await writeGeneratedFile(join(directory, path), file);
  return files.map(([path]) => path).sort();
}

function shardPath(index: number, count: number): string {
  if (count === 1) return "model.safetensors";
  const digits = (value: number): string => String(value).padStart(5, "0");
  return `model-${digits(index + 1)}-of-${digits(count)}.safetensors`;
}

/** Cuts the tensors into runs of about equal bytes, none empty. */
function intoShards(
  tensors: readonly ShapedTensor[],
  shardCount: number,
): readonly (readonly ShapedTensor[])[] {
  const count = Math.max(1, Math.min(shardCount, tensors.length));
  const total = tensors.reduce((sum, tensor) => sum + bytesOfTensor(tensor), 0);
  const shards: ShapedTensor[][] = [[]];
  let bytes = 0;
  for (const [index, tensor] of tensors.entries()) {
    const left = count - shards.length;
    const isFull = bytes >= (total / count) * shards.length;
    const mustCut = tensors.length - index <= left;
    if (left > 0 && (shards.at(-1)?.length ?? 0) > 0 && (isFull || mustCut)) shards.push([]);
    shards.at(-1)?.push(tensor);
    bytes += bytesOfTensor(tensor);
  }
  return shards;
}

/** Eight bytes of header length, the header as JSON padded with blanks to 8, the tensors without gaps. */
function shardFile(tensors: readonly ShapedTensor[], seed: string): GeneratedFile {
  const entries: [string, object][] = [["__metadata__", { format: "pt" }]];
  const placed: PlacedTensor[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    const end = offset + bytesOfTensor(tensor);
    const { name, type: dtype, shape } = tensor;
    entries.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    placed.push({ type: dtype, start: offset, end });
    offset = end;
  }
  const json = JSON.stringify(Object.fromEntries(entries));
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8, " ");
  const header = new Uint8Array(8 + padded.length);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded.length), true);
  header.set(new TextEncoder().encode(padded), 8);
  const inFile = placed.map(({ type, start, end }) => ({
    type,
    start: header.length + start,
    end: header.length + end,
  }));
  return tensorFile(header, inFile, seed);
}

function configOf(shape: LlamaShape): object {
  return {
    architectures: ["LlamaForCausalLM"],
    bos_token_id: 1,
    eos_token_id: 2,
    hidden_act: "silu",
    hidden_size: shape.embedding,
    intermediate_size: shape.feedForward,
    max_position_embeddings: 2048,
    model_type: "llama",
    num_attention_heads: shape.heads,
    num_hidden_layers: shape.layers,
    num_key_value_heads: shape.heads,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
    torch_dtype: "float16",
    vocab_size: shape.vocabulary,
  };
}

function jsonFile(value: object): GeneratedFile {
  return fixedFile(new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
}
