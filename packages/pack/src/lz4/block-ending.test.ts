import { describe, expect, it } from "vitest";

import { fromHex, hexOf } from "../../test/support/packs.ts";
import { endBlock } from "./block-ending.ts";

/** Ends a block that has room for more, as an encoder's has. */
function end(hex: string, content: string): string | undefined {
  const block = fromHex(hex);
  const roomy = new Uint8Array(block.length + content.length + 32);
  roomy.set(block);
  const length = endBlock(roomy, block.length, new TextEncoder().encode(content));
  return length === undefined ? undefined : hexOf(roomy.subarray(0, length));
}

const text = (content: string): string => Buffer.from(content).toString("hex");

describe("endBlock", () => {
  it("leaves a block alone whose last match starts 12 bytes before the end", () => {
    const block = `10${text("a")}010070${text("bcdefgh")}`;
    // One literal, a match of 4, then 7 literals: the match starts 11 bytes before the end.
    expect(end(block, "aaaaabcdefgh")).toBeUndefined();
    const right = `10${text("a")}010080${text("bcdefghi")}`;
    expect(end(right, "aaaaabcdefghi")).toBe(right);
  });

  it("turns the last match and all after it into literals", () => {
    // "abcd", a match of 4 to repeat it, 4 literals, then a match too near to the end.
    const first = `40${text("abcd")}0400`;
    const second = `40${text("efgh")}0400`;
    const content = "abcdabcdefghefghijklm";
    expect(end(`${first}${second}50${text("ijklm")}`, content)).toBe(
      `${first}d0${text("efghefghijklm")}`,
    );
  });

  it("writes a long run of literals with its length in further bytes", () => {
    const first = `40${text("abcd")}0400`;
    const literals = "x".repeat(300);
    const second = `f0ff1e${text(literals)}0100`;
    const content = `abcdabcd${literals}xxxxijklm`;
    expect(end(`${first}${second}50${text("ijklm")}`, content)).toBe(
      `${first}f0ff27${text(`${literals}xxxxijklm`)}`,
    );
  });

  it("leaves a block of literals alone", () => {
    expect(end(`50${text("hello")}`, "hello")).toBe(`50${text("hello")}`);
  });
});
