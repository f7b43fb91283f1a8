/** Anything that can be read in pieces: a file, a blob, a remote file behind range requests. */
export interface RangeReader {
  /** Bytes. */
  readonly size: number;
  /** The bytes `[start, end)`; never asked for anything beyond `size`. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** How often a tensor type occurs. */
export interface TensorTypeCount {
  /** As the format spells it: `Q4_K`, `F16`, `BF16`. */
  readonly type: string;
  readonly tensorCount: number;
  readonly parameterCount: number;
}

/** What the header of a weights file says of the model. What it leaves out is `undefined`. */
export interface ModelInfo {
  readonly format: "gguf" | "safetensors";
  /** Of the format; safetensors has none. */
  readonly formatVersion: number | undefined;
  readonly byteOrder: "little" | "big";
  readonly name: string | undefined;
  readonly architecture: string | undefined;
  readonly license: string | undefined;
  /** Elements of all tensors of this file. */
  readonly parameterCount: number;
  readonly tensorCount: number;
  /** The file's own word for its mix of types (`Q4_K_M`), else the dominant type. */
  readonly quantization: string | undefined;
  /** The tensor type that holds most parameters. */
  readonly dominantType: string | undefined;
  /** Ascending by type. */
  readonly tensorTypes: readonly TensorTypeCount[];
  /** Tokens. */
  readonly contextLength: number | undefined;
  readonly chatTemplate: string | undefined;
  /** Which part of a split model this file is, counted from 0. */
  readonly split: { readonly index: number; readonly count: number } | undefined;
  /** Bytes before the first tensor's data. */
  readonly headerSize: number;
}
