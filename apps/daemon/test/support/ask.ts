import { type AppOptions, createApp } from "../../src/http/app.ts";
import { DEFAULT_PORT } from "../../src/command/parse-arguments.ts";
import type { TestStore } from "./test-store.ts";

/** Asks an app without a socket. */
export type Ask = (
  path: string,
  headers?: Readonly<Record<string, string>>,
  init?: RequestInit,
) => Promise<Response>;

const AUTHORITY = `127.0.0.1:${DEFAULT_PORT}`;

export function createAsk(store: TestStore, more: Partial<AppOptions> = {}): Ask {
  const app = createApp({ ...store.options, ...more });
  return (path, headers = {}, init = {}) => {
    const request = new Request(`http://${AUTHORITY}${path}`, {
      ...init,
      headers: { host: AUTHORITY, ...headers },
    });
    return app.fetch(request, { port: DEFAULT_PORT });
  };
}

export async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

/** The error of an answer: its status and what it says. */
export async function errorOf(
  response: Response,
): Promise<{ readonly status: number; readonly kind: string; readonly code: string }> {
  const { error } = (await response.json()) as { error: { kind: string; code: string } };
  return { status: response.status, kind: error.kind, code: error.code };
}
