"""SentientUser against a real OpenAI-compatible server: ``transformers serve`` with a tiny local model.

The model has learned two answers by heart, one for each question of a turn. Which of them is asked, its chat
template tells it with one token: what is tested is the whole way to a real server and back, not the model.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from empdetect.components import describe
from empdetect.rl.cassette import Cassette
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.profiles import read_profiles
from empdetect.rl.replay import replay
from empdetect.rl.users.endpoint import Endpoint
from empdetect.rl.users.sentient import SentientUser
from empdetect.rl.users.usage import exchanges_of, usage_of
from tests.rl.stub_endpoint import analysis, reply

pytest.importorskip("openai", reason="'transformers serve' needs the package openai")
pytestmark = pytest.mark.timeout(600)  # two processes load torch

TEMPLATE = "{{ '<analysis>' if 'Change:' in messages[0]['content'] else '<reply>' }}"


def learn_by_heart(folder: Path) -> str:
    """A tiny language model that gives one answer to each of the two questions."""
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), eos_token="<end>", pad_token="<end>")
    inner = tokenizer.backend_tokenizer
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<end>", "<analysis>", "<reply>"]
    inner.train_from_iterator([], trainers.BpeTrainer(initial_alphabet=alphabet, special_tokens=special))
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(0)
    size = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=512, **size)
    config.bos_token_id = config.eos_token_id = config.pad_token_id = tokenizer.eos_token_id
    model = LlamaForCausalLM(config)
    texts = [f"<analysis>{analysis('+5')}<end>", f"<reply>{reply('And then?')}<end>"]
    batch = tokenizer(texts, return_tensors="pt", padding=True)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(150):
        loss = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert float(loss.detach()) < 0.05
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    model = learn_by_heart(tmp_path_factory.mktemp("model") / "tiny")
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


def test_dialogues_over_a_real_server_are_scored_recorded_and_replayed(server: tuple[str, str], tmp_path: Path) -> None:
    url, model = server
    endpoint = Endpoint(url, model, temperature=0.01, max_tokens=128, timeout=120.0, concurrency=2)
    user = SentientUser(endpoint)
    environment = EmpathyEnvironment(user, max_turns=2)
    environment.reset(read_profiles()[:2], seed=1)
    while environment.live:
        environment.step(["I can hear how angry you are."] * len(environment.live))
    for dialogue in environment.dialogues:
        assert dialogue.emotions == (30.0, 35.0, 40.0) and dialogue.reason == "turn limit", dialogue.reason
        assert dialogue.turns[2].text == "And then?" and dialogue.farewell == "And then?"
    usage = usage_of(exchanges_of(environment.dialogues), describe(user))
    assert usage.questions == 8 and usage.completion_tokens > 0
    Cassette(tmp_path / "real.jsonl.gz", user, 2, {}).scored(environment.dialogues, {})
    assert replay(tmp_path / "real.jsonl.gz").same


def test_a_model_that_is_not_there_is_not_scorable(server: tuple[str, str]) -> None:
    url, _ = server
    environment = EmpathyEnvironment(SentientUser(Endpoint(url, "no/such-model", attempts=2, shortest_wait=0.01)))
    environment.reset(read_profiles()[:1])
    (dialogue,) = environment.step(["Hello."])
    assert dialogue.failed and "HTTP" in dialogue.reason
