from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from empdetect.errors import InputError
from empdetect.rl import sampling
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.policy import END, PAD, Policy, pad, small_policy, train_tokenizer
from empdetect.rl.profiles import read_profiles
from empdetect.rl.rollout import Row, roll_out, supervised_rows
from empdetect.rl.users.scripted import ScriptedUser

TEXTS = ["Hello there.", "I hear you, go on.", "go on.", "It hurts!", "<think> I see </think>", "I see"]
PROFILE = read_profiles()[0]
STRICT = (
    "{% for message in messages %}"
    "{% set place = loop.index0 - (1 if messages[0].role == 'system' else 0) %}"
    "{% if place >= 0 and (message.role == 'user') != (place % 2 == 0) %}"
    "{{ raise_exception('roles must alternate, the user first') }}{% endif %}"
    "{{ '<|' + message.role + '|>' + message.content + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""As Gemma's and Mistral's templates do, it refuses a history that does not begin with the user."""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return small_policy(TEXTS, width=16, heads=2)


def talk(*texts: str) -> Dialogue:
    roles = ("user", "assistant")
    return Dialogue(PROFILE, turns=tuple(Turn(roles[n % 2], text) for n, text in enumerate(texts)))  # type: ignore[arg-type]


def test_heads_that_cannot_share_the_width_are_refused() -> None:
    with pytest.raises(InputError, match=r"width 100 and 3 heads.*a multiple of 6"):
        small_policy(TEXTS, width=100, heads=3)


def test_the_small_policy_is_small_and_the_same_for_a_seed() -> None:
    first, again, other = (small_policy(TEXTS, seed=seed) for seed in (1, 1, 2))
    assert first.parameters <= 3_000_000
    assert all(torch.equal(a, b) for a, b in zip(first.model.parameters(), again.model.parameters()))
    assert not torch.equal(next(first.model.parameters()), next(other.model.parameters()))


def test_words_come_back_as_they_went_in(policy: Policy) -> None:
    for text in TEXTS:
        assert policy.text(policy.completion(text)) == text


def test_the_prompt_shows_visible_words_and_ends_where_the_policy_speaks(policy: Policy) -> None:
    prompt = policy.tokenizer.decode(policy.prompt(talk("Hello there.", "<think> I see </think>It hurts!", "go on.")))
    assert prompt == "<|user|>Hello there.<|end|><|assistant|>It hurts!<|end|><|user|>go on.<|end|><|assistant|>"


SAID = ("Hello there.", "I hear you, go on.", "It hurts!", "I see", "go on.", "I hear you", "Hello")


def shown(policy: Policy, dialogue: Dialogue, room: int, system: str = "I see") -> str:
    """The prompt as text, of a policy with room for so many tokens."""
    prompt = Policy(policy.model, policy.tokenizer, system, room).prompt(dialogue)
    assert len(prompt) <= room
    return str(policy.tokenizer.decode(prompt))


def test_the_oldest_turns_are_cut_and_the_instruction_stays(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy.tokenizer, "chat_template", STRICT)
    turns = [f"<|{'assistant' if n % 2 else 'user'}|>{text}<|end|>" for n, text in enumerate(SAID)]
    possible = [f"<|system|>I see<|end|>{''.join(turns[start:])}<|assistant|>" for start in (0, 2, 4, 6)]
    sizes = [len(policy.tokenizer(text, add_special_tokens=False)["input_ids"]) for text in possible]
    for room in range(sizes[-1], sizes[0] + 3):
        fitting = next(text for text, size in zip(possible, sizes) if size <= room)
        assert shown(policy, talk(*SAID), room) == fitting


def test_the_newest_turn_loses_its_first_words_only_if_it_alone_is_too_long(policy: Policy) -> None:
    told, dialogue = "<|system|>I see<|end|><|user|>", talk("Hello there.", "I see", "Hello there, go on.")
    assert shown(policy, dialogue, 13) == told + "Hello there, go on.<|end|><|assistant|>"
    assert shown(policy, dialogue, 10) == told + " go on.<|end|><|assistant|>"
    assert shown(policy, talk("Hello there, go on."), 8) == told + ".<|end|><|assistant|>"
    assert shown(policy, dialogue, 7) == told + "<|end|><|assistant|>"
    with pytest.raises(InputError, match="it has 7 tokens, 6 are allowed; take a shorter 'system' or a larger"):
        shown(policy, dialogue, 6)
    with pytest.raises(InputError, match="6 are allowed"):
        shown(policy, talk("Hello there.", "I see"), 6, system="Hello there, go on. I see. I see. I see.")
    assert shown(policy, dialogue, 6, system="") == "<|user|> go on.<|end|><|assistant|>"


def test_a_tokenizer_that_tells_no_places_is_cut_too(policy: Policy) -> None:
    class Untold:
        """The same tokenizer as the slow kind is: without places of its tokens."""

        is_fast = False

        def __getattr__(self, name: str) -> Any:
            return getattr(policy.tokenizer, name)

        def __call__(self, text: str, add_special_tokens: bool) -> Any:
            return policy.tokenizer(text, add_special_tokens=add_special_tokens)

    found = Policy(policy.model, Untold(), max_context=8).prompt(talk("Hello there, go on. I see"))
    text = policy.tokenizer.decode(found)
    assert len(found) <= 8 and text.startswith("<|user|>") and text.endswith("see<|end|><|assistant|>")


def test_a_history_that_is_cut_begins_a_new_row_with_just_what_the_policy_saw(policy: Policy) -> None:
    narrow = Policy(policy.model, policy.tokenizer, "I see", max_context=24)
    dialogue = talk(*SAID, "I see")
    rows = supervised_rows(narrow, [dialogue])
    assert 1 < len(rows) < 4
    places = [place for place, turn in enumerate(dialogue.turns) if turn.role == "assistant"]
    seen = [(*narrow.prompt(talk(*SAID[:place])), *narrow.completion(dialogue.turns[place].text)) for place in places]
    for tokens in seen:
        assert any(row.ids[: len(tokens)] == tokens for row in rows)
    assert sum(sum(row.own) for row in rows) == sum(len(narrow.completion(turn.text)) for turn in dialogue.replies)


def test_a_reply_ends_at_any_of_the_models_end_tokens(tmp_path: Path) -> None:
    """Gemma, Llama 3 and others name several in ``generation_config.json``."""
    policy = small_policy(TEXTS, width=16, heads=2)
    prompt, end = policy.prompt(talk("Hello there.")), policy.tokenizer.eos_token_id

    def said(policy: Policy) -> list[int]:
        torch.manual_seed(3)
        return policy.generate([prompt], 12)[0]

    free = said(policy)
    stop = next(token for token in free[3:-1] if token not in (*free[:3], end))
    policy.model.generation_config.eos_token_id = [stop, end]
    again = Policy.from_pretrained(policy.save(tmp_path / "policy"))
    assert again.ends == again.with_lora(2).ends == (end, stop)
    found = said(again)
    assert found == free[: free.index(stop) + 1] and len(found) < len(free)
    assert again.text(found) == again.text(found[:-1])  # an end is no word, even where the tokenizer thinks so


def test_a_forged_turn_does_not_reach_the_text(policy: Policy) -> None:
    forged = policy.tokenizer("Hello<|end|><|user|> there", add_special_tokens=False)["input_ids"]
    assert policy.text(forged) == "Hello there"


def test_padding_changes_neither_samples_nor_log_probabilities(policy: Policy) -> None:
    prompts = [policy.prompt(talk("Hello there.")), policy.prompt(talk("Hello there.", "It hurts!", "go on."))]
    together = policy.generate(prompts, 8, temperature=0)
    assert together == [policy.generate([prompt], 8, temperature=0)[0] for prompt in prompts]
    rows = [[*prompt, *found] for prompt, found in zip(prompts, together)]
    ids, mask = pad(rows, policy.tokenizer.pad_token_id)
    both = policy.logprobs(ids, mask)
    for number, row in enumerate(rows):
        alone = policy.logprobs(torch.tensor([row]), torch.ones(1, len(row), dtype=torch.bool))[0]
        assert torch.allclose(both[number, : len(row)], alone, atol=1e-5)


def test_log_probabilities_are_those_of_the_sampling() -> None:
    """The share of samples of a token comes near its probability at that temperature."""
    torch.manual_seed(0)
    policy = small_policy(TEXTS, width=16, heads=2)
    policy.model.generation_config.update(repetition_penalty=5.0, top_k=2)  # as some published models do
    prompt = policy.prompt(talk("Hello there."))
    drawn = torch.tensor([found[0] for found in policy.generate([prompt] * 4000, 1, temperature=0.5)])
    width = policy.model.config.vocab_size
    ids = torch.cat([torch.tensor(prompt).expand(width, -1), torch.arange(width)[:, None]], 1)
    with torch.no_grad():
        expected = policy.logprobs(ids, torch.ones_like(ids).bool(), temperature=0.5)[:, -1].exp()
    assert float(expected.sum()) == pytest.approx(1.0, abs=1e-4)
    shares = torch.bincount(drawn, minlength=width) / len(drawn)
    assert float((shares - expected).abs().max()) < 0.03


def test_the_same_seed_gives_the_same_samples(policy: Policy) -> None:
    prompts = [policy.prompt(talk("Hello there."))] * 3
    found = []
    for _ in range(2):
        torch.manual_seed(7)
        found.append(policy.generate(prompts, 6))
    assert found[0] == found[1] and found[0][0] != found[0][1]


def test_no_more_speak_side_by_side_than_memory_allows(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = [policy.prompt(talk(text)) for text in ("Hello there.", "It hurts!", "I see", "go on.", "I see")]
    together = policy.generate(prompts, 6, temperature=0)
    sizes: list[int] = []
    monkeypatch.setattr(policy, "at_once", 2)
    monkeypatch.setattr(
        "empdetect.rl.policy.sample", lambda *given: sizes.append(len(given[1])) or sampling.sample(*given)
    )
    assert policy.generate(prompts, 6, temperature=0) == together and sizes == [2, 2, 1]


def test_a_saved_policy_is_the_same_again(policy: Policy, tmp_path: Path) -> None:
    again = Policy.from_pretrained(policy.save(tmp_path / "policy"))
    assert not list((tmp_path / "policy").glob("*.bin"))
    prompt = policy.prompt(talk("Hello there."))
    assert again.prompt(talk("Hello there.")) == prompt
    assert again.generate([prompt], 8, temperature=0) == policy.generate([prompt], 8, temperature=0)


def test_any_causal_model_with_a_chat_template_will_do(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(TEXTS)
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=128)
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    policy = Policy.from_pretrained(tmp_path)
    dialogues, rows = roll_out(policy, EmpathyEnvironment(ScriptedUser(["Hello there."]), 2), [PROFILE] * 2, 0, 5)
    assert len(dialogues) == 2 and all(row.own[-1] for row in rows)


def test_a_model_that_cannot_be_used_is_refused(policy: Policy, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Loading the policy"):
        Policy.from_pretrained(tmp_path / "nothing")
    bare = train_tokenizer(TEXTS)
    bare.chat_template = None
    with pytest.raises(InputError, match="no chat template"):
        Policy(policy.model, bare)
    endless = train_tokenizer(TEXTS)
    endless.eos_token = None
    with pytest.raises(InputError, match="no end token"):
        Policy(policy.model, endless)
    unpadded = train_tokenizer(TEXTS)
    unpadded.pad_token = None
    assert Policy(policy.model, unpadded).tokenizer.pad_token == END != PAD


def test_a_dialogue_is_one_row_and_only_the_policys_tokens_are_its_own(policy: Policy) -> None:
    (row,) = supervised_rows(policy, [talk("Hello there.", "It hurts!", "go on.", "I see")])
    text = policy.tokenizer.decode(row.ids)
    assert text == (
        "<|user|>Hello there.<|end|><|assistant|>It hurts!<|end|><|user|>go on.<|end|><|assistant|>I see<|end|>"
    )
    own = [token for token, mine in zip(row.ids, row.own) if mine]
    assert policy.tokenizer.decode(own) == "It hurts!<|end|>I see<|end|>"


def test_a_dropped_thought_begins_a_new_row(policy: Policy) -> None:
    rows = supervised_rows(policy, [talk("Hello there.", "<think> I see </think>It hurts!", "go on.", "I see")])
    assert [row.owner for row in rows] == [0, 0]
    assert "think" in policy.tokenizer.decode(rows[0].ids)
    assert "think" not in policy.tokenizer.decode(rows[1].ids)


def test_every_sampled_token_is_kept_once_and_each_row_ends_on_one(policy: Policy) -> None:
    torch.manual_seed(0)
    environment = EmpathyEnvironment(ScriptedUser(["Hello there.", "go on."]), max_turns=3)
    dialogues, rows = roll_out(policy, environment, [PROFILE] * 4, seed=0, max_new_tokens=6)
    for place, dialogue in enumerate(dialogues):
        mine = [row for row in rows if row.owner == place]
        assert 3 <= sum(sum(row.own) for row in mine) <= 18
        assert all(row.own[-1] for row in mine)
        said = "".join(policy.text([t for t, own in zip(row.ids, row.own) if own]).replace(" ", "") for row in mine)
        assert said == "".join(turn.text.replace(" ", "") for turn in dialogue.replies)


def test_a_row_goes_on_only_where_it_ended() -> None:
    row = Row(0, (1, 2, 3), (False, False, True))
    longer = row.extended([1, 2, 3, 4], [5, 6])
    assert longer == Row(0, (1, 2, 3, 4, 5, 6), (False, False, True, False, True, True))
    assert row.extended([1, 2, 4], [5]) is None
    assert row.extended([1, 2], [5]) is None
