"use strict";

const path = require("node:path");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");
const { previewPage } = require("./preview");
const { INSTALL, serverOptions, startProblem } = require("./server");

const DOCUMENTS = [
  { scheme: "file", pattern: "**/*.{jsonl,ndjson}" },
  { scheme: "file", pattern: "**/curate.toml" },
];
/** @type {LanguageClient | undefined} */
let client;
/** @type {vscode.WebviewPanel | undefined} */
let panel;
/** @type {Promise<void>} */
let starting = Promise.resolve();

/** Start the server after earlier starts have ended, so that one runs at a time. */
function restart() {
  starting = starting.then(start, start);
  return starting;
}

/** Start the server, in place of one that runs. Without the command, say how to install it. */
async function start() {
  await deactivate();
  const command = vscode.workspace.getConfiguration("curate").get("path", "curate");
  const server = serverOptions(command, vscode.workspace.workspaceFolders?.[0]?.uri.fsPath);
  const problem = await startProblem(server);
  if (problem === null) {
    client = new LanguageClient("curate", "curate", server, { documentSelector: DOCUMENTS });
    return client.start();
  }
  offerInstallation(`${problem} Then run 'Curate: Restart server'.`);
}

/** @param {string} message */
async function offerInstallation(message) {
  const choice = await vscode.window.showErrorMessage(message, "Copy install command", "Open setting");
  if (choice === "Copy install command") await vscode.env.clipboard.writeText(INSTALL);
  if (choice === "Open setting") await vscode.commands.executeCommand("workbench.action.openSettings", "curate.path");
}

/** Show the conversation under the cursor beside the text. */
async function preview() {
  const editor = vscode.window.activeTextEditor;
  if (!editor || !client?.isRunning()) {
    vscode.window.showInformationMessage("No preview: open a .jsonl file, and wait until the curate server runs.");
    return;
  }
  const uri = editor.document.uri.toString();
  const position = editor.selection.active;
  const line = await client.sendRequest("curate/conversation", { textDocument: { uri }, position });
  if (!line) {
    vscode.window.showInformationMessage("No preview: the cursor is not on a line of a .jsonl file with text.");
    return;
  }
  panel ??= createPanel();
  panel.title = `${path.basename(editor.document.fileName)}:${position.line + 1}`;
  panel.webview.html = previewPage(panel.title, line);
  panel.reveal(undefined, true);
}

function createPanel() {
  const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
  const options = { enableScripts: false, enableCommandUris: false, localResourceRoots: [], enableFindWidget: true };
  const created = vscode.window.createWebviewPanel("curate.preview", "Conversation", column, options);
  created.onDidDispose(() => (panel = undefined));
  return created;
}

/** @param {vscode.ExtensionContext} context */
async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("curate.preview", preview),
    vscode.commands.registerCommand("curate.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration("curate.path") && restart()),
  );
  await restart();
}

async function deactivate() {
  const running = client;
  client = undefined;
  await running?.stop();
}

module.exports = { activate, deactivate };
