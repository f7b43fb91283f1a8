import type { FetchPlan, PlannedFile } from "@store/fetch";

import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatPlural } from "../output/format-count.ts";

const words: Readonly<Record<PlannedFile["state"], string>> = {
  present: "here",
  partial: "begun",
  absent: "missing",
};

/** A plan for people: one line per file, and what it comes to. */
export function describePlan(plan: FetchPlan): string {
  const lines = plan.files.map(({ state, path, size, bytesPresent }) => {
    const bytes = size === undefined ? "size unknown" : formatBytes(size);
    const part = state === "partial" ? `, ${formatBytes(bytesPresent)} of it here` : "";
    return `${words[state].padEnd(7)} ${escapeText(path)} (${bytes}${part})\n`;
  });
  const wanted = plan.files.filter(({ state }) => state !== "present");
  const { bytesToFetch, bytesFree } = plan;
  const bytes = bytesToFetch === undefined ? "" : `, ${formatBytes(bytesToFetch)},`;
  const free = bytesFree === undefined ? "" : `${formatBytes(bytesFree)} of disk are free\n`;
  const verb = plan.replaces === undefined ? "for" : "to bring up to date";
  return `${lines.join("")}would fetch ${formatPlural(wanted.length, "file")}${bytes} ${verb} ${escapeText(plan.name)}\n${free}`;
}
