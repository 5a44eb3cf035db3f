"""What is done to two signals before they are compared, and alike to every surrogate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.gaps import Array, interpolated, pair
from empdetect.contagion.measures.autoregression import prewhiten
from empdetect.contagion.measures.detrending import detrend
from empdetect.contagion.stimulus import partial_out


@dataclass(frozen=True)
class Preparation:
    """A trend is taken out, then what a stimulus explains and each signal's own memory.

    Args:
        degree: of the trend's polynomial; see ``detrend``.
        whiten: take out each signal's memory; see ``prewhiten``. What is left shows a lag most sharply, and is fair
            for signals however slow; coupling that is slow itself is seen better without.
        stimulus: what both saw, ``(time,)`` or ``(feature, time)``; see ``partial_out``.
        response: how late a person may still respond to it, in seconds.
    """

    degree: int = 1
    whiten: bool = True
    stimulus: ArrayLike | None = None
    response: float = 10.0

    def pair(self, x: ArrayLike, y: ArrayLike, rate: float) -> tuple[Array, Array]:
        """Both signals ``(time,)`` prepared; the same stretch of both may be lost at the start.

        Raises:
            InputError: the signals do not belong together, or the stimulus does not belong to them.
        """
        one, other = pair(x, y, rate, "Comparing two people")
        one, other = self(np.stack([one, other]), rate)
        return one, other

    def __call__(self, x: Array, rate: float) -> Array:
        """Signals ``(..., time)`` prepared.

        Raises:
            InputError: the stimulus does not belong to them.
        """
        x = detrend(x, self.degree)
        if self.stimulus is not None:
            # The trend goes out of the stimulus as well, or it would bring its own back.
            stimulus = detrend(np.asarray(self.stimulus, np.float64), self.degree)
            lost = round(self.response * rate)
            return partial_out(x, stimulus, rate, self.response, self.whiten)[..., lost:]
        return _whitened(x) if self.whiten else x


def _whitened(x: Array) -> Array:
    """What each one's own past does not tell, where the present is known.

    Gaps in the past are bridged by straight lines: else a gap would take with it as many samples as the memory is long,
    and of a signal in which every tenth sample is missing nothing would be left.
    """
    left = prewhiten(interpolated(x)).values
    return np.where(np.isnan(x[..., x.shape[-1] - left.shape[-1] :]), np.nan, left)
