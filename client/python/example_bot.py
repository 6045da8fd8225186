#!/usr/bin/env python3
"""Places one limit order, once whatever happens on the way, and cancels it.

The parts to copy are place() and find_out().
"""

import sys
import time
import uuid

import krakkend

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "10000.0", "volume": "0.01"}


def place(daemon, order, key, patience=60):
    """Kraken's answer to the order; None: it was not placed."""
    lost = None
    end = time.monotonic() + patience
    while True:
        try:
            return daemon.call("AddOrder", order, idempotency_key=key, timeout_ms=5000)
        except krakkend.OutcomeUnknown as unknown:
            if unknown.intent:
                return find_out(daemon, unknown)
            # The connection broke, so nobody could say which call this was. The same call with the same key
            # may be made again: if the order was placed, this is its answer, and not a second order.
            lost = trouble = unknown
        except krakkend.KrakkendError as refused:
            if not refused.retryable:
                raise
            trouble = refused
        if time.monotonic() > end:
            raise lost or trouble
        time.sleep(trouble.retry_after or 1)


def find_out(daemon, unknown, patience=600):
    """The same answer, when the daemon has found out what became of the order. Nothing is sent again."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            known = daemon.intent_wait(unknown.intent)
        except krakkend.KrakkendError as trouble:
            if not trouble.retryable:
                raise unknown from trouble
            time.sleep(trouble.retry_after or 1)  # not known yet, or the daemon is starting again
            continue
        if known["state"] == "not_placed":
            return None
        if known["state"] == "placed" and "result" in known:
            return known["result"]
        break
    raise unknown  # a person must look at Kraken


def main():
    # A bot that must find its order again after a crash of its own keeps the key in a file before it calls.
    key = str(uuid.uuid4())
    with krakkend.Client() as daemon:
        try:
            daemon.wait_until_ready()
            placed = place(daemon, ORDER, key)
            if placed is None:
                sys.exit("the order was not placed")
            print("placed", placed["descr"]["order"])
            print("cancelled", daemon.call("CancelOrder", txid=placed["txid"][0])["count"])
        except krakkend.KrakkendError as error:
            sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
