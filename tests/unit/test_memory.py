"""Results of short texts are remembered, those of long ones are not."""

from __future__ import annotations

from shared.fhir.memory import remembering_short_texts


def test_a_short_text_is_asked_about_once_and_a_long_one_again() -> None:
    asked: list[tuple[str, int]] = []

    @remembering_short_texts
    def times(text: str, number: int) -> str:
        asked.append((text, number))
        return text * number

    short, long = "ab", "c" * 100_000
    for _ in range(2):
        assert times(short, 2) == "abab"
        assert times(short, number=3) == "ababab"
        assert times(long, 1) == long
    assert asked == [(short, 2), (short, 3), (long, 1), (long, 1)]
