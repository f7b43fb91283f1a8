import type { decodeIdentity } from "../../src/chkl/identity-table.ts";
import type { decodeIndex } from "../../src/chkl/index-table.ts";
import { xxh64 } from "../../src/hash/xxh.ts";
import { outcomeOf } from "../support/outcome.ts";

/** The bytes of an index or a sidecar, and what they must come to: the code of an error, mostly. */
export interface TableProbe {
  readonly table: "index" | "identity";
  readonly name: string;
  readonly input: Uint8Array;
  /** `right` for what is right. */
  readonly expected: string;
}

interface Row {
  /** Repeated to the length of a key. */
  readonly key: number;
  readonly offset: bigint;
  readonly encoded: bigint;
}

function indexOf(rows: readonly Row[]): Uint8Array {
  const bytes = Buffer.alloc(rows.length * 32);
  for (const [index, { key, offset, encoded }] of rows.entries()) {
    bytes.fill(key, index * 32, index * 32 + 16);
    bytes.writeBigUInt64LE(offset, index * 32 + 16);
    bytes.writeBigUInt64LE(encoded, index * 32 + 24);
  }
  return new Uint8Array(bytes);
}

interface IdentityRow extends Row {
  readonly digest: number;
  readonly size: bigint;
}

interface IdentityForm {
  readonly magic?: string;
  readonly version?: number;
  readonly count?: bigint;
  readonly trailer?: Uint8Array;
  readonly checksumError?: bigint;
}

function identityOf(rows: readonly IdentityRow[], form: IdentityForm = {}): Uint8Array {
  const bytes = Buffer.alloc(16 + rows.length * 72);
  bytes.write(form.magic ?? "SPID", 0, "latin1");
  bytes.writeUInt32LE(form.version ?? 1, 4);
  bytes.writeBigUInt64LE(form.count ?? BigInt(rows.length), 8);
  for (const [index, row] of rows.entries()) {
    const at = 16 + index * 72;
    bytes.fill(row.digest, at, at + 32);
    bytes.fill(row.key, at + 32, at + 48);
    bytes.writeBigUInt64LE(row.offset, at + 48);
    bytes.writeBigUInt64LE(row.encoded, at + 56);
    bytes.writeBigUInt64LE(row.size, at + 64);
  }
  const body = Buffer.concat([bytes, form.trailer ?? new Uint8Array()]);
  const checksum = Buffer.alloc(8);
  checksum.writeBigUInt64LE(BigInt.asUintN(64, xxh64(body) + (form.checksumError ?? 0n)));
  return new Uint8Array(Buffer.concat([body, checksum]));
}

// Two entries of 24 + 12 and 24 + 20 bytes after a header of 8.
const first: Row = { key: 0x10, offset: 8n, encoded: 12n };
const second: Row = { key: 0x20, offset: 44n, encoded: 20n };
const one: IdentityRow = { ...first, digest: 0xaa, size: 5n };
const two: IdentityRow = { ...second, digest: 0xbb, size: 9n };

const index = (name: string, input: Uint8Array, isRight = false): TableProbe => ({
  table: "index",
  name: `an index ${name}`,
  input,
  expected: isRight ? "right" : "ERR_STORE_INDEX_INVALID",
});

const identity = (
  name: string,
  input: Uint8Array,
  expected = "ERR_STORE_IDENTITY_INVALID",
): TableProbe => ({ table: "identity", name: `a sidecar ${name}`, input, expected });

export const tableProbes: readonly TableProbe[] = [
  index("of two entries", indexOf([first, second]), true),
  index("of entries in another order", indexOf([{ ...second, key: 1 }, first]), true),
  index("with a key twice", indexOf([first, { ...second, key: 0x10 }]), true),
  index(
    "with a key twice, the later entry first",
    indexOf([{ ...second, key: 0x10 }, first]),
    true,
  ),
  index("of nothing", new Uint8Array(), true),
  index("a byte too long", Buffer.concat([indexOf([first, second]), Buffer.alloc(1)])),
  index("a byte too short", indexOf([first, second]).subarray(0, -1)),
  index("with keys that descend", indexOf([{ ...first, key: 0x30 }, second])),
  index("that starts within the header", indexOf([{ ...first, offset: 7n, encoded: 13n }, second])),
  index("that starts after a gap", indexOf([{ ...first, offset: 9n, encoded: 11n }, second])),
  index("with a gap", indexOf([first, { ...second, offset: 45n }])),
  index("with an overlap", indexOf([first, { ...second, offset: 43n }])),
  index(
    "with one entry twice",
    indexOf([first, { ...first, key: 0x20 }, { ...second, key: 0x30 }]),
  ),
  index("with an entry within another", indexOf([{ ...first, encoded: 100n }, second])),
  index("with an offset of 2^63", indexOf([first, { ...second, offset: 1n << 63n }])),
  index("with a size of 2^64 - 1", indexOf([first, { ...second, encoded: (1n << 64n) - 1n }])),
  index(
    "whose sizes overflow to the right sum",
    indexOf([first, { ...second, encoded: 1n << 53n }]),
  ),
  index("of zeros, as a power cut leaves it", new Uint8Array(64)),

  identity("of two objects", identityOf([one, two]), "right"),
  identity("of nothing", identityOf([]), "right"),
  identity("with a digest twice", identityOf([one, { ...two, digest: 0xaa }]), "right"),
  identity("with another magic", identityOf([one, two], { magic: "SPIX" })),
  identity("of version 0", identityOf([one, two], { version: 0 })),
  identity(
    "of version 2",
    identityOf([one, two], { version: 2 }),
    "ERR_STORE_IDENTITY_UNSUPPORTED",
  ),
  identity("with a row too few announced", identityOf([one, two], { count: 1n })),
  identity("with a row too many announced", identityOf([one, two], { count: 3n })),
  identity("with 2^64 - 1 rows announced", identityOf([one, two], { count: (1n << 64n) - 1n })),
  identity("with bytes after its rows", identityOf([one, two], { trailer: new Uint8Array(8) })),
  identity("with a wrong checksum", identityOf([one, two], { checksumError: 1n })),
  identity("cut within its header", identityOf([one, two]).subarray(0, 15)),
  identity("of no bytes", new Uint8Array()),
  identity("of zeros, as a power cut leaves it", new Uint8Array(168)),
  identity("with digests that descend", identityOf([two, one])),
  identity("with one entry twice", identityOf([one, one])),
  identity("with an offset of 2^53", identityOf([{ ...one, offset: 1n << 53n }, two])),
  identity(
    "with a frame of 2^64 - 1 bytes",
    identityOf([{ ...one, encoded: (1n << 64n) - 1n }, two]),
  ),
  identity("with a content of 2^53 bytes", identityOf([one, { ...two, size: 1n << 53n }])),
];

export interface TableDecoders {
  readonly decodeIndex: typeof decodeIndex;
  readonly decodeIdentity: typeof decodeIdentity;
}

/** What a probe comes to, in the words of `expected`. */
export function tableAnswerOf(decoders: TableDecoders, probe: TableProbe): string {
  const decode = probe.table === "index" ? decoders.decodeIndex : decoders.decodeIdentity;
  const outcome = outcomeOf<unknown>(() => decode(probe.input));
  return typeof outcome === "string" ? outcome : "right";
}

/** The probes decoders get wrong. Right ones get none wrong. */
export function failedTableProbes(decoders: TableDecoders): readonly string[] {
  return tableProbes
    .filter((probe) => {
      try {
        return tableAnswerOf(decoders, probe) !== probe.expected;
      } catch {
        // Nothing but a StoreError must leave a decoder.
        return true;
      }
    })
    .map(({ name }) => name);
}
