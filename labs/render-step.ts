/** Renders a step's text as HTML. The classes and data attributes are described in labs/README.md. */
import MarkdownIt from 'markdown-it';
import type { Answers, Lab, LabStep, QuestionDefinition } from '../common/lab.js';
import type { Placeholder, StepBlock } from '../common/step-text.js';
import { isPlaceholder } from './step-text.js';

export interface RenderContext {
  lab: Pick<Lab, 'diagrams'>;
  /** What `{{ … }}` stands for. */
  values: Readonly<Record<Placeholder, string>>;
  /** Only its blocks are shown. */
  provider: string;
  /** What was answered before, to fill in again. */
  answers?: Answers;
  /** The form that the answers are sent with: `form="…"` of every input. */
  formId?: string;
}

/** Without scripts, styles or raw HTML; right and wrong answers are not in it. Headings start at level 3. */
export function renderStep(step: LabStep, context: RenderContext): string {
  const markdown = createMarkdown(context);
  return renderBlocks(step.text.blocks, { ...context, step, markdown });
}

interface Rendering extends RenderContext {
  step: LabStep;
  markdown: ReturnType<typeof createMarkdown>;
}

function renderBlocks(blocks: readonly StepBlock[], rendering: Rendering): string {
  return blocks.map((block) => renderBlock(block, rendering)).join('\n');
}

function renderBlock(block: StepBlock, rendering: Rendering): string {
  const { markdown } = rendering;
  switch (block.type) {
    case 'prose':
      return `<div class="prose">\n${markdown.render(block.markdown)}</div>`;
    case 'run':
      return codeFigure({
        kind: 'command',
        attributes: '',
        caption: 'Command',
        code: fillIn(block.command, rendering),
        language: 'bash',
        actions: [
          ['run', 'Run in terminal'],
          ['copy', 'Copy'],
        ],
      });
    case 'file':
      return codeFigure({
        kind: 'file',
        attributes: ` data-path="${escapeHtml(block.path)}"`,
        caption: block.path,
        code: fillIn(block.text, rendering),
        language: block.language,
        actions: [
          ['write', `Write ${block.path}`],
          ['copy', 'Copy'],
        ],
      });
    case 'hint':
      return `<details class="hint"><summary>Hint</summary>\n<div class="prose">\n${markdown.render(block.markdown)}</div>\n</details>`;
    case 'diagram':
      return `<figure class="diagram" data-diagram="${escapeHtml(block.name)}">\n${rendering.lab.diagrams[block.name] ?? ''}\n</figure>`;
    case 'question':
      return renderQuestion(block.id, rendering);
    case 'provider':
      return block.provider === rendering.provider
        ? `<aside class="provider-note" data-provider="${escapeHtml(block.provider)}">\n${renderBlocks(block.blocks, rendering)}\n</aside>`
        : '';
  }
}

function codeFigure(options: {
  kind: 'command' | 'file';
  attributes: string;
  caption: string;
  code: string;
  language: string;
  actions: readonly (readonly [action: string, label: string])[];
}): string {
  const { kind, attributes, caption, code, language, actions } = options;
  const buttons = actions.map(
    ([action, label]) =>
      `<button type="button" class="code-action" data-action="${action}">${escapeHtml(label)}</button>`,
  );
  return [
    `<figure class="code ${kind}"${attributes}>`,
    `<figcaption>${escapeHtml(caption)}</figcaption>`,
    // A long line scrolls; without a tab stop it could not be scrolled by keyboard.
    `<pre tabindex="0" role="group" aria-label="${escapeHtml(caption)}"><code data-language="${escapeHtml(language)}">${escapeHtml(code)}</code></pre>`,
    `<div class="code-actions" hidden>${buttons.join('')}</div>`,
    '</figure>',
  ].join('\n');
}

function renderQuestion(id: string, rendering: Rendering): string {
  const question = rendering.step.definition.questions.find((one) => one.id === id);
  if (question === undefined) return '';
  const { answers = {}, formId, markdown } = rendering;
  const given = answers[id];
  const form = formId === undefined ? '' : ` form="${escapeHtml(formId)}"`;
  const name = `answer.${id}`;
  const prompt = markdown.renderInline(question.prompt);
  if (question.type === 'choice' || question.type === 'choices') {
    return [
      `<fieldset class="question" data-question="${escapeHtml(id)}" data-type="${question.type}">`,
      `<legend>${prompt}${question.type === 'choices' ? ' <span class="question-note">Several may be right.</span>' : ''}</legend>`,
      ...(question.options ?? []).map((option) => {
        const type = question.type === 'choice' ? 'radio' : 'checkbox';
        const checked = isPicked(given, option.id) ? ' checked' : '';
        return `<label class="option"><input type="${type}" name="${name}" value="${escapeHtml(option.id)}"${form}${checked}> <span>${markdown.renderInline(option.text)}</span></label>`;
      }),
      '</fieldset>',
    ].join('\n');
  }
  const value =
    given === undefined || typeof given === 'object' ? '' : ` value="${escapeHtml(String(given))}"`;
  return [
    `<div class="question" data-question="${escapeHtml(id)}" data-type="${question.type}">`,
    `<label for="${name}">${prompt}</label>`,
    `<input id="${name}" name="${name}" ${inputType(question)} autocomplete="off" spellcheck="false"${value}${form}>`,
    '</div>',
  ].join('\n');
}

function inputType({ type }: QuestionDefinition): string {
  return type === 'number'
    ? 'type="text" inputmode="decimal"'
    : 'type="text" autocapitalize="none"';
}

function isPicked(given: Answers[string] | undefined, id: string): boolean {
  return typeof given === 'object' ? given.includes(id) : given === id;
}

/** `{{ … }}` is filled in after the Markdown is understood, so a value can never become markup. */
function createMarkdown(context: RenderContext) {
  const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });
  markdown.core.ruler.push('placeholders', (state) => {
    for (const token of state.tokens) {
      if (token.type === 'fence' || token.type === 'code_block')
        token.content = fillIn(token.content, context);
      for (const child of token.children ?? []) {
        if (child.type === 'link_open' && /^https?:/.test(String(child.attrGet('href')))) {
          child.attrSet('rel', 'noopener noreferrer');
          child.attrSet('target', '_blank');
        }
        if (child.type === 'text' || child.type === 'code_inline')
          child.content = fillIn(child.content, context);
      }
      // The page has a heading for the lab and one for the step.
      if (token.type === 'heading_open' || token.type === 'heading_close') {
        token.tag = `h${Math.min(6, Math.max(3, Number(token.tag.slice(1))))}`;
      }
    }
  });
  markdown.renderer.rules['table_open'] = () =>
    '<div class="table-scroll" tabindex="0" role="group" aria-label="Table"><table>\n';
  markdown.renderer.rules['table_close'] = () => '</table></div>\n';
  markdown.renderer.rules['fence'] = (tokens, index) => {
    const token = tokens[index];
    const code = escapeHtml(token?.content ?? '');
    const language = escapeHtml(token?.info.trim().split(/\s+/)[0] ?? '');
    return `<pre class="sample" tabindex="0" role="group" aria-label="Sample"><code data-language="${language}">${code}</code></pre>\n`;
  };
  return markdown;
}

function fillIn(text: string, { values }: Pick<RenderContext, 'values'>): string {
  return text.replaceAll(/\{\{\s*([^}]*?)\s*\}\}/g, (whole, name: string) =>
    isPlaceholder(name) ? values[name] : whole,
  );
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
