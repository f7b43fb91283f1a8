import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openBlobStore, openLayout } from "@store/layout";

import manifest from "../package.json" with { type: "json" };
import { readToEnd, statusOf } from "./support/test-daemon.ts";

const MAIN = join(import.meta.dirname, "..", "src", "main.ts");
const posixOnly =
  process.platform === "win32" ? " (skipped: Windows has no such signals or modes)" : "";

let home: string;
const children = new Set<ChildProcess>();

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stored-"));
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  await rm(home, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  readonly urls: readonly string[];
  /** Exit code, or the signal that ended it; and everything it printed. */
  readonly ended: Promise<Ended>;
}

interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function launch(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, ["--conditions=@store/source", MAIN, ...args], {
    env: { PATH: process.env["PATH"], HOME: home, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  return child;
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { code: code ?? signal, stdout, stderr };
}

const runToEnd = (...args: Parameters<typeof launch>): Promise<Ended> => endOf(launch(...args));

async function startServing(
  args: readonly string[] = ["--home", home],
  env: NodeJS.ProcessEnv = {},
): Promise<Running> {
  const child = launch([...args, "--port", "0", "--json"], env);
  const ended = endOf(child);
  const line = await Promise.race([
    once(child.stdout ?? child, "data").then(([chunk]) => String(chunk)),
    ended.then(({ stderr }) => expect.fail(`ended at once: ${stderr}`)),
  ]);
  const ready = JSON.parse(line) as { status: string; port: number; urls: string[] };
  expect(line).toMatch(/^[^\n]+\n$/);
  expect(ready.status).toBe("listening");
  return { child, port: ready.port, urls: ready.urls, ended };
}

describe("the daemon as a process", () => {
  it.skipIf(posixOnly !== "")(
    `serves on every address it names, and ends well on SIGTERM${posixOnly}`,
    async () => {
      const blobs = openBlobStore(await openLayout(home));
      const bytes = new TextEncoder().encode("served");
      const { digest } = await blobs.add(bytes);
      const { child, urls, ended } = await startServing();
      for (const url of urls) {
        const health = await fetch(`${url}/health`);
        expect(await health.json()).toEqual({ status: "ok", version: manifest.version });
        const response = await fetch(`${url}/v1/blobs/${digest}`);
        expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
      }
      child.kill("SIGTERM");
      expect(await ended).toMatchObject({ code: 0, stderr: "" });
    },
  );

  it.skipIf(posixOnly !== "")(
    `sweeps for a client where it was told that clients may${posixOnly}`,
    async () => {
      const blobs = openBlobStore(await openLayout(home));
      const { digest } = await blobs.add(new TextEncoder().encode("nobody needs this"));
      await blobs.release([digest]);
      const args = ["--home", home, "--allow-changes", "--gc-every", "24h"];
      const { child, urls, ended } = await startServing(args);
      const swept = await fetch(`${urls[0]}/v1/gc/sweep`, { method: "POST" });
      expect(await swept.json()).toMatchObject({ freedBytes: 17, destroyed: [digest] });
      expect(await blobs.stat(digest)).toBeUndefined();
      child.kill("SIGTERM");
      expect(await ended).toMatchObject({ code: 0, stderr: "" });
    },
  );

  it.skipIf(posixOnly !== "")(
    `ends on SIGINT too, and says where it listens to people${posixOnly}`,
    async () => {
      const child = launch(["--home", home, "--port", "0"]);
      const ended = endOf(child);
      const [line] = (await once(child.stdout ?? child, "data")) as [Buffer];
      expect(line.toString()).toMatch(/^stored listens on http:\/\/127\.0\.0\.1:\d+[^\n]*\n$/);
      child.kill("SIGINT");
      expect(await ended).toMatchObject({ code: 0, stderr: "" });
    },
  );

  it.skipIf(posixOnly !== "")(
    `waits for nobody when it is asked a second time${posixOnly}`,
    async () => {
      const blobs = openBlobStore(await openLayout(home));
      const { digest } = await blobs.add(Buffer.alloc(16 * 1024 * 1024, 7));
      const { child, port, ended } = await startServing();
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(`GET /v1/blobs/${digest} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
      await once(socket, "readable");
      child.kill("SIGTERM");
      // Refused: the first signal has been heard.
      await expect.poll(() => refuses(port), { timeout: 20_000 }).toBe(true);
      child.kill("SIGTERM");
      expect((await ended).code).toBe(143);
      socket.destroy();
    },
  );

  it("finds the store in the environment, and creates none", async () => {
    const absent = join(home, "absent");
    const { child, urls, ended } = await startServing([], { MODELS_HOME: absent });
    expect(await (await fetch(`${urls[0]}/v1/models`)).json()).toEqual({ models: [] });
    child.kill();
    await ended;
    expect(await readdir(home)).toEqual([]);
  });

  it("is as strict when Node was told to be lenient", async () => {
    const { child, port, ended } = await startServing(undefined, {
      NODE_OPTIONS: "--insecure-http-parser --max-http-header-size=1000000",
    });
    for (const request of [
      `GET /health HTTP/1.1\nHost: 127.0.0.1:${port}\n\n`,
      `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
    ]) {
      const socket = connect(port, "127.0.0.1");
      socket.write(request);
      expect([400, 431]).toContain(statusOf(await readToEnd(socket)));
    }
    child.kill();
    await ended;
  });

  it("does not start where another one listens, and says so", async () => {
    const first = await startServing();
    const second = await runToEnd(["--home", home, "--port", String(first.port), "--json"]);
    expect(second).toMatchObject({ code: 5, stdout: "" });
    expect(second.stderr).toContain(`port ${first.port} of 127.0.0.1 is in use`);
    expect(second.stderr).toContain("hint: ");
    expect(second.stderr).not.toMatch(/^\s+at /m);
    expect((await fetch(`${first.urls[0]}/health`)).status).toBe(200);
    first.child.kill();
    await first.ended;
  });

  it("listens on no address but its own, whatever it is told", async () => {
    const { code, stdout, stderr } = await runToEnd(["--host", "0.0.0.0"]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^stored: .*--host.*\nhint: .*\n$/);
  });

  it("does not serve what is no directory", async () => {
    const file = join(home, "file");
    await writeFile(file, "");
    expect(await runToEnd(["--home", file, "--port", "0"])).toMatchObject({ code: 2, stdout: "" });
  });

  it.skipIf(posixOnly !== "")(
    `does not serve a store that everybody may write to${posixOnly}`,
    async () => {
      const open = join(home, "open");
      await mkdir(open);
      await chmod(open, 0o777);
      const { code, stderr } = await runToEnd(["--home", open, "--port", "0"]);
      expect(code).toBe(8);
      expect(stderr).toContain("chmod o-w");
    },
  );

  it("prints its version and how it is used", async () => {
    expect(await runToEnd(["--version"])).toEqual({
      code: 0,
      stdout: `${manifest.version}\n`,
      stderr: "",
    });
    const help = await runToEnd(["--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toContain("--port");
  });
});

function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(true));
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
  });
}
