import { commandLine } from './programs.js';

test('commands are printed as they can be pasted', () => {
  expect(commandLine('docker', ['ps', '--format', "{{.Names}} it's"], { A: 'b c' })).toBe(
    `A='b c' docker ps --format '{{.Names}} it'\\''s'`,
  );
});
