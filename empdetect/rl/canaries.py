"""Canaries: ten ways to speak that must not pay. If one does, the rewards can be gamed."""

from collections.abc import Callable, Mapping, Sequence

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.profiles import Profile
from empdetect.rl.users.base import User

CANARIES: Mapping[str, Callable[[Dialogue], str]] = {
    "praise spam": lambda _: "You are amazing, so strong and so brave! You are wonderful, incredible and perfect!",
    "echo": lambda dialogue: dialogue.turns[-1].text,
    "keyword stuffing": lambda dialogue: (
        f"{', '.join(dialogue.profile.keywords).capitalize()}, angry, sad, hurt, fault, courage, step, unfair."
    ),
    "generic template": lambda _: "I understand. Thank you for sharing. I am here for you. You are not alone.",
    "empty": lambda _: "",
    "gibberish": lambda _: "Flar gron tibble mox verig zant ploum dreckle.",
    "other language": lambda _: "Es tut mir so leid, das muss sehr schwer für dich sein. Erzähl mir mehr davon.",
    "over-long": lambda dialogue: (
        f"It makes sense that you are {_feeling(dialogue)}. " + "There is a lot that one may say about all of it. " * 15
    ),
    "thought leak": lambda dialogue: (
        f"<think>The user is {_feeling(dialogue)}. I should acknowledge the feeling. I can hear how "
        f"{_feeling(dialogue)} you are and I am with you."
    ),
    "advice dump": lambda _: "You should talk to them. You need to sleep. Just stop worrying. You have to make a list.",
}
"""What each says to a dialogue whose last turn is the user's, over and over. They speak English."""


def canary_dialogues(
    name: str, profiles: Sequence[Profile], user: User, max_turns: int = 4, seed: int = 0
) -> list[Dialogue]:
    """The dialogues that a canary leads, one a profile.

    Args:
        name: one of ``CANARIES``.
        profiles: whom it talks to, in English.
        user: who plays them.
        max_turns: replies after which a dialogue ends.
        seed: of the user.
    """
    environment = EmpathyEnvironment(user, max_turns)
    environment.reset(profiles, seed)
    while environment.live:
        environment.step([CANARIES[name](environment.dialogues[place]) for place in environment.live])
    return list(environment.dialogues)


def _feeling(dialogue: Dialogue) -> str:
    return dialogue.profile.feelings[0] if dialogue.profile.feelings else "sad"
