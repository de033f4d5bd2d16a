"""Random writes: plain, conditional and in Bundles, by whoever may not see all that they name."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.access.population import Planned, content
from tests.access.searching import Searching
from tests.access.vocabulary import Ask


class Writing(Searching):
    """Draws writes."""

    def _draft(self, name: str, logical_id: str | None = None) -> dict[str, Any]:
        patient = self._id("Patient")
        of = Planned(name, logical_id or self._id(name), patient)
        made = content(self._rng, of)
        # The resources that stand behind the anchors are of a hidden type; what is referred to
        # here may be hidden, too, and is then refused as what does not exist.
        if self._rng.random() < 0.7:
            made.pop("performer", None)
            made.pop("serviceProvider", None)
            made.pop("participant", None)
            made.pop("recorder", None)
        return made

    def _written(self) -> str:
        return self._rng.choice(("Observation", "Encounter", "Condition", "Patient", "Observation"))

    def _create(self) -> Ask:
        name = self._written()
        return Ask("POST", name, body=self._draft(name))

    def _update(self) -> Ask:
        name = self._written()
        draft = self._draft(name)
        headers = self._rng.choice(((), (), (("if-match", 'W/"1"'),), (("if-none-match", "*"),)))
        return Ask("PUT", f"{name}/{draft['id']}", headers, draft)

    def _patch(self) -> Ask:
        name = self._written()
        json_patch = (("content-type", "application/json-patch+json"),)
        said = [{"op": "add", "path": "/language", "value": self._rng.choice(("de", "en"))}]
        return Ask("PATCH", f"{name}/{self._id(name)}", json_patch, said)

    def _delete(self) -> Ask:
        name = self._written()
        return Ask("DELETE", f"{name}/{self._id(name)}")

    def _conditional(self) -> Ask:
        name = self._written()
        pair = urlencode([self._criterion(name)])
        draft = self._draft(name)
        draft.pop("id")
        method = self._rng.choice(("POST", "PUT", "DELETE", "PATCH"))
        if method == "POST":
            return Ask("POST", name, (("if-none-exist", pair),), draft)
        if method == "PATCH":
            kind = (("content-type", "application/json-patch+json"),)
            return Ask(
                "PATCH", f"{name}?{pair}", kind, [{"op": "add", "path": "/language", "value": "de"}]
            )
        return Ask(method, f"{name}?{pair}", body=draft if method == "PUT" else None)
