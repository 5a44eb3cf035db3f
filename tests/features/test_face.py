from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from empdetect.components import build, describe
from empdetect.datamodules.simulation.faces import FacePainter
from empdetect.datamodules.simulation.looks import Look
from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features
from empdetect.features.face import Face, VideoClip
from empdetect.features.face_crops import MOTION
from empdetect.recording import Participant
from empdetect.streams.video import VideoStream
from tests.media import write_media

Picture = NDArray[np.uint8]
STILL = dict.fromkeys(("sorrow", "raised", "smile", "mouth", "blink", "gaze", "roll", "shift", "nod"), 0.0) | {
    "zoom": 1
}


@lru_cache(maxsize=4)
def painter(seed: int) -> FacePainter:
    return FacePainter(Look.draw(np.random.default_rng(seed), woman=False), 2.0, np.random.default_rng(0))


def scene(x: int = 40, width: int = 400, seed: int = 3, **expression: float) -> Picture:
    """A drawn face of 240 pixels, its left edge at ``x``."""
    face = painter(seed).paint(STILL | expression, 0)
    picture = np.full((240, width, 3), face[5, 5], np.uint8)
    picture[:, x : x + 240] = face
    return picture


def wall(width: int = 400) -> Picture:
    """A wall with the light falling from one side."""
    light = np.linspace(90, 160, width).astype(np.uint8)
    return np.repeat(np.tile(light, (240, 1))[..., None], 3, axis=2)


def watch(path: Path, frames: Sequence[Picture], extractor: Extractor | None = None, **media: float) -> Features:
    stream = VideoStream(write_media(path, frames, **media))  # type: ignore[arg-type]
    return (extractor or Face())(Participant("ann", video=stream))


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return watch(tmp_path_factory.mktemp("face") / "a.mp4", [scene()] * 50)


def test_face_is_seen_in_every_frame(still: Features) -> None:
    assert still.values.shape == (25, 48 * 48 + len(MOTION))
    assert still.values.dtype == np.float32
    assert still.mask.all()
    assert still.quality.min() > 0.6
    np.testing.assert_allclose(still.times, 0.08 * np.arange(25), atol=1e-6)


def test_crops_have_mean_0_and_variance_1(still: Features) -> None:
    crops = still.values[:, :-4]
    np.testing.assert_allclose(crops.mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(crops.std(axis=1), 1, atol=1e-4)


def test_still_face_does_not_move(still: Features) -> None:
    motion = still.values[:, -4:]
    assert np.isnan(motion[0]).all()
    assert np.isfinite(motion[1:]).all()
    assert np.abs(motion[1:, 1:]).max() < 0.05


def test_moving_face_has_its_speed(tmp_path: Path) -> None:
    frames = [scene(x=2 * index, width=440) for index in range(75)]  # 50 pixels a second
    motion = watch(tmp_path / "a.mp4", frames).values[5:-5, -4:]
    side = 240 * 0.55  # what the cascade makes of this face, roughly
    assert np.median(motion[:, 1]) == pytest.approx(50 / side, rel=0.3)
    assert abs(np.median(motion[:, 2])) < 0.05
    assert abs(np.median(motion[:, 3])) < 0.1


def test_expression_moves_the_crop(tmp_path: Path, still: Features) -> None:
    frames = [scene(smile=float(np.sin(index / 4) ** 2), mouth=float(np.sin(index / 4) ** 2)) for index in range(50)]
    energy = watch(tmp_path / "a.mp4", frames).values[1:, -4]
    assert np.median(energy) > 3 * np.median(still.values[1:, -4])


def test_lost_face_is_missing_and_found_again(tmp_path: Path) -> None:
    frames = [scene()] * 50 + [wall()] * 50 + [scene()] * 50
    features = watch(tmp_path / "a.mp4", frames)
    seen = (features.times < 2) | (features.times >= 4)
    assert (features.mask == seen).mean() > 0.9
    assert not features.mask[~seen].any()
    assert np.isnan(features.values[~features.mask]).all()
    assert not features.quality[~features.mask].any()
    # A face found again has no frame before it to move from.
    again = np.flatnonzero(features.mask & (features.times >= 4))[0]
    assert np.isnan(features.values[again, -4:]).all()


def test_no_face_gives_a_reason(tmp_path: Path) -> None:
    features = watch(tmp_path / "a.mp4", [wall()] * 50)
    assert features.values.shape == (0, Face().width)
    assert features.reason == "no face found in 10 frames"


def test_face_of_a_moment_is_taken_for_a_false_one(tmp_path: Path) -> None:
    features = watch(tmp_path / "a.mp4", [wall()] * 20 + [scene()] * 8 + [wall()] * 30)
    assert not features.observed


def test_participant_is_the_greatest_presence(tmp_path: Path) -> None:
    import cv2

    small = cv2.resize(scene(x=0, width=240, seed=8), (120, 120), interpolation=cv2.INTER_AREA)
    both = scene(x=0, width=420)
    both[60:180, 280:400] = small
    with_other = watch(tmp_path / "a.mp4", [both] * 30).values[5, :-4]
    alone = watch(tmp_path / "b.mp4", [scene(x=0, width=420)] * 30).values[5, :-4]
    assert np.corrcoef(with_other, alone)[0, 1] > 0.95


def test_blur_and_distance_lower_the_quality(tmp_path: Path, still: Features) -> None:
    import cv2

    blurred = cv2.GaussianBlur(scene(), (0, 0), 5).astype(np.uint8)
    far = wall()
    far[100:180, 100:180] = cv2.resize(scene(x=0, width=240), (80, 80), interpolation=cv2.INTER_AREA)
    for name, picture in {"blurred": blurred, "far": far}.items():
        features = watch(tmp_path / f"{name}.mp4", [picture] * 25)
        assert features.observed
        assert features.mean_quality < still.mean_quality - 0.1


def test_tilted_head_is_levelled(tmp_path: Path, still: Features) -> None:
    upright = still.values[10, :-4]
    tilted = watch(tmp_path / "a.mp4", [scene(roll=12.0)] * 25)
    likeness = [np.corrcoef(upright, crop)[0, 1] for crop in tilted.values[:, :-4]]
    assert np.median(likeness) > 0.8


def test_offset_and_start_move_the_times(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mp4", [scene()] * 25, start=2.0)
    features = Face()(Participant("ann", video=VideoStream(path, offset=10.0)))
    assert features.times[0] == pytest.approx(10.0)


def test_slow_video_gives_all_its_frames(tmp_path: Path) -> None:
    features = watch(tmp_path / "a.mp4", [scene()] * 10, fps=5)
    assert len(features.times) == 10
    assert features.mask.all()


def test_one_frame_is_enough_for_a_face(tmp_path: Path) -> None:
    assert watch(tmp_path / "a.mp4", [scene()]).mask.tolist() == [True]


def test_video_clip_is_colour_by_channel(tmp_path: Path) -> None:
    extractor = VideoClip(rate=5, size=32)
    features = watch(tmp_path / "a.mp4", [scene()] * 25, extractor)
    clip = features.values.reshape(-1, 3, 32, 32)
    assert len(clip) == 5
    assert 0 <= clip.min() < clip.max() <= 1
    red, green, blue = clip[:, :, 12:20, 12:20].mean(axis=(0, 2, 3))
    assert red > green > blue  # skin
    assert features.quality.min() > 0.5


@pytest.mark.parametrize("kind", [Face, VideoClip])
def test_missing_broken_and_soundonly(tmp_path: Path, kind: Callable[[], Extractor]) -> None:
    assert kind()(Participant("ann")).reason == "no video"
    sound = write_media(tmp_path / "a.mp4", samples=np.zeros(16_000))
    with pytest.raises(InputError, match=r"it has no video track \(only audio\)"):
        kind()(Participant("ann", video=VideoStream(sound)))
    with pytest.raises(InputError, match=r"0\.6 seconds at most.*got 12.5, 1 and 48"):
        Face(detect_every=1.0)
    with pytest.raises(InputError, match="'size' 8 or more"):
        kind(size=2)  # type: ignore[call-arg]


def test_extractors_are_components() -> None:
    for extractor in (Face(10, 32, 0.5), VideoClip(5, 64)):
        assert describe(build(describe(extractor), Extractor)) == describe(extractor)


@pytest.mark.data
@pytest.mark.parametrize("pattern", ["contagion/videos_wave1/*_happy.avi", "grid_av_speech/[bs]*.mpg"])
def test_real_faces_are_seen_in_nearly_every_frame(data_root: Path, pattern: str) -> None:
    paths = sorted(data_root.glob(pattern))[::3]
    assert paths
    for path in paths:
        features = Face(rate=5)(Participant("actor", video=VideoStream(path)))
        assert features.mask.mean() > 0.97, path.name
        assert features.mean_quality > 0.8, path.name


@pytest.mark.data
def test_real_clip_without_a_face_is_missing(data_root: Path) -> None:
    (path,) = data_root.glob("pyfeat_video/**/no_face.mp4")
    assert Face()(Participant("nobody", video=VideoStream(path))).reason.startswith("no face found in")


@pytest.mark.data
@pytest.mark.parametrize(("name", "early", "late"), [("face_noface", 1.0, 0.0), ("noface_face", 0.0, 1.0)])
def test_real_face_lost_and_found(data_root: Path, name: str, early: float, late: float) -> None:
    (path,) = data_root.glob(f"pyfeat_video/**/{name}.mov")
    features = Face(rate=5)(Participant("someone", video=VideoStream(path)))
    assert features.window(0, 2).mask.mean() == pytest.approx(early, abs=0.1)
    assert features.window(4.4, None).mask.mean() == pytest.approx(late, abs=0.1)
    assert features.mean_quality < 0.5
