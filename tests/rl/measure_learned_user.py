"""How well a user learned from SAGE's logs tells the change of emotion, held out by persona.

    python -m tests.rl.measure_learned_user ../shared/data/rlver/sage_logs_deepseek_v3 \\
        -o docs/results/rl_learned_user.json

It is what ``empdetect rl learn-user`` does; more than two minutes of one core, too long for a test.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from empdetect.bench.study import write_study
from empdetect.rl.users.learning import learn_user


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m tests.rl.measure_learned_user", description=__doc__)
    parser.add_argument("logs", type=Path, metavar="LOGS", help="folder of SAGE's logs")
    parser.add_argument("-o", "--out", type=Path, required=True, help="file of results (JSON)")
    parser.add_argument("--seed", type=int, default=0, help="of the intervals (default: %(default)s)")
    parsed = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        metrics = learn_user(parsed.logs, Path(folder), parsed.seed)
    command = f"python -m tests.rl.measure_learned_user LOGS -o {parsed.out} --seed {parsed.seed}"
    write_study(parsed.out, command, parsed.seed, metrics)
    sys.stdout.write("".join(f"{name}: {value:.4g}\n" for name, value in metrics.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
