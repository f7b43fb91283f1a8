import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { parseOciLocation } from "./oci-location.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("a location in an OCI registry", () => {
  const read: readonly (readonly string[])[] = [
    ["oci://ghcr.io/org/m", "https://ghcr.io", "org/m", "latest"],
    ["oci://ghcr.io/org/m:v1", "https://ghcr.io", "org/m", "v1"],
    ["ghcr.io/a/b/c:v1", "https://ghcr.io", "a/b/c", "v1"],
    [`ghcr.io/org/m@${digest}`, "https://ghcr.io", "org/m", "latest", digest],
    [`ghcr.io/org/m:v1@${digest}`, "https://ghcr.io", "org/m", "v1", digest],
    ["GHCR.io/org/m", "https://ghcr.io", "org/m", "latest"],
    ["localhost/m", "https://localhost", "m", "latest"],
    ["registry:5000/m:v1", "https://registry:5000", "m", "v1"],
    ["oci://registry/m", "https://registry", "m", "latest"],
    ["oci+http://127.0.0.1:5000/m", "http://127.0.0.1:5000", "m", "latest"],
    [
      "docker.io/ai/smollm2:360M-Q4_K_M",
      "https://registry-1.docker.io",
      "ai/smollm2",
      "360M-Q4_K_M",
    ],
    ["docker://docker.io/alpine", "https://registry-1.docker.io", "library/alpine", "latest"],
  ];
  it.each(read)("%s is read", (text = "", ...[origin, repository, tag, wanted]) => {
    expect(parseOciLocation(text)).toMatchObject({ origin, repository, tag, digest: wanted });
  });

  it.each([
    "",
    "model",
    "llama3.2:latest",
    "org/model",
    "org/model:v1",
    "./ghcr.io/org/m",
    "/ghcr.io/org/m",
    "https://ghcr.io/org/m",
    "file:///x",
    "C:/models/x",
    "no-such-scheme://x/y",
    "ghcr.io",
    "ghcr.io/",
    "ghcr.io/Org/m",
    "ghcr.io/../m",
    "model.gguf",
    "me@ghcr.io/org/m",
  ])("%j is left to others", (text) => {
    expect(parseOciLocation(text)).toBeUndefined();
  });

  it.each([
    "oci://",
    "oci://ghcr.io",
    "oci://ghcr.io/Org/m",
    "oci://ghcr.io/org/../m",
    "oci://ghcr.io/org//m",
    "oci://me:secret@ghcr.io/org/m",
    "oci://ghcr.io/org/m:",
    "oci://ghcr.io/org/m@sha256:abc",
    "oci://ghcr.io:99999/org/m",
    `oci://ghcr.io/${"a".repeat(256)}`,
    "docker://ghcr.io/org/m?x=1",
  ])("%j is refused", (text) => {
    try {
      parseOciLocation(text);
      expect.fail("read");
    } catch (error) {
      if (!isStoreError(error, "ERR_STORE_LOCATION_UNKNOWN")) throw error;
      expect(error.message).not.toContain("secret");
    }
  });
});
