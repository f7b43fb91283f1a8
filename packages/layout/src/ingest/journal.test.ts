import fc from "fast-check";
import { expect, it } from "vitest";

import { formatXxh64 } from "../checksum/xxh64.ts";
import { EMPTY_DIGEST } from "../digest/digest.ts";
import {
  decodeJournal,
  encodeHeader,
  encodeRecords,
  type JournalHeader,
  type JournalRecord,
} from "./journal.ts";

const HEADER: JournalHeader = {
  digest: EMPTY_DIGEST,
  size: 1000,
  key: undefined,
  validator: '"abc"',
};
const SUM = "0123456789abcdef";

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

/** 16 hex digits. */
const sums = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(formatXxh64);

const text = fc.string({ unit: "binary", maxLength: 20 });

const journal = fc
  .record({
    size: optional(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
    digest: optional(fc.constant(EMPTY_DIGEST)),
    key: optional(text),
    validator: optional(text),
  })
  .chain((header) => {
    const max = header.size ?? Number.MAX_SAFE_INTEGER;
    const record = fc
      .uniqueArray(fc.integer({ min: 0, max }), { minLength: 2, maxLength: 2 })
      .chain((ends) =>
        sums.map((sum): JournalRecord => ({
          start: Math.min(...ends),
          end: Math.max(...ends),
          sum,
        })),
      );
    return fc.record({ header: fc.constant(header), records: fc.array(record, { maxLength: 5 }) });
  });

function encode(header: JournalHeader, records: readonly JournalRecord[]): Uint8Array {
  return Buffer.concat([encodeHeader(header), encodeRecords(records)]);
}

function withLines(...lines: readonly string[]): Uint8Array {
  return Buffer.concat([encodeHeader(HEADER), Buffer.from(lines.map((l) => `${l}\n`).join(""))]);
}

it("reads back what it writes", () => {
  fc.assert(
    fc.property(journal, ({ header, records }) => {
      const bytes = encode(header, records);
      expect(decodeJournal(bytes)).toEqual({ header, records, length: bytes.length });
    }),
  );
});

it("keeps the records before a cut, wherever the cut is, and never makes one up", () => {
  fc.assert(
    fc.property(journal, ({ header, records }) => {
      const bytes = encode(header, records);
      const headerLength = encodeHeader(header).length;
      for (let length = 0; length <= bytes.length; length += 1) {
        const cut = decodeJournal(bytes.subarray(0, length));
        if (length < headerLength) {
          expect(cut).toBeUndefined();
          continue;
        }
        const whole = [...bytes.subarray(headerLength, length)].filter((b) => b === 0x0a).length;
        expect(cut?.records).toEqual(records.slice(0, whole));
        expect(cut?.length).toBe(encode(header, records.slice(0, whole)).length);
      }
    }),
    { numRuns: 50 },
  );
});

it("never throws, whatever follows the header", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
      const bytes = Buffer.concat([encodeHeader(HEADER), tail]);
      for (const { start, end, sum } of decodeJournal(bytes)?.records ?? []) {
        expect(start).toBeLessThan(end);
        expect(end).toBeLessThanOrEqual(1000);
        expect(sum).toMatch(/^[0-9a-f]{16}$/);
      }
      expect(decodeJournal(bytes)?.header).toEqual(HEADER);
      decodeJournal(tail);
    }),
  );
});

it.each([
  ["an empty line", ""],
  ["a start after the end", `5 4 ${SUM}`],
  ["an empty range", `5 5 ${SUM}`],
  ["an end beyond the size", `0 1001 ${SUM}`],
  ["an end beyond what a number holds", `0 9999999999999999 ${SUM}`],
  ["a seventeen-digit number", `0 00000000000000010 ${SUM}`],
  ["a negative start", `-1 4 ${SUM}`],
  ["a fraction", `0.5 4 ${SUM}`],
  ["an exponent", `0 1e2 ${SUM}`],
  ["a hexadecimal number", `0 0x4 ${SUM}`],
  ["full-width digits", `0 １ ${SUM}`],
  ["a short sum", "0 4 0123456789abcde"],
  ["a long sum", `0 4 ${SUM}0`],
  ["a sum in upper case", "0 4 0123456789ABCDEF"],
  ["a missing sum", "0 4"],
  ["a fourth field", `0 4 ${SUM} 1`],
  ["two spaces", `0  4 ${SUM}`],
  ["a tab", `0\t4 ${SUM}`],
  ["a carriage return", `0 4 ${SUM}\r`],
  ["NUL bytes", "\0".repeat(24)],
  ["a second header", JSON.stringify({ journal: 1 })],
])("drops %s, and every line after it", (_what, line) => {
  const good = `0 4 ${SUM}`;
  const decoded = decodeJournal(withLines(good, line, `4 8 ${SUM}`));
  expect(decoded?.records).toEqual([{ start: 0, end: 4, sum: SUM }]);
  expect(decoded?.length).toBe(withLines(good).length);
});

it("takes a record up to the size exactly", () => {
  expect(decodeJournal(withLines(`0 1000 ${SUM}`))?.records).toHaveLength(1);
});

it.each([
  ["nothing", ""],
  ["no newline", '{"journal":1}'],
  ["an empty line", "\n"],
  ["a number", "1\n"],
  ["null", "null\n"],
  ["an array", "[1]\n"],
  ["no version", "{}\n"],
  ["another version", '{"journal":2}\n'],
  ["the version as text", '{"journal":"1"}\n'],
  ["a digest in upper case", `{"journal":1,"digest":"${EMPTY_DIGEST.toUpperCase()}"}\n`],
  ["a digest that is a path", '{"journal":1,"digest":"sha256:../../x"}\n'],
  ["a negative size", '{"journal":1,"size":-1}\n'],
  ["a fractional size", '{"journal":1,"size":0.5}\n'],
  ["a size beyond what a number holds", '{"journal":1,"size":9007199254740992}\n'],
  ["an infinite size", '{"journal":1,"size":1e400}\n'],
  ["a size that is null", '{"journal":1,"size":null}\n'],
  ["a size as text", '{"journal":1,"size":"12"}\n'],
  ["a key that is a number", '{"journal":1,"key":1}\n'],
  ["a key over the limit", `{"journal":1,"key":"${"k".repeat(4097)}"}\n`],
  ["a validator over the limit", `{"journal":1,"validator":"${"v".repeat(4097)}"}\n`],
  ["trailing text", '{"journal":1} x\n'],
  ["zero-filled blocks", "\0".repeat(512)],
])("does not take a journal with this in place of a header: %s", (_what, line) => {
  expect(decodeJournal(Buffer.from(line))).toBeUndefined();
});

it("does not take a header that is not UTF-8", () => {
  const bytes = Buffer.from('{"journal":1,"key":"\xff"}\n', "latin1");
  expect(decodeJournal(bytes)).toBeUndefined();
});

it("counts bytes, not characters, where the header holds more than ASCII", () => {
  const header = { ...HEADER, key: "日本 é 🦙" };
  const records = [{ start: 1, end: 2, sum: SUM }];
  const bytes = encode(header, records);
  expect(decodeJournal(bytes)).toEqual({ header, records, length: bytes.length });
});
