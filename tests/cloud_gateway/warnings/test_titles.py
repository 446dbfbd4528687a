"""Titles of Chinese signals: who, which hazard, which colour, and whether it lifts or changes one."""

from __future__ import annotations

import pytest

from cloud_gateway.warnings.chinese.titles import Title, read_title
from cloud_gateway.warnings.model import Color


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("示例市气象台发布台风蓝色预警信号", Title("示例市气象台", "台风", Color.BLUE, False, False)),
        ("示例市气象局发布道路结冰黄色预警/III/较重", Title("示例市气象局", "道路结冰", Color.YELLOW, False, False)),
        ("示例区气象台更新大风橙色预警信号", Title("示例区气象台", "大风", Color.ORANGE, False, True)),
        ("示例市气象台解除台风预警信号", Title("示例市气象台", "台风", None, True, False)),
        ("示例市气象台解除暴雨红色预警信号", Title("示例市气象台", "暴雨", Color.RED, True, False)),
        (
            "示例市气象台解除暴雨红色预警信号，发布暴雨橙色预警信号",
            Title("示例市气象台", "暴雨", Color.ORANGE, False, False),
        ),
        (
            "示例市气象台将台风蓝色预警信号升级为黄色预警信号",
            Title("示例市气象台", "台风", Color.YELLOW, False, True),
        ),
        ("将乐县气象台发布暴雨红色预警信号", Title("将乐县气象台", "暴雨", Color.RED, False, False)),
        ("示例台发布海上雷雨大风黄色预警", Title("示例台", "海上雷雨大风", Color.YELLOW, False, False)),
        ("示例市水务局发布城市内涝橙色预警", Title("示例市水务局", "城市内涝", Color.ORANGE, False, False)),
        ("天气晴好", Title("", "", None, False, False)),
    ],
)
def test_a_title_is_read(text: str, title: Title) -> None:
    assert read_title(text) == title
