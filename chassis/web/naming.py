"""The summary of what is to be corrected says which field it means, in the words of the field's own label.

The summary stands above the form, so the labels come later in the page: they are read off the finished page,
where they are already in the reader's language and escaped. A page without a summary is not looked at.
"""

from __future__ import annotations

import re

_PLACE = re.compile(r'<span data-field="([^"]*)"></span>')
_LABEL = re.compile(r'<label[^>]* for="([^"]+)">\s*([^<]*[^<\s])')
_LEGEND = re.compile(r'<fieldset[^>]* id="([^"]+)"[^>]*>\s*<legend[^>]*>\s*([^<]*[^<\s])')
_ROW = re.compile(r"(.+-[0-9]+)-[^-]+")


def name_fields(page: str) -> str:
    """`page` with every place in its summaries filled: “Row 2, Quantity: ”, or nothing for a field without a label."""
    if "<span data-field=" not in page:
        return page
    labels = dict(_LABEL.findall(page)) | dict(_LEGEND.findall(page))

    def name(place: re.Match[str]) -> str:
        field = place[1]
        row = _ROW.fullmatch(field)
        words = [labels.get(row[1]) if row else None, labels.get(field)]
        said = ", ".join(word for word in words if word)
        return f"{said}: " if said else ""

    return _PLACE.sub(name, page)
