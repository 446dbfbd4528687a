"""The ingest process: one MQTT connection, one pipeline, one event loop."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import time
import traceback
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.clock import open_clock
from cloud_gateway.database import open_database
from cloud_gateway.evidence.heads import HeadKeeper
from cloud_gateway.ingest.admission import Admission
from cloud_gateway.ingest.batch import Batch, Sorter, unreadable
from cloud_gateway.ingest.clocks import Clocks
from cloud_gateway.ingest.credentials import broker_context
from cloud_gateway.ingest.gate import Gate
from cloud_gateway.ingest.pipeline import Pipeline, now_ms, persist
from cloud_gateway.ingest.store import IngestStore
from cloud_gateway.outreach.notices import Notices
from cloud_gateway.ratings.counting import Counting
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.rolled import RolledStore
from cloud_gateway.readings.rolling import keep_rolled
from cloud_gateway.readings.series import SeriesStore, StoreUnavailable
from cloud_gateway.readings.store import list_numbers
from cloud_gateway.retention.late import CountedOnce, oldest_raw_days
from cloud_gateway.service.intake import OTHERS, READINGS, IntakeFigures, intake_checks
from cloud_gateway.service.port import open_port
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.settings import Ingest as Limits
from cloud_gateway.storage.room import measure_room
from cloud_gateway.storage.standstill import Standstill, tells_of_full_disk
from cloud_gateway.storage.watch import Reserve, WatchedSeries
from cloud_gateway.twin.desires import Desires
from edge_agent.wire.link import connect
from edge_agent.wire.messages import MAX_FRAME_BYTES
from edge_agent.wire.session import Connect, Delivery, LinkOptions, Session, stay_connected
from edge_agent.wire.topics import GATEWAY_FILTERS, Lane

logger = logging.getLogger(__name__)

SESSION_EXPIRY_S = 24 * 3600
LONGEST_RECONNECT_WAIT_S = 5.0
FINISH_S = 5.0
#: How the topic of readings ends.
READINGS_END = f"/{Lane.READING.value}"
#: Messages are taken apart ahead of time up to so many batches' worth of readings; the rest waits as it came.
MOST_BATCHES = 4
#: And up to so many messages, which bounds the variables of a statement.
MOST_MESSAGES = 5000
#: Messages in hand, as they came; above it the broker is held back.
MOST_BYTES = 32 * 1024 * 1024
#: New objects between two searches for cyclic garbage: what a batch holds is no garbage, and searching it costs.
COLLECT_EVERY = 100_000
#: Exists while ingest runs.
RUNNING_MARK = "ingest.running"


class Intake:
    """Gathers messages into batches; only some batches' worth is taken apart ahead of time."""

    def __init__(self, limits: Limits, sorter: Sorter) -> None:
        self._limits = limits
        self._sorter = sorter
        self._later: deque[tuple[float, Delivery]] = deque()
        self._some = asyncio.Event()
        self._enough = asyncio.Event()

    def clear(self) -> None:
        """Forget what is in hand."""
        self._sorter.take()
        self._later.clear()
        self._some.clear()
        self._enough.clear()

    def add(self, delivery: Delivery) -> None:
        """Take in a message, or set it by while there is enough to do."""
        now = time.monotonic()
        if self._later or self._is_full():
            self._later.append((now, delivery))
        else:
            self._take_in(now, delivery)

    async def take(self) -> Batch:
        """Wait for messages, then until they are enough for a batch or the first has waited long enough."""
        await self._some.wait()
        try:
            async with asyncio.timeout(self._limits.flush_ms / 1000):  # wait_for can miss a cancellation
                await self._enough.wait()
        except TimeoutError:
            pass
        batch = self._sorter.take()
        self._some.clear()
        self._enough.clear()
        while self._later and not self._is_full():
            self._take_in(*self._later.popleft())
        return batch

    def _is_full(self) -> bool:
        """What is taken apart is far larger than what came, so that only some batches' worth is."""
        batch = self._sorter.batch
        return batch.readings >= MOST_BATCHES * self._limits.batch_readings or len(batch.tokens) >= MOST_MESSAGES

    def _take_in(self, came: float, delivery: Delivery) -> None:
        batch = self._sorter.batch
        if batch.since is None:
            batch.since = came
        self._sorter.add(delivery)
        self._some.set()
        if batch.readings >= self._limits.batch_readings or 2 * len(batch.tokens) >= self._limits.receive_maximum:
            self._enough.set()


class Ingest:
    """Feeds the pipeline: readings on one side, all else on the other.

    A series store that is away holds up readings alone: alarms, records and presence go on past it.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        series: SeriesStore,
        store: IngestStore,
        *,
        connect: Connect = connect,
        figures: IntakeFigures | None = None,
    ) -> None:
        self._settings = settings
        self._figures = figures or IntakeFigures()
        self._tls = broker_context(settings.broker)
        self._connect = connect
        self._store = store
        self._admission = Admission(settings.devices)
        clocks = Clocks()
        self._readings = Intake(settings.ingest, Sorter(self._admission, clocks.note_birth))
        self._others = Intake(settings.ingest, Sorter(self._admission, clocks.note_birth))
        self._connection: Session | None = None
        self._desires = Desires(store.engine)
        self._notices = Notices(store.engine)
        folder, reserve_mb = settings.data_dir, settings.storage.reserve_mb
        standstill = Standstill(folder)
        self._figures.outages = standstill.begun
        self._reserve = Reserve(lambda: measure_room(folder, reserve_mb), standstill, now_ms, store.tell_storage)
        series = WatchedSeries(series, standstill, now_ms)
        if (days := oldest_raw_days(settings.retention)) is not None:
            series = CountedOnce(series, days, store.stored_readings, now_ms)
        self._heads = heads = HeadKeeper(store.engine, settings.evidence, now_ms)
        self._counting = Counting(store.engine, settings.ratings, open_clock(settings.clock_file))
        gate = Gate(self._admission)
        self._pipeline = Pipeline(series, store, self._reply, gate, clocks, lambda: heads.checkpoint)

    async def run(self) -> None:
        """Until cancelled."""
        await self._learn_register()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._admission.follow(self._store.read_register))
            group.create_task(
                stay_connected(
                    self._prepare,
                    self._on_delivery,
                    self._serve,
                    longest_wait_s=LONGEST_RECONNECT_WAIT_S,
                    connect=self._connect,
                )
            )
            group.create_task(self._pipeline.keep_latest_fresh())
            group.create_task(self._heads.run())
            group.create_task(self._counting.run())

    async def _learn_register(self) -> None:
        """Know who may speak before anybody is heard."""
        if self._admission.is_open:
            logger.warning("ANYBODY MAY SPEAK: with devices.admit = 'any' no device is refused, no signature checked")
        else:
            await persist("database", lambda: self._admission.load(self._store.read_register))

    async def _prepare(self) -> LinkOptions:
        """A connection begins with nothing in hand: what the last one left unacknowledged comes again."""
        self._readings.clear()
        self._others.clear()
        broker = self._settings.broker
        return LinkOptions(
            broker.host,
            broker.port,
            broker.client_id,
            broker.keepalive_s,
            session_expiry_s=SESSION_EXPIRY_S,
            receive_maximum=self._settings.ingest.receive_maximum,
            receive_bytes=MOST_BYTES,
            max_packet_bytes=2 * MAX_FRAME_BYTES,
            tls=self._tls,
        )

    def _on_delivery(self, delivery: Delivery) -> None:
        intake = self._readings if delivery.topic.endswith(READINGS_END) else self._others
        intake.add(delivery)

    async def _serve(self, connection: Session) -> None:
        """Process what comes on one connection; on each side one batch after the other."""
        self._connection = connection
        await connection.subscribe(GATEWAY_FILTERS)
        self._figures.connect()
        try:
            await self._work_on(connection)
        finally:
            self._figures.disconnect()

    async def _work_on(self, connection: Session) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work(connection, self._others))
            group.create_task(self._work(connection, self._readings))
            group.create_task(self._desires.publish(connection))
            group.create_task(self._notices.publish(connection))
            group.create_task(self._welcome(connection))
            group.create_task(self._pipeline.keep_safe_known())

    async def _welcome(self, connection: Session) -> None:
        """Hear again what devices had said of themselves before they were admitted: it is retained."""
        while True:
            await self._admission.readmitted.wait()
            self._admission.readmitted.clear()
            await connection.subscribe(GATEWAY_FILTERS)

    async def _work(self, connection: Session, intake: Intake) -> None:
        side = READINGS if intake is self._readings else OTHERS
        while True:
            batch = await intake.take()
            self._figures.begin(side)
            if intake is self._readings:
                await self._reserve.until_there()
            await _finish(self._process(batch))
            connection.acknowledge(batch.tokens)
            self._figures.note(side, batch)
            self._desires.say_again(batch.births)

    async def _process(self, batch: Batch) -> None:
        """A message that makes a step fail is found by itself and set aside; the others are stored."""
        try:
            await self._pipeline.process(batch)
        except Exception:  # the edge of a batch: no message may end the loop
            logger.exception("a batch failed; its messages are tried one at a time")
            await self._pipeline.process(Batch(unreadable=batch.unreadable))
            for delivery in batch.readable:
                await self._process_alone(delivery)

    async def _process_alone(self, delivery: Delivery) -> None:
        sorter = Sorter()
        sorter.add(delivery)
        try:
            await self._pipeline.process(sorter.take())
        except Exception:  # the edge of a message: it is kept by name
            logger.exception("a message failed and is set aside", extra={"topic": delivery.topic})
            detail = traceback.format_exc(limit=-1)
            letter = unreadable(delivery, None, "handler_failed", detail)
            await self._pipeline.process(Batch(unreadable=[letter]))

    def _reply(self, topic: str, payload: bytes) -> None:
        if self._connection is not None:
            self._connection.send(topic, payload)


async def _finish(work: Coroutine[None, None, None]) -> None:
    """Let a batch end although its connection is lost: cancelling inside a transaction helps nobody."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=FINISH_S)
        task.cancel()
        await asyncio.wait([task], timeout=FINISH_S)  # it is out of its transaction before the next one begins
        raise


async def _note_start(mark: Path) -> None:
    """Say it when the last life did not end in order; devices then send again what was under way."""
    if await asyncio.to_thread(mark.exists):
        logger.warning("ingest had ended without an orderly stop; what was under way comes again")
    try:
        await asyncio.to_thread(mark.touch)
    except OSError as exc:
        logger.warning("the mark of a running ingest cannot be made: %s", exc)


async def _open_series(series: SeriesStore, settings: GatewaySettings) -> None:
    """Wait for the store of readings. Raises StoreUnavailable when it is a file of our own and the disk is not full."""
    told = False
    while True:
        try:
            await series.open()
        except StoreUnavailable as exc:
            if settings.series.store == "sqlite" and not tells_of_full_disk(exc.reason):
                raise
            if not told:
                logger.error("the store of readings does not answer and is waited for: %s", exc)
            told = True
            await asyncio.sleep(exc.retry_after_s)
        else:
            if told:
                logger.info("the store of readings answers")
            return


async def _ingest(settings: GatewaySettings, series: SeriesStore, store: IngestStore, figures: IntakeFigures) -> None:
    """Until cancelled; the mark of a running ingest stays behind when it ends in any other way."""
    mark = settings.data_dir / RUNNING_MARK
    await _note_start(mark)
    try:
        await Ingest(settings, series, store, figures=figures).run()
    except asyncio.CancelledError:
        mark.unlink(missing_ok=True)
        raise


@asynccontextmanager
async def _rolling(settings: GatewaySettings, series: RolledStore, engine: AsyncEngine) -> AsyncIterator[None]:
    """Make roll-ups of readings meanwhile."""
    folder, reserve_mb = settings.data_dir, settings.storage.reserve_mb
    streams = partial(list_numbers, engine)
    keeping = keep_rolled(series, streams, now_ms, lambda: not measure_room(folder, reserve_mb).is_low)
    task = asyncio.create_task(keeping, name="roll-ups")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _run_until_cancelled(settings: GatewaySettings) -> None:
    engine = open_database(settings.database)
    series = open_series(settings.series, settings.data_dir)
    figures, port = IntakeFigures(), settings.service.ingest_port
    checks = intake_checks(engine, settings, figures)
    try:
        async with open_port(settings.service, port, checks, figures.write):
            await _open_series(series, settings)
            figures.is_series_open = True
            async with _rolling(settings, series, engine):
                await _ingest(settings, series, IngestStore(engine), figures)
    finally:
        await series.close()
        await engine.dispose()


async def run(settings: GatewaySettings) -> None:
    """Run ingest until SIGTERM or SIGINT; the batch in hand is stored or comes again."""
    task = asyncio.create_task(_run_until_cancelled(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def main(settings: GatewaySettings) -> None:
    """The process's entry."""
    gc.freeze()  # what is imported stays
    gc.set_threshold(COLLECT_EVERY)
    asyncio.run(run(settings))
