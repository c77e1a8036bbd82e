import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';

/**
 * Headers of every answer. The content policy lets in our own scripts and styles and nothing else; no inline script
 * anywhere. `upgrade-insecure-requests` and HSTS only where the public address is https: they break a plain LAN.
 */
export function securityHeaders({ isHttps }: { isHttps: boolean }): RequestHandler {
  const others = helmet({
    contentSecurityPolicy: false,
    strictTransportSecurity: isHttps,
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  });
  return (request, response, next) => {
    response.setHeader('Content-Security-Policy', policy(BASE, { isHttps }));
    others(request, response, next);
  };
}

/**
 * The least exception that xterm.js works with: the style elements it makes carry our nonce, and 24-bit colours are
 * style attributes. Neither can load anything (`img-src`, `font-src`) nor run anything.
 */
export function allowTerminalStyles(
  response: Response,
  { nonce, isHttps }: { nonce: string; isHttps: boolean },
): void {
  const directives = {
    ...BASE,
    'style-src': `'self' 'nonce-${nonce}'`,
    'style-src-attr': "'unsafe-inline'",
  };
  response.setHeader('Content-Security-Policy', policy(directives, { isHttps }));
}

const BASE: Readonly<Record<string, string>> = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'font-src': "'self'",
  'connect-src': "'self'",
  'form-action': "'self'",
  'base-uri': "'none'",
  'frame-ancestors': "'none'",
};

function policy(
  directives: Readonly<Record<string, string>>,
  { isHttps }: { isHttps: boolean },
): string {
  const parts = Object.entries(directives).map(([name, value]) => `${name} ${value}`);
  return [...parts, ...(isHttps ? ['upgrade-insecure-requests'] : [])].join('; ');
}
