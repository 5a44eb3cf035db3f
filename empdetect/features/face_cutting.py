"""Faces followed and cut out while a film goes by once: only its last few pictures are kept."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from empdetect.features.face_crops import Array, Cut, cut_face
from empdetect.features.face_tracking import Follower, Track, greatest, smooth
from empdetect.streams.face_path import FaceBox

Picture = NDArray[np.uint8]
Describe = Callable[[Cut, Cut | None], Array]
"""Features ``(feature,)`` of a cut, given the one before it."""

NEIGHBOURS = 5
"""Searches before and after a picture that tell where the face is in it: the smoothing sees four of them."""
PAST = 3.0
"""Seconds that are looked back on besides, for the tilt of a face, which is not measured in every search."""


@dataclass
class Cuts:
    """What was cut out of the pictures of one face.

    Args:
        times: seconds.
        rows: ``(feature,)`` each.
        quality: 0 to 1 each.
        before: the last cut.
    """

    times: list[float] = field(default_factory=list)
    rows: list[Array] = field(default_factory=list)
    quality: list[float] = field(default_factory=list)
    before: Cut | None = None

    def add(self, now: Cut, describe: Describe) -> None:
        """Add the cut of the next picture in which the face is seen."""
        before = self.before if self.before is not None and self.before.run == now.run else None
        self.times.append(now.time)
        self.rows.append(describe(now, before))
        self.quality.append(now.quality())
        self.before = now


class FaceCutter:
    """Follows every face of a film and describes each where it is seen; who the participant is, is told at the end.

    Args:
        describe: features ``(feature,)`` of a cut, given the one before it in the picture before.
        size: pixels across a crop.
        every: seconds between two searches.
        gap: a face unseen for so many seconds is lost.
    """

    def __init__(self, describe: Describe, size: int, every: float, gap: float) -> None:
        self.describe = describe
        self.size = size
        self.every = every
        self.gap = gap
        self.ahead = NEIGHBOURS * every + gap
        self._follower = Follower(gap)
        self._waiting: deque[tuple[float, Picture]] = deque()
        self._cuts: dict[int, Cuts] = {}

    @property
    def searches(self) -> int:
        """How many pictures were searched."""
        return self._follower.count

    def search(self, time: float, gray: Picture) -> None:
        """Search a picture ``(height, width)`` for faces, and cut out what is settled by it."""
        self._follower.look(time, gray)
        self._cut_until(time - self.ahead, self._follower.tracker.tracks)

    def keep(self, time: float, picture: Picture) -> None:
        """Keep a picture that faces are to be cut out of."""
        self._waiting.append((time, picture))

    def finish(self) -> Cuts | None:
        """What was cut out of the face of greatest presence; None if there is no face."""
        tracks = self._follower.tracker.tracks
        track = greatest(tracks, self.gap, self.searches)
        if track is None:
            return None
        steady = track.steady_runs(self.gap, self.searches)
        cuts = self._cuts.setdefault(id(track), Cuts())
        if track.times[-1] == self._follower.last_time:
            # Still there in the last picture searched, so also in the few after it.
            track.add(track.times[-1] + self.every, track.faces[-1])
            steady[-1] = replace(steady[-1], times=[*steady[-1].times, track.times[-1]])
        self._cut_until(np.inf, [track])
        return _within(cuts, [(run.times[0], run.times[-1]) for run in steady])

    def _cut_until(self, time: float, tracks: Sequence[Track]) -> None:
        """Cut the faces out of the pictures that wait, up to some moment."""
        due = []
        while self._waiting and self._waiting[0][0] <= time:
            due.append(self._waiting.popleft())
        for track in tracks if due else ():
            if track.times[0] <= due[-1][0] and due[0][0] <= track.times[-1]:
                self._cut(track, due)

    def _cut(self, track: Track, due: Sequence[tuple[float, Picture]]) -> None:
        first = bisect_right(track.times, due[0][0] - self.ahead - PAST)
        last = bisect_right(track.times, due[-1][0] + self.ahead)
        cuts = self._cuts.setdefault(id(track), Cuts())
        for run in track.part(first, last).runs(self.gap):
            boxes = smooth(run)
            sure = [face.confidence for face in run.faces]
            for time, picture in due:
                if run.times[0] <= time <= run.times[-1]:
                    x, y, side, tilt = (float(np.interp(time, boxes[:, 0], boxes[:, c])) for c in range(1, 5))
                    face = FaceBox(x, y, side, tilt, float(np.interp(time, run.times, sure)))
                    run_number = bisect_right(track.returns, time)
                    cuts.add(Cut(time, face, run_number, cut_face(picture, face, self.size)), self.describe)


def _within(cuts: Cuts, spans: Sequence[tuple[float, float]]) -> Cuts:
    """The cuts within some stretches of time, in seconds."""
    chosen = [place for place, time in enumerate(cuts.times) if any(start <= time <= end for start, end in spans)]
    return Cuts(
        [cuts.times[place] for place in chosen],
        [cuts.rows[place] for place in chosen],
        [cuts.quality[place] for place in chosen],
    )
