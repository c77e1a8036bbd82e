import type { LabStep } from '../common/lab.js';
import { renderStep } from './render-step.js';
import { parseStepText } from './step-text.js';

const VALUES = {
  'learner.name': '<Ada>',
  'learner.home': '/home/learner',
  'cluster.name': 'c1',
  'cluster.nodes': '3',
  'provider.name': 'embedded',
};

function stepOf(markdown: string): LabStep {
  const { text, problems } = parseStepText(markdown);
  expect(problems).toEqual([]);
  const definition = {
    id: 's',
    title: 'S',
    text: 'steps/s.md',
    checks: [],
    questions: [
      {
        id: 'colour',
        type: 'choice' as const,
        prompt: 'Which?',
        options: [
          { id: 'a', text: 'A & B', right: true, explanation: 'SECRET right' },
          { id: 'b', text: 'C', right: false, explanation: 'SECRET wrong' },
        ],
      },
    ],
  };
  return { id: 's', title: 'S', definition, markdown, text };
}

const render = (markdown: string, provider = 'embedded') =>
  renderStep(stepOf(markdown), {
    lab: { diagrams: { map: '<svg></svg>' } },
    values: VALUES,
    provider,
    answers: { colour: 'b' },
    formId: 'check',
  });

test('fences become blocks in the order of the text', () => {
  const { text, problems } = parseStepText(
    'One.\n\n```run\nkubectl get pods\n```\nTwo.\n```file path=a.yaml\na: 1\n```\n```diagram name=map\n```\n',
  );
  expect(problems).toEqual([]);
  expect(text.blocks).toEqual([
    { type: 'prose', markdown: 'One.\n', line: 1 },
    { type: 'run', command: 'kubectl get pods', line: 3 },
    { type: 'prose', markdown: 'Two.', line: 6 },
    { type: 'file', path: 'a.yaml', text: 'a: 1\n', language: 'yaml', line: 7 },
    { type: 'diagram', name: 'map', line: 10 },
  ]);
});

test.each([
  ['```file path=../x\n```', 'the file "../x" is outside of the home'],
  ['```file\n```', '"file" needs path=…'],
  ['- a\n  ```run\n  ls\n  ```', 'a "run" fence inside a list or a quotation'],
  [':::provider kindd\nx\n:::', 'unknown provider "kindd"'],
  [':::provider kind\nx', 'this ":::provider" block is never closed'],
  ['<script>alert(1)</script>', 'raw HTML'],
  ['![a](b.png)', 'an image'],
])('%j is refused', (markdown, message) => {
  expect(parseStepText(markdown).problems.map((problem) => problem.message)).toContain(message);
});

test('a code sample that shows our own marks is left alone', () => {
  expect(parseStepText('````text\n:::\n````\n').problems).toEqual([]);
});

test('values can never become markup', () => {
  expect(render('Hello *{{ learner.name }}*.')).toContain('<em>&lt;Ada&gt;</em>');
  expect(render('```run\necho {{ learner.name }}\n```')).toContain('echo &lt;Ada&gt;');
});

test('a page never contains which answer is right', () => {
  const html = render('```question id=colour\n```');
  expect(html).not.toContain('SECRET');
  expect(html).not.toContain('right');
  expect(html).toMatchInlineSnapshot(`
    "<fieldset class="question" data-question="colour" data-type="choice">
    <legend>Which?</legend>
    <label class="option"><input type="radio" name="answer.colour" value="a" form="check"> <span>A &amp; B</span></label>
    <label class="option"><input type="radio" name="answer.colour" value="b" form="check" checked> <span>C</span></label>
    </fieldset>"
  `);
});

test('a block for one provider is shown on that provider only', () => {
  const markdown = 'All.\n\n:::provider kind\nOnly there.\n:::\n';
  expect(render(markdown)).not.toContain('Only there');
  expect(render(markdown, 'kind')).toContain('Only there');
});

test('a command can be run and copied, and scrolled by keyboard', () => {
  expect(render('```run\nkubectl get pods\n```')).toMatchInlineSnapshot(`
    "<figure class="code command">
    <figcaption>Command</figcaption>
    <pre tabindex="0" role="group" aria-label="Command"><code data-language="bash">kubectl get pods</code></pre>
    <div class="code-actions" hidden><button type="button" class="code-action" data-action="run">Run in terminal</button><button type="button" class="code-action" data-action="copy">Copy</button></div>
    </figure>"
  `);
});

test('outside links open elsewhere and say nothing of where they came from', () => {
  expect(render('[x](https://example.org)')).toContain(
    '<a href="https://example.org" rel="noopener noreferrer" target="_blank">',
  );
  expect(render('[x](javascript:alert(1))')).not.toContain('href');
});
