"""Every component of the package keeps what its base class promises, and the checks find one that does not."""

import ast
import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

import empdetect.datamodules
import empdetect.features
import empdetect.models.encoders
import empdetect.rl.rewards
import empdetect.rl.users
from empdetect.components import class_path, constructor_arguments
from empdetect.conformance import (
    NotConforming,
    check_component,
    check_datamodule,
    check_encoder,
    check_extractor,
    check_reward,
)
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.datamodules.manifest import ManifestDataModule
from empdetect.features.audio import LogMel, Waveform
from empdetect.features.base import Extractor, Features
from empdetect.features.face import Face, VideoClip
from empdetect.features.ngrams import TextNgrams
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.features.relative import RelativeFeatures
from empdetect.features.steady import SteadyTableFeatures
from empdetect.features.table import TableFeatures
from empdetect.features.text import TextEmbeddings, TextTokens
from empdetect.features.turn_shape import TurnShape
from empdetect.features.voice import VoiceFunctionals
from empdetect.manifest.segments import read_manifest
from empdetect.models.encoders.audio import ConformerEncoder, PretrainedAudioEncoder
from empdetect.models.encoders.audiovisual import FaceEncoder, TorchvisionVideoEncoder
from empdetect.models.encoders.base import Encoder, masked_mean
from empdetect.models.encoders.mean import MeanEncoder
from empdetect.models.encoders.ngrams import FrequentNgrams, NgramEncoder, NgramSketch
from empdetect.models.encoders.signal import SignalEncoder
from empdetect.models.encoders.statistics import StatisticsEncoder
from empdetect.models.encoders.temporal import TemporalConvEncoder
from empdetect.models.encoders.text import TransformerTextEncoder
from empdetect.models.encoders.time_course import TimeCourseEncoder
from empdetect.recording import Participant, Stream
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.profiles import read_profiles
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rewards.format import ThinkFormatReward
from empdetect.rl.rewards.guards import LanguageGuard, LengthGuard, RepetitionGuard, VarietyGuard
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.scripted import ScriptedUser
from empdetect.streams.table import Table
from empdetect.task import Target, Task

FOLDERS = (
    empdetect.features,
    empdetect.models.encoders,
    empdetect.datamodules,
    empdetect.rl.rewards,
    empdetect.rl.users,
)

EXTRACTORS: dict[type[Extractor], Callable[[], Extractor]] = {
    Face: lambda: Face(rate=2.0, detect_every=0.5),
    LogMel: lambda: LogMel(mels=20),
    PhysiologyFeatures: lambda: PhysiologyFeatures(["ECG", "EDA", "RSP"]),
    RelativeFeatures: lambda: RelativeFeatures(
        PhysiologyFeatures(["EDA"]), "past", 30.0, scaled=True, shifts=(-5.0, 0.0)
    ),
    SteadyTableFeatures: lambda: SteadyTableFeatures(["smile", "frown"], rate=2.0),
    TableFeatures: lambda: TableFeatures(["smile", "frown"]),
    TextEmbeddings: TextEmbeddings,
    TextNgrams: TextNgrams,
    TurnShape: TurnShape,
    TextTokens: TextTokens,
    VoiceFunctionals: VoiceFunctionals,
    VideoClip: lambda: VideoClip(rate=2.0, size=32, detect_every=0.5),
    Waveform: Waveform,
}

ENCODERS: dict[type[Encoder], Callable[[], Encoder]] = {
    ConformerEncoder: lambda: ConformerEncoder(7, width=16, layers=1),
    FaceEncoder: lambda: FaceEncoder(size=16, width=16),
    MeanEncoder: lambda: MeanEncoder(7),
    NgramEncoder: lambda: NgramEncoder(buckets=2048, width=16),
    NgramSketch: lambda: NgramSketch(buckets=2048, width=64),
    FrequentNgrams: lambda: FrequentNgrams(buckets=2048, width=64),
    SignalEncoder: lambda: SignalEncoder(7),
    StatisticsEncoder: lambda: StatisticsEncoder(7, width=16),
    TemporalConvEncoder: lambda: TemporalConvEncoder(7, width=16),
    TimeCourseEncoder: lambda: TimeCourseEncoder(7, parts=3),
    TorchvisionVideoEncoder: lambda: TorchvisionVideoEncoder(size=32),
    TransformerTextEncoder: TransformerTextEncoder,
}

COVERED_ELSEWHERE: set[type[Encoder]] = {PretrainedAudioEncoder}
"""Needs weights on disk: tests/models/encoders makes them."""


def component_classes() -> Iterator[type]:
    """Classes of the package that a configuration may name."""
    for folder in FOLDERS:
        for found in pkgutil.walk_packages(folder.__path__, folder.__name__ + "."):
            module = import_module(found.name)
            yield from (
                thing for thing in vars(module).values() if inspect.isclass(thing) and _is_component(thing, module)
            )


def _is_component(cls: type, module: ModuleType) -> bool:
    if cls.__module__ != module.__name__ or cls.__name__.startswith("_"):
        return False
    if getattr(cls, "_is_protocol", False) or inspect.isabstract(cls):
        return False
    in_rl = cls.__module__.startswith("empdetect.rl.") and ("__call__" in vars(cls) or "reply" in vars(cls))
    return in_rl or (issubclass(cls, Extractor | Encoder | EmpathyDataModule) and cls is not EmpathyDataModule)


def _kept(cls: type) -> set[str]:
    """Names that a constructor sets as attributes, itself or by handing them to its base class's."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls.__init__)))
    kept = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
            handed = [part for value in [*node.args, *(k.value for k in node.keywords)] for part in ast.walk(value)]
            kept |= {name.id for name in handed if isinstance(name, ast.Name)}
    return kept


@pytest.mark.parametrize("cls", sorted(component_classes(), key=class_path), ids=lambda cls: cls.__name__)
def test_constructors_keep_their_arguments(cls: type) -> None:
    arguments = constructor_arguments(cls)
    if arguments and not hasattr(cls, "__dataclass_fields__"):
        assert set(arguments) <= _kept(cls), "see empdetect/components.py"


def test_every_extractor_and_encoder_is_checked_here() -> None:
    found = set(component_classes())
    assert {cls for cls in found if issubclass(cls, Extractor)} == set(EXTRACTORS)
    assert {cls for cls in found if issubclass(cls, Encoder)} == set(ENCODERS) | COVERED_ELSEWHERE


@pytest.fixture(scope="module")
def person(simulated_corpus: Path) -> Participant:
    """A simulated listener, with all streams."""
    listener = next(segment for segment in read_manifest(simulated_corpus) if segment.labels).people()[0]
    values = np.array([[1, np.nan], [np.nan, np.nan], [0, 2]], np.float32)
    return replace(listener, tables={"features": Table(values, np.arange(3.0), ("smile", "frown"))})


@pytest.mark.parametrize("make", EXTRACTORS.values(), ids=[cls.__name__ for cls in EXTRACTORS])
def test_extractors(make: Callable[[], Extractor], person: Participant) -> None:
    check_extractor(make(), person)


@pytest.mark.parametrize("cls", ENCODERS, ids=lambda cls: cls.__name__)
def test_encoders(cls: type[Encoder]) -> None:
    torch.manual_seed(0)
    examples = {
        NgramEncoder: torch.randint(1, 9, (3, 12, 2)).float(),
        NgramSketch: torch.randint(1, 9, (3, 12, 2)).float(),
        FrequentNgrams: torch.randint(1, 9, (3, 12, 2)).float(),
        TransformerTextEncoder: torch.randint(1000, 2000, (3, 12, 1)).float(),
        TorchvisionVideoEncoder: torch.rand(2, 4, 3 * 32 * 32),
    }
    # torchvision's video networks take no mask.
    check_encoder(ENCODERS[cls](), examples.get(cls), padding=cls is not TorchvisionVideoEncoder)


def test_the_manifest_data_module(simulated_corpus: Path) -> None:
    task = Task((Target("empathy", "binary"),), persons=2)
    check_datamodule(ManifestDataModule(str(simulated_corpus), {"text": TextTokens()}, task, batch_size=2))


@pytest.mark.parametrize("component", [ScriptedUser(lines=["Hello."]), AppraisalUser(), EmotionReward(), LengthGuard()])
def test_users_and_rewards_can_be_written_down(component: object) -> None:
    check_component(component)


REWARDS = (
    EmotionReward(),
    EmotionReward("change"),
    ThinkFormatReward(),
    LengthGuard(),
    RepetitionGuard(),
    VarietyGuard(),
    LanguageGuard(),
)


@pytest.mark.parametrize("reward", REWARDS)
def test_rewards(reward: Callable[[Sequence[Dialogue]], list[float | None]]) -> None:
    check_reward(reward, dialogues())


def dialogues() -> list[Dialogue]:
    """A finished dialogue, one of a thought alone, and one whose user failed."""
    profile = read_profiles()[0]
    said = (Turn("user", "Hello."), Turn("assistant", "<think>Who?</think>I am here."))
    thought = (Turn("user", "Hello."), Turn("assistant", "<think>Who?"))
    return [
        Dialogue(profile, 0, said, (30.0, 35.0), (("kind",),), done=True),
        Dialogue(profile, 1, thought, (30.0, 25.0), (("silent",),), done=True),
        Dialogue(profile, 2, said, (30.0,), done=True, failed=True),
    ]


class Forgetful(Encoder):
    """Keeps one argument too few."""

    def __init__(self, features: int = 3, size: int = 3) -> None:
        super().__init__()
        self.features = features
        self.width = size

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return masked_mean(x.nan_to_num(0.0), mask)


class Broken(Encoder):
    """Reads what nobody observed."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.features = 2
        self.width = 3 if fault == "shape" else 2
        self.weight = torch.nn.Parameter(torch.ones(2))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if self.fault == "unknown":
            return masked_mean(x * self.weight, mask)
        x = x.nan_to_num(0.0) * self.weight
        if self.fault == "padding":
            return x.mean(dim=1)
        if self.fault == "chance":
            return masked_mean(x, mask) + torch.rand(1)
        if self.fault == "gradient":
            return masked_mean(x, mask).square().sum(dim=1, keepdim=True).sqrt().expand(-1, 2)
        return masked_mean(x, mask)


def test_an_encoder_that_forgets_an_argument_is_found() -> None:
    with pytest.raises(NotConforming, match="must keep its argument 'size'"):
        check_encoder(Forgetful())


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("shape", r"must give \(3, 3\), gave \(3, 2\)"),
        ("unknown", "not finite"),
        ("padding", "padding changes the vectors"),
        ("chance", "another vector"),
        ("gradient", "gradients are not finite: weight"),
    ],
)
def test_a_broken_encoder_is_found(fault: str, message: str) -> None:
    with pytest.raises(NotConforming, match=message):
        check_encoder(Broken(fault))


def test_a_sound_encoder_of_another_package_passes() -> None:
    check_encoder(Broken("none"))


class Silence(Extractor):
    """An extractor with the faults it is asked for."""

    modality = "audio"
    width = 2

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.calls = 0

    def streams(self, person: Participant) -> Sequence[Stream]:
        return () if person.audio is None else (person.audio,)

    def extract(self, person: Participant) -> Features:
        self.calls += 1
        values = np.full(
            (3, 3 if self.fault == "width" else 2), self.calls if self.fault == "chance" else 0, np.float32
        )
        if self.fault == "infinite":
            values[0] = np.inf
        times = np.array([2.0, 1.0, 0.0]) if self.fault == "times" else np.arange(3.0)
        mask = np.array([True, True, self.fault != "quality"])
        quality = np.full(3, 2.0 if self.fault == "range" else 1.0, np.float32)
        return Features(values, times, mask, quality)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("width", "says width 2 and gives 3"),
        ("chance", "other values the second time"),
        ("infinite", "infinite"),
        ("times", "times do not grow"),
        ("quality", "not observed has a quality"),
        ("range", "within 0 and 1"),
    ],
)
def test_a_broken_extractor_is_found(fault: str, message: str, person: Participant) -> None:
    with pytest.raises(NotConforming, match=message):
        check_extractor(Silence(fault), person)


def test_a_reward_that_looks_at_its_neighbours_is_found() -> None:
    def by_place(given: Sequence[Dialogue]) -> list[float | None]:
        return [float(place) for place, _ in enumerate(given)]

    with pytest.raises(NotConforming, match="depends on the others"):
        check_reward(by_place, dialogues())


def test_a_reward_of_the_wrong_length_is_found() -> None:
    with pytest.raises(NotConforming, match="gave 0 rewards for 3 dialogues"):
        check_reward(lambda _: [], dialogues())


def test_a_data_module_with_labels_out_of_range_is_found(simulated_corpus: Path) -> None:
    task = Task((Target("empathy_level", "regression", range=(0, 1)),))
    data = ManifestDataModule(str(simulated_corpus), {"text": TextTokens()}, task)
    data.setup("fit")
    data.task = Task((Target("empathy_level", "regression", range=(2, 3)),))
    with pytest.raises(NotConforming, match="allowed is 2 to 3"):
        check_datamodule(data)


def test_a_data_module_with_two_segments_of_one_name_is_found(simulated_corpus: Path) -> None:
    task = Task((Target("empathy_level", "regression", range=(0, 1)),))
    data = ManifestDataModule(str(simulated_corpus), {"text": TextTokens()}, task)
    data.setup("fit")
    data.parts["train"].append(data.parts["train"][0])
    with pytest.raises(NotConforming, match="two segments are called alike"):
        check_datamodule(data)
