r"""Separators in search values, which a backslash makes ordinary: `\,` `\|` `\$` `\\`.

https://hl7.org/fhir/R4/search.html#escaping
"""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\([,|$\\])")
_SEPARATORS = re.compile(r"([,|$\\])")


def split(text: str, separator: str) -> list[str]:
    """Split at each separator that is not escaped; the parts keep their escapes."""
    if "\\" not in text:
        return text.split(separator)
    parts, start = [], 0
    for found in re.finditer(rf"\\.|{re.escape(separator)}", text, re.DOTALL):
        if found[0] == separator:
            parts.append(text[start : found.start()])
            start = found.end()
    return [*parts, text[start:]]


def escape(text: str) -> str:
    """Write a text as one part of a value."""
    return _SEPARATORS.sub(r"\\\1", text)


def unescape(text: str) -> str:
    """Read the escapes of a part."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text
