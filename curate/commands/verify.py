"""The verification of a split as a function."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from curate.commands.session import Session
from curate.project.runs import project_of
from curate.storage.files import MANIFEST
from curate.verify import NOT_GIVEN, verify_files, verify_folder
from curate.verify.proof import VerifyResult


def verify(
    data: Path | Mapping[str, Sequence[Path]],
    session: Session,
    *,
    name: str = "",
    embeddings: str = "",
    inputs: Mapping[str, Path] = NOT_GIVEN,
) -> VerifyResult:
    """Verify a folder, or the files of each split, the training files first; `name`: how the result names them.

    `embeddings`: a model to search for paraphrased questions. `inputs` is that of `verify_folder`. Raises as it does.
    """
    first = data / MANIFEST if isinstance(data, Path) else next(iter(next(iter(data.values()))))
    cache, listen, executor = session.cache_of(project_of([first])), session.listen, session.executor
    if isinstance(data, Path):
        return verify_folder(data, embeddings=embeddings, cache=cache, listen=listen, executor=executor, inputs=inputs)
    return verify_files(data, name, embeddings=embeddings, cache=cache, listen=listen, executor=executor)
