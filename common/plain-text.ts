/** Text without control and direction characters, which could forge lines or move the cursor of a terminal. */
export function withoutControls(text: string): string {
  return Array.from(text, (character) => (isControl(character) ? '\uFFFD' : character)).join('');
}

function isControl(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return character !== '\n' && character !== '\t';
  return (
    (code >= 0x7f && code <= 0x9f) ||
    // Half of a surrogate pair is no character.
    (code >= 0xd800 && code <= 0xdfff) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069)
  );
}
