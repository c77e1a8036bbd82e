import { inlineCode } from './inline-code.js';

test('backquotes become code and everything else is escaped', () => {
  expect(inlineCode('run `kubectl get <pod>` & "wait"')).toBe(
    'run <code>kubectl get &lt;pod&gt;</code> &amp; &quot;wait&quot;',
  );
});

test('a lone backquote stays what it is', () => {
  expect(inlineCode('a ` b')).toBe('a ` b');
});
