"""The narrative must be well-formed XHTML of the elements and attributes FHIR allows."""

from __future__ import annotations

import pytest

from shared.fhir.validation.finding import Run
from shared.fhir.validation.narrative import check_xhtml

OPEN = '<div xmlns="http://www.w3.org/1999/xhtml"'

ALLOWED = [
    f"{OPEN}>text</div>",
    f'{OPEN}><img src="#a" alt=""/></div>',
    f'{OPEN} id="a" class="b" xml:lang="en" style="color: red"><p lang="es">hola</p></div>',
    f"{OPEN}>a&nbsp;b &copy; &lt; &amp; &#160; &quot; &apos;</div>",
    f"{OPEN}><![CDATA[<script>]]></div>",
    f"{OPEN}>a<!-- > a comment --></div>",
    f'{OPEN}><a href="https://example.org/?a=1&amp;b=2">x</a><a name="top">y</a></div>',
    f'{OPEN}><img src="data:image/png;base64,AAAA" alt="x"/></div>',
    f"{OPEN}><table><tr><td colspan='2'>1</td></tr></table><br/></div>",
    f"{OPEN}><address>x</address><bdo dir='rtl'>x</bdo><kbd>x</kbd></div>",
]

REFUSED = [
    "",
    "text",
    "<p>text</p>",
    "<div>no namespace</div>",
    '<div xmlns="http://www.w3.org/2000/svg">x</div>',
    f"{OPEN}>",
    f"{OPEN}>a</div><div/>",
    f"{OPEN}>a & b</div>",
    f"{OPEN}>&unknown;</div>",
    f"{OPEN}><b>a</div>",
    f"{OPEN}><br></div>",
    f"{OPEN}><script>x</script></div>",
    f"{OPEN}><form/></div>",
    f"{OPEN}><h:b>x</h:b></div>",
    f"{OPEN}><B>x</B></div>",
    f'{OPEN}><b xmlns="http://www.w3.org/2000/svg">x</b></div>',
    f'{OPEN} onclick="x()">x</div>',
    f'{OPEN}><b a="1" a="2">x</b></div>',
    f'{OPEN}><a href="javascript:alert(1)">x</a></div>',
    f'{OPEN}><a href=" java&#9;script:alert(1)">x</a></div>',
    f'{OPEN}><a href="&Tab;javascript:alert(1)">x</a></div>',
    f'{OPEN}><img src="JAVASCRIPT:x"/></div>',
    f"<!DOCTYPE div>{OPEN}>x</div>",
    f'<!DOCTYPE d [<!ENTITY a "b">]>{OPEN}>&a;</div>',
    f"<?xml version='1.0'?>{OPEN}>x</div>",
    f"{OPEN}><?php x ?></div>",
    f"{OPEN}>\x00</div>",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_a_narrative_of_allowed_markup_is_accepted(text: str) -> None:
    assert check_xhtml(text, Run(1)) is None


@pytest.mark.parametrize("text", REFUSED)
def test_a_narrative_of_other_markup_is_refused(text: str) -> None:
    (finding,) = check_xhtml(text, Run(1)) or []

    assert finding.code == "value"


def test_a_named_entity_is_read_as_the_character_it_names() -> None:
    assert check_xhtml(f"{OPEN}>caf&eacute;</div>", Run(1)) is None
    assert check_xhtml(f"{OPEN}>caf&eacut;</div>", Run(1)) is not None


def test_a_narrative_that_is_no_text_is_refused_for_its_form() -> None:
    (finding,) = check_xhtml(["<div/>"], Run(1)) or []

    assert finding.code == "structure"
