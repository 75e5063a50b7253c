"""The bill of materials: what software is inside the image, as CycloneDX and as a list of licences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CYCLONEDX = "1.5"
_NOT_SAID = "not said by machine-readable words"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Component:
    """A package in the image: `kind` is deb or pypi, `place` the folder or file where its licence stands.

    `licences` are as the package names them; `expression` is one in the words of SPDX, where the package has that.
    """

    kind: str
    name: str
    version: str
    architecture: str = ""
    licences: tuple[str, ...] = ()
    expression: str = ""
    place: str = ""

    @property
    def purl(self) -> str:
        """Its package URL, by which scanners know it."""
        version = quote(self.version, safe=".~-")
        if self.kind == "deb":
            return f"pkg:deb/debian/{quote(self.name, safe='.-')}@{version}?arch={self.architecture}"
        return f"pkg:pypi/{quote(self.name.lower().replace('_', '-'), safe='.-')}@{version}"


def cyclonedx(components: Iterable[Component], *, version: str) -> dict[str, Any]:
    """Return the bill as a CycloneDX document, the same for the same image: no time, no serial number."""
    unique = {component.purl: component for component in sorted(components)}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": CYCLONEDX,
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": "borgpull",
                "name": "borgpull",
                "version": version,
                "licenses": [{"expression": "MIT"}],
            }
        },
        "components": [_entry(component) for component in unique.values()],
    }


def licence_lines(components: Iterable[Component]) -> Iterator[str]:
    """Yield a line for each package: name, version, licences, and where their words stand in the image."""
    for component in sorted(components):
        licences = component.expression or ", ".join(component.licences) or _NOT_SAID
        yield f"{component.name} {component.version}: {licences} ({component.place})"


def _entry(component: Component) -> Mapping[str, Any]:
    licences: list[Mapping[str, Any]] = [{"license": {"name": name}} for name in component.licences]
    if component.expression:
        licences = [{"expression": component.expression}]
    return {
        "type": "library",
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
        **({"licenses": licences} if licences else {}),
        "properties": [{"name": "borgpull:licence", "value": component.place}],
    }
