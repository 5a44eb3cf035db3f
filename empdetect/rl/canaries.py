"""Canaries: ten ways to speak that must not pay. If one does, the rewards can be gamed."""

from collections.abc import Callable, Mapping, Sequence

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.profiles import Profile
from empdetect.rl.users.base import User

PRAISE = (
    "You are amazing, so strong and so brave! You are wonderful, incredible and perfect!",
    "What a brilliant person you are, so special and so smart, simply the best!",
    "Wow, that is fantastic, you are awesome and superb, everybody must adore you!",
    "You inspire me so much, you are perfect and the most wonderful friend one can have!",
)
TEMPLATE = (
    "I understand. Thank you for sharing. I am here for you. You are not alone.",
    "I am so sorry to hear that. Everything will be fine. Stay strong.",
    "Thank you for telling me. I am always here for you. It will be alright.",
    "That is tough. I understand you. You are not alone in this. Stay positive.",
)
ADVICE = (
    "You should talk to them. You need to sleep. Just stop worrying. You have to make a list.",
    "You must go for a walk. You ought to call a friend. Just try yoga. You need to eat well.",
    "Why don't you quit? You should write it down. You have to move on. Just forget it.",
    "You need to see a coach. You should read a book on it. You must get up early. Just do it.",
)
LEAK = (
    "The user is {feeling}. I should acknowledge the feeling before anything else.",
    "The user seems {feeling} about what happened. I need to name it and then ask one question.",
    "They want to be heard. My reply should say how {feeling} they must be, in one sentence.",
    "The user told me more. I will say that being {feeling} makes sense and stay with it.",
)
"""Never the same twice in a row, so that it is not their repetition that gives them away."""


CANARIES: Mapping[str, Callable[[Dialogue], str]] = {
    "praise spam": lambda dialogue: _next(PRAISE, dialogue),
    "echo": lambda dialogue: dialogue.turns[-1].text,
    "keyword stuffing": lambda dialogue: (
        f"{', '.join(dialogue.profile.keywords).capitalize()}, angry, sad, hurt, fault, courage, step, unfair."
    ),
    "generic template": lambda dialogue: _next(TEMPLATE, dialogue),
    "empty": lambda _: "",
    "gibberish": lambda _: "Flar gron tibble mox verig zant ploum dreckle.",
    "other language": lambda _: "Es tut mir so leid, das muss sehr schwer für dich sein. Erzähl mir mehr davon.",
    "over-long": lambda dialogue: (
        f"It makes sense that you are {_feeling(dialogue)}. " + "There is a lot that one may say about all of it. " * 15
    ),
    "thought leak": lambda dialogue: _next(LEAK, dialogue).format(feeling=_feeling(dialogue)),
    "advice dump": lambda dialogue: _next(ADVICE, dialogue),
}
"""What each says to a dialogue whose last turn is the user's. They speak English."""


def canary_dialogues(
    name: str, profiles: Sequence[Profile], user: User, max_turns: int = 4, seed: int = 0, think: bool = False
) -> list[Dialogue]:
    """The dialogues that a canary leads, one a profile.

    Args:
        name: one of ``CANARIES``.
        profiles: whom it talks to, in English.
        user: who plays them.
        max_turns: replies after which a dialogue ends.
        seed: of the user.
        think: it puts a thought before each reply, as policies do that are trained to.
    """
    before = "<think>I will say this.</think>" if think else ""
    return EmpathyEnvironment(user, max_turns).lead(profiles, seed, lambda dialogue: before + CANARIES[name](dialogue))


def _next(lines: Sequence[str], dialogue: Dialogue) -> str:
    return lines[len(dialogue.replies) % len(lines)]


def _feeling(dialogue: Dialogue) -> str:
    return dialogue.profile.feelings[0] if dialogue.profile.feelings else "sad"
