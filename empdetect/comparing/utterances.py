"""What somebody says as a signal: a detector's score of each utterance, held until their next one."""

from collections.abc import Callable
from functools import cache

from empdetect.contagion.series import Series
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.recording import Participant, Recording
from empdetect.scores import Scores

LONGEST = 60.0
"""Seconds for which an utterance speaks, at most: nobody's feeling is known from words of long ago."""


def utterance_series(person: Participant, detector: str) -> Callable[[str, float], Series]:
    """A reader of the utterances' scores as series.

    People take turns, so at one moment only one of them speaks. An utterance is taken to hold until the same
    person's next one, for ``LONGEST`` seconds at most; else two people would never be known at once.

    Args:
        person: with a transcript with times.
        detector: folder or hub name of a detector of text.

    Returns:
        A function of a measure's name and a rate in Hz.
    """

    @cache
    def scores() -> Scores:
        words = Participant(person.name, person.role, transcript=person.transcript)
        return Detector.from_pretrained(detector).score(Recording(person.name, (words,)))

    def read(measure: str, rate: float) -> Series:
        table = scores().table
        rows = table[table["measure"] == measure].dropna(subset=["start", "end"]).sort_values("start")
        if not len(rows):
            known = ", ".join(map(str, table["measure"].unique())) or "no measure"
            raise InputError(
                f"Reading the signal '{measure}' of {person.name}: neither a signal of the recording nor a measure of "
                f"the detector '{detector}' with times; it gives {known}"
            )
        starts, ends, values = (rows[name].to_numpy(float) for name in ("start", "end", "score"))
        nexts = [*starts[1:], ends[-1]]
        held = [max(end, min(following, start + LONGEST)) for start, end, following in zip(starts, ends, nexts)]
        return Series.over(measure, person.name, starts, held, values, rate)

    return read
