import gzip
import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from empdetect.cli import main
from empdetect.errors import InputError
from empdetect.rl.cassette import Cassette, read_batches, read_header
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.listener import mixed_dialogues
from empdetect.rl.profiles import read_profiles
from empdetect.rl.replay import replay
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import score_heads
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rewards.format import ThinkFormatReward
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.base import User
from empdetect.rl.users.endpoint import Endpoint
from empdetect.rl.users.scripted import ScriptedUser
from empdetect.rl.users.sentient import SentientUser
from tests.rl.stub_endpoint import Answer, analysis, asks_for_analysis, reply, stub_endpoint

PROFILES = read_profiles()[:4]
HEADS: dict[str, Reward] = {"emotion": EmotionReward(), "format": ThinkFormatReward()}


class AboveBase(Reward):
    """Emotion above the base policy's mean, which it has to be prepared with."""

    def prepare(self, dialogues: Sequence[Dialogue]) -> None:
        self.base = sum(dialogue.emotion or 0.0 for dialogue in dialogues) / len(dialogues)

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        return [None if d.emotion is None else d.emotion / 3.0 - self.base / 7.0 for d in dialogues]


def record(path: Path, user: User, dialogues: Sequence[Dialogue], heads: dict[str, Reward] | None = None) -> Path:
    rewards = heads or HEADS
    Cassette(path, user, 4, rewards).scored(dialogues, score_heads(rewards, dialogues))
    return path


def sentient_dialogues(user: SentientUser) -> list[Dialogue]:
    environment = EmpathyEnvironment(user, max_turns=4)
    environment.reset(PROFILES, seed=5)
    while environment.live:
        environment.step([f"<think>hm</think>Tell {place} more." for place in environment.live])
    return list(environment.dialogues)


def moody(request: dict[str, Any], number: int) -> Answer | str:
    """Answers well, badly, wrongly or not at all, by what it is asked."""
    told = json.dumps(request)
    if "Tell 1" in told:
        return Answer(b"down", 500)
    if "Tell 2" in told and "could not be read" not in told and number % 2:
        return "Change: what?"
    if asks_for_analysis(request):
        return analysis("-5" if "Tell 3" in told else "+5")
    return reply("Goodbye." if "Tell 3" in told and len(told) > 4000 else "And then?")


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_a_run_with_a_language_model_is_replayed_without_it(tmp_path: Path, name: str) -> None:
    with stub_endpoint(moody) as stub:
        user = SentientUser(Endpoint(stub.url, "tiny", attempts=2, shortest_wait=0.01))
        dialogues = sentient_dialogues(user)
        path = record(tmp_path / name, user, dialogues)
    assert dialogues[1].failed and not dialogues[0].failed
    with socket.socket() as free:  # nothing answers at the stub's address any more
        free.settimeout(0.2)
        assert free.connect_ex(("127.0.0.1", int(stub.url.split(":")[2].split("/")[0])))
    found = replay(path)
    assert found.same and (found.dialogues, found.rewards) == (4, 8)
    assert found.usage.questions == sum(len(turn) for dialogue in dialogues for turn in dialogue.exchanges) > 20
    (batch,) = read_batches(path)
    assert list(batch.dialogues) == dialogues, "every field, floats bit for bit"


@pytest.mark.parametrize("user", [AppraisalUser(), AppraisalUser(40.0, 7.0, "challenging"), ScriptedUser(["a"], [0.1])])
def test_users_without_a_service_are_replayed_from_the_replies_alone(tmp_path: Path, user: User) -> None:
    dialogues = mixed_dialogues(PROFILES, user, 1, 4, seed=1)
    assert replay(record(tmp_path / "run.jsonl", user, dialogues)).same


def test_a_head_that_was_prepared_is_prepared_again(tmp_path: Path) -> None:
    heads: dict[str, Reward] = {"above": AboveBase()}
    base, dialogues = (mixed_dialogues(PROFILES, AppraisalUser(), 1, 4, seed) for seed in (1, 2))
    heads["above"].prepare(base)
    cassette = Cassette(tmp_path / "run.jsonl", AppraisalUser(), 4, heads)
    cassette.base(base)
    cassette.scored(dialogues, score_heads(heads, dialogues))
    assert replay(tmp_path / "run.jsonl", trusted=("empdetect", "tests")).same
    with pytest.raises(InputError, match="outside the trusted packages"):
        replay(tmp_path / "run.jsonl")


def forge(path: Path, change: Any) -> None:
    header, line = path.read_text(encoding="utf-8").splitlines()
    batch = json.loads(line)
    change(batch)
    path.write_text(f"{header}\n{json.dumps(batch)}\n", encoding="utf-8")


def test_whatever_was_changed_afterwards_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with stub_endpoint() as stub:
        user = SentientUser(Endpoint(stub.url, "tiny"))
        dialogues = sentient_dialogues(user)
    forgeries = {
        "reward 'emotion'": lambda batch: batch["rewards"]["emotion"].__setitem__(0, 1.0),
        "emotions": lambda batch: batch["dialogues"][1]["emotions"].__setitem__(1, 36.0),
        "reason": lambda batch: batch["dialogues"][2].__setitem__("reason", "content"),
        "failed": lambda batch: batch["dialogues"][3]["turns"][1].__setitem__("text", "Other words."),
        "exchanges": lambda batch: batch["dialogues"][0]["exchanges"][1][0].__setitem__("answer", analysis("+9")),
    }
    for name, change in forgeries.items():
        path = record(tmp_path / f"{name}.jsonl", user, dialogues)
        assert main(["rl", "replay", str(path)]) == 0
        forge(path, change)
        capsys.readouterr()
        assert main(["rl", "replay", str(path)]) == 1, name
        told = capsys.readouterr().out
        assert "batch 1, dialogue" in told and "differences" in told
        assert name in told or name == "exchanges"


def test_a_resumed_run_goes_on_in_the_same_file_and_another_run_does_not(tmp_path: Path) -> None:
    dialogues, path = mixed_dialogues(PROFILES, AppraisalUser(), 1, 4, seed=1), tmp_path / "run.jsonl.gz"
    for _ in range(2):
        record(path, AppraisalUser(), dialogues)
    assert len(list(read_batches(path))) == 2 and replay(path).dialogues == 8
    assert read_header(path).max_turns == 4
    with pytest.raises(InputError, match="begun with other user"):
        record(path, AppraisalUser(40.0), dialogues)
    with pytest.raises(InputError, match="begun with other rewards"):
        record(path, AppraisalUser(), dialogues, {"emotion": EmotionReward()})
    first, moved, other = (
        SentientUser(Endpoint(f"http://127.0.0.1:{port}/v1", model)) for port, model in ((1, "m"), (2, "m"), (1, "n"))
    )
    record(tmp_path / "asked.jsonl", first, [])
    record(tmp_path / "asked.jsonl", moved, [])
    with pytest.raises(InputError, match="begun with other user"):
        record(tmp_path / "asked.jsonl", other, [])


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
@pytest.mark.parametrize("lost", [2, 7, 100])
def test_half_a_record_is_cut_off_and_the_rest_is_kept(tmp_path: Path, name: str, lost: int) -> None:
    dialogues, path = mixed_dialogues(PROFILES, AppraisalUser(), 1, 4, seed=1), tmp_path / name
    for _ in range(3):
        record(path, AppraisalUser(), dialogues)
    whole = path.read_bytes()
    path.write_bytes(whole[:-lost])
    with pytest.raises(InputError, match="broken"):
        replay(path)
    with pytest.raises(InputError, match="begun with other user"):
        record(path, AppraisalUser(40.0), dialogues)
    assert path.read_bytes() == whole[:-lost], "what is of another run is left as it is"
    record(path, AppraisalUser(), dialogues)
    found = replay(path)
    assert found.same and found.dialogues == 3 * len(dialogues)
    assert [batch.dialogues for batch in read_batches(path)] == [tuple(dialogues)] * 3


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_a_kill_in_the_header_begins_anew_and_a_strange_file_is_left_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Cassette(path, AppraisalUser(), 4, HEADS)
    header = path.read_bytes()
    for kept in (0, 5, len(header) // 2, len(header) - 1):
        path.write_bytes(header[:kept])
        record(path, AppraisalUser(), mixed_dialogues(PROFILES, AppraisalUser(), 1, 4, seed=1))
        assert replay(path).same and len(list(read_batches(path))) == 1
    path.write_bytes(b"my diary")
    with pytest.raises(InputError, match=r"no cassette|broken before its end"):
        Cassette(path, AppraisalUser(), 4, HEADS)
    assert path.read_bytes() == b"my diary"


def test_a_compressed_cassette_that_is_broken_inside_is_not_gone_on_with(tmp_path: Path) -> None:
    path = record(tmp_path / "x.jsonl.gz", AppraisalUser(), mixed_dialogues(PROFILES, AppraisalUser(), 1, 4, seed=1))
    whole = path.read_bytes()
    path.write_bytes(whole[:-100] + whole)
    with pytest.raises(InputError, match="broken before its end"):
        Cassette(path, AppraisalUser(), 4, HEADS)
    assert path.read_bytes() == whole[:-100] + whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a header"),
        ("{}", "not a header"),
        ("{", "broken"),
        ('{"kind": "scored"}', "not a header"),
    ],
)
def test_what_is_no_cassette_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        replay(path)


def test_a_broken_line_or_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = record(tmp_path / "x.jsonl", AppraisalUser(), [])
    forge(path, lambda batch: batch.update(dialogues=[{"seed": 1}]))
    with pytest.raises(InputError, match="line 2 lacks"):
        replay(path)
    whole = record(tmp_path / "y.jsonl.gz", AppraisalUser(), mixed_dialogues(PROFILES, AppraisalUser(), 1, 4, seed=1))
    assert gzip.decompress(whole.read_bytes())
    whole.write_bytes(whole.read_bytes()[:-30])
    assert main(["rl", "replay", str(whole)]) == 2 and "broken" in capsys.readouterr().err
    assert main(["rl", "replay", str(tmp_path / "none")]) == 2
