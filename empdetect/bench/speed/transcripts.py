"""Many transcripts: token throughput of a scoring job against a bare forward pass of the same encoder.

``python -m empdetect.bench.speed.transcripts -o docs/results/speed_transcripts.json``

A thousand transcripts of forty turns each, all turns unlike each other (EmpatheticDialogues, Rashkin et al., 2019). The
job is ``score_recordings`` from files to a table, with the detector loaded. The bare pass has the token ids, sorted by
length, in batches of 32 padded to their longest, and does nothing but call the network and take the mean. Both run
twice in turn, and the faster of each counts. Some of the transcripts are scored one by one too: the scores must agree.
"""

import csv
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from empdetect.bench.speed.detectors import words_alone
from empdetect.bench.speed.measuring import Spent, parser, record, timed
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.features.text import TextEmbeddings, load_encoder, load_tokenizer
from empdetect.inputs import find_recordings
from empdetect.scores import Scores
from empdetect.scoring import score_recordings

TURNS, BATCH, ALONE = 40, 32, 3
"""Turns a transcript; texts a batch of the bare pass; transcripts that are scored one by one for comparison."""


def measure(folder: Path, texts: Sequence[str], device: str, repeats: int) -> dict[str, Any]:
    """Tokens a second of both, and how far scores differ from those of each transcript alone.

    Args:
        folder: an empty one.
        texts: the turns.
        device: where the detector runs.
        repeats: so often both are measured.
    """
    write_transcripts(folder / "in", texts)
    detector = words_alone(device=device)
    extractor = detector.features["text"]
    if not isinstance(extractor, TextEmbeddings):
        raise TypeError("this detector reads embeddings of its words")
    ids = load_tokenizer(extractor.model)(list(texts), truncation=True, max_length=extractor.max_tokens)["input_ids"]
    bare_pass(ids[:BATCH], extractor)  # loads the network
    ours: list[Spent] = []
    bare: list[Spent] = []
    for _ in range(repeats):
        bare.append(timed(lambda: bare_pass(ids, extractor))[0])
        ours.append(timed(lambda: score(folder / "in", detector, folder / "out"))[0])
    tokens = sum(map(len, ids))
    speeds = {
        name: {what: tokens / min(getattr(s, what) for s in spent) for what in ("wall", "processor")}
        for name, spent in (("ours", ours), ("bare", bare))
    }
    return {
        "transcripts": len(texts) // TURNS,
        "turns": len(texts),
        "tokens": tokens,
        "tokens_a_second": speeds,
        "share_of_bare": {what: speeds["ours"][what] / speeds["bare"][what] for what in ("wall", "processor")},
        "largest_difference_from_alone": difference_from_alone(folder, detector),
    }


def turns(data_root: Path, count: int) -> list[str]:
    """So many utterances, all unlike each other.

    Raises:
        InputError: there are not so many.
    """
    found: dict[str, None] = {}
    for path in sorted((data_root / "empathetic_dialogues").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            found.update(dict.fromkeys(row["Text"].strip() for row in rows if row.get("Type") == "utterance"))
        if len(found) > count:
            break
    texts = [text for text in found if text]
    if len(texts) < count:
        raise InputError(f"Measuring transcripts: {count} turns wanted, {data_root} has {len(texts)}; give --data-root")
    return texts[:count]


def write_transcripts(folder: Path, texts: Sequence[str]) -> None:
    """Transcripts of ``TURNS`` turns by two people in turn, five seconds each."""
    folder.mkdir(parents=True)
    for number, said in enumerate(_parts(texts)):
        lines = [
            {"text": text, "speaker": ("Ann", "Ben")[place % 2], "start": 5.0 * place, "end": 5.0 * place + 4}
            for place, text in enumerate(said)
        ]
        (folder / f"talk-{number:04d}.json").write_text(json.dumps(lines), encoding="utf-8")


def bare_pass(ids: Sequence[Sequence[int]], extractor: TextEmbeddings) -> None:
    """Embed texts in batches, longest last, and do nothing else."""
    import torch

    network = load_encoder(extractor.model, extractor.adapter)
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    with torch.inference_mode():
        for first in range(0, len(order), BATCH):
            rows = [torch.tensor(ids[place]) for place in order[first : first + BATCH]]
            tokens = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
            mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
            hidden = network(input_ids=tokens, attention_mask=mask).last_hidden_state
            _ = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def score(source: Path, detector: Detector, out: Path) -> None:
    """The scoring job, from files to a table."""
    shutil.rmtree(out, ignore_errors=True)
    score_recordings(find_recordings([source]), detector, out, formats=("tsv",))


def difference_from_alone(folder: Path, detector: Detector) -> float:
    """Largest difference of a score from the one its transcript gets when it is scored alone."""
    together = Scores.read(folder / "out" / "scores.tsv").table
    differences = []
    for entry in find_recordings([folder / "in"])[:ALONE]:
        alone = detector.score(entry.open().recording).table["score"].to_numpy()
        same = together[together["recording"] == entry.id]["score"].to_numpy()
        differences.append(float(np.abs(alone - same).max()))
    return max(differences)


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[first : first + TURNS] for first in range(0, len(texts), TURNS))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = parser("transcripts", __doc__)
    options.add_argument("--transcripts", type=int, default=1000)
    options.add_argument("--repeats", type=int, default=2)
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        texts = turns(given.data_root, TURNS * given.transcripts)
        found = measure(Path(folder), texts, given.device, given.repeats)
    speeds = found["tokens_a_second"]
    told = f"{speeds['ours']['wall']:.0f} tokens a second, bare pass {speeds['bare']['wall']:.0f}"
    record(options, given, found, f"{told}: {found['share_of_bare']['wall']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
