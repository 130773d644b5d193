"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { previewPage } = require("../preview");

const HOSTILE = [
  `<script>alert(1)</script>`,
  `</pre></style><img src=x onerror="alert(1)">`,
  `"><a href="command:workbench.action.terminal.new">[x](command:y)</a>`,
  `&lt;b&gt; ' \` \${1} <!-- $& $1`,
  `<meta http-equiv="Content-Security-Policy" content="script-src *">`,
];
const OWN_TAG =
  /<!DOCTYPE html>|<meta charset="utf-8">|<pre class="(?:text|detail)" dir="auto">|<\/?(?:html|head|title|style|body|h2|pre)>/g;

for (const text of HOSTILE) {
  test(`a page has no tag of the data: ${text}`, () => {
    const page = previewPage(text, { turns: [{ role: text, text, details: [text] }], details: [text] });
    const [policy, ...others] = page.match(/<meta http-equiv[^>]*>/g);
    assert.deepEqual(others, []);
    assert.match(policy, /content="default-src 'none'; style-src 'sha256-[\w+/=]+'"/);
    assert.doesNotMatch(page.replace(policy, "").replace(OWN_TAG, ""), /[<>]/);
    const unescaped = page.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
    assert.equal(unescaped.split(text).length - 1, 5, "the whole text is in the page at each place");
  });
}

test("line breaks at the start of a text stay", () => {
  const page = previewPage("Line 1", { turns: [{ role: "user", text: "\n\nHi", details: [] }], details: [] });
  assert.ok(page.includes(`dir="auto">\n\n\nHi</pre>`));
});
