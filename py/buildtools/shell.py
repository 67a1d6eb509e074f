"""What the page's first paint and start need, put into its markup: its style sheets, the first example's code, the
site's facts, and early word of the modules that main.js imports.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from .project import BuildError

FIRST_EXAMPLE = "spirals"
STYLE_PLACE = '<link rel="stylesheet" href="style.css">'
CODE_PLACE = "<!-- the first example's code -->"
FACTS_PLACE = "<!-- what site.json says -->"
MODULES_PLACE = "<!-- the page's modules -->"
# Not "modulepreload": the browser would compile half a megabyte before it paints.
LINK = '<link rel="preload" as="script" crossorigin href="{}">'
IMPORTED = re.compile(r"""(?:from|import)\s*["'](\.{1,2}/[^"']+\.js)["']""")
SHEET = re.compile(r"""^@import "([^"]+)";$""", re.MULTILINE)
PANEL = re.compile(r"""\{ name: "(\w+)", region: "\w+", load""")


def with_first_paint(markup: str, site: Path) -> str:
    """The markup with the style sheets, the code, the facts and the module list of the site in their places."""
    for place in (STYLE_PLACE, CODE_PLACE, FACTS_PLACE, MODULES_PLACE):
        if markup.count(place) != 1:
            raise BuildError(f"web/index.html must have {place} once")
    panels = PANEL.findall((site / "panels" / "registry.js").read_text())
    sheets = [site / "style.css", *(site / "panels" / name / "style.css" for name in panels)]
    style = f'<style data-panels="{" ".join(panels)}">\n{"".join(map(_sheet, sheets))}</style>'
    code = html.escape((site / "examples" / f"{FIRST_EXAMPLE}.py").read_text())
    links = "\n  ".join(LINK.format(name) for name in page_modules(site))
    facts = json.dumps(json.loads((site / "site.json").read_text()), separators=(",", ":")).replace("<", "\\u003c")
    places = {STYLE_PLACE: style, CODE_PLACE: code, FACTS_PLACE: facts, MODULES_PLACE: links}
    for place, content in places.items():
        markup = markup.replace(place, content)
    return markup


def page_modules(site: Path) -> list[str]:
    """Addresses of main.js and of the modules that it imports, however deep."""
    waiting, found = [site / "main.js"], set()
    while waiting:
        module = waiting.pop().resolve()
        if module in found:
            continue
        found.add(module)
        waiting += [module.parent / name for name in IMPORTED.findall(module.read_text())]
    return sorted(module.relative_to(site.resolve()).as_posix() for module in found)


def _sheet(path: Path) -> str:
    """A style sheet with those that it imports in their places."""
    return SHEET.sub(lambda found: _sheet(path.parent / found[1]), path.read_text())
