"""A detector as a reward head: how empathic the policy's visible words are, given their context."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, runtime_checkable

from empdetect.errors import InputError
from empdetect.features.cache import FeatureCache
from empdetect.recording import Participant, Recording, Segment
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.rewards.base import Reward
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.task import Task

if TYPE_CHECKING:
    from empdetect.detector import Detector


class Answer(Protocol):
    """What a detector says of one segment."""

    def score(self, measure: str) -> float | None:
        """The score of a measure; None if the segment could not be scored."""


@runtime_checkable
class PredictsSegments(Protocol):
    """What this head needs of a detector; ``empdetect.Detector`` has it."""

    @property
    def task(self) -> Task:
        """What it answers."""

    def predict(self, segments: Sequence[Segment]) -> Sequence[Answer]:
        """Answers, in the order of the segments."""


class DetectorReward(Reward):
    """Scores the policy's visible replies, each in the context of what the user said before.

    Each reply, or each dialogue, becomes a recording of two participants with transcripts:
    ``assistant`` is scored, ``user`` is the context. Thoughts are not in it. A policy that shows
    nothing gets 0, the bottom of the scale, as it could else escape the head by silence.

    Args:
        detector: a trained detector, or its folder or hub name.
        measure: which of its measures, or several of which the mean counts.
        direction: ``higher`` if more of it is better, ``lower`` for something like distress.
        per: score each ``reply`` and take their mean, or the ``dialogue`` as one piece.

    Attributes:
        backbones: by what the detector reads text, as in ``minilm``; empty if that is not known.
        uncalibrated: those of its measures whose scores were not calibrated; none of a detector that is not ours.
    """

    learned: ClassVar[bool] = True

    def __init__(
        self,
        detector: PredictsSegments | str | Path,
        measure: str | Sequence[str] = "empathy",
        direction: Literal["higher", "lower"] = "higher",
        per: Literal["reply", "dialogue"] = "reply",
    ) -> None:
        if direction not in ("higher", "lower") or per not in ("reply", "dialogue"):
            raise InputError(
                f"Building the detector head: got direction '{direction}' and per '{per}'; "
                "allowed are higher or lower, and reply or dialogue"
            )
        self.detector = detector
        self.measure = measure
        self.direction = direction
        self.per = per
        loaded = _load(detector)
        names = (measure,) if isinstance(measure, str) else tuple(measure)
        self._limits = {name: _limits(loaded.task, name) for name in names}
        self._predict = _predictor(loaded)
        self.backbones = _backbones(loaded)
        self.uncalibrated = _uncalibrated(loaded, names)

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One reward a dialogue, 0 to 1 of the measure's range; None if nothing of it could be scored.

        Raises:
            InputError: something else was given, such as the messages of a chat.
            RuntimeError: the detector did not answer about every segment.
        """
        wrong = next((each for each in dialogues if not isinstance(each, Dialogue)), None)
        if wrong is not None:
            raise InputError(
                f"Rewarding: dialogues are needed, got {wrong!r:.60}; make one of the messages of a chat with "
                "empdetect.rl.chats.dialogue_of"
            )
        pieces = [self._pieces(dialogue) for dialogue in dialogues]
        # Replies repeat while a policy learns; each different one is scored once.
        different = list(dict.fromkeys(piece for found in pieces for piece in found if _spoken(piece)))
        answers = dict(zip(different, self._scores(different), strict=True))
        return [self._reward(dialogue, found, answers) for dialogue, found in zip(dialogues, pieces)]

    def _pieces(self, dialogue: Dialogue) -> list[tuple[Turn, ...]]:
        """What is scored as one: turns that end on a reply."""
        turns = dialogue.turns
        places = [place for place, turn in enumerate(turns) if turn.role == "assistant"]
        if self.per == "dialogue":
            return [turns[: places[-1] + 1]] if _spoken(turns) else []
        return [turns[max(place - 1, 0) : place + 1] for place in places]

    def _scores(self, pieces: Sequence[tuple[Turn, ...]]) -> list[float | None]:
        segments = [_segment(f"dialogue-{number}", turns) for number, turns in enumerate(pieces)]
        answers = self._predict(segments) if segments else []
        if len(answers) != len(segments):
            raise RuntimeError(f"The detector gave {len(answers)} answers about {len(segments)} segments")
        return [self._share(answer) for answer in answers]

    def _share(self, answer: Answer) -> float | None:
        """Mean of the measures, each as a share of its range; None if one could not be told."""
        shares = []
        for measure, (low, high) in self._limits.items():
            score = answer.score(measure)
            if score is None:
                return None
            shares.append(min(max((score - low) / (high - low), 0.0), 1.0))
        mean = sum(shares) / len(shares)
        return mean if self.direction == "higher" else 1.0 - mean

    def _reward(
        self,
        dialogue: Dialogue,
        pieces: Sequence[tuple[Turn, ...]],
        answers: dict[tuple[Turn, ...], float | None],
    ) -> float | None:
        if dialogue.failed or not dialogue.replies:
            return None
        if not any(turn.visible for turn in dialogue.replies):
            return 0.0
        # A reply that shows nothing was not asked about.
        scores = [answers.get(piece, 0.0) for piece in pieces]
        known = [score for score in scores if score is not None]
        return sum(known) / len(known) if known else None


def _spoken(piece: Sequence[Turn]) -> bool:
    """Whether a reply of it shows anything."""
    return any(turn.visible for turn in piece if turn.role == "assistant")


def _segment(name: str, turns: Sequence[Turn]) -> Segment:
    """The turns as a recording of two people with transcripts in memory."""
    people = tuple(
        Participant(role, role, transcript=Transcript(tuple(_utterances(turns, role))))
        for role in ("assistant", "user")
    )
    return Segment(Recording(name, people), "assistant")


def _utterances(turns: Sequence[Turn], role: str) -> list[Utterance]:
    return [Utterance(turn.visible, role) for turn in turns if turn.role == role and turn.visible]


def _load(detector: PredictsSegments | str | Path) -> PredictsSegments:
    if not isinstance(detector, str | Path):
        return detector
    from empdetect.detector import Detector

    return Detector.from_pretrained(detector)


def _predictor(detector: PredictsSegments) -> Callable[[Sequence[Segment]], Sequence[Answer]]:
    """The detector's ``predict``; one of ours reads new words in batches and remembers them, as they come again."""
    from empdetect.detector import Detector

    return partial(_read_and_predict, detector) if isinstance(detector, Detector) else detector.predict


def _read_and_predict(detector: "Detector", segments: Sequence[Segment]) -> Sequence[Answer]:
    people = [person for segment in segments for person in segment.people()[: detector.task.persons]]
    for extractor in detector.features.values():
        _memory().fill(extractor, people)
    return detector.predict(segments, cache=_memory())


@cache
def _memory() -> FeatureCache:
    """Features of what was read lately; heads whose detectors read alike share them."""
    return FeatureCache(enabled=False, keep=8192)


def _backbones(detector: PredictsSegments) -> frozenset[str]:
    """The text models that a detector reads with; of features that have none, their kind."""
    features = getattr(detector, "features", {})
    read = features.values() if isinstance(features, Mapping) else ()
    texts = [extractor for extractor in read if getattr(extractor, "modality", "") == "text"]
    return frozenset(str(getattr(text, "model", type(text).__name__)) for text in texts)


def _uncalibrated(detector: PredictsSegments, measures: Sequence[str]) -> tuple[str, ...]:
    from empdetect.detector import Detector

    if not isinstance(detector, Detector):
        return ()
    fitted = detector.calibration.targets if detector.calibration else {}
    known = {name for target in detector.task.targets if target.name in fitted for name in target.measures}
    return tuple(measure for measure in measures if measure not in known)


def _limits(task: Task, measure: str) -> tuple[float, float]:
    """Lowest and highest score of a measure."""
    for target in task.targets:
        if measure in target.measures:
            return (0.0, 1.0) if target.kind == "nominal" else target.limits
    offered = ", ".join(name for target in task.targets for name in target.measures)
    raise InputError(f"Building the detector head: no measure '{measure}', the detector gives {offered}")
