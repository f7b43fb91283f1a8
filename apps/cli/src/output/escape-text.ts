/**
 * Text from outside (names, paths, messages of servers) as it may be shown on a terminal: control
 * and format characters, line separators and halves of surrogate pairs are written out, so that
 * nothing moves the cursor, hides, or turns the reading direction.
 */
export function escapeText(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
