from dataclasses import replace

import pytest

from empdetect.conformance import NotConforming, check_user
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.profiles import Profile, read_profiles
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.base import User, UserTurn
from empdetect.rl.users.endpoint import Endpoint
from empdetect.rl.users.scripted import ScriptedUser
from empdetect.rl.users.sentient import SentientUser
from tests.rl.stub_endpoint import stub_endpoint

PROFILES = read_profiles()[:5]


@pytest.mark.parametrize("user", [AppraisalUser(), AppraisalUser(40.0, 5.0, "challenging"), ScriptedUser()])
def test_embedded_users_keep_their_promises(user: User) -> None:
    check_user(user, PROFILES)


@pytest.mark.parametrize("preset", ["rlver", "sage"])
def test_a_sentient_user_keeps_them(preset: str) -> None:
    with stub_endpoint() as stub:
        check_user(SentientUser(Endpoint(stub.url, "tiny"), preset), PROFILES[:2])  # type: ignore[arg-type]


class Counting(ScriptedUser):
    """Remembers how often it was asked, which a user may not."""

    asked = 0

    def reply(self, dialogue: Dialogue) -> UserTurn:
        self.asked += 1
        return replace(super().reply(dialogue), emotion=30.0 + self.asked % 7)


class Silent(ScriptedUser):
    def reply(self, dialogue: Dialogue) -> UserTurn:
        return replace(super().reply(dialogue), reasons=())


class Early(ScriptedUser):
    def opening(self, profile: Profile, seed: int) -> UserTurn:
        return replace(super().opening(profile, seed), emotion=20.0)


class Wild(ScriptedUser):
    def reply(self, dialogue: Dialogue) -> UserTurn:
        return replace(super().reply(dialogue), emotion=float("nan"), done=True)


@pytest.mark.parametrize(
    ("user", "message"),
    [(Counting(), "otherwise the second time"), (Silent(), "needs reasons"), (Early(), "starts at")],
)
def test_a_broken_promise_is_named(user: User, message: str) -> None:
    with pytest.raises(NotConforming, match=message):
        check_user(user, PROFILES)


def test_emotions_out_of_range_are_named() -> None:
    with pytest.raises(NotConforming):
        check_user(Wild(), PROFILES)
