"""An MCP3008 analogue-to-digital converter that answers whole SPI words: 10 bits, 8 single-ended channels.

The frame is the chip's (Microchip DS21295, "Using the MCP3004/3008 with microcontroller SPI ports"): the
master clocks out a start bit, the single-ended bit and three channel bits, and the chip answers ten bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

CHANNELS = 8
FULL_SCALE = 1023
FRAME_WORDS = 3
Source = Callable[[], float]


def _ground() -> float:
    return 0.0


class Mcp3008:
    """The chip: each channel has a source, which is asked for its ratio of full scale at every conversion."""

    def __init__(self) -> None:
        self._sources: list[Source] = [_ground] * CHANNELS

    def attach(self, channel: int, source: Source) -> None:
        """Wire `source` to `channel`. Raises IndexError outside 0 to 7."""
        self._sources[_checked(channel)] = source

    def convert(self, channel: int) -> int:
        """The code 0 to 1023 for the channel's ratio now; ratios outside 0 to 1 saturate as voltages do."""
        return round(min(1.0, max(0.0, self._sources[channel]())) * FULL_SCALE)

    def transfer(self, words: Sequence[int]) -> list[int]:
        """Answer one chip-select frame of three 8-bit words; anything else clocks out nothing."""
        if len(words) != FRAME_WORDS or words[0] != 0b1 or not words[1] & 0x80:
            return [0] * len(words)
        code = self.convert(words[1] >> 4 & 0b111)
        return [0, code >> 8, code & 0xFF]


def _checked(channel: int) -> int:
    if not 0 <= channel < CHANNELS:
        raise IndexError(f"the MCP3008 has channels 0 to 7, not {channel}")
    return channel
