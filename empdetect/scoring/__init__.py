"""The scoring job: many recordings in, one folder out; what fails is listed and the rest goes on."""

from empdetect.scoring.job import ENGINES, FORMATS, Outcome, parse_formats, score_recordings

__all__ = ["ENGINES", "FORMATS", "Outcome", "parse_formats", "score_recordings"]
