"""Places of output files: a tree like that of the inputs, in which nothing collides."""

from hypothesis import given
from hypothesis import strategies as st

from empdetect.writers.places import ENDINGS, places_of

PARTS = st.sampled_from(["a", "A", "a.html", "..", ".", "", "__", "a~2", "b:c", "b_c", "é", "CON"])
NAMES = st.lists(st.lists(PARTS, min_size=1, max_size=3).map("/".join), unique=True, max_size=12)


def test_the_tree_is_that_of_the_inputs() -> None:
    assert [str(place) for place in places_of(["s1/talk", "s2/talk"]).values()] == ["s1/talk", "s2/talk"]
    assert str(places_of(["../../evil"])["../../evil"]) == "__/__/evil"


def test_what_a_file_system_takes_for_equal_is_kept_apart() -> None:
    assert [str(place) for place in places_of(["a/b", "A/B", "a/b~2"]).values()] == ["a/b", "A/B~2", "a/b~2~2"]
    assert str(places_of(["x.html/y"])["x.html/y"]) == "x.html_/y"


@given(NAMES)
def test_no_two_files_are_one_and_none_is_outside(names: list[str]) -> None:
    found = places_of(names)
    files = [f"{place}{ending}".casefold() for place in found.values() for ending in ENDINGS]
    assert len(set(files)) == len(files)
    folders = {str(parent).casefold() for place in found.values() for parent in place.parents}
    assert not folders & set(files)
    for place in found.values():
        assert not place.is_absolute()
        assert not {".", ".."} & set(place.parts)
