"""What the tests of the site share: the pages, a phone, and questions to a page."""

from pathlib import Path

import course
import yaml

ROOT = Path(__file__).resolve().parent.parent
HERE = course.read()
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text())
PAGES = course.pages()
CHAPTERS = [Path(chapter.file).name for chapter in HERE.chapters]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def violations(page, **options) -> list[tuple[str, str]]:
    """What axe finds, each with the first element that shows it."""
    from axe_core_python.sync_playwright import Axe

    # To describe what is all right as well takes axe longer than to look.
    options["options"] = {"resultTypes": ["violations"], **options.get("options", {})}
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in Axe().run(page, **options)["violations"]]
