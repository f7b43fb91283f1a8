import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createHuggingFaceSource, pull } from "../src/index.ts";
import { createHastyTimers, openPorts } from "./open-ports.ts";
import { type RawAnswer, sendRaw, startRawServer } from "./raw-server.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const file = { rfilename: "a.json", size: 3, blobId: "b".repeat(40) };
const sound = { id: "org/model", sha: commit, siblings: [file] };

const json = (value: unknown): RawAnswer => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)),
});

async function pullFrom(
  answer: RawAnswer,
): Promise<{ readonly code: string; readonly requests: number }> {
  await using server = await startRawServer((_request, socket) => sendRaw(socket, answer));
  const timers = createHastyTimers();
  const source = createHuggingFaceSource({ endpoint: server.origin, timers });
  await using store = await openPorts([source], timers);
  const error = await expectStoreError(
    pull("hf.co/org/model", store.ports),
    "ERR_STORE_UPSTREAM_ERROR",
    "ERR_STORE_FILE_PATH_INVALID",
    "ERR_STORE_MODEL_NOT_FOUND",
  );
  expect(error.message.length).toBeLessThan(600);
  return { code: error.code, requests: server.requests.length };
}

describe("an answer of a hub", () => {
  const refused: Readonly<Record<string, RawAnswer>> = {
    "that is empty": json(""),
    "that is an empty list": json([]),
    "that is null": json(null),
    "that is a number": json(3),
    "that is a web page": {
      status: 200,
      headers: { "content-type": "text/html" },
      body: new TextEncoder().encode("<html>log in</html>"),
    },
    "that is no UTF-8": { status: 200, body: Uint8Array.of(0x22, 0xff, 0x22) },
    "with a mark of byte order alone": { status: 200, body: Uint8Array.of(0xef, 0xbb, 0xbf) },
    "cut in the middle": json(JSON.stringify(sound).slice(0, 60)),
    "without a commit": json({ ...sound, sha: undefined }),
    "with a branch for a commit": json({ ...sound, sha: "main" }),
    "with a path for a commit": json({
      ...sound,
      sha: "../../../../../../../../../../etc/passwd1234",
    }),
    "without files": json({ ...sound, siblings: undefined }),
    "with a file without size": json({ ...sound, siblings: [{ ...file, size: undefined }] }),
    "with a file without hash": json({ ...sound, siblings: [{ ...file, blobId: undefined }] }),
    "with a negative size": json({ ...sound, siblings: [{ ...file, size: -1 }] }),
    "with half a byte": json({ ...sound, siblings: [{ ...file, size: 0.5 }] }),
    "with a size in words": json({ ...sound, siblings: [{ ...file, size: "3" }] }),
    "with an impossible size": json({ ...sound, siblings: [{ ...file, size: 2 ** 60 }] }),
    "with a short LFS hash": json({
      ...sound,
      siblings: [{ ...file, lfs: { sha256: "ab", size: 3, pointerSize: 1 } }],
    }),
    "with a deep nest": json(`${"[".repeat(100_000)}${"]".repeat(100_000)}`),
    "with a file that is a list": json({ ...sound, siblings: [[]] }),
  };
  for (const [name, answer] of Object.entries(refused)) {
    it(`${name} is refused at once`, async () => {
      expect(await pullFrom(answer)).toEqual({ code: "ERR_STORE_UPSTREAM_ERROR", requests: 1 });
    });
  }

  it("over 32 MiB is given up, however long it is announced to be", async () => {
    const body = new Uint8Array(34 * 1024 * 1024).fill(0x20);
    expect(await pullFrom({ status: 200, body })).toEqual({
      code: "ERR_STORE_UPSTREAM_ERROR",
      requests: 1,
    });
  });

  it.each([
    ["nested without end", "[".repeat(100_000)],
    ["of a million lists", `{"siblings":[${"[],".repeat(1_000_000)}[]]}`],
  ])("%s is refused before it is parsed", async (_name, text) => {
    const body = new TextEncoder().encode(text);
    await using server = await startRawServer((_request, socket) =>
      sendRaw(socket, { status: 200, body }),
    );
    const source = createHuggingFaceSource({ endpoint: server.origin });
    const resolved = source.resolve("hf.co/org/model");
    const error = await expectStoreError(resolved, "ERR_STORE_UPSTREAM_ERROR");
    expect(error.message).toContain("far too many parts");
  });

  it("that breaks is asked for again", async () => {
    await using server = await startRawServer((request, socket) => {
      const body = new TextEncoder().encode(JSON.stringify({ ...sound, siblings: [] }));
      sendRaw(socket, {
        status: 200,
        headers: { "content-length": body.length },
        body: body.subarray(0, 9),
      });
      if (request.index > 0) socket.write(body.subarray(9));
      else setTimeout(() => socket.destroy(), 20);
    });
    const timers = createHastyTimers();
    const source = createHuggingFaceSource({ endpoint: server.origin, timers });
    const model = await source.resolve("hf.co/org/model");
    expect(model).toMatchObject({ revision: commit, files: [] });
    expect(server.requests).toHaveLength(2);
  });

  for (const path of [
    "../x",
    "/etc/passwd",
    "a\\b",
    "a/../../b",
    "C:/x",
    "con",
    "a\u0000b",
    "a//b",
    "",
  ]) {
    it(`with a file called ${JSON.stringify(path)} is not fetched`, async () => {
      const { code, requests } = await pullFrom(
        json({ ...sound, siblings: [{ ...file, rfilename: path }] }),
      );
      expect(code).toBe("ERR_STORE_FILE_PATH_INVALID");
      expect(requests).toBe(1);
    });
  }

  it("with two files that one directory could not hold is refused", async () => {
    const siblings = [file, { ...file, rfilename: "A.json" }];
    const { code } = await pullFrom(json({ ...sound, siblings }));
    expect(code).toBe("ERR_STORE_FILE_PATH_INVALID");
  });

  it("that renames the repository is followed within the hub", async () => {
    const bytes = createContent(3, 1);
    await using server = await startRawServer((request, socket) => {
      if (request.target.startsWith("/api/models/old/name/")) {
        const location = request.target.replace("old/name", "org/model");
        return sendRaw(socket, { status: 307, headers: { location } });
      }
      if (request.target.startsWith("/api/models/org/model/")) return sendRaw(socket, json(sound));
      return sendRaw(socket, { status: 200, body: bytes });
    });
    const source = createHuggingFaceSource({ endpoint: server.origin, token: "hf_x" });
    const model = await source.resolve("hf.co/old/name");
    expect(model?.source.repo).toBe("org/model");
    expect(model?.files[0]?.url).toBe(`${server.origin}/org/model/resolve/${commit}/a.json`);
    expect(server.requests.every(({ headers }) => headers["authorization"] === "Bearer hf_x")).toBe(
      true,
    );
  });
});
