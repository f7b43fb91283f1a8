import type { PullEvent } from "@store/fetch";

import { escapeText } from "./escape-text.ts";
import { formatBytes } from "./format-bytes.ts";
import { formatPlural } from "./format-count.ts";
import { formatDuration } from "./format-duration.ts";
import type { Output } from "./output.ts";

/** Where nothing is redrawn, a line per file every ten seconds shows that something moves. */
const LINE_MS = 10_000;

interface FileProgress {
  readonly total: number | undefined;
  readonly received: number;
  readonly verified: number;
  readonly bytesPerSecond: number;
  readonly done: boolean;
}

/**
 * Tells of a pull while it works: events under `--json`, a line that is redrawn on a terminal, and
 * a few plain lines anywhere else.
 */
export function createPullProgress(
  output: Output,
  now: () => number = () => performance.now(),
): (event: PullEvent) => void {
  const files = new Map<string, FileProgress>();
  let expected: Extract<PullEvent, { kind: "resolve" }> | undefined;
  let toldAtMs = now();

  function update(path: string, change: Partial<FileProgress>): void {
    const before = files.get(path);
    const fresh = { total: undefined, received: 0, verified: 0, bytesPerSecond: 0, done: false };
    files.set(path, { ...fresh, ...before, ...change });
  }

  return (event) => {
    output.event(event);
    switch (event.kind) {
      case "resolve":
        expected = event;
        break;
      case "file-start":
        update(event.path, { total: event.size, received: event.resumedBytes });
        break;
      case "progress":
        update(event.path, {
          total: event.total,
          received: event.received,
          verified: event.verified,
          bytesPerSecond: event.bytesPerSecond,
        });
        break;
      case "verify":
        update(event.path, { verified: event.verified, bytesPerSecond: 0 });
        break;
      case "file-done":
        update(event.path, {
          total: event.size,
          received: event.size,
          verified: event.size,
          done: true,
        });
        break;
      case "wait":
      case "retry":
      case "range":
      case "takeover":
      case "publish":
        break;
    }
    const line = describeEvent(event, output.status.visible);
    if (line !== undefined) {
      output.note(line);
    } else if (event.kind === "progress" && !output.status.visible && now() - toldAtMs >= LINE_MS) {
      output.note(describeProgress(event));
    } else {
      output.status.draw(() => describeAll(files, expected));
      return;
    }
    toldAtMs = now();
  };
}

/** What is worth a line of its own. A terminal shows the rest in the line that is redrawn. */
function describeEvent(event: PullEvent, terse: boolean): string | undefined {
  switch (event.kind) {
    case "resolve": {
      const revision = event.revision === "" ? "" : ` at ${escapeText(event.revision)}`;
      const size = event.bytes === undefined ? "" : `, ${formatBytes(event.bytes)}`;
      return `${escapeText(event.location)}${revision}: ${formatPlural(event.fileCount, "file")}${size}`;
    }
    case "file-start": {
      const path = escapeText(event.path);
      const size = event.size === undefined ? "" : ` of ${formatBytes(event.size)}`;
      if (event.resumedBytes > 0) {
        return `resuming ${path}: ${formatBytes(event.resumedBytes)}${size} are here already`;
      }
      return terse ? undefined : `fetching ${path}`;
    }
    case "wait":
      return `${escapeText(event.path)} is being fetched by another process; waiting for it`;
    case "retry":
      return `${escapeText(event.path)}: ${escapeText(event.message)}; trying again in ${formatDuration(event.delayMs)}`;
    case "takeover":
      return `${escapeText(event.path)}: ${escapeText(event.message)}; now from ${escapeText(event.location)}`;
    case "file-done": {
      if (terse) return undefined;
      const path = escapeText(event.path);
      return event.reused
        ? `${path} was here already`
        : `${path} is here, ${formatBytes(event.size)}, verified`;
    }
    case "progress":
    case "range":
    case "verify":
    case "publish":
      return undefined;
  }
}

function describeProgress(event: Extract<PullEvent, { kind: "progress" }>): string {
  const { path, received, total, bytesPerSecond } = event;
  return `${escapeText(path)}: ${describeBytes(received, total)}, ${formatBytes(bytesPerSecond)}/s`;
}

function describeBytes(received: number, total: number | undefined): string {
  if (total === undefined) return formatBytes(received);
  const percent = total === 0 ? 100 : Math.floor((received / total) * 100);
  return `${percent} %, ${formatBytes(received)} of ${formatBytes(total)}`;
}

function describeAll(
  files: ReadonlyMap<string, FileProgress>,
  expected: { readonly fileCount: number; readonly bytes: number | undefined } | undefined,
): string {
  const all = [...files.values()];
  const done = all.filter((file) => file.done).length;
  const received = all.reduce((sum, file) => sum + file.received, 0);
  const active = all.filter((file) => !file.done);
  const bytesPerSecond = active.reduce((sum, file) => sum + file.bytesPerSecond, 0);
  const parts = [describeBytes(received, expected?.bytes)];
  if (bytesPerSecond > 0) {
    parts.push(`${formatBytes(bytesPerSecond)}/s`);
    if (expected?.bytes !== undefined) {
      const leftMs = ((expected.bytes - received) / bytesPerSecond) * 1000;
      parts.push(`${formatDuration(leftMs)} left`);
    }
  }
  // A large file that came in several goes is read back, which takes a while.
  const checking = active.find(
    ({ total, received: here }) => total !== undefined && here === total,
  );
  if (checking?.total !== undefined && bytesPerSecond === 0) {
    parts.push(`${Math.floor((checking.verified / Math.max(1, checking.total)) * 100)} % checked`);
  }
  if (expected !== undefined && expected.fileCount > 1) {
    parts.push(`${done} of ${expected.fileCount} files`);
  }
  return parts.join(", ");
}
