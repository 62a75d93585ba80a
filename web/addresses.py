"""The site's address: of each page, of all of them in a sitemap, of the page for those that are not there."""

from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from web import course_pages

MISSING = "404"  # may be shown at any address
CARD = f"{course_pages.HERE.site}_static/card.png"  # what others show beside a link to the course


def canonical(app, pagename: str) -> str:
    """A page's one address; the root's is that of its folder."""
    return course_pages.HERE.site + ("" if pagename == "index" else app.builder.get_target_uri(pagename))


def base(pagename: str) -> str:
    """What links of a page start from where that is not its own address."""
    return urlsplit(course_pages.HERE.site).path if pagename == MISSING else ""


def write(app, error) -> None:
    """Write `sitemap.xml`."""
    if error is None and app.builder.format == "html":
        pages = "".join(
            f"<url><loc>{escape(canonical(app, name))}</loc></url>\n" for name in sorted(app.env.found_docs)
        )
        head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        Path(app.outdir, "sitemap.xml").write_text(f"{head}{pages}</urlset>\n", encoding="utf-8")
