/** Icons that scripts draw; those of the templates are in `server/pages/partials/icon.ejs`. */
export const CHECK_ICON = iconOf('m5 12.5 4.5 4.5L19 7.5');
export const CROSS_ICON = iconOf('m6.5 6.5 11 11m0-11-11 11');

function iconOf(path: string): string {
  return `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="${path}"/></svg>`;
}
