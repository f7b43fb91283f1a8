import { z } from "zod";

import type { JsonObject } from "./json/json-value.ts";
import { quoteText } from "./name/name-error.ts";

/**
 * The shapes of the documents that come from outside. The only file that knows zod; nothing of it
 * appears in a public type. Objects here are what `parseJson` makes, so a number is whole and exact.
 */

export interface V1Shape {
  readonly schema_version: 1;
  readonly name: string;
  readonly format: string;
  readonly blob: string;
  readonly size_bytes: number;
  readonly license?: string | null | undefined;
  readonly source: {
    readonly registry: string;
    readonly repo: string;
    readonly revision: string;
    readonly filename: string;
  };
  readonly produced_by: string;
  readonly produced_at: string;
}

/** Go writes `null` for an empty map or slice, and several registries do. */
type AnnotationsShape = Readonly<Record<string, string>> | null | undefined;

export interface DescriptorShape {
  readonly mediaType?: string | undefined;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string | undefined;
  readonly annotations?: AnnotationsShape;
  readonly name?: string | undefined;
  readonly platform?: PlatformShape | null | undefined;
}

interface PlatformShape {
  readonly os?: string | undefined;
  readonly architecture?: string | undefined;
  readonly variant?: string | undefined;
}

interface LinkedShape {
  readonly schemaVersion?: 2 | undefined;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly subject?: DescriptorShape | null | undefined;
  readonly annotations?: AnnotationsShape;
}

export interface ImageShape extends LinkedShape {
  readonly config?: DescriptorShape | null | undefined;
  readonly layers?: readonly DescriptorShape[] | null | undefined;
}

export interface IndexShape extends LinkedShape {
  readonly manifests?: readonly DescriptorShape[] | null | undefined;
}

const size: z.ZodType<number> = z.number().int().nonnegative();
const word: z.ZodType<string | undefined> = z.string().optional();

const v1: z.ZodType<V1Shape> = z.object({
  schema_version: z.literal(1),
  name: z.string(),
  format: z.string(),
  blob: z.string(),
  size_bytes: size,
  license: z.string().nullish(),
  source: z.object({
    registry: z.string(),
    repo: z.string(),
    revision: z.string(),
    filename: z.string(),
  }),
  produced_by: z.string(),
  produced_at: z.string(),
});

/** Writers have a dozen. A hostile document could have half a million, and takes a second then. */
const ANNOTATIONS_MAX = 10_000;

const annotations: z.ZodType<AnnotationsShape> = z
  .custom<Readonly<Record<string, string>>>(
    isTexts,
    `not an object of at most ${ANNOTATIONS_MAX} texts`,
  )
  .nullish();

function isTexts(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const texts = Object.values(value);
  return texts.length <= ANNOTATIONS_MAX && texts.every((text) => typeof text === "string");
}

const descriptor: z.ZodType<DescriptorShape> = z.object({
  mediaType: word,
  digest: z.string(),
  size: size,
  artifactType: word,
  annotations: annotations,
  name: word,
  platform: z.object({ os: word, architecture: word, variant: word }).nullish(),
});

const image: z.ZodType<ImageShape> = z.object({
  schemaVersion: z.literal(2).optional(),
  mediaType: word,
  artifactType: word,
  subject: descriptor.nullish(),
  annotations: annotations,
  config: descriptor.nullish(),
  layers: z.array(descriptor).nullish(),
});

const index: z.ZodType<IndexShape> = z.object({
  schemaVersion: z.literal(2).optional(),
  mediaType: word,
  artifactType: word,
  subject: descriptor.nullish(),
  annotations: annotations,
  manifests: z.array(descriptor).nullish(),
});

/** A value of the shape, or what is wrong with it, field by field. */
export type Shaped<T> = { readonly value: T } | { readonly issues: readonly string[] };

/** One fault for each of many descriptors is not worth listing. */
const ISSUES_MAX = 10;
/** A whole descriptor has some 90 bytes, so that 4 MiB hold no more. */
const DESCRIPTORS_MAX = 50_000;

function shapeOf<T>(schema: z.ZodType<T>, value: unknown): Shaped<T> {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  return {
    issues: result.error.issues
      .slice(0, ISSUES_MAX)
      .map(({ path, message }) => `${quoteText(path.join("."))}: ${message}`),
  };
}

export function shapeV1(value: unknown): Shaped<V1Shape> {
  return shapeOf(v1, value);
}

export function shapeImage(value: JsonObject): Shaped<ImageShape> {
  return findExcess("layers", value) ?? shapeOf(image, value);
}

export function shapeIndex(value: JsonObject): Shaped<IndexShape> {
  return findExcess("manifests", value) ?? shapeOf(index, value);
}

/** Looked for first: a fault takes a thousand times the memory of the two bytes that make it. */
function findExcess(key: string, value: JsonObject): Shaped<never> | undefined {
  const list = value[key];
  return Array.isArray(list) && list.length > DESCRIPTORS_MAX
    ? { issues: [`"${key}": more than ${DESCRIPTORS_MAX} descriptors`] }
    : undefined;
}
