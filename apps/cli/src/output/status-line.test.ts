import { expect, it } from "vitest";

import { createStatusLine } from "./status-line.ts";

function createTerminal(columns: number | undefined) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const line = createStatusLine({
    write: (text) => written.push(text),
    columns: () => columns,
    now: () => clock.ms,
  });
  return { line, written, clock };
}

it("draws over itself, and no more often than the eye can follow", () => {
  const { line, written, clock } = createTerminal(80);
  line.draw(() => "1 %");
  line.draw(() => "2 %");
  clock.ms = 100;
  line.draw(() => "3 %");
  expect(written).toEqual(["\r\u001B[K1 %", "\r\u001B[K3 %"]);
});

it("never wraps, because a wrapped line cannot be erased", () => {
  const { line, written } = createTerminal(5);
  line.draw(() => "123456789");
  expect(written).toEqual(["\r\u001B[K1234"]);
});

it("is taken away once", () => {
  const { line, written } = createTerminal(80);
  line.clear();
  line.draw(() => "x");
  line.clear();
  line.clear();
  expect(written).toEqual(["\r\u001B[Kx", "\r\u001B[K"]);
});

it("writes nothing and does no work where there is no terminal", () => {
  const { line, written } = createTerminal(undefined);
  line.draw(() => {
    throw new Error("asked for text nobody sees");
  });
  line.clear();
  expect(line.visible).toBe(false);
  expect(written).toEqual([]);
});
