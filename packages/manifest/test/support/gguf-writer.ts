/** A minimal writer of GGUF files, for inputs no real writer would make. */

export type GgufValue =
  | { readonly u8: number }
  | { readonly u32: number }
  | { readonly i32: number }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly u64: bigint }
  | { readonly text: string }
  | {
      readonly array: { readonly type: number; readonly count: bigint; readonly bytes: Uint8Array };
    }
  | { readonly raw: { readonly type: number; readonly bytes: Uint8Array } };

export interface GgufTensorInput {
  readonly name: string;
  readonly dimensions: readonly (number | bigint)[];
  readonly type: number;
  readonly offset: number | bigint;
}

export interface GgufInput {
  readonly littleEndian?: boolean;
  readonly version?: number;
  readonly keys?: readonly (readonly [key: string, value: GgufValue])[];
  readonly tensors?: readonly GgufTensorInput[];
  /** Bytes after the header; by default none. */
  readonly dataSize?: number;
  readonly alignment?: number;
  readonly keyCount?: bigint;
  readonly tensorCount?: bigint;
}

export interface Pen {
  u32(value: number): void;
  u64(value: number | bigint): void;
  text(value: string): void;
  raw(bytes: Uint8Array): void;
  readonly size: number;
  bytes(): Uint8Array;
}

export function createPen(littleEndian = true): Pen {
  const parts: Uint8Array[] = [];
  let size = 0;
  const push = (count: number, write: (view: DataView) => void): void => {
    const bytes = new Uint8Array(count);
    write(new DataView(bytes.buffer));
    parts.push(bytes);
    size += count;
  };
  const pen: Pen = {
    u32: (value) => push(4, (view) => view.setUint32(0, value, littleEndian)),
    u64: (value) => push(8, (view) => view.setBigUint64(0, BigInt(value), littleEndian)),
    text(value) {
      const bytes = new TextEncoder().encode(value);
      pen.u64(bytes.length);
      pen.raw(bytes);
    },
    raw(bytes) {
      parts.push(bytes);
      size += bytes.length;
    },
    get size() {
      return size;
    },
    bytes: () => new Uint8Array(Buffer.concat(parts)),
  };
  return pen;
}

function writeValue(pen: Pen, value: GgufValue): void {
  if ("u8" in value) {
    pen.u32(0);
    pen.raw(Uint8Array.of(value.u8));
  } else if ("u32" in value) {
    pen.u32(4);
    pen.u32(value.u32);
  } else if ("i32" in value) {
    pen.u32(5);
    pen.u32(value.i32 >>> 0);
  } else if ("f32" in value) {
    pen.u32(6);
    pen.raw(new Uint8Array(Float32Array.of(value.f32).buffer));
  } else if ("bool" in value) {
    pen.u32(7);
    pen.raw(Uint8Array.of(value.bool ? 1 : 0));
  } else if ("text" in value) {
    pen.u32(8);
    pen.text(value.text);
  } else if ("array" in value) {
    pen.u32(9);
    pen.u32(value.array.type);
    pen.u64(value.array.count);
    pen.raw(value.array.bytes);
  } else if ("u64" in value) {
    pen.u32(10);
    pen.u64(value.u64);
  } else {
    pen.u32(value.raw.type);
    pen.raw(value.raw.bytes);
  }
}

export function writeGguf(input: GgufInput = {}): Uint8Array {
  const { littleEndian = true, version = 3, keys = [], tensors = [], alignment = 32 } = input;
  const pen = createPen(littleEndian);
  pen.raw(new TextEncoder().encode("GGUF"));
  pen.u32(version);
  pen.u64(input.tensorCount ?? tensors.length);
  pen.u64(input.keyCount ?? keys.length);
  for (const [key, value] of keys) {
    pen.text(key);
    writeValue(pen, value);
  }
  for (const { name, dimensions, type, offset } of tensors) {
    pen.text(name);
    pen.u32(dimensions.length);
    for (const length of dimensions) pen.u64(length);
    pen.u32(type);
    pen.u64(offset);
  }
  const padding = Math.ceil(pen.size / alignment) * alignment - pen.size;
  pen.raw(new Uint8Array(padding + (input.dataSize ?? 0)));
  return pen.bytes();
}
