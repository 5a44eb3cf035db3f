"""Writing the simulated corpus: files of each dyad, the manifest and the truth."""

import csv
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from empdetect.datamodules.simulation.dialogue import LISTENER, SPEAKER, write_dialogue, write_vtt, write_words
from empdetect.datamodules.simulation.expression import express
from empdetect.datamodules.simulation.faces import FacePainter
from empdetect.datamodules.simulation.looks import Look
from empdetect.datamodules.simulation.media import write_mp4
from empdetect.datamodules.simulation.physiology import Body, signals, write_bids
from empdetect.datamodules.simulation.plan import Plan, plan_dyad
from empdetect.datamodules.simulation.settings import Noise, Settings
from empdetect.datamodules.simulation.voice import Speech, Voice, deliver, speak, time_turns
from empdetect.progress import track

MANIFEST, TRUTH = "manifest.tsv", "truth.json"

ROLES = {SPEAKER: "target", LISTENER: "observer"}

COLUMNS = (
    "recording", "participant", "role", "split", "group", "video", "audio", "transcript", "physiology",
    "start", "end", "empathy", "empathy_level",
)  # fmt: skip


def simulate_corpus(
    folder: Path,
    dyads: int = 24,
    seconds: float = 40.0,
    seed: int = 0,
    coupling: float = 0.9,
    lag: float = 2.0,
    workers: int = 2,
    window: float = 10.0,
    noise: Noise | None = None,
    transcripts: int = 0,
) -> Path:
    """Make a corpus of pairs of people, one telling a story and one listening with more or less empathy.

    Each dyad is a folder with an mp4 and body signals per person, and a transcript and a table of
    words of both; of further dyads only the words were kept. Every window of the listener is labelled
    ``empathy`` (0 or 1) and ``empathy_level`` (0 to 1). Dyads are split 60/20/20; those of whom only
    the words were kept are for training. ``truth.json`` holds what it was made
    from. The manifest is written last: where it stands, the corpus is whole.

    Args:
        folder: where to write; made if it is not there. Files of the same names are overwritten.
        dyads: number of pairs of people; each person occurs once.
        seconds: length of each recording.
        seed: the same seed gives the same labels, words, signals and pictures.
        coupling: how strongly the listener's body follows the speaker's at full empathy, 0 to 1.
        lag: seconds by which the listener's body and face follow the speaker's.
        workers: processes; 1 works in this one. More start new interpreters, so a script that calls
            this needs ``if __name__ == "__main__":``.
        window: seconds over which empathy stays the same, 8 or more.
        noise: how noisy each modality is.
        transcripts: number of further pairs of whom only the words were kept.

    Returns:
        Path of the manifest.

    Raises:
        InputError: a number is out of its range.
    """
    settings = Settings(dyads, seconds, seed, coupling, lag, window, noise or Noise(), transcripts)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    tasks = [(settings, index, folder) for index in range(dyads + transcripts)]
    _make(tasks, workers)
    plans = [plan_dyad(settings, index) for index in range(dyads + transcripts)]
    truth = {**settings.to_dict(), "recordings": [plan.truth() for plan in plans]}
    (folder / TRUTH).write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return _write_manifest(plans, folder / MANIFEST)


def simulate_dyad(settings: Settings, index: int, folder: Path) -> None:
    """Write the files of one dyad into its folder under ``folder``."""
    plan = plan_dyad(settings, index)
    home = folder / plan.name
    home.mkdir(exist_ok=True)
    rng = plan.rng(11)
    women = {person: bool(rng.random() < 0.5) for person in ROLES}
    voices = {person: Voice.draw(rng, woman) for person, woman in women.items()}
    looks = {person: Look.draw(rng, woman) for person, woman in women.items()}
    turns = write_dialogue(plan)
    said = deliver(plan, turns)
    cues = time_turns(plan, turns, voices, said)
    write_vtt(cues, home / "transcript.vtt")
    write_words(cues, home / "words.tsv")
    if plan.words_only:
        return
    for person in ROLES:
        write_bids(signals(plan, person, Body.draw(rng)), settings.physiology_rate, home / person)
        _film(plan, person, looks[person], speak(plan, person, voices[person], cues, said), home)


def _film(plan: Plan, person: str, look: Look, speech: Speech, home: Path) -> None:
    """Write one person's mp4."""
    settings = plan.settings
    expression = express(plan, person, speech.mouth)
    painter = FacePainter(look, settings.noise.video, plan.rng(12 if person == SPEAKER else 13))
    pictures = (painter.paint(expression.at(frame), frame) for frame in range(len(expression)))
    write_mp4(home / f"{person}.mp4", pictures, settings.video_rate, speech.samples, settings.audio_rate)


def _make(tasks: list[tuple[Settings, int, Path]], workers: int) -> None:
    """Make the dyads behind a progress bar, in this process or in a pool."""
    if workers <= 1 or len(tasks) == 1:
        for task in track(tasks, "Simulating"):
            simulate_dyad(*task)
        return
    import multiprocessing

    # Spawned, not forked: the caller may hold threads of torch or OpenCV, which do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with _one_thread(), ProcessPoolExecutor(min(workers, len(tasks)), context, initializer=_start) as pool:
        futures = [pool.submit(simulate_dyad, *task) for task in tasks]
        try:
            for future in track(futures, "Simulating"):
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start() -> None:
    """Prepare a worker: it has one core, and OpenCV would take them all."""
    import cv2

    cv2.setNumThreads(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Have the workers started meanwhile compute with one thread each."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def splits(dyads: int, seed: int) -> list[str]:
    """The split of each dyad: about 60/20/20; two dyads are one to train and one to test."""
    order = np.random.default_rng([seed, 10**6]).permutation(dyads)
    held = max(1, round(0.2 * dyads))
    names = (["train"] * max(1, dyads - 2 * held) + ["test"] * held + ["val"] * held)[:dyads]
    given = dict(zip(order.tolist(), names, strict=True))
    return [given[index] for index in range(dyads)]


def _write_manifest(plans: list[Plan], path: Path) -> Path:
    """One row a labelled window of the listener, and one that brings the speaker's streams."""
    settings = plans[0].settings
    split = splits(settings.dyads, settings.seed) + ["train"] * settings.transcripts
    rows = [row for plan in plans for row in _rows(plan, split[plan.index])]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="n/a", delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _rows(plan: Plan, split: str) -> Iterator[dict[str, Any]]:
    def streams(person: str) -> dict[str, Any]:
        film = f"{plan.name}/{person}.mp4"
        body = f"{plan.name}/{person}_physio.tsv.gz"
        return {
            "recording": plan.name,
            "participant": person,
            "role": ROLES[person],
            "split": split,
            "group": plan.name,
            "transcript": f"{plan.name}/transcript.vtt",
            **({} if plan.words_only else {"video": film, "audio": film, "physiology": body}),
        }

    yield streams(SPEAKER)
    for window in plan.windows:
        labels = {"empathy": window.empathy, "empathy_level": window.level}
        yield {**streams(LISTENER), "start": window.start, "end": window.end, **labels}
