"""The datasets there are modules for, as a table."""

import inspect
import pkgutil
from importlib import import_module

import empdetect.datamodules
from empdetect.datamodules.base import EmpathyDataModule


def data_modules() -> list[type[EmpathyDataModule]]:
    """All data modules of the package that name their data, by class name."""
    found = set()
    for info in pkgutil.iter_modules(empdetect.datamodules.__path__):
        module = import_module(f"empdetect.datamodules.{info.name}")
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if issubclass(cls, EmpathyDataModule) and cls.about:
                found.add(cls)
    return sorted(found, key=lambda cls: cls.__name__)


def catalogue_table() -> str:
    """One dataset a paragraph: class path, what it holds, licence, source, and how to get it where that takes more."""
    return "\n\n".join(map(_paragraph, data_modules()))


def _paragraph(cls: type[EmpathyDataModule]) -> str:
    lines = [
        f"{cls.__module__}.{cls.__name__}",
        f"  {cls.about}",
        f"  licence: {cls.licence}",
        f"  source: {cls.source}",
    ]
    if cls.how_to_get:
        lines.append(f"  how to get: {cls.how_to_get}")
    return "\n".join(lines)
