"""The first paint: code and module list in the built index.html."""

from __future__ import annotations

import html
import json
import re

import pytest

from buildtools.project import BuildError
from buildtools.shell import LINK, page_modules, with_first_paint
from tests.support.site import PROJECT, built_site


def test_first_examples_code_is_in_the_markup():
    markup = (built_site("site") / "index.html").read_text()
    assert html.escape((PROJECT.web / "examples" / "spirals.py").read_text()) in markup


def test_style_sheets_of_the_first_view_need_no_request_of_their_own():
    site = built_site("site")
    markup = (site / "index.html").read_text()
    for name in ("style.css", "panels/editor/style.css", "panels/status/style.css", "vendor/uplot.css"):
        assert (site / name).read_text() in markup
    assert 'rel="stylesheet"' not in markup and "@import" not in markup


def test_the_sites_facts_are_in_the_markup():
    site = built_site("site")
    told = re.search(r'<script type="application/json" id="site">(.*?)</script>', (site / "index.html").read_text())[1]
    assert json.loads(told) == json.loads((site / "site.json").read_text())


def test_every_module_of_the_start_is_announced_and_there():
    site = built_site("site")
    markup = (site / "index.html").read_text()
    names = page_modules(site)
    assert names[0] == "main.js" and 1 < len(names) < 9
    for name in names:
        assert (site / name).is_file() and LINK.format(name) in markup


def test_modules_of_views_that_load_later_are_not_announced():
    text = "".join((built_site("site") / name).read_text() for name in page_modules(built_site("site")))
    for name in ("rankk", "roundtable", "speed"):
        assert f'import("./panels/{name}/panel.js")' in text
        assert f"panels/{name}/panel.js" not in page_modules(built_site("site"))


def test_markup_without_its_places_is_refused(tmp_path):
    with pytest.raises(BuildError, match="the first example's code"):
        with_first_paint('<link rel="stylesheet" href="style.css">', tmp_path)
