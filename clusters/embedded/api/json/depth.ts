/** Deeper than any Kubernetes object; far from where walking a tree would use up the stack. */
const DEEPEST_JSON = 500;
/** The YAML parser takes more of the stack for each level. */
const DEEPEST_YAML = 200;

/** Whether objects and lists of a JSON text lie in each other deeper than is taken. Strings do not count. */
export function isTooDeepJson(text: string): boolean {
  // Each level needs its bracket and the one that closes it.
  if (text.length < 2 * DEEPEST_JSON) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = endOfString(text, at);
        break;
      case 0x5b:
      case 0x7b:
        depth += 1;
        if (depth > DEEPEST_JSON) return true;
        break;
      case 0x5d:
      case 0x7d:
        depth -= 1;
        break;
      default:
    }
  }
  return false;
}

/**
 * The same for YAML, roughly: brackets count wherever they stand, and so do growing indents and the dashes at the
 * beginning of a line. Parsing what is too deep would not fail but end the whole process.
 */
export function isTooDeepYaml(text: string): boolean {
  if (text.length < DEEPEST_YAML) return false;
  let brackets = 0;
  const indents: number[] = [];
  for (const line of text.split('\n')) {
    const [lead = ''] = /^(?:[ \t]|[-?:](?=\s))*/.exec(line) ?? [];
    if (lead.length === line.trimEnd().length) continue;
    while ((indents.at(-1) ?? -1) >= lead.length) indents.pop();
    indents.push(lead.length);
    const markers = lead.replace(/\s/g, '').length;
    if (indents.length + markers > DEEPEST_YAML) return true;
    for (const char of line) {
      if (char === '[' || char === '{') brackets += 1;
      else if ((char === ']' || char === '}') && brackets > 0) brackets -= 1;
      if (brackets > DEEPEST_YAML) return true;
    }
  }
  return false;
}

/** Where a string that begins at `at` ends, or the text does. */
function endOfString(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text.charCodeAt(end) !== 0x22) {
    end += text.charCodeAt(end) === 0x5c ? 2 : 1;
  }
  return end;
}
