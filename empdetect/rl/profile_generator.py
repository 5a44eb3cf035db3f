"""More profiles through a language model, each held to the schema and to what the embedded user needs."""

import asyncio
import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from empdetect.errors import InputError
from empdetect.rl.event_loop import run
from empdetect.rl.profiles import INTENTIONS, SPLITS, Character, Intention, Profile
from empdetect.rl.users.cues import FEELINGS, named, words_of
from empdetect.rl.users.endpoint import Endpoint, EndpointFailed

TEXTS = ("persona", "scene", "topic", "first_talk")
LISTS = {"traits": 2, "keywords": 5, "feelings": 2, "details": 4}
"""Fields that are lists, with the least number of items."""

TRAITS = (
    "proud", "shy", "quick-tempered", "patient", "funny", "brooding", "generous", "orderly", "stubborn", "dreamy",
    "loyal", "restless", "wary", "warm", "blunt", "conscientious", "sarcastic", "gentle", "ambitious", "private",
)  # fmt: skip
LIVES = (
    "work by hand", "an office", "school or university", "a shop or restaurant", "health care", "farming or nature",
    "the arts", "unpaid care for others", "sport", "retirement", "a new country", "looking for work", "technology",
    "public service", "transport", "a family business",
)  # fmt: skip

_QUESTION = """Invent one person and one situation for a talk in which they seek a listener. Be specific, human and \
undramatic; no famous people, no violence, no suicide. Write in {language}.

The person: life around {life}; {traits}; {character}.
What they hope for from the talk and never say: {hope}. Choose a situation in which that makes sense.

Answer with one JSON object and nothing else:
{{"persona": "name, age, what they do, one habit, in one sentence",
 "scene": "what happened, in one or two sentences",
 "topic": "the situation in one to three words",
 "traits": ["two", "words"],
 "first_talk": "what they open with, one or two short sentences, with one of the feelings in it",
 "details": ["four to six short sentences in the first person that they tell bit by bit"],
 "keywords": ["five single words of first_talk and details that belong to this situation, in lower case"],
 "feelings": ["two adjectives for how they feel, as they stand in first_talk"]}}"""

_CHARACTERS: dict[Character, str] = {
    "negative": "shows displeasure openly",
    "passive": "says little of their own accord",
    "avoidant": "shies away from what hurts",
}
_LANGUAGES = {"en": "plain English", "zh": "Chinese"}


@dataclass(frozen=True)
class Generated:
    """What came of a generation.

    Args:
        profiles: all that fit.
        refused: why each of the others was left out.
    """

    profiles: tuple[Profile, ...]
    refused: tuple[str, ...]


def generate_profiles(
    endpoint: Endpoint,
    count: int,
    existing: Sequence[Profile] = (),
    split: str = "train",
    language: str = "en",
    seed: int = 0,
) -> Generated:
    """Ask for so many profiles, intentions and characters in equal shares, and keep those that fit.

    A profile that does not fit is asked for once more, with what is wrong, and then left out.

    Args:
        endpoint: the language model.
        count: how many to ask for.
        existing: profiles whose personas, scenes and topics must not come again.
        split: of the new profiles.
        language: ``en`` or ``zh``.
        seed: fixes lives, traits and characters.

    Raises:
        InputError: the count, the split or the language is not allowed.
    """
    if count < 1 or language not in _LANGUAGES or split not in SPLITS:
        raise InputError(
            f"Generating profiles: the count must be 1 or more, the split train, test or nothing and the language one "
            f"of {', '.join(_LANGUAGES)}, got {count}, '{split}' and '{language}'"
        )
    choice = random.Random(seed)
    orders = [_order(number, language, split, choice) for number in range(count)]
    found = run(_all(endpoint, orders))
    kept: list[Profile] = []
    refused = [answer for answer in found if isinstance(answer, str)]
    for profile in found:
        if isinstance(profile, Profile):
            twin = _twin(profile, [*existing, *kept])
            if twin:
                refused.append(f"{profile.id}: {twin}")
            else:
                kept.append(profile)
    return Generated(tuple(kept), tuple(refused))


@dataclass(frozen=True)
class _Order:
    """One profile to be asked for."""

    intention: Intention
    character: Character
    life: str
    traits: tuple[str, ...]
    language: str
    split: str
    seed: int


def _order(number: int, language: str, split: str, choice: random.Random) -> _Order:
    intentions, characters = list(INTENTIONS), get_args(Character)
    return _Order(
        intention=intentions[number % len(intentions)],
        character=characters[number // len(intentions) % len(characters)],
        life=choice.choice(LIVES),
        traits=tuple(choice.sample(TRAITS, 2)),
        language=language,
        split=split,
        seed=choice.getrandbits(31),
    )


async def _all(endpoint: Endpoint, orders: Sequence[_Order]) -> list[Profile | str]:
    return list(await asyncio.gather(*(_one(endpoint, order) for order in orders)))


async def _one(endpoint: Endpoint, order: _Order) -> Profile | str:
    """A profile, or why there is none."""
    question = _QUESTION.format(
        language=_LANGUAGES[order.language],
        life=order.life,
        traits=" and ".join(order.traits),
        character=_CHARACTERS[order.character],
        hope=INTENTIONS[order.intention],
    )
    messages, problem = [{"role": "user", "content": question}], ""
    for _ in range(2):
        try:
            answer = (await endpoint.ask(messages, order.seed)).answer or ""
        except EndpointFailed as failure:
            return f"{order.intention}: {failure}"
        try:
            return read_profile(answer, order.intention, order.character, order.language, order.split)
        except InputError as error:
            problem = str(error)
        repair = f"That cannot be used: {problem}. Answer again with the whole JSON object and nothing else."
        messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": repair}]
    return f"{order.intention}: {problem}"


def read_profile(
    answer: str, intention: Intention, character: Character, language: str = "en", split: str = "train"
) -> Profile:
    """The profile that a language model wrote.

    Raises:
        InputError: it is not one JSON object with the right fields, or does not fit the embedded user.
    """
    row = _object(answer)
    lists: dict[str, Any] = {name: tuple(str(item).strip() for item in row[name]) for name in LISTS}
    texts: dict[str, Any] = {name: row[name].strip() for name in TEXTS}
    name = hashlib.sha256(f"{texts['persona']}/{texts['scene']}".encode()).hexdigest()[:10]
    profile = Profile(
        id=f"made-{name}", intention=intention, character=character, language=language, split=split, **texts, **lists
    )
    problem = _misfit(profile)
    if problem:
        raise InputError(problem)
    return profile


def _object(answer: str) -> dict[str, Any]:
    text = answer.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        row = json.loads(text)
    except ValueError as error:
        raise InputError(f"not one JSON object ({error})") from None
    wanted = {*TEXTS, *LISTS}
    if not isinstance(row, dict) or set(row) != wanted:
        raise InputError(f"a JSON object with exactly {', '.join(sorted(wanted))} is needed")
    wrong = [name for name in LISTS if not isinstance(row[name], list)] + [
        name for name in TEXTS if not isinstance(row[name], str) or not row[name].strip()
    ]
    if wrong:
        raise InputError(f"of the wrong kind or empty: {', '.join(wrong)}")
    return row


def _misfit(profile: Profile) -> str | None:
    """Why the embedded user cannot play a profile, None if it can."""
    short = [f"{least} {name}" for name, least in LISTS.items() if len(getattr(profile, name)) < least]
    if short:
        return f"at least {', '.join(short)} are needed"
    if profile.language != "en":
        return None
    told = words_of(" ".join([profile.first_talk, *profile.details]))
    absent = [word for word in profile.keywords if word not in named(profile.keywords, told)]
    if absent:
        return f"keywords that stand neither in first_talk nor in details: {', '.join(absent)}"
    unknown = [feeling for feeling in profile.feelings if not FEELINGS & set(words_of(feeling))]
    if unknown:
        return f"feelings {', '.join(unknown)} are not among: {', '.join(sorted(FEELINGS))}"
    if not any(feeling in profile.first_talk for feeling in profile.feelings):
        return "first_talk names none of the feelings"
    return None


def _twin(profile: Profile, others: Sequence[Profile]) -> str:
    """What a profile shares with another, empty if nothing."""
    opposite = [other for other in others if other.split != profile.split]
    for name in ("id", "scene", "persona"):
        if any(getattr(other, name) == getattr(profile, name) for other in others):
            return f"its {name} is there already"
    if any(other.topic == profile.topic for other in opposite):
        return f"its topic '{profile.topic}' belongs to the other split"
    return ""
