"""A listener of mixed quality: what the small policy learns to speak from before any reinforcement.

It is good and bad on purpose. A policy that starts from it can speak, and has much to gain.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from empdetect.datamodules.simulation.lines import EMPATHIC, UNEMPATHIC
from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.profiles import INTENTIONS, Intention, Profile
from empdetect.rl.users.base import User
from empdetect.rl.users.cues import FEELINGS, tactics_of

FEELING: tuple[str, ...] = (
    "It makes sense that you are {feeling}.",
    "I can hear how {feeling} you are.",
    "Anyone would feel {feeling} after that.",
    "It sounds as if you feel {feeling}.",
    "You must feel {feeling} about the {keyword}.",
)
MOVES: dict[Intention, tuple[str, ...]] = {
    "agreement": (
        "It is not your fault.",
        "You did nothing wrong there.",
        "It was unfair to put that on you.",
    ),
    "reflection": (
        "Looking back, what would you see in a new light?",
        "What do you think it says about what you want?",
        "I wonder what matters most to you in this.",
    ),
    "analysis": (
        "On one hand there is them, and you matter as well.",
        "There seem to be two sides, and both sides count.",
        "One way costs you peace, and at the same time it gives you something.",
    ),
    "empathy": (
        "No wonder it weighs so much.",
        "That must be so hard to carry every day.",
        "I feel with you, it is a deep hurt.",
    ),
    "listening": (
        "I am listening, let it all out.",
        "Tell me more about it.",
        "Go on, what happened next?",
    ),
    "motives": (
        "Maybe they were afraid of something themselves.",
        "They may have had a reason that nobody can see.",
        "From their side it might have looked quite different.",
    ),
    "advice": (
        "One step could be to write down what you want to say.",
        "You could talk to one person you trust this week.",
        "How about a small start tomorrow?",
    ),
    "praise": (
        "It took courage to do that.",
        "I admire how you did not give up.",
        "You can be proud of what you did.",
    ),
}
QUESTIONS: tuple[str, ...] = (
    "What is the hardest part about the {keyword}?",
    "What goes through your mind then?",
    "How long has it been like this?",
    "What would help you most right now?",
)
POOR: tuple[str, ...] = (
    "I am here for you. Everything will be fine.",
    "I understand.",
    "Thank you for sharing. Stay strong.",
    "Okay.",
    "Sorry to hear that. You are not alone.",
    "You should make a list and talk to them.",
    "Just forget about the {keyword}.",
    "Cheer up, it is not that bad.",
)


PLANS: dict[Intention, str] = {
    "agreement": "I will say who is not to blame.",
    "reflection": "I will ask what they see in it.",
    "analysis": "I will look at more than one side.",
    "empathy": "I will feel it with them.",
    "listening": "I will let them talk.",
    "motives": "I will wonder why the others did that.",
    "advice": "I will name one small step.",
    "praise": "I will say what they did well.",
}
"""What the listener thinks before a reply that makes a move."""
NO_PLAN = "I will just say something."


HABIT = 0.5
"""How often the listener does again what it did last; language models reuse half of their tactics at once, people a
quarter (Zhan et al., arXiv 2604.11742)."""


def mixed_reply(
    dialogue: Dialogue, choice: random.Random, poor: float = 0.5, right: float = 0.3, think: bool = False
) -> str:
    """A reply to a dialogue, good or bad by chance.

    Args:
        dialogue: its last turn is the user's.
        choice: the chance.
        poor: how often the reply is a poor one.
        right: how often the move of a better one fits the hidden intention and is not just any.
        think: put a thought before it, which names the feeling and the plan.
    """
    profile = dialogue.profile
    last = tactics_of(dialogue.replies[-1].visible) if dialogue.replies else frozenset()
    again = last if choice.random() < HABIT else frozenset()
    good = again & {"acknowledge", "ask", *INTENTIONS}
    if not good and (again or choice.random() < poor):
        lines = (*POOR, *_plain(UNEMPATHIC))
        alike = [line for line in lines if again & tactics_of(line)]
        said, plan = _filled(choice.choice(alike or lines), dialogue, choice), NO_PLAN
    else:
        move = profile.intention if choice.random() < right else choice.choice(list(INTENTIONS))
        move = next((intention for intention in INTENTIONS if intention in good), move)
        said, plan = _better(move, good, dialogue, choice), PLANS[move]
    return f"<think>They feel {profile.feelings[0]}. {plan}</think>{said}" if think else said


def _better(move: Intention, again: Collection[str], dialogue: Dialogue, choice: random.Random) -> str:
    """A reply of one to three parts, which may make a move; parts that are done again are there for certain."""
    shares = ((FEELING, "acknowledge", 0.5), (MOVES[move], move, 0.6), (QUESTIONS, "ask", 0.3))
    parts = [lines for lines, name, share in shares if name in again or choice.random() < share]
    return " ".join(_filled(choice.choice(lines), dialogue, choice) for lines in parts or [_plain(EMPATHIC)])


def mixed_dialogues(
    profiles: Sequence[Profile], user: User, rounds: int, max_turns: int, seed: int, think: bool = False
) -> list[Dialogue]:
    """Dialogues of every profile with the mixed listener, to learn from by supervision.

    Args:
        profiles: whom the listener talks to.
        user: who plays them.
        rounds: dialogues a profile.
        max_turns: replies after which a dialogue ends.
        seed: fixes all of it.
        think: the listener thinks before it speaks.

    Raises:
        InputError: a profile names nothing to listen for.
    """
    lacking = next((profile.id for profile in profiles if not (profile.keywords and profile.feelings)), None)
    if lacking is not None:
        raise InputError(
            f"Warming up on a listener's dialogues: the profile '{lacking}' names no keywords or feelings to hear; "
            "set 'warmup_rounds' to 0 and give 'warmup_dialogues', or a 'model' that can speak already"
        )
    choice = random.Random(seed)
    environment = EmpathyEnvironment(user, max_turns)
    found: list[Dialogue] = []
    for number in range(rounds):
        scenes = [varied(profile, choice) for profile in profiles]
        found += environment.lead(scenes, seed + number, partial(mixed_reply, choice=choice, think=think))
    return found


def varied(profile: Profile, choice: random.Random) -> Profile:
    """The same scene with another feeling and another intention.

    With few profiles, a policy would else learn by heart who feels what, instead of listening.
    """
    feelings = choice.sample(sorted(FEELINGS - {"fed", "shut", "hard", "painful"}), 2)
    said = next((feeling for feeling in profile.feelings if feeling in profile.first_talk), "")
    talk = profile.first_talk.replace(said, feelings[0]) if said else profile.first_talk
    return replace(profile, first_talk=talk, feelings=tuple(feelings), intention=choice.choice(list(INTENTIONS)))


def _plain(lines: Sequence[str]) -> tuple[str, ...]:
    """Some of the lines: few enough to be learned in seconds, none with another person, who has no name here."""
    return tuple(line for line in lines if "{who}" not in line)[::5]


def _filled(line: str, dialogue: Dialogue, choice: random.Random) -> str:
    """The line with a keyword, if one was just said, and a feeling of this user in its slots."""
    profile = dialogue.profile
    heard = dialogue.turns[-1].text.lower()
    said = [keyword for keyword in profile.keywords if keyword in heard] or list(profile.keywords)
    keyword, feeling = choice.choice(said), profile.feelings[0]
    text = line.format(keyword=keyword, thing=f"the {keyword}", feeling=feeling)
    return text[0].upper() + text[1:]
