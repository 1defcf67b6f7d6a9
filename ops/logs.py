"""Logs: one line of JSON each on standard error. What is logged never holds personal data; ids do."""

from __future__ import annotations

import logging
import sys

import structlog
from asgi_correlation_id import correlation_id
from structlog.types import EventDict, WrappedLogger


def configure(level: str) -> None:
    """Send every library's and our own log lines through one renderer, from `level` on."""
    renderer = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _with_request,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "stripe", "python_http_client", "dramatiq", "psycopg.pool", "fontTools", "fpdf"):
        # Some write personal data: fontTools lists the letters of the names on a confirmation.
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    # It warns of every look at a server that is still starting.
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def _with_request(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    request = correlation_id.get()
    return {**event, "request": request} if request else event
