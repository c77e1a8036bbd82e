import { X509Certificate } from 'node:crypto';
import { createAuthority, issueCertificate, issuerOf } from './certificate.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');

test('a server certificate is signed by its authority and names every address', () => {
  const authority = createAuthority('kubernetes', NOW);
  const leaf = new X509Certificate(
    issueCertificate(issuerOf(authority, 'kubernetes'), {
      subject: { commonName: 'kube-apiserver' },
      usage: 'server',
      names: ['kubernetes.default.svc', '10.96.0.1', 'fd00::1'],
      now: NOW,
    }).certPem,
  );
  const ca = new X509Certificate(authority.certPem);
  expect(leaf.verify(ca.publicKey)).toBe(true);
  expect(leaf.checkIssued(ca)).toBe(true);
  expect(ca.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.checkHost('kubernetes.default.svc')).toBeDefined();
  expect(leaf.checkIP('10.96.0.1')).toBeDefined();
  expect(leaf.checkIP('fd00::1')).toBeDefined();
  expect(leaf.checkIP('10.96.0.2')).toBeUndefined();
});

test('a client certificate carries its user and groups', () => {
  const authority = createAuthority('kubernetes', NOW);
  const { certPem } = issueCertificate(issuerOf(authority, 'kubernetes'), {
    subject: { commonName: 'kubernetes-admin', organizations: ['system:masters', 'others'] },
    usage: 'client',
    now: NOW,
  });
  const { subject } = new X509Certificate(certPem);
  expect(subject.split('\n')).toEqual(['O=system:masters', 'O=others', 'CN=kubernetes-admin']);
});
