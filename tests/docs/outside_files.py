"""A preprocessor of mdBook: files outside docs/ that a page links to become pages of the book, at its end.

mdBook calls it with the book on stdin (docs/book.toml). In such a page, a link to another page of the book stays a link, and
what the book does not hold is named by its place in the repository.
"""

import json
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
# Fenced blocks and code spans, in which brackets are no links.
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def chapters(items):
    """Every chapter that has a file, depth first."""
    for item in items:
        chapter = item.get("Chapter") if isinstance(item, dict) else None
        if chapter and chapter["source_path"]:
            yield chapter
            yield from chapters(chapter["sub_items"])


def split(folder, target):
    """The file that a link leads to and its anchor; no file for addresses and for places in the same page."""
    path, _, anchor = target.partition("#")
    if not path or re.match(r"[a-z]+:", target):
        return None, anchor
    return (folder / path).resolve(), anchor


def page_of(file):
    """Where the book has a file: a page of docs/, or below repository/."""
    if file.is_relative_to(DOCS):
        return str(file.relative_to(DOCS)) if file.suffix == ".md" and file.exists() else None
    name = str(file.relative_to(ROOT)).replace("/", "-")
    return f"repository/{name if file.suffix == '.md' else name + '.md'}"


def mapped(text, change):
    """The text with `change` applied to every link outside of code."""
    pieces, last = [], 0
    for code in [*CODE.finditer(text), None]:
        end = code.start() if code else len(text)
        pieces.append(LINK.sub(change, text[last:end]))
        if code:
            pieces.append(code.group())
            last = code.end()
    return "".join(pieces)


def outside(book):
    """The files outside docs/ that pages link to, in the order of the links."""
    found = {}
    for chapter in chapters(book["items"]):
        folder = (DOCS / chapter["source_path"]).parent
        mapped(chapter["content"], lambda link, folder=folder: found.update({split(folder, link[2])[0]: None}) or link[0])
    return [file for file in found if file and file.is_file() and not file.is_relative_to(DOCS)]


def linked(text, folder, here, known):
    """The text of a page in folder `here` of the book, written for `folder` of the repository."""
    def change(link):
        file, anchor = split(folder, link[2])
        if file is None:
            return link[0]
        page = page_of(file) if file.is_relative_to(DOCS) or file in known else None
        if page is None:
            place = os.path.relpath(file, ROOT)
            return link[1] if link[1].strip("`") == place else f"{link[1]} (`{place}`)"
        return f"[{link[1]}]({os.path.relpath(page, here)}{'#' + anchor if anchor else ''})"
    return mapped(text, change)


def page(file, known):
    """The chapter of a file outside docs/."""
    name, text = str(file.relative_to(ROOT)), file.read_text()
    if file.suffix == ".md":
        text = linked(text, file.parent, "repository", known)
    else:
        text = f"# {name}\n\n````{file.suffix[1:]}\n{text}\n````\n"
    path = page_of(file)
    chapter = {"name": name, "content": text, "number": None, "sub_items": [], "path": path, "source_path": None, "parent_names": []}
    return {"Chapter": chapter}


def with_outside_files(book):
    """The book with the files that it links to."""
    files = outside(book)
    for chapter in chapters(book["items"]):
        place = pathlib.Path(chapter["source_path"]).parent
        chapter["content"] = linked(chapter["content"], DOCS / place, place, files)
    book["items"] += [{"PartTitle": "Files of the repository"}, *(page(file, files) for file in files)]
    return book


if sys.argv[1:2] != ["supports"]:
    json.dump(with_outside_files(json.load(sys.stdin)[1]), sys.stdout)
