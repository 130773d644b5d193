"use strict";

const { createHash } = require("node:crypto");

const STYLE = `
body { max-width: 50rem; font-family: var(--vscode-font-family) }
h2 { font-size: 1rem; margin: 1.2rem 0 0.2rem; color: var(--vscode-textLink-foreground) }
pre { margin: 0.2rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
pre.detail { opacity: 0.75; border-left: 2px solid; padding-left: 0.6rem }
`;
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'`;

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** @param {string} role @param {string} text @param {string[]} details */
function section(role, text, details) {
  const start = (name) => `<pre class="${name}" dir="auto">\n`; // a line break after <pre> is ignored
  const blocks = details.map((detail) => `${start("detail")}${escaped(detail)}</pre>`);
  return `<h2>${escaped(role)}</h2>${text && `${start("text")}${escaped(text)}</pre>`}${blocks.join("")}\n`;
}

/**
 * The page of a conversation. All texts are data: they are escaped, and the page can neither run nor load anything.
 * @param {string} title
 * @param {{ turns: { role: string, text: string, details: string[] }[], details: string[] }} line answer of the server
 */
function previewPage(title, { turns, details }) {
  const sections = turns.map((turn) => section(turn.role, turn.text, turn.details));
  if (details.length) sections.push(section(turns.length ? "Other keys" : "Not a conversation", "", details));
  return `<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escaped(title)}</title><style>${STYLE}</style></head>
<body>${sections.join("")}</body></html>`;
}

module.exports = { previewPage };
