import { findPython, runTool, type Tool } from "./tools.ts";

/** liblz4 through Python's ctypes: the decoder everybody else's blocks must please. */
export function findLibLz4(): Tool {
  return findPython(
    "import ctypes; ctypes.CDLL('liblz4.so.1').LZ4_decompress_safe",
    "python3 with liblz4.so.1 is not installed",
  );
}

export interface BlockQuestion {
  readonly block: Uint8Array;
  /** Room for the output, in bytes: liblz4 gets exactly that much. */
  readonly capacity: number;
}

const SCRIPT = `
import ctypes, struct, sys
lz4 = ctypes.CDLL("liblz4.so.1")
data = sys.stdin.buffer.read()
out = sys.stdout.buffer
at = 0
while at < len(data):
    size, capacity = struct.unpack_from("<II", data, at)
    block = data[at + 8 : at + 8 + size]
    at += 8 + size
    content = ctypes.create_string_buffer(max(capacity, 1))
    count = lz4.LZ4_decompress_safe(block, content, size, capacity)
    out.write(struct.pack("<i", count))
    if count > 0: out.write(content.raw[:count])
`;

/** What liblz4 decodes each block to; `undefined` for those it refuses. */
export function decodeWithLibLz4(
  command: string,
  questions: readonly BlockQuestion[],
): readonly (Uint8Array | undefined)[] {
  const input = questions.flatMap(({ block, capacity }) => {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(block.length, 0);
    header.writeUInt32LE(capacity, 4);
    return [header, block];
  });
  const output = runTool(command, ["-c", SCRIPT], Buffer.concat(input));
  let at = 0;
  return questions.map(() => {
    const count = output.readInt32LE(at);
    at += 4;
    if (count < 0) return undefined;
    at += count;
    return new Uint8Array(output.subarray(at - count, at));
  });
}
