import { jsonResponse } from "../http/json-response.ts";

/** `GET /health`: that the daemon runs, and which one. Where the store lies is nobody's business. */
export function answerHealth(version: string): Response {
  return jsonResponse({ status: "ok", version });
}
