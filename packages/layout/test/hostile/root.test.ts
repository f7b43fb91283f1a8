import { execFile } from "node:child_process";
import { chmod, chown, readdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { digestBytes, type Layout, openBlobStore, openLayout } from "@store/layout";
import { createContent, createTemporaryLayout, expectStoreError } from "@store/layout/testing";
import { codesOf, content, digest, expectWhole, inStore, putWhole } from "./place.ts";

const run = promisify(execFile);

describe("the root", () => {
  it.each(["with spaces", "日本 é", "dots..", "-rf", "%2e%2e", "a\\b", "line\nbreak", "trailing/"])(
    "may be called %j",
    async (name) => {
      await using temporary = await createTemporaryLayout();
      const layout = await openLayout(join(dirname(temporary.root), name));
      await putWhole(openBlobStore(layout));
      await expectWhole(openBlobStore(layout), content);
      expect(await codesOf(layout)).toEqual([]);
    },
  );

  it("may be behind a link, and is the same store by both names", async () => {
    await inStore(async ({ layout }) => {
      const alias = join(dirname(layout.paths.root), "alias");
      await symlink(layout.paths.root, alias);
      const blobs = openBlobStore(await openLayout(alias));
      await expectWhole(blobs, content);
      const { digest: more } = await blobs.add(createContent(10, 4));
      expect(await openBlobStore(layout).stat(more)).toMatchObject({ size: 10 });
    });
  });

  it("stays the one that was opened where its link is pointed elsewhere meanwhile", async () => {
    await inStore(async ({ layout, outside }) => {
      const alias = join(dirname(layout.paths.root), "alias");
      await symlink(layout.paths.root, alias);
      const blobs = openBlobStore(await openLayout(alias));
      const other = createContent(10, 4);
      await using ingest = await blobs.ingest({ digest: digestBytes(other), size: other.length });
      await ingest.writeAt(0, other);
      await rm(alias);
      await symlink(outside, alias);
      await ingest.commit();
      await expectWhole(blobs, content);
      await expectWhole(openBlobStore(layout), other);
    });
  });

  it("is refused where it is a fifo", async () => {
    await using temporary = await createTemporaryLayout();
    await run("mkfifo", [temporary.root]);
    await expectStoreError(openLayout(temporary.root), "ERR_STORE_NOT_A_DIRECTORY");
  });

  it("is refused where it is a link to itself", async () => {
    await using temporary = await createTemporaryLayout();
    await symlink(temporary.root, temporary.root);
    await expectStoreError(openLayout(temporary.root), "ERR_STORE_PATH_UNUSABLE");
  });
});

const USER = 1000;
const isRoot = process.getuid?.() === 0;

/** Opens, verifies and puts as an ordinary user, and prints what came of it. */
const AS_USER = `
const [source, root, digest] = process.argv.slice(1);
const { openLayout, openBlobStore, verifyBlobs } = await import(source);
const codeOf = (promise) => promise.then(() => "done", (error) => error.code);
async function verify(layout) {
  const codes = [];
  for await (const finding of verifyBlobs(layout)) codes.push(finding.code);
  return codes;
}
const result = await openLayout(root).then(async (layout) => ({
  findings: await verify(layout).catch((error) => error.code),
  check: await codeOf(openBlobStore(layout).ensureVerified(digest)),
  put: await codeOf(openBlobStore(layout).add(new TextEncoder().encode("new"))),
  release: await codeOf(openBlobStore(layout).release([digest])),
  retain: await codeOf(openBlobStore(layout).retain([digest])),
}), (error) => ({ open: error.code }));
console.log(JSON.stringify(result));
`;

async function asUser(root: string): Promise<unknown> {
  const source = new URL("../../src/index.ts", import.meta.url).href;
  const prefix = ["--reuid", String(USER), "--regid", String(USER), "--clear-groups"];
  const node = [process.execPath, "--input-type=module", "-e", AS_USER, source, root, digest];
  const { stdout } = await run("setpriv", [...prefix, ...node]);
  return JSON.parse(stdout);
}

async function giveAway(directory: string): Promise<void> {
  await chown(directory, USER, USER);
  for (const name of await readdir(directory, { recursive: true })) {
    await chown(join(directory, name), USER, USER);
  }
}

const denied = "ERR_STORE_NO_PERMISSION";

/** Another user's, with these rights. */
async function take(path: string, mode: number): Promise<void> {
  await chown(path, 0, 0);
  await chmod(path, mode);
}

describe("to a user", () => {
  const title = isRoot ? "" : " (skipped: needs to start as root to become another user)";

  it.skipIf(!isRoot).each([
    ["a root without rights", (l: Layout) => chmod(l.paths.root, 0), { open: denied }],
    [
      "blobs/sha256/ without rights",
      (l: Layout) => chmod(l.paths.sha256, 0),
      { findings: denied, check: denied, put: denied },
    ],
    [
      "a blob's directory without rights",
      (l: Layout) => chmod(l.paths.blobDirectory(digest), 0),
      { findings: [denied], check: denied, put: "done" },
    ],
    [
      "a blob's file without rights",
      (l: Layout) => chmod(l.paths.blob(digest), 0),
      // Its chunk map says that we hashed it once.
      { findings: [denied], check: "done", put: "done" },
    ],
    [
      "a blob's file that only another user may read",
      (l: Layout) => take(l.paths.blob(digest), 0o400),
      { findings: [denied], check: "done", put: "done" },
    ],
    [
      "a blob's file of another user",
      (l: Layout) => take(l.paths.blob(digest), 0o444),
      { findings: [], check: "done", put: "done" },
    ],
    [
      "a blob's directory of another user, who did not hash it",
      async (l: Layout) => {
        await rm(l.paths.chunks(digest));
        await take(l.paths.blobDirectory(digest), 0o755);
      },
      { findings: [], check: "done", put: "done" },
    ],
    [
      "a format.json of another user",
      (l: Layout) => take(l.paths.format, 0o644),
      { findings: [], check: "done", put: "done" },
    ],
    [
      "marks of released blobs that are another user's",
      async (l: Layout) => {
        await openBlobStore(l).release([digest]);
        await take(l.paths.released, 0o755);
      },
      { findings: [], check: "done", put: "done" },
    ],
    [
      "a .store of another user",
      async (l: Layout) => {
        await rm(l.paths.released, { recursive: true, force: true });
        await take(l.paths.own, 0o755);
      },
      { findings: [], check: "done", put: "done" },
    ],
  ] as const)(
    `is told of as such, and harms nothing else: %s${title}`,
    async (_, damage, expected) => {
      await inStore(async ({ layout }) => {
        await chmod(dirname(layout.paths.root), 0o755);
        await giveAway(layout.paths.root);
        await damage(layout);
        // Marks are an aid: where they cannot be made or removed, nothing is refused.
        const marks = "open" in expected ? {} : { release: "done", retain: "done" };
        expect(await asUser(layout.paths.root)).toEqual({ ...expected, ...marks });
      });
    },
  );
});
