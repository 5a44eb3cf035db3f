"""Hostile inputs: valid files, mutated; files put together from a format's own pieces; and plain bytes."""

from collections.abc import Sequence

from hypothesis import strategies as st

NUMBERS = (b"0", b"-1", b"1e999", b"-0.0", b"NaN", b"inf", b"1e12", b"9" * 40, b"1,5", b"0x10", b"1_0", b"", b"true")
BYTES = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"\r",
    b"\n\n",
    b"\t",
    b" ",
    b'"',
    b"'",
    b"\\",
    b"\x85",
    b"\x1c",
)
WORDS = (b"<", b">", b"&", b"&amp;", b"&#0;", b"-->", b"null", b"{}", b"[]", b"[" * 3000, b"\\ud800", "é你".encode())
NASTY = NUMBERS + BYTES + WORDS
"""Pieces that have broken parsers before."""


def hostile(seeds: Sequence[bytes], pieces: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Files for one parser.

    Args:
        seeds: valid files.
        pieces: what the format is made of.
    """
    from_pieces = st.lists(st.sampled_from([*pieces, *NASTY]), max_size=30).map(b"".join)
    mutated = _mutated(seeds, (*pieces, *NASTY))
    return st.one_of(mutated, mutated, mutated, from_pieces, st.binary(max_size=300))


@st.composite
def _mutated(draw: st.DrawFn, seeds: Sequence[bytes], pieces: Sequence[bytes]) -> bytes:
    """A valid file after one to four edits."""
    data = draw(st.sampled_from(list(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        first = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 12))
        kind = draw(st.sampled_from(("replace", "insert", "cut", "repeat", "end")))
        piece = draw(st.sampled_from(list(pieces)) | st.binary(max_size=4))
        middle = {
            "replace": piece,
            "insert": piece + data[first : first + length],
            "cut": b"",
            "repeat": data[first : first + length] * draw(st.integers(2, 20)),
            "end": b"",
        }[kind]
        data = data[:first] + middle + (b"" if kind == "end" else data[first + length :])
    return data
