"""Pages that need no other file: a template with its style, its script and Plotly inside."""

import json
from typing import Any

SCRIPT_END = "<\\/"
"""How a closing tag stands in JSON within a script, so that no text can end the script."""


def render(template: str, **values: Any) -> str:
    """A page of a template that extends ``base.html.j2``.

    Args:
        template: name of the file beside this one.
        values: what it shows; ``title`` and ``figures`` (JSON that ``for_script`` made) among them.
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
        **values,
        style=(own / "report.css").read_text(encoding="utf-8"),
        script=(own / "report.js").read_text(encoding="utf-8"),
        plotly=get_plotlyjs(),
    )


def for_script(content: Any) -> str:
    """JSON that can stand within a script element."""
    return (
        json.dumps(content, ensure_ascii=False, allow_nan=False).replace("</", SCRIPT_END).replace("<!--", "<\\u0021--")
    )
