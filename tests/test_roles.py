from pathlib import Path

import pytest

from empdetect.errors import InputError
from empdetect.roles import Role, Roles, read_roles

TSV = (
    "recording\tlabel\tparticipant\trole\n"
    "n/a\tSPEAKER_00\tAnn\tseeker\n"
    "s2/talk\tSPEAKER_00\tCem\tseeker\n"
    "n/a\tface-1\tAnn\tn/a\n"
    "n/a\tSPEAKER_01\t\tsupporter\n"
)


def test_rows_of_one_recording_count_more(tmp_path: Path) -> None:
    path = tmp_path / "roles.tsv"
    path.write_text(TSV)
    roles = read_roles(path)
    everywhere = roles.of("s1/talk")
    assert {label: (row.participant, row.role) for label, row in everywhere.items()} == {
        "SPEAKER_00": ("Ann", "seeker"),
        "face-1": ("Ann", "seeker"),
        "SPEAKER_01": ("SPEAKER_01", "supporter"),
    }
    assert roles.of("s2/talk")["SPEAKER_00"].participant == "Cem"


@pytest.mark.parametrize(
    "text",
    [
        "SPEAKER_00: {participant: Ann, role: seeker}\nface-1: {participant: Ann}\nBen: supporter\n",
        "- {label: SPEAKER_00, participant: Ann, role: seeker}\n- {label: face-1, participant: Ann}\n"
        "- {label: Ben, role: supporter}\n",
    ],
)
def test_yaml_says_the_same_in_two_forms(text: str, tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    path.write_text(text)
    rows = read_roles(path).rows
    assert rows == (Role("SPEAKER_00", "Ann", "seeker"), Role("face-1", "Ann"), Role("Ben", "Ben", "supporter"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "label\n", r"allowed endings are \.tsv, \.yaml, \.yml"),
        ("a.tsv", "speaker\trole\n", "no column 'label', got speaker, role"),
        ("a.tsv", "label\trole\nA\n", "row 2 has 1 cells, not 2 as the first line; write n/a for none"),
        ("a.tsv", "label\tname\nA\tAnn\n", "unknown column name; allowed are recording, label, participant, role"),
        ("a.tsv", "label\trole\n\tx\n", "a row has no label"),
        ("a.tsv", "label\trole\nA\tx\nA\ty\n", "the label 'A' stands twice; keep one row"),
        ("a.tsv", "label\trole\n", "it names nobody"),
        ("a.tsv", "", "the file is empty"),
        ("a.yaml", "A: [", "not valid YAML"),
        ("a.yaml", "[" * 100_000, "brackets nested more than 20 deep"),
        ("a.yaml", "!!int ", "not valid YAML"),
        ("a.yaml", "42", "a role after each label is needed"),
        ("a.yaml", "A: {role: [x]}", "'role' holds a list, a text is needed"),
        ("a.yaml", "A: !!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_faults_are_named(name: str, text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_roles(path)


def test_other_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes("label\trole\nJörg\tx\n".encode("latin-1"))
    with pytest.raises(InputError, match="byte 12 is not UTF-8; save it as UTF-8"):
        read_roles(path)


def test_two_roles_of_one_person_are_refused() -> None:
    roles = Roles((Role("A", "Ann", "seeker"), Role("face-1", "Ann", "supporter")), Path("roles.tsv"))
    with pytest.raises(InputError, match=r"'Ann' is both seeker and supporter in 'talk'; give one role"):
        roles.of("talk")
