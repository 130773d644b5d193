"""Configuration: every mistake is told at once, with the key that was likely meant."""

import json
from pathlib import Path
from typing import Any

import pytest

import curate as api
from curate.cli.main import main
from curate.core.config import load_config
from curate.core.errors import ConfigError, UsageError
from curate.project.config_files import find_config
from curate.review.sources import sources_of
from tests.conftest import chat, line_of


def test_all_mistakes_are_told_with_the_likely_key() -> None:
    Path("curate.toml").write_text('dta = ["x"]\n[dedup]\ntreshold = 0.7\n[split]\nfractions = [0.5, 0.1, 0.1]\n')
    with pytest.raises(ConfigError) as caught:
        load_config(Path("curate.toml"))
    assert caught.value.message.split("\n") == [
        "curate.toml: unknown key 'dedup.treshold'; did you mean 'threshold'?",
        "curate.toml: split: the fractions add up to 0.7, not 1",
        "curate.toml: unknown key 'dta'; did you mean 'data'?",
    ]


def test_a_key_that_resembles_none_is_reported_with_the_known_ones() -> None:
    Path("curate.toml").write_text("[mix]\nqqq = 1\n")
    with pytest.raises(ConfigError, match=r"unknown key 'mix\.qqq'; known keys: "):
        load_config(Path("curate.toml"))


def test_the_table_in_pyproject_is_read_when_there_is_no_file_of_its_own() -> None:
    Path("pyproject.toml").write_text("[tool.curate]\nseed = 7\n")
    assert find_config(Path()).seed == 7
    Path("curate.toml").write_text("seed = 8\n")
    assert find_config(Path()).seed == 8


@pytest.mark.parametrize(
    "content",
    [
        "seed = ",
        "\xff",
        f"seed = {'9' * 5_000}",
        f"seed = 0x{'f' * 5_000}",
        f"[dedup]\nthreshold = {{ a = [0x{'f' * 5_000}] }}",
        "seed = 9223372036854775808",
        "data = " + "[" * 100_000,
        f"{'.'.join('a' * 100_000)} = 1",
        "#" * (2 << 20),
    ],
    ids=[
        "cut off",
        "no UTF-8",
        "long number",
        "long in hex",
        "long and nested",
        "65 bits",
        "deep",
        "long key",
        "large",
    ],
)
def test_broken_toml_is_an_error_with_its_place(content: str) -> None:
    Path("curate.toml").write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"curate\.toml: not valid TOML"):
        load_config(Path("curate.toml"))


def test_a_long_value_is_shortened() -> None:
    Path("curate.toml").write_text(f'[dedup]\nthreshold = "{"a" * 100_000}"\n')
    with pytest.raises(ConfigError, match="threshold") as error:
        load_config(Path("curate.toml"))
    assert len(str(error.value)) < 1_000


def test_numbers_are_finite() -> None:
    Path("curate.toml").write_text(
        "[remote.hyperparameters]\nshare = nan\n[conflicts]\ncalibration = [inf, nan]\njudge_price = [inf, 1]\n"
    )
    with pytest.raises(ConfigError) as error:
        load_config(Path("curate.toml"))
    assert [name in str(error.value) for name in ("share", "calibration", "judge_price")] == [True] * 3


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UsageError, match="no such file"):
        load_config(Path("curate.toml"))


def project(name: str, text: str = "") -> Path:
    """A folder with data and, if there is any, a configuration."""
    path = Path(name, "data.jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(line_of(("Is it open?", "")) + b"\n")
    if text:
        Path(name, "curate.toml").write_text(text)
    return path


def settings(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str | None, list[str], str]:
    """The configuration file, the ignored rules, and stderr of `--show-settings`."""
    capsys.readouterr()
    assert main(["check", *words, "--show-settings"]) == 0
    out, err = capsys.readouterr()
    shown = json.loads(out)
    return shown["configuration"], shown["check"]["ignore"], err


def test_the_configuration_is_found_from_the_data_upwards(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = project("a/raw/new")
    project("a", '[check]\nignore = ["C003"]\n')
    Path("a/raw/pyproject.toml").write_text('[project]\nname = "curated"\n')
    assert settings(capsys, str(data))[:2] == ("a/curate.toml", ["C003"])
    assert "note: the configuration is a/curate.toml\n" in settings(capsys, str(data))[2]
    assert main(["check", str(data)]) == 0
    monkeypatch.chdir("a/raw/new")
    assert settings(capsys, "data.jsonl")[:2] == ("../../curate.toml", ["C003"])
    monkeypatch.chdir("../..")
    assert settings(capsys, "raw") == ("curate.toml", ["C003"], "")
    Path("raw/pyproject.toml").write_text('[tool.curate.check]\nignore = ["C004"]\n')
    assert settings(capsys, "raw")[:2] == ("raw/pyproject.toml", ["C004"]), "the nearest one applies"


def test_a_pyproject_that_cannot_be_read_is_an_error_with_its_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = project("a")
    Path("a/pyproject.toml").write_text("[tool.curate]\n")

    opened = Path.open

    def refused(path: Path, *words: Any, **options: Any) -> Any:
        if path.name == "pyproject.toml":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *words, **options)

    monkeypatch.setattr(Path, "open", refused)
    assert main(["check", str(data)]) == 2
    assert "a/pyproject.toml: cannot be read: Permission denied" in capsys.readouterr().err


def test_data_without_a_configuration_of_its_own_has_that_of_the_working_folder(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project("data")
    project("work", '[check]\nignore = ["C003"]\n')
    project("data/.curate")
    Path("data/.curate/decisions.jsonl").touch()
    monkeypatch.chdir("work")
    assert settings(capsys, "../data/data.jsonl")[:2] == ("curate.toml", ["C003"])
    assert settings(capsys, "-")[:2] == ("curate.toml", ["C003"])


@pytest.mark.parametrize("verb", ["check", "dedup", "stats", "conflicts"])
def test_files_of_different_configurations_are_refused(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(project("a", '[check]\nignore = ["C003"]\n')), str(project("b"))]
    assert main([verb, *files]) == 2
    err = capsys.readouterr().err
    assert "error: a: a/curate.toml applies here, and no configuration to other files\n" in err or (
        "error: b: no configuration applies here, and a/curate.toml to other files\n" in err
    )
    assert "--config" in err
    Path("b/curate.toml").write_text("seed = 1\n")
    assert main([verb, "."]) == 2, "nor are those of a folder with several projects"
    assert main([verb, *files, "--config", "a/curate.toml"]) < 2


def test_paths_of_a_configuration_are_relative_to_its_folder(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project("p/data", "")
    project("p/data/old", "")
    lines = [line_of(chat(f"What is {n} times {n}?", f"It is {n * n}.")) for n in range(20)]
    Path("p/data/many.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    Path("p/test.jsonl").write_bytes(lines[0] + b"\n")
    Path("p/own.jinja").write_text(
        "{% for turn in messages %}<|im_start|>{{ turn.role }}\n{{ turn.content }}<|im_end|>\n{% endfor %}"
    )
    project(
        "p",
        '[check]\nchat_template = "own.jinja"\nper_file_ignores = { "data/*.jsonl" = ["C003"] }\n'
        '[split]\nexisting = ["test.jsonl"]\n',
    )
    monkeypatch.chdir("p/data")
    assert main(["check", "data.jsonl"]) == 0, "a pattern for files is relative, too"
    Path("../other").mkdir()
    Path("../other/data.jsonl").write_bytes(Path("data.jsonl").read_bytes())
    assert main(["check", "../other/data.jsonl"]) == 1, "and matches no file of the same name elsewhere"
    assert find_config(Path()).check.chat_template == "../own.jinja"
    assert main(["split", "many.jsonl", "-o", "../out"]) == 0
    assert Path("../out/test.jsonl").read_bytes() == lines[0] + b"\n"
    assert not Path(".curate").exists()


def test_a_remote_estimate_has_the_configuration_of_its_data(capsys: pytest.CaptureFixture[str]) -> None:
    project("p", "[remote]\ntarget = 'together'\nmodel = 'some/model'\nepochs = 7\n")
    lines = [line_of(chat(f"What is {n} times {n}?", f"It is {n * n}.")) for n in range(20)]
    for name in ("p/many.jsonl", "p/out/train.jsonl"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(b"\n".join(lines) + b"\n")
    for name in ("p/many.jsonl", "p/out"):
        capsys.readouterr()
        assert main(["remote", "estimate", name, "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert (shown["target"], shown["settings"]["model"], shown["epochs"]) == ("together", "some/model", 7)


def test_journal_cache_and_suppressions_lie_with_the_configuration(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = project("p/raw")
    project("p", "seed = 1\n")
    assert main(["suppress", "C003", f"{data}:1", "--reason", "silence"]) == 0
    assert Path("p/curate-suppressions.jsonl").is_file()
    assert main(["check", str(data)]) == 0
    monkeypatch.chdir("p/raw")
    assert main(["check", "data.jsonl"]) == 0, "from any folder"
    assert api.check("data.jsonl").findings.is_empty()
    assert main(["dedup", "data.jsonl"]) == 0
    assert Path("../.curate/cache").is_dir()
    assert not Path(".curate").exists()
    assert sources_of([Path("data.jsonl")]).project.folder == Path.cwd().parent


def test_suppressions_alone_make_a_project(monkeypatch: pytest.MonkeyPatch) -> None:
    data = project("p/raw")
    Path("p/curate-suppressions.jsonl").touch()
    assert main(["suppress", "C003", f"{data}:1", "--reason", "silence"]) == 0
    assert Path("p/curate-suppressions.jsonl").read_text()
    monkeypatch.chdir("p/raw")
    assert main(["check", "data.jsonl"]) == 0


def test_a_linked_file_belongs_to_the_folder_of_the_link(capsys: pytest.CaptureFixture[str]) -> None:
    project("p", '[check]\nignore = ["C003"]\n')
    project("blobs", '[check]\nignore = ["C004"]\n')
    Path("p/data.jsonl").unlink()
    Path("p/data.jsonl").symlink_to("../blobs/data.jsonl")
    assert settings(capsys, "p/data.jsonl")[:2] == ("p/curate.toml", ["C003"])


def test_a_broken_file_above_is_an_error_only_if_it_speaks_of_curate(capsys: pytest.CaptureFixture[str]) -> None:
    data = project("p/raw")
    Path("p/pyproject.toml").write_text("[tool.other\n")
    assert main(["check", str(data)]) == 1
    Path("p/pyproject.toml").write_text("[tool.curate\n")
    assert main(["check", str(data)]) == 2
    assert "p/pyproject.toml: not valid TOML" in capsys.readouterr().err
    Path("p/pyproject.toml").write_text("tool = 1  # curate\n")
    assert main(["check", str(data)]) == 1
