"""Build the documentation offline: `python -m docs.build`. Fails on a broken link.

Written pages are in this folder and in the root of the repository, the reference comes from `docs.reference`. Beside
each page the site has its Markdown, and `llms.txt` lists the pages.
"""

import json
import posixpath
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final

from docs.reference import pages

DOCS: Final = Path(__file__).parent
ROOT: Final = DOCS.parent
BUILD: Final = ROOT / "build" / "docs"
SITE: Final = BUILD / "site"
ROOT_PAGES: Final = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "RELEASING.md": "releasing.md",
    "SECURITY.md": "security.md",
    "examples/README.md": "examples.md",
    "LICENSE": "licence.md",
    "schemas": "reference/schemas.md",
    "schemas/rules.json": "reference/schemas.md",
}
"""Files outside of this folder, and the page that links to them lead to."""
PICTURES: Final = "examples/pictures/"
LINK: Final = re.compile(r"(?<=\]\()([^)\s#:]+)(?=[)#])")
CODE: Final = re.compile(r"`[^`\n]+`")
"""In a table, GitHub wants bars in code escaped, and the generator wants them plain."""
TITLE: Final = re.compile(r"^# (.+)$", re.MULTILINE)
HOWTO: Final = (
    "adopt", "ci", "fix-errors", "formats", "duplicates", "contradictions", "reasoning", "redact", "decontaminate",
    "papers", "review", "growing-data", "data-cluster", "change-service", "traces", "sessions",
    "train", "gpu-24gb", "cluster", "evaluate", "select", "sweep", "export", "hosted", "python", "agents", "editors",
    "connect",
)  # fmt: skip
EXPLANATION: Final = (
    "promises",
    "../leaks",
    "near-duplicates",
    "contradictions",
    "loss-masks",
    "redaction",
    "rephrased-items",
    "benchmarks",
    "scale",
    "curatebench",
)
REFERENCE: Final = (
    "cli", "rules", "configuration", "recipe", "recipe-import", "formats", "targets", "exit-status", "schemas",
    "python",
)  # fmt: skip


def sources() -> dict[str, str]:
    """All pages: path in the site and Markdown, with links as the site has them."""
    written = {f"docs/{path.relative_to(DOCS).as_posix()}": path for path in sorted(DOCS.rglob("*.md"))}
    written |= {
        name: ROOT / name for name in ROOT_PAGES if (ROOT / name).is_file() and name.endswith((".md", "LICENSE"))
    }
    found = {}
    for name, path in written.items():
        text = path.read_text(encoding="utf-8")
        if name == "LICENSE":
            text = f"# Licence\n\n```text\n{text}```\n"
        page = _page(name)
        found[page] = LINK.sub(partial(_target, name=name, page=page), text)
    found |= dict(pages())
    return {page: CODE.sub(lambda code: code.group().replace("\\|", "|"), text) for page, text in found.items()}


def _page(name: str) -> str:
    """Where a file of the repository is in the site."""
    known = ROOT_PAGES.get(name)
    return known or name.removeprefix("docs/").replace(PICTURES, "pictures/")


def _target(link: re.Match[str], name: str, page: str) -> str:
    """A link of the file `name`, as the page needs it."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(name), link.group()))
    return posixpath.relpath(_page(target), posixpath.dirname(page) or ".")


def configuration(texts: dict[str, str]) -> dict[str, Any]:
    """The settings of the generator, in the form of mkdocs."""

    def listed(folder: str, names: tuple[str, ...]) -> list[str]:
        return [posixpath.normpath(f"{folder}/{name}.md") for name in names]

    below = {
        "reference/cli.md": sorted(page for page in texts if page.startswith("reference/cli/")),
        "reference/rules.md": sorted(page for page in texts if page.startswith("reference/rules/")),
    }
    reference: list[Any] = [
        {_title(texts[page]): [page, *below[page]]} if page in below else page
        for page in listed("reference", REFERENCE)
    ]
    project = ["changelog.md", "contributing.md", "releasing.md", "security.md", "examples.md", "licence.md"]
    return {
        "site_name": "curate",
        "docs_dir": "pages",
        "site_dir": "site",
        "use_directory_urls": False,
        "theme": {"font": False, "features": ["navigation.indexes", "content.code.copy"]},
        "markdown_extensions": [
            "admonition", "tables", "pymdownx.highlight", "pymdownx.superfences", {"toc": {"permalink": True}},
        ],
        "nav": [
            {"curate": "index.md"},
            {"Tutorial": "tutorial.md"},
            {"How-to guides": listed("howto", HOWTO)},
            {"Explanation": listed("explanation", EXPLANATION)},
            {"Reference": ["commands.md", *reference]},
            {"Project": project},
        ],
    }  # fmt: skip


def _title(text: str) -> str:
    found = TITLE.search(text)
    return found.group(1) if found else ""


def llms_text(texts: dict[str, str], nav: list[dict[str, Any]]) -> str:
    """`llms.txt`: the pages by section, each with its title (llmstxt.org)."""
    lines = ["# curate", "", "> Curation and validation of chat data for fine-tuning language models.", ""]
    for section in nav:
        for name, items in section.items():
            lines += [f"## {name}", "", *(f"- [{_title(texts[page])}]({page})" for page in _flat(items)), ""]
    return "\n".join(lines)


def _flat(items: Any) -> list[str]:
    """The pages of a part of the navigation."""
    match items:
        case str():
            return [items]
        case dict():
            return [page for below in items.values() for page in _flat(below)]
        case _:
            return [page for item in items for page in _flat(item)]


def build() -> int:
    """Write the site to `build/docs/site`; returns the exit status of the generator."""
    shutil.rmtree(BUILD, ignore_errors=True)
    texts = sources()
    settings = configuration(texts)
    if lost := set(texts) ^ set(_flat(settings["nav"])):
        sys.stderr.write(f"not a page, or not in the navigation of docs/build.py: {', '.join(sorted(lost))}\n")
        return 1
    _write(BUILD / "pages", texts)
    shutil.copytree(ROOT / PICTURES, BUILD / "pages" / "pictures")
    (BUILD / "mkdocs.yml").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(BUILD / "mkdocs.yml")]
    code = subprocess.run(command, check=False).returncode
    if code == 0:
        _write(SITE, texts)
        (SITE / "llms.txt").write_text(llms_text(texts, settings["nav"]), encoding="utf-8")
    return code


def _write(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(build())
