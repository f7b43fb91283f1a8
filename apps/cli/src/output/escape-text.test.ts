import { expect, it } from "vitest";

import { escapeText } from "./escape-text.ts";

it.each([
  ["an escape sequence", "a\u001B[2Jb", "a\\u{1b}[2Jb"],
  ["a line break", "a\nb\r", "a\\u{a}b\\u{d}"],
  ["the C1 form of an escape sequence", "\u009B31m", "\\u{9b}31m"],
  ["a character that turns the reading direction", "a\u202Egnp.exe", "a\\u{202e}gnp.exe"],
  ["a character of no width", "a\u200Bb\uFEFF", "a\\u{200b}b\\u{feff}"],
  ["a line separator", "a\u2028b", "a\\u{2028}b"],
  ["half of a surrogate pair", "a\uD800b", "a\\u{d800}b"],
])("writes out %s", (_what, text, escaped) => {
  expect(escapeText(text)).toBe(escaped);
});

it("leaves everything else as it is", () => {
  const text = "Qwen2.5-0.5B_Q4_K_M.gguf modèle 模型 🦙 \\ `$(x)`";
  expect(escapeText(text)).toBe(text);
});
