"""Whether a text is words of the language it should be in, by plain counts that anybody can check."""

import re
from functools import lru_cache

from empdetect.errors import InputError

LANGUAGES = ("en", "zh")
KNOWN_SHARE = 0.6
"""Least share of English words that must be known ones; names and rare words need room."""
FUNCTION_SHARE = 0.2
"""Least share of function words in English text of five words or more; running text has about half."""
HAN_SHARE = 0.5
"""Least share of Chinese characters among the letters of Chinese text."""

FOREIGN_SHARE = 0.1
"""Largest share of letters of other scripts among those of English text."""

LAST_LATIN = 0x24F
"""Code of the last letter of the Latin blocks."""

_HAN = re.compile(r"[㐀-鿿]")


def units(text: str, language: str = "en") -> list[str]:
    """Words of a text in lower case; single characters where a language writes no spaces."""
    if language == "zh":
        return [letter for letter in text if letter.isalnum()]
    return re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", text.lower())


def in_language(text: str, language: str) -> bool:
    """Whether a text is readable words of a language, and neither gibberish nor another language.

    Args:
        text: what was said; an empty text is in no language.
        language: ``en`` or ``zh``.

    Raises:
        InputError: another language; this check does not know it.
    """
    if language not in LANGUAGES:
        raise InputError(
            f"Checking the language of replies: got '{language}', allowed are {', '.join(LANGUAGES)}; "
            "leave the check out for profiles in another language"
        )
    found = units(text, language)
    if not found:
        return False
    return _is_chinese(text) if language == "zh" else _is_latin(text) and _is_english(found)


def _is_chinese(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    chinese = sum(_HAN.match(letter) is not None for letter in letters)
    varied = len(letters) < 10 or len(set(letters)) >= 0.25 * len(letters)
    return bool(letters) and chinese >= HAN_SHARE * len(letters) and varied


def _is_latin(text: str) -> bool:
    """By characters: a clause of a language that writes no spaces is one word."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum(ord(letter) > LAST_LATIN for letter in letters) <= FOREIGN_SHARE * len(letters)


def _is_english(words: list[str]) -> bool:
    parts = [part for word in words for part in re.split(r"['’]", word)]
    known, function = _vocabulary()
    enough = len(words) < 5 or sum(part in function for part in parts) >= FUNCTION_SHARE * len(parts)
    return enough and sum(part in known for part in parts) >= KNOWN_SHARE * len(parts)


@lru_cache(maxsize=1)
def _vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """Whole words that the text encoder in the box knows, and function words."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    from empdetect.features.text import load_tokenizer

    known = frozenset(word for word in load_tokenizer("minilm").get_vocab() if word.isalpha())
    return known | ENGLISH_STOP_WORDS, frozenset(ENGLISH_STOP_WORDS) | {"s", "t", "m", "re", "ve", "ll", "d", "don"}
