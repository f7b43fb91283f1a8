/** A value of GGUF metadata with its type; arrays hold one type. */
export type GgufValue =
  | { readonly type: "u32" | "i32" | "f32"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "strings"; readonly value: readonly string[] }
  | { readonly type: "f32s" | "i32s"; readonly value: readonly number[] };

export interface GgufTensorInfo {
  readonly name: string;
  /** Innermost first, as ggml counts. */
  readonly dimensions: readonly number[];
  readonly type: "F16" | "F32";
  /** From the start of the tensor data. */
  readonly offset: number;
}

/** The default of `general.alignment`. */
export const GGUF_ALIGNMENT = 32;

const typeIds = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;
const tensorTypeIds = { F32: 0, F16: 1 } as const;

/**
 * The header of a GGUF version 3 file up to the first tensor, padding included. Source: the format
 * description in ggml's `docs/gguf.md`.
 */
export function encodeGgufHeader(
  metadata: readonly (readonly [key: string, value: GgufValue])[],
  tensors: readonly GgufTensorInfo[],
): Uint8Array {
  const parts: Uint8Array[] = [
    new TextEncoder().encode("GGUF"),
    u32(3),
    u64(tensors.length),
    u64(metadata.length),
  ];
  for (const [key, value] of metadata) parts.push(text(key), ...encodeValue(value));
  for (const { name, dimensions, type, offset } of tensors) {
    parts.push(text(name), u32(dimensions.length), ...dimensions.map(u64));
    parts.push(u32(tensorTypeIds[type]), u64(offset));
  }
  const bytes = Buffer.concat(parts);
  const padded = new Uint8Array(Math.ceil(bytes.length / GGUF_ALIGNMENT) * GGUF_ALIGNMENT);
  padded.set(bytes);
  return padded;
}

function encodeValue(value: GgufValue): readonly Uint8Array[] {
  switch (value.type) {
    case "u32":
      return [u32(typeIds.u32), u32(value.value)];
    case "i32":
      return [u32(typeIds.i32), i32(value.value)];
    case "f32":
      return [u32(typeIds.f32), f32(value.value)];
    case "bool":
      return [u32(typeIds.bool), Uint8Array.of(value.value ? 1 : 0)];
    case "string":
      return [u32(typeIds.string), text(value.value)];
    case "strings":
      return encodeArray(typeIds.string, value.value.map(text));
    case "f32s":
      return encodeArray(typeIds.f32, value.value.map(f32));
    case "i32s":
      return encodeArray(typeIds.i32, value.value.map(i32));
  }
}

function encodeArray(typeId: number, items: readonly Uint8Array[]): readonly Uint8Array[] {
  return [u32(typeIds.array), u32(typeId), u64(items.length), ...items];
}

function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function withView(size: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  fill(new DataView(bytes.buffer));
  return bytes;
}

const u32 = (value: number): Uint8Array => withView(4, (view) => view.setUint32(0, value, true));
const i32 = (value: number): Uint8Array => withView(4, (view) => view.setInt32(0, value, true));
const f32 = (value: number): Uint8Array => withView(4, (view) => view.setFloat32(0, value, true));
const u64 = (value: number): Uint8Array =>
  withView(8, (view) => view.setBigUint64(0, BigInt(value), true));
