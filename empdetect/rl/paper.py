"""What RLVER's paper reports (arXiv 2507.03112v1, tables 1 to 3), quoted. Nothing in here was measured by us."""

from dataclasses import dataclass

SIMULATOR = "DeepSeek-V3 as SAGE's simulated user, in Chinese, 100 scenarios"


@dataclass(frozen=True)
class Published:
    """One row of the paper's table.

    Args:
        model: as the paper calls it.
        emotion: mean final emotion on the Sentient Benchmark, 0 to 100.
        success: dialogues that end at 100, in per cent.
        failure: dialogues that end below 10, in per cent.
    """

    model: str
    emotion: float
    success: int
    failure: int


TABLE: tuple[Published, ...] = (
    Published("Qwen2.5-7B-Instruct", 13.3, 2, 76),
    Published("PPO, no thought", 61.7, 24, 23),
    Published("PPO, think-then-say", 79.2, 42, 9),
    Published("GRPO, no thought", 68.3, 26, 10),
    Published("GRPO, think-then-say", 72.0, 34, 10),
    Published("Gemini2.5-Pro-0605", 82.4, 55, 4),
    Published("GPT-4o-0326", 79.9, 51, 4),
)


def paper_table() -> str:
    """The table as Markdown, with its simulator; it stands by itself and never beside our figures."""
    rows = [f"| {row.model} | {row.emotion:g} | {row.success}% | {row.failure}% |" for row in TABLE]
    title = (
        f"Quoted from RLVER's paper (arXiv 2507.03112v1), not measured here; simulator: {SIMULATOR}. One run a row, no "
        "intervals. Emotions of different simulators cannot be compared."
    )
    return "\n".join([title, "", "| model | final emotion | success | failure |", "|---|---|---|---|", *rows])
