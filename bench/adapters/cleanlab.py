"""cleanlab: Datalab's outliers and near-duplicates, with its defaults, on 50 components of TF-IDF features."""

import tempfile
from pathlib import Path

from bench.adapters import ToolStoppedError, after, joined, read_texts

INSTALL = "pip install 'cleanlab[datalab]'"


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines that are outliers (faults), or that have a near-duplicate."""
    if task not in {"faults", "near-duplicates", "leaks"}:
        return None
    from cleanlab import Datalab
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    with tempfile.TemporaryDirectory() as folder:
        path, offset = joined(paths, Path(folder))
        try:
            texts = read_texts(path)
        except (ValueError, TypeError, AttributeError) as error:
            raise ToolStoppedError(str(error)) from error
    vectors = TfidfVectorizer().fit_transform(texts)
    features = TruncatedSVD(n_components=min(50, len(texts) - 1, vectors.shape[1] - 1), random_state=0).fit_transform(
        vectors
    )
    lab = Datalab({"text": texts}, verbosity=0)
    kind = "outlier" if task == "faults" else "near_duplicate"
    lab.find_issues(features=features, issue_types={kind: {}})
    issues = lab.get_issues(kind)
    column = issues[f"is_{kind}_issue"].to_numpy()
    if task != "leaks":
        return {number for number, issue in enumerate(column, 1) if issue}
    sets = issues["near_duplicate_sets"].tolist()
    return after({number for number, near in enumerate(sets, 1) if any(index < offset for index in near)}, offset)
