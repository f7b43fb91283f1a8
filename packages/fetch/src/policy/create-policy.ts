import { StoreError } from "@store/layout";

import type { SourceFile } from "../source.ts";
import { isPickleFile } from "./pickle-file.ts";
import type { PolicyRules, PolicySubject, PullPolicy } from "./pull-policy.ts";

/** Verdicts of the hub's scanners that mean harm; others (`queued`, `caution`) mean nothing yet. */
const harmful: ReadonlySet<string> = new Set(["unsafe", "suspicious"]);

/** A policy made of rules. Without any it still refuses pickle files and what a scan found unsafe. */
export function createPolicy(rules: PolicyRules = {}): PullPolicy {
  return (subject) => {
    const { model } = subject;
    const refusal =
      findHostProblem(model.source.registry, rules) ??
      findLicenseProblem(model.license, rules) ??
      findSizeProblem(subject, rules) ??
      findScanProblem(subject, rules) ??
      findPickleProblem(subject, rules);
    if (refusal === undefined) return;
    const { rule, message, hint, detail } = refusal;
    throw new StoreError(`${model.location} is not allowed: ${message}`, {
      kind: "denied",
      code: "ERR_STORE_POLICY_REFUSED",
      hint,
      detail: { rule, location: model.location, ...detail },
    });
  };
}

interface Refusal {
  readonly rule: string;
  readonly message: string;
  readonly hint: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

function findHostProblem(host: string, { allowedHosts }: PolicyRules): Refusal | undefined {
  // A file of this machine has no host.
  if (allowedHosts === undefined || host === "") return undefined;
  const folded = host.toLowerCase();
  const isAllowed = allowedHosts.some((pattern) => {
    const wanted = pattern.toLowerCase();
    return wanted.startsWith("*.") ? folded.endsWith(wanted.slice(1)) : folded === wanted;
  });
  return isAllowed
    ? undefined
    : {
        rule: "host",
        message: `models may not come from ${host}`,
        hint: "Allow that host as well with --allow-host.",
        detail: { host },
      };
}

function findLicenseProblem(
  license: string | undefined,
  { allowedLicenses }: PolicyRules,
): Refusal | undefined {
  if (allowedLicenses === undefined) return undefined;
  const folded = license?.toLowerCase();
  if (allowedLicenses.some((allowed) => allowed.toLowerCase() === folded)) return undefined;
  const message =
    license === undefined ? "it does not say its licence" : `its licence is ${license}`;
  const hint = "Allow it with --allow-license, or leave that rule out.";
  return { rule: "license", message, hint, detail: { license } };
}

function findSizeProblem({ files }: PolicySubject, { bytesMax }: PolicyRules): Refusal | undefined {
  if (bytesMax === undefined) return undefined;
  const unknown = files.find(({ size }) => size === undefined);
  if (unknown !== undefined) {
    const hint = "Pull it without --max-size, or leave it out with --exclude.";
    return { rule: "size", message: `nobody knows the size of ${unknown.path}`, hint };
  }
  const bytes = files.reduce((sum, { size = 0 }) => sum + size, 0);
  if (bytes <= bytesMax) return undefined;
  const message = `it has ${bytes} bytes, more than ${bytesMax}`;
  const hint = "Raise --max-size, or leave files out with --exclude.";
  return { rule: "size", message, hint, detail: { bytes, bytesMax } };
}

function findScanProblem(
  { files }: PolicySubject,
  { allowUnsafe }: PolicyRules,
): Refusal | undefined {
  const found = files.filter(({ scan }) => scan !== undefined && harmful.has(scan));
  if (allowUnsafe === true || found[0] === undefined) return undefined;
  return {
    rule: "scan",
    message: `the source's own scan says ${found[0].scan ?? ""} of ${listPaths(found)}`,
    hint: "Leave it out with --exclude, or take it all the same with --allow-unsafe.",
    detail: { paths: found.map(({ path }) => path) },
  };
}

function findPickleProblem(
  { model, files }: PolicySubject,
  { allowPickle }: PolicyRules,
): Refusal | undefined {
  const found = files.filter(({ path }) => isPickleFile(path));
  // What is on this machine already is no news, and what the location names is asked for.
  const isLocal = model.source.registry === "";
  const isNamed = files.length === 1 && isNamedBy(model.location, model.source.filename);
  if (allowPickle === true || isLocal || isNamed || found.length === 0) return undefined;
  return {
    rule: "pickle",
    message: `loading ${listPaths(found)} can run any code`,
    hint: "Leave such files out with --exclude, or take them with --allow-pickle.",
    detail: { paths: found.map(({ path }) => path) },
  };
}

/** Whether a location ends in the name of the file it leads to. */
function isNamedBy(location: string, filename: string): boolean {
  const last =
    location
      .replace(/[?#].*$/s, "")
      .split("/")
      .at(-1) ?? "";
  const name = filename.split("/").at(-1) ?? "";
  return name !== "" && (last === name || last === encodeURIComponent(name));
}

function listPaths(files: readonly SourceFile[]): string {
  const shown = files.slice(0, 5).map(({ path }) => path);
  return `${shown.join(", ")}${files.length > shown.length ? ` and ${files.length - shown.length} more` : ""}`;
}
