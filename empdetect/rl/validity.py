"""Validity before use: whether a reward head goes with the change of emotion that a simulated user reported.

The logs are SAGE's (arXiv 2505.02847): eight language models before a user played by DeepSeek-V3, in Chinese,
the same 100 scenarios each. Nothing is trained here. A head that does not correlate where it was never
optimised has no business in a reward, and one that does can still be gamed.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from empdetect.datamodules.base import data_folder
from empdetect.datamodules.sage import SageDataModule
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.features.ngrams import TextNgrams
from empdetect.progress import track
from empdetect.recording import Segment
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.intervals import Interval
from empdetect.rl.profiles import Profile
from empdetect.rl.rewards.base import Reward, check_rewards
from empdetect.rl.rewards.detector import Answer, DetectorReward
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rewards.format import ThinkFormatReward
from empdetect.rl.rewards.guards import LanguageGuard, LengthGuard, RepetitionGuard, VarietyGuard
from empdetect.rl.rewards.language import units
from empdetect.rl.run import heads_of_run
from empdetect.streams.transcript import Transcript
from empdetect.streams.utterance import Utterance

RESAMPLES = 1000
BATCH = 256
"""Replies scored at a time."""
LOOK_BACK = (RepetitionGuard, VarietyGuard)
"""Guards that compare a reply with earlier ones, must see them, and give their mean over all replies."""

ABOUT = """\
SAGE's logs (Chinese; the user is DeepSeek-V3). Pearson's r of each head's score of a reply with the change of
emotion that the user reported after it; 95% bootstrap intervals over scenarios. Scores and changes are centred
within each language model, or within each dialogue, before they are correlated; the columns of single models are r
within that model. Guards that look back at earlier replies judge the last one alone. A head of a run that compares with
the base policy compares with the mean of all eight here. A detector that has learned from these logs must not be
asked."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Logged:
    """One logged reply, as a dialogue that ends on it.

    Args:
        model: who replied.
        scenario: to whom.
        change: of emotion, in points.
        dialogue: the talk up to the reply; its last emotion is that after the reply.
    """

    model: str
    scenario: str
    change: float
    dialogue: Dialogue


@dataclass(frozen=True)
class Correlation:
    """How a head goes with the recorded change.

    Args:
        overall: Pearson's r of both, after taking each model's mean from each, with a 95% interval over scenarios.
        scenarios: the same after taking the mean of each model in each scenario: only replies of one dialogue
            are compared.
        by_model: r within each model.
        none: share of replies that the head could not score.
    """

    overall: Interval
    scenarios: Interval
    by_model: Mapping[str, float]
    none: float


class WordsReward(Reward):
    """Number of words; no reward to train with, but what every other head should be compared with."""

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """Words of the last reply; characters in Chinese."""
        return [float(len(units(d.replies[-1].visible, d.profile.language))) for d in dialogues]


class LastReply(Reward):
    """Shows a head nothing but the last reply and what the user said before it.

    Args:
        head: what is asked.
    """

    def __init__(self, head: Reward) -> None:
        self.head = head

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One reward a dialogue."""
        return self.head([replace(dialogue, turns=dialogue.turns[-2:]) for dialogue in dialogues])

    def prepare(self, dialogues: Sequence[Dialogue]) -> None:
        """Show the base policy's last replies alike."""
        self.head.prepare([replace(dialogue, turns=dialogue.turns[-2:]) for dialogue in dialogues])


class LastFactor(Reward):
    """What a guard that looks back gives the last reply alone, without those before it, which earned other changes.

    Args:
        guard: what is asked; it sees the whole dialogue.
    """

    def __init__(self, guard: RepetitionGuard | VarietyGuard) -> None:
        self.guard = guard

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One factor a dialogue, 0 to 1."""
        return [None if d.failed or not d.replies else self.guard.factors(d)[-1] for d in dialogues]

    def prepare(self, dialogues: Sequence[Dialogue]) -> None:
        """Show the base policy's dialogues."""
        self.guard.prepare(dialogues)


def read_logged(data_root: Path | None, replies: int = 0, seed: int = 0) -> list[Logged]:
    """SAGE's logged replies.

    Args:
        data_root: folder of the datasets; None reads ``EMPDETECT_DATA``.
        replies: of each model at most, drawn by chance in whole scenarios; 0 takes all.
        seed: of the draw.

    Raises:
        InputError: the logs are not there or broken.
    """
    folder = data_folder(str(data_root) if data_root else None, SageDataModule.folder)
    texts = SageDataModule({"text": TextNgrams()}, history=True).texts(folder)
    found = [_logged(t.name, str(t.words), str(t.context), t.earlier, t.labels["change"]) for t in texts]
    if not replies:
        return found
    scenarios = sorted({logged.scenario for logged in found})
    random.Random(seed).shuffle(scenarios)
    models = len({logged.model for logged in found})
    chosen: set[str] = set()
    for scenario in scenarios:
        if sum(logged.scenario in chosen for logged in found) >= replies * models:
            break
        chosen.add(scenario)
    return [logged for logged in found if logged.scenario in chosen]


def _logged(name: str, reply: str, asked: str, earlier: Sequence[tuple[str, str]], change: float) -> Logged:
    model, scenario, _ = name.rsplit("_", 2)
    roles = {"user": "user", "supporter": "assistant"}
    before = tuple(Turn(roles[who], said) for who, said in earlier)  # type: ignore[arg-type]
    profile = Profile(scenario, scenario, scenario, "empathy", "negative", language="zh")
    turns = (*before, Turn("user", asked), Turn("assistant", reply))
    start = 50.0  # where the emotion stood does not matter, only how far it moved
    return Logged(model, scenario, change, Dialogue(profile, 0, turns, (start, start + change), done=True))


def heads_of(detectors: Sequence[str]) -> dict[str, Reward]:
    """All heads that can be asked about a single reply: ours, and each measure of each detector."""
    found: dict[str, Reward] = {
        "emotion, as a check": EmotionReward("change"),
        "words": WordsReward(),
        "length guard": LastReply(LengthGuard(soft=120, hard=240)),
        "repetition guard": LastFactor(RepetitionGuard()),
        "language guard": LastReply(LanguageGuard()),
        "no-thought format": LastReply(ThinkFormatReward(think=False)),
    }
    for name in detectors:
        detector = _Remembering(Detector.from_pretrained(name))
        measures = [measure for target in detector.task.targets for measure in target.measures]
        found |= {f"{Path(name).name}: {m}": LastReply(DetectorReward(detector, m)) for m in measures}
    return found


def prepared_heads(config: Path, logged: Sequence[Logged]) -> dict[str, Reward]:
    """The heads of a run, ready to be asked about logged replies.

    A head that compares with the base policy compares with the mean of all language models in the scenario.

    Raises:
        InputError: the configuration cannot be used.
    """
    found: dict[str, Reward] = {}
    for name, head in heads_of_run(config).items():
        asked = LastFactor(head) if isinstance(head, LOOK_BACK) else LastReply(head)
        asked.prepare([one.dialogue for one in logged])
        found[f"{config.stem}: {name}"] = asked
    return found


class _Remembering:
    """A detector that is asked about many measures of the same replies and reads each of them once."""

    def __init__(self, detector: Detector) -> None:
        self.task = detector.task
        self._detector = detector
        self._known: dict[tuple[str, ...], Answer] = {}

    def predict(self, segments: Sequence[Segment]) -> list[Answer]:
        words = [_words(segment) for segment in segments]
        new = {key: segment for key, segment in zip(words, segments) if key not in self._known}
        self._known |= dict(zip(new, self._detector.predict(list(new.values()))))
        return [self._known[key] for key in words]


def _words(segment: Segment) -> tuple[str, ...]:
    transcripts = [person.transcript for person in segment.recording.participants]
    return tuple(u.text for t in transcripts if isinstance(t, Transcript) for u in (*t.utterances, Utterance("")))


def correlate(head: Reward, logged: Sequence[Logged], seed: int = 0) -> Correlation:
    """How one head goes with the recorded changes."""
    scores: list[float | None] = []
    for start in range(0, len(logged), BATCH):
        dialogues = [one.dialogue for one in logged[start : start + BATCH]]
        scores += check_rewards(head(dialogues), dialogues, type(head).__name__)
    return correlation_of(scores, logged, seed)


def correlation_of(scores: Sequence[float | None], logged: Sequence[Logged], seed: int = 0) -> Correlation:
    """How scores go with the recorded changes; those that are None are left out."""
    kept = [(one, score) for one, score in zip(logged, scores) if score is not None]
    pairs = np.array([(one.change, score) for one, score in kept], dtype=np.float64).reshape(-1, 2)
    models = np.array([one.model for one, _ in kept])
    scenarios = np.array([one.scenario for one, _ in kept])
    talks = np.array([f"{one.model}/{one.scenario}" for one, _ in kept])
    by_model = {str(model): _pearson(pairs[models == model]) for model in sorted(set(models))}
    return Correlation(
        _interval(_centred(pairs, models), scenarios, seed),
        _interval(_centred(pairs, talks), scenarios, seed),
        by_model,
        1 - len(kept) / max(len(logged), 1),
    )


def _centred(pairs: Floats, groups: NDArray[np.str_]) -> Floats:
    """Both columns minus their means within each group."""
    centred = pairs.copy()
    for group in set(groups):
        mine = groups == group
        centred[mine] -= pairs[mine].mean(0)
    return centred


def _pearson(pairs: Floats) -> float:
    if len(pairs) < 3 or (pairs.std(0) < 1e-9).any():
        return math.nan
    return float(np.asarray(np.corrcoef(pairs.T))[0, 1])


def _interval(pairs: Floats, scenarios: NDArray[np.str_], seed: int) -> Interval:
    """Pearson's r with a 95% interval, whole scenarios drawn; by their sums, as drawing rows would take minutes."""
    x, y = pairs[:, 0], pairs[:, 1]
    products = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], 1)
    sums = np.stack([products[scenarios == name].sum(0) for name in sorted(set(scenarios))])
    drawn = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLES, len(sums)))
    values = np.array([_from_sums(sums[places].sum(0)) for places in drawn])
    known = values[~np.isnan(values)]
    if len(sums) < 2 or not len(known):
        return Interval(_pearson(pairs))
    return Interval(_pearson(pairs), *(float(edge) for edge in np.quantile(known, [0.025, 0.975])))


def _from_sums(sums: Floats) -> float:
    """Pearson's r from the sums of 1, x, y, x², y² and xy."""
    n, x, y, xx, yy, xy = sums
    spread = (n * xx - x * x) * (n * yy - y * y)
    return float((n * xy - x * y) / math.sqrt(spread)) if spread > 1e-9 else math.nan


def validity_table(heads: Mapping[str, Reward], logged: Sequence[Logged]) -> str:
    """A Markdown table of all heads."""
    if not logged:
        raise InputError("Correlating rewards: there is no logged reply; check the folder of the datasets")
    found = {name: correlate(head, logged) for name, head in track(list(heads.items()), "Heads")}
    models = sorted({one.model for one in logged})
    head_line = "| head | r within models | r within dialogues | " + " | ".join(models) + " | not scorable |"
    rows = [
        f"| {name} | {_told(one.overall)} | {_told(one.scenarios)} | "
        + " | ".join(_number(one.by_model.get(model, math.nan)) for model in models)
        + f" | {one.none:.0%} |"
        for name, one in found.items()
    ]
    return "\n".join([head_line, "|---" * (len(models) + 4) + "|", *rows])


def write_validity(
    out: Path, data_root: Path | None, detectors: Sequence[str], replies: int = 0, config: Path | None = None
) -> str:
    """Write the table with what it means; see ``empdetect rl validity``.

    Args:
        out: file of the table.
        data_root: folder of the datasets; None reads ``EMPDETECT_DATA``.
        detectors: whose measures are asked for, each a folder or a name.
        replies: as for ``read_logged``.
        config: of a run whose heads are asked, too.

    Raises:
        InputError: the logs are not there, or a detector or the configuration cannot be used.
    """
    logged = read_logged(data_root, replies)
    heads = heads_of(detectors) | (prepared_heads(config, logged) if config else {})
    scenarios = len({one.scenario for one in logged})
    text = "\n\n".join(
        [
            "# Reward heads and the recorded change of emotion",
            f"{len(logged)} replies of {len({one.model for one in logged})} language models in {scenarios} scenarios "
            f"of {ABOUT}",
            validity_table(heads, logged),
        ]
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")
    return text


def _told(interval: Interval) -> str:
    if math.isnan(interval.value):
        return "n/a"
    return f"{interval.value:+.2f} ({interval.low:+.2f} to {interval.high:+.2f})"


def _number(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:+.2f}"
