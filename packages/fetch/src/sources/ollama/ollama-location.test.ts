import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { parseOllamaLocation } from "./ollama-location.ts";

const digest = `sha256:${"b".repeat(64)}`;
const OLLAMA = "https://registry.ollama.ai";

describe("a location in Ollama's registry", () => {
  const read: readonly (readonly string[])[] = [
    ["ollama://llama3.2", OLLAMA, "library/llama3.2", "latest"],
    ["ollama://llama3.2:1b", OLLAMA, "library/llama3.2", "1b"],
    ["ollama://me/Derived:V1", OLLAMA, "me/Derived", "V1"],
    ["ollama://reg.example.com:8080/me/m:t", "https://reg.example.com:8080", "me/m", "t"],
    ["ollama+http://127.0.0.1:11434/me/m", "http://127.0.0.1:11434", "me/m", "latest"],
    ["ollama://hf.co/org/repo:Q4_K_M", "https://hf.co", "org/repo", "Q4_K_M"],
    ["registry.ollama.ai/library/tiny", OLLAMA, "library/tiny", "latest"],
    ["registry.ollama.ai/library/tiny:q8_0", OLLAMA, "library/tiny", "q8_0"],
    ["https://ollama.com/library/tiny:q8_0", OLLAMA, "library/tiny", "q8_0"],
    ["ollama.com/me/tiny", OLLAMA, "me/tiny", "latest"],
    [`ollama://tiny@${digest}`, OLLAMA, "library/tiny", "latest", digest],
  ];
  it.each(read)("%s is read", (text = "", ...[origin, repository, tag, wanted]) => {
    expect(parseOllamaLocation(text)).toMatchObject({ origin, repository, tag, digest: wanted });
  });

  it.each(["", "model", "llama3.2:latest", "hf.co/org/repo", "ghcr.io/org/m", "./m", "x://y/z"])(
    "%j is left to others",
    (text) => {
      expect(parseOllamaLocation(text)).toBeUndefined();
    },
  );

  it.each(["ollama://", "ollama://a/b/c/d:e", "ollama://../m", "ollama://m:a/b", "ollama://m?x=1"])(
    "%j is refused",
    (text) => {
      try {
        parseOllamaLocation(text);
        expect.fail("read");
      } catch (error) {
        if (!isStoreError(error, "ERR_STORE_LOCATION_UNKNOWN")) throw error;
      }
    },
  );
});
