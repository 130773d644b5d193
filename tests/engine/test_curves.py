"""Curves in HTML reports: every value between the ticks, no peak lost, nothing of the data taken for markup."""

import re

from hypothesis import given
from hypothesis import strategies as st

from curate.render.html_plots import MAX_POINTS, Curve, _thinned, curves, ticks

values = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 4))


@given(st.lists(values, min_size=1, max_size=50))
def test_ticks_are_few_and_hold_all_values(found: list[float]) -> None:
    marks = ticks(min(found), max(found))
    assert marks[0] <= min(found)
    assert marks[-1] >= max(found)
    assert 2 <= len(marks) <= 7


def test_a_peak_survives_thinning() -> None:
    points = [(float(at), 1.0) for at in range(10 * MAX_POINTS)]
    points[1234] = (1234.0, 9.0)
    thinned = _thinned(points)
    assert len(thinned) <= MAX_POINTS
    assert (1234.0, 9.0) in thinned


def test_names_are_text_and_what_is_no_number_is_not_drawn() -> None:
    drawn = curves(
        "<b>Loss</b>", Curve("a<i>", [(1, 2.0), (2, float("nan")), (3, 1.0)]), Curve("two", [(1, 1.5)], "second")
    )
    assert "<b>" not in drawn
    assert "<i>" not in drawn
    assert len(re.findall(r"<polyline", drawn)) == 2
    assert "nan" not in drawn
    assert curves("none", Curve("empty", [])) == ""
