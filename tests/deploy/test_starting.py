"""What surrounds the start of a process of the gateway."""

from __future__ import annotations

import gc

import pytest

from deploy.commands.starting import loading


@pytest.mark.parametrize("was_enabled", [pytest.param(True, id="usual"), pytest.param(False, id="was off before")])
def test_nobody_looks_for_garbage_while_a_process_loads_and_then_as_before(was_enabled: bool) -> None:
    (gc.enable if was_enabled else gc.disable)()
    try:
        with pytest.raises(ModuleNotFoundError), loading():
            loads_quietly = not gc.isenabled()
            raise ModuleNotFoundError
        assert (loads_quietly, gc.isenabled()) == (True, was_enabled)
    finally:
        gc.enable()
