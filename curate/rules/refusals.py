"""What a refusal looks like at the start of an answer: told in `curate.detect.refusals`, since detectors need it too."""

from curate.detect.refusals import HINTS, OPENING, REFUSAL, refuses

__all__ = ["HINTS", "OPENING", "REFUSAL", "refuses"]
