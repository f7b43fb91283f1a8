/**
 * Stands for a number that is no whole number JavaScript holds exactly: `0.5`, `1e3`,
 * `9007199254740993`. It fits no shape, so no size is ever rounded.
 */
export const INEXACT_NUMBER: unique symbol = Symbol("a number that is not whole or not exact");

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | typeof INEXACT_NUMBER
  | readonly JsonValue[]
  | JsonObject;

/** Whether a value is an object of key and value. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
