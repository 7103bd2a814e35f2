"""The entry point, where every error becomes a sentence and an exit code."""

from __future__ import annotations

import errno
import sys

from horarium.cli.failure import MISUSED, REFUSED, Failure
from horarium.cli.streams import give_up_output, open_missing
from horarium.domain.errors import HorariumError, Invalid

# What the system says of a full disk, and of an output that is as large as it may be.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main() -> None:
    """Exit codes: 0 done; 1 tried without success; 2 wrong command line or settings."""
    open_missing()
    try:
        _run()
    except Failure as failure:
        _leave(str(failure), failure.code)
    except Invalid as error:
        _leave(str(error), MISUSED)
    except HorariumError as error:
        _leave(str(error), REFUSED)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone
        sys.exit(REFUSED)
    except OSError as error:
        if error.errno in _UNWRITABLE:
            give_up_output()
            _leave(f"writing failed: {error.strerror}", REFUSED)
        where = "" if error.filename is None else f" ({error.filename})"
        _leave(f"the system refused: {error.strerror or error}{where}", REFUSED)
    except MemoryError:
        _leave("there is not enough memory", REFUSED)


def _run() -> None:
    # Other programs start this command again and again, so it does not load what the other commands need.
    if sys.argv[1:] == ["next", "--batch"]:
        from horarium.cli.batch import answer_all

        answer_all(sys.stdin, sys.stdout.write)
        return
    from horarium.cli.commands import app

    app()


def _leave(sentence: str, code: int) -> None:
    from horarium.cli.plain import plain

    print(plain(f"horarium: {sentence}"), file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
