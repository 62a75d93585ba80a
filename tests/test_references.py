"""What a chapter cites stands in the list of references."""

import re

import course
import pytest

ROOT = course.ROOT
PAPER = re.compile(r"https://(?:arxiv\.org/abs/|doi\.org/|proceedings\.mlr\.press/)[\w./-]*\w")
LISTED = set(PAPER.findall((ROOT / "book" / "references.md").read_text()))


@pytest.mark.parametrize("chapter", course.read().chapters, ids=lambda chapter: chapter.slug)
def test_every_paper_that_a_chapter_cites_is_listed(chapter):
    cited = set(PAPER.findall((ROOT / chapter.path).read_text()))
    assert sorted(cited - LISTED) == []


def test_a_paper_that_is_not_listed_would_be_found():
    assert PAPER.findall("([2015](https://arxiv.org/abs/1502.03167), section 3)") == [
        "https://arxiv.org/abs/1502.03167"
    ]
    assert "https://arxiv.org/abs/1502.03167" in LISTED
