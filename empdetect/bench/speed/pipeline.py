"""The whole pipeline: ``empdetect score`` of a film with sound, transcript, ECG and EDA, by a detector of all four.

``python -m empdetect.bench.speed.pipeline -o docs/results/speed_pipeline.json``

The command runs in a process of its own, from its start to its end. In turn with it, PyAV alone decodes the same file,
picture and sound, and does nothing else. Medians are told.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from empdetect.bench.speed.detectors import four_modalities
from empdetect.bench.speed.material import recording
from empdetect.bench.speed.measuring import Spent, median, parser, record, run, score_command, timed
from empdetect.input_files import Input
from empdetect.scores import Scores


def measure(entry: Input, seconds: float, device: str, repeats: int) -> dict[str, Any]:
    """Seconds of the command and of decoding alone.

    Args:
        entry: the recording.
        seconds: its length.
        device: where the detector runs.
        repeats: so often both are measured.
    """
    whole: list[Spent] = []
    scoring: list[float] = []
    alone: list[Spent] = []
    with tempfile.TemporaryDirectory() as folder:
        detector = four_modalities(device=device).save_pretrained(Path(folder) / "detector")
        for number in range(repeats):
            alone.append(timed(lambda: decode(entry.source))[0])
            out = Path(folder) / str(number)
            whole.append(run(command(entry, detector, out, device)))
            scoring.append(seconds_of_scoring(out))
        scores = Scores.read(out / "scores.tsv").table
    decoding, scored, took = (median(values) for values in ([s.wall for s in alone], scoring, [s.wall for s in whole]))
    return {
        "recorded_seconds": seconds,
        "rows": len(scores),
        "rows_with_all_modalities": int(scores["modalities"].str.count(":").eq(4).sum()),
        "decoding": [spent.plain() for spent in alone],
        "whole_command": [spent.plain() for spent in whole],
        "scoring_wall_seconds": scoring,
        "times_real_time": {"command": seconds / took, "scoring": seconds / scored, "decoding": seconds / decoding},
        "times_the_decoding": {"command": took / decoding, "scoring": scored / decoding},
    }


def command(entry: Input, detector: Path, out: Path, device: str) -> list[str]:
    """The command that scores a recording."""
    words, body = entry.files["transcript"], entry.files["physiology"]
    given = (entry.source, "--transcript", words, "--physio", body, "--detector", detector, "--device", device)
    return score_command(*given, "--formats", "tsv", "-o", out)


def decode(path: Path) -> int:
    """Decode picture and sound of a file with PyAV; the number of frames."""
    import av

    with av.open(str(path)) as container:
        for track in (*container.streams.video, *container.streams.audio):
            track.codec_context.thread_type = "AUTO"
        return sum(1 for _ in container.decode(video=0, audio=0))


def seconds_of_scoring(out: Path) -> float:
    """Seconds from the opening of the recording to its last score, as the job's journal tells."""
    [journal] = (out / ".progress").rglob("*.jsonl")
    return float(json.loads(journal.read_text(encoding="utf-8").splitlines()[-1])["seconds"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = parser("pipeline", __doc__)
    options.add_argument("--seconds", type=float, default=600.0, help="length of the recording (default: ten minutes)")
    options.add_argument("--repeats", type=int, default=3)
    given = options.parse_args(arguments)
    entry = recording(given.data_root, given.seconds, given.folder, given.seed)
    found = measure(entry, given.seconds, given.device, given.repeats)
    speed, cost = found["times_real_time"], found["times_the_decoding"]
    told = f"command {speed['command']:.1f} times real time, scoring {speed['scoring']:.1f}, decoding alone "
    told += f"{speed['decoding']:.1f}; scoring takes {cost['scoring']:.2f} times the decoding"
    record(options, given, found, told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
