import { chmod, mkdir, symlink, truncate, writeFile } from "node:fs/promises";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { type Digest, EMPTY_DIGEST } from "@store/layout";
import { createContent, sliceContent } from "@store/layout/testing";

import { type Ask, bytesOf, createAsk, errorOf } from "./support/ask.ts";
import {
  ABSENT_DIGEST,
  createTestStore,
  flipBit,
  hexOf,
  type TestStore,
} from "./support/test-store.ts";

/** A little over two of the chunks the store reads, so that ranges cross them. */
const SIZE = 2 * 1024 * 1024 + 4097;

let store: TestStore;
let ask: Ask;
let digest: Digest;
const content = createContent(SIZE);

beforeEach(async () => {
  store = await createTestStore();
  ask = createAsk(store);
  digest = await store.add(content);
});

afterEach(async () => {
  const { openFiles } = store.fs;
  await store[Symbol.asyncDispose]();
  if (openFiles > 0) throw new Error(`${openFiles} files are still open`);
});

describe("a whole blob", () => {
  it("is sent with its size, its identity, and nothing a browser could run", async () => {
    const response = await ask(`/v1/blobs/${digest}`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      "accept-ranges": "bytes",
      "cache-control": "private, max-age=31536000, immutable",
      "content-disposition": `attachment; filename="sha256-${digest.slice(7)}"`,
      "content-length": String(SIZE),
      "content-type": "application/octet-stream",
      "cross-origin-resource-policy": "same-origin",
      etag: `"${digest}"`,
      "x-content-type-options": "nosniff",
    });
    expect(hexOf(await bytesOf(response))).toBe(digest.slice(7));
  });

  it("is found under every spelling of its digest, and answers with one", async () => {
    const hex = digest.slice(7);
    for (const text of [`sha256-${hex}`, `sha256:${hex.toUpperCase()}`, `sha256%3A${hex}`]) {
      const response = await ask(`/v1/blobs/${text}`, {}, { method: "HEAD" });
      expect(response.status, text).toBe(200);
      expect(response.headers.get("etag")).toBe(`"${digest}"`);
    }
  });

  it("has the same fields in the answer to HEAD, without opening its file to read", async () => {
    const get = await ask(`/v1/blobs/${digest}`);
    await get.body?.cancel();
    const before = store.fs.calls.length;
    const head = await ask(`/v1/blobs/${digest}`, {}, { method: "HEAD" });
    expect(head.status).toBe(get.status);
    expect([...head.headers]).toEqual([...get.headers]);
    expect(head.body).toBeNull();
    const data = store.layout.paths.blob(digest);
    expect(store.fs.calls.slice(before)).not.toContain(`open-read ${data}`);
  });

  it("may be empty", async () => {
    await store.add(new Uint8Array());
    const response = await ask(`/v1/blobs/${EMPTY_DIGEST}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("0");
    expect(await bytesOf(response)).toHaveLength(0);
    expect((await ask(`/v1/blobs/${EMPTY_DIGEST}`, { range: "bytes=0-" })).status).toBe(416);
  });
});

describe("a range", () => {
  const chunk = 1024 * 1024;
  it.each([
    ["bytes=0-0", 0, 1],
    ["bytes=5-9", 5, 10],
    [`bytes=${chunk - 1}-${chunk}`, chunk - 1, chunk + 1],
    [`bytes=${chunk}-${2 * chunk - 1}`, chunk, 2 * chunk],
    [`bytes=${SIZE - 1}-`, SIZE - 1, SIZE],
    ["bytes=7-", 7, SIZE],
    ["bytes=-1", SIZE - 1, SIZE],
    [`bytes=-${SIZE + 1}`, 0, SIZE],
    [`bytes=3-${SIZE * 9}`, 3, SIZE],
  ])("%s is sent as its own bytes", async (range, start, end) => {
    const response = await ask(`/v1/blobs/${digest}`, { range });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${SIZE}`);
    expect(response.headers.get("content-length")).toBe(String(end - start));
    const expected = sliceContent(content, { start, end });
    expect(hexOf(await bytesOf(response))).toBe(hexOf(expected));
  });

  it.each(["bytes=0-1,5-6", "bytes=0-,0-", "items=0-1", "bytes=9-3", "bytes=x"])(
    "%s is not honoured: the whole is sent",
    async (range) => {
      const response = await ask(`/v1/blobs/${digest}`, { range });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-range")).toBeNull();
      expect(await bytesOf(response)).toHaveLength(SIZE);
    },
  );

  it.each([`bytes=${SIZE}-`, "bytes=-0", "bytes=9223372036854775808-"])(
    "%s cannot be satisfied, and the answer says what could be",
    async (range) => {
      const response = await ask(`/v1/blobs/${digest}`, { range });
      expect(response.headers.get("content-range")).toBe(`bytes */${SIZE}`);
      expect(await errorOf(response)).toMatchObject({
        status: 416,
        code: "ERR_STORE_RANGE_UNSATISFIABLE",
      });
    },
  );

  it("gives the whole back when ranges of any lengths are put together", async () => {
    const pieces: Uint8Array[] = [];
    for (let start = 0, step = 1; start < SIZE; start += step, step *= 7) {
      const response = await ask(`/v1/blobs/${digest}`, {
        range: `bytes=${start}-${start + step * 7 - 1}`,
      });
      const piece = await bytesOf(response);
      pieces.push(piece);
      step = piece.length;
      if (start + step >= SIZE) break;
    }
    expect(hexOf(Buffer.concat(pieces))).toBe(digest.slice(7));
  });

  it("means nothing to HEAD", async () => {
    const response = await ask(`/v1/blobs/${digest}`, { range: "bytes=0-1" }, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(SIZE));
  });
});

describe("preconditions", () => {
  const status = async (headers: Readonly<Record<string, string>>): Promise<number> => {
    const response = await ask(`/v1/blobs/${digest}`, headers);
    await response.body?.cancel();
    return response.status;
  };

  it("answer 304 to who has the blob already, with its identity and no body", async () => {
    for (const tag of [`"${digest}"`, `W/"${digest}"`, "*", `"other", "${digest}"`]) {
      const response = await ask(`/v1/blobs/${digest}`, { "if-none-match": tag });
      expect(response.status, tag).toBe(304);
      expect(response.headers.get("etag")).toBe(`"${digest}"`);
      expect(response.headers.get("content-length")).toBeNull();
      expect(response.body).toBeNull();
    }
    expect(await status({ "if-none-match": `"other"` })).toBe(200);
  });

  it("come before the range", async () => {
    const range = "bytes=0-1";
    expect(await status({ "if-none-match": `"${digest}"`, range })).toBe(304);
    expect(await status({ "if-match": `"other"`, range })).toBe(412);
    expect(await status({ "if-match": `"${digest}"`, range })).toBe(206);
    expect(await status({ "if-match": "*", range })).toBe(206);
    expect(await status({ "if-match": `W/"${digest}"`, range })).toBe(412);
  });

  it("let a range through only if If-Range has our own tag", async () => {
    const range = "bytes=0-1";
    expect(await status({ "if-range": `"${digest}"`, range })).toBe(206);
    expect(await status({ "if-range": `W/"${digest}"`, range })).toBe(200);
    expect(await status({ "if-range": `"other"`, range })).toBe(200);
    expect(await status({ "if-range": new Date().toUTCString(), range })).toBe(200);
    // Without the range there is nothing to satisfy, so nothing that cannot be.
    expect(await status({ "if-range": `"other"`, range: `bytes=${SIZE}-` })).toBe(200);
  });

  it("do not matter to a blob that is not there", async () => {
    const response = await ask(`/v1/blobs/${ABSENT_DIGEST}`, { "if-none-match": "*" });
    expect(response.status).toBe(404);
  });
});

describe("what is not a blob", () => {
  const hex = "a".repeat(64);
  it.each([
    "sha256:",
    `sha256:${hex.slice(1)}`,
    `sha256:${hex}a`,
    `sha512:${hex}${hex}`,
    `SHA256:${hex}`,
    hex,
    `sha256:${hex.slice(1)}g`,
    `sha256:${hex}%0a`,
    `sha256:${hex}%00`,
    `%20sha256:${hex}`,
    `sha256:..%2f..%2fetc%2fpasswd`,
    `sha256%253a${hex}`,
    `sha256:${"%EF%BC%A1".repeat(64)}`,
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cwindows",
    "%252e%252e%252fetc%252fpasswd",
    "..;%2fetc",
    "%c0%ae%c0%ae%2fetc",
    "%",
    "%zz",
    "__proto__",
  ])("%s is refused without a look at the disk", async (text) => {
    const before = store.fs.calls.length;
    const response = await ask(`/v1/blobs/${text}`);
    expect(await errorOf(response)).toEqual({
      status: 400,
      kind: "invalid",
      code: "ERR_STORE_DIGEST_INVALID",
    });
    expect(response.headers.get("connection")).toBe("close");
    expect(store.fs.calls).toHaveLength(before);
  });

  it("is answered the same way wherever the path climbs to", async () => {
    const paths = [
      "/v1/blobs/../../etc/passwd",
      "/v1/blobs/%2e%2e/%2e%2e/etc/passwd",
      "/etc/passwd",
      "/etc/shadow",
      "/no/such/file",
      "/v1/blobs/",
      "/v1/blobs",
      `/v1/blobs/${digest}/`,
      `/v1/blobs/${digest}/data`,
      `//v1/blobs/${digest}`,
      "/V1/blobs/x",
    ];
    const answers = await Promise.all(paths.map(async (path) => (await ask(path)).text()));
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain("ERR_STORE_ROUTE_NOT_FOUND");
  });

  it("is absent when nobody stored it", async () => {
    expect(await errorOf(await ask(`/v1/blobs/${ABSENT_DIGEST}`))).toEqual({
      status: 404,
      kind: "not-found",
      code: "ERR_STORE_BLOB_NOT_FOUND",
    });
  });
});

describe("a blob that another tool left", () => {
  it("is hashed before its first byte is sent, and then never again", async () => {
    const bytes = createContent(5000, 7);
    const foreign = `sha256:${hexOf(bytes)}` as Digest;
    const path = await store.plant(foreign, bytes);
    expect(await bytesOf(await ask(`/v1/blobs/${foreign}`))).toEqual(bytes);
    const opened = (): number =>
      store.fs.calls.filter((call) => call === `open-read ${path}`).length;
    const afterFirst = opened();
    await bytesOf(await ask(`/v1/blobs/${foreign}`));
    expect(opened() - afterFirst).toBe(1);
  });

  it.each(["GET", "HEAD"])("is an error and no bytes to %s when it is wrong", async (method) => {
    await store.plant(ABSENT_DIGEST, createContent(5000, 8));
    const response = await ask(`/v1/blobs/${ABSENT_DIGEST}`, {}, { method });
    expect(response.status).toBe(500);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("etag")).toBeNull();
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).not.toContain(store.root);
    expect((await ask(`/v1/blobs/${ABSENT_DIGEST}`)).status).toBe(404);
    const kept = store.fs.calls.filter((call) => /^rename .*suspect/.test(call));
    expect(kept).toHaveLength(1);
    expect(store.events).toMatchObject([{ event: "request-failed" }]);
  });

  it("is an error when it is empty, as a power cut leaves it", async () => {
    await store.plant(ABSENT_DIGEST, new Uint8Array());
    expect(await errorOf(await ask(`/v1/blobs/${ABSENT_DIGEST}`))).toMatchObject({
      status: 500,
      kind: "corrupt",
    });
  });

  it("is an error when it is no file, and is left where it is", async () => {
    const path = store.layout.paths.blob(ABSENT_DIGEST);
    await mkdir(path, { recursive: true });
    for (let time = 0; time < 2; time += 1) {
      expect(await errorOf(await ask(`/v1/blobs/${ABSENT_DIGEST}`))).toEqual({
        status: 500,
        kind: "corrupt",
        code: "ERR_STORE_NOT_A_FILE",
      });
    }
  });

  it("is an error when it is a link to somewhere else", async () => {
    const secret = `${store.root}-secret`;
    await writeFile(secret, "secret");
    await mkdir(store.layout.paths.blobDirectory(ABSENT_DIGEST), { recursive: true });
    await symlink(secret, store.layout.paths.blob(ABSENT_DIGEST));
    const text = await (await ask(`/v1/blobs/${ABSENT_DIGEST}`)).text();
    expect(JSON.parse(text)).toMatchObject({ error: { kind: "corrupt" } });
    expect(text).not.toContain("secret");
    expect(text).not.toContain(store.root);
  });
});

describe("a blob of ours that changed while the daemon ran", () => {
  it("is an error and no bytes from the moment its file is another, and then absent", async () => {
    expect((await bytesOf(await ask(`/v1/blobs/${digest}`))).length).toBe(SIZE);
    await flipBit(store.layout.paths.blob(digest), 1_500_000);
    expect(await errorOf(await ask(`/v1/blobs/${digest}`))).toMatchObject({
      status: 500,
      kind: "corrupt",
    });
    // The wrong bytes are in quarantine by now.
    expect((await ask(`/v1/blobs/${digest}`, { range: "bytes=0-1" })).status).toBe(404);
  });

  it("is an error when it got shorter", async () => {
    const path = store.layout.paths.blob(digest);
    await chmod(path, 0o644);
    await truncate(path, 10);
    expect((await ask(`/v1/blobs/${digest}`)).status).toBe(500);
  });

  it("breaks the body off when it gets shorter while it is sent", async () => {
    const path = store.layout.paths.blob(digest);
    const response = await ask(`/v1/blobs/${digest}`);
    await chmod(path, 0o644);
    await truncate(path, 1024 * 1024 + 1);
    await expect(response.arrayBuffer()).rejects.toThrow("cut short");
    expect(store.events).toMatchObject([{ event: "blob-cut", digest }]);
  });
});
