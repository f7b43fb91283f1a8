import type { NamePart, PartProblem } from "./name-error.ts";
import { isDeviceName } from "./windows-names.ts";

/** The convention's limit (inferd). With `.json` it stays far below 255, the limit of file systems. */
const FLAT_NAME_MAX = 128;

/** Ollama's limit for namespace, model and tag. */
const PART_MAX = 80;

/**
 * Ollama allows 350, which no file system takes as one directory name. 255 is what all take, and
 * it holds for the host as Windows spells it, with three bytes for each colon.
 */
const HOST_MAX = 255;

interface Grammar {
  /** Called so in messages. */
  readonly called: string;
  readonly first: RegExp;
  readonly rest: RegExp;
  /** `first`, then any number of `rest`. */
  readonly whole: RegExp;
  /** In words, for hints. */
  readonly allowed: string;
  readonly lengthMax: number;
}

// Sources: inferd's validate_model_name for flat names, Ollama's names package for the others.
const grammars: Readonly<Record<Exclude<NamePart, "digest">, Grammar>> = {
  name: {
    called: "a flat name",
    first: /[A-Za-z0-9_-]/,
    rest: /[A-Za-z0-9._-]/,
    whole: /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/,
    allowed: "A flat name has letters, digits, `.`, `_` and `-`, and does not start with a dot.",
    lengthMax: FLAT_NAME_MAX,
  },
  host: {
    called: "a host",
    first: /[A-Za-z0-9_]/,
    rest: /[A-Za-z0-9._:-]/,
    whole: /^[A-Za-z0-9_][A-Za-z0-9._:-]*$/,
    allowed:
      "A host has letters, digits, `.`, `_`, `-` and `:`, and starts with a letter, a digit or `_`.",
    lengthMax: HOST_MAX,
  },
  namespace: {
    called: "a namespace",
    first: /[A-Za-z0-9_]/,
    rest: /[A-Za-z0-9_-]/,
    whole: /^[A-Za-z0-9_][A-Za-z0-9_-]*$/,
    allowed:
      "A namespace has letters, digits, `_` and `-`, and starts with a letter, a digit or `_`.",
    lengthMax: PART_MAX,
  },
  model: {
    called: "a model",
    first: /[A-Za-z0-9_]/,
    rest: /[A-Za-z0-9._-]/,
    whole: /^[A-Za-z0-9_][A-Za-z0-9._-]*$/,
    allowed:
      "A model has letters, digits, `.`, `_` and `-`, and starts with a letter, a digit or `_`.",
    lengthMax: PART_MAX,
  },
  tag: {
    called: "a tag",
    first: /[A-Za-z0-9_]/,
    rest: /[A-Za-z0-9._-]/,
    whole: /^[A-Za-z0-9_][A-Za-z0-9._-]*$/,
    allowed:
      "A tag has letters, digits, `.`, `_` and `-`, and starts with a letter, a digit or `_`.",
    lengthMax: PART_MAX,
  },
};

/** What keeps a text from being this part of a name, or `undefined` if nothing does. */
export function findPartProblem(
  part: Exclude<NamePart, "digest">,
  text: string,
): PartProblem | undefined {
  const grammar = grammars[part];
  if (text === "") return { message: `${grammar.called} is missing`, index: 0 };
  return (
    findCharacterProblem(grammar, text) ??
    findLengthProblem(grammar, text) ??
    findFileProblem(grammar, text) ??
    (part === "name" ? findFlatProblem(text) : undefined) ??
    (part === "host" ? findHostProblem(text) : undefined)
  );
}

/** Whether every character is allowed where it stands, at the cost of one look: nearly all are. */
function isSpelledWith(grammar: Grammar, text: string): boolean {
  return text.length <= grammar.lengthMax && grammar.whole.test(text);
}

function findCharacterProblem(grammar: Grammar, text: string): PartProblem | undefined {
  if (isSpelledWith(grammar, text)) return undefined;
  // Only up to the limit: what follows is refused for its length anyway.
  const scanned = Math.min(text.length, grammar.lengthMax + 1);
  for (let index = 0; index < scanned; index += 1) {
    const unit = text.charAt(index);
    if ((index === 0 ? grammar.first : grammar.rest).test(unit)) continue;
    const where = index === 0 ? "cannot start with" : "cannot contain";
    return {
      message: `${grammar.called} ${where} ${describeUnit(unit)}`,
      index,
      hint: grammar.allowed,
    };
  }
  return undefined;
}

function findLengthProblem(grammar: Grammar, text: string): PartProblem | undefined {
  // The alphabet is ASCII, so units are bytes. A colon takes three where it has to be escaped.
  const size = text.includes(":") ? text.replaceAll(":", "%3A").length : text.length;
  if (size <= grammar.lengthMax) return undefined;
  return {
    message: `${grammar.called} is longer than ${grammar.lengthMax} bytes`,
    index: grammar.lengthMax,
    hint: "Give it another name with --as.",
  };
}

/** What some file system would not keep as it is. */
function findFileProblem(grammar: Grammar, text: string): PartProblem | undefined {
  if (text.endsWith(".")) {
    return {
      message: `${grammar.called} cannot end in a dot`,
      index: text.length - 1,
      hint: "Windows drops a dot at the end, so two names would become one.",
    };
  }
  if (isDeviceName(text)) {
    return {
      message: `${grammar.called} cannot be a Windows device name`,
      index: 0,
      hint: "CON, PRN, AUX, NUL, COM1 to COM9 and LPT1 to LPT9 are no file names on Windows.",
    };
  }
  return undefined;
}

function findFlatProblem(text: string): PartProblem | undefined {
  const dots = text.indexOf("..");
  if (dots >= 0) return { message: "a flat name cannot contain `..`", index: dots };
  const ending = /\.json(?:\.tmp)?$/i.exec(text);
  if (ending !== null) {
    return {
      message: `a flat name cannot end in \`${ending[0]}\``,
      index: ending.index,
      hint: "The store adds `.json` itself.",
    };
  }
  if (/^sha256-[0-9a-f]{64}$/i.test(text)) {
    return { message: "a flat name cannot be a digest", index: 0 };
  }
  return undefined;
}

/** A host is a directory beside the files of the flat names, and must never meet one. */
function findHostProblem(text: string): PartProblem | undefined {
  const ending = /\.json(?:\.tmp)?$/i.exec(text);
  return ending === null
    ? undefined
    : { message: `a host cannot end in \`${ending[0]}\``, index: ending.index };
}

function describeUnit(unit: string): string {
  if (unit === " ") return "a space";
  if (/[\x21-\x7e]/.test(unit)) return `\`${unit}\``;
  return `U+${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
