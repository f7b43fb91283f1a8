import { expect, it } from "vitest";

import { readToken } from "./read-token.ts";

async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* parts;
}

it("takes the first line", async () => {
  expect(await readToken(chunks("hf_", "abc\nmore"))).toBe("hf_abc");
  expect(await readToken(chunks(new TextEncoder().encode("hf_abc\r\n")))).toBe("hf_abc");
  expect(await readToken(chunks("hf_abc"))).toBe("hf_abc");
});

it.each([
  ["nothing", ""],
  ["an empty line", "\nhf_abc\n"],
  ["two words", "Bearer hf_abc\n"],
  ["a control character", "hf_\u0000abc\n"],
  ["a file", "x".repeat(5_000)],
])("refuses %s, without repeating it", async (_what, text) => {
  const error = await readToken(chunks(text)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ kind: "invalid", message: "no access token on standard input" });
});
