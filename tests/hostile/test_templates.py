"""A chat template is a program of a stranger: it ends in bounded time and memory, and breaks nothing when it
recurses.
"""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.core.bounded import SECONDS_VARIABLE, Bounds, OutOfBoundsError
from tests.conftest import Write, environment

pytestmark = [pytest.mark.slow]

ENDLESS = {
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{{ c }}{% endfor %}{% endfor %}{% endfor %}",  # noqa: E501
    "product": "{{ 'a' * 10000000000 }}",
    "power": "{% set ns = namespace(t='aaaaaaaa') %}{% for a in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}{{ ns.t }}",  # noqa: E501
    "center": "{{ 'a'|center(9999999999) }}",
    "list": "{% set ns = namespace(t=[1]) %}{% for a in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{{ ns.t|length }}",  # noqa: E501
}
BROKEN = {
    "macro": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "loop": "{% for m in [messages] recursive %}{{ loop([m]) }}{% endfor %}",
    "division": "{{ 1 // 0 }}",
    "attribute": "{{ messages.__class__.__mro__ }}",
    "escape": "{{ ''.__class__.__base__.__subclasses__() }}",
    "import": "{% import 'os' as os %}",
    "undefined": "{{ a.b.c }}",
}


@pytest.fixture(autouse=True)
def with_transformers() -> None:
    """Not imported while tests are collected: each worker would load it."""
    pytest.importorskip("transformers", exc_type=ImportError)


def model_with(template: str, folder: Path) -> Path:
    from tests.tinymodel import model

    shutil.copytree(model(), folder)
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "chat_template": template}))
    return folder


@pytest.mark.parametrize("template", ENDLESS.values(), ids=ENDLESS.keys())
def test_an_endless_template_is_ended(
    template: str,
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("data.jsonl", [("Hi", "Hello."), ("Bye", "Goodbye.")])
    folder = model_with(template, tmp_path / "model")
    monkeypatch.setenv(SECONDS_VARIABLE, "0.2")
    assert main(["check", "data.jsonl", "--model", str(folder), "--select", "K"]) == 2
    assert "its chat template takes more than" in capsys.readouterr().err


@pytest.mark.parametrize("template", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_template_is_a_finding(
    template: str, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("Hi", "Hello.")])
    folder = model_with(template, tmp_path / "model")
    for words in (
        ["check", "data.jsonl", "--model", str(folder), "--select", "K"],
        ["stats", "data.jsonl", "--model", str(folder)],
    ):
        assert main(words) in (0, 1, 2), capsys.readouterr().err


@pytest.mark.timeout(0)  # its timer is the one that is looked at
def test_bounds_leave_timers_and_handlers_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECONDS_VARIABLE, "0.2")
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    bounds = Bounds()
    assert bounds.call(lambda: 5) == 5
    with pytest.raises(OutOfBoundsError, match="seconds"):
        bounds.call(lambda: time.sleep(60))
    with pytest.raises(OutOfBoundsError, match="memory"):
        bounds.call(lambda: bytearray(1 << 40))
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == before


def test_a_rendering_that_python_cannot_interrupt_is_ended() -> None:
    program = (
        "from jinja2.sandbox import ImmutableSandboxedEnvironment as Environment\n"
        "from curate.core.bounded import Bounds\n"
        "deep = '{% set a = [a, a] %}{% set b = [b, b] %}' * 60\n"
        "Bounds().call(Environment().from_string('{% set a = [0] %}{% set b = [0] %}' + deep + '{{ a == b }}').render)"
    )
    variables = environment(**{SECONDS_VARIABLE: "0.1"})
    ended = subprocess.run([sys.executable, "-c", program], env=variables, check=False, timeout=600)
    assert ended.returncode == -signal.SIGVTALRM


def test_what_remote_code_a_model_brings_is_not_run(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.tinymodel import model

    folder = tmp_path / "model"
    shutil.copytree(model(), folder)
    trap = f"open({str(tmp_path / 'owned')!r}, 'w').close()\n"
    for name in ("modeling_evil.py", "tokenization_evil.py", "evil.py"):
        (folder / name).write_text(trap)
    auto = {
        "AutoTokenizer": ["tokenization_evil.Evil", "tokenization_evil.Evil"],
        "AutoModel": "modeling_evil.Evil",
        "AutoConfig": "modeling_evil.Evil",
    }
    for name in ("tokenizer_config.json", "config.json"):
        path = folder / name
        values = json.loads(path.read_bytes()) if path.exists() else {"model_type": "evil"}
        path.write_text(json.dumps({**values, "auto_map": auto, "trust_remote_code": True}))
    (folder / "modules.json").write_text(
        json.dumps([{"idx": 0, "name": "0", "path": "", "type": "modeling_evil.Evil"}])
    )
    write("data.jsonl", [("How high is it?", "30 m."), ("How tall is it?", "31 m.")])
    for words in (
        ["check", "data.jsonl", "--model", str(folder), "--select", "K"],
        ["conflicts", "data.jsonl", "--embeddings", str(folder)],
    ):
        assert main(words) in (0, 1, 2), capsys.readouterr().err
    assert not (tmp_path / "owned").exists()
