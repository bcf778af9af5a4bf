"""The templates, the style sheet and the script, read with the code to which they belong."""

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

_TEMPLATES = files(__package__).joinpath("templates")
_STATIC = files(__package__).joinpath("static")

STYLE = _STATIC.joinpath("pages.css").read_text(encoding="utf-8")
SCRIPT = _STATIC.joinpath("directory.js").read_text(encoding="utf-8")


def _named(name: str, text: str) -> str:
    """Return a file's name with a digest of its text: a browser never shows a page with the style of another one."""
    stem, _, ending = name.partition(".")
    return f"{stem}.{hashlib.sha256(text.encode()).hexdigest()[:16]}.{ending}"


STYLE_NAME = _named("pages.css", STYLE)
SCRIPT_NAME = _named("directory.js", SCRIPT)
_COPY = _STATIC.joinpath("copy.js").read_text(encoding="utf-8")
COPY_NAME = _named("copy.js", _COPY)

FILES: Mapping[str, tuple[str, str]] = {
    STYLE_NAME: (STYLE, "text/css"),
    SCRIPT_NAME: (SCRIPT, "text/javascript"),
    COPY_NAME: (_COPY, "text/javascript"),
}
"""What a page loads, by its name: the text and the type."""

_environment = Environment(
    loader=DictLoader({each.name: each.read_text(encoding="utf-8") for each in _TEMPLATES.iterdir()}),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(
    style=Markup(STYLE),  # noqa: S704 - ours, and not a value
    script=Markup(SCRIPT),  # noqa: S704
    style_name=STYLE_NAME,
    script_name=SCRIPT_NAME,
    copy_name=COPY_NAME,
)


def render(template: str, **values: Any) -> str:
    """Return a page. Every value is escaped; one that is missing is an error."""
    return _environment.get_template(template).render(**values)


def hash_source(text: str) -> str:
    """Return what allows this style sheet or script in a policy (CSP Level 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
