"""The PDF: printed from the pages, with contents whose numbers are right, bookmarks, and the solutions at the end."""

import re
import subprocess
import sys

import pdf
import pytest

from web import course_pages


@pytest.fixture(scope="module")
def printed(site, browser, tmp_path_factory):
    """A part of the course, printed; the browser is asked for so that the test is skipped where there is none."""
    target = tmp_path_factory.mktemp("pdf") / "course.pdf"
    script = "import pdf, pathlib, sys; pdf.make(pathlib.Path(sys.argv[1]), sys.argv[3:], pathlib.Path(sys.argv[2]))"
    call = [sys.executable, "-c", script, site, target, "05_inference", "glossary"]
    done = subprocess.run(call, cwd=pdf.ROOT / "tools", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target.read_bytes()


def test_the_pdf_has_the_name_that_the_study_guide_links_to():
    assert pdf.NAME == course_pages.PDF


def test_contents_lead_to_pages_in_order_and_solutions_come_last(printed):
    places = pdf.destinations(printed)
    assert {"05_inference", "05_inference--recalibration", "glossary", "solutions"} <= set(places)
    assert 2 < places["05_inference"] < places["05_inference--recalibration"] < places["glossary"] < places["solutions"]
    assert places["solutions"] <= len(pdf.PAGE.findall(printed))
    assert places["glossary"] - places["05_inference"] <= 20


def test_the_pdf_has_bookmarks_and_structure(printed):
    assert re.search(rb"/Outlines \d+ 0 R", printed) and printed.count(b"/Title ") > 20
    assert printed.count(b"/Title (Batch Normalization in Convolutional Networks)") >= 1  # not "inConvolutional"
    assert b"/StructTreeRoot" in printed and b"/Lang" in printed
