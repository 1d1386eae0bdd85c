"""Atom feeds (RFC 4287) of the register and of the notices, in pages (RFC 5005, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

ATOM = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/atom+xml"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# What XML 1.0 has no way to write; a title may hold it all the same.
_UNWRITABLE = {code: None for code in range(32) if code not in (9, 10, 13)} | {0xFFFE: None, 0xFFFF: None}


@dataclass(frozen=True)
class Item:
    """One entry; `id` is an IRI that never changes, `summary` plain text."""

    id: str
    title: str
    address: str
    updated: datetime
    published: datetime
    summary: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feed:
    """A page of a feed; the addresses are absolute, `previous` and `next` those of the neighbouring pages."""

    name: str
    title: str
    author: str
    language: str
    page: str
    itself: str
    first: str
    previous: str | None
    next: str | None
    items: Sequence[Item]


def feed_id(name: str) -> str:
    """The same for ever, wherever the site is served from. `name` says city and kind."""
    return uuid5(NAMESPACE_URL, f"urn:sportello:{name}").urn


def atom(feed: Feed) -> bytes:
    """The feed as an XML document in UTF-8."""
    ElementTree.register_namespace("", ATOM)
    root = ElementTree.Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": feed.language})
    _text(root, "id", feed_id(feed.name))
    _text(root, "title", feed.title)
    _text(root, "updated", _instant(max((item.updated for item in feed.items), default=_EPOCH)))
    _text(_child(root, "author"), "name", feed.author)
    _text(root, "generator", "Sportello")
    _link(root, "self", feed.itself, MEDIA_TYPE)
    _link(root, "alternate", feed.page, "text/html")
    for relation, address in (("first", feed.first), ("previous", feed.previous), ("next", feed.next)):
        if address:
            _link(root, relation, address, MEDIA_TYPE)
    for item in feed.items:
        entry = _child(root, "entry")
        _text(entry, "id", item.id)
        _text(entry, "title", item.title)
        _text(entry, "updated", _instant(item.updated))
        _text(entry, "published", _instant(item.published))
        _link(entry, "alternate", item.address, "text/html")
        for term in item.categories:
            _child(entry, "category", term=term)
        _text(entry, "summary", item.summary)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _child(parent: ElementTree.Element, name: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    _child(parent, name).text = text.translate(_UNWRITABLE)


def _link(parent: ElementTree.Element, relation: str, address: str, media_type: str) -> None:
    _child(parent, "link", rel=relation, href=address, type=media_type)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
