"""Every relative link of a Markdown file leads to a file and a heading that are there, and docs/SUMMARY.md names every page once."""

import re
import subprocess
import sys

from scene import ROOT

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FAILED = []
CHECKED = 0


def fail(text):
    FAILED.append(text)
    print(f"FAILED {text}")


def without_code(text):
    """The text without fenced blocks and code spans, in which brackets are no links."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(path):
    """Anchors of the headings, as GitHub and mdBook make them."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def check_links(document):
    global CHECKED
    for target in LINK.findall(without_code(document.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        CHECKED += 1
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists():
            fail(f"{document.relative_to(ROOT)}: {target}: no such file")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            fail(f"{document.relative_to(ROOT)}: {target}: no such heading; there are {sorted(anchors(file))}")


def check_summary():
    """mdBook shows what SUMMARY.md names, and nothing else."""
    docs = ROOT / "docs"
    named = LINK.findall((docs / "SUMMARY.md").read_text())
    pages = {str(path.relative_to(docs)) for path in docs.rglob("*.md")} - {"SUMMARY.md"}
    if len(named) != len(set(named)) or set(named) != pages:
        fail(f"docs/SUMMARY.md: not named: {sorted(pages - set(named))}; no page: {sorted(set(named) - pages)}; {len(named)} links")


listed = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, check=True
)
for name in listed.stdout.decode().splitlines():
    if (ROOT / name).exists():
        check_links(ROOT / name)
check_summary()
print(f"docs, links: {CHECKED} checked, {len(FAILED)} failed")
sys.exit(bool(FAILED))
