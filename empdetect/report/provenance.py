"""What was scored with what: the lines about detector and run, and the sentence for a methods section."""

from collections.abc import Mapping, Sequence
from typing import Any

from empdetect.report.clock import counted


def about_lines(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The lines about the detector and the run: heading and text."""
    name = str(about.get("detector") or "not stated")
    lines = [
        ("Detector", f"{name}, version {about['version']}" if about.get("version") else name),
        ("Calibration", _calibration(about)),
        ("Training data", f"fingerprint {about['fingerprint']}" if about.get("fingerprint") else "not stated"),
        ("Device", str(about.get("device") or "not stated")),
        ("Scored on", str(about.get("started") or "not stated").replace("T", " ").replace("+00:00", " UTC")),
        ("Versions", ", ".join(f"{name} {number}" for name, number in about.get("versions", {}).items())),
    ]
    return [(name, text) for name, text in lines if text]


def _calibration(about: Mapping[str, Any]) -> str:
    if "calibrated" not in about:
        return "not stated"
    if not about["calibrated"]:
        return "not calibrated: no intervals, and a probability may be too bold or too shy"
    version = f", version {about['calibration']}" if about.get("calibration") else ""
    return f"calibrated on held-out segments, with 90% intervals{version}"


def methods_sentence(
    about: Mapping[str, Any], modalities: Sequence[str], recordings: int, windows: int, unscored: int
) -> str:
    """What was done, for a methods section.

    Args:
        about: what the sidecar of the scores tells.
        modalities: those the detector reads.
        recordings, windows: how many there are.
        unscored: how many of the windows have no score.
    """
    task = about.get("task") or {}
    own_version = about.get("versions", {}).get("empdetect", "")
    targets = ", ".join(target["name"] for target in task.get("targets", ())) or "the measures shown"
    window = f"in windows of {task['window']:g} s" if task.get("window") else f"for each {task.get('unit', 'window')}"
    version = f", version {about['version']}" if about.get("version") else ""
    left_out = f"{unscored} of {windows} windows could not be scored and were left out."
    intervals = " with 90% intervals from held-out data" if about.get("calibrated") else ", not calibrated"
    return (
        f"{counted(recordings, 'recording')} {'was' if recordings == 1 else 'were'} scored for {targets} {window} "
        f"with empdetect {own_version} (detector '{about.get('detector', 'unnamed')}'{version}), which reads "
        f"{', '.join(modalities) or 'no modality'}; scores are per participant{intervals}. "
        f"{left_out if unscored else _all_scored(windows)}{_references(about)}"
    )


def _all_scored(windows: int) -> str:
    return "The one window could be scored." if windows == 1 else f"All {windows} windows could be scored."


def _references(about: Mapping[str, Any]) -> str:
    """The works behind features and intervals, to be cited."""
    works = "; ".join(about.get("references", ()))
    return f" References: {works}." if works else ""
