"""The detector in the box: small, free, honest about itself, and of use right after the installation."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from empdetect.cli import main
from empdetect.detector import Detector
from empdetect.detector_folder import packaged_table
from empdetect.errors import InputError
from empdetect.features.base import Origin
from empdetect.features.text import ORIGINS, WEIGHTS, TextEmbeddings, TextTokens, adapter_origins
from empdetect.model_card import MINILM
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.mean import MeanEncoder
from empdetect.models.encoders.text import TransformerTextEncoder
from empdetect.recording import Participant, Recording, Segment
from empdetect.scores import Scores
from empdetect.shipped import FOLDERS, FREE, LARGEST, adapter_card, ship_adapter, ship_detector
from empdetect.shipped import main as shipped
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.task import Target, Task
from tests.detectors import tiny_detector

INTERVIEW = """WEBVTT

00:00.000 --> 00:03.000
<v Ann>My dog died last week and the house is so quiet.

00:03.500 --> 00:07.000
<v Ben>I am so sorry, that must hurt. What was she like?
"""


def answer(detector: Detector, words: str, measure: str) -> float:
    person = Participant("supporter", transcript=Transcript((Utterance(words),)))
    score = detector.predict([Segment(Recording("one", (person,)), "supporter")])[0].score(measure)
    assert score is not None
    return score


def test_all_weights_in_the_package_are_small_and_no_pickles() -> None:
    files = [path for path in WEIGHTS.rglob("*") if path.is_file()]
    size = {path.name: sum(part.stat().st_size for part in path.iterdir()) for path in WEIGHTS.iterdir()}
    # What scores a transcript by default, and each other detector, is a small download.
    assert size["text-empathy"] + size["emotions"] <= LARGEST and max(size.values()) <= LARGEST
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".yaml", ".md"}


@pytest.mark.parametrize(
    ("name", "count"), [("text-empathy", 13), ("text-reward", 13), ("text-ngrams", 13), ("dyads", 4)]
)
def test_every_head_learned_from_data_that_may_be_passed_on(name: str, count: int) -> None:
    heads = json.loads((WEIGHTS / name / "metrics.json").read_text(), parse_constant=pytest.fail)["heads"]
    assert len(heads) == count
    assert {head["licence"] for head in heads.values()} <= set(FREE)


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("emotions", "CC BY 4.0"),
        ("text-empathy", "CC BY 4.0"),
        ("text-reward", "CC BY 4.0"),
        ("text-ngrams", "CC BY 4.0"),
        ("dyads", "Apache-2.0"),
    ],
)
def test_the_card_names_data_licences_and_limits(name: str, licence: str) -> None:
    card = (WEIGHTS / name / "README.md").read_text(encoding="utf-8")
    assert "It must not be used for decisions about a person" in card
    assert licence in card
    assert yaml.safe_load(card.split("---")[1])["library_name"] == "empdetect"


WARM = "I am so sorry to hear that. It sounds really hard, and it makes sense that you feel hurt."
COLD = "Press the button to go on."


def test_the_second_opinion_agrees_where_it_is_plain() -> None:
    detector = Detector.from_pretrained("text-ngrams", device="cpu")
    empathy = "empathetic_personas_empathy_score"
    assert answer(detector, WARM, empathy) > answer(detector, COLD, empathy) + 0.2


def test_the_cards_tell_what_is_known_to_fail() -> None:
    for name in FOLDERS.values():
        card = (WEIGHTS / name / "README.md").read_text(encoding="utf-8")
        if name == "emotions":
            assert card == adapter_card(card, name) and 'TextEmbeddings(adapter="emotions")' in card
            continue
        assert "## Known limits" in card
        reads_minilm = yaml.safe_load(card.split("---")[1]).get("base_model") == MINILM
        assert reads_minilm == (name in ("text-empathy", "text-reward")) == ("It reads English, by" in card)


@pytest.mark.parametrize("name", ["text-empathy", "text-reward"])
def test_it_tells_replies_apart(name: str) -> None:
    detector = Detector.from_pretrained(name, device="cpu")
    warm, cold, empathy = WARM, COLD, "empathetic_personas_empathy_score"
    assert answer(detector, warm, empathy) > answer(detector, cold, empathy) + 0.5
    question = "mint_questioning"
    assert answer(detector, "How long have you felt like this?", question) > answer(detector, cold, question) + 0.3


def test_a_transcript_is_scored_without_naming_a_detector(tmp_path: Path) -> None:
    (tmp_path / "interview.vtt").write_text(INTERVIEW, encoding="utf-8")
    assert main(["score", str(tmp_path / "interview.vtt"), "-o", str(tmp_path / "out")]) == 0
    rows = Scores.read(tmp_path / "out" / "scores.tsv").table
    assert set(rows["participant"]) == {"Ann", "Ben"}
    assert np.isfinite(rows["score"]).all()
    assert (rows["low"] <= rows["high"]).all()


def test_an_adapter_changes_the_embedding_and_must_be_there() -> None:
    plain, adapted = TextEmbeddings(layers=2), TextEmbeddings(layers=2, adapter="emotions")
    person = Participant("speaker", transcript=Transcript((Utterance("What a lovely day"),)))
    assert plain.extract(person).values.shape == adapted.extract(person).values.shape == (1, 768)
    assert not np.allclose(plain.extract(person).values, adapted.extract(person).values, atol=1e-2)
    with pytest.raises(InputError, match=r"lacks adapter_config.json.*\(emotions\)"):
        TextEmbeddings(adapter="nothing-like-that")


@pytest.mark.parametrize("name", ["detector", "reward", "dyads"])
def test_what_is_in_the_box_may_be_put_there(name: str, tmp_path: Path) -> None:
    assert shipped([name, str(WEIGHTS / FOLDERS[name]), "-o", str(tmp_path / name)]) == 0
    again, there = (
        yaml.safe_load((folder / "config.yaml").read_text()) for folder in (tmp_path / name, WEIGHTS / FOLDERS[name])
    )
    assert again["weights"] == there["weights"]
    assert again["heads"] == there["heads"]


def test_one_that_keeps_its_segments_is_shipped_in_half_precision(tmp_path: Path) -> None:
    heads = load_file(WEIGHTS / "text-empathy" / "model.safetensors")
    assert {heads[f"kernel_heads.{name}"].dtype for name in ("vectors", "labels")} == {torch.half}
    detector = Detector.from_pretrained("text-empathy", device="cpu")
    assert {tensor.dtype for tensor in detector.module.state_dict().values()} <= {torch.float32, torch.bool}


def test_no_short_utterance_is_the_least_that_a_writer_may_feel() -> None:
    """Essays taught these heads: what is unlike essays is drawn to their mean, not to the end of the scale."""
    detector = Detector.from_pretrained("text-empathy", device="cpu")
    for words in ("Okay.", "Yes, I see.", WARM, COLD):
        for measure in ("empathic_reactions_empathy", "empathic_reactions_distress"):
            assert 1.1 < answer(detector, words, measure) < 6


@pytest.mark.parametrize("name", ["text-empathy", "text-reward", "text-ngrams", "dyads"])
def test_the_cards_in_the_box_are_those_that_are_written(name: str, tmp_path: Path) -> None:
    written = Detector.from_pretrained(name, device="cpu").save_pretrained(tmp_path / name) / "README.md"
    assert (WEIGHTS / name / "README.md").read_text(encoding="utf-8") == written.read_text(encoding="utf-8")


def test_the_card_names_what_the_adapter_learned_from() -> None:
    origins = adapter_origins("emotions")
    assert [origin.licence for origin in origins] == ["Apache-2.0", "CC BY 4.0"]
    for name in ("text-empathy", "text-reward", "emotions"):
        card = (WEIGHTS / name / "README.md").read_text(encoding="utf-8")
        head = yaml.safe_load(card.split("---")[1])
        for origin in origins:
            assert origin.data in card
            assert f"] {origin.licence}" in head["license_name"]
    assert "adapter" not in (WEIGHTS / "text-ngrams" / "README.md").read_text(encoding="utf-8")
    assert all(origin.data in packaged_table() for origin in origins)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("- {data: a set, licence: CC BY-NC 4.0}", r"under 'CC BY-NC 4\.0'"),
        ("- {data: a set, licence: MIT}\n- {data: another, licence: ''}", "under 'unknown terms'"),
        ("[]", "under 'unknown terms'"),
        (None, "under 'unknown terms'"),
        ("- {data: a set, licence: MIT}", None),
    ],
)
def test_an_adapter_binds_what_is_built_on_it(tmp_path: Path, told: str | None, message: str | None) -> None:
    adapter = shutil.copytree(WEIGHTS / "emotions", tmp_path / "own", ignore=shutil.ignore_patterns(ORIGINS))
    if told is not None:
        (adapter / ORIGINS).write_text(told, encoding="utf-8")
    features = TextEmbeddings(adapter=str(adapter))
    module = DetectorModule(Task((Target("empathy", "binary"),)), {"text": MeanEncoder(features=features.width)})
    head = {"data": "a set", "licence": "MIT", "segments": 3, "groups": 2, "fingerprint": "00ff"}
    facts = {"name": "tiny", "data": "a set", "licence": "MIT", "heads": {"empathy": head}}
    folder = Detector(module, {"text": features}, facts=facts, device="cpu").save_pretrained(tmp_path / "detector")
    assert "- `own` (" in (folder / "README.md").read_text(encoding="utf-8")
    if message is None:
        assert ship_detector(folder, tmp_path / "out").is_dir()
    else:
        with pytest.raises(InputError, match=message):
            ship_detector(folder, tmp_path / "out")


def test_a_broken_list_of_an_adapters_data_is_named(tmp_path: Path) -> None:
    adapter = shutil.copytree(WEIGHTS / "emotions", tmp_path / "own")
    (adapter / ORIGINS).write_text("data: a set", encoding="utf-8")
    with pytest.raises(InputError, match=r"data.yaml: .* allowed is a list of entries with 'data' and 'licence'"):
        adapter_origins(str(adapter))


def test_an_adapter_is_shipped_with_the_list_of_its_data(tmp_path: Path) -> None:
    encoder = TransformerTextEncoder(adapter_rank=1, adapter="emotions")
    module = DetectorModule(Task((Target("empathy", "binary"),), unit="utterance"), {"text": encoder})
    head = {"data": "a set", "licence": "MIT", "segments": 3, "groups": 2, "fingerprint": "00ff"}
    facts = {"name": "tiny", "data": "a set", "licence": "MIT", "heads": {"empathy": head}}
    detector = Detector(module, {"text": TextTokens(max_tokens=8)}, facts=facts, device="cpu")
    out = ship_adapter(detector.save_pretrained(tmp_path / "detector"), tmp_path / "own")
    origins = adapter_origins(str(out))
    assert origins[0] == Origin("own", "a set", "MIT")
    assert [origin.data for origin in origins[1:]] == [origin.data for origin in adapter_origins("emotions")]


def test_what_learned_from_bound_data_is_not_shipped(tmp_path: Path) -> None:
    detector = tiny_detector("text")
    head = {"data": "a set", "licence": "CC BY-NC 4.0", "segments": 3, "groups": 2, "fingerprint": "00ff"}
    detector.facts["heads"] = {"empathy": head}
    folder = detector.save_pretrained(tmp_path / "detector")
    with pytest.raises(InputError, match=r"under 'CC BY-NC 4\.0'"):
        ship_detector(folder, tmp_path / "out")
    head["licence"] = "MIT"
    with pytest.raises(InputError, match="it has none"):
        ship_adapter(detector.save_pretrained(tmp_path / "free"), tmp_path / "out")
