const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text of labs and graders as markup: escaped, and what stands in backquotes as code. */
export function inlineCode(text: string): string {
  const escaped = text.replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
  return escaped.replace(/`([^`]+)`/g, '<code>$1</code>');
}
