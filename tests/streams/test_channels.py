import pytest

from empdetect.streams.channels import canonical_channel, channel_kind


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("ecg", "ECG"),
        (" EDA ", "EDA"),
        ("PPG", "BVP"),
        ("emg_Corrugator", "EMG_corrugator"),
        ("resp", "RSP"),
        ("x", None),
        ("HR_left", "HR_left"),
        ("hr_confidence", None),
        ("PPG-quality", None),
        ("EMG_zygomatic_valid", None),
    ],
)
def test_names_of_other_tools(name: str, channel: str | None) -> None:
    assert canonical_channel(name) == channel


def test_a_site_does_not_change_the_kind() -> None:
    assert channel_kind("EMG_zygomatic") == "EMG"
    assert channel_kind("EEG") is None
