"""Profiles of simulated users: who they are, what happened, and what they hope to hear."""

import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from empdetect.errors import InputError

Intention = Literal["agreement", "reflection", "analysis", "empathy", "listening", "motives", "advice", "praise"]
Character = Literal["negative", "passive", "avoidant"]

INTENTIONS: dict[Intention, str] = {
    "agreement": "to hear that they are not at fault",
    "reflection": "to be guided to reflect on themselves",
    "analysis": "to weigh what happened from more than one side",
    "empathy": "to be felt with deeply, not just comforted",
    "listening": "to let it all out to someone who listens",
    "motives": "to understand why the others acted as they did",
    "advice": "to get advice that really helps",
    "praise": "to be praised sincerely for what they did",
}
"""The eight hidden intentions of RLVER (arXiv 2507.03112, table 5), in our words."""

SPLITS = ("", "train", "test")
"""What a profile may be for; empty if nobody said."""
BANK = Path(__file__).with_name("bank.jsonl")
"""The English profiles that come with the package."""


@dataclass(frozen=True)
class Profile:
    """One simulated user in one situation.

    Args:
        id: its name, unlike all others.
        persona: who the person is. Profiles of one persona must not be on both sides of a split.
        scene: what happened to them.
        intention: what they hope for and do not say; one of ``INTENTIONS``.
        character: how they behave in talk: ``negative``, ``passive`` or ``avoidant``.
        traits: words for their temper.
        first_talk: what they open with; empty leaves it to the user.
        language: of the texts, as in ``en`` or ``zh``.
        split: ``train``, ``test`` or empty.
        topic: what the scene is about, in a word or two; empty if unknown.
        keywords: words of the scene; a reply that uses one is about this scene.
        feelings: how they feel, as adjectives.
        details: what they tell bit by bit, a sentence or two each.
    """

    id: str
    persona: str
    scene: str
    intention: Intention
    character: Character
    traits: tuple[str, ...] = ()
    first_talk: str = ""
    language: str = "en"
    split: str = ""
    keywords: tuple[str, ...] = ()
    feelings: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    topic: str = ""

    def __post_init__(self) -> None:
        for name in ("traits", "keywords", "feelings", "details"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        problem = self._problem()
        if problem:
            raise InputError(f"Reading the profile '{self.id}': {problem}")

    def _problem(self) -> str | None:
        for name, allowed in (("intention", get_args(Intention)), ("character", get_args(Character))):
            if getattr(self, name) not in allowed:
                return f"got {name} '{getattr(self, name)}', allowed are {', '.join(allowed)}"
        empty = [name for name in ("id", "persona", "scene") if not getattr(self, name).strip()]
        if empty:
            return f"{', '.join(empty)} must not be empty"
        if self.split not in SPLITS:
            return f"got split '{self.split}', allowed are train, test or nothing"
        return None

    @property
    def group(self) -> str:
        """Key of the persona, equal for all profiles of one persona."""
        return hashlib.sha256(" ".join(self.persona.split()).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary, one line of a profile file."""
        return asdict(self)


def read_profiles(path: Path = BANK, split: str | None = None) -> list[Profile]:
    """Read profiles, one JSON object a line: our own schema, or RLVER's and SAGE's as published.

    Args:
        path: the file; the package's own bank if not given.
        split: keep only this split.

    Raises:
        InputError: the file is missing, a line is not a profile, or two have the same id.
    """
    if not path.is_file():
        raise InputError(f"Reading profiles: no file {path}")
    profiles = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if line.strip():
            profiles.append(_read_line(line, f"{path}, line {number}"))
    _check_ids(profiles, path)
    return [profile for profile in profiles if split is None or profile.split == split]


def write_profiles(profiles: Iterable[Profile], path: Path) -> Path:
    """Write profiles so that ``read_profiles`` reads them."""
    lines = [json.dumps(profile.to_dict(), ensure_ascii=False) for profile in profiles]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def split_by_persona(profiles: Sequence[Profile], test_share: float = 0.25, seed: int = 0) -> tuple[list[Profile], ...]:
    """Split into train and test such that no persona is in both.

    Args:
        profiles: what to split.
        test_share: share of the personas that go to the test side, 0 to 1.
        seed: fixes which.
    """
    personas = sorted({profile.group for profile in profiles})
    chosen = set(random.Random(seed).sample(personas, round(test_share * len(personas))))
    train = [profile for profile in profiles if profile.group not in chosen]
    return train, [profile for profile in profiles if profile.group in chosen]


def without_personas_of(profiles: Sequence[Profile], others: Sequence[Profile]) -> list[Profile]:
    """The profiles whose persona does not occur among the others.

    About half of the personas of RLVER's published test file also occur in its training file.
    """
    known = {profile.group for profile in others}
    return [profile for profile in profiles if profile.group not in known]


def _read_line(line: str, where: str) -> Profile:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"Reading profiles from {where}: not JSON ({error})") from None
    if not isinstance(row, dict):
        raise InputError(f"Reading profiles from {where}: an object is needed, got {str(row)[:40]}")
    try:
        return profile_of(row) if "player" in row else _from_own(row)
    except (InputError, KeyError, TypeError) as error:
        missing = f"no key {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(f"Reading profiles from {where}: {missing}") from None


def _from_own(row: Mapping[str, Any]) -> Profile:
    known = {field.name for field in fields(Profile)}
    unknown = set(row) - known
    if unknown:
        raise InputError(f"unknown {', '.join(sorted(unknown))}; allowed are {', '.join(sorted(known))}")
    return Profile(**row)


# What tells RLVER's published values apart; they are whole sentences in Chinese.
_RLVER_INTENTIONS: dict[str, Intention] = {
    "没有任何责任": "agreement",
    "自我反思": "reflection",
    "辩证": "analysis",
    "共情": "empathy",
    "倾听": "listening",
    "其他人物": "motives",
    "建议": "advice",
    "夸奖": "praise",
}
_RLVER_CHARACTERS: dict[str, Character] = {"负面": "negative", "被动": "passive", "回避": "avoidant"}


def profile_of(row: Mapping[str, Any]) -> Profile:
    """The profile of a row of RLVER's or SAGE's files. They have no ``topic``, which RLVER's code asks for."""
    return Profile(
        id=row["id"],
        persona=row["player"],
        scene=row["scene"],
        intention=_known(_RLVER_INTENTIONS, row["task"], "task"),
        character=_known(_RLVER_CHARACTERS, row["main_cha"], "main_cha"),
        traits=tuple(row["cha_group"]),
        first_talk=row.get("first_talk", ""),
        language="zh",
    )


def _known(meanings: Mapping[str, Any], value: str, key: str) -> Any:
    found = [meaning for part, meaning in meanings.items() if part in value]
    if len(found) != 1:
        raise InputError(f"'{key}' is '{value[:40]}', expected one of RLVER's values, with {', '.join(meanings)}")
    return found[0]


def _check_ids(profiles: Sequence[Profile], path: Path) -> None:
    ids = [profile.id for profile in profiles]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise InputError(f"Reading profiles from {path}: ids must differ, these come twice: {', '.join(twice[:5])}")
