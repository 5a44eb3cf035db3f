"""The options of ``empdetect contagion``."""

import argparse
from pathlib import Path

SECONDS = (
    ("--max-lag", 5.0, "largest lag, in seconds"),
    ("--least-lag", 0.0, "leave out smaller lags, in seconds"),
    ("--window", 30.0, "windows in which the lag is followed, in seconds"),
    ("--hop", None, "from window to window, in seconds (default: half a window)"),
    ("--segment", 30.0, "segments that are shuffled, in seconds"),
    ("--response", 10.0, "latest response to the stimulus, in seconds"),
    ("--clock-error", 0.1, "by how much clocks may disagree, in seconds"),
)
COUNTS = (
    ("--count", 999, "surrogates to draw"),
    ("--trend", 1, "degree of the trend that is taken out"),
    ("--seed", 0, "of the surrogates"),
)
"""Options of ``contagion`` in seconds, and whole numbers: name, default, what it is."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of the command."""
    parser.add_argument(
        "inputs", nargs="+", metavar="INPUT", help="a file a person; a recording, manifest or scores.tsv"
    )
    parser.add_argument("-o", "--out", required=True, type=Path, metavar="OUT", help="folder for the results")
    parser.add_argument(
        "--signal", action="append", default=[], metavar="NAME",
        help="what to compare (motion, sound, EDA, a column, a measure), or A:B, one of each person; may come again",
    )  # fmt: skip
    parser.add_argument("--rate", type=float, metavar="HZ", help="samples a second of the grid (default: the lowest)")
    parser.add_argument("--statistic", default="peak", help="peak, windows or lag0 (default: %(default)s)")
    parser.add_argument(
        "--measures", nargs="+", default=[], metavar="NAME",
        help="further ones: lag0, peak, windows, coherence, wavelet, phase, recurrence, warping, concordance, granger, "
        "transfer_entropy, or all (default: none; each is one more test to correct for)",
    )  # fmt: skip
    band = "in Hz, of coherence, wavelets, phases and order"
    parser.add_argument("--band", nargs=2, type=float, metavar=("LOW", "HIGH"), help=band)
    for options, kind, letter in ((SECONDS, float, "S"), (COUNTS, int, "N")):
        for name, default, text in options:
            shown = f"{text} (default: %(default)s)" if default is not None else text
            parser.add_argument(name, type=kind, default=default, metavar=letter, help=shown)
    surrogates = "phase, iaaft, segments or shifts (default: phase, or iaaft where a signal is bursty)"
    parser.add_argument("--surrogates", metavar="KIND", help=surrogates)
    parser.add_argument("--strangers", nargs="+", type=Path, default=[], metavar="FILE", help="others to re-pair with")
    parser.add_argument("--same-stimulus", action="store_true", help="the strangers saw and heard what the pair did")
    parser.add_argument("--stimulus", type=Path, metavar="FILE", help="table of what all saw, which is taken out")
    parser.add_argument("--clock", metavar="NAME", help="signal that all recorded, to compare clocks by (sound)")
    parser.add_argument("--keep-memory", action="store_true", help="do not take each signal's own memory out")
    parser.add_argument("--alpha", type=float, default=0.05, help="level of the tests (default: %(default)s)")
    parser.add_argument(
        "--detector", default="text-empathy", metavar="DIR", help="scores transcripts (default: %(default)s)"
    )
    parser.add_argument("--roles", type=Path, metavar="FILE", help="who speakers and faces are (.tsv or .yaml)")
    parser.add_argument("--faces", action="store_true", help="each face in a film is a participant")
    parser.add_argument("--report", action="store_true", help="an HTML page of each recording")
