"""Features against the person's own usual level."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.cache import cache_key
from empdetect.features.ngrams import TextNgrams
from empdetect.features.relative import RelativeFeatures
from empdetect.features.table import TableFeatures
from empdetect.features.usual_level import LIMIT
from empdetect.recording import Participant
from empdetect.streams.table import Table
from empdetect.streams.transcript import Transcript, Utterance

Against = Literal["recording", "around", "past", "baseline"]
HEART = TableFeatures(["rate"], modality="heart", table="heart")


def wearer(values: "NDArray[np.float64] | list[float]") -> Participant:
    column = np.asarray(values, np.float32)[:, None]
    return Participant("wearer", tables={"heart": Table(column, np.arange(len(column)) * 1.0, ("rate",))})


def test_resting_levels_of_people_do_not_count() -> None:
    slow, fast = (RelativeFeatures(HEART)(wearer(level + np.sin(np.arange(60)))).values for level in (60, 90))
    np.testing.assert_allclose(slow, fast, atol=1e-5)
    assert abs(np.median(slow)) < 1e-5


def test_spreads_are_made_alike_and_artefacts_cut() -> None:
    values = np.random.default_rng(0).normal(70, 3, 500)
    values[7] = 1e6
    found = RelativeFeatures(HEART, scaled=True)(wearer(values)).values[:, 0]
    assert found.max() == LIMIT
    assert np.delete(found, 7).std() == pytest.approx(1, abs=0.1)


def test_where_nothing_changed_nothing_is_told_in_spreads() -> None:
    for relative in (RelativeFeatures(HEART, "past", 20, scaled=True), RelativeFeatures(HEART, scaled=True)):
        steady = relative(wearer([70.0] * 40))
        assert not steady.observed
        assert "nothing changed" in steady.reason
    raised = RelativeFeatures(HEART, "baseline", 4, scaled=True)(trial([70.0] * 4, [80.0]))
    assert not raised.observed, "ten beats more, but of no known spread"
    assert RelativeFeatures(HEART, "baseline", 4)(trial([70.0] * 4, [80.0])).values[-1, 0] == 10


@pytest.mark.parametrize("factor", [1e-8, 1e8])
@pytest.mark.parametrize(("against", "seconds"), [("recording", None), ("around", 60), ("past", 60), ("baseline", 60)])
def test_units_do_not_matter(against: Against, seconds: float | None, factor: float) -> None:
    values = np.random.default_rng(0).normal(70, 3, 300).astype(np.float32)
    relative = RelativeFeatures(HEART, against, seconds, scaled=True)
    plain, other = (relative(trial(list(v[:80]), list(v[80:]))) for v in (values, values * factor))
    assert plain.observed
    np.testing.assert_allclose(other.values, plain.values, atol=1e-3)


@pytest.mark.parametrize("value", [0.1, 30.0, 33.3, 1000.0])
def test_what_stands_still_is_unknown_whatever_came_before_it(value: float) -> None:
    before = np.random.default_rng(0).normal(70.2, 3, 500)
    found = RelativeFeatures(HEART, "past", 60, scaled=True)(wearer([*before, *[value] * 500]))
    assert found.mask[10:560].all()
    assert not found.mask[561:].any()
    level = RelativeFeatures(HEART, "past", 60)(wearer([*before, *[value] * 500])).values[561:, 0]
    assert np.abs(level).max() < 1e-10
    rare = [*[value] * 500, *before[:50], *[value] * 500]
    assert not RelativeFeatures(HEART, "around", 60, scaled=True)(wearer(rare)).observed


def test_last_digits_are_no_change() -> None:
    flicker = np.where(np.arange(300) % 3 == 0, np.float32(33.3), np.nextafter(np.float32(33.3), np.float32(0)))
    sides: tuple[Against, ...] = ("recording", "around", "past", "baseline")
    for against in sides:
        relative = RelativeFeatures(HEART, against, None if against == "recording" else 60, scaled=True)
        assert not relative(trial(list(flicker[:80]), list(flicker[80:]))).observed
    noise = 1e-12 * np.random.default_rng(0).normal(size=700)
    noise[:100] += np.random.default_rng(1).normal(70, 3, 100)
    fading = RelativeFeatures(HEART, "past", 60, scaled=True)(wearer(noise))
    assert not fading.mask[161:].any(), "too little to tell beside what was added up before"


def test_another_version_of_what_it_wraps_is_another_cache_entry() -> None:
    person, newer = wearer([1.0, 2.0]), TableFeatures(["rate"], modality="heart", table="heart")
    newer.version = 2
    assert cache_key(RelativeFeatures(HEART), person) != cache_key(RelativeFeatures(newer), person)


def test_a_drift_does_not_count_against_what_is_around() -> None:
    drift = np.linspace(0, 100, 1000)
    assert np.abs(RelativeFeatures(HEART, "around", 60)(wearer(drift)).values[50:-50]).max() < 1e-3
    assert np.ptp(RelativeFeatures(HEART)(wearer(drift)).values) > 99


def test_shifts_bring_what_comes_before_and_after() -> None:
    found = RelativeFeatures(HEART, shifts=(-2.0, 0.0, 1.0))(wearer([1, 2, 3, 4, 5]))
    np.testing.assert_array_equal(found.values[2], [-2, 0, 1])
    assert np.isnan(found.values[0, 0])
    assert np.isnan(found.values[-1, 2])
    assert found.mask.all()


def trial(before: list[float], after: list[float]) -> Participant:
    values = np.asarray(before + after, np.float32)[:, None]
    return Participant("wearer", tables={"heart": Table(values, np.arange(len(values)) - len(before) + 0.5, ("rate",))})


def test_a_trial_is_held_against_what_came_before_it() -> None:
    relative = RelativeFeatures(HEART, "baseline", 4, scaled=True)
    low, high = (relative(trial([9.0, *(level + np.arange(4))], [level + 2, level + 1e6])) for level in (60, 90))
    np.testing.assert_allclose(low.values, high.values, atol=1e-4)
    spread = (np.quantile(np.arange(4), 0.75) - np.quantile(np.arange(4), 0.25)) / 1.349
    np.testing.assert_allclose(low.values[-2:, 0], [(2 - 1.5) / spread, LIMIT], rtol=1e-4)
    assert relative.past_only
    assert not RelativeFeatures(HEART).past_only


def test_what_comes_later_does_not_change_what_is_usual_before_a_trial() -> None:
    relative = RelativeFeatures(HEART, "baseline", 4, scaled=True)
    short, long = (relative(trial([70, 72, 71, 75], after)).values for after in ([80.0], [80.0, 200.0, -50.0]))
    np.testing.assert_array_equal(short, long[: len(short)])


@given(
    values=st.lists(st.floats(40, 200, width=32), min_size=12, max_size=40),
    seconds=st.floats(2, 20),
    place=st.integers(0, 39),
    later=st.floats(-1e4, 1e4, width=32),
)
def test_the_past_knows_nothing_of_what_comes(values: list[float], seconds: float, place: int, later: float) -> None:
    place %= len(values)
    relative = RelativeFeatures(HEART, "past", seconds, scaled=True)
    seen = relative(wearer(values)).values[: place + 1]
    changed = relative(wearer([*values[: place + 1], *[later] * (len(values) - place - 1)])).values[: place + 1]
    np.testing.assert_array_equal(seen, changed[: len(seen)])
    assert relative.past_only


def test_a_shift_ahead_is_no_past() -> None:
    assert RelativeFeatures(HEART, "past", 5, shifts=(-3.0, 0.0)).past_only
    assert not RelativeFeatures(HEART, "past", 5, shifts=(0.0, 60.0)).past_only


@pytest.mark.parametrize("every", [2, 3, 5])
def test_a_known_frame_counts_for_its_own_step_whatever_its_neighbours(every: int) -> None:
    values = np.where(np.arange(1200) % every == 0, 70.0 + np.arange(1200) % 7, np.nan)
    found = RelativeFeatures(HEART, "past", 600, scaled=True)(wearer(values))
    assert found.mask.sum() == np.isfinite(values).sum() - 60, "sixty known seconds come first"
    assert found.times[found.mask][0] == 60 * every
    before = np.where(np.arange(12) % every == 0, 70.0 + np.arange(12), np.nan)
    assert RelativeFeatures(HEART, "baseline", 12)(trial(list(before), [80.0])).observed


def test_a_window_too_early_is_told_why() -> None:
    found = RelativeFeatures(HEART, "past", 100)(wearer(list(range(60))))
    assert found.window(0, 8).reason == (
        "nothing observed in this window, or less than 10 s of the 100 s before it are known"
    )
    assert found.window(0, 60).observed
    short = RelativeFeatures(HEART, "past", 600)(wearer([70.0] * 50))
    assert short.reason == "less than 60 s of the 600 s before it are known"


def test_a_shift_past_the_end_is_told_in_its_own_words() -> None:
    later = RelativeFeatures(HEART, shifts=(10.0,))(wearer(list(range(40))))
    assert later.window(30, 40).reason == "nothing observed in this window, or nothing is known 10 s after it"
    both = RelativeFeatures(HEART, "past", 100, shifts=(-5.0,))(wearer(list(range(40))))
    assert both.window(0, 4).reason == (
        "nothing observed in this window, or less than 10 s of the 100 s before it are known, or nothing is known 5 s "
        "before it"
    )
    assert RelativeFeatures(HEART, shifts=(-10.0, 0.0))(wearer(list(range(40)))).reason == ""
    nowhere = RelativeFeatures(HEART, shifts=(-60.0, 90.0))(wearer(list(range(40))))
    assert not nowhere.observed
    assert nowhere.reason == "nothing is known 60 s before or 90 s after it"


def test_absent_streams_are_told_as_the_extractor_tells_them() -> None:
    person = Participant("wearer", tables={"skin": wearer([1.0]).tables["heart"]})
    assert RelativeFeatures(HEART)(person).reason == HEART(person).reason == "no table 'heart', only skin"


def test_a_trial_with_nothing_before_it_is_missing() -> None:
    for before in ([], [70.0]):
        found = RelativeFeatures(HEART, "baseline", 4)(trial(before, [80.0, 81.0]))
        assert not found.observed, "one moment tells no level"
        assert found.reason == "less than 0.4 s of the 4 s before the trial are known"
    plain = RelativeFeatures(HEART, "baseline", 4)(trial([70.0, 70.0, 70.0, 70.0], [80.0]))
    assert plain.values[-1, 0] == 10


def test_unknown_values_stay_unknown() -> None:
    found = RelativeFeatures(HEART, "around", 4, scaled=True)(wearer([1, np.nan, 3, 4]))
    assert found.mask.tolist() == [True, False, True, True]
    assert found.quality.tolist() == [1, 0, 1, 1]


def test_faults_are_named() -> None:
    for against, seconds in (
        ("around", 0.0),
        ("past", None),
        ("past", float("nan")),
        ("past", float("inf")),
        ("baseline", -1.0),
        ("recording", 60.0),
    ):
        with pytest.raises(InputError, match=f"'seconds' is above 0.*got {seconds} against {against}"):
            RelativeFeatures(HEART, against, seconds)  # type: ignore[arg-type]  # from YAML it is any string
    with pytest.raises(InputError, match="recording, around, past or baseline, got session"):
        RelativeFeatures(HEART, "session")  # type: ignore[arg-type]  # what is to be refused
    with pytest.raises(InputError, match="'shifts' holds at least one"):
        RelativeFeatures(HEART, shifts=())
    with pytest.raises(InputError, match=r"'shifts' holds at least one number of seconds, got .*nan"):
        RelativeFeatures(HEART, shifts=(0.0, float("nan")))
    words = Participant("anna", transcript=Transcript((Utterance("hello"),)))
    with pytest.raises(InputError, match="frames without times"):
        RelativeFeatures(TextNgrams())(words)
    assert not RelativeFeatures(HEART)(wearer([np.nan, np.nan])).observed
