/** The header fields of an answer. The platform's `Headers` are such, too. */
export interface AnswerFields {
  /** The value of a field, its name in any case; of one that was sent twice both, with a comma between. */
  get(name: string): string | null;
  has(name: string): boolean;
}

export interface AnswerFieldsBuilder extends AnswerFields {
  append(name: string, value: string): void;
}

/** What HTTP leaves out around a value, and no other space. */
const blanks = /^[\t ]+|[\t ]+$/g;

/** A plain map: making `Headers` costs as much as everything else about the head of a small answer. */
export function createAnswerFields(): AnswerFieldsBuilder {
  const values = new Map<string, string>();
  return {
    get: (name) => values.get(name.toLowerCase()) ?? null,
    has: (name) => values.has(name.toLowerCase()),
    append(name, value) {
      const key = name.toLowerCase();
      const before = values.get(key);
      const trimmed = value.replace(blanks, "");
      values.set(key, before === undefined ? trimmed : `${before}, ${trimmed}`);
    },
  };
}
