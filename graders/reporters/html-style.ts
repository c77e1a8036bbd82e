/** The look of the HTML report: system fonts, both colour schemes, legible on paper. */
export const HTML_STYLE = `
:root { color-scheme: light dark; --text: #1b1f24; --soft: #57606a; --page: #fff; --card: #f6f8fa; --line: #d0d7de;
  --passed: #116329; --failed: #a40e26; --unclear: #7d4e00; --skipped: #57606a; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --soft: #a8b3be; --page: #0d1117; --card: #161b22;
  --line: #3d444d; --passed: #56d364; --failed: #ff8b8b; --unclear: #e3b341; --skipped: #a8b3be; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 0; } p { margin: .5rem 0; } dl { display: grid; gap: .1rem 1rem;
  grid-template-columns: max-content 1fr; margin: 1rem 0; color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.check { border: 1px solid var(--line); border-inline-start-width: .4rem; border-radius: .4rem; background: var(--card);
  padding: .75rem 1rem; margin: .75rem 0; }
.passed { border-color: var(--passed); } .failed { border-color: var(--failed); }
.inconclusive, .error { border-color: var(--unclear); } .skipped { border-color: var(--skipped); }
.word { font-weight: 600; } .passed > .word, .passed .is { color: var(--passed); }
.failed > .word, .failed .is { color: var(--failed); } .inconclusive > .word, .error > .word, .inconclusive .is, .error .is
  { color: var(--unclear); } .skipped > .word { color: var(--skipped); }
.scroll { overflow-x: auto; margin: .5rem 0; } .scroll:focus-visible { outline: 2px solid currentColor; }
table { border-collapse: collapse; font-size: .9rem; } caption { text-align: start; color: var(--soft); padding: .25rem 0; }
th, td { border: 1px solid var(--line); padding: .3rem .5rem; text-align: start; vertical-align: top; }
thead th, tbody th { font-weight: 600; } td.failed { border: 2px solid var(--failed); }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
.why { color: var(--soft); }
@media print { .check { break-inside: avoid; } }
`.trim();
