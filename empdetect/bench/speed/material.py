"""The recording that speed is measured on: real faces and voices, with a transcript and body signals.

The talking faces of GRID (Cooke et al., 2006), each shown for up to a minute, at 640x480 and 25 frames a second in
H.264 with AAC sound; sentences of GRID's grammar, one every three seconds; ECG and EDA simulated by NeuroKit2 at
250 Hz. It is made once, in a folder for temporary files, and never leaves it.
"""

import gzip
import json
import math
import tempfile
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.input_files import Input
from empdetect.streams.audio import AudioStream
from empdetect.streams.media import decoded, open_media

FPS, WIDTH, HEIGHT, SOUND_RATE, BODY_RATE = 25, 640, 480, 44_100, 250
LONGEST_SHOT = 60.0
"""Seconds for which a speaker is shown at most before the next one comes."""
SENTENCE = 3.0
"""Seconds of a clip, and of a sentence."""
GRAMMAR = (
    ("bin", "lay", "place", "set"),
    ("blue", "green", "red", "white"),
    ("at", "by", "in", "with"),
    tuple("abcdefghijklmnopqrstuvxyz"),
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    ("again", "now", "please", "soon"),
)
"""The sentences of GRID, word by word."""


def default_folder() -> Path:
    """Folder of what is made for measuring, among the files that are temporary."""
    return Path(tempfile.gettempdir()) / "empdetect-speed"


def recording(data_root: Path, seconds: float, folder: Path, seed: int = 0) -> Input:
    """The recording of some length; made if it is not there yet.

    Args:
        data_root: folder of the real data, with ``grid_av_speech`` in it.
        seconds: its length.
        folder: where it lies.
        seed: of sentences and body signals.

    Raises:
        InputError: the clips are not there.
    """
    name = f"talk-{seconds:g}"
    folder.mkdir(parents=True, exist_ok=True)
    film, words, body = folder / f"{name}.mp4", folder / f"{name}.vtt", folder / f"{name}_physio.tsv.gz"
    if not film.is_file():
        write_words(words, seconds, seed)
        write_body(body, seconds, seed)
        # Last and in one piece: what was cut off must not be taken for done.
        part = film.with_suffix(".part")
        write_film(part, clips(data_root), seconds)
        part.replace(film)
    return Input(name, film, {"video": film, "transcript": words, "physiology": body})


def repeated(one: Input, times: int) -> Input:
    """A recording played several times over, as one; made if it is not there yet."""
    folder, name = one.source.parent, f"{one.id}-x{times}"
    film, words, body = folder / f"{name}.mp4", folder / f"{name}.vtt", folder / f"{name}_physio.tsv.gz"
    if not film.is_file():
        seconds = _repeat_film(one.source, folder / f"{name}.part.mp4", times) / times
        _repeat_body(one.files["physiology"], body, times)
        write_words(words, seconds * times, 0)
        (folder / f"{name}.part.mp4").replace(film)
    return Input(name, film, {"video": film, "transcript": words, "physiology": body})


def clips(data_root: Path) -> list[Path]:
    """The clips of GRID.

    Raises:
        InputError: there are none.
    """
    found = sorted((data_root / "grid_av_speech").glob("*.mpg"))
    if not found:
        raise InputError(f"Making a recording: no clips of GRID in {data_root / 'grid_av_speech'}; give --data-root")
    return found


def write_film(path: Path, sources: list[Path], seconds: float) -> None:
    """The clips one after the other, each repeated for up to a minute."""
    import av

    shot = min(LONGEST_SHOT, seconds / len(sources)) if seconds > SENTENCE else seconds
    with av.open(str(path), "w", format="mp4") as container:
        video: Any = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "21"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio: Any = container.add_stream("aac", rate=SOUND_RATE, layout="mono")
        sound = _sound(sources, shot, seconds)
        for number, picture in enumerate(_pictures(sources, shot, seconds)):
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            container.mux(video.encode(picture))
            first, last = (round(place * SOUND_RATE / FPS) for place in (number, number + 1))
            container.mux(audio.encode(_audio_frame(sound[first:last], first)))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def write_words(path: Path, seconds: float, seed: int) -> None:
    """Sentences of GRID's grammar, one every three seconds, each once in a row of 64,000."""
    every = [" ".join(words) for words in product(*GRAMMAR)]
    order = np.random.default_rng(seed).permutation(len(every))
    cues = ["WEBVTT\n"]
    for number in range(max(1, int(seconds / SENTENCE))):
        start = number * SENTENCE
        said = every[order[number % len(every)]]
        cues.append(f"{_clock(start + 0.3)} --> {_clock(start + SENTENCE - 0.3)}\n<v Ann>{said}\n")
    path.write_text("\n".join(cues), encoding="utf-8")


def write_body(path: Path, seconds: float, seed: int) -> None:
    """ECG and EDA in BIDS, simulated with NeuroKit2."""
    values = simulated_body(seconds, seed)
    _write_signals(path, np.column_stack([values["ECG"], values["EDA"]]))


def simulated_body(seconds: float, seed: int) -> Mapping[str, NDArray[np.float64]]:
    """ECG and EDA ``(time,)`` at ``BODY_RATE``."""
    import neurokit2 as nk

    length, duration, responses = int(seconds * BODY_RATE), math.ceil(seconds), max(1, round(seconds / 20))
    ecg = nk.ecg_simulate(duration, sampling_rate=BODY_RATE, heart_rate=72, noise=0.02, random_state=seed)
    skin = nk.eda_simulate(
        duration, sampling_rate=BODY_RATE, scr_number=responses, drift=0, noise=0.005, random_state=seed
    )
    return {"ECG": np.asarray(ecg)[:length], "EDA": 5 + np.asarray(skin)[:length]}


def _pictures(sources: list[Path], shot: float, seconds: float) -> Iterator[Any]:
    wanted, done = round(seconds * FPS), 0
    for source in sources:
        with open_media(source, "video") as (container, track):
            frames = [frame.reformat(WIDTH, HEIGHT, "yuv420p") for frame in decoded(container, track)]
        until = min(wanted, done + max(1, round(shot * FPS)))
        for number in range(until - done):
            yield frames[number % len(frames)]
        done = until


def _sound(sources: list[Path], shot: float, seconds: float) -> NDArray[np.float32]:
    parts = []
    for source in sources:
        samples = AudioStream(source).read(SOUND_RATE).samples
        # As long as the pictures of the clip, which do not last as long as its sound to the sample.
        samples = np.resize(samples, round(SENTENCE * SOUND_RATE))
        parts.append(np.resize(samples, round(shot * FPS) * SOUND_RATE // FPS))
    return np.resize(np.concatenate(parts), round(seconds * FPS) * SOUND_RATE // FPS)


def _audio_frame(samples: NDArray[np.float32], first: int) -> Any:
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
    frame.rate, frame.pts, frame.time_base = SOUND_RATE, first, Fraction(1, SOUND_RATE)
    return frame


def _repeat_film(source: Path, path: Path, times: int) -> float:
    """Copy the packets of a film several times over; its length in seconds. Nothing is encoded anew."""
    import av

    with av.open(str(path), "w") as out, av.open(str(source)) as film:
        tracks = {track.index: out.add_stream_from_template(track) for track in film.streams}
        length = _extent(film)
        for turn in range(times):
            film.seek(0)
            for packet in film.demux():
                if packet.dts is None or packet.pts is None or packet.time_base is None:
                    continue
                shift = round(turn * length / packet.time_base)
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = tracks[packet.stream.index]
                out.mux(packet)
    return length * times


def _extent(film: Any) -> float:
    """Seconds from the first packet of a track to the end of its last, of the longest track: so far a repeat moves."""
    found: dict[int, list[float]] = {}
    for packet in film.demux():
        if packet.dts is not None and packet.time_base is not None:
            begin, end = (float(ticks * packet.time_base) for ticks in (packet.dts, packet.dts + packet.duration))
            first, last = found.get(packet.stream.index, (begin, end))
            found[packet.stream.index] = [min(first, begin), max(last, end)]
    return max(last - first for first, last in found.values())


def _repeat_body(source: Path, path: Path, times: int) -> None:
    rows = gzip.decompress(source.read_bytes())
    path.write_bytes(gzip.compress(rows * times, compresslevel=1))
    _about(path)


def _write_signals(path: Path, values: NDArray[np.float64]) -> None:
    rows = "\n".join("\t".join(f"{value:.5f}" for value in row) for row in values) + "\n"
    path.write_bytes(gzip.compress(rows.encode(), compresslevel=1))
    _about(path)


def _about(path: Path) -> None:
    about = {"SamplingFrequency": BODY_RATE, "StartTime": 0, "Columns": ["ECG", "EDA"]}
    path.with_name(path.name.removesuffix(".tsv.gz") + ".json").write_text(json.dumps(about), encoding="utf-8")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02d}:{minutes:02d}:{rest:06.3f}"
