import { basename, dirname } from "node:path";

import type { Digest } from "@store/layout";

import { runCommand } from "../harness/run-command.ts";

/** Downloads with 16 connections, in pieces small enough for all of them. */
export function runAria2(url: string, path: string, digest?: Digest): Promise<void> {
  const checksum =
    digest === undefined ? [] : [`--checksum=sha-256=${digest.slice("sha256:".length)}`];
  const to = ["--dir", dirname(path), "--out", basename(path)];
  return runCommand("aria2c", ["-q", "-x16", "-s16", "-k1M", ...checksum, ...to, url]);
}
