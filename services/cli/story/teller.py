"""Tells a story in the terminal: each step, what happened, and where to look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from services.cli.story.player import Player
    from shared.fhir.reader import JsonObject


class Teller:
    """Prints to a console; a silent one (None) plays the same without a word."""

    def __init__(self, console: Console | None, player: Player) -> None:
        self._console = console
        self._player = player
        self._named: list[str] = []

    def step(self, number: int, title: str) -> None:
        """Begin a step."""
        self._print(Text(f"\n{number}. {title}", style="bold"))

    def say(self, sentence: str, *resources: JsonObject) -> None:
        """Tell what happened, by which calls, with links to the resources that show it."""
        self._print(Text(f"   {sentence}"))
        for call in self._new_calls():
            self._print(Text(f"     {call}", style="cyan"))
        for resource in resources:
            self._print(Text(f"     {self._player.link(resource)}", style="dim"))

    def show(self, drawing: Text) -> None:
        """Show a drawing."""
        self._print(drawing)

    def _new_calls(self) -> list[str]:
        """Name the calls that led here; those of one week are those of the next."""
        calls = self._player.calls()
        new = [each for each in calls if each not in self._named]
        self._named = calls or self._named
        return new

    def _print(self, text: Text) -> None:
        if self._console is not None:
            self._console.print(text, soft_wrap=True)
