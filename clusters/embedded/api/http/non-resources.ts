import type { RequestContext } from './context.js';
import { indented, sendJson, sendPlain } from './respond.js';

const CHECKS = [
  'ping',
  'log',
  'etcd',
  'poststarthook/start-apiextensions-controllers',
  'poststarthook/rbac/bootstrap-roles',
];
const PLATFORM = 'linux/amd64';
const ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** `/version`. Without its Cache-Control kubectl would believe an old answer of another cluster. */
export function sendVersion(context: RequestContext): void {
  const { version } = context.server;
  const text = indented({
    major: version.major,
    minor: version.minor,
    gitVersion: version.gitVersion,
    gitCommit: '0000000000000000000000000000000000000000',
    gitTreeState: 'clean',
    buildDate: '2024-12-11T17:59:15Z',
    goVersion: 'go1.23.3',
    compiler: 'gc',
    platform: PLATFORM,
  });
  const payload = Buffer.from(text);
  context.res
    .writeHead(200, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-cache, private',
      'Content-Length': payload.length,
    })
    .end(payload);
}

/** `/healthz`, `/livez`, `/readyz`, each check alone or with `?verbose`. */
export function sendHealth(context: RequestContext): void {
  const [, kind = '', ...check] = context.info.path.split('/');
  const name = check.join('/');
  if (name !== '' && !CHECKS.includes(name)) {
    sendPlain(context, 404, '404 page not found\n');
    return;
  }
  if (!context.query.has('verbose') || name !== '') {
    sendPlain(context, 200, 'ok');
    return;
  }
  const lines = CHECKS.map((item) => `[+]${item} ok`);
  sendPlain(context, 200, `${lines.join('\n')}\n${kind} check passed\n`);
}

/** The keys that ServiceAccount tokens are signed with, for whoever wants to check them. */
export function sendKeys(context: RequestContext): void {
  if (context.info.path === '/openid/v1/jwks') {
    sendJson(context, 200, context.server.tokens.jwks());
    return;
  }
  sendJson(context, 200, {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  });
}

/** `/`: what there is. */
export function sendPaths(
  context: RequestContext,
  groupVersions: readonly { group: string; version: string }[],
): void {
  const groups = groupVersions.flatMap(({ group, version }) =>
    group === ''
      ? ['/api', `/api/${version}`]
      : ['/apis', `/apis/${group}`, `/apis/${group}/${version}`],
  );
  const paths = [
    ...new Set([
      ...groups,
      '/healthz',
      '/livez',
      '/openapi/v2',
      '/openapi/v3',
      '/readyz',
      '/version',
    ]),
  ];
  sendJson(context, 200, { paths: paths.sort() });
}
