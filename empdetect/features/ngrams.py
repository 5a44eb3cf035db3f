"""N-gram features: which words and character sequences a participant used, for fast linear models of text."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features
from empdetect.features.text import middle, own_words
from empdetect.recording import Participant, Stream

LARGEST = 2**24
"""Float32 holds whole numbers exactly up to here."""

Turns: TypeAlias = Literal["all", "last", "earlier"]
"""Which of a person's utterances."""
PICKED: dict[str, slice] = {"all": slice(None), "last": slice(-1, None), "earlier": slice(None, -1)}

Counts = tuple[NDArray[Any], NDArray[Any]]
"""Numbers of the n-grams of an utterance and how often each occurs."""


class TextNgrams(Extractor):
    """Hashed n-grams of what a participant said, with their counts; one frame for each n-gram of an utterance.

    Values are the n-gram's number, 0 to ``buckets`` - 1, and how often it occurs in the utterance. Numbers
    come from hashing (Weinberger et al., ICML 2009), so that nothing need be learned and any language will
    do; characters serve languages that are written without spaces. A frame's time is the middle of its
    utterance, NaN without times.

    Args:
        words: length of the longest word n-grams; 0 takes none.
        characters: length of the longest character n-grams; 0 takes none.
        buckets: how many numbers there are; n-grams that share one cannot be told apart.
        by_role: give the same n-gram another number in the mouth of a person of another role, so that
            a model can learn what it means from each.
        turns: of ``all`` utterances, of the ``last`` one alone, or of all ``earlier`` ones.
    """

    modality = "text"
    references = ("Weinberger et al., ICML 2009 (hashed n-grams)",)
    width = 2

    def __init__(
        self,
        words: int = 2,
        characters: int = 4,
        buckets: int = 2**18,
        by_role: bool = True,
        turns: Turns = "all",
    ) -> None:
        if min(words, characters) < 0 or words + characters == 0 or not 1 <= buckets <= LARGEST:
            raise InputError(
                f"Text n-grams: 'words' or 'characters' must be 1 or more and 'buckets' 1 to {LARGEST}, "
                f"got {words}, {characters} and {buckets}"
            )
        self.words = words
        self.characters = characters
        self.buckets = buckets
        self.by_role = by_role
        self.turns = turns

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The transcript."""
        return () if person.transcript is None else (person.transcript,)

    def extract(self, person: Participant) -> Features:
        """Numbers and counts ``(n-gram, 2)``, in the order of the utterances and then of the numbers."""
        utterances = own_words(person)[PICKED[self.turns]]
        if not utterances:
            which = "" if self.turns == "all" else f"{self.turns} "
            return Features.missing(self.width, f"the transcript has no {which}words of {person.name}")
        shift = crc32((person.role or "").encode()) if self.by_role else 0
        found = [self._ngrams(utterance.text, shift) for utterance in utterances]
        values = np.concatenate([np.column_stack(each) for each in found]).astype(np.float32)
        times = np.repeat([middle(utterance) for utterance in utterances], [len(each[0]) for each in found])
        return Features(values, times, np.ones(len(values), np.bool_), np.ones(len(values), np.float32))

    def _ngrams(self, text: str, shift: int) -> Counts:
        rows = [vectorizer.transform([text]) for vectorizer in self._vectorizers()]
        numbers = np.concatenate([row.indices.astype(np.int64) for row in rows])
        counts = np.concatenate([row.data for row in rows])
        unique, places = np.unique((numbers + shift) % self.buckets, return_inverse=True)
        return np.asarray(unique), np.bincount(places, weights=counts, minlength=len(unique))

    def _vectorizers(self) -> Iterator[Any]:
        if self.words:
            yield _vectorizer("word", self.words, self.buckets)
        if self.characters:
            yield _vectorizer("char", self.characters, self.buckets)


@lru_cache(maxsize=8)
def _vectorizer(unit: str, longest: int, buckets: int) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        analyzer=unit,
        ngram_range=(1, longest),
        n_features=buckets,
        alternate_sign=False,
        norm=None,
        token_pattern=r"(?u)\b\w+\b",
    )
