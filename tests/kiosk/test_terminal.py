"""The terminal's duty: from a finger on a key to a record on disk, and what a customer, a clerk and a manager see."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.proof.digest import digest
from edge_agent.tasks.notices import NoticeDesk
from edge_agent.wire import ratings as wire
from edge_agent.wire.messages import CounterNotice, DutyCall
from edge_agent.wire.ratings import Uncounted, count_id
from edge_agent.wire.topics import Lane
from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from kiosk.rating.counter import More
from kiosk.rating.given import Kept
from kiosk.rating.journal import LOST, MOST_WAITING
from kiosk.rating.receipts import read_receipt, read_secret
from kiosk.rating.tickets import EventCode, Refused
from kiosk.web.screen import Screen, View
from tests.kiosk.terminals import (
    BUZZER,
    CARD,
    KEYS,
    NOTICE,
    PRESENCE,
    SIGNAL,
    START,
    cut_off,
    make_settings,
    running_terminal,
)
from tests.waiting import until


async def test_press_is_on_disk_before_the_screen_says_saved(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, identity: Path
) -> None:
    async with running_terminal(make_settings(tmp_path, identity), board, clock) as rig:
        await rig.card()
        await rig.pass_time(60)
        await rig.serve(waited_s=360)
        assert (rig.screen.view, rig.lamps) == (View.RATING, [True] * 3)
        await rig.press(3)
        shift, rating, service, press = await rig.records()
        await until(lambda: rig.kept() is Kept.SAVED)
        assert rig.screen.view is View.THANKS
    assert isinstance(rating, wire.RatingBody)
    assert (rating.clerk, rating.scale, rating.score, rating.waited_s) == ("3107", 3, 3, 360)
    assert isinstance(service, wire.ServiceBody)
    assert (service.invited, service.answered, service.by, service.waited_s) == (True, True, "counter-system", 360)
    assert isinstance(press, wire.PressBody)
    assert (press.counted, press.reason, press.button, press.window) == (True, Uncounted.NOT_AT_ALL, 3, rating.window)
    assert shift == wire.ShiftBody("2", "3107", wire.ShiftState.ON)


async def test_receipt_proves_the_record_and_only_the_secret_opens_the_count(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, identity: Path
) -> None:
    async with running_terminal(make_settings(tmp_path, identity), board, clock) as rig:
        rig.device.checkpoint = "weiran.example/evidence\n1\nroot\n\n- sig"
        await rig.serve()
        await rig.press(1)
        await until(lambda: rig.terminal.given is not None and rig.terminal.given.link)
        given, shown = rig.terminal.given, rig.screen.receipt
        row = next(r for r in await rig.device.outbox.pending(Lane.RECORD, 0, 9) if r.kind == wire.RATING)
        epoch = rig.device.outbox.epoch
    assert given is not None
    assert shown is not None
    receipt = read_receipt(given.link.partition("#")[2])
    assert (receipt.d, receipt.e, receipt.s, receipt.a) == ("desk-01", epoch, row.seq, row.at)
    assert (receipt.b, receipt.c) == (digest(row.body), "weiran.example/evidence\n1\nroot\n\n- sig")
    assert count_id(read_secret(shown.secret)) == msgspec.json.decode(row.body, type=wire.RatingBody).count
    on_disk = (tmp_path / "outbox.db").read_bytes()
    assert row.body in on_disk
    assert [form for form in (read_secret(shown.secret).hex(), shown.secret) if form.encode() in on_disk] == []
    assert read_secret(shown.secret) not in on_disk


async def test_one_press_counts_and_every_other_is_kept_with_its_reason(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        await rig.press(3)
        await rig.serve("A1")
        await rig.press(2)
        await rig.pass_time(5)
        await rig.press(1)
        await rig.pass_time(60)
        await rig.serve("A2")
        await rig.pass_time(40)
        rig.terminal.touch(3)
        presses = await rig.bodies(wire.PressBody)
        ratings = await rig.bodies(wire.RatingBody)
        services = await rig.bodies(wire.ServiceBody)
    assert [(p.button, p.source, p.counted, p.reason) for p in presses] == [
        (3, "pin", False, "no-window"),
        (2, "pin", True, ""),
        (1, "pin", False, "repeat"),
        (3, "screen", False, "late"),
    ]
    assert [rating.score for rating in ratings] == [2]
    assert [(service.ticket, service.answered) for service in services] == [("A1", True), ("A2", False)]


async def test_clerk_who_rates_himself_is_kept_and_not_counted(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        await rig.serve()
        await rig.card(CARD)
        await rig.press(3)
        assert (rig.screen.view, rig.lamps) == (View.RATING, [True] * 3)
        (press,) = await rig.bodies(wire.PressBody)
        assert await rig.bodies(wire.RatingBody) == []
    assert (press.counted, press.reason, press.present) == (False, "staff-card", False)


def for_customers(screen: Screen) -> Screen:
    """What everybody at the counter can see; the secret is drawn by chance."""
    assert screen.receipt is not None
    receipt = msgspec.structs.replace(screen.receipt, secret="")
    return msgspec.structs.replace(screen, receipt=receipt, window="")


async def test_bad_rating_signals_the_duty_manager_and_shows_nothing_at_the_counter(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    seen, signals = [], []
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        for score in (3, 1):
            await rig.serve(f"A{score}")
            board.set_contact(KEYS[score - 1], True)
            await rig.pass_time(0.05)
            await until(lambda: rig.kept() is Kept.SAVED)
            seen.append((for_customers(rig.screen), rig.lamps, board.is_on(BUZZER)))
            signals.append(board.is_on(SIGNAL))
            board.set_contact(KEYS[score - 1], False)
            await rig.pass_time(10)
        await rig.pass_time(60)
        signals.append(board.is_on(SIGNAL))
    assert signals == [False, True, False]
    assert seen[0] == seen[1]


async def test_lamps_answer_at_the_first_edge_and_come_back_after_a_spike(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        await rig.serve()
        board.set_contact(KEYS[0], True)
        await until(lambda: rig.lamps == [False] * 3)
        board.set_contact(KEYS[0], False)
        await until(lambda: rig.lamps == [True] * 3)
        await rig.pass_time(1)
        assert await rig.bodies(wire.PressBody) == []


async def test_rating_that_was_saved_is_there_once_after_a_power_cut(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    settings = make_settings(tmp_path)
    async with running_terminal(settings, board, clock) as rig:
        await rig.card()
        await rig.pass_time(60)
        await rig.serve()
        await rig.press(1)
        before = await rig.records()
        after_cut = cut_off(settings, tmp_path / "cut")
    async with running_terminal(after_cut, make_board("SIM-2"), clock) as rig:
        assert await rig.records() == before
        assert rig.screen.badge is not None
        assert rig.screen.badge.number == "3107"


async def test_service_in_whose_window_the_power_was_cut_is_told_and_its_number_stays_used(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    settings = make_settings(tmp_path)
    async with running_terminal(settings, board, clock) as rig:
        replayed = rig.event("end", "A1")
        await rig.terminal.hear(*replayed)
        await rig.pass_time(1)
        after_cut = cut_off(settings, tmp_path / "cut")
    for life in ("SIM-2", "SIM-3"):
        async with running_terminal(after_cut, make_board(life), clock) as rig:
            (service,) = await rig.bodies(wire.ServiceBody)
            assert (service.ticket, service.invited, service.answered) == ("A1", True, False)
            with pytest.raises(Refused) as caught:
                await rig.terminal.hear(*replayed)
            assert caught.value.code is EventCode.NUMBER_USED
            assert rig.screen.view is View.IDLE


async def test_service_is_told_once_whoever_stood_at_the_counter_before_a_restart(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    settings = make_settings(tmp_path)
    async with running_terminal(settings, board, clock) as rig:
        await rig.serve()
        await rig.press(3)
        board.set_contact(PRESENCE, True, pull_up=False)
        await rig.pass_time(90)
        board.set_contact(PRESENCE, False, pull_up=False)
        await rig.pass_time(20)
        before = await rig.records()
        after_cut = cut_off(settings, tmp_path / "cut")
    async with running_terminal(after_cut, make_board("SIM-2"), clock) as rig:
        await rig.pass_time(1)
        assert await rig.records() == before
    assert len(before) == 4


async def test_shift_of_yesterday_has_ended_when_the_terminal_is_switched_on(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    settings = make_settings(tmp_path)
    async with running_terminal(settings, board, clock) as rig:
        await rig.card()
    night = ScenarioClock(START + 15 * 3_600_000)
    async with running_terminal(settings, make_board("SIM-2"), night) as rig:
        await rig.pass_time(0.1)
        shifts = await rig.bodies(wire.ShiftBody)
        assert rig.screen.badge is None
    assert [shift.state for shift in shifts] == ["on", "off"]


async def test_service_that_a_restart_cut_off_is_rated_after_it(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    settings = make_settings(tmp_path)
    async with running_terminal(settings, board, clock) as rig:
        await rig.terminal.hear(*rig.event("begin", "A1", waited_s=120))
        after_cut = cut_off(settings, tmp_path / "cut")
    async with running_terminal(after_cut, make_board("SIM-2"), clock) as rig:
        assert rig.screen.view is View.SERVING
        await rig.terminal.hear(*rig.event("end", "A1"))
        await rig.press(3)
        (service,) = await rig.bodies(wire.ServiceBody)
    assert (service.ticket, service.waited_s, service.answered) == ("A1", 120, True)


async def test_duty_managers_device_signals_while_somebody_is_called(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    called = CounterNotice(calls=[DutyCall("5", START)])
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        signals = []
        desk = await NoticeDesk.open(rig.device)
        for notice in (called, CounterNotice()):
            desk.receive(msgspec.json.encode(msgspec.structs.replace(NOTICE, counter=notice)))
            signals.append(board.is_on(SIGNAL))
    assert signals == [True, False]


async def test_event_for_another_counter_is_refused(tmp_path: Path, board: SimBoard, clock: ScenarioClock) -> None:
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        with pytest.raises(Refused) as caught:
            await rig.terminal.hear(*rig.event("end", "A1", counter="3"))
        assert caught.value.code is EventCode.UNKNOWN_COUNTER
        assert rig.screen.view is View.IDLE


async def test_saved_here_and_received_by_the_centre_are_two_states(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        await rig.serve()
        await rig.press(2)
        await rig.records()
        assert rig.kept() is Kept.SAVED
        await rig.acknowledge(3)
        assert rig.kept() is Kept.RECEIVED


async def test_questions_are_answered_once_and_only_for_the_rating_just_given(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        await rig.serve()
        await rig.press(2)
        more = More(rig.screen.window, ("waiting",), settled=True, recommend=7)
        assert not rig.terminal.add(More("0" * 32))
        assert rig.terminal.add(more)
        assert not rig.terminal.add(more)
        (rating,) = await rig.bodies(wire.RatingBody)
        (said,) = await rig.bodies(wire.RatingMoreBody)
        assert not rig.screen.more
        await rig.pass_time(60)
        assert rig.terminal.given is None
        assert rig.terminal.counter.thanks is None
    assert (said.count, said.reasons, said.settled, said.recommend) == (rating.count, ["waiting"], True, 7)


async def test_customer_without_a_service_is_estimated_from_presence(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        for seconds in (30, 90):
            board.set_contact(PRESENCE, True, pull_up=False)
            await rig.pass_time(seconds)
            board.set_contact(PRESENCE, False, pull_up=False)
            await rig.pass_time(20)
        (service,) = await rig.bodies(wire.ServiceBody)
    assert (service.by, service.invited, service.why_not) == ("walk-up", False, "no-event")
    assert service.closed_at - service.opened_at == 90_000


async def test_presence_tells_the_waiting_time_where_no_ticket_does(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        board.set_contact(PRESENCE, True, pull_up=False)
        await rig.pass_time(120)
        await rig.serve()
        await rig.press(3)
        board.set_contact(PRESENCE, False, pull_up=False)
        await rig.pass_time(20)
        (rating,) = await rig.bodies(wire.RatingBody)
        (press,) = await rig.bodies(wire.PressBody)
        assert len(await rig.bodies(wire.ServiceBody)) == 1
    assert (rating.waited_s, press.present) == (120, True)


async def test_stuck_key_is_named_among_the_devices_troubles(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        board.set_contact(KEYS[1], True)
        await rig.pass_time(11)
        assert "key 2 at the counter" in rig.device.degraded
        await rig.serve()
        assert rig.lamps == [True] * 3
        await rig.press(3)
        assert len(await rig.bodies(wire.RatingBody)) == 1
        board.set_contact(KEYS[1], False)
        await rig.pass_time(6)
        assert rig.device.degraded == set()


async def test_full_store_takes_the_terminal_out_of_service_and_is_told_once_there_is_room(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    settings = make_settings(tmp_path)
    bounds = settings.outbox.model_copy(update={"max_mb": 1, "record_share": 0.01})
    async with running_terminal(settings.model_copy(update={"outbox": bounds}), board, clock) as rig:
        touches = 0
        while not rig.terminal.full:
            touches += 1
            rig.terminal.touch(3)
            await until(lambda: rig.terminal.idle or rig.terminal.full)
        assert rig.screen.view is View.OUT
        await rig.serve()
        assert (rig.screen.view, rig.lamps) == (View.OUT, [False] * 3)
        await rig.acknowledge(rig.device.outbox.lanes[Lane.RECORD].next - 1)
        await until(lambda: not rig.terminal.full)
        services = await rig.bodies(wire.ServiceBody)
        assert rig.device.outbox.lanes[Lane.RECORD].next == 1 + touches + len(services)
    assert [(service.invited, service.why_not) for service in services] == [(False, "out-of-service")]


async def test_more_presses_than_the_disk_can_take_are_bounded_and_named(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        for _ in range(MOST_WAITING + 1):
            rig.terminal.touch(3)
        assert (rig.terminal.full, rig.device.degraded) == (True, {LOST})
        await until(lambda: rig.terminal.idle and not rig.terminal.full)
        assert rig.device.degraded == set()
        assert rig.device.outbox.lanes[Lane.RECORD].rows == MOST_WAITING


async def test_lapsed_training_leaves_no_badge(tmp_path: Path, board: SimBoard, clock: ScenarioClock) -> None:
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        await rig.card("04FFEE")
        assert rig.terminal.counter.shifts.clerk == "3108"
        assert rig.screen.badge is None


async def test_pin_that_cannot_be_used_is_named_and_the_rest_works(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock
) -> None:
    board.output(BUZZER)
    async with running_terminal(make_settings(tmp_path), board, clock) as rig:
        assert rig.device.degraded == {"buzzer"}
        await rig.serve()
        await rig.press(3)
        assert len(await rig.bodies(wire.RatingBody)) == 1
