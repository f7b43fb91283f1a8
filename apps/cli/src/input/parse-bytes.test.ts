import { expect, it } from "vitest";

import { parseBytes } from "./parse-bytes.ts";

it.each([
  ["0", 0],
  ["4096", 4096],
  ["10 B", 10],
  ["64GiB", 64 * 1024 ** 3],
  ["1.5 tib", 1.5 * 1024 ** 4],
  ["500MB", 500_000_000],
])("reads %s", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

it.each(["", "-1", "1G", "GiB", "1e9", "1..5GB", " 1", "1 GB ", "0x10", "99999999999999TB"])(
  "refuses %s",
  (text) => {
    expect(parseBytes(text)).toBeUndefined();
  },
);
