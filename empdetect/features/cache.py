"""Features kept on disk, and the step from a segment to an example that uses them."""

import json
import logging
import os
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from empdetect.components import describe
from empdetect.features.base import Extractor, Features
from empdetect.recording import Participant
from empdetect.streams.files import file_fingerprint, fingerprint

log = logging.getLogger(__name__)

FIELDS = ("values", "times", "mask", "quality", "reason")


def default_folder() -> Path:
    """Folder of the cache: ``$EMPDETECT_CACHE``, or the user's cache folder."""
    from platformdirs import user_cache_path

    named = os.environ.get("EMPDETECT_CACHE")
    return Path(named) if named else user_cache_path("empdetect", appauthor=False)


class FeatureCache:
    """Features by extractor, participant and content of the streams.

    The last few are kept in memory, so that the windows of one recording share one extraction. A
    file is written whole or not at all, so processes may share a folder; a broken one is made anew.

    Args:
        folder: where the files lie; None means ``default_folder()``, asked when first used.
        enabled: False keeps features in memory only.
        keep: how many features to keep in memory.
    """

    def __init__(self, folder: Path | str | None = None, enabled: bool = True, keep: int = 16) -> None:
        self.folder = folder
        self.enabled = enabled
        self.keep = keep
        self._recent: OrderedDict[str, Features] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the memory behind when the cache travels to another process."""
        return {**self.__dict__, "_recent": OrderedDict()}

    def features(self, extractor: Extractor, person: Participant) -> Features:
        """Features of a participant, computed if they are not there yet.

        Raises:
            InputError: a stream is there but cannot be read.
        """
        if not extractor.streams(person):
            return extractor(person)
        key = cache_key(extractor, person)
        features = self._recent.pop(key, None) or self._load(key, extractor) or self._made(key, extractor, person)
        self._remember(key, features)
        return features

    def fill(self, extractor: Extractor, people: Sequence[Participant]) -> None:
        """Compute features of several people at once; those that are there are left alone.

        They are kept on disk, or in memory if nothing is to be kept there.

        Raises:
            InputError: a stream is there but cannot be read.
        """
        missing = {cache_key(extractor, person): person for person in people if not self.holds(extractor, person)}
        if missing:
            self._freshen(cache_key(extractor, person) for person in people)
            # In batches that give the same to the last digit whoever else is in them: what is kept must not hang on it.
            extractor.ahead(list(missing.values()))
        found = extractor.extract_many(list(missing.values())) if missing else []
        for key, features in zip(missing, found, strict=True):
            if self.enabled:
                self._save(key, features)
            else:
                self._remember(key, features)

    def holds(self, extractor: Extractor, person: Participant) -> bool:
        """Whether nothing need be computed ahead: the features are there or cheap, or the person has no such stream."""
        if extractor.cheap or not extractor.streams(person):
            return True
        key = cache_key(extractor, person)
        return key in self._recent or (self.enabled and self.path(key).is_file())

    def _freshen(self, keys: Iterable[str]) -> None:
        """Let what is asked for anew not be forgotten for what comes with it."""
        for key in keys:
            if key in self._recent:
                self._recent.move_to_end(key)

    def _remember(self, key: str, features: Features) -> None:
        self._recent[key] = features
        while len(self._recent) > self.keep:
            self._recent.popitem(last=False)

    def path(self, key: str) -> Path:
        """File of a key; in folders of their first two letters, as a folder of 100,000 files is slow."""
        folder = default_folder() if self.folder is None else Path(self.folder)
        return folder / key[:2] / f"{key}.npz"

    def _made(self, key: str, extractor: Extractor, person: Participant) -> Features:
        features = extractor(person)
        if self._on_disk(extractor):
            self._save(key, features)
        return features

    def _on_disk(self, extractor: Extractor) -> bool:
        return self.enabled and not extractor.cheap

    def _load(self, key: str, extractor: Extractor) -> Features | None:
        """Features of a file; None if there is none or it is broken."""
        if not self._on_disk(extractor):
            return None
        path = self.path(key)
        try:
            with np.load(path, allow_pickle=False) as stored:
                values, times, mask, quality, reason = (stored[name] for name in FIELDS)
            return Features(values, times, mask, quality, str(reason))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            log.warning("The cached features %s are broken (%s); they are made anew", path, error)
            return None

    def _save(self, key: str, features: Features) -> None:
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
                try:
                    _write(file, features)
                    file.close()
                    Path(file.name).replace(path)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            log.warning("Features are not kept on disk: %s; set EMPDETECT_CACHE to a folder with room", error)
            self.enabled = False


def _write(file: Any, features: Features) -> None:
    """Write features as ``.npz``; text as an array of characters, which needs no pickle."""
    np.savez(
        file,
        values=features.values,
        times=features.times,
        mask=features.mask,
        quality=features.quality,
        reason=np.array(features.reason),
    )


def cache_key(extractor: Extractor, person: Participant) -> str:
    """Fingerprint of all that the features depend on.

    Raises:
        InputError: a stream's file is missing.
    """
    return fingerprint(
        json.dumps(describe(extractor), sort_keys=True),
        str(extractor.version),
        person.name,
        *((f"role {person.role}",) if extractor.by_role else ()),
        *(file_fingerprint(path) for path in extractor.resources()),
        "streams",
        *(stream.fingerprint() for stream in extractor.streams(person)),
    )
