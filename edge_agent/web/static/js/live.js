// Follows the gateway's event stream, and says when it is cut off.

const QUIET_MS = 7000; // three missed ticks
const RETRY_MS = 3000;

/**
 * Opens the stream after event `after`.
 * handlers: `events` maps topics to functions of (body, at, id); `live()`, `cut()` and `stale()` tell the state:
 * stale means that events were missed for good and the page must read everything again.
 */
export function follow(address, after, handlers) {
  let last = after;
  let source = null;
  let watchdog = 0;
  let retry = 0;

  function heard() {
    clearTimeout(watchdog);
    watchdog = setTimeout(lost, QUIET_MS);
  }

  function lost() {
    clearTimeout(watchdog);
    source.close();
    handlers.cut();
    clearTimeout(retry);
    retry = setTimeout(open, RETRY_MS);
  }

  function take(topic, message) {
    heard();
    const { at, body } = JSON.parse(message.data);
    if (message.lastEventId) last = Number(message.lastEventId);
    handlers.events[topic]?.(body, at);
  }

  function open() {
    source = new EventSource(`${address}?after=${last}`);
    source.onopen = () => { heard(); handlers.live(); };
    source.onerror = lost;
    source.addEventListener("reset", (message) => { take("reset", message); handlers.stale(); });
    for (const topic of Object.keys(handlers.events)) {
      source.addEventListener(topic, (message) => take(topic, message));
    }
    heard();
  }

  open();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
}
