"""Components: objects that a configuration names by class path and builds from plain arguments.

The rule, as in scikit-learn: every argument of a component's constructor is kept as an attribute of
the same name. It lets ``describe`` write down any component, built in YAML or in a notebook, and
``build`` make it again. A dotted class path is the whole plug-in system; there is no registry.
"""

import inspect
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from empdetect.errors import InputError

OWN = ("empdetect",)
"""Packages whose classes a configuration may name without being asked to trust others."""

T = TypeVar("T")


def class_path(cls: type) -> str:
    """Dotted path of a class, e.g. ``empdetect.features.audio.LogMel``."""
    return f"{cls.__module__}.{cls.__qualname__}"


def describe(component: object) -> dict[str, Any]:
    """Class path and arguments from which ``build`` makes an equal component.

    Raises:
        TypeError: an argument of the constructor is not kept as an attribute.
    """
    arguments = {}
    for name in constructor_arguments(type(component)):
        if not hasattr(component, name):
            raise TypeError(f"{class_path(type(component))} must keep its argument '{name}' as an attribute")
        arguments[name] = _plain(getattr(component, name))
    return {"class_path": class_path(type(component)), "init_args": arguments}


def build(spec: Mapping[str, Any], kind: type[T], trusted: Sequence[str] = OWN) -> T:
    """Build the component that ``spec`` names.

    Args:
        spec: ``{"class_path": dotted path, "init_args": {name: value}}``.
        kind: base class the component must have; refuses anything else before it is called.
        trusted: top-level packages that may be imported. A configuration from a stranger must not
            make Python import, and so run, whatever it names.

    Raises:
        InputError: the path is outside the trusted packages, not found or not a ``kind``, or the
            arguments do not fit.
    """
    path = str(spec.get("class_path", ""))
    if path.split(".", maxsplit=1)[0] not in trusted:
        raise InputError(
            f"Building a component: '{path}' is outside the trusted packages ({', '.join(trusted)}); "
            "if you know its author, name its package in 'trusted'"
        )
    found = _find(path)
    if not (inspect.isclass(found) and issubclass(found, kind)):
        raise InputError(f"Building a component: '{path}' is not a {kind.__name__}")
    if found.__module__.split(".", maxsplit=1)[0] not in trusted:
        # A module of ours that imports Popen or Path does not vouch for it.
        raise InputError(f"Building a component: '{path}' is a class of {found.__module__}, no trusted package")
    arguments = spec.get("init_args") or {}
    _check_arguments(path, found, arguments)
    return found(**{name: _built(value, trusted) for name, value in arguments.items()})


def constructor_arguments(cls: type) -> list[str]:
    """Names of the arguments of a class's constructor."""
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return []
    parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    return [p.name for p in parameters if p.name != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _check_arguments(path: str, cls: type, arguments: Mapping[str, Any]) -> None:
    allowed = constructor_arguments(cls)
    takes = f"it takes {', '.join(allowed) or 'none'}"
    unknown = sorted(set(arguments) - set(allowed))
    if unknown:
        raise InputError(f"Building {path}: no argument {', '.join(unknown)}; {takes}")
    defaults = {name for name, each in inspect.signature(cls).parameters.items() if each.default is not each.empty}
    lacking = [name for name in allowed if name not in arguments and name not in defaults]
    if lacking:
        raise InputError(f"Building {path}: it lacks {', '.join(lacking)}; {takes}")


def _find(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"Building a component: cannot find '{path}' ({error})") from None


def _plain(value: Any) -> Any:
    """The value as plain YAML types; nested components become specs."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value) if isinstance(value, Path) else describe(value)


def _built(value: Any, trusted: Sequence[str]) -> Any:
    if isinstance(value, Mapping):
        if "class_path" in value:
            return build(value, object, trusted)
        return {key: _built(item, trusted) for key, item in value.items()}
    if isinstance(value, list):
        return [_built(item, trusted) for item in value]
    return value
