import { spawn } from "node:child_process";
import { chmod, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { createFakeHub, generateGguf } from "@store/fetch/testing";
import { expect, it } from "vitest";

import { asOtherUser, noMount, noOtherUser } from "./support/privileges.ts";
import { startStore } from "./support/run-store.ts";
import { createSandbox } from "./support/sandbox.ts";

const MIB = 1024 * 1024;

const because = (reason: string | undefined): string =>
  reason === undefined ? "" : ` (skipped: ${reason})`;

it.skipIf(noOtherUser)(
  `tells a user without rights so, and does not call the store empty${because(noOtherUser)}`,
  async () => {
    await using sandbox = await createSandbox();
    await sandbox.run("add", await sandbox.writeModel("m.gguf"));
    await chmod(sandbox.home, 0o755);
    const other = { wrapper: asOtherUser };

    await chmod(join(sandbox.models, "manifests"), 0o700);
    for (const args of [["list"], ["path", "m"], ["gc", "--dry-run"]]) {
      const run = await sandbox.spawn(args, other);
      expect([args, run.code, run.stdout]).toEqual([args, 8, ""]);
      expect(run.stderr).toMatch(/^store: [^\n]+\nhint: [^\n]+\n$/);
    }
    await chmod(join(sandbox.models, "manifests"), 0o755);
    await chmod(join(sandbox.models, "manifests/m.json"), 0o600);
    const one = await sandbox.spawn(["list"], other);
    expect(one).toMatchObject({ code: 8, stdout: expect.stringMatching(/^m +no access$/m) });
    await chmod(join(sandbox.models, "manifests/m.json"), 0o644);
    // Reading is allowed now; writing still is not.
    expect(await sandbox.spawn(["rm", "m"], other)).toMatchObject({ code: 8, stdout: "" });
    expect((await sandbox.run("list", "-q")).stdout).toBe("m\n");
  },
);

it.skipIf(noMount)(
  `says that the disk is full, keeps the store whole, and goes on when there is room${because(noMount)}`,
  { timeout: 60_000 },
  async () => {
    await using sandbox = await createSandbox();
    const file = generateGguf({ sizeBytes: 12 * MIB });
    await using hub = await createFakeHub({
      repositories: { "org/m": { files: { "m.gguf": file } } },
    });
    const local = await sandbox.writeModel("local.gguf", { sizeBytes: 12 * MIB, seed: 2 });
    await mkdir(sandbox.models);
    const mount = startMount(sandbox.models, "8m");
    try {
      const inMount = { wrapper: await mount.wrapper, env: { HF_ENDPOINT: hub.endpoint } };
      for (const args of [
        ["add", local],
        ["pull", "hf.co/org/m/m.gguf"],
      ]) {
        const run = await sandbox.spawn(args, inMount);
        expect([args, run.code, run.stdout]).toEqual([args, 9, ""]);
        expect(run.stderr).toMatch(/^hint: .*space/m);
      }
      expect(await sandbox.spawn(["list", "-q"], inMount)).toMatchObject({ code: 0, stdout: "" });
      await mount.resize("64m");
      expect(await sandbox.spawn(["pull", "hf.co/org/m/m.gguf"], inMount)).toMatchObject({
        code: 0,
      });
      expect(await sandbox.spawn(["add", local], inMount)).toMatchObject({ code: 0 });
      expect(await sandbox.spawn(["verify"], inMount)).toMatchObject({ code: 0 });
    } finally {
      await mount.end();
    }
  },
);

it.skipIf(process.platform === "win32")(
  "says that the shell limits the size of files, and leaves nothing behind",
  async () => {
    await using sandbox = await createSandbox();
    const file = await sandbox.writeModel("m.gguf", { sizeBytes: 4 * MIB });
    const wrapper = ["sh", "-c", 'ulimit -f 4000 && exec "$@"', "sh"];
    const run = await sandbox.spawn(["add", file], { wrapper });
    expect(run).toMatchObject({ code: 9, stdout: "" });
    expect(run.stderr).toMatch(/EFBIG\nhint: [^\n]*limit/);
    expect(await readdir(join(sandbox.models, "blobs"))).toEqual([]);
  },
);

it("takes a closed pipe for what it is", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.writeModel("m.gguf"));
  const { child, ended } = startStore(["list"], { home: sandbox.home });
  ended.catch(() => {});
  const errors: Buffer[] = [];
  child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
  const exit = new Promise((settle) => child.on("exit", settle));
  child.stdout?.destroy();
  expect(await exit).toBe(0);
  expect(Buffer.concat(errors).toString()).toBe("");
});

it.skipIf(process.platform !== "linux")(
  `does not call an answer that was not written a success${because(
    process.platform === "linux" ? undefined : "needs /dev/full",
  )}`,
  async () => {
    await using sandbox = await createSandbox();
    await sandbox.run("add", await sandbox.writeModel("m.gguf"));
    const wrapper = ["sh", "-c", 'exec "$@" > /dev/full', "sh"];
    const run = await sandbox.spawn(["list"], { wrapper });
    expect(run.code).toBe(9);
    expect(run.stderr).toMatch(/^store: cannot write the answer: [^\n]*ENOSPC[^\n]*\n$/);
  },
);

it.skipIf(noOtherUser)(
  `uses a store of another user that may be read${because(noOtherUser)}`,
  async () => {
    await using sandbox = await createSandbox();
    await sandbox.run("add", await sandbox.writeModel("m.gguf"));
    await chmod(sandbox.home, 0o755);
    const run = await sandbox.spawn(["path", "m"], { wrapper: asOtherUser });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect((await readFile(run.stdout.trimEnd())).subarray(0, 4).toString()).toBe("GGUF");
  },
);

interface Mount {
  /** Runs a program where the mount is seen. */
  readonly wrapper: Promise<readonly string[]>;
  resize(size: string): Promise<void>;
  end(): Promise<void>;
}

/** A small file system that only the programs of this test see, and that goes with the test. */
function startMount(directory: string, size: string): Mount {
  const script = `mount -t tmpfs -o size=${size} none "$1" && echo ready && read -r _`;
  const holder = spawn("unshare", ["--mount", "sh", "-c", script, "sh", directory], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exit = new Promise((settle) => holder.on("exit", settle));
  const enter = ["--mount", "--target", String(holder.pid)];
  return {
    wrapper: new Promise((resolve, reject) => {
      holder.stdout.once("data", () =>
        resolve(["nsenter", ...enter, `--wd=${join(directory, "..")}`]),
      );
      holder.once("exit", () => reject(new Error("cannot mount")));
    }),
    async resize(to) {
      const args = [...enter, "mount", "-o", `remount,size=${to}`, directory];
      const child = spawn("nsenter", args, { stdio: "inherit" });
      const code = await new Promise((settle) => child.on("exit", settle));
      if (code !== 0) throw new Error("cannot resize");
    },
    async end() {
      holder.stdin.end();
      await exit;
    },
  };
}
