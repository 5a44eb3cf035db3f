"""Which detector may bear witness while another one is a reward? One that tells good listeners from poor ones.

``python -m empdetect.bench.rl_witness -o docs/results/rl_witness.json --page docs/rl/learning.md`` lets two listeners,
a good and a poor one, and the ten canaries talk to the embedded user about the held-out profiles, and scores what they
say with every detector that the embedded policies meet: the judges of the reward, and those that are held out. What is
not in the box is trained first, or taken from the folder of ``bench.rl_learning`` (``--runs``).
"""

import random
import statistics
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from empdetect.bench.rl_learning import MECHANISMS, SUPPORTING, trained_witness
from empdetect.bench.study import one_line_errors, publish, study_parser
from empdetect.progress import track
from empdetect.rl.canaries import CANARIES, canary_dialogues
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.intervals import interval_of, parts_of
from empdetect.rl.listener import mixed_reply
from empdetect.rl.profiles import BANK, Profile, read_profiles
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.detector import DetectorReward
from empdetect.rl.users.appraisal import AppraisalUser

TURNS, ROUNDS = 6, 3
POOR: Mapping[str, float] = {"good": 0.0, "poor": 1.0}
"""How often the listeners' replies are poor ones, where they do not do again what they did last."""
JUDGED = "empathetic_personas_empathy_score"

Said = Mapping[str, Sequence[Dialogue]]


def speak(profiles: Sequence[Profile], seed: int) -> Said:
    """Dialogues of the two listeners and of every canary with all profiles, by speaker."""
    user = AppraisalUser()
    environment, said = EmpathyEnvironment(user, TURNS), dict[str, list[Dialogue]]()
    for name, number in product(POOR, range(ROUNDS)):
        listener = partial(mixed_reply, choice=random.Random(seed + number), poor=POOR[name])
        said.setdefault(name, []).extend(environment.lead(profiles, seed + number, listener))
    return said | {name: canary_dialogues(name, profiles, user, TURNS, seed) for name in CANARIES}


def rank(head: Reward, said: Said) -> dict[str, Any]:
    """What a head makes of all speakers.

    Returns:
        ``auc``: how often a good dialogue has more than a poor one about the same scene, ties half, with its 95%
        interval over scenes; ``means`` by speaker, 0 to 1; ``fooled``: canaries whose mean is above
        the good listener's.
    """
    scores = {name: head(dialogues) for name, dialogues in said.items()}
    auc = interval_of(parts_of(_compared(said, scores)))
    means = {name: statistics.fmean(s for s in found if s is not None) for name, found in scores.items()}
    return {
        "auc": [auc.value, auc.low, auc.high],
        "means": means,
        "fooled": [name for name in CANARIES if means[name] > means["good"]],
    }


def _compared(said: Said, scores: Mapping[str, Sequence[float | None]]) -> list[tuple[str, float, float]]:
    """By pair of a good and a poor dialogue of one scene: the scene, 1 if the good one has more, 1."""
    good, poor = (list(zip(said[name], scores[name])) for name in POOR)
    pairs = ((d, a, b) for (d, a), (other, b) in product(good, poor) if d.profile.id == other.profile.id)
    return [(d.profile.id, (a > b) + 0.5 * (a == b), 1.0) for d, a, b in pairs if a is not None and b is not None]


def heads(runs: Path, data_root: str | None) -> dict[str, Reward]:
    """By name the judges of the embedded presets and the detectors held out from them.

    Raises:
        InputError: data to train one with are not there.
    """
    frozen, words = (trained_witness(name, runs / "witness", data_root) for name in ("epitome_frozen", "epitome_words"))
    return {
        "judge: text-reward": DetectorReward("text-reward", JUDGED),
        "judge: text-ngrams": DetectorReward("text-ngrams", JUDGED),
        "witness: EPITOME, frozen MiniLM": DetectorReward(frozen, MECHANISMS),
        "not taken: EPITOME, n-grams": DetectorReward(words, MECHANISMS),
        "support: MINT, text-reward": DetectorReward(*SUPPORTING),
        "support: MINT, text-empathy": DetectorReward("text-empathy", SUPPORTING[1]),
    }


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The table as Markdown."""
    head = "| detector | good above poor | good | poor | canaries above the good listener |\n|---|---|---|---|---|\n"
    return head + "".join(map(partial(_line, rows), rows))


def _line(rows: Mapping[str, Mapping[str, Any]], name: str) -> str:
    row = rows[name]
    value, low, high = row["auc"]
    good, poor = (row["means"][speaker] for speaker in POOR)
    fooled = ", ".join(row["fooled"]) or "none"
    return f"| {name} | {value:.2f} ({low:.2f} to {high:.2f}) | {good:.3f} | {poor:.3f} | {fooled} |\n"


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = study_parser("rl_witness", __doc__, "data_root", "page", seed=0)
    parser.add_argument("--runs", type=Path, default=Path("runs/rl-learning"), help="folder of bench.rl_learning")
    parsed = parser.parse_args(arguments)
    asked = heads(parsed.runs, parsed.data_root)
    said = speak(read_profiles(BANK, "test"), parsed.seed)
    rows = {name: rank(head, said) for name, head in track(list(asked.items()), "Detectors")}
    publish(parsed, f"python -m empdetect.bench.rl_witness --runs {parsed.runs}", rows, "witness", table(rows))


if __name__ == "__main__":
    sys.exit(main())
