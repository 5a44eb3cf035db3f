"""Many transcripts: token throughput of a scoring job against a bare forward pass of the same encoder.

``python -m empdetect.bench.speed.transcripts -o docs/results/speed_transcripts.json``

A thousand transcripts of forty turns each, all turns unlike each other (EmpatheticDialogues, Rashkin et al., 2019). The
job is ``score_recordings`` from files to a table, with the detector loaded. The bare pass has the token ids, sorted by
length, in batches of 32 padded to their longest, and does nothing but call the network and take the mean. The speed of
a machine drifts within minutes, so the two run in turn on parts of the transcripts, either one first in half of them,
and their ratio is the median over the parts. Some of the transcripts are scored one by one too: the scores must agree.
"""

import csv
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
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


def measure(folder: Path, texts: Sequence[str], device: str, parts: int) -> dict[str, Any]:
    """Tokens a second of both, and how far scores differ from those of each transcript alone.

    Args:
        folder: an empty one.
        texts: the turns.
        device: where the detector runs.
        parts: so many pieces of about the same number of transcripts.
    """
    detector = words_alone(device=device)
    extractor = detector.features["text"]
    if not isinstance(extractor, TextEmbeddings):
        raise TypeError("this detector reads embeddings of its words")
    ids = load_tokenizer(extractor.model)(list(texts), truncation=True, max_length=extractor.max_tokens)["input_ids"]
    bare_pass(ids[:BATCH], extractor)  # loads the network
    pairs = []
    for part, (first, end) in enumerate(_cuts(len(texts), parts)):
        write_transcripts(folder / f"in-{part}", texts[first:end])
        both = {
            "ours": partial(score, folder / f"in-{part}", detector, folder / f"out-{part}"),
            "bare": partial(bare_pass, ids[first:end], extractor),
        }
        order = sorted(both, reverse=part % 2 == 0)
        pairs.append({name: timed(both[name])[0] for name in order})
    return {
        "transcripts": len(texts) // TURNS,
        "turns": len(texts),
        "tokens": sum(map(len, ids)),
        "tokens_a_second": {name: _speed(sum(map(len, ids)), [pair[name] for pair in pairs]) for name in pairs[0]},
        "share_of_bare": {what: _share(pairs, what) for what in ("wall", "processor")},
        "largest_difference_from_alone": difference_from_alone(folder / "in-0", folder / "out-0", detector),
    }


def _cuts(texts: int, parts: int) -> Iterator[tuple[int, int]]:
    """Where each part begins and ends, between transcripts."""
    ends = [part * (texts // TURNS) // parts * TURNS for part in range(parts + 1)]
    yield from pairwise(ends)


def _speed(tokens: int, spent: Sequence[Spent]) -> dict[str, float]:
    return {what: tokens / sum(getattr(each, what) for each in spent) for what in ("wall", "processor")}


def _share(pairs: Sequence[Mapping[str, Spent]], what: str) -> dict[str, float]:
    """Our speed over the bare one's."""
    found = sorted(getattr(pair["bare"], what) / getattr(pair["ours"], what) for pair in pairs)
    return {"median": statistics.median(found), "lowest": found[0], "highest": found[-1]}


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
    for number, first in enumerate(range(0, len(texts), TURNS)):
        lines = [
            {"text": text, "speaker": ("Ann", "Ben")[place % 2], "start": 5.0 * place, "end": 5.0 * place + 4}
            for place, text in enumerate(texts[first : first + TURNS])
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


def difference_from_alone(source: Path, out: Path, detector: Detector) -> float:
    """Largest difference of a score from the one its transcript gets when it is scored alone."""
    together = Scores.read(out / "scores.tsv").table
    differences = []
    for entry in find_recordings([source])[:ALONE]:
        alone = detector.score(entry.open().recording).table["score"].to_numpy()
        same = together[together["recording"] == entry.id]["score"].to_numpy()
        differences.append(float(np.abs(alone - same).max()))
    return max(differences)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = parser("transcripts", __doc__)
    options.add_argument("--transcripts", type=int, default=1000)
    options.add_argument("--parts", type=int, default=4)
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        texts = turns(given.data_root, TURNS * given.transcripts)
        found = measure(Path(folder), texts, given.device, given.parts)
    speeds = found["tokens_a_second"]
    told = f"{speeds['ours']['wall']:.0f} tokens a second, bare pass {speeds['bare']['wall']:.0f}"
    record(options, given, found, f"{told}: {found['share_of_bare']['wall']['median']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
