from pathlib import Path

import pytest
import yaml

from empdetect.rl.identity import identity_of


def settings(folder: Path, **changed: object) -> str:
    told = {
        "out": str(folder / "out"),
        "seed": 0,
        "profiles": str(folder / "bank.jsonl"),
        "rewards": {"head": {"init_args": {"detector": str(folder / "detector"), "measures": ["a/b", "empathy"]}}},
        "trainer": {"steps": 10},
    }
    return str(yaml.safe_dump(told | changed))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "detector").mkdir()
    (tmp_path / "detector" / "weights").write_bytes(b"1")
    (tmp_path / "bank.jsonl").write_text("one", encoding="utf-8")
    return tmp_path


def test_where_a_run_lies_and_how_long_it_goes_on_make_no_other_run(folder: Path) -> None:
    first = identity_of(settings(folder))
    assert identity_of(settings(folder, out="elsewhere", trainer={"steps": 20})) == first
    assert identity_of(settings(folder, seed=1)) != first


@pytest.mark.parametrize("name", ["bank.jsonl", "detector/weights"])
def test_a_file_of_another_content_makes_another_run(folder: Path, name: str) -> None:
    first = identity_of(settings(folder))
    (folder / name).write_bytes(b"changed")
    assert identity_of(settings(folder)) != first


def test_an_endpoint_may_be_reached_otherwise_and_no_other_may_be_asked(folder: Path) -> None:
    def asked(**given: object) -> str:
        endpoint = {"class_path": "empdetect.rl.users.endpoint.Endpoint", "init_args": {"model": "m", **given}}
        return identity_of(settings(folder, user={"class_path": "x.User", "init_args": {"endpoint": endpoint}}))

    first = asked(base_url="http://127.0.0.1:1/v1", timeout=60)
    assert asked(base_url="http://127.0.0.1:2/v1", attempts=9) == first
    assert asked(base_url="http://127.0.0.1:1/v1", timeout=60, temperature=0.1) != first
    assert asked(base_url="http://127.0.0.1:1/v1", model="n") != first
    assert identity_of(settings(folder, user={"base_url": "a"})) != identity_of(
        settings(folder, user={"base_url": "b"})
    )


def test_a_file_named_without_a_folder_is_a_file_and_a_folders_name_alone_is_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    told = settings(folder, profiles="bank.jsonl", model="detector")
    first = identity_of(told)
    (folder / "detector" / "weights").rename(folder / "weights")
    (folder / "detector").rmdir()
    assert "bank.jsonl:" in first and "\n  detector:" not in first
    (folder / "bank.jsonl").write_text("two", encoding="utf-8")
    assert identity_of(told) != first


def test_a_file_that_came_makes_another_run_and_words_are_no_files(folder: Path) -> None:
    first = identity_of(settings(folder))
    assert "a/b:" not in first and str(folder / "detector") + ":" in first
    (folder / "detector" / "more").write_bytes(b"2")
    assert identity_of(settings(folder)) != first
