import { InvalidArgumentError } from 'commander';

/** For commander: a port as text; 0 lets the machine choose. */
export function parsePort(text: string): string {
  if (/^\d+$/.test(text) && Number(text) <= 65_535) return text;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}

/** For commander: how many, at least one. */
export function parseCount(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number, 1 or more.');
}
