"""Writing pictures and sound into one mp4, on one clock."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def write_mp4(
    path: Path, pictures: Iterable[NDArray[np.uint8]], video_rate: float, samples: NDArray[np.float32], audio_rate: int
) -> None:
    """Write H.264 pictures (MPEG-4 where the build has no H.264) and AAC sound.

    Args:
        path: the file, ending in ``.mp4``.
        pictures: ``(height, width, 3)`` red, green, blue.
        video_rate: pictures a second, in Hz.
        samples: ``(time,)`` sound in [-1, 1].
        audio_rate: samples a second, in Hz.
    """
    import av
    from av.audio import AudioStream
    from av.video import VideoStream

    with av.open(str(path), "w") as container:
        codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
        options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "26"} if codec == "libx264" else {"q": "5"}
        video = container.add_stream(codec, rate=Fraction(video_rate).limit_denominator(1000), options=options)
        sound = container.add_stream("aac", rate=audio_rate, layout="mono")
        assert isinstance(video, VideoStream) and isinstance(sound, AudioStream)
        sound.bit_rate = 48_000
        video.codec_context.thread_count = 1  # two workers already share the cores
        for number, picture in enumerate(pictures):
            if number == 0:
                video.height, video.width = picture.shape[:2]
                video.pix_fmt = "yuv420p"
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = audio_rate, 0, Fraction(1, audio_rate)
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
