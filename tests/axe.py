"""What axe-core finds wrong with a page that is open in a browser."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.async_api import Page

SOURCE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
#: Waits until no colour is on its way to another, and says whether this document has axe-core already.
SETTLE = "Promise.allSettled(document.getAnimations().map(a => a.finished)).then(() => 'axe' in window)"
#: What is sound is neither kept nor sent: on a long page that is thousands of nodes.
FIND = """tags => axe.run(document, {runOnly: tags, resultTypes: ["violations"]}).then(found => found.violations
  .filter(one => ["serious", "critical"].includes(one.impact))
  .flatMap(one => one.nodes.map(node => `${one.id}: ${node.html.slice(0, 120)}`)))"""


async def violations(page: Page) -> list[str]:
    """What axe-core calls serious or critical: the rule's name and the begin of the element."""
    if not await page.evaluate(SETTLE):
        await page.evaluate(_source())
    found: list[str] = await page.evaluate(FIND, TAGS)
    return found


@cache
def _source() -> str:
    return SOURCE.read_text()
