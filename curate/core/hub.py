"""Upload files to the Hugging Face Hub in one commit."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from curate.core.errors import UsageError, requiring
from curate.core.urls import explained, is_offline

HUB: Final = "https://huggingface.co"


def hub_address() -> str:
    """The address of the hub that is used."""
    return os.environ.get("HF_ENDPOINT") or HUB


def require_hub() -> None:
    """Raise `UsageError` if network access is off, `MissingExtra` without huggingface_hub."""
    if is_offline():
        raise UsageError("network access is off", "unset HF_HUB_OFFLINE and CURATE_OFFLINE")
    with requiring("uploading to the hub", "cloud", "huggingface_hub"):
        import huggingface_hub  # noqa: F401


def upload(
    repository: str,
    files: Mapping[str, Path | bytes],
    kind: Literal["dataset", "model"],
    message: str,
    *,
    private: bool,
    token: str | None = None,
) -> str:
    """Upload files by their names in the repository, which is made if it is not there; returns the commit's address.

    Raises as `require_hub` does, and `OutputError`.
    """
    require_hub()
    from huggingface_hub import CommitOperationAdd, HfApi

    operations = [CommitOperationAdd(name, content) for name, content in files.items()]
    place = f"hf://{'datasets/' if kind == 'dataset' else ''}{repository}"
    with explained(place, "written"):
        api = HfApi(endpoint=hub_address(), token=token)
        api.create_repo(repository, repo_type=kind, private=private, exist_ok=True)
        commit = api.create_commit(repository, operations, repo_type=kind, commit_message=message)
    return str(commit.commit_url)
