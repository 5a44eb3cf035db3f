import json
import math
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from empdetect.cli import main
from empdetect.errors import InputError
from empdetect.rl.capabilities import judge_capabilities
from empdetect.rl.comparison import Candidate, Setup, candidates_of, compare, figures_of, markdown
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.intervals import difference_of, interval_of, parts_of
from empdetect.rl.page import mean_emotions
from empdetect.rl.paper import SIMULATOR, TABLE
from empdetect.rl.policy import small_policy
from empdetect.rl.profiles import read_profiles, write_profiles
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.speech import tactic_reuse
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.endpoint import Endpoint
from tests.rl.stub_endpoint import stub_endpoint

PROFILES = read_profiles(split="test")[:3]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("models")
    return [small_policy(["Hello there."], width=16, heads=2, seed=n).save(folder / f"m{n}") for n in (0, 1)]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_profiles(PROFILES, tmp_path_factory.mktemp("bank") / "bank.jsonl")


def setup(bank: Path) -> Setup:
    users = {"soft": AppraisalUser(), "hard": AppraisalUser(difficulty="challenging")}
    return Setup(users, bank, heads={"emotion": EmotionReward()}, samples=1, max_turns=2, max_new_tokens=4)


def test_policies_are_compared_user_by_user_with_intervals(models: list[Path], bank: Path) -> None:
    found = compare({model.name: Candidate(str(model)) for model in models}, setup(bank))
    assert list(found) == ["soft", "hard"] and list(found["soft"]) == ["m0", "m1"]
    tables = figures_of(found, None)
    assert "emotion gained" in tables["soft"]["m1"] and "emotion gained" not in tables["soft"]["m0"]
    for name in ("emotion", "success", "failure", "positive", "words", "distinct-2", "head 'emotion'"):
        assert not math.isnan(tables["soft"]["m0"][name].value), name
    text = markdown(tables)
    assert "| user: soft | m0 | m1 |" in text and "| user: hard | m0 | m1 |" in text
    assert SIMULATOR in text and text.index("not measured here") > text.index("user: hard")


def test_the_command_writes_tables_and_a_page(models: list[Path], bank: Path, tmp_path: Path) -> None:
    config = tmp_path / "judge.yaml"
    config.write_text(
        f"profiles: {bank}\nsamples: 1\nmax_turns: 2\nmax_new_tokens: 4\nheads: {{}}\n"
        "users:\n  only:\n    class_path: empdetect.rl.users.appraisal.AppraisalUser\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    given = ["rl", "evaluate", *map(str, models), "--config", str(config), "--set", "seed=5", "-o", str(out)]
    assert main(given) == 0
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert set(results["figures"]["only"]) == {"m0", "m1"}
    assert (out / "results.md").read_text(encoding="utf-8").startswith("| user: only | m0 | m1 |")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<polyline") == 2 and "<script" not in page
    assert all(profile.id in page for profile in PROFILES)
    assert f"{TABLE[2].emotion}" in page and SIMULATOR in unescape(page)
    HTMLParser().feed(page)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["no/such/model"], "no/such/model"),
        ([], "got 0 policies"),
        (["--config", "none.yaml"], "no file none.yaml"),
        (["--set", "samplez=1"], "samplez"),
        (["--set", "samples"], "KEY=VALUE"),
    ],
)
def test_wrong_use_is_told(
    extra: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], bank: Path
) -> None:
    told = ["--set", f"profiles={bank}", "--set", "heads={}", *extra, "-o", str(tmp_path / "out")]
    assert main(["rl", "evaluate", *told]) == 2
    assert message in capsys.readouterr().err


def test_the_folder_of_a_run_gives_the_policies_before_and_after(models: list[Path], tmp_path: Path) -> None:
    for part in ("start", "policy"):
        (tmp_path / "run" / part).mkdir(parents=True)
    (tmp_path / "run" / "settings.yaml").write_text("system: Be kind.\nmax_context: 99\ntrainer:\n  think: true\n")
    found = candidates_of(str(tmp_path / "run"))
    assert list(found) == ["run/start", "run/policy"]
    assert found["run/policy"] == Candidate(str(tmp_path / "run" / "policy"), "Be kind.", True, 99)


def talk(*replies: str, emotions: tuple[float, ...] = (30.0, 40.0)) -> Dialogue:
    turns = tuple(turn for reply in replies for turn in (Turn("user", "I am sad."), Turn("assistant", reply)))
    return Dialogue(PROFILES[0], 3, turns, emotions, done=True)


def test_curves_keep_the_last_emotion_of_dialogues_that_ended() -> None:
    early, late = talk("a", emotions=(30.0, 100.0)), talk("a", "b", emotions=(30.0, 40.0, 50.0))
    assert mean_emotions([early, late]) == [30.0, 70.0, 75.0]
    assert mean_emotions([]) == []


def test_reuse_counts_what_is_done_again_by_the_next_reply() -> None:
    feeling, asking = "It makes sense that you are sad.", "Tell me more."
    assert tactic_reuse([talk(feeling, feeling)]) == 1.0
    assert tactic_reuse([talk(feeling, asking)]) == 0.0
    assert tactic_reuse([talk("Hm.", asking), talk(feeling)]) is None


MARKS = "Depth: 4\nInsight: 3\nSolution: 2\nGuidance: 5\nStyle: 1"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (MARKS, [4, 3, 2, 5, 1]),
        (MARKS.replace("4", "9"), None),
        (MARKS.replace("Style: 1", ""), None),
        ("The supporter was good.", None),
    ],
)
def test_the_judge_marks_five_capabilities_or_nothing(answer: str, expected: list[int] | None) -> None:
    with stub_endpoint(lambda request, number: answer) as stub:
        endpoint = Endpoint(stub.url, "judge", attempts=1)
        (marks,) = judge_capabilities([talk("<think>secret</think>It makes sense.")], endpoint)
        assert (list(marks.values()) if marks else None) == expected
        asked = json.dumps(stub.requests)
        assert "It makes sense." in asked and "secret" not in asked


def test_what_was_never_said_is_not_judged() -> None:
    assert judge_capabilities([Dialogue(PROFILES[0], failed=True)], Endpoint("http://127.0.0.1:9", "judge")) == [None]


COUNTED = st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 1), st.just(1.0)), min_size=1, max_size=20)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(COUNTED)
def test_a_mean_lies_in_its_interval(counted: list[tuple[str, float, float]]) -> None:
    found = interval_of(parts_of(counted))
    assert found.value == pytest.approx(sum(total for _, total, _ in counted) / len(counted))
    assert math.isnan(found.low) == (len({scenario for scenario, _, _ in counted}) < 2)
    # Of four scenarios or fewer, so many draws are the sample itself that its mean lies within.
    assert math.isnan(found.low) or found.low - 1e-9 <= found.value <= found.high + 1e-9


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(COUNTED)
def test_a_policy_is_not_better_than_itself(counted: list[tuple[str, float, float]]) -> None:
    parts = parts_of(counted)
    found = difference_of(parts, parts)
    assert found.value == 0 and (math.isnan(found.low) or found.low == found.high == 0)


def test_unknown_sums_are_left_out_and_one_scenario_has_no_interval() -> None:
    parts = parts_of([("a", 1.0, 1), ("a", math.nan, 1)])
    found = interval_of(parts)
    assert found.value == 1.0 and math.isnan(found.low) and str(found) == "1"
    assert str(interval_of(parts_of([("a", math.nan, 1)]))) == "n/a"


def test_a_wrong_setup_is_refused(bank: Path) -> None:
    with pytest.raises(InputError, match="0 policies, 2 users and 3 profiles"):
        compare({}, setup(bank))
