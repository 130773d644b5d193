"""The bench of rephrased items counts files without a held-out half, and rows without a near miss."""

import pytest

from tests.bench.decontamination import Planted, report, report_own

PLANTS = [Planted("fact", "hotpot", 1, True, ["Who?"]), Planted("code", "mbpp", 2, True, ["Sort."])]
TRUTH = [("hotpot", 1), ("mbpp", 2)]


def test_report_without_held_out_rows(capsys: pytest.CaptureFixture[str]) -> None:
    report(PLANTS, TRUTH, set(), {(0, TRUTH[0]), (2, TRUTH[0])}, clean=5)
    assert "both: 1 of 5 clean rows\n" in capsys.readouterr().out


def test_near_misses_are_counted_by_their_own_style(capsys: pytest.CaptureFixture[str]) -> None:
    report_own([{"style": "code", "near": ["Count."]}], PLANTS, set(), {(7, TRUTH[1])}, first=7)
    assert "both: 1 of 1 near misses flagged {'code': 1}" in capsys.readouterr().out
