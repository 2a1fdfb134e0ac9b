"""Every page opens, in both languages, without an exception, with its question as its title."""

from __future__ import annotations

import pytest

from cnnviz.ui.language import catalogue
from cnnviz.ui.lesson import PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.key)
def test_page_opens(open_page, page):
    at = open_page(page.key)
    assert not at.exception
    assert not at.error, at.error[0].value
    assert at.title[0].value == page.question


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.key)
def test_page_speaks_chinese(open_page, page):
    at = open_page(page.key, lang="zh_CN")
    assert not at.exception
    assert not at.error, at.error[0].value
    assert at.title[0].value == catalogue("zh_CN")[page.question]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.key)
def test_unknown_model_and_image_are_sentences(open_page, page):
    at = open_page(page.key, model="shipped:nothing", image="photo:../../etc/passwd")
    assert not at.exception
    assert any("nothing" in w.value for w in at.warning)
    assert at.title[0].value == page.question
