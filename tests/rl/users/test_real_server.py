"""SentientUser against a real OpenAI-compatible server: ``transformers serve`` with a tiny random model.

A random model writes no sections, so every dialogue must end as not scorable, with its words on record:
what is tested is the whole way to a real server and back.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from empdetect.rl.cassette import Cassette
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.policy import small_policy
from empdetect.rl.profiles import read_profiles
from empdetect.rl.replay import replay
from empdetect.rl.users.endpoint import Endpoint, usage_of
from empdetect.rl.users.sentient import SentientUser

pytest.importorskip("openai", reason="'transformers serve' needs the package openai")

WORDS = ["Content : Reason : Activity : Analysis : Change : + 5", "Thinking : Response : Hello there ."]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    model = str(small_policy(WORDS, width=16, heads=2).save(tmp_path_factory.mktemp("model") / "tiny"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = Path(sys.executable).with_name("transformers")
    told = [str(command), "serve", model, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    log = tmp_path_factory.mktemp("log") / "serve.log"
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(told, stdout=file, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}", process, log)
            yield f"http://127.0.0.1:{port}/v1", model
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            pytest.fail(f"transformers serve ended: {log.read_text(encoding='utf-8')[-2000:]}")
        try:
            if httpx.get(f"{url}/health", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.25)
    pytest.fail("transformers serve did not begin to answer")


def test_a_real_server_answers_and_a_random_model_is_not_scorable(server: tuple[str, str], tmp_path: Path) -> None:
    url, model = server
    # A random model hardly ever stops by itself, and an answer that was cut off is asked for again.
    endpoint = Endpoint(url, model, max_tokens=64, timeout=120.0, attempts=2, shortest_wait=0.01, concurrency=2)
    user = SentientUser(endpoint)
    environment = EmpathyEnvironment(user, max_turns=2)
    environment.reset(read_profiles()[:2], seed=1)
    while environment.live:
        environment.step(["I can hear how angry you are."] * len(environment.live))
    exchanges = [one for dialogue in environment.dialogues for turn in dialogue.exchanges for one in turn]
    assert exchanges and all(dialogue.failed and dialogue.emotion is None for dialogue in environment.dialogues)
    for dialogue in environment.dialogues:
        assert "unreadable" in dialogue.reason or "cut at max_tokens" in dialogue.reason, dialogue.reason
    assert usage_of(exchanges, endpoint).questions == len(exchanges)
    Cassette(tmp_path / "real.jsonl.gz", user, 2, {}).scored(environment.dialogues, {})
    assert replay(tmp_path / "real.jsonl.gz").same


def test_a_model_that_is_not_there_is_not_scorable(server: tuple[str, str]) -> None:
    url, _ = server
    environment = EmpathyEnvironment(SentientUser(Endpoint(url, "no/such-model", attempts=2, shortest_wait=0.01)))
    environment.reset(read_profiles()[:1])
    (dialogue,) = environment.step(["Hello."])
    assert dialogue.failed and "HTTP" in dialogue.reason
