"""What a user's language model was asked and took: questions, tokens, cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from empdetect.rl.dialogue import Dialogue, Exchange


@dataclass(frozen=True)
class Usage:
    """What exchanges came to.

    Args:
        questions: how many were asked.
        retries: attempts that failed.
        prompt_tokens, completion_tokens: as the service counted them; 0 if it does not.
        cost: by the endpoint's prices; 0 if it has none.
    """

    questions: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Usage)))

    def line(self) -> str:
        """One line for people."""
        cost = f"cost {self.cost:.4g} by the endpoint's prices" if self.cost else "the endpoint has no prices"
        return (
            f"{self.questions} questions, {self.retries} attempts that failed, {self.prompt_tokens} tokens in and "
            f"{self.completion_tokens} out; {cost}"
        )


def usage_of(exchanges: Iterable[Exchange], user: Mapping[str, Any]) -> Usage:
    """Add exchanges up.

    Args:
        exchanges: as ``exchanges_of`` gives them.
        user: who asked, as ``components.describe`` gives it; its endpoint's prices are found in there.
    """
    found = list(exchanges)
    prompt, completion = (sum(getattr(one, f"{kind}_tokens") for one in found) for kind in ("prompt", "completion"))
    of_prompt, of_completion = _prices(user) or (0.0, 0.0)
    cost = (prompt * of_prompt + completion * of_completion) / 1e6
    return Usage(len(found), sum(len(one.failures) for one in found), prompt, completion, cost)


def exchanges_of(dialogues: Sequence[Dialogue]) -> list[Exchange]:
    """All that was asked for dialogues that were led together; each keeps the opening that its group shares, once."""
    openings = {(dialogue.profile, dialogue.seed): dialogue.exchanges[:1] for dialogue in dialogues}
    later = [dialogue.exchanges[1:] for dialogue in dialogues]
    return [one for turns in (*openings.values(), *later) for turn in turns for one in turn]


def _prices(spec: object) -> tuple[float, float] | None:
    """Of a million tokens in and out, wherever in the description the endpoint is; None if there is none."""
    if not isinstance(spec, Mapping):
        return None
    if "prompt_price" in spec:
        return float(spec["prompt_price"]), float(spec.get("completion_price", 0.0))
    return next((found for value in spec.values() if (found := _prices(value))), None)
