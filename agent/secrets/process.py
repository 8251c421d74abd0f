"""What a process writes beside its store: log lines and the traceback of a crash. Secrets are kept out of both."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from agent.redaction import Redactor


def keep_out_of_logs(redactor: Redactor) -> None:
    """Paint over secrets in every log record and every traceback of this process from now on. A later call replaces an earlier one."""
    logging.setLogRecordFactory(_factory(redactor))

    def crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.stderr.write(crash_report(redactor, error))

    sys.excepthook = crashed
    threading.excepthook = lambda told: crashed(told.exc_type, told.exc_value or told.exc_type(), told.exc_traceback)


def crash_report(redactor: Redactor, error: BaseException) -> str:
    """Return the traceback of an error, without secrets."""
    return redactor.text("".join(traceback.format_exception(error)))


def _factory(redactor: Redactor) -> Any:
    def make(*args: Any, **named: Any) -> logging.LogRecord:
        record = logging.LogRecord(*args, **named)
        record.msg, record.args = redactor.text(record.getMessage()), ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = crash_report(redactor, record.exc_info[1]).rstrip()
        return record

    return make
