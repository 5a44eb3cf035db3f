"""openSMILE's functionals of a whole sound (Eyben et al., ACM MM 2010), for the baseline of the field."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from empdetect.bench.system import NotAvailable
from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features
from empdetect.recording import Participant, Stream

RATE = 16_000
WIDTHS = {"ComParE_2016": 6373, "eGeMAPSv02": 88}


class OpensmileFunctionals(Extractor):
    """One frame a recording: the functionals of its whole sound.

    Args:
        feature_set: ``ComParE_2016`` (6,373 functionals) or ``eGeMAPSv02`` (88).
    """

    modality = "audio"

    def __init__(self, feature_set: str = "ComParE_2016") -> None:
        if feature_set not in WIDTHS:
            raise InputError(f"openSMILE functionals: got '{feature_set}', allowed are {', '.join(WIDTHS)}")
        self.feature_set = feature_set
        self.width = WIDTHS[feature_set]

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The sound."""
        return () if person.audio is None else (person.audio,)

    def extract(self, person: Participant) -> Features:
        """Functionals ``(1, feature)``, at the middle of the sound.

        Raises:
            NotAvailable: the package ``opensmile`` is not installed.
        """
        if person.audio is None:
            return Features.missing(self.width, "no audio")
        audio = person.audio.read(RATE)
        values = _smile(self.feature_set).process_signal(audio.samples, RATE).to_numpy(np.float32)
        middle = audio.start + len(audio.samples) / RATE / 2
        return Features(values, np.array([middle]), np.ones(1, np.bool_), np.ones(1, np.float32))


def require_opensmile() -> None:
    """Make sure that the package is there.

    Raises:
        NotAvailable: it is not.
    """
    from importlib.util import find_spec

    if find_spec("opensmile") is None:
        raise NotAvailable("the package 'opensmile' is not installed: pip install 'empdetect[bench]' (research only)")


@lru_cache(maxsize=2)
def _smile(feature_set: str) -> Any:
    require_opensmile()
    import opensmile

    return opensmile.Smile(opensmile.FeatureSet[feature_set], opensmile.FeatureLevel.Functionals)
