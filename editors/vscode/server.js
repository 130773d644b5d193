"use strict";

const { execFile } = require("node:child_process");

const INSTALL = "pip install 'curate-chat[server]'";

/**
 * The language server as a program: options of the language client.
 * @param {string} command the setting `curate.path`
 * @param {string | undefined} cwd
 */
function serverOptions(command, cwd) {
  return { command, args: ["server"], options: { cwd } };
}

/**
 * Start the server without input, on which it ends at once.
 * @param {ReturnType<typeof serverOptions>} server
 * @returns {Promise<string | null>} why it does not start, and what to do; null if it starts
 */
function startProblem({ command, args, options }) {
  return new Promise((resolve) => {
    const child = execFile(command, args, { ...options, timeout: 60_000 }, (error, _output, errors) => {
      if (!error) resolve(null);
      else if (error.code === "ENOENT") resolve(`'${command}' was not found. Install it: ${INSTALL}, or set curate.path.`);
      else resolve(`'${command} server' does not start: ${errors.trim() || error.message}`);
    });
    child.stdin?.on("error", () => {}).end();
  });
}

module.exports = { INSTALL, serverOptions, startProblem };
