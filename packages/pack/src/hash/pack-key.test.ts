import { createContent } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createCollision } from "../../test/support/collision.ts";
import { hexOf } from "../../test/support/packs.ts";
import { outcomeOf } from "../../test/support/outcome.ts";
import { decodePackKey, encodePackKey, hashPackKey, parsePackKey } from "./pack-key.ts";
import { xxh32, xxh64 } from "./xxh.ts";
import { createXxh3, hashXxh3 } from "./xxh3.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("pack keys", () => {
  it.for([
    ["", "7f498d4624c30160d8984701d306aa99"],
    ["a", "1f4e961eb632c6e63468f15a70af6fa9"],
    ["goodbye", "9dedbaee4471fcb242a7dcb0c0df8f0e"],
    ["hello world", "c7b615cc75879ba90049873fe9098ddf"],
  ] as const)("of %j is chkpt's", ([text, key]) => {
    expect(hashPackKey(encode(text))).toBe(key);
  });

  it("are read from hex in either case, and from nothing else", () => {
    expect(parsePackKey("C7B615CC75879BA90049873FE9098DDF")).toBe(
      hashPackKey(encode("hello world")),
    );
    for (const text of [
      "",
      "c7b6",
      "g".repeat(32),
      "+f".repeat(16),
      ` ${"0".repeat(31)}`,
      "0".repeat(33),
    ]) {
      expect(
        outcomeOf(() => parsePackKey(text)),
        text,
      ).toBe("ERR_STORE_PACK_KEY_INVALID");
    }
  });

  it("come back from bytes", () => {
    const bytes = new Uint8Array(20);
    encodePackKey(hashPackKey(encode("a")), bytes, 3);
    expect(hexOf(bytes)).toBe("0000001f4e961eb632c6e63468f15a70af6fa900");
    expect(decodePackKey(bytes, 3)).toBe(hashPackKey(encode("a")));
  });

  it("can be the same for two contents that anybody can make", () => {
    const [one, other] = createCollision();
    expect(hexOf(one)).not.toBe(hexOf(other));
    expect(hashPackKey(one)).toBe(hashPackKey(other));
  });
});

describe("checksums", () => {
  it("are those of the reference", () => {
    expect(xxh32(new Uint8Array())).toBe(0x02cc5d05);
    expect(xxh64(new Uint8Array())).toBe(0xef46db3751d8e999n);
    expect(hexOf(hashXxh3(new Uint8Array()))).toBe("99aa06d3014798d86001c324468d497f");
  });

  it("do not depend on how the bytes were cut", async () => {
    const content = createContent(300_000, 1);
    const whole = hashXxh3(content);
    const stream = await createXxh3();
    for (let at = 0; at < content.length; at += 777) stream.update(content.subarray(at, at + 777));
    expect(hexOf(stream.digest())).toBe(hexOf(whole));
  });

  it("of streams that overlap in time do not mix", async () => {
    const [one, other] = [await createXxh3(), await createXxh3()];
    one.update(encode("hello "));
    other.update(encode("good"));
    hashXxh3(encode("in between"));
    one.update(encode("world"));
    other.update(encode("bye"));
    expect(hexOf(one.digest())).toBe(hexOf(hashXxh3(encode("hello world"))));
    expect(hexOf(other.digest())).toBe(hexOf(hashXxh3(encode("goodbye"))));
  });
});
