"""Takes the values of a query apart: commas, pipes and dollars, unless a backslash stands before.

https://hl7.org/fhir/R4/search.html#escaping
"""

from __future__ import annotations

import re


def parted(text: str, sign: str) -> list[str]:
    """Part a text at each sign that no backslash escapes; the parts stay escaped."""
    parts, place = [""], 0
    while place < len(text):
        if text[place] == "\\" and place + 1 < len(text):
            parts[-1] += text[place : place + 2]
            place += 2
        else:
            if text[place] == sign:
                parts.append("")
            else:
                parts[-1] += text[place]
            place += 1
    return parts


def unescaped(text: str) -> str:
    """Take the backslashes away that escape a sign."""
    return re.sub(r"\\([\\,|$])", r"\1", text)
