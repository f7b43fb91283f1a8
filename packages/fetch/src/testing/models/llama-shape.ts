import { type ElementType, elementBytes } from "./tensor-data.ts";

/** A tensor of a model, in the words of its file format. */
export interface ShapedTensor {
  readonly name: string;
  /** Outermost first, as PyTorch counts. */
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** The sizes that make a model of the llama architecture. */
export interface LlamaShape {
  readonly embedding: number;
  readonly feedForward: number;
  readonly heads: number;
  readonly layers: number;
  readonly vocabulary: number;
}

const HEAD_SIZE = 32;

/** Smallest layers first; the bytes of a layer grow with the square. */
const embeddings = [64, 128, 256, 512, 1024, 2048, 4096];

const layerBytes = (embedding: number): number => 13 * embedding ** 2 * elementBytes.F16;

/**
 * A shape with at least so many bytes of tensors and at most about a quarter more, down to some
 * 160 KB, the smallest there is.
 */
export function llamaShapeFor(sizeBytes: number, vocabulary: number): LlamaShape {
  const fitting = embeddings.filter((size) => layerBytes(size) <= sizeBytes / 4);
  const embedding = fitting.at(-1) ?? 64;
  return {
    embedding,
    feedForward: 3 * embedding,
    heads: embedding / HEAD_SIZE,
    layers: Math.max(1, Math.ceil(sizeBytes / layerBytes(embedding))),
    vocabulary,
  };
}

export const bytesOfTensor = ({ shape, type }: ShapedTensor): number =>
  shape.reduce((product, length) => product * length, elementBytes[type]);

interface LayerNames {
  readonly embedding: string;
  readonly norm: string;
  layer(index: number): Readonly<Record<LayerPart, string>>;
}

type LayerPart =
  | "attentionNorm"
  | "query"
  | "key"
  | "value"
  | "output"
  | "feedForwardNorm"
  | "gate"
  | "up"
  | "down";

/** What llama.cpp calls the tensors. */
export const ggufNames: LayerNames = {
  embedding: "token_embd.weight",
  norm: "output_norm.weight",
  layer: (index) => ({
    attentionNorm: `blk.${index}.attn_norm.weight`,
    query: `blk.${index}.attn_q.weight`,
    key: `blk.${index}.attn_k.weight`,
    value: `blk.${index}.attn_v.weight`,
    output: `blk.${index}.attn_output.weight`,
    feedForwardNorm: `blk.${index}.ffn_norm.weight`,
    gate: `blk.${index}.ffn_gate.weight`,
    up: `blk.${index}.ffn_up.weight`,
    down: `blk.${index}.ffn_down.weight`,
  }),
};

/** What Hugging Face's transformers calls them. */
export const transformersNames: LayerNames = {
  embedding: "model.embed_tokens.weight",
  norm: "model.norm.weight",
  layer: (index) => ({
    attentionNorm: `model.layers.${index}.input_layernorm.weight`,
    query: `model.layers.${index}.self_attn.q_proj.weight`,
    key: `model.layers.${index}.self_attn.k_proj.weight`,
    value: `model.layers.${index}.self_attn.v_proj.weight`,
    output: `model.layers.${index}.self_attn.o_proj.weight`,
    feedForwardNorm: `model.layers.${index}.post_attention_layernorm.weight`,
    gate: `model.layers.${index}.mlp.gate_proj.weight`,
    up: `model.layers.${index}.mlp.up_proj.weight`,
    down: `model.layers.${index}.mlp.down_proj.weight`,
  }),
};

/** All tensors of a model, embedding first. The output projection is tied to the embedding. */
export function llamaTensors(shape: LlamaShape, names: LayerNames): readonly ShapedTensor[] {
  const { embedding: e, feedForward: f } = shape;
  const matrix = (name: string, rows: number, columns: number): ShapedTensor => ({
    name,
    shape: [rows, columns],
    type: "F16",
  });
  const norm = (name: string): ShapedTensor => ({ name, shape: [e], type: "F32" });
  const layers = Array.from({ length: shape.layers }, (_, index) => {
    const part = names.layer(index);
    return [
      norm(part.attentionNorm),
      matrix(part.query, e, e),
      matrix(part.key, e, e),
      matrix(part.value, e, e),
      matrix(part.output, e, e),
      norm(part.feedForwardNorm),
      matrix(part.gate, f, e),
      matrix(part.up, f, e),
      matrix(part.down, e, f),
    ];
  });
  return [matrix(names.embedding, shape.vocabulary, e), ...layers.flat(), norm(names.norm)];
}
