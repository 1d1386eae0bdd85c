"""What RFC 4287 and RFC 5005 ask of a feed, as far as one document shows it."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlsplit
from xml.etree import ElementTree

ATOM = "{http://www.w3.org/2005/Atom}"
_INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
_FEED_ONCE = ("id", "title", "updated")
_FEED_AT_MOST_ONCE = ("generator", "icon", "logo", "rights", "subtitle")
_ENTRY_AT_MOST_ONCE = ("content", "published", "rights", "source", "summary")
_PAGING = ("first", "last", "previous", "next")


def violations(document: bytes) -> list[str]:
    """Every rule that the feed breaks, by section of RFC 4287 where there is one."""
    root = ElementTree.fromstring(document)
    if root.tag != f"{ATOM}feed":
        return ["4.1.1 the root is no atom:feed"]
    entries = root.findall(f"{ATOM}entry")
    found = _counted(root, "feed", _FEED_ONCE, _FEED_AT_MOST_ONCE)
    if not root.findall(f"{ATOM}author") and not all(one.findall(f"{ATOM}author") for one in entries):
        found.append("4.1.1 no author, neither of the feed nor of every entry")
    found += _links(root, "feed")
    relations = Counter(link.get("rel", "alternate") for link in root.findall(f"{ATOM}link"))
    if relations["self"] != 1:
        found.append("4.1.1 a feed should have one link of relation self")
    found += [f"RFC 5005: more than one {name}" for name in _PAGING if relations[name] > 1]
    for entry in entries:
        found += _counted(entry, "entry", _FEED_ONCE, _ENTRY_AT_MOST_ONCE) + _links(entry, "entry")
        links = [link.get("rel", "alternate") for link in entry.findall(f"{ATOM}link")]
        if entry.find(f"{ATOM}content") is None and "alternate" not in links:
            found.append("4.1.2 an entry without content has no alternate link")
        found += [
            f"4.2.2 {category.attrib}" for category in entry.findall(f"{ATOM}category") if not category.get("term")
        ]
    ids = Counter(entry.findtext(f"{ATOM}id") for entry in entries)
    found += [f"4.1.1 id twice: {one}" for one, times in ids.items() if times > 1]
    for author in root.iter(f"{ATOM}author"):
        if len(author.findall(f"{ATOM}name")) != 1:
            found.append("3.2.1 a person has exactly one name")
    return found


def _counted(element: ElementTree.Element, name: str, once: tuple[str, ...], at_most: tuple[str, ...]) -> list[str]:
    counts = Counter(child.tag.removeprefix(ATOM) for child in element)
    found = [f"4.1 {name} has {counts[one]} {one}" for one in once if counts[one] != 1]
    found += [f"4.1 {name} has {counts[one]} {one}" for one in at_most if counts[one] > 1]
    for one in ("updated", "published"):
        found += [
            f"3.3 {child.text} is no date of RFC 3339"
            for child in element.findall(f"{ATOM}{one}")
            if not _INSTANT.match(child.text or "")
        ]
    identifier = element.findtext(f"{ATOM}id") or ""
    if not urlsplit(identifier).scheme:
        found.append(f"4.2.6 {identifier!r} is no absolute IRI")
    if not (element.findtext(f"{ATOM}title") or "").strip():
        found.append(f"4.2.14 {name} has an empty title")
    return found


def _links(element: ElementTree.Element, name: str) -> list[str]:
    links = element.findall(f"{ATOM}link")
    found = [f"4.2.7 a link of the {name} goes nowhere" for link in links if not urlsplit(link.get("href", "")).scheme]
    alternates = Counter((link.get("type"), link.get("hreflang")) for link in links if link.get("rel") == "alternate")
    return found + [f"4.1 {name}: alternate twice {one}" for one, times in alternates.items() if times > 1]
