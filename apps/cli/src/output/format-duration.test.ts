import { expect, it } from "vitest";

import { formatAge, formatDuration, parseDuration } from "./format-duration.ts";

it.each([
  [0, "0s"],
  [-5, "0s"],
  [999, "1s"],
  [8_000, "8s"],
  [200_000, "3m 20s"],
  [3_600_000, "1h"],
  [7_500_000, "2h 5m"],
  [349_200_000, "4d 1h"],
])("writes %d ms as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it.each([
  [-1, "just now"],
  [59_999, "just now"],
  [60_000, "1 minute ago"],
  [7_200_000, "2 hours ago"],
  [86_400_000, "1 day ago"],
  [30 * 86_400_000, "30 days ago"],
])("writes an age of %d ms as %s", (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});

it.each([
  ["0", 0],
  ["90s", 90_000],
  ["30m", 1_800_000],
  ["24h", 86_400_000],
  ["7d", 604_800_000],
  ["2w", 1_209_600_000],
])("reads %s", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(["", "1", "h", "-1h", "1.5h", "1 h", "1H", "1y", "99999999999999s", "0x1s", "１s"])(
  "does not guess at %j",
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);
