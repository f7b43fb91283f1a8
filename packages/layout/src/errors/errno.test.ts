import { readFile } from "node:fs/promises";

import { describe, expect, it } from "vitest";

import { errnoOf, isErrno } from "./errno.ts";
import { isStoreError, StoreError } from "./store-error.ts";
import { asStoreError, explaining } from "./system-error.ts";

const failed = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`${code}: it failed`), { code, ...more });

/** What Node makes of a full quota on Linux: it has no name for the number. */
const overQuota = failed("Unknown system error -122", { errno: -122, path: "/store/x" });

describe("errnoOf", () => {
  it("names a system error", async () => {
    const error: unknown = await readFile("/nowhere/at/all").catch((e: unknown) => e);
    expect(errnoOf(error)).toBe("ENOENT");
    expect(isErrno(error, "EEXIST", "ENOENT")).toBe(true);
    expect(isErrno(error, "EEXIST")).toBe(false);
    expect(isErrno(error)).toBe(false);
  });

  it("knows a full quota by its number", () => {
    expect(errnoOf(overQuota)).toBe("EDQUOT");
    expect(isErrno(overQuota, "EDQUOT")).toBe(true);
  });

  it.each([
    ["an error without a code", new Error("no")],
    ["an error of Node's own", failed("ERR_INVALID_ARG_TYPE")],
    ["a number for a code", Object.assign(new Error("no"), { code: 5 })],
    ["a code in lower case", failed("enoent")],
    ["a code with a path in it", failed("ENOENT /x")],
    ["no error at all", { code: "ENOENT" }],
    ["text", "ENOENT"],
    ["null", null],
    ["undefined", undefined],
  ])("has no name for %s", (_what, value) => {
    expect(errnoOf(value)).toBeUndefined();
    expect(isErrno(value, "ENOENT")).toBe(false);
  });
});

describe("asStoreError", () => {
  it.each([
    ["ENOSPC", "exhausted", "ERR_STORE_NO_SPACE"],
    ["EDQUOT", "exhausted", "ERR_STORE_NO_SPACE"],
    ["EFBIG", "exhausted", "ERR_STORE_NO_SPACE"],
    ["EROFS", "denied", "ERR_STORE_READ_ONLY"],
    ["EACCES", "denied", "ERR_STORE_NO_PERMISSION"],
    ["EPERM", "denied", "ERR_STORE_NO_PERMISSION"],
    ["EIO", "unavailable", "ERR_STORE_IO_FAILED"],
    ["ESTALE", "unavailable", "ERR_STORE_IO_FAILED"],
    ["ENODEV", "unavailable", "ERR_STORE_IO_FAILED"],
    ["ENXIO", "unavailable", "ERR_STORE_IO_FAILED"],
    ["ENOMEM", "unavailable", "ERR_STORE_IO_FAILED"],
    ["ENOENT", "conflict", "ERR_STORE_PATH_CHANGED"],
    ["EEXIST", "conflict", "ERR_STORE_PATH_CHANGED"],
    ["ENOTEMPTY", "conflict", "ERR_STORE_PATH_CHANGED"],
    ["ENOSYS", "unsupported", "ERR_STORE_FS_UNSUPPORTED"],
    ["ENOTSUP", "unsupported", "ERR_STORE_FS_UNSUPPORTED"],
    ["EOPNOTSUPP", "unsupported", "ERR_STORE_FS_UNSUPPORTED"],
    ["EXDEV", "unavailable", "ERR_STORE_IO_FAILED"],
    ["EBUSY", "busy", "ERR_STORE_IO_FAILED"],
    ["ETXTBSY", "busy", "ERR_STORE_IO_FAILED"],
    ["EMFILE", "busy", "ERR_STORE_TOO_MANY_FILES"],
    ["ENFILE", "busy", "ERR_STORE_TOO_MANY_FILES"],
    ["ENAMETOOLONG", "invalid", "ERR_STORE_PATH_UNUSABLE"],
    ["ELOOP", "invalid", "ERR_STORE_PATH_UNUSABLE"],
    ["ENOTDIR", "invalid", "ERR_STORE_PATH_UNUSABLE"],
    ["EISDIR", "invalid", "ERR_STORE_PATH_UNUSABLE"],
    ["EINVAL", "invalid", "ERR_STORE_PATH_UNUSABLE"],
  ])("gives %s its meaning: %s, %s, and a hint", (errno, kind, code) => {
    const cause = failed(errno, { path: "/store/x" });
    const error = asStoreError(cause, "write blob");
    expect(error).toMatchObject({
      kind,
      code,
      message: `cannot write blob: ${errno} at /store/x`,
      detail: { errno, path: "/store/x" },
      cause,
    });
    expect((error as StoreError).hint).toMatch(/^[A-Z].*\.$/);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ kind, code });
  });

  it("gives a quota known by its number only the meaning of a full disk", () => {
    expect(asStoreError(overQuota, "write")).toMatchObject({
      code: "ERR_STORE_NO_SPACE",
      detail: { errno: "EDQUOT" },
    });
  });

  it.each([
    [-117, "EUCLEAN"],
    [-121, "EREMOTEIO"],
  ])(
    "gives damage that Node knows by the number %i only the meaning of a failing disk",
    (errno, name) => {
      const damaged = failed(`Unknown system error ${errno}`, { errno });
      expect(asStoreError(damaged, "read")).toMatchObject({
        code: "ERR_STORE_IO_FAILED",
        detail: { errno: name },
      });
    },
  );

  it("takes the caller's path for the system's, and does without one", () => {
    expect(asStoreError(failed("EIO", { path: "/a" }), "read", "/b")).toMatchObject({
      detail: { path: "/b" },
    });
    expect(asStoreError(failed("EIO"), "read")).toMatchObject({ message: "cannot read: EIO" });
  });

  it("leaves everything else as it is", () => {
    const stored = new StoreError("x", { kind: "corrupt", code: "ERR_STORE_X" });
    const network = failed("ECONNRESET");
    const bug = new TypeError("bug");
    for (const value of [stored, network, bug, "text", undefined]) {
      expect(asStoreError(value, "read")).toBe(value);
    }
  });
});

it("explains what failed, and hands on what did not", async () => {
  await expect(explaining("read", () => Promise.resolve(1))).resolves.toBe(1);
  await expect(explaining("read", () => Promise.reject(failed("EIO")))).rejects.toSatisfy((error) =>
    isStoreError(error, "ERR_STORE_IO_FAILED"),
  );
  const reason = new Error("enough");
  await expect(explaining("read", () => Promise.reject(reason))).rejects.toBe(reason);
});
