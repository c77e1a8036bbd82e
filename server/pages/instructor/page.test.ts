import { joinAs, startTestServer } from '../../test-support/start-test-server.js';

test('the scores come as a file, with every learner', async () => {
  await using running = await startTestServer();
  await joinAs(running, 'Ada');
  const answer = await running.owner.get('/instructor/scores.csv');
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(answer.headers['content-disposition']).toMatch(/gatehouse-scores-[\d-]+\.csv/);
  expect(answer.text).toContain(',Ada,Class of Ada,0,');
});

test('all labs are ended after a yes, and not before', async () => {
  await using running = await startTestServer();
  const asked = await running.owner.post('/instructor/sessions/end');
  expect(asked.text).toContain('End all labs?');
  const done = await running.owner.post('/instructor/sessions/end', { confirmed: 'yes' });
  expect(done.headers['location']).toBe('/instructor');
});
