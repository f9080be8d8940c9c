"""Every link and picture of the built book leads to a file of the book, and every anchor to an element: book.py FOLDER"""

import html.parser
import pathlib
import re
import sys
import urllib.parse

BOOK = pathlib.Path(sys.argv[1]).resolve()
# A page of its own for printing, which repeats all others; a page for wrong addresses, whose links begin at the server's top.
LEFT_OUT = {"print.html", "404.html", "toc.html"}
FAILED = []
CHECKED = 0


class Page(html.parser.HTMLParser):
    """Targets and anchors of a page."""

    def __init__(self, file):
        super().__init__()
        self.targets, self.anchors = [], set()
        self.feed(file.read_text())

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors |= {attrs[key] for key in ("id", "name") if attrs.get(key)}
        target = attrs.get("href") or attrs.get("src")
        if target and tag in ("a", "img"):
            self.targets.append(target)


pages = {file: Page(file) for file in sorted(BOOK.rglob("*.html")) if file.name not in LEFT_OUT}
for file, page in pages.items():
    for target in page.targets:
        if re.match(r"[a-z]+:", target):
            continue
        CHECKED += 1
        path, _, anchor = urllib.parse.unquote(target).partition("#")
        there = (file.parent / path).resolve() if path else file
        if not there.is_relative_to(BOOK) or not there.is_file():
            FAILED.append(f"{file.relative_to(BOOK)}: {target}: no such file in the book")
        elif anchor and there in pages and anchor not in pages[there].anchors:
            FAILED.append(f"{file.relative_to(BOOK)}: {target}: no such place")
if not any("repository" in str(file) for file in pages):
    FAILED.append("no file of the repository is in the book")
for text in FAILED:
    print(f"FAILED {text}")
print(f"book: {len(pages)} pages, {CHECKED} links checked, {len(FAILED)} failed")
sys.exit(bool(FAILED))
