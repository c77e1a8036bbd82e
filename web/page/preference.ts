const YEAR_SECONDS = 31_536_000;

/** Remembers how this browser likes its pages, in a cookie, so that the server renders them so from the start. */
export function savePreference(name: 'theme' | 'split' | 'reader' | 'flows', value: string): void {
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
}
