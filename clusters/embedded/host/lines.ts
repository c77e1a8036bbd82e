import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Calls `listener` for each whole line of a stream. */
export function readLines(stream: Readable, listener: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  stream.on('data', (chunk: Buffer) => {
    let text = decoder.write(chunk);
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
      parts.push(text.slice(0, end));
      const line = parts.join('');
      parts = [];
      text = text.slice(end + 1);
      if (line !== '') listener(line);
    }
    if (text !== '') parts.push(text);
  });
}
