"""The quality signals that `curate score -o FILE` has written, for the review."""

from pathlib import Path

from curate.core.errors import InputError
from curate.core.lazy import pl
from curate.core.text import visible
from curate.quality.signals import BY_NAME, DOUBT
from curate.review.events import ScoresKnown


def read_scores(path: Path) -> ScoresKnown:
    """The signals in a Parquet file. Raises `InputError` if it is not one of `curate score`."""
    hint = "write it with  curate score PATH -o scores.parquet"
    try:
        frame = pl.read_parquet(path)
        if missing := [name for name in ("example", DOUBT) if name not in frame.columns]:
            raise InputError(f"{visible(str(path))}: has no column {missing[0]}", hint)
        names = [name for name in (*BY_NAME, DOUBT) if name in frame.columns]
        columns = {name: frame[name].cast(pl.Float64).fill_null(float("nan")).to_list() for name in names}
        return ScoresKnown(frame["example"].cast(pl.String).fill_null("").to_list(), columns)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{visible(str(path))}: cannot be read: {visible(str(error))}", hint) from None
