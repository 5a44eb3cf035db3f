"""Grouped splits: a person, a scenario or a duplicate never sits on both sides."""

from collections.abc import Mapping, Sequence

import numpy as np

from empdetect.errors import InputError
from empdetect.recording import SPLITS, Segment, Split
from empdetect.task import Target


def split_segments(
    segments: Sequence[Segment], target: Target, folds: int, fold: int, seed: int
) -> dict[Split, list[Segment]]:
    """Split by the dataset's own ``split`` where every segment has one, else into grouped folds.

    Fold ``fold`` is the test set, the next one the validation set, the rest is for training. A dataset
    that comes with training and test set only gets its validation set from the groups of the former.

    Args:
        segments: all labelled segments.
        target: the folds hold about the same share of its levels, if it is categorical.
        folds: number of folds, at least 3.
        fold: which fold is the test set, 0 to folds - 1.
        seed: of the shuffle of groups.

    Raises:
        InputError: a group is in two splits, there are fewer groups than folds, or a split is empty.
    """
    if all(segment.split for segment in segments):
        parts = _published(segments)
        check_groups(parts)
        if not parts["val"]:
            parts = _with_validation(parts, target, folds, seed)
    else:
        parts = _folds(segments, target, folds, fold, seed)
    check_groups(parts)
    empty = [name for name in SPLITS if not parts[name]]
    if empty:
        raise InputError(
            f"Splitting {len(segments)} segments: no segment is in {' or '.join(empty)}; "
            "mark some, or leave the split of all rows empty to get folds"
        )
    return parts


def shrink_validation(parts: Mapping[Split, Sequence[Segment]], groups: int) -> dict[Split, list[Segment]]:
    """Keep so many groups for validation, the first by name, and train on the others of that split.

    Args:
        parts: segments by split.
        groups: how many, at least 1.

    Raises:
        InputError: ``groups`` is below 1.
    """
    if groups < 1:
        raise InputError(f"Splitting: 1 or more groups are needed for validation, got {groups}")
    kept = set(sorted({group_of(segment) for segment in parts["val"]})[:groups])
    moved = [segment for segment in parts["val"] if group_of(segment) not in kept]
    return {
        "train": [*parts["train"], *moved],
        "val": [segment for segment in parts["val"] if group_of(segment) in kept],
        "test": list(parts["test"]),
    }


def group_of(segment: Segment) -> str:
    """What must not cross a split: the segment's group, or its recording."""
    return segment.group if segment.group is not None else segment.recording.id


def check_groups(parts: Mapping[Split, Sequence[Segment]]) -> None:
    """Make sure that no group is in two splits.

    Raises:
        InputError: one is.
    """
    seen: dict[str, str] = {}
    for split, segments in parts.items():
        for segment in segments:
            before = seen.setdefault(group_of(segment), split)
            if before != split:
                raise InputError(
                    f"Splitting by group: '{group_of(segment)}' is in both {before} and {split}; "
                    "put all segments of a group in one split"
                )


def _published(segments: Sequence[Segment]) -> dict[Split, list[Segment]]:
    unknown = sorted({str(segment.split) for segment in segments} - set(SPLITS))
    if unknown:
        raise InputError(f"Splitting: unknown split {', '.join(unknown)}; allowed are {', '.join(SPLITS)}")
    return {name: [segment for segment in segments if segment.split == name] for name in SPLITS}


def _with_validation(
    parts: dict[Split, list[Segment]], target: Target, folds: int, seed: int
) -> dict[Split, list[Segment]]:
    """The same parts, one fold of the training groups turned into the validation set."""
    train = parts["train"]
    groups = np.array([group_of(segment) for segment in train])
    if len(set(groups)) < folds:
        return parts
    held_out = set(_grouped_folds(train, groups, target, folds, seed)[0].tolist())
    return {
        "train": [segment for place, segment in enumerate(train) if place not in held_out],
        "val": [segment for place, segment in enumerate(train) if place in held_out],
        "test": parts["test"],
    }


def _folds(segments: Sequence[Segment], target: Target, folds: int, fold: int, seed: int) -> dict[Split, list[Segment]]:
    groups = np.array([group_of(segment) for segment in segments])
    if folds < 3 or not 0 <= fold < folds:
        raise InputError(f"Splitting: 'folds' must be 3 or more and 'fold' 0 to folds - 1, got {folds} and {fold}")
    if len(set(groups)) < folds:
        raise InputError(
            f"Splitting: {len(set(groups))} groups cannot fill {folds} folds; lower 'folds' or give more groups"
        )
    part_of = np.full(len(segments), "train")
    held_out = _grouped_folds(segments, groups, target, folds, seed)
    part_of[held_out[(fold + 1) % folds]] = "val"
    part_of[held_out[fold]] = "test"
    return {name: [s for s, part in zip(segments, part_of, strict=True) if part == name] for name in SPLITS}


def _grouped_folds(
    segments: Sequence[Segment],
    groups: "np.ndarray[tuple[int], np.dtype[np.str_]]",
    target: Target,
    folds: int,
    seed: int,
) -> "list[np.ndarray[tuple[int], np.dtype[np.int64]]]":
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    labels = np.array([segment.labels.get(target.name, np.nan) for segment in segments])
    if target.is_categorical:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        return [test for _, test in splitter.split(labels, np.nan_to_num(labels, nan=-1).astype(int), groups)]
    grouped = GroupKFold(folds, shuffle=True, random_state=seed)
    return [test for _, test in grouped.split(labels, labels, groups)]
