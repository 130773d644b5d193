"""Upload a folder that curate wrote to the Hugging Face Hub."""

import os
from pathlib import Path

from curate.core.errors import MissingExtra, UsageError
from curate.core.manifest import NAME, Manifest, named_files
from curate.core.urls import explained, is_offline
from curate.output.folder import CARD, LOADING


def push_folder(folder: Path, manifest: Manifest, repository: str, *, private: bool, token: str | None) -> str:
    """Upload a split to a data set, in one commit, with the data card as its README; returns the commit's address.

    The removed lines are left out: they may have been removed because they are private. Raises `MissingExtra`,
    `UsageError` if network access is off, `OutputError`.
    """
    if is_offline():
        raise UsageError("network access is off", "unset HF_HUB_OFFLINE and CURATE_OFFLINE")
    try:
        from huggingface_hub import CommitOperationAdd, HfApi
    except ImportError as error:
        raise MissingExtra("uploading to the hub", "cloud", "huggingface_hub") from error
    names = sorted({NAME, *named_files(manifest)} - {manifest.removed.file, CARD, LOADING})
    text = (folder / CARD).read_text(encoding="utf-8").replace("PATH/OF/THIS/FOLDER", repository)
    card = f"---\n{(folder / LOADING).read_text(encoding='utf-8').strip()}\n---\n\n{text}"
    files = [CommitOperationAdd(name, folder / name) for name in names]
    files.append(CommitOperationAdd("README.md", card.encode()))
    with explained(f"hf://datasets/{repository}", "written"):
        api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=token)
        api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        commit = api.create_commit(
            repository, files, repo_type="dataset", commit_message="Add splits written by curate"
        )
    return str(commit.commit_url)
