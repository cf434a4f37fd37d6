"""The documentation: links lead somewhere, and README stays short."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    ROOT / "configs" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "docs" / "own_folder.ipynb",
]
MAX_README_WORDS = 1500


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.strip().lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page):
    text = page.read_text()
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    for link in links:
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "index.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "index.md" or f"({page.name})" in index, page.name


def test_the_tests_that_reliability_names_exist():
    names = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "reliability.md").read_text()))
    assert len(names) > 35
    code = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    assert not [name for name in names if f"def {name}(" not in code]


def test_modules_that_the_pages_name_exist():
    tops = ("tunit_tf", "export", "benchmarks", "tests")
    modules = [f"/{path.relative_to(ROOT)}" for top in tops for path in (ROOT / top).rglob("*.py")]
    for page in PAGES:
        if page.name == "CHANGELOG.md":
            continue
        for name in re.findall(r"`([\w/]+\.py)`", page.read_text()):
            assert any(module.endswith(f"/{name}") for module in modules), f"{page.name}: {name}"


def test_references_to_decisions_lead_to_one():
    decisions = (ROOT / "docs" / "decisions.md").read_text()
    numbers = re.findall(r"^(\d+)\. ", decisions, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    sources = [ROOT / "Makefile", *(path for path in PAGES if path.name != "CHANGELOG.md")]
    for folder, pattern in (("tunit_tf", "*.py"), ("export", "*.py"), ("configs", "*.cfg")):
        sources += (ROOT / folder).rglob(pattern)
    text = "".join(path.read_text() for path in sources)
    referred = re.findall(r"decisions\.md,\s(?:# )?(\d+)|\[decision (\d+)\]", text)
    referred = {number for pair in referred for number in pair if number}
    assert referred
    assert referred <= set(numbers)


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= MAX_README_WORDS
