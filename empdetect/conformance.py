"""Conformance checks: whether a component keeps what its base class promises.

For components of this package and of anyone else's: call them in the tests of your own package.
Each raises ``NotConforming`` with what was broken, and returns nothing if all is well.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from empdetect.components import build, class_path, describe
from empdetect.features.base import Extractor, Features
from empdetect.recording import Participant

if TYPE_CHECKING:
    from torch import Tensor

    from empdetect.datamodules.base import EmpathyDataModule
    from empdetect.models.encoders.base import Encoder
    from empdetect.rl.dialogue import Dialogue
    from empdetect.rl.profiles import Profile
    from empdetect.rl.rewards.base import Reward
    from empdetect.rl.users.base import User


class NotConforming(AssertionError):  # noqa: N818 - says what the component is
    """A component breaks a promise of its base class."""


def check_component(component: object) -> None:
    """Check that every argument of the constructor is kept, and that ``build`` makes an equal component.

    Args:
        component: any instance with plain or component arguments.

    Raises:
        NotConforming: an argument is not kept, or the component cannot be built again from them.
    """
    try:
        spec = describe(component)
    except TypeError as error:
        raise NotConforming(str(error)) from None
    again = build(spec, type(component), trusted=(_package(component), "empdetect"))
    _need(describe(again) == spec, component, f"built again it differs: {describe(again)} is not {spec}")


def check_extractor(extractor: Extractor, person: Participant) -> None:
    """Check an extractor on a participant whom it can read.

    Args:
        extractor: any.
        person: a participant with the streams that the extractor reads, at least a second long.

    Raises:
        NotConforming: shapes, types, masks, qualities or times are not what ``Features`` says, an absent stream
            gives no reason, or the same stream gives other values the second time.
    """
    check_component(extractor)
    _need(extractor.modality.isidentifier(), extractor, f"'modality' must be a name, got '{extractor.modality}'")
    nobody = extractor(Participant("nobody"))
    _need(not nobody.observed and nobody.values.shape == (0, extractor.width), extractor, "absent is not empty")
    _need(bool(nobody.reason), extractor, "absent streams need a reason")
    features = extractor(person)
    _need(features.observed, extractor, f"nothing was observed of {person.name}: {features.reason}")
    _check_features(extractor, features)
    again = extractor(person)
    same = np.array_equal(features.values, again.values, equal_nan=True) and np.array_equal(features.mask, again.mask)
    _need(same, extractor, "the same streams gave other values the second time")


def check_encoder(encoder: "Encoder", x: "Tensor | None" = None, padding: bool = True) -> None:
    """Check an encoder: shapes, unknown values, rows without a frame, padding and gradients.

    Args:
        encoder: any; it is left in evaluation mode.
        x: ``(batch, time, feature)`` of at least two rows, valid input without unknown values, such as token ids;
            normal noise unless given.
        padding: whether a row's vector must not depend on how far it is padded. Turn it off only for
            pretrained networks that take no mask.

    Raises:
        NotConforming: one of them is not as ``Encoder`` says.
    """
    import torch

    check_component(encoder)
    encoder.eval()
    x = torch.randn(3, 40, encoder.features, generator=torch.Generator().manual_seed(0)) if x is None else x
    mask = torch.ones(x.shape[:2], dtype=torch.bool)
    with torch.no_grad():
        whole = _encode(encoder, x, mask)
        _need(torch.equal(whole, _encode(encoder, x, mask)), encoder, "the same input gave another vector")
        _check_missing(encoder, x, mask)
        if padding:
            _check_padding(encoder, x, mask)
    _check_gradients(encoder, x, mask)


def check_datamodule(data: "EmpathyDataModule") -> None:
    """Check a data module: labels its task allows, no segment twice, no group in two splits, batches of its shape.

    Raises:
        NotConforming: one of them is not as ``EmpathyDataModule`` says.
    """
    from empdetect.recording import SPLITS

    for name in ("about", "licence", "source"):
        _need(bool(getattr(data, name)), data, f"the class must say its '{name}'")
    data.setup("fit")
    homes: dict[str, set[str]] = {}
    seen = set()
    for split in SPLITS:
        for segment in data.parts[split]:
            key = (segment.recording.id, segment.participant, segment.start, segment.end)
            _need(key not in seen, data, f"two segments are called alike: {key}")
            seen.add(key)
            homes.setdefault(segment.group or segment.recording.id, set()).add(split)
            for target in data.task.targets:
                value = segment.labels.get(target.name, float("nan"))
                problem = None if np.isnan(value) else target.label_problem(value)
                _need(problem is None, data, f"a label is not allowed: {problem}")
    torn = sorted(group for group, splits in homes.items() if len(splits) > 1)
    _need(not torn, data, f"groups in more than one split: {', '.join(torn[:5])}")
    _check_batch(data)


def check_reward(reward: "Reward", dialogues: "Sequence[Dialogue]") -> None:
    """Check a reward head: one finite number or None a dialogue, the same each time, nothing for nothing.

    Args:
        reward: any.
        dialogues: finished ones.

    Raises:
        NotConforming: it breaks the promise of ``rl.rewards.base.Reward``.
    """
    from empdetect.rl.rewards.base import check_rewards

    try:
        first = check_rewards(reward(dialogues), dialogues)
        _need(check_rewards(reward([]), []) == [], reward, "no dialogues must give no rewards")
    except (TypeError, ValueError) as error:
        raise NotConforming(f"{class_path(type(reward))}: {error}") from None
    _need(first == reward(dialogues), reward, "the same dialogues gave other rewards the second time")
    alone = [reward([dialogue])[0] for dialogue in dialogues]
    close = all(
        (a is None and b is None) or (a is not None and b is not None and abs(a - b) < 1e-3)
        for a, b in zip(first, alone, strict=True)
    )
    _need(close, reward, f"a dialogue's reward depends on the others beside it: {first} is not {alone}")


def check_user(user: "User", profiles: "Sequence[Profile]") -> None:
    """Check a simulated user: two dialogues a profile, side by side and alone, twice.

    Args:
        user: any that can play the profiles.
        profiles: two or more, of different ids.

    Raises:
        NotConforming: an emotion is not finite or not within the rules, a reply has no reasons, or the same dialogue
            gives something else the second time or when other dialogues go on beside it.
    """
    check_component(user)
    first = _talks(user, profiles)
    _need(first == _talks(user, profiles), user, "the same dialogues came out otherwise the second time")
    alone = [_talks(user, [profile])[0] for profile in profiles]
    _need(first == alone, user, "a dialogue depends on those beside it: a user may hold no state")
    for dialogue in first:
        _need(not dialogue.failed, user, f"it failed: {dialogue.reason}")
        _need(
            dialogue.emotions[0] == user.rules.start, user, f"it starts at {dialogue.emotions[0]}, not as its rules say"
        )
        within = all(np.isfinite(emotion) and user.rules.floor <= emotion <= 100 for emotion in dialogue.emotions)
        _need(within, user, f"emotions out of range: {dialogue.emotions}")
        _need(len(dialogue.reasons) == len(dialogue.replies) and all(dialogue.reasons), user, "a change needs reasons")


def _talks(user: "User", profiles: "Sequence[Profile]") -> "list[Dialogue]":
    from empdetect.rl.environment import EmpathyEnvironment

    environment = EmpathyEnvironment(user, max_turns=3)
    environment.reset(profiles, seed=1)
    for reply in ("I can hear how much that weighs on you.", "", "Tell me more about it."):
        if environment.live:
            environment.step([reply] * len(environment.live))
    return list(environment.dialogues)


def _check_features(extractor: Extractor, features: Features) -> None:
    width = features.values.shape[1]
    _need(width == extractor.width, extractor, f"says width {extractor.width} and gives {width}")
    _need(features.values.dtype == np.float32, extractor, f"values must be float32, got {features.values.dtype}")
    _need(features.mask.dtype == np.bool_, extractor, f"the mask must be bool, got {features.mask.dtype}")
    _need(not np.isinf(features.values).any(), extractor, "a value is infinite; NaN says unknown")
    inside = ((features.quality >= 0) & (features.quality <= 1)).all()
    _need(bool(inside), extractor, "a quality is not within 0 and 1")
    _need(not features.quality[~features.mask].any(), extractor, "a frame that was not observed has a quality")
    times = features.times[np.isfinite(features.times)]
    _need(bool((np.diff(times) >= 0).all()), extractor, "times do not grow")


def _encode(encoder: "Encoder", x: "Tensor", mask: "Tensor") -> "Tensor":
    """The encoder's vectors, checked for their shape and for being finite."""
    vectors: Tensor = encoder(x, mask)
    want = (len(x), encoder.width)
    _need(tuple(vectors.shape) == want, encoder, f"must give {want}, gave {tuple(vectors.shape)}")
    _need(bool(vectors.isfinite().all()), encoder, "a vector is not finite")
    return vectors


def _check_missing(encoder: "Encoder", x: "Tensor", mask: "Tensor") -> None:
    """Unknown values, and a row and a batch of which nothing was observed, must give finite vectors."""
    unknown = x.clone()
    unknown[0, : x.shape[1] // 2] = float("nan")
    _encode(encoder, unknown, mask)
    gone = mask.clone()
    gone[0] = False
    _encode(encoder, x.masked_fill(~gone.unsqueeze(-1), float("nan")), gone)
    _encode(encoder, x.new_full((2, 1, x.shape[2]), float("nan")), mask.new_zeros(2, 1))


def _check_padding(encoder: "Encoder", x: "Tensor", mask: "Tensor") -> None:
    """A row encoded alone, and beside longer rows in a batch that is padded further, must give the same vector."""
    import torch

    lengths = [max(1, x.shape[1] * (len(x) - row) // len(x)) for row in range(len(x))]
    alone = torch.cat([_encode(encoder, x[i : i + 1, :n], mask[i : i + 1, :n]) for i, n in enumerate(lengths)])
    padded = torch.cat([x, x.new_zeros(len(x), 24, x.shape[2])], dim=1)
    seen = torch.arange(padded.shape[1]) < torch.tensor(lengths).unsqueeze(1)
    together = _encode(encoder, padded.masked_fill(~seen.unsqueeze(-1), float("nan")), seen)
    far = float((together - alone).abs().max() / alone.abs().max().clamp(min=1e-6))
    _need(far < 1e-3, encoder, f"padding changes the vectors by {far:.1e} of their size")


def _check_gradients(encoder: "Encoder", x: "Tensor", mask: "Tensor") -> None:
    """One step's gradients must be finite where a row has no frame and a value is unknown."""
    gone = mask.clone()
    gone[0] = False
    vectors = encoder(x.masked_fill(~gone.unsqueeze(-1), float("nan")), gone)
    trained = {name: weight for name, weight in encoder.named_parameters() if weight.requires_grad}
    if not trained:
        return
    vectors.square().sum().backward()
    bad = [name for name, weight in trained.items() if weight.grad is not None and not weight.grad.isfinite().all()]
    encoder.zero_grad()
    _need(not bad, encoder, f"gradients are not finite: {', '.join(bad[:3])}")


def _check_batch(data: "EmpathyDataModule") -> None:
    batch = next(iter(data.train_dataloader()))
    for name, extractor in data.features.items():
        shape = (len(batch), data.task.persons, batch.inputs[name].shape[2], extractor.width)
        _need(tuple(batch.inputs[name].shape) == shape, data, f"{name} must be {shape}")
        _need(tuple(batch.masks[name].shape) == shape[:3], data, f"the mask of {name} must be {shape[:3]}")
    names = {target.name for target in data.task.targets}
    _need(set(batch.labels) == names, data, f"labels must be {sorted(names)}, got {sorted(batch.labels)}")


def _package(component: object) -> str:
    return type(component).__module__.split(".", maxsplit=1)[0]


def _need(kept: bool, component: object, broken: str) -> None:
    if not kept:
        raise NotConforming(f"{class_path(type(component))}: {broken}")
