"""Pages that need no other file: a template with its styles and scripts inside."""

import json
from pathlib import Path
from typing import Any

from empdetect.scores import writing


def render(template: str, **values: Any) -> str:
    """A page of a template that extends ``base.html.j2``.

    Args:
        template: name of the file beside this one.
        values: what it shows, ``title`` among them; of a page with Plotly's figures, ``figures`` (JSON that
            ``for_script`` made).
    """
    from importlib.resources import files

    from jinja2 import Environment, PackageLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    own = files("empdetect.report")
    environment = Environment(
        loader=PackageLoader("empdetect.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(
        **values, content_of=lambda name: (own / name).read_text(encoding="utf-8"), plotly=get_plotlyjs
    )


def for_script(content: Any) -> str:
    """JSON that can stand within a script element: no text in it can end the script or open a comment."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def write_page(path: Path, template: str, **values: Any) -> Path:
    """Write a page that ``render`` makes; folders are made.

    Raises:
        InputError: it cannot be written.
    """
    page = render(template, **values)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    return path
