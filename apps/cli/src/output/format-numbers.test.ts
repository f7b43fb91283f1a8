import { expect, it } from "vitest";

import { formatBytes } from "./format-bytes.ts";
import { formatCount, formatPlural } from "./format-count.ts";

it.each([
  [0, "0 B"],
  [1, "1 B"],
  [999, "999 B"],
  [1000, "0.98 KiB"],
  [1024, "1.00 KiB"],
  [1536, "1.50 KiB"],
  [10 * 1024, "10.0 KiB"],
  [1023 * 1024, "1.00 MiB"],
  [268_435_456, "256 MiB"],
  [4_661_211_424, "4.34 GiB"],
  [70_000_000_000, "65.2 GiB"],
  [2 ** 60, "1024 PiB"],
  [Number.NaN, "unknown"],
])("writes %d bytes as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0, "0"],
  [999, "999"],
  [1000, "1K"],
  [123_456, "123K"],
  [22_400_000, "22.4M"],
  [7_241_732_096, "7.24B"],
  [1_000_000_000_000, "1T"],
])("writes a count of %d as %s", (count, text) => {
  expect(formatCount(count)).toBe(text);
});

it("counts one thing and several", () => {
  expect(formatPlural(1, "blob")).toBe("1 blob");
  expect(formatPlural(0, "blob")).toBe("0 blobs");
  expect(formatPlural(2, "copy", "copies")).toBe("2 copies");
});
