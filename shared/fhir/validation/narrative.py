"""XHTML of a narrative: well-formed, and only the elements and attributes that FHIR allows.

https://hl7.org/fhir/R4/narrative.html#xhtml
"""

from __future__ import annotations

import re
from html.entities import name2codepoint
from typing import TYPE_CHECKING
from xml.parsers import expat

from shared.fhir.validation.finding import fault, too_long, wrong_json_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.fhir.validation.finding import Findings, Run

_LONGEST = 5_000_000
_XHTML = "http://www.w3.org/1999/xhtml"
# The names that the XPath of rule txt-1 lists, what XML itself adds to them, and three elements of
# the chapters that its text names: address, bdo and kbd.
_ELEMENT_NAMES = """
a abbr acronym address b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em
h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre q samp small span strong sub sup table tbody td tfoot th
thead tr tt ul var
"""
_ATTRIBUTE_NAMES = """
abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char
charoff charset cite class colspan compact coords dir frame headers height href hreflang hspace id
lang longdesc name nowrap rel rev rowspan rules scope shape span src start style summary tabindex
title type valign value vspace width xml:lang xml:space xmlns
"""
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
_LINKS = ("href", "src")
_named_entity = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_content = re.compile(r">[^<]*[^<\s]|<img").search
_hidden = re.compile(r"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_blanks = re.compile(r"[\x00-\x20]")
_KEPT = {"lt", "gt", "amp", "quot"}


class _NotAllowed(Exception):
    pass


def check_xhtml(value: object, _run: Run) -> Findings | None:
    """Check the `div` of a narrative."""
    if type(value) is not str:
        return wrong_json_type(value, "a string of XHTML")
    if len(value) > _LONGEST:
        return too_long(_LONGEST)
    try:
        _parse(_without_named_entities(value) if "&" in value else value)
    except _NotAllowed as refused:
        return fault("value", str(refused))
    except (expat.ExpatError, UnicodeEncodeError):
        return fault("value", "The narrative is not well-formed XHTML.")
    if not _content(_hidden.sub(_shown, value) if "<!" in value else value):
        return fault("invariant", "The narrative must have some text or an image (txt-2).")
    return None


def _shown(hidden: re.Match[str]) -> str:
    # A comment is no content; what CDATA quotes is, whatever it looks like.
    return "x" if hidden[1] and hidden[1].strip() else ""


def _without_named_entities(text: str) -> str:
    # Clients send &nbsp; and the like, which XML knows only from the DOCTYPE we refuse.
    return _named_entity.sub(_character, text)


def _character(entity: re.Match[str]) -> str:
    name = entity.group(1)
    known = name in name2codepoint and name not in _KEPT
    return chr(name2codepoint[name]) if known else entity.group()


def _parse(text: str) -> None:
    # The root is judged like any element, and must be the one that FHIR names.
    if not text.lstrip().startswith("<div"):
        raise _NotAllowed("The narrative must be one <div> element.")
    parser = expat.ParserCreate()
    parser.StartElementHandler = _root_of(parser)
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.ProcessingInstructionHandler = _refuse_instruction
    parser.Parse(text, True)  # noqa: FBT003


def _root_of(parser: expat.XMLParserType) -> Callable[[str, dict[str, str]], None]:
    def start(name: str, attributes: dict[str, str]) -> None:
        if name != "div" or attributes.get("xmlns") != _XHTML:
            raise _NotAllowed(f'The narrative must be one <div xmlns="{_XHTML}"> element.')
        parser.StartElementHandler = _start
        _start(name, attributes)

    return start


def _start(name: str, attributes: dict[str, str]) -> None:
    if name not in _ELEMENTS:
        raise _NotAllowed("The narrative holds an element that FHIR does not allow in it.")
    if attributes:
        _judge(attributes)


def _judge(attributes: dict[str, str]) -> None:
    if not attributes.keys() <= _ATTRIBUTES:
        raise _NotAllowed("The narrative holds an attribute that FHIR does not allow in it.")
    if attributes.get("xmlns", _XHTML) != _XHTML:
        raise _NotAllowed("The narrative holds an element that is not XHTML.")
    for link in _LINKS:
        # A browser ignores blanks in a scheme.
        target = _blanks.sub("", attributes.get(link, "")).lower()
        if target.startswith(("javascript:", "vbscript:")):
            raise _NotAllowed("The narrative may not hold a link that runs a script.")


def _refuse_doctype(*_: object) -> None:
    raise _NotAllowed("The narrative may not hold a DOCTYPE.")


def _refuse_instruction(*_: object) -> None:
    raise _NotAllowed("The narrative may not hold a processing instruction.")
