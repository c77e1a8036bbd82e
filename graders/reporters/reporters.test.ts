import { REPORTERS } from './index.js';
import { HOSTILE_RESULT, SAMPLE_RESULT as RESULT } from './sample-result.js';

test('the text for people says what was wrong and where to look, in plain characters', () => {
  expect(REPORTERS.text(RESULT, { colours: false })).toMatchInlineSnapshot(`
   "05-networking/09-deny-all on embedded cluster c1

   one
     ✔ passed  Title of a (2/2)
     ✘ failed  Title of b (0/2)
         a → b:80/TCP should be denied <now> & "then"�[31m, but � was: connected.
         Look: kubectl get networkpolicies -n b

   two
     - skipped  Title of c (0/2)
         Not yet.
     ? could not be told  Title of d (0/2)
         Starved.
     ! our fault  Title of e (0/2)
         Ours.

   2 of 10 points in 1.2 s: failed
   "
  `);
});

test('no line of the text begins with what a learner wrote', () => {
  const lines = REPORTERS.text(HOSTILE_RESULT, { colours: false }).split('\n');
  expect(lines.filter((line) => /^\s*(?:::|#|Bail|ok|\|)/.test(line))).toEqual([]);
});

test('colours appear only when asked for', () => {
  expect(REPORTERS.text(RESULT, { colours: true })).toContain('\u001B[');
  expect(REPORTERS.text(RESULT, { colours: false })).not.toContain('\u001B');
});

test('JUnit tells failures from errors and skips, and its counts add up', () => {
  expect(REPORTERS.junit(RESULT)).toMatchInlineSnapshot(`
   "<?xml version="1.0" encoding="UTF-8"?>
   <testsuites name="05-networking/09-deny-all" tests="5" failures="1" errors="2" time="1.234">
     <testsuite name="one" tests="2" failures="1" errors="0" skipped="0" time="0.024" timestamp="2026-01-02T03:04:05" hostname="c1" id="0" package="05-networking/09-deny-all">
       <properties>
         <property name="labDigest" value="sha256:0"/>
         <property name="graderVersion" value="1"/>
         <property name="provider" value="embedded"/>
         <property name="pointsEarned" value="2"/>
         <property name="pointsPossible" value="4"/>
       </properties>
       <testcase name="Title of a" classname="05-networking/09-deny-all.one.a" time="0.012"/>
       <testcase name="Title of b" classname="05-networking/09-deny-all.one.b" time="0.012">
         <failure message="a → b:80/TCP should be denied &lt;now&gt; &amp; &quot;then&quot;[31m, but  was: connected." type="failed">a → b:80/TCP should be denied &lt;now&gt; &amp; &quot;then&quot;[31m, but  was: connected.
   a → b:80/TCP: expected denied, observed connected. Allowed. Look: kubectl get networkpolicies -n b</failure>
       </testcase>
     </testsuite>
     <testsuite name="two" tests="3" failures="0" errors="2" skipped="1" time="0.036" timestamp="2026-01-02T03:04:05" hostname="c1" id="1" package="05-networking/09-deny-all">
       <properties>
         <property name="labDigest" value="sha256:0"/>
         <property name="graderVersion" value="1"/>
         <property name="provider" value="embedded"/>
         <property name="pointsEarned" value="0"/>
         <property name="pointsPossible" value="6"/>
       </properties>
       <testcase name="Title of c" classname="05-networking/09-deny-all.two.c" time="0.012">
         <skipped message="Not yet."/>
       </testcase>
       <testcase name="Title of d" classname="05-networking/09-deny-all.two.d" time="0.012">
         <error message="Starved." type="inconclusive">Starved.</error>
       </testcase>
       <testcase name="Title of e" classname="05-networking/09-deny-all.two.e" time="0.012">
         <error message="Ours." type="error">Ours.</error>
       </testcase>
     </testsuite>
   </testsuites>
   "
  `);
});

test('JSON is the result itself', () => {
  expect(JSON.parse(REPORTERS.json(RESULT))).toEqual(JSON.parse(JSON.stringify(RESULT)));
});
