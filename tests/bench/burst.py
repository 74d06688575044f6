"""An exact number of changes by people who begin at the same moment: where single answers take long."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.bench.load import Request
from tests.bench.rounds import Load

PATIENCE_SECONDS = 300


def burst(port: int, request: Request, first: int, count: int, at_once: int) -> Load:
    """People from number `first` on; each connection sends the next one's form when it has its answer."""
    numbers = iter(range(first, first + count))
    start = threading.Barrier(at_once + 1)
    times: list[float] = []
    refused: list[str] = []

    def send() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        line.connect()
        start.wait()
        # An iterator over a range is safe to share: its step is one call in C.
        for number in numbers:
            began = time.perf_counter()
            refusal = _send(line, request, number)
            times.append(time.perf_counter() - began)
            if refusal:
                refused.append(refusal)
        line.close()

    with ThreadPoolExecutor(at_once) as pool:
        senders = [pool.submit(send) for _ in range(at_once)]
        start.wait()
        began = time.perf_counter()
        for sender in senders:
            sender.result()
        seconds = time.perf_counter() - began
    for refusal, count_ in Counter(refused).items():
        print(f"{count_} answers saved nothing: {refusal}", flush=True)
    return Load.of_times(times, seconds, len(refused))


def _send(line: http.client.HTTPConnection, request: Request, number: int) -> str:
    """Empty when the answer says that it was done, else its status and where it leads."""
    line.request("POST", request.page, request.body(number), request.headers)
    answer = line.getresponse()
    text = answer.read().decode()
    location = answer.getheader("Location", "")
    return "" if request.succeeded(answer.status, location, text) else f"{answer.status} {location.partition('?')[0]}"
