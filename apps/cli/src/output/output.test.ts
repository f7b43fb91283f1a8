import { EventEmitter } from "node:events";

import { expect, it } from "vitest";

import type { Host } from "../host.ts";
import { createOutput } from "./output.ts";

class Sink extends EventEmitter {
  text = "";
  isTTY: boolean | undefined;
  columns = 40;
  write(text: string): void {
    this.text += text;
  }
}

interface FakeHost extends Host {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly failures: Error[];
}

function createHost(): FakeHost {
  const failures: Error[] = [];
  return {
    failures,
    failOutput: (error) => failures.push(error),
    args: [],
    env: {},
    platform: "linux",
    stdin: (async function* () {})(),
    stdout: new Sink(),
    stderr: new Sink(),
    signal: new AbortController().signal,
  };
}

it("answers with text for people, and keeps notes off standard output", () => {
  const host = createHost();
  const output = createOutput(host, { json: false });
  output.note("a note");
  output.event({ kind: "x" });
  output.text("words\n");
  output.answer({ json: { a: 1 }, text: "answer\n" });
  expect(host.stdout.text).toBe("words\nanswer\n");
  expect(host.stderr.text).toBe("a note\n");
});

it("answers with JSON alone under --json", () => {
  const host = createHost();
  host.stderr.isTTY = true;
  const output = createOutput(host, { json: true });
  output.note("a note");
  output.text("words\n");
  output.status.draw(() => "50 %");
  output.event({ kind: "x" });
  output.answer({ json: { a: 1 }, text: "answer\n" });
  expect(host.stdout.text).toBe('{"kind":"x"}\n{\n  "a": 1\n}\n');
  expect(host.stderr.text).toBe("");
});

it("takes the drawn line away before it prints", () => {
  const host = createHost();
  host.stderr.isTTY = true;
  const output = createOutput(host, { json: false });
  output.status.draw(() => "50 %");
  output.note("a note");
  expect(host.stderr.text).toBe("\r\u001B[K50 %\r\u001B[Ka note\n");
});

it("stops writing, without an error, once the reader has gone", () => {
  const host = createHost();
  const output = createOutput(host, { json: false });
  output.text("a\n");
  host.stdout.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  output.text("b\n");
  expect(host.stdout.text).toBe("a\n");
  expect(host.failures).toEqual([]);
});

it("tells of any other failure to write an answer, once", () => {
  const host = createHost();
  const output = createOutput(host, { json: false });
  const full = Object.assign(new Error("write ENOSPC"), { code: "ENOSPC" });
  output.text("a\n");
  host.stdout.emit("error", full);
  host.stdout.emit("error", full);
  expect(host.failures).toEqual([full]);
});
