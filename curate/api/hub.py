"""Upload a folder that curate wrote to the Hugging Face Hub."""

from pathlib import Path

from curate.core.hub import upload
from curate.core.manifest import NAME, Manifest, named_files
from curate.output.folder import CARD, LOADING


def push_folder(folder: Path, manifest: Manifest, repository: str, *, private: bool, token: str | None) -> str:
    """Upload a split to a data set, in one commit, with the data card as its README; returns the commit's address.

    The removed lines are left out: they may have been removed because they are private. Raises as `upload` does.
    """
    names = sorted({NAME, *named_files(manifest)} - {manifest.removed.file, CARD, LOADING})
    text = (folder / CARD).read_text(encoding="utf-8").replace("PATH/OF/THIS/FOLDER", repository)
    card = f"---\n{(folder / LOADING).read_text(encoding='utf-8').strip()}\n---\n\n{text}"
    files: dict[str, Path | bytes] = {name: folder / name for name in names}
    files["README.md"] = card.encode()
    return upload(repository, files, "dataset", "Add splits written by curate", private=private, token=token)
