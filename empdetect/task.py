"""Task: what a detector is asked to say, about whom, over which stretch of time.

The axes are those of the systematic review of empathy detection by Hasan et al. (IEEE Transactions
on Affective Computing, 2025): granularity, direction, construct and interaction. A model sizes its
heads from the task, and scoring reads its window from it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from empdetect.errors import InputError

Kind = Literal["binary", "ordinal", "nominal", "regression", "continuous"]
Unit = Literal["utterance", "segment", "recording", "continuous"]
Direction = Literal["unidirectional", "parallel", "bidirectional"]
Interaction = Literal["monadic", "dyadic", "group"]


@dataclass(frozen=True)
class Target:
    """One label that a task asks for.

    Args:
        name: what is measured, e.g. ``empathy``; a Python identifier, it names a head and a column.
        kind: ``binary`` (0 or 1), ``ordinal`` (levels 0..K-1 in order), ``nominal`` (classes without
            order), ``regression`` (a number), ``continuous`` (a number rated over time).
        classes: names of the levels or classes; needed for ``ordinal`` and ``nominal``.
        range: lowest and highest value a label may take; needed for ``regression`` and ``continuous``.
    """

    name: str
    kind: Kind
    classes: tuple[str, ...] = ()
    range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        if self.range is not None:
            object.__setattr__(self, "range", (float(self.range[0]), float(self.range[1])))
        problem = self._problem() or self._range_problem()
        if problem:
            raise InputError(f"Defining the target '{self.name}': {problem}")

    def _problem(self) -> str | None:
        if not self.name.isidentifier():
            return "a name of letters, digits and '_' is needed, as it becomes a column and a head"
        if self.kind not in get_args(Kind):
            return f"got kind '{self.kind}', allowed are {', '.join(get_args(Kind))}"
        if self.kind in ("ordinal", "nominal") and len(self.classes) < 2:
            return f"kind '{self.kind}' needs at least two classes, got {len(self.classes)}; list them in 'classes'"
        return None

    def _range_problem(self) -> str | None:
        if self.kind in ("regression", "continuous") and self.range is None:
            return f"kind '{self.kind}' needs a 'range' of two numbers, such as [1, 7]"
        if self.range is not None and not self.range[0] < self.range[1]:
            return f"the range must grow, got {list(self.range)}"
        return None

    @property
    def is_categorical(self) -> bool:
        """Whether a label is a level or class (binary, ordinal, nominal) and not a number."""
        return self.kind in ("binary", "ordinal", "nominal")

    @property
    def levels(self) -> int:
        """Number of levels or classes; 2 for binary, 0 for a number."""
        return 2 if self.kind == "binary" else len(self.classes)

    @property
    def outputs(self) -> int:
        """Number of values a head gives for this target: K-1 thresholds for K ordinal levels."""
        return {"ordinal": self.levels - 1, "nominal": self.levels}.get(self.kind, 1)

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value that a score of this target can take."""
        if self.range is not None:
            return self.range
        return (0.0, float(self.levels - 1)) if self.kind == "ordinal" else (0.0, 1.0)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the rows this target gives in a Scores table; one per class if nominal."""
        if self.kind == "nominal":
            return tuple(f"{self.name}={label}" for label in self.classes)
        return (self.name,)

    def label_problem(self, value: float) -> str | None:
        """What is wrong with a known label value, or None.

        Args:
            value: a label that is not NaN (NaN means unknown and is always allowed).
        """
        if self.is_categorical:
            if value not in range(self.levels):
                return f"'{self.name}' is {value:g}, allowed are the levels 0 to {self.levels - 1}"
        elif not self.limits[0] <= value <= self.limits[1]:
            return f"'{self.name}' is {value:g}, allowed is {self.limits[0]:g} to {self.limits[1]:g}"
        return None


@dataclass(frozen=True)
class Task:
    """What a detector is asked to say.

    Args:
        targets: the labels asked for, each with its kind and range.
        unit: what one score is about: an ``utterance``, a ``segment`` (a window), a whole
            ``recording``, or a ``continuous`` trace.
        direction: ``unidirectional`` (one person towards another), ``parallel`` or ``bidirectional``.
        construct: what is detected: ``empathy``, ``contagion``, ``distress``, ``emotion`` or a free name.
        interaction: ``monadic`` (one person seen), ``dyadic`` or ``group``.
        persons: how many people the model looks at: the scored one first, then the others.
        roles: roles that are scored, e.g. ``listener``; empty scores everyone. A participant without a
            role is always scored.
        window: length of one scored window, in seconds; None scores a recording as one piece.
        hop: seconds from the start of one window to the next; the window's length unless given.
    """

    targets: tuple[Target, ...]
    unit: Unit = "segment"
    direction: Direction = "unidirectional"
    construct: str = "empathy"
    interaction: Interaction = "monadic"
    persons: int = 1
    roles: tuple[str, ...] = ()
    window: float | None = None
    hop: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", tuple(self.targets))
        object.__setattr__(self, "roles", tuple(self.roles))
        problem = self._axis_problem() or self._problem()
        if problem:
            raise InputError(f"Defining the task: {problem}")

    def _axis_problem(self) -> str | None:
        choices = {"unit": Unit, "direction": Direction, "interaction": Interaction}
        for axis, allowed in choices.items():
            if getattr(self, axis) not in get_args(allowed):
                return f"got {axis} '{getattr(self, axis)}', allowed are {', '.join(get_args(allowed))}"
        return None

    def _problem(self) -> str | None:
        names = [target.name for target in self.targets]
        if not names:
            return "at least one target is needed"
        if len(set(names)) < len(names):
            return f"target names must differ, got {', '.join(names)}"
        if self.persons < 1:
            return f"'persons' must be 1 or more, got {self.persons}"
        if self.window is not None and self.window <= 0:
            return f"'window' is a length in seconds above 0, got {self.window:g}"
        if self.hop is not None and (self.window is None or self.hop <= 0):
            return f"'hop' is in seconds above 0 and needs a 'window', got hop {self.hop:g}, window {self.window}"
        return None

    def scores(self, role: str | None) -> bool:
        """Whether people of this role are scored; None, whose role nobody said, always are."""
        return not self.roles or role is None or role in self.roles

    def target(self, name: str) -> Target:
        """The target of that name."""
        for target in self.targets:
            if target.name == name:
                return target
        raise InputError(f"The task has no target '{name}'; it has {', '.join(t.name for t in self.targets)}")

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary for YAML and JSON."""
        plain = asdict(self)
        plain["roles"] = list(self.roles)
        plain["targets"] = [
            {key: list(value) if isinstance(value, tuple) else value for key, value in target.items()}
            for target in plain["targets"]
        ]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Task":
        """The task that ``to_dict`` described.

        Raises:
            InputError: it is not a task, or one that contradicts itself.
        """
        unknown = set(plain) - set(cls.__dataclass_fields__)
        if unknown:
            raise InputError(
                f"Reading a task: unknown {', '.join(sorted(unknown))}; "
                f"allowed are {', '.join(cls.__dataclass_fields__)}"
            )
        try:
            return cls(**{**plain, "targets": tuple(map(_target, plain.get("targets") or ()))})
        except InputError:
            raise
        except (TypeError, ValueError, IndexError) as error:  # what values of other types lead to
            raise InputError(f"Reading a task: a value is of the wrong type ({error}) in {dict(plain)}") from None


def _target(plain: Any) -> Target:
    known = Target.__dataclass_fields__
    if not isinstance(plain, Mapping) or set(plain) - set(known) or not {"name", "kind"} <= set(plain):
        raise InputError(
            f"Reading a task: each target needs a name and a kind, and may have a range or classes; got {plain}"
        )
    return Target(**plain)


def read_task(path: Path) -> Task:
    """The task under the key ``task`` of a YAML file: a configuration, or a detector's config.yaml.

    Raises:
        InputError: the file is missing, not YAML or holds no task.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"Reading the task from {path}: {str(error).splitlines()[0]}") from None
    task = _find_task(content)
    if task is None:
        raise InputError(f"Reading the task from {path}: no key 'task' in it; write one with its targets")
    return Task.from_dict(task)


def _find_task(content: Any) -> dict[str, Any] | None:
    """The value of the first key ``task``, at any depth: configurations keep it with their data module."""
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("task"), dict):
        return cast(dict[str, Any], content["task"])
    return next((task for task in map(_find_task, content.values()) if task), None)
