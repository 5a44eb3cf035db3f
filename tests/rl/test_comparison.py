import json
import math
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from empdetect.cli import main
from empdetect.errors import InputError
from empdetect.rl.capabilities import judge_capabilities
from empdetect.rl.comparison import (
    Candidate,
    Precision,
    Setup,
    candidates_of,
    capability_marks,
    compare,
    default_users,
    figures_of,
    markdown,
    named_apart,
)
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.evaluate import evaluate
from empdetect.rl.intervals import Interval, difference_of, interval_of, parts_of
from empdetect.rl.page import mean_emotions
from empdetect.rl.paper import SIMULATOR, TABLE
from empdetect.rl.policy import END, SYSTEM, USER, Policy, small_policy
from empdetect.rl.profiles import read_profiles, write_profiles
from empdetect.rl.replay import replay
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rewards.empathy import EmpathyReward
from empdetect.rl.rewards.guards import LengthGuard, VarietyGuard
from empdetect.rl.speech import tactic_reuse
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.base import User
from empdetect.rl.users.endpoint import Endpoint
from tests.rl.stub_endpoint import analysis, asks_for_analysis, reply, stub_endpoint

PROFILES = read_profiles(split="test")[:3]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("models")
    return [small_policy(["Hello there."], width=16, heads=2, seed=n).save(folder / f"m{n}") for n in (0, 1)]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_profiles(PROFILES, tmp_path_factory.mktemp("bank") / "bank.jsonl")


def setup(bank: Path) -> Setup:
    users: dict[str, User] = {"soft": AppraisalUser(), "hard": AppraisalUser(difficulty="challenging")}
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


class Watcher(Reward):
    """Notes in which precision it is asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[bool, torch.dtype]] = []

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        self.seen.append((torch.is_autocast_enabled("cpu"), torch.get_default_dtype()))
        return [1.0] * len(dialogues)


def test_on_a_cpu_in_full_precision_nothing_changes_a_policy(models: list[Path], bank: Path) -> None:
    given = setup(bank)
    found = compare({"m0": Candidate(str(models[0]))}, replace(given, accelerator="cpu"))
    policy = Policy.from_pretrained(models[0])
    alone = evaluate(policy, read_profiles(bank), given.users["hard"], given.heads, 1, 2, 4)
    assert found["hard"]["m0"].dialogues == alone.dialogues
    assert str(found["hard"]["m0"].figures) == str(alone.figures)


@pytest.mark.parametrize(
    ("precision", "weights", "autocast"),
    [("32-true", torch.float32, False), ("bf16-mixed", torch.float32, True), ("bf16-true", torch.bfloat16, False)],
)
def test_policies_speak_in_the_precision_asked_for_and_heads_judge_in_their_own(
    precision: Precision,
    weights: torch.dtype,
    autocast: bool,
    models: list[Path],
    bank: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoken: list[tuple[torch.dtype, bool]] = []
    generate = Policy.generate

    def noted(policy: Policy, *given: Any) -> list[list[int]]:
        spoken.append((next(policy.model.parameters()).dtype, torch.is_autocast_enabled("cpu")))
        return generate(policy, *given)

    monkeypatch.setattr(Policy, "generate", noted)
    watcher = Watcher()
    asked = replace(setup(bank), heads={"watcher": watcher}, accelerator="cpu", precision=precision)
    found = compare({"m0": Candidate(str(models[0]))}, asked)
    assert set(spoken) == {(weights, autocast)}
    assert watcher.seen == [(False, torch.float32)] * 2
    assert all(dialogue.done for dialogue in found["soft"]["m0"].dialogues)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_policies_speak_on_the_gpu(models: list[Path], bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    generate = Policy.generate

    def noted(policy: Policy, *given: Any) -> list[list[int]]:
        seen.append(policy.device.type)
        return generate(policy, *given)

    monkeypatch.setattr(Policy, "generate", noted)
    compare({"m0": Candidate(str(models[0]))}, replace(setup(bank), precision="bf16-mixed"))
    assert set(seen) == {"cuda"}


def test_heads_that_compare_with_a_start_take_the_first_policys_dialogues(bank: Path, tmp_path: Path) -> None:
    texts = ["It makes sense that you are sad.", "Tell me more about it.", "I hear you and I am here for you."]
    policies = [small_policy(texts, width=16, heads=2, seed=n).save(tmp_path / f"p{n}") for n in (0, 1)]

    def heads() -> dict[str, Reward]:
        return {"empathy": EmpathyReward([EmotionReward(), EmotionReward("change")]), "variety": VarietyGuard()}

    given = replace(setup(bank), heads=heads(), samples=2, max_new_tokens=12)
    found = compare({path.name: Candidate(str(path)) for path in policies}, given, tmp_path)
    for evaluations in found.values():
        expected = heads()
        for head in expected.values():
            head.prepare(evaluations["p0"].dialogues)
        for evaluation in evaluations.values():
            for name, head in expected.items():
                rewards = head(evaluation.dialogues)
                parts = parts_of((d.profile.id, r, 1) for d, r in zip(evaluation.dialogues, rewards) if r is not None)
                assert interval_of(evaluation.heads[name]).value == pytest.approx(interval_of(parts).value) != 0
    for number in (1, 2):
        again = replay(tmp_path / f"cassette-{number}.jsonl.gz")
        assert again.same and again.dialogues == 3 * 2 * len(PROFILES) and again.rewards == 2 * 2 * 2 * len(PROFILES)


def test_dialogues_are_kept_as_a_start_only_for_heads_that_compare(
    models: list[Path], bank: Path, tmp_path: Path
) -> None:
    compare({"m0": Candidate(str(models[0]))}, replace(setup(bank), heads={"short": LengthGuard()}), tmp_path)
    assert replay(tmp_path / "cassette-1.jsonl.gz").dialogues == len(PROFILES)


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


MODEL = "MODEL"
"""Stands for a model that is there."""


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["no/such/model"], "no/such/model"),
        ([], "got 0 policies"),
        (["--config", "none.yaml"], "no file none.yaml"),
        (["--set", "samplez=1"], "samplez"),
        (["--set", "precision=33"], "precision"),
        ([MODEL, "--set", "accelerator=abacus"], "accelerator 'abacus' and precision '32-true'"),
        (["--set", "samples"], "KEY=VALUE"),
    ],
)
def test_wrong_use_is_told(
    extra: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    bank: Path,
    models: list[Path],
) -> None:
    extra = [str(models[0]) if word == MODEL else word for word in extra]
    told = ["--set", f"profiles={bank}", "--set", "heads={}", *extra, "-o", str(tmp_path / "out")]
    assert main(["rl", "evaluate", *told]) == 2
    assert message in capsys.readouterr().err


def test_the_folder_of_a_run_gives_the_policies_before_and_after(models: list[Path], tmp_path: Path) -> None:
    for part in ("start", "policy"):
        (tmp_path / "run" / part).mkdir(parents=True)
    (tmp_path / "run" / "settings.yaml").write_text(
        "system: Be kind.\nmax_context: 99\ntrainer: {think: true, max_turns: 8, max_new_tokens: 64}\n"
    )
    found = candidates_of(str(tmp_path / "run"))
    assert list(found) == ["run/start", "run/policy"]
    assert found["run/policy"] == Candidate(str(tmp_path / "run" / "policy"), "Be kind.", True, 99, 8, 64)


def test_policies_speak_as_long_as_they_were_trained_to_unless_told_otherwise() -> None:
    given = {"run": Candidate("a", max_turns=8, max_new_tokens=64), "model": Candidate("b")}

    def lengths(setup: Setup) -> tuple[int, int]:
        return setup.max_turns, setup.max_new_tokens

    assert lengths(Setup(heads={}).fitted_to(given)) == (8, 64)
    assert lengths(Setup(heads={}, max_turns=2).fitted_to(given)) == (2, 64)
    assert lengths(Setup(heads={}).fitted_to({"model": Candidate("b")})) == (4, 40)


def test_models_given_by_name_take_their_instruction_from_the_configuration_and_runs_keep_theirs(
    models: list[Path], bank: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    Policy.from_pretrained(models[0]).save(run / "policy")
    (run / "settings.yaml").write_text(
        "system: Be kind.\nmax_context: 99\ntrainer: {think: false, max_turns: 8, max_new_tokens: 64}\n", "utf-8"
    )
    config = tmp_path / "judge.yaml"
    config.write_text(
        f"profiles: {bank}\nsamples: 1\nmax_turns: 1\nmax_new_tokens: 4\nheads: {{}}\n"
        "system: Hello there.\nthink: true\nmax_context: 640\n",
        encoding="utf-8",
    )
    named, out = str(models[1]), tmp_path / "out"
    assert main(["rl", "evaluate", named, str(run), "--config", str(config), "-o", str(out)]) == 0
    policies = json.loads((out / "results.json").read_text(encoding="utf-8"))["policies"]
    unknown, trained = {"max_turns": None, "max_new_tokens": None}, {"max_turns": 8, "max_new_tokens": 64}
    told = {"model": named, "system": "Hello there.", "think": True, "max_context": 640}
    kept = {"model": str(run / "policy"), "system": "Be kind.", "think": False, "max_context": 99}
    assert policies == {"m1": told | unknown, "run/policy": kept | trained}


def run_folder(folder: Path) -> str:
    """A run with the policies before and after."""
    for part in ("start", "policy"):
        (folder / part).mkdir(parents=True)
    (folder / "settings.yaml").write_text(
        "system: ''\nmax_context: 9\ntrainer: {think: false, max_turns: 2, max_new_tokens: 4}\n", encoding="utf-8"
    )
    return str(folder)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["runs/grpo", "org/Qwen"], ["grpo", "Qwen"]),
        (["seed0/grpo", "seed1/grpo", "ppo"], ["seed0/grpo", "seed1/grpo", "ppo"]),
        (["org1/Qwen", "org2/Qwen"], ["org1/Qwen", "org2/Qwen"]),
        (["a/0/grpo/", "b/0/grpo", "b/1/grpo"], ["a/0/grpo", "b/0/grpo", "1/grpo"]),
        (["grpo", "a/grpo", "../grpo"], ["grpo", "a/grpo", "../grpo"]),
        (["old/m1", "m2"], ["old/m1", "m2"]),
    ],
)
def test_policies_whose_folders_share_a_name_go_by_more_of_their_path(given: list[str], names: list[str]) -> None:
    known = {"m1": Candidate("m1")}
    found = named_apart(given, Candidate("", "Be kind."), known)
    assert list(found) == ["m1", *names]
    assert [candidate.model for candidate in found.values()] == ["m1", *given]
    assert {candidate.system for name, candidate in found.items() if name != "m1"} == {"Be kind."}


def test_runs_that_share_a_name_keep_both_of_their_policies(tmp_path: Path) -> None:
    runs = [run_folder(tmp_path / seed / "grpo") for seed in ("seed0", "seed1")]
    found = named_apart([*runs, str(tmp_path / "other" / "policy")], Candidate(""))
    expected = [f"{seed}/grpo/{part}" for seed in ("seed0", "seed1") for part in ("start", "policy")]
    assert list(found) == [*expected, "policy"]
    assert found["seed1/grpo/start"].model == str(tmp_path / "seed1" / "grpo" / "start")


@pytest.mark.parametrize("given", [["a/grpo", "a/grpo"], ["a/grpo", "./a/grpo/"], ["m1"]])
def test_a_policy_that_is_named_twice_is_told(given: list[str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is named 2 times; name every policy once.*'policies'"):
        named_apart(given, Candidate(""), {"m1": Candidate("m1")})


def test_all_policies_that_share_a_name_are_in_the_results(models: list[Path], bank: Path, tmp_path: Path) -> None:
    config = tmp_path / "judge.yaml"
    config.write_text(f"profiles: {bank}\nsamples: 1\nmax_turns: 1\nmax_new_tokens: 4\nheads: {{}}\n", encoding="utf-8")
    same = [str(Policy.from_pretrained(m).save(tmp_path / f"seed{n}" / "grpo")) for n, m in enumerate(models)]
    out = tmp_path / "out"
    assert main(["rl", "evaluate", *same, "--config", str(config), "-o", str(out)]) == 0
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert [how["model"] for how in results["policies"].values()] == same
    assert all(list(figures) == ["seed0/grpo", "seed1/grpo"] for figures in results["figures"].values())
    assert list(results["figures"]) == ["appraisal", "appraisal, challenging"]


def test_the_users_there_are_by_default_are_said_to_share_their_rules() -> None:
    first, second = default_users().values()
    assert type(first) is type(second) and first.rules == second.rules
    assert "no independent judge" in (default_users.__doc__ or "")
    assert "held out" not in (Setup.__doc__ or "").split("profiles:")[0]


SAGE = Path(__file__).parents[2] / "configs" / "rl" / "sage-eval.yaml"


def test_sage_eval_gives_a_policy_an_instruction_and_room_for_ten_long_turns(
    models: list[Path], bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts: list[Sequence[int]] = []
    word = Policy.from_pretrained(models[0]).completion("Hello there.")[1]

    def long_reply(policy: Policy, given: Sequence[Sequence[int]], *_: object) -> list[list[int]]:
        prompts.extend(given)
        return [[word] * 900 for _ in given]

    monkeypatch.setattr(Policy, "generate", long_reply)
    out = tmp_path / "out"
    with stub_endpoint(lambda request, _: analysis(0) if asks_for_analysis(request) else reply()) as stub:
        url = f"users.sentient.init_args.endpoint.init_args.base_url={stub.url}"
        told = ["--config", str(SAGE), "--set", f"profiles={bank}", "--set", url, "-o", str(out)]
        assert main(["rl", "evaluate", str(models[0]), *told]) == 0
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    how = results["policies"]["m0"]
    assert how["max_context"] == 32768 and how["think"] is False and len(how["system"]) > 20
    assert results["figures"]["sentient"]["m0"]["turns"][0] == 10
    policy = Policy.from_pretrained(models[0])
    first = policy.tokenizer(f"{SYSTEM}{how['system']}{END}{USER}", add_special_tokens=False)["input_ids"]
    assert all(prompt[: len(first)] == first for prompt in prompts)
    assert max(map(len, prompts)) > 9 * 900  # the tenth reply's holds the nine before it


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


def test_marks_are_averaged_over_what_the_judge_could_mark(models: list[Path], bank: Path, tmp_path: Path) -> None:
    """By the key ``judge`` of a configuration; the judge marks the first policy's dialogues but one, and no other."""
    marks = [MARKS, MARKS.replace("4", "2"), "No idea."]
    config = tmp_path / "judge.yaml"
    with stub_endpoint(lambda request, number: marks[number] if number < 3 else "No idea.") as stub:
        config.write_text(
            f"profiles: {bank}\nsamples: 1\nmax_turns: 1\nmax_new_tokens: 4\nheads: {{}}\n"
            "users:\n  only:\n    class_path: empdetect.rl.users.appraisal.AppraisalUser\n"
            "judge:\n  class_path: empdetect.rl.users.endpoint.Endpoint\n"
            f"  init_args:\n    base_url: {stub.url}\n    model: strict\n    attempts: 1\n    concurrency: 1\n",
            encoding="utf-8",
        )
        out = tmp_path / "out"
        assert main(["rl", "evaluate", *map(str, models), "--config", str(config), "-o", str(out)]) == 0
        assert len(stub.requests) == 2 * len(PROFILES) and {asked["model"] for asked in stub.requests} == {"strict"}
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    asked, figures = results["setup"], results["figures"]["only"]
    assert asked["samples"] == 1 and asked["judge"]["init_args"]["model"] == "strict" and asked["split"] == "test"
    judged = {name: value[0] for name, value in figures["m0"].items() if name.startswith("judge")}
    expected = {"Depth": 3.0, "Insight": 3.0, "Solution": 2.0, "Guidance": 5.0, "Style": 1.0, "unmarked": 1 / 3}
    assert judged == pytest.approx({f"judge: {name}": value for name, value in expected.items()})
    low, high = figures["m0"]["judge: Depth"][1:]
    assert 2 <= low <= 3 <= high <= 4
    assert [name for name in figures["m1"] if name.startswith("judge")] == ["judge: unmarked"]
    assert figures["m1"]["judge: unmarked"][0] == 1.0
    assert "| judge: Depth | 3 (" in (out / "results.md").read_text(encoding="utf-8")


def test_a_judge_that_cannot_be_reached_marks_nothing_and_it_is_told(
    models: list[Path], bank: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = compare({"m0": Candidate(str(models[0]))}, setup(bank))
    judge = Endpoint("http://127.0.0.1:9", "judge", attempts=1)
    assert capability_marks(found["soft"]["m0"], judge) == {"judge: unmarked": Interval(1.0)}
    count = len(found["soft"]["m0"].dialogues)
    assert f"no marks for {count} of {count} dialogues; {count} times: no connection" in caplog.text


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
