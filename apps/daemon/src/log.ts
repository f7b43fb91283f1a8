/** One thing that happened, as data. Values that are no JSON are left out. */
export interface LogEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Where events go. Never throws. */
export type Log = (event: LogEvent) => void;

/**
 * An event as one line of ASCII JSON. Names and messages come from outside: every character a
 * terminal or a log reader could act on (line ends, escapes, C1 controls, direction marks) is
 * escaped.
 */
export function formatLogLine(event: LogEvent, atMs: number): string {
  return escapeLine(JSON.stringify({ at: new Date(atMs).toISOString(), ...event }));
}

/** Text as one line of visible ASCII: what is not becomes `\\uXXXX`. */
export function escapeLine(text: string): string {
  return text.replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** What an error says to the operator: the whole of it, with its stack, since logs are private. */
export function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
