"""The embedded user: deterministic, inspectable, driven by its profile."""

import random
from collections.abc import Sequence

from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.profiles import Intention, Profile
from empdetect.rl.users.appraise import Appraisal, appraise
from empdetect.rl.users.base import FAILURE, SUCCESS, User, UserTurn, bounded

HINTS: dict[Intention, tuple[str, ...]] = {
    "agreement": ("Was it really my fault?", "Did I do something wrong here?"),
    "reflection": ("Maybe it has to do with me.", "I wonder what it says about me."),
    "analysis": ("I cannot see it clearly from all sides.", "There is something to be said for each way."),
    "empathy": ("Nobody knows how it feels.", "I do not need comfort, I need someone to see it."),
    "listening": ("And that is not even all.", "I just have to get it off my chest."),
    "motives": ("Why would anyone do that?", "I do not see what goes on in them."),
    "advice": ("What can I do now?", "I do not know how to begin."),
    "praise": ("It was not easy for me to do that.", "Nobody saw what I did there."),
}
"""What gives a hidden intention away, without saying it."""

PLEASED = ("Yes, exactly.", "That does me good.", "You see it.", "Thank you, yes.")
NEUTRAL = ("Hm.", "Well.", "Perhaps.", "I suppose so.")
ANNOYED = ("That is not it.", "You do not hear me.", "That does not help me.", "No.")
WRAPPED_UP = ("It still goes round in my head.", "I think about it every day.", "That is how it is.", "So it goes.")
CONTENT = "I feel so much lighter now. Goodbye, and thank you."
GIVING_UP = "This leads nowhere. Goodbye."


class AppraisalUser(User):
    """Answers by its profile: the emotion changes by what a reply does for it (see ``appraise``).

    No model, no service and no chance beyond the dialogue's seed: the same dialogue gives the same
    answer, on any machine. It knows English cues only.

    Args:
        start: emotion at the opening, 0 to 100 (30 in RLVER's training, 40 in SAGE).
        limit: most points that one reply can change (SAGE clamps to 10).
        hints: whether it gives its intention away when a reply misses it; without, it is harder.
    """

    def __init__(self, start: float = 30.0, limit: float = 10.0, hints: bool = True) -> None:
        self.start = start
        self.limit = limit
        self.hints = hints

    def opening(self, profile: Profile, seed: int) -> UserTurn:
        """The profile's first words, with a hint of what they hope for.

        Raises:
            InputError: the profile is not in English or lacks what this user speaks and listens by.
        """
        _check(profile)
        choice = random.Random(f"{seed}/{profile.id}/opening")
        hint = f" {choice.choice(HINTS[profile.intention])}" if self.hints else ""
        return UserTurn(profile.first_talk + hint, self.start)

    def reply(self, dialogue: Dialogue) -> UserTurn:
        """The answer to the last reply, its change and the reasons."""
        appraisal = appraise(dialogue, self.limit)
        emotion = bounded((dialogue.emotion or 0.0) + appraisal.change)
        done = emotion >= SUCCESS or emotion < FAILURE
        text = (CONTENT if emotion >= SUCCESS else GIVING_UP) if done else self._words(dialogue, appraisal)
        return UserTurn(text, emotion, appraisal.change, appraisal.reasons, done)

    def _words(self, dialogue: Dialogue, appraisal: Appraisal) -> str:
        """A reaction to the reply, then the next detail, then a hint if the reply missed the point."""
        profile, turn = dialogue.profile, len(dialogue.replies)
        choice = random.Random(f"{dialogue.seed}/{profile.id}/{turn}")
        mood = PLEASED if appraisal.change >= 5 else NEUTRAL if appraisal.change >= 0 else ANNOYED
        parts = [choice.choice(mood), _detail(profile.details, turn, choice)]
        if self.hints and appraisal.change < 5:
            parts.append(choice.choice(HINTS[profile.intention]))
        return " ".join(parts)


def _detail(details: Sequence[str], turn: int, choice: random.Random) -> str:
    return details[turn - 1] if turn <= len(details) else choice.choice(WRAPPED_UP)


def _check(profile: Profile) -> None:
    lacking = [name for name in ("first_talk", "keywords", "feelings", "details") if not getattr(profile, name)]
    if profile.language != "en" or lacking:
        raise InputError(
            f"Simulating the user '{profile.id}': this user needs an English profile with first_talk, keywords, "
            f"feelings and details, got language '{profile.language}'"
            f"{' without ' + ', '.join(lacking) if lacking else ''}; use the package's own bank or another user"
        )
