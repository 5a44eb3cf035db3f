"""How much moves in a picture, and how loud a sound is, over time: signals that any recording of a person holds."""

import numpy as np
from numpy.typing import NDArray

from empdetect.contagion.series import Series
from empdetect.errors import InputError
from empdetect.streams.audio import AudioStream
from empdetect.streams.video import VideoStream

CHANGED = 10
"""Gray levels (of 255) by which a pixel must change to count: what is less is the camera's noise."""
SOUND_RATE = 8_000
FLOOR = 1e-4
"""Of full scale: softer frames are as good as silent, and their logs would say more of the recorder than of people."""


def motion_energy(video: VideoStream, person: str, changed: int = CHANGED) -> Series:
    """Motion energy: share of the pixels that change from one frame to the next (frame differencing).

    Source: Ramseyer and Tschacher, "Nonverbal synchrony in psychotherapy", JPSP 2011, with a share instead of a
    count, so that regions of other sizes compare. The camera must stand still, and nobody else be in the region.
    A value lies halfway between its two frames; none is given across a gap. All frames count: who moves and is back
    between two frames that were looked at would seem to sit still.

    Args:
        video: the picture, or the region of it that shows the person (``VideoStream.region``).
        person: whose it is.
        changed: gray levels by which a pixel must change to count.

    Raises:
        InputError: the video cannot be read, or nothing moves in it.
    """
    step = 1 / video.rate()
    times, shares = [], []
    before: tuple[float, NDArray[np.uint8]] | None = None
    for time, picture in video.frames():
        if before is not None:
            difference = np.abs(picture.astype(np.int16) - before[1])
            times.append((time + before[0]) / 2)
            shares.append(float((difference > changed).mean()) if time - before[0] < 1.5 * step else np.nan)
        before = (time, picture)
    if len(times) < 2:
        raise InputError(f"Motion energy of {person}: {video.path} has less than three frames; a longer one is needed")
    return Series.at("motion", person, times, shares, 1 / step)


def sound_envelope(audio: AudioStream, person: str, rate: float = 50.0) -> Series:
    """Envelope of a sound: natural log of the effective amplitude of each stretch of ``1 / rate`` seconds.

    Digital silence is not known. The same sound on two recordings tells how their clocks differ (``clock``). Decoded
    piece by piece: memory does not grow with the length of the sound but for the envelope.

    Args:
        audio: the sound.
        person: whose recording it is.
        rate: values per second, in Hz, up to 200.

    Raises:
        InputError: the sound cannot be read, or is silent or of one loudness throughout.
    """
    if not 0 < rate <= 200:
        raise InputError(f"Envelope of the sound of {person}: the rate must be above 0 and up to 200 Hz, got {rate:g}")
    powers, rest, start = [], np.zeros(0, np.float32), None
    step = round(SOUND_RATE / rate)
    for block in audio.blocks(SOUND_RATE):
        start = block.start if start is None else start
        samples = np.concatenate([rest, block.samples])
        whole = len(samples) // step * step
        powers.append(np.square(samples[:whole].reshape(-1, step).astype(np.float64)).mean(axis=1))
        rest = samples[whole:]
    power = np.concatenate(powers)
    level = np.where(power > 0, np.log(np.maximum(np.sqrt(power), FLOOR)), np.nan)
    return Series("sound", person, level, SOUND_RATE / step, (start or 0.0) + step / SOUND_RATE / 2)
