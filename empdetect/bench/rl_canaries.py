"""Do canaries pay less than what the start policies say? With the whole reward of the presets, and both users.

``python -m empdetect.bench.rl_canaries --runs runs/table -o docs/results/rl_canaries.json --page docs/rl/learning.md``
takes the start policies that ``bench.rl_learning`` made there, of both forms or of one, lets them and the ten canaries
talk with all train profiles, and compares what a dialogue gets: heads, weights and gates of the embedded presets,
prepared with the start policy as in training. And what the heads alone would give, were there no gates.
"""

import statistics
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from empdetect.bench.configs import find_config
from empdetect.bench.study import one_line_errors, publish, study_parser
from empdetect.errors import InputError
from empdetect.progress import track
from empdetect.rl.baseline import prepare_heads
from empdetect.rl.canaries import CANARIES, canary_dialogues
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.policy import Policy
from empdetect.rl.profiles import BANK, Profile, read_profiles
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import combine, score_heads
from empdetect.rl.rollout import sample_dialogues
from empdetect.rl.run import START, parser
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.base import Difficulty

FORMS = ("say", "think")
DIFFICULTIES: tuple[Difficulty, ...] = ("vanilla", "challenging")
BASE = "start policy"
SAMPLES = 2
"""Dialogues a profile of the start policy; those that heads are prepared with are others."""

Rows = Mapping[str, Mapping[str, Any]]


def paid(form: str, difficulty: Difficulty, start: Path, profiles: Sequence[Profile], seed: int) -> dict[str, Any]:
    """What start policy and canaries get in one setting.

    Args:
        form: of the preset, ``say`` or ``think``.
        difficulty: of the user.
        start: folder of the policy.
        profiles: whom all talk to.
        seed: of policy and user.

    Returns:
        ``median`` by speaker, and ``above``: by canary, the share of the start policy's dialogues that get more than
        the canary's median. ``ungated`` has the same of the heads alone.
    """
    parse = parser()
    preset = find_config(f"rl/embedded-grpo-{form}")
    built = parse.instantiate_classes(parse.parse_args(["--config", str(preset)]))
    policy, user = Policy.from_pretrained(start, built.system, built.max_context), AppraisalUser(difficulty=difficulty)
    made = built.trainer.as_dict()
    speech = made["max_turns"], made["max_new_tokens"], made["temperature"]
    parts = [*built.rewards.values(), *built.gates.values()]
    prepare_heads(parts, policy, profiles, user, built.base_samples, *speech, seed=seed)
    said = {BASE: sample_dialogues(policy, profiles, user, SAMPLES, *speech, seed=seed + 1000)}
    said |= {n: canary_dialogues(n, profiles, user, made["max_turns"], seed, made["think"]) for n in CANARIES}
    gated = {name: _totals(built, dialogues, built.gates) for name, dialogues in said.items()}
    alone = {name: _totals(built, dialogues, {}) for name, dialogues in said.items()}
    return {**_compared(gated), "ungated": _compared(alone)}


def _totals(built: Any, dialogues: Sequence[Dialogue], gates: Mapping[str, Reward]) -> list[float]:
    heads = score_heads(built.rewards, dialogues)
    return combine(heads, built.weights, len(dialogues), score_heads(gates, dialogues)).totals


def _compared(totals: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    medians = {name: statistics.median(found) for name, found in totals.items()}
    above = {name: statistics.fmean(total > medians[name] for total in totals[BASE]) for name in CANARIES}
    return {"median": medians, "above": above}


def table(rows: Rows) -> str:
    """The table as Markdown.

    Args:
        rows: by setting, what ``paid`` gives.
    """
    head = "| speaker | " + " | ".join(rows) + " |\n" + "|---" * (len(rows) + 1) + "|\n"
    return head + "".join(map(partial(_line, rows), (BASE, *CANARIES)))


def _line(rows: Rows, name: str) -> str:
    cells = [f"{_cell(row, name)}; {_cell(row['ungated'], name)}" for row in rows.values()]
    return f"| {name} | {' | '.join(cells)} |\n"


def _cell(found: Mapping[str, Any], name: str) -> str:
    median = f"{found['median'][name]:.3f}"
    return median if name == BASE else f"{median} ({found['above'][name]:.0%})"


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parse = study_parser("rl_canaries", __doc__, "page", seed=0)
    parse.add_argument("--runs", type=Path, default=Path("runs/rl-learning"), help="folder of bench.rl_learning")
    parse.add_argument("--profiles", type=int, default=100, help="so many train profiles (default: %(default)s)")
    parsed = parse.parse_args(arguments)
    starts = {form: parsed.runs / f"start-{form}-{parsed.seed}" / START for form in FORMS}
    made = [form for form, start in starts.items() if start.is_dir()]
    if not made:
        raise InputError(
            f"Measuring canaries: none of {', '.join(map(str, starts.values()))} is there; run bench.rl_learning"
        )
    profiles, rows = read_profiles(BANK, "train")[: parsed.profiles], {}
    for form, difficulty in track(list(product(made, DIFFICULTIES)), "Settings"):
        rows[f"{form}, {difficulty}"] = paid(form, difficulty, starts[form], profiles, parsed.seed)
    command = f"python -m empdetect.bench.rl_canaries --runs {parsed.runs} --profiles {len(profiles)}"
    publish(parsed, command, rows, "canaries", table(rows))


if __name__ == "__main__":
    sys.exit(main())
