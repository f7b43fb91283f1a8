import { z } from "zod";

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

const annotations: z.ZodType<AnnotationsShape> = z.record(z.string(), z.string()).nullish();

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

/** A descriptor below `layers` can have 40,000 siblings; one fault each is not worth listing. */
const ISSUES_MAX = 10;

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

export function shapeImage(value: unknown): Shaped<ImageShape> {
  return shapeOf(image, value);
}

export function shapeIndex(value: unknown): Shaped<IndexShape> {
  return shapeOf(index, value);
}
