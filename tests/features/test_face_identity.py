"""Several faces keep their numbers over a recording, lost and found again; drawn and real people."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from empdetect.features.face import Face
from empdetect.features.face_identity import follow_faces
from empdetect.recording import Participant
from empdetect.streams.face_path import FacePath
from empdetect.streams.video import VideoStream
from tests.faulty_media import face
from tests.media import write_media

Picture = NDArray[np.uint8]


def side_by_side(left: list[Picture], right: list[Picture]) -> list[Picture]:
    return [np.hstack(pair) for pair in zip(left, right)]


def places(path: FacePath, width: int) -> list[str]:
    """On which side each stretch of a face is."""
    return ["left" if run[:, 1].mean() < width / 2 else "right" for run in path.runs]


def leave_and_come_back_on_the_other_side(ann: list[Picture], ben: list[Picture]) -> list[Picture]:
    """Both; Ben alone, where he was; Ben alone on the left; both, with their seats changed."""
    wall = [np.full_like(ann[0], 90)] * len(ann)
    parts = ((ann, ben), (wall, ben), (ben, wall), (ben, ann))
    return [picture for left, right in parts for picture in side_by_side(left, right)]


def test_drawn_faces_keep_their_numbers(tmp_path: Path) -> None:
    ann, ben = [face(3)] * 12, [face(8)] * 12
    path = write_media(tmp_path / "a.mp4", leave_and_come_back_on_the_other_side(ann, ben), fps=5)
    first, second = follow_faces(VideoStream(path))
    assert (places(first, 480)[0], places(first, 480)[-1]) == ("left", "right")
    assert (places(second, 480)[0], places(second, 480)[-1]) == ("right", "left")
    assert first.at(4.0) is None, "Ann is out of the picture"
    assert second.at(4.0) is not None


def test_a_stream_with_a_face_looks_at_that_face(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mp4", side_by_side([face(3)] * 15, [face(8)] * 15), fps=5)
    first, second = follow_faces(VideoStream(path))
    one, other = (Face(rate=5)(Participant("p", video=VideoStream(path, face=who))) for who in (first, second))
    assert one.mask.all()
    assert other.mask.all()
    assert np.abs(one.values[0, : 48 * 48] - other.values[0, : 48 * 48]).mean() > 0.1
    fingerprints = {VideoStream(path, face=who).fingerprint() for who in (None, first, second)}
    assert len(fingerprints) == 3


def test_nobody(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mp4", [np.full((240, 240, 3), 90, np.uint8)] * 10, fps=5)
    assert follow_faces(VideoStream(path)) == []


@pytest.mark.data
def test_real_faces_keep_their_numbers(data_root: Path, tmp_path: Path) -> None:
    ann, ben = (
        [picture for _, picture in VideoStream(data_root / "grid_av_speech" / name).frames(pixels="rgb24")][:74]
        for name in ("bbaf2n.mpg", "swiz3n.mpg")
    )
    path = write_media(tmp_path / "duo.mp4", leave_and_come_back_on_the_other_side(ann, ben))
    first, second = follow_faces(VideoStream(path))
    assert (places(first, 720)[0], places(first, 720)[-1]) == ("left", "right")
    assert (places(second, 720)[0], places(second, 720)[-1]) == ("right", "left")
    assert first.at(5.0) is None


@pytest.mark.data
def test_one_real_face_is_one_person(data_root: Path) -> None:
    for name, count in (("single_face.mp4", 1), ("face_noface.mov", 1), ("no_face.mp4", 0)):
        assert len(follow_faces(VideoStream(data_root / "pyfeat_video" / name))) == count
