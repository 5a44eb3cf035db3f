"""ELAN: scores as an ``.eaf`` file, one tier a participant and measure, beside which people can annotate."""

import re
from mimetypes import guess_type
from pathlib import Path

from empdetect.scores import Scores, writing
from empdetect.writers.tiers import tiers_of

DATE = "1970-01-01T00:00:00+00:00"
"""The format wants a date; a fixed one, so that equal scores give equal files."""

NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_eaf(scores: Scores, path: Path, media: Path | None = None) -> Path:
    """Write the scores of one recording for ELAN. Times are in milliseconds; what lies before 0 is left out.

    Args:
        scores: of the recording.
        path: the file.
        media: film or sound that ELAN is to open with it.

    Raises:
        InputError: the file cannot be written.
    """
    from pympi.Elan import Eaf

    eaf = Eaf(author="empdetect")
    eaf.adocument["DATE"] = DATE
    eaf.remove_tier("default")
    if media is not None:
        kind = guess_type(media.name)[0] or "application/octet-stream"
        eaf.add_linked_file(media.absolute().as_uri(), mimetype=kind)
    for tier in tiers_of(scores):
        name = _allowed(tier.name)
        eaf.add_tier(name, part=_allowed(tier.participant), ann="empdetect")
        for mark in tier.marks:
            if mark.end > 0:
                eaf.add_annotation(name, max(mark.start, 0), mark.end, _allowed(mark.text))
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # pympi would keep it as a .bak
        eaf.to_file(str(path))
    return path


def _allowed(text: str) -> str:
    """Text without the few characters that XML cannot hold."""
    return NOT_XML.sub("\ufffd", text)
