"""The extension for VS Code: its own tests, and the server started with the options that it gives the editor."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import environment
from tests.engine.test_server import LINES, Editor, serving

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "editors" / "vscode"
NODE = shutil.which("node")
COMMAND = shutil.which("curate", path=str(Path(sys.executable).parent))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("server"),
    pytest.mark.skipif(NODE is None, reason="node is not installed"),
]
REPORT = """
const { serverOptions, startProblem } = require(process.argv[1]);
const server = serverOptions(process.argv[2], process.cwd());
startProblem(server).then((problem) => console.log(JSON.stringify({ server, problem })));
"""


def start_report(command: str) -> dict[str, Any]:
    """The options of the server, and why it does not start."""
    words = [str(NODE), "-e", REPORT, str(EXTENSION / "server.js"), command]
    surroundings = environment(PYTHONPATH=str(ROOT))
    done = subprocess.run(words, env=surroundings, capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_the_tests_of_the_extension_pass() -> None:
    done = subprocess.run([str(NODE), "--test"], cwd=EXTENSION, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_missing_command_is_named_with_the_one_that_installs_it() -> None:
    problem = start_report("no-such-curate")["problem"]
    assert "'no-such-curate' was not found" in problem
    assert "pip install 'curate-chat[server]'" in problem


@pytest.mark.skipif(COMMAND is None, reason="the command curate is not beside this Python")
def test_the_server_that_the_extension_starts_shows_findings_a_fix_and_a_conversation(tmp_path: Path) -> None:
    pytest.importorskip("pygls")
    report = start_report(str(COMMAND))
    assert report["problem"] is None
    with serving([report["server"]["command"], *report["server"]["args"]], tmp_path) as editor:
        check_editor(editor)


def check_editor(editor: Editor) -> None:
    uri, diagnostics = editor.open("data.jsonl", "\n".join(LINES))
    assert {"C003", "M007"} <= {diagnostic["code"] for diagnostic in diagnostics}
    document = {"uri": uri}
    [alias] = [diagnostic for diagnostic in diagnostics if diagnostic["code"] == "M007"]
    request = {"textDocument": document, "range": alias["range"], "context": {"diagnostics": [alias]}}
    [action] = editor.ask("textDocument/codeAction", request)
    assert action["title"] == "Fix M007"
    line = editor.ask("curate/conversation", {"textDocument": document, "position": {"line": 0, "character": 3}})
    assert line == {
        "turns": [
            {"role": "user", "text": "Is it \U0001f600 open?", "details": []},
            {"role": "assistant", "text": "Yes.", "details": []},
        ],
        "details": [],
    }
    for place in ({"line": 9, "character": 0}, {"line": 3, "character": 0}):
        assert editor.ask("curate/conversation", {"textDocument": document, "position": place}) is None
    other = {"textDocument": {"uri": "file:///not-open.jsonl"}, "position": {"line": 0, "character": 0}}
    assert editor.ask("curate/conversation", other) is None
