import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.errors import InputError
from empdetect.features.cache import FeatureCache
from empdetect.recording import Segment
from empdetect.rl.checks import check_weights
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.listener import mixed_dialogues
from empdetect.rl.profiles import read_profiles
from empdetect.rl.rewards.base import Reward, check_rewards
from empdetect.rl.rewards.combine import combine, score_heads
from empdetect.rl.rewards.detector import DetectorReward
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rewards.format import ThinkFormatReward, format_share
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.streams.transcript import Transcript
from empdetect.task import Target, Task
from tests.detectors import tiny_detector

PROFILE = read_profiles()[0]


def dialogue(*replies: str, emotions: Sequence[float] = (30.0, 40.0), failed: bool = False) -> Dialogue:
    """A dialogue in which the user numbers its turns."""
    turns: list[Turn] = []
    for number, reply in enumerate(replies):
        turns += [Turn("user", f"I say {number}."), Turn("assistant", reply)]
    return Dialogue(PROFILE, 0, tuple(turns), tuple(emotions), done=True, failed=failed)


def test_emotion_is_scaled_floored_and_unknown_where_the_user_failed() -> None:
    dialogues = [dialogue("a"), dialogue("a", emotions=(30.0, -20.0)), dialogue("a", failed=True)]
    assert EmotionReward()(dialogues) == [0.4, 0.0, None]


def test_changes_of_emotion_are_credited_to_the_replies_that_made_them() -> None:
    falling = dialogue("a", "b", "c", emotions=(30.0, 45.0, 25.0, -10.0))
    reward = EmotionReward("change")
    assert reward([falling, dialogue("a", failed=True)]) == [pytest.approx(-0.3), None]
    assert reward.per_turn(falling, -0.3) == pytest.approx([0.15, -0.2, -0.25])
    assert EmotionReward().per_turn(falling, 0.4) == [0.0, 0.0, 0.4]


def test_one_reply_out_of_form_gives_nothing() -> None:
    good, bad = "<think>why</think>Hi.", "Hi."
    dialogues = [dialogue(good, good), dialogue(good, bad), dialogue(bad), dialogue(), dialogue(good, failed=True)]
    assert ThinkFormatReward()(dialogues) == [1.0, 0.0, 0.0, None, None]
    assert ThinkFormatReward(think=False)(dialogues) == [0.0, 0.0, 1.0, None, None]
    assert format_share(dialogues[:3], think=True) == pytest.approx(3 / 5)


class Saying(Reward):
    """Gives what it was told to give."""

    def __init__(self, given: object) -> None:
        self.given = given

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        return self.given  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([0.5], ValueError, "gave 1 rewards for 2 dialogues"),
        ([0.5, math.nan], ValueError, "gave nan for dialogue 1"),
        ([math.inf, 0.0], ValueError, "gave inf for dialogue 0"),
        ([0.5, "0.5"], TypeError, "gave str for dialogue 1"),
        ([True, 0.5], TypeError, "gave bool"),
        (0.5, TypeError, "must give a list of rewards, got float"),
        (None, TypeError, "got NoneType"),
    ],
)
def test_a_head_that_breaks_its_promise_is_stopped(given: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        score_heads({"odd": Saying(given)}, [dialogue("a"), dialogue("b")])


def test_numbers_and_none_pass() -> None:
    assert check_rewards([1, None], [dialogue("a"), dialogue("b")]) == [1.0, None]


class Heard:
    """A detector that keeps what it was shown and scores a reply by its number of words."""

    task = Task((Target("warmth", "regression", range=(0, 10)), Target("kind", "nominal", classes=("a", "b"))))

    def __init__(self) -> None:
        self.segments: list[Segment] = []

    def predict(self, segments: Sequence[Segment]) -> list["Said"]:
        self.segments += segments
        return [Said(segment) for segment in segments]


class Said:
    def __init__(self, segment: Segment) -> None:
        self.words = words_of(segment, "assistant")

    def score(self, measure: str) -> float | None:
        return None if "mumble" in self.words[0] else float(len(" ".join(self.words).split()))


def words_of(segment: Segment, name: str) -> list[str]:
    transcript = segment.recording.participant(name).transcript
    assert isinstance(transcript, Transcript)
    return [utterance.text for utterance in transcript.utterances]


def test_the_detector_sees_visible_replies_in_their_context_only() -> None:
    detector = Heard()
    reward = DetectorReward(detector, "warmth")
    rewards = reward([dialogue("<think>secret secret</think>one two", "three four five six")])
    assert rewards == [pytest.approx((0.2 + 0.4) / 2)]
    assert [segment.participant for segment in detector.segments] == ["assistant", "assistant"]
    assert [words_of(s, "assistant") for s in detector.segments] == [["one two"], ["three four five six"]]
    assert [words_of(s, "user") for s in detector.segments] == [["I say 0."], ["I say 1."]]


def test_a_dialogue_can_be_scored_as_one_piece() -> None:
    detector = Heard()
    assert DetectorReward(detector, "warmth", per="dialogue")([dialogue("one two", "three")]) == [0.3]
    (segment,) = detector.segments
    assert words_of(segment, "user") == ["I say 0.", "I say 1."]
    assert DetectorReward(detector, "warmth", per="dialogue")([dialogue("one two", "")]) == [0.2]


def test_what_cannot_be_scored_is_none_and_silence_is_the_bottom() -> None:
    reward = DetectorReward(Heard(), "warmth")
    assert reward([dialogue("mumble"), dialogue("mumble", "one")]) == [None, 0.1]
    assert reward([dialogue("one", failed=True), dialogue()]) == [None, None]
    assert reward([dialogue("", "<think>x</think>"), dialogue("one two", "")]) == [0.0, 0.1]


def test_scores_are_bounded_and_can_be_turned_round() -> None:
    assert DetectorReward(Heard(), "warmth")([dialogue("word " * 30)]) == [1.0]
    assert DetectorReward(Heard(), "warmth", "lower")([dialogue("one two"), dialogue("word " * 30)]) == [0.8, 0.0]
    assert DetectorReward(Heard(), "kind=a")([dialogue("one")]) == [1.0]


def test_repeated_replies_are_scored_once() -> None:
    detector = Heard()
    assert DetectorReward(detector, "warmth")([dialogue("one")] * 5) == [0.1] * 5
    assert len(detector.segments) == 1


class Short(Heard):
    def predict(self, segments: Sequence[Segment]) -> list[Said]:
        return super().predict(segments)[1:]


def test_wrong_use_of_the_detector_head_is_refused() -> None:
    with pytest.raises(InputError, match="no measure 'joy', the detector gives warmth, kind=a, kind=b"):
        DetectorReward(Heard(), "joy")
    with pytest.raises(InputError, match="allowed are higher or lower"):
        DetectorReward(Heard(), "warmth", direction="up")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="0 answers about 1 segments"):
        DetectorReward(Short(), "warmth")([dialogue("one")])
    with pytest.raises(InputError):
        DetectorReward(Path("no/such/detector"), "warmth")


def test_a_real_detector_rewards_and_ignores_thoughts(tmp_path: Path) -> None:
    folder = tiny_detector("text").save_pretrained(tmp_path / "detector")
    reward = DetectorReward(str(folder), "empathy")
    plain, thinking, other = reward(
        [dialogue("I hear you."), dialogue("<think>No.</think>I hear you."), dialogue("No.")]
    )
    assert plain is not None and 0 <= plain <= 1
    assert plain == thinking and plain != other
    distress = DetectorReward(str(folder), "distress", direction="lower")([dialogue("I hear you.")])[0]
    assert distress is not None and 0 <= distress <= 1


KNOWN = st.one_of(st.none(), st.floats(0, 1))


@given(st.lists(st.tuples(KNOWN, KNOWN), min_size=8, max_size=8))
def test_combining_adds_weighted_heads_and_leaves_out_the_unknown(
    pairs: list[tuple[float | None, float | None]],
) -> None:
    heads = {"a": [a for a, _ in pairs], "b": [b for _, b in pairs]}
    combined = combine(heads, {"a": 1.0, "b": 0.3}, group_size=4)
    for (a, b), total in zip(pairs, combined.totals):
        assert math.isnan(total) == (a is None and b is None)
        if a is not None and b is not None:
            assert total == pytest.approx(a + 0.3 * b)
    shares = [head.share for head in combined.heads.values()]
    assert all(math.isnan(share) for share in shares) or sum(shares) == pytest.approx(1.0)


def test_a_head_that_is_unknown_for_one_dialogue_counts_as_its_groups_mean() -> None:
    combined = combine({"a": [0.0, 0.0, 0.0], "b": [0.2, 0.6, None]}, {"a": 1.0, "b": 1.0}, group_size=3)
    assert combined.totals == pytest.approx([0.2, 0.6, 0.4])
    assert combined.heads["b"].none == pytest.approx(1 / 3)
    assert combined.heads["b"].share == 1.0 and combined.heads["a"].share == 0.0


def test_head_figures() -> None:
    combined = combine({"a": [0.0, 1.0, 0.5, 0.5]}, {"a": 2.0}, group_size=2)
    head = combined.heads["a"]
    assert (head.mean, head.none, head.share) == (0.5, 0.0, 1.0)
    assert head.spread == pytest.approx(math.sqrt(0.5) / 2)


def test_heads_and_weights_must_go_together() -> None:
    with pytest.raises(InputError, match="the heads are a, the weights are for b"):
        combine({"a": [0.0]}, {"b": 1.0}, 1)


def test_a_gate_of_zero_gives_a_total_of_zero_and_an_unknown_one_takes_the_dialogue_out() -> None:
    combined = combine(
        {"a": [0.4, 0.8, 0.6], "b": [1.0, None, 1.0]}, {"a": 1.0, "b": 0.3}, 3, {"form": [0.0, 0.5, None]}
    )
    assert combined.totals[0] == 0.0
    assert combined.totals[1] == pytest.approx(0.4 + 0.3 * 0.0)
    assert math.isnan(combined.totals[2])
    assert combined.gated["a"] == [0.0, 0.4, None] and combined.passed == [0.0, 0.5, None]
    assert combined.heads["a"].mean == pytest.approx(0.6), "figures are those before the gate"
    shut = combine({"a": [0.5, 0.8, None], "b": [None, 0.6, None]}, {"a": 1.0, "b": 1.0}, 3, {"form": [0.0, 1.0, 0.0]})
    assert shut.totals[0] == 0.0 and shut.gated["b"] == [0.0, 0.6, None] and math.isnan(shut.totals[2])


@pytest.mark.parametrize("name", ["text-empathy", "text-reward"])
def test_rewards_are_the_same_to_the_last_bit_whatever_was_scored_before(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = FeatureCache(enabled=False, keep=80)
    monkeypatch.setattr("empdetect.rl.rewards.detector._memory", lambda: memory)
    head = DetectorReward(name, "empathetic_personas_empathy_score")
    talks = [mixed_dialogues(read_profiles(split="test")[:8], AppraisalUser(), 1, 4, seed) for seed in range(4)]
    first = head(talks[0])
    for talk in talks[1:]:
        head(talk[:5])
    assert head(talks[0]) == first
    memory = FeatureCache(enabled=False, keep=80)
    for talk in talks[1:]:
        head(talk[3:])
    assert head(talks[0]) == first


def test_breaking_the_form_does_not_pay_where_a_reward_is_below_zero() -> None:
    combined = combine({"a": [-0.2, -0.2, 0.2]}, {"a": 1.0}, 3, {"form": [0.0, 1.0, 0.0]})
    assert combined.totals == [-0.2, -0.2, 0.0]


def test_shares_of_decoupled_heads_are_those_of_their_weights_whatever_their_spread() -> None:
    heads = {"a": [0.0, 1.0, 0.0, 1.0], "b": [0.4, 0.4, 0.6, 0.6]}
    weights = {"a": 1.0, "b": 0.3}
    summed = combine(heads, weights, 4).heads
    decoupled = combine(heads, weights, 4, order="decoupled").heads
    assert summed["b"].share == pytest.approx(0.3 * 0.1 / (0.5 + 0.3 * 0.1))
    assert decoupled["b"].share == pytest.approx(0.3 / 1.3)


def test_a_head_within_the_floor_of_spread_counts_little_when_decoupled() -> None:
    heads = {"a": [0.5, 0.5], "b": [0.500, 0.501]}
    noisy = combine({**heads, "a": [0.0, 1.0]}, {"a": 1.0, "b": 1.0}, 2, order="decoupled").heads
    assert noisy["b"].share < 0.05


def test_learned_heads_may_not_outweigh_the_emotion() -> None:
    heads: dict[str, Reward] = {"emotion": EmotionReward(), "detector": DetectorReward(Heard(), "warmth")}
    check_weights(heads, {"emotion": 1.0, "detector": 0.3})
    with pytest.raises(InputError, match=r"detector weigh 0.4 against 1 of the emotion.*at most 0.3"):
        check_weights(heads, {"emotion": 1.0, "detector": 0.4})
    with pytest.raises(InputError, match="against 0 of the emotion"):
        check_weights({"detector": heads["detector"]}, {"detector": 0.1})


def test_a_reward_does_not_change_the_dialogue() -> None:
    before = dialogue("<think>x</think>Hello.")
    EmotionReward()([before])
    DetectorReward(Heard(), "warmth")([before])
    assert before == replace(before)


def test_the_detector_in_the_box_is_a_reward_head() -> None:
    reward = DetectorReward("text-empathy", measure="empathetic_personas_empathy_score")
    warm = "I am so sorry to hear that. It makes sense that you feel sad, you loved her."
    cold = "<think>I am so sorry, how sad.</think>Press the button to go on."
    kind, flat = reward([dialogue(warm), dialogue(cold)])
    assert kind is not None
    assert flat is not None
    assert kind > flat + 0.2
