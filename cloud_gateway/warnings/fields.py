"""The children of one XML element by name, as a message's fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cloud_gateway.warnings.model import Finding, Refused
from cloud_gateway.warnings.notes import Notes
from cloud_gateway.warnings.xml import Element, namespace_of, text_of


class Fields:
    """Reads the children that are of the element's own namespace, or of none; others are extensions, not CAP."""

    def __init__(self, element: Element, notes: Notes, path: str = "") -> None:
        self._notes, self._path = notes, path
        self._children: dict[str, list[Element]] = defaultdict(list)
        prefixes = {f"{{{namespace_of(element)}}}", ""}
        for child in element:
            if isinstance(child.tag, str) and (parts := child.tag.rpartition("}"))[0] + parts[1] in prefixes:
                self._children[parts[2]].append(child)

    def place(self, name: str) -> str:
        """How a finding names a field: `info[1].expires`."""
        return f"{self._path}{name}"

    def text(self, name: str) -> str:
        """The text of a field that stands once at most, "" without it; a second one that differs is a finding."""
        texts = self.texts(name)
        if any(text != texts[0] for text in texts[1:]):
            said = f"{name} stands {len(texts)} times; the first one counts"
            self._notes.add(Finding("repeated_field", self.place(name), said, "doubtful"))
        return texts[0] if texts else ""

    def needed(self, name: str) -> str:
        """The same of a field that a message cannot be without. Raises Refused."""
        text = self.text(name)
        if not text:
            raise Refused("missing_field", self.place(name), f"the message has no {name}", "Ask the publisher for it.")
        return text

    def texts(self, name: str) -> list[str]:
        """The texts of a field that may stand several times; empty ones too."""
        return [text_of(child) for child in self._children.get(name, ())]

    def groups(self, name: str, most: int) -> Iterator[Fields]:
        """The fields inside each child of that name; those after the first `most` are left out, with a finding."""
        for place, child in enumerate(self._bounded(name, most)):
            yield Fields(child, self._notes, f"{self._path}{name}[{place}].")

    def pairs(self, name: str, most: int) -> tuple[tuple[str, str], ...]:
        """(valueName, value) of each child of that name, bounded as `groups`; CAP 1.0 writes `name=value`."""
        return tuple(self._pair(child) for child in self._bounded(name, most))

    def _bounded(self, name: str, most: int) -> list[Element]:
        children = self._children.get(name, [])
        if len(children) > most:
            said = f"{len(children)} of {name}; those after the first {most} are left out"
            self._notes.add(Finding("too_many", self.place(name), said, "doubtful"))
        return children[:most]

    def _pair(self, child: Element) -> tuple[str, str]:
        if len(child) == 0:
            name, _, value = text_of(child).partition("=")
            return name.strip(), value.strip()
        inner = Fields(child, self._notes, self._path)
        return inner.text("valueName"), inner.text("value")
