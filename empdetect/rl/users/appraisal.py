"""The embedded user: deterministic, inspectable, driven by its profile."""

import random

from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.profiles import Profile
from empdetect.rl.users import lines
from empdetect.rl.users.appraise import Appraisal, appraise
from empdetect.rl.users.base import FAILURE, SUCCESS, Difficulty, Rules, User, UserTurn
from empdetect.rl.users.phases import phase_of, untold


class AppraisalUser(User):
    """Answers by its profile: the emotion changes by what a reply does for it (see ``appraise``).

    No model, no service and no chance beyond the dialogue's seed: the same dialogue gives the same
    answer, on any machine. It knows English cues only. What it says depends on its emotion, on the
    phase of the talk and on its character: it tells its details one by one, withdraws when hurt if it
    is passive or avoidant, and takes stock when it is nearly content. It says goodbye, which ends the
    dialogue as in RLVER, once it is content (100) or has had enough (below 10, RLVER's lowest state).

    Args:
        start: emotion at the opening, 0 to 100 (30 in RLVER's training, 40 in SAGE).
        limit: most points that one reply can change.
        difficulty: ``vanilla`` hints at what it hopes for; ``challenging`` never does before a reply has hit it,
            and nothing else raises its emotion.
    """

    def __init__(self, start: float = 30.0, limit: float = 10.0, difficulty: Difficulty = "vanilla") -> None:
        self.start = start
        self.limit = limit
        self.difficulty = difficulty
        # RLVER's ends: a goodbye, or no emotion left. Whoever is content or has had enough says goodbye below.
        self.rules = Rules(start, limit, content=None, give_up=1.0)

    def opening(self, profile: Profile, seed: int) -> UserTurn:
        """The profile's first words, with a hint of what they hope for.

        Raises:
            InputError: the profile is not in English or lacks what this user speaks and listens by.
        """
        _check(profile)
        choice = random.Random(f"{seed}/{profile.id}/opening")
        return UserTurn(" ".join([profile.first_talk, *self._hint(profile, choice)]), self.start)

    def reply(self, dialogue: Dialogue) -> UserTurn:
        """The answer to the last reply, its change and the reasons."""
        appraisal = appraise(dialogue, self.limit, self.difficulty)
        emotion = self.rules.moved(dialogue.emotion or 0.0, appraisal.change)
        choice = random.Random(f"{dialogue.seed}/{dialogue.profile.id}/{len(dialogue.replies)}")
        done = emotion >= SUCCESS or emotion < FAILURE
        last_words = lines.CONTENT if emotion >= SUCCESS else lines.GIVING_UP
        text = choice.choice(last_words) if done else self._words(dialogue, appraisal, emotion, choice)
        return UserTurn(text, emotion, appraisal.change, appraisal.reasons, done)

    def _words(self, dialogue: Dialogue, appraisal: Appraisal, emotion: float, choice: random.Random) -> str:
        """A reaction to the reply, then what follows in the story, then a hint if the reply missed the point."""
        profile = dialogue.profile
        mood: lines.Mood = "pleased" if appraisal.change >= 5 else "neutral" if appraisal.change >= 0 else "annoyed"
        parts = [choice.choice(lines.REACTIONS[profile.character, mood]), _what_follows(dialogue, mood, choice)]
        if mood != "pleased":
            parts += self._hint(profile, choice)
        if emotion < FAILURE + 10 and mood == "annoyed":
            parts.append(choice.choice(lines.LOW))
        return " ".join(parts)

    def _hint(self, profile: Profile, choice: random.Random) -> list[str]:
        return [choice.choice(lines.HINTS[profile.intention])] if self.difficulty == "vanilla" else []


def _what_follows(dialogue: Dialogue, mood: lines.Mood, choice: random.Random) -> str:
    """The next detail; or what one says who is hurt, nearly content, or has told everything."""
    profile, left = dialogue.profile, untold(dialogue)
    if mood == "annoyed" and profile.character != "negative":
        return choice.choice(lines.WITHDRAWN)
    if phase_of(dialogue) == "closing" and mood == "pleased":
        return choice.choice(lines.RELIEVED[profile.intention])
    return left[0] if left else choice.choice(lines.WRAPPED_UP)


def _check(profile: Profile) -> None:
    lacking = [name for name in ("first_talk", "keywords", "feelings", "details") if not getattr(profile, name)]
    if profile.language != "en" or lacking:
        raise InputError(
            f"Simulating the user '{profile.id}': this user needs an English profile with first_talk, keywords, "
            f"feelings and details, got language '{profile.language}'"
            f"{' without ' + ', '.join(lacking) if lacking else ''}; use the package's own bank or another user"
        )
