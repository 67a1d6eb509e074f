"""The first paint: code and module list in the built index.html."""

from __future__ import annotations

import html
import json
import re

import pytest

from buildtools.project import BuildError
from buildtools.shell import page_modules, with_first_paint
from tests.support.site import PROJECT, built_site


def test_first_examples_code_is_in_the_markup():
    markup = (built_site("site") / "index.html").read_text()
    assert html.escape((PROJECT.web / "examples" / "spirals.py").read_text()) in markup


def test_style_sheet_needs_no_request_of_its_own():
    markup = (built_site("site") / "index.html").read_text()
    assert (PROJECT.web / "style.css").read_text() in markup and 'href="style.css"' not in markup


def test_the_sites_facts_are_in_the_markup():
    site = built_site("site")
    told = re.search(r'<script type="application/json" id="site">(.*?)</script>', (site / "index.html").read_text())[1]
    assert json.loads(told) == json.loads((site / "site.json").read_text())


def test_every_module_of_the_page_is_announced_and_there():
    site = built_site("site")
    markup = (site / "index.html").read_text()
    names = page_modules(site)
    assert {"main.js", "panels/editor/editor.js", "vendor/codemirror.js"} <= set(names)
    for name in names:
        assert (site / name).is_file() and f'<link rel="modulepreload" href="{name}">' in markup


def test_worker_modules_are_not_announced():
    assert "kernel/worker.js" not in page_modules(built_site("site"))


def test_markup_without_its_places_is_refused(tmp_path):
    with pytest.raises(BuildError, match="the first example's code"):
        with_first_paint('<link rel="stylesheet" href="style.css">', tmp_path)
