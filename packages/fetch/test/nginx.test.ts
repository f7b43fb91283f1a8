import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { digestBytes } from "@store/layout";
import { createContent } from "@store/layout/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Nginx, noNginx, startNginx } from "./nginx.ts";
import { createUrlPuller, type UrlPuller } from "./pull-url.ts";

const MIB = 1024 * 1024;
const content = createContent(16 * MIB, 61);
const digest = digestBytes(content);
const title = `files of nginx${noNginx === undefined ? "" : ` (skipped: ${noNginx})`}`;

describe.skipIf(noNginx !== undefined)(title, () => {
  let home: string;
  let nginx: Nginx;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "store-nginx-"));
    nginx = await startNginx(home);
  });
  afterAll(async () => {
    await nginx[Symbol.asyncDispose]();
    await rm(home, { recursive: true });
  });

  /** Pulls until some bytes are in the store, and breaks off. */
  async function pullInPart(puller: UrlPuller, url: string): Promise<void> {
    const controller = new AbortController();
    puller.afterWrites(() => controller.abort(new Error("enough")));
    await expect(puller.pull(url, { signal: controller.signal })).rejects.toThrow("enough");
  }

  it("come over several connections where each has a limit, every byte once", async () => {
    await writeFile(join(nginx.www, "model.gguf"), content);
    await using puller = await createUrlPuller();
    await nginx.takeRequests();
    const result = await puller.pull(`${nginx.origin}/slow/model.gguf`, { digest });
    expect(result.bytesFetched).toBe(content.length);
    const bodies = (await nginx.takeRequests()).filter(({ range }) => range !== "bytes=0-0");
    expect(new Set(bodies.map(({ connection }) => connection)).size).toBeGreaterThan(1);
    let end = 0;
    const ranges = bodies.map(({ range }) =>
      /^bytes=(\d+)-(\d+)$/.exec(range)?.slice(1).map(Number),
    );
    for (const [start, last = 0] of ranges
      .toSorted((a, b) => (a?.[0] ?? 0) - (b?.[0] ?? 0))
      .map((range) => range ?? [])) {
      // The end of a piece may be asked for once more, over a connection that has nothing to do.
      expect(start).toBeLessThanOrEqual(end);
      end = Math.max(end, last + 1);
    }
    expect(end).toBe(content.length);
  });

  it("come over as many connections as it bears", async () => {
    await writeFile(join(nginx.www, "model.gguf"), content);
    await using puller = await createUrlPuller();
    await nginx.takeRequests();
    const result = await puller.pull(`${nginx.origin}/few/model.gguf`, { digest });
    expect(result.bytesFetched).toBe(content.length);
    const requests = await nginx.takeRequests();
    const refused = requests.filter(({ status }) => status === "503");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(requests.length);
    expect(puller.events.filter(({ kind }) => kind === "retry")).toEqual([]);
  });

  it("go on where a pull was broken off, by their validator", async () => {
    await writeFile(join(nginx.www, "resumed.gguf"), content);
    await using puller = await createUrlPuller();
    const url = `${nginx.origin}/slow/resumed.gguf`;
    await pullInPart(puller, url);
    await nginx.takeRequests();
    const result = await puller.pull(url);
    expect(result.files[0]?.digest).toBe(digest);
    expect(result.bytesReused).toBeGreaterThan(0);
    const bodies = (await nginx.takeRequests()).filter(({ range }) => range !== "bytes=0-0");
    expect(bodies.length).toBeGreaterThan(0);
    for (const { status, ifRange } of bodies) {
      expect(status).toBe("206");
      expect(ifRange).toMatch(/^\\x22.+\\x22$/);
    }
  });

  it("begin anew where they have changed since", async () => {
    const path = join(nginx.www, "changed.gguf");
    await writeFile(path, content);
    await using puller = await createUrlPuller();
    const url = `${nginx.origin}/slow/changed.gguf`;
    await pullInPart(puller, url);
    const changed = createContent(content.length, 62);
    await writeFile(path, changed);
    await utimes(path, 1, 1);
    const result = await puller.pull(url);
    expect(result.files[0]?.digest).toBe(digestBytes(changed));
    expect(result.bytesReused).toBe(0);
  });

  it("come as they are although it would compress them", async () => {
    const text = new TextEncoder().encode("the same words again and again\n".repeat(20_000));
    await writeFile(join(nginx.www, "words.txt"), text);
    await nginx.takeRequests();
    await using puller = await createUrlPuller();
    const result = await puller.pull(`${nginx.origin}/words.txt`);
    expect(result.files[0]?.digest).toBe(digestBytes(text));
    for (const { encoding } of await nginx.takeRequests()) expect(encoding).toBe("-");
  });

  it("are followed from http to https", async () => {
    await writeFile(join(nginx.www, "model.gguf"), content);
    await using puller = await createUrlPuller({ ca: nginx.ca });
    const result = await puller.pull(`${nginx.redirecting}/model.gguf`, { digest });
    expect(result.bytesFetched).toBe(content.length);
  });
});
