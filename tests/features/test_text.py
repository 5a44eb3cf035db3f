from pathlib import Path

import numpy as np
import pytest

from empdetect.components import build, describe
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.features.text import TextEmbeddings, TextTokens, check_weights, load_tokenizer, minilm_folder
from empdetect.recording import Participant
from empdetect.streams.transcript import Transcript, TranscriptFile, Utterance


def speaking(*utterances: Utterance) -> Participant:
    return Participant("ann", transcript=Transcript(utterances))


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random encoder of two layers with MiniLM's tokenizer, as a fine-tuned model lies on a disk."""
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_embeddings_are_near_for_near_meanings() -> None:
    said = ["I am so sorry for your loss.", "My condolences, this must be hard.", "The bus leaves at nine."]
    values = TextEmbeddings()(speaking(*map(Utterance, said))).values
    assert values.shape == (3, 384)
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    likeness = unit @ unit.T
    assert likeness[0, 1] > 0.4 > likeness[0, 2]


def test_embedding_time_is_the_middle_and_nan_without_times() -> None:
    person = speaking(Utterance("Well.", None, 2.0, 4.0), Utterance("Go on."), Utterance("Yes?", None, 7.0))
    features = TextEmbeddings()(person)
    np.testing.assert_array_equal(features.times, [3.0, np.nan, 7.0])
    assert features.mask.all()
    np.testing.assert_array_equal(features.quality, 1)


def test_embedding_does_not_depend_on_its_neighbours(tiny_model: Path) -> None:
    one, long = Utterance("Fine."), Utterance("word " * 40)
    alone = TextEmbeddings(str(tiny_model))(speaking(one)).values[0]
    for size in (1, 2):
        together = TextEmbeddings(str(tiny_model), batch_size=size)(speaking(long, one)).values[1]
        np.testing.assert_allclose(together, alone, atol=1e-5)


def test_cut_utterance_has_lower_quality(tiny_model: Path) -> None:
    features = TextEmbeddings(str(tiny_model), max_tokens=12)(speaking(Utterance("no " * 22), Utterance("no")))
    np.testing.assert_allclose(features.quality, [0.5, 1])
    assert features.values.shape == (2, 16)


def test_only_the_participants_own_words_count() -> None:
    person = speaking(Utterance("Hello there.", "ann"), Utterance("Whatever.", "bob"), Utterance("Bye.", "ann"))
    assert len(TextEmbeddings()(person).values) == 2
    ids = TextTokens()(person).values[:, 0].astype(int).tolist()
    assert load_tokenizer("minilm").decode(ids) == "hello there. bye."


def test_tokens_spread_over_their_utterance_without_special_ones() -> None:
    features = TextTokens()(speaking(Utterance("one two three four", None, 10.0, 12.0), Utterance("five")))
    np.testing.assert_array_equal(features.times, [10.25, 10.75, 11.25, 11.75, np.nan])
    special = set(load_tokenizer("minilm").all_special_ids)
    assert not special & set(features.values[:, 0].astype(int).tolist())


def test_cut_tokens_keep_the_times_of_the_uncut_utterance() -> None:
    features = TextTokens(max_tokens=2)(speaking(Utterance("one two three four", None, 0.0, 4.0)))
    np.testing.assert_array_equal(features.times, [0.5, 1.5])
    np.testing.assert_array_equal(features.quality, 0.5)


@pytest.mark.parametrize("kind", [TextEmbeddings, TextTokens])
def test_missing_words_say_why(kind: type[Extractor]) -> None:
    extractor = kind()
    assert extractor(Participant("ann")).reason == "no text"
    silent = extractor(speaking(Utterance("Hm.", "bob"), Utterance("  ", "ann")))
    assert silent.values.shape == (0, extractor.width)
    assert silent.reason == "the transcript has no words of ann"


def test_unreadable_transcript_raises(tmp_path: Path) -> None:
    person = Participant("ann", transcript=TranscriptFile(tmp_path / "gone.vtt"))
    with pytest.raises(InputError, match="no such file"):
        TextTokens()(person)


@pytest.mark.parametrize("model", ["no/such-model-anywhere", "/nowhere/at/all"])
def test_unknown_model_is_named(model: str) -> None:
    with pytest.raises(InputError, match=f"Loading the text model '{model}'.*give 'minilm'"):
        TextEmbeddings(model)


def test_pickled_weights_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    import torch

    for path in tiny_model.iterdir():
        if path.suffix != ".safetensors":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"model\.safetensors"):
        TextEmbeddings(str(tmp_path))(speaking(Utterance("Hello.")))


def test_tampered_weights_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    with pytest.raises(InputError, match="no file"):
        check_weights(weights, "0" * 64)
    weights.write_bytes(b"other")
    with pytest.raises(InputError, match="SHA-256"):
        check_weights(weights, "0" * 64)


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match="'max_tokens' must be 3 or more"):
        TextEmbeddings(max_tokens=2)
    with pytest.raises(InputError, match="'max_tokens' must be 1 or more"):
        TextTokens(max_tokens=0)


def test_extractors_are_components(tiny_model: Path) -> None:
    for extractor in (TextEmbeddings(str(tiny_model), 64, 8), TextTokens(max_tokens=9)):
        assert describe(build(describe(extractor), Extractor)) == describe(extractor)


def test_local_weights_count_as_resources(tiny_model: Path) -> None:
    names = {path.name for path in TextEmbeddings(str(tiny_model)).resources()}
    assert {"config.json", "model.safetensors"} <= names
    assert not TextEmbeddings().resources()
