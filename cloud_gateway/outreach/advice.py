"""What people are advised to do, as a table: by hazard family and by role, in both languages, understandable to all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cloud_gateway.warnings.hazards import HAZARDS, OTHER
from cloud_gateway.warnings.model import Level


class Words(NamedTuple):
    """The same in English and in Chinese."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """In zh-Hans or en."""
        return self.zh if language == "zh-Hans" else self.en


#: People before goods: this stands first from Severe on.
PEOPLE_FIRST = Words(
    "People come first. Nobody goes outside, into water or up a ladder to save goods.",
    "人的安全第一：任何人都不要为了抢救财物而外出、涉水或登高。",
)

FAMILIES: Mapping[str, tuple[Words, ...]] = {
    "water": (
        Words(
            "Lift goods, papers and machines at least 50 cm off the floor, the most valuable first.",
            "把货物、单证和设备垫高至少 50 厘米，先搬最贵重的。",
        ),
        Words(
            "Clear drains and gutters now; put sandbags or flood boards at doors and ramps.",
            "趁现在疏通排水沟和雨水口，门口和坡道摆好沙袋或挡水板。",
        ),
        Words(
            "Move vehicles out of basements; switch off low-lying power before water reaches it.",
            "把车辆移出地下车库；水到之前切断低处电源。",
        ),
    ),
    "wind": (
        Words(
            "Bring in or tie down whatever the wind can take: signs, sheets, scaffolds, containers.",
            "收起或绑牢会被风吹走的东西：招牌、彩钢板、脚手架、空箱。",
        ),
        Words("Close and bar doors, shutters and skylights.", "关好并加固大门、卷帘和天窗。"),
        Words("Stop cranes and work at height in good time.", "提前停止吊装和高空作业。"),
    ),
    "convection": (
        Words(
            "Shut skylights and doors; park vehicles under a roof.",
            "关好天窗和门，车辆停到有顶的地方。",
        ),
        Words(
            "Save your data and unplug sensitive equipment before the storm is overhead.",
            "雷暴到来前保存数据，拔掉贵重电子设备的插头。",
        ),
        Words("Stop work outdoors while it thunders.", "打雷时停止一切室外作业。"),
    ),
    "winter": (
        Words(
            "Keep pipes, sprinklers and tanks from freezing: heat, lag or drain them.",
            "防止水管、喷淋和水箱结冰：保温、加热或放空。",
        ),
        Words(
            "Clear snow from light roofs only where it is safe from the ground.",
            "轻型屋面的积雪只在地面能安全清除时才清。",
        ),
        Words("Grit ways and ramps.", "道路和坡道撒防滑料。"),
    ),
    "dry": (
        Words(
            "Keep dry grass, pallets and waste away from the walls; no open fire.",
            "清走墙边的干草、托盘和废料，严禁明火。",
        ),
        Words("See that hydrants and extinguishers work.", "检查消火栓和灭火器是否可用。"),
        Words("Keep cooling and ventilation of stores and machines running.", "保证仓库和设备的降温、通风正常。"),
    ),
    "ground": (
        Words(
            "Stay away from slopes, walls and cracked buildings; move people first.",
            "远离边坡、挡墙和开裂的房屋，先撤人。",
        ),
        Words("Shut off gas and power if you can do so safely.", "能安全操作时关闭燃气和电源。"),
    ),
    "fire": (
        Words("Leave at once if you are told to; shut doors behind you.", "接到撤离通知立即撤离，随手关门。"),
        Words("Keep the ways for the fire brigade free.", "保持消防通道畅通。"),
    ),
    "air": (
        Words("Close windows and air intakes; allow more time on the road.", "关闭门窗和新风口，行车留足时间。"),
        Words("Put off loading and lifting work that needs clear sight.", "推迟需要良好视线的装卸和吊装。"),
    ),
    "sea": (
        Words("Double the moorings; bring people off quays and barges.", "加固系泊，人员撤离码头和驳船。"),
        Words("Move goods away from the edge of the quay.", "把货物移离码头前沿。"),
    ),
}
GENERAL = (
    Words("Follow what the authorities in your place say.", "按当地主管部门的要求行动。"),
    Words("Take photos of goods and buildings as they are now.", "现在就给货物和房屋拍照留底。"),
)

ROLES: Mapping[str, Words] = {
    "risk-engineer": Words(
        "Please call the sites from the top of the list down, and enter what you hear.",
        "请按名单从上到下联系场所，并把情况记进系统。",
    ),
    "customer": Words(
        "If anything is damaged: photos first, then call us. We are there day and night.",
        "如有损失：先拍照，再报案。我们全天候在线。",
    ),
    "branch": Words(
        "Please see that each customer on the list has been reached, and keep people ready.",
        "请确认名单上的每位客户都已联系到，并安排人员待命。",
    ),
    "rescue": Words(
        "Please keep crew, pumps and vehicles ready for these places; set out only when asked.",
        "请为这些地点备好人员、水泵和车辆；接到请求后再出动。",
    ),
}
ALL_CLEAR = (
    Words(
        "Before you go back to work: look from outside first, beware of live wires and wet floors.",
        "恢复生产前先在外面查看，当心带电线路和湿滑地面。",
    ),
    Words("Photograph damage before you tidy up.", "清理之前先给损失拍照。"),
)


def advise(hazard: str, level: Level, role: str, language: str) -> tuple[str, ...]:
    """The lines of advice for a danger that holds or is to come, people first."""
    family = HAZARDS.get(hazard, HAZARDS[OTHER]).family
    lines = FAMILIES.get(family, GENERAL)
    first = (PEOPLE_FIRST,) if level >= Level.SEVERE else ()
    return tuple(words.of(language) for words in (*first, *lines, *_own(role)))


def advise_after(role: str, language: str) -> tuple[str, ...]:
    """The lines of advice with an all-clear."""
    lines = ALL_CLEAR if role == "customer" else ALL_CLEAR[1:]
    return tuple(words.of(language) for words in lines)


def _own(role: str) -> tuple[Words, ...]:
    return (ROLES[role],) if role in ROLES else ()
