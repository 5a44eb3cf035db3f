"""A user who says what a script says: for tests and for trying out rewards."""

from collections.abc import Sequence

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.profiles import Profile
from empdetect.rl.users.base import Rules, User, UserTurn


class ScriptedUser(User):
    """Says its lines in order and changes its emotion as told, whatever the policy says.

    Args:
        lines: the opening, then one answer a reply; the last one repeats.
        changes: change of emotion after each reply; the last one repeats.
        start: emotion at the opening, 0 to 100.
        replies: end the dialogue after so many replies; None leaves it to the other rules.
    """

    def __init__(
        self,
        lines: Sequence[str] = ("Hello.", "And then?"),
        changes: Sequence[float] = (5.0,),
        start: float = 30.0,
        replies: int | None = None,
    ) -> None:
        self.lines = lines
        self.changes = changes
        self.start = start
        self.replies = replies
        self.rules = Rules(start, limit=None)

    def opening(self, profile: Profile, seed: int) -> UserTurn:
        """The first line."""
        return UserTurn(profile.first_talk or self.lines[0], self.start)

    def reply(self, dialogue: Dialogue) -> UserTurn:
        """The line of this turn."""
        turn = len(dialogue.replies)
        change = self.changes[min(turn, len(self.changes)) - 1]
        emotion = self.rules.moved(dialogue.emotion or 0.0, change)
        text = self.lines[min(turn, len(self.lines) - 1)]
        return UserTurn(text, emotion, change, ("scripted",), done=turn == self.replies)
