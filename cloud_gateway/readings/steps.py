"""What every series store asks of a step of official warnings before it takes it, and the step in line protocol."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cloud_gateway.readings.checks import EARLIEST_NS, LATEST_NS
from cloud_gateway.readings.series import StepRefusal, WarningStep

MEASUREMENT = "warning"
#: What may stand in a tag or a text field: nothing that needs escaping anywhere.
SITE_CODE = re.compile(r"[a-z0-9-]{1,32}")
HAZARD = re.compile(r"[a-z0-9-]{1,40}")
COLOR = re.compile(r"[a-z]{0,16}")
WARNING = re.compile(r"[0-9a-f-]{0,36}")
GRAVEST = 4


def check_step(step: WarningStep) -> StepRefusal | None:
    """Why no store takes this step, or None. Codes: bad_tag, bad_time, bad_level, bad_text."""
    if not steps_fit(step.site) or not HAZARD.fullmatch(step.hazard):
        return StepRefusal(step, "bad_tag", f"site {step.site!r}, hazard {step.hazard!r}: not of the grammar of codes")
    if not EARLIEST_NS <= step.time_ns <= LATEST_NS:
        return StepRefusal(step, "bad_time", f"{step.time_ns} ns since 1970 is outside of what stores can hold")
    if not (0 <= step.level <= GRAVEST and 0 <= step.coming <= GRAVEST):
        return StepRefusal(step, "bad_level", f"level {step.level}, coming {step.coming}: not 0 to {GRAVEST}")
    if not (COLOR.fullmatch(step.color) and WARNING.fullmatch(step.warning)):
        return StepRefusal(step, "bad_text", "the colour or the id of the warning is none")
    return None


def steps_fit(site: str) -> bool:
    """Whether it is a site's code, and so needs no escaping anywhere."""
    return bool(SITE_CODE.fullmatch(site))


def sort_out(steps: Sequence[WarningStep]) -> tuple[list[WarningStep], list[StepRefusal]]:
    """The steps that stores take, and the others."""
    refusals = [refusal for step in steps if (refusal := check_step(step)) is not None]
    bad = {refusal.step for refusal in refusals}
    return [step for step in steps if step not in bad], refusals


def step_line(step: WarningStep) -> str:
    """A checked step in line protocol: two tags, and fields whose texts hold no quote."""
    levels = f"level={step.level}i,coming={step.coming}i"
    words = f'color="{step.color}",warning="{step.warning}",simulated={"true" if step.simulated else "false"}'
    return f"{MEASUREMENT},site={step.site},hazard={step.hazard} {levels},{words} {step.time_ns}"
