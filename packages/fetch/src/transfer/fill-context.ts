import { isStoreError } from "@store/layout";

import { redactUrl } from "../http/redact-url.ts";
import type { RetryEvent } from "../http/retrying.ts";
import type { PullEvent } from "../pull-event.ts";
import type { ResolvedModel, SourceFile } from "../source.ts";
import type { PlacedFile } from "../suppliers/supplier.ts";
import type { FillContext, RangeSink } from "./fill-ranges.ts";
import { createProgressMeter, type MeteredFile, type ProgressMeter } from "./progress-meter.ts";
import type { TransferOptions, TransferPorts } from "./transfer-file.ts";

/** Counts the bytes of one file that arrive, wherever they come from. */
export interface TransferCount extends ProgressMeter {
  /** So far. */
  readonly bytes: number;
}

export function createTransferCount(
  file: MeteredFile,
  { timers }: Pick<TransferPorts, "timers">,
  { onEvent }: Pick<TransferOptions, "onEvent">,
): TransferCount {
  let bytes = 0;
  const meter = createProgressMeter(file, timers, onEvent);
  return {
    ...meter,
    get bytes() {
      return bytes;
    },
    add(count) {
      bytes += count;
      meter.add(count);
    },
  };
}

/** Connects a file at one place with a sink, and both with the events of the transfer. */
export function connectFill(
  { path, placed: { source, model, file } }: { readonly path: string; readonly placed: PlacedFile },
  sink: RangeSink,
  { timers, retry, limit }: Pick<TransferPorts, "timers" | "retry" | "limit">,
  { count, onEvent }: Pick<TransferOptions, "onEvent"> & { readonly count: TransferCount },
): FillContext {
  return {
    what: redactUrl(file.url ?? file.path),
    sink,
    async open(range, options) {
      const opened = await source.open(model, file, range, options);
      const { start } = opened;
      const end = opened.end === Infinity ? undefined : opened.end;
      onEvent({ kind: "range", path, start, end, source: model.source.registry || source.scheme });
      return opened;
    },
    timers,
    retry,
    limit,
    onBytes: (bytes) => count.add(bytes),
    onRetry: (event) => onEvent(retryEvent(path, event)),
  };
}

/** {@link connectFill} of a file that has one place only. */
export function createFillContext(
  model: ResolvedModel,
  file: SourceFile,
  sink: RangeSink,
  ports: TransferPorts,
  { onEvent }: TransferOptions,
): { readonly context: FillContext; readonly meter: TransferCount } {
  const { path, size: total } = file;
  const count = createTransferCount({ path, total, received: 0, verified: () => 0 }, ports, {
    onEvent,
  });
  const placed = { source: ports.source, model, file };
  return { context: connectFill({ path, placed }, sink, ports, { count, onEvent }), meter: count };
}

/** A failed attempt, as the caller of a pull sees it. */
export function retryEvent(path: string, { error, attempt, delayMs }: RetryEvent): PullEvent {
  const code = isStoreError(error) ? error.code : "ERR_STORE_INTERNAL";
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "retry", path, attempt, delayMs, code, message };
}
