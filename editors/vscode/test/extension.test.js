"use strict";

const assert = require("node:assert/strict");
const Module = require("node:module");
const path = require("node:path");
const { test } = require("node:test");
const manifest = require("../package.json");
const { INSTALL } = require("../server");

const editor = { commands: {}, messages: [], pages: [], path: "curate", clients: [] };
const window = {
  activeTextEditor: {
    document: { uri: "file:///data.jsonl", fileName: "/data.jsonl" },
    selection: { active: { line: 2, character: 0 } },
  },
  showErrorMessage: async (message) => void editor.messages.push(message),
  showInformationMessage: (message) => void editor.messages.push(message),
  createWebviewPanel: (type, title, column, options) => {
    editor.pages.push({ options, webview: {}, reveal: () => {}, onDidDispose: () => {} });
    return editor.pages.at(-1);
  },
};
const folder = { fsPath: __dirname };
const vscode = {
  window,
  ViewColumn: { Beside: -2 },
  commands: { registerCommand: (name, run) => void (editor.commands[name] = run) },
  workspace: {
    workspaceFolders: [{ uri: folder }],
    getConfiguration: () => ({ get: () => editor.path }),
    onDidChangeConfiguration: () => {},
  },
};
class LanguageClient {
  constructor(id, name, server, options) {
    editor.clients.push(Object.assign(this, { server, options, isRunning: () => true }));
  }
  async start() {}
  async stop() {
    this.stopped = true;
  }
  async sendRequest(method, { position }) {
    assert.equal(method, "curate/conversation");
    return position.line === 2 ? { turns: [{ role: "user", text: "<b>Hi</b>", details: [] }], details: [] } : null;
  }
}
const load = Module._load;
Module._load = (name, ...rest) =>
  name === "vscode" ? vscode : name === "vscode-languageclient/node" ? { LanguageClient } : load(name, ...rest);
const extension = require("../extension");

test("without the command, the message has the command that installs it, and nothing else starts", async () => {
  editor.path = "/nowhere/curate";
  await extension.activate({ subscriptions: [] });
  assert.equal(editor.clients.length, 0);
  assert.ok(editor.messages.pop().includes(INSTALL));
  await editor.commands["curate.preview"]();
  assert.match(editor.messages.pop(), /wait until the curate server runs/);
});

test("the preview shows escaped text in a page without scripts and commands", async () => {
  editor.path = process.execPath; // `node server` finds server.js in the folder of the extension only
  await editor.commands["curate.restart"]();
  assert.match(editor.messages.pop(), /does not start: .*Cannot find module/s);
  folder.fsPath = path.dirname(__dirname);
  await editor.commands["curate.restart"]();
  await editor.commands["curate.preview"]();
  const [{ options, webview, title }] = editor.pages;
  assert.equal(title, "data.jsonl:3");
  assert.ok(webview.html.includes("&#60;b&#62;Hi&#60;/b&#62;"));
  assert.deepEqual([options.enableScripts, options.enableCommandUris, options.localResourceRoots], [false, false, []]);
  window.activeTextEditor.selection.active.line = 0;
  await editor.commands["curate.preview"]();
  assert.match(editor.messages.pop(), /not on a line/);
  await extension.deactivate();
  assert.ok(editor.clients[0].stopped);
});

test("an untrusted workspace starts nothing, and the editor knows each command", () => {
  assert.equal(manifest.capabilities.untrustedWorkspaces.supported, false);
  const commands = manifest.contributes.commands.map(({ command }) => command);
  assert.deepEqual(Object.keys(editor.commands).sort(), commands.sort());
});
