"""What a command loads, whose modules it loads, and that each required package is imported."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.models.names import MODELS
from tests.conftest import Write, environment
from tests.waiting import PATIENCE_SECONDS

HEAVY_PACKAGES = (
    "torch",
    "transformers",
    "sentence_transformers",
    "peft",
    "scipy",
    "numba",
    "textual",
    "datasketch",
    "filelock",
    "train",
    "tui",
)
TESTS = Path(__file__).parent
TRAP = "raise SystemExit('a module of the working folder was imported')\n"


def python(*arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=environment(**changes),
        check=False,
        timeout=PATIENCE_SECONDS,
    )


def test_check_loads_nothing_heavy(write: Write) -> None:
    path = write("data.jsonl", [("Hi", "Hello.")])
    code = (
        f"import sys; from curate.cli.main import main; code = main(['check', {str(path)!r}]); print(code, "
        "*sys.modules)"
    )
    code, *modules = python("-c", code).stdout.split("\n")[-2].split()
    assert code == "0"
    assert [name for name in (*HEAVY_PACKAGES, "curate.models.encoding") if name in modules] == []


@pytest.mark.slow
def test_check_of_repeated_requests_loads_nothing_heavy(write: Write) -> None:
    path = write("data.jsonl", [("Is it open?", "Yes, it is."), ("Is it open?", "No, it is not.")])
    code = f"import sys; from curate.cli.main import main; print(main(['check', {str(path)!r}]), *sys.modules)"
    code, *modules = python("-c", code).stdout.split("\n")[-2].split()
    assert code == "1"
    assert [name for name in HEAVY_PACKAGES if name in modules] == []


@pytest.mark.slow
@pytest.mark.parametrize("verb", [("sweep", "--over", "rank=8,16"), ("train", "--compare", "--methods", "none")])
def test_what_starts_trainings_loads_no_torch_itself(verb: tuple[str, ...]) -> None:
    Path("recipe.toml").write_text('model = "model"\ndata = "split"\n')
    words = [verb[0], "recipe.toml", *verb[1:]]
    code = f"import sys; from curate.cli.main import main; print(main({words!r}), 'torch' in sys.modules)"
    done = python("-c", code)
    assert done.stdout.split() == ["2", "False"], done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verb", "unused"),
    [
        (("check", "--help"), ("numpy", "polars")),
        (("rule", "J001"), ("numpy", "polars")),
        (("review", "--help"), ("numpy", "polars", "urllib.request")),
        (("--version",), ("numpy", "polars", "pydantic", "typer", "pathlib", "traceback")),
        (("--help",), ("numpy", "polars", "pydantic", "typer")),
    ],
)
def test_light_verbs_load_little(verb: tuple[str, ...], unused: tuple[str, ...]) -> None:
    code = f"import sys; from curate.cli.main import main; main({list(verb)!r}); print(); print(*sys.modules)"
    loaded = python("-c", code).stdout.split("\n")[-2].split()
    assert "sys" in loaded
    assert [name for name in unused if name in loaded] == []


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["train", "review", "check"])
@pytest.mark.parametrize(
    "start", [("-m", "curate"), ("-c", "import sys; from curate.cli.main import main; sys.exit(main(sys.argv[1:]))")]
)
def test_modules_of_the_working_folder_are_never_imported_in_place_of_ours(start: tuple[str, ...], verb: str) -> None:
    for name in ("train", "tui", "typer", "pydantic", "tokenize"):
        Path(f"{name}.py").write_text(TRAP)
    path = "" if start[0] == "-m" else str(Path.cwd())
    if path:  # what a user's PYTHONPATH brings comes first for everything but our own packages
        for name in ("typer", "pydantic", "tokenize"):
            Path(f"{name}.py").unlink()
    done = python(*start, verb, "--help", PYTHONPATH=path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"curate {verb}" in done.stdout


def test_an_unknown_verb_names_the_next_step() -> None:
    done = python("-m", "curate", "chek")
    assert done.returncode == 2
    assert "no such command: chek; did you mean check?" in done.stderr


def test_a_misspelt_option_without_a_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--verion"]) == 2
    assert "no such command: --verion; did you mean --version?" in capsys.readouterr().err


def test_each_required_package_is_imported() -> None:
    root = Path(__file__).parents[1]
    code = "".join(path.read_text() for folder in ("curate", "train", "tui") for path in (root / folder).rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", code, re.MULTILINE))
    imported.update(model.package for model in MODELS.values())  # a package that holds a model is loaded as files
    names = {
        "python-stdnum": "stdnum",
        "text2num": "text_to_num",
        "scikit-learn": "sklearn",
        "textual-serve": "textual_serve",
    }
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = (project["optional-dependencies"][name] for name in ("semantic", "remote", "evaluation", "train", "tui"))
    for requirement in (*project["dependencies"], *(one for extra in extras for one in extra)):
        name = re.match(r"[\w-]+", requirement)[0]  # type: ignore[index]
        if name != "curate-chat":
            assert names.get(name, name.replace("-", "_")) in imported, f"{name} is required and never imported"


@pytest.mark.slow
def test_tests_that_run_without_extras_import_the_trainer_only_after_a_package_that_is_missing_then() -> None:
    """`make installed` skips a file by that package; the trainer itself is there, under a trap of the same name."""
    for path in sorted(file for folder in ("engine", "hostile") for file in (TESTS / folder).glob("*.py")):
        parts = ast.parse(path.read_text(encoding="utf-8")).body
        names = [part.module or "" for part in parts if isinstance(part, ast.ImportFrom)]
        first = next((at for at, name in enumerate(names) if re.match(r"(train|tui)\b", name)), None)
        assert first is None or any(name.startswith("tests.trainer") for name in names[:first]), path
