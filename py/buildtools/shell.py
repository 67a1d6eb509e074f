"""What the page's first paint and start need, put into its markup: its style sheet, the first example's code, the
site's facts, and early word of every module.

Modules import each other four levels deep. Without the list a browser finds them level by level, a round trip each;
with it all are requested at once.
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
IMPORTED = re.compile(r"""(?:from|import)\s*\(?\s*["'](\.{1,2}/[^"']+\.js)["']""")
PANEL = re.compile(r"""\{ name: "(\w+)", region: "\w+" \}""")


def with_first_paint(markup: str, site: Path) -> str:
    """The markup with the style sheet, the code, the facts and the module list of the site in their places."""
    for place in (STYLE_PLACE, CODE_PLACE, FACTS_PLACE, MODULES_PLACE):
        if markup.count(place) != 1:
            raise BuildError(f"web/index.html must have {place} once")
    style = f"<style>\n{(site / 'style.css').read_text()}</style>"
    code = html.escape((site / "examples" / f"{FIRST_EXAMPLE}.py").read_text())
    links = "\n  ".join(f'<link rel="modulepreload" href="{name}">' for name in page_modules(site))
    facts = json.dumps(json.loads((site / "site.json").read_text()), separators=(",", ":")).replace("<", "\\u003c")
    places = {STYLE_PLACE: style, CODE_PLACE: code, FACTS_PLACE: facts, MODULES_PLACE: links}
    for place, content in places.items():
        markup = markup.replace(place, content)
    return markup


def page_modules(site: Path) -> list[str]:
    """Addresses of the modules that main.js brings about, those of the registered panels included."""
    registry = site / "panels" / "registry.js"
    panels = [registry.parent / name / "panel.js" for name in PANEL.findall(registry.read_text())]
    waiting, found = [site / "main.js", *panels], set()
    while waiting:
        module = waiting.pop().resolve()
        if module in found:
            continue
        found.add(module)
        waiting += [module.parent / name for name in IMPORTED.findall(module.read_text())]
    return sorted(module.relative_to(site.resolve()).as_posix() for module in found)
