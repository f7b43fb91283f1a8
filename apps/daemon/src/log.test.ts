import { expect, it } from "vitest";

import { describeError, formatLogLine } from "./log.ts";

it("writes an event as one line of ASCII JSON that reads back the same, whatever is in it", () => {
  const hostile = 'a\r\nb\x1b[31m\x9b\u2028\u202e\ud800"\\é\0\x7f';
  const line = formatLogLine({ event: "x", name: hostile }, 0);
  expect(line).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(line)).toEqual({ at: "1970-01-01T00:00:00.000Z", event: "x", name: hostile });
});

it("describes whatever was thrown", () => {
  expect(describeError(new Error("x"))).toContain("log.test.ts");
  expect(describeError("x")).toBe("x");
  expect(describeError(undefined)).toBe("undefined");
});
