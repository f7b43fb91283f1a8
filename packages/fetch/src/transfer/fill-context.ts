import { isStoreError } from "@store/layout";

import { redactUrl } from "../http/redact-url.ts";
import type { RetryEvent } from "../http/retrying.ts";
import type { PullEvent } from "../pull-event.ts";
import type { ResolvedModel, SourceFile } from "../source.ts";
import type { FillContext, RangeSink } from "./fill-ranges.ts";
import { createProgressMeter, type ProgressMeter } from "./progress-meter.ts";
import type { TransferOptions, TransferPorts } from "./transfer-file.ts";

/** Connects a file of a source with a sink, and both with the events of the transfer. */
export function createFillContext(
  model: ResolvedModel,
  file: SourceFile,
  sink: RangeSink,
  ports: TransferPorts,
  { onEvent }: TransferOptions,
  resumedBytes = 0,
): {
  readonly context: FillContext;
  readonly meter: ProgressMeter;
  readonly counter: { bytes: number };
} {
  const counter = { bytes: 0 };
  const meter = createProgressMeter(
    { path: file.path, total: file.size, received: resumedBytes },
    ports.timers,
    onEvent,
  );
  const context: FillContext = {
    what: redactUrl(file.url ?? file.path),
    sink,
    open: (range, options) => ports.source.open(model, file, range, options),
    timers: ports.timers,
    retry: ports.retry,
    limit: ports.limit,
    onBytes(count) {
      counter.bytes += count;
      meter.add(count);
    },
    onRetry: (event) => onEvent(retryEvent(file.path, event)),
  };
  return { context, meter, counter };
}

/** A failed attempt, as the caller of a pull sees it. */
export function retryEvent(path: string, { error, attempt, delayMs }: RetryEvent): PullEvent {
  const code = isStoreError(error) ? error.code : "ERR_STORE_INTERNAL";
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "retry", path, attempt, delayMs, code, message };
}
