import type { ByteRange } from "@store/layout";
import { digestBytes, isStoreError } from "@store/layout";

import type { ResolvedModel, Source, SourceFile } from "../source.ts";

/** A place with one model in it, and a source that reads it. */
export interface SourceFixture extends AsyncDisposable {
  readonly source: Source;
  /** Location of a model of exactly these files, of which at least one has 1000 bytes or more. */
  readonly location: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** What the place calls this state of the model; `""` where it has no word for it. */
  readonly revision: string;
  /** A location of the right form with nothing there. */
  readonly absent: string;
}

export interface SourceSuiteOptions {
  readonly name: string;
  /** A fixture of its own for every call. */
  create(): Promise<SourceFixture>;
}

/**
 * Behaviour every {@link Source} has. To be awaited in a test file: vitest is loaded only here, so
 * that the servers beside this suite can be had without it.
 */
export async function sourceSuite({ name, create }: SourceSuiteOptions): Promise<void> {
  const { afterEach, beforeEach, describe, expect, it } = await import("vitest");
  describe(`${name} as a source`, () => {
    let fixture: SourceFixture;
    beforeEach(async () => {
      fixture = await create();
    });
    afterEach(() => fixture[Symbol.asyncDispose]());

    async function resolve(): Promise<ResolvedModel> {
      const model = await fixture.source.resolve(fixture.location);
      return model ?? expect.fail(`${fixture.location} was not resolved`);
    }
    async function largest(): Promise<readonly [ResolvedModel, SourceFile, Uint8Array]> {
      const model = await resolve();
      const [path, bytes] = Object.entries(fixture.files).reduce((a, b) =>
        a[1].length >= b[1].length ? a : b,
      );
      const file = model.files.find((candidate) => candidate.path === path);
      return file === undefined ? expect.fail(`${path} is not listed`) : [model, file, bytes];
    }
    async function read(model: ResolvedModel, file: SourceFile, range: ByteRange): Promise<Opened> {
      const { start, end, total, body } = await fixture.source.open(model, file, range);
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return { start, end, total, bytes: new Uint8Array(Buffer.concat(chunks)) };
    }

    it("accepts its own locations, and leaves all others to other sources", async () => {
      const { source, location } = fixture;
      expect(source.accepts(location)).toBe(true);
      for (const other of ["", "model", "no-such-scheme://x/y", "llama3.2:latest"]) {
        expect(source.accepts(other), other).toBe(false);
        expect(await source.resolve(other), other).toBeUndefined();
      }
    });

    it("lists every file once, ascending, with what is known of it", async () => {
      const model = await resolve();
      expect(model.files.map(({ path }) => path)).toEqual(Object.keys(fixture.files).sort());
      for (const { path, size, digest } of model.files) {
        const bytes = fixture.files[path] ?? new Uint8Array(0);
        if (size !== undefined) expect(size, path).toBe(bytes.length);
        if (digest !== undefined) expect(digest, path).toBe(digestBytes(bytes));
      }
    });

    it("pins the revision that is there", async () => {
      expect((await resolve()).revision).toBe(fixture.revision);
    });

    it("finds every file again by what a pull records of it, without asking anybody", async () => {
      const { source, files } = fixture;
      const { place, revision, files: listed } = await resolve();
      if (place === undefined) return;
      for (const { path } of listed) {
        const bytes = files[path] ?? expect.fail(`${path} is not there`);
        const known = { digest: digestBytes(bytes), size: bytes.length };
        const origin = { location: place, path, ...(revision === "" ? {} : { revision }) };
        const model = source.resolveOrigin?.(origin, known) ?? expect.fail(`${path} is lost`);
        expect(model.files, path).toMatchObject([known]);
        const [file] = model.files;
        if (file === undefined) continue;
        const opened = await read(model, file, { start: 0, end: Infinity });
        expect(opened.bytes, path).toEqual(bytes);
      }
      const elsewhere = { location: "no-such-scheme://x/y", path: "z" };
      expect(
        source.resolveOrigin?.(elsewhere, { digest: digestBytes(new Uint8Array(0)) }),
      ).toBeUndefined();
    });

    it("gives the same answer twice while nothing changes", async () => {
      expect(await resolve()).toEqual(await resolve());
    });

    it("opens whole files, the empty ones too", async () => {
      const model = await resolve();
      for (const file of model.files) {
        const opened = await read(model, file, { start: 0, end: Infinity });
        expect(opened.start).toBe(0);
        expect(opened.bytes, file.path).toEqual(fixture.files[file.path]);
      }
    });

    it("opens the range that was asked for, and no byte more", async () => {
      const [model, file, bytes] = await largest();
      for (const range of [
        { start: 0, end: 1 },
        { start: 1, end: 700 },
        { start: bytes.length - 1, end: bytes.length },
      ]) {
        const opened = await read(model, file, range);
        expect(opened).toMatchObject({ ...range, total: bytes.length });
        expect(opened.bytes).toEqual(bytes.slice(range.start, range.end));
      }
    });

    it("opens the rest of a file without being told where it ends", async () => {
      const [model, file, bytes] = await largest();
      const opened = await read(model, file, { start: 500, end: Infinity });
      expect(opened.bytes).toEqual(bytes.slice(500));
    });

    it("lets go of a body that nobody reads", async () => {
      const [model, file] = await largest();
      const { body } = await fixture.source.open(model, file, { start: 0, end: Infinity });
      await body[Symbol.asyncIterator]().return?.();
    });

    it("says that a model is not there, by code and not by absence", async () => {
      const error: unknown = await fixture.source.resolve(fixture.absent).catch((e: unknown) => e);
      expect(isStoreError(error, "ERR_STORE_MODEL_NOT_FOUND"), String(error)).toBe(true);
    });

    it("rejects with the reason of an abort", async () => {
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      const { source, location } = fixture;
      await expect(source.resolve(location, { signal })).rejects.toBe(reason);
      const [model, file] = await largest();
      const range = { start: 0, end: Infinity };
      await expect(source.open(model, file, range, { signal })).rejects.toBe(reason);
    });
  });
}

interface Opened {
  readonly start: number;
  readonly end: number;
  readonly total: number | undefined;
  readonly bytes: Uint8Array;
}
