"""What keeps a reader's function from harming the notebook: a limit on its time, and everything that it changes undone.

The limit works where Python can be interrupted. In the main thread of Linux and macOS, where Jupyter and Colab run
cells, that is a timer signal: it also ends waiting, and arithmetic on huge integers. Elsewhere (Windows, another
thread) a second thread raises the exception at the next line of Python. What neither can end is a single call of
compiled code that does not return.

Two things take no part of the time: modules that the answer is the first to load, which are not broken off, and where
Linux tells it, waiting for a processor that other programs use.
"""

import builtins
import contextlib
import ctypes
import functools
import io
import operator
import os
import random
import signal
import sys
import threading
import time
import warnings

import numpy as np

#: How long the answer to one exercise may run, all calls together, in seconds.
SECONDS = 5.0

#: How much of what an answer prints is kept, in characters.
PRINTED = 2000

# The checker's own frames, and those of what it uses to clean up, are never interrupted twice.
_HERE = os.path.dirname(__file__)
_OURS = (_HERE, contextlib.__file__)

# An answer may catch the exception and go on: it is raised again at this interval, in seconds.
_AGAIN = 0.1

# What loading modules may take beside, in seconds. TensorFlow takes many, and once broken off half-way it can't be
# loaded again before the notebook's kernel is restarted.
_LOADING = 120.0


class TimeIsUp(BaseException):
    """Raised inside an answer that has run too long; no `except Exception` stops it."""


class Clock:
    """What is left of the time that the calls of one answer share."""

    def __init__(self, seconds: float = SECONDS):
        self.seconds = seconds
        self.left = seconds

    @contextlib.contextmanager
    def running(self):
        """Let the time run; raises TimeIsUp inside when it is over."""
        started, waited, excused = time.monotonic(), _waited(), []
        try:
            with _limit(max(self.left, 0.01), excused):
                yield
        finally:
            used = time.monotonic() - started - (_waited() - waited) - sum(excused)
            self.left -= max(used, 0.0)


def _limit(seconds: float, excused: list[float]):
    """Raise TimeIsUp inside after so many seconds; those in which a module was loaded are added to `excused`."""
    main = threading.current_thread() is threading.main_thread()
    return (_by_signal if main and hasattr(signal, "setitimer") else _by_thread)(seconds, excused)


def _waited() -> float:
    """For how long this thread has had work and no processor, as on a busy machine; 0 where the system doesn't tell."""
    try:
        with io.open("/proc/thread-self/schedstat") as file:  # noqa: UP020 (an answer may replace the other `open`)
            return int(file.read().split()[1]) * 1e-9
    except (OSError, ValueError, IndexError):
        return 0.0


def _is_loading(frame) -> bool:
    """Whether the answer's innermost frames load a module."""
    while frame is not None and not frame.f_code.co_filename.startswith(_HERE):
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


@contextlib.contextmanager
def _by_signal(seconds: float, excused: list[float]):
    armed, ticks, waited, tracing = True, 0, _waited(), sys.gettrace()

    def ring(signum, frame):
        nonlocal ticks, waited
        if not armed:
            return
        before, waited = waited, _waited()
        if sum(excused) < _LOADING and _is_loading(frame):
            excused.append(seconds)
            signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
        elif waited - before > _AGAIN:
            signal.setitimer(signal.ITIMER_REAL, waited - before, _AGAIN)
        else:
            ticks += 1
            if ticks > 3:
                _raise_soon(frame, ticks)
            raise TimeIsUp

    handler = signal.signal(signal.SIGALRM, ring)
    delay, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    started = time.monotonic()
    try:
        yield
    finally:
        armed = False
        if sys.gettrace() is not tracing:
            sys.settrace(tracing)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if delay:  # somebody else's alarm
            signal.setitimer(signal.ITIMER_REAL, max(delay - (time.monotonic() - started), 1e-3), interval)


def _raise_soon(frame, lines: int) -> None:
    """Raise TimeIsUp some lines further on as well: `while True: try: ... except: pass` catches it, but not everywhere.

    A trace function that raises is dropped by Python, and `_by_signal` takes away one that did not.
    """

    def trace(frame, event, argument):
        nonlocal lines
        if frame.f_code.co_filename.startswith(_OURS):
            return None
        lines -= 1
        if lines < 0:
            raise TimeIsUp
        return trace

    while frame is not None:
        if not frame.f_code.co_filename.startswith(_OURS):
            frame.f_trace = trace
        frame = frame.f_back
    sys.settrace(trace)


@contextlib.contextmanager
def _by_thread(seconds: float, excused: list[float]):
    ended, lock = threading.Event(), threading.Lock()
    target = ctypes.c_ulong(threading.get_ident())

    def watch():
        pause = seconds
        while not ended.wait(pause):
            with lock:
                if sum(excused) < _LOADING and _is_loading(sys._current_frames().get(target.value)):
                    excused.append(pause)
                    continue
                if not ended.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(target, ctypes.py_object(TimeIsUp))
            pause = _AGAIN

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        with lock:
            ended.set()
            ctypes.pythonapi.PyThreadState_SetAsyncExc(target, None)  # one that was set and not yet raised


class Printed(io.StringIO):
    """Keeps the beginning of what is printed."""

    def write(self, text: str) -> int:
        if self.tell() <= PRINTED:
            super().write(text[: PRINTED + 1 - self.tell()])
        return len(text)


def _no_input(prompt=""):
    raise EOFError("`input` has no answer in a check: use the function's arguments")


# Functions that an answer might replace, in it or in a library: their names are set back.
_MODULES = {"builtins", "math", "random", "numpy", "numpy.linalg", "numpy.random", "keras", "keras.ops"}


@functools.lru_cache(maxsize=1)
def _watched(count: int) -> list:
    """The modules whose names are set back. They are looked for again when `count`, that of all modules, has changed:
    TensorFlow loads thousands, and to go through them takes longer than most answers."""
    loaded = [module for name, module in list(sys.modules.items()) if name in _MODULES or name.startswith("bncourse")]
    return [module for module in loaded if module is not None]


@contextlib.contextmanager
def undone():
    """Undo what happens inside: random state, NumPy's settings, warnings, folder, environment, replaced functions.

    Yields what is printed.
    """
    # NumPy's global state is what an answer might draw from or seed.
    numpys, randoms = np.random.get_state(), random.getstate()  # noqa: NPY002
    folder, environment = os.getcwd(), dict(os.environ)
    recursion = sys.getrecursionlimit()
    names = [(module, dict(vars(module))) for module in _watched(len(sys.modules))]
    printed, read = Printed(), builtins.input
    try:
        with (
            warnings.catch_warnings(),
            np.errstate(),
            np.printoptions(),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            warnings.simplefilter("ignore")
            builtins.input = _no_input
            yield printed
    finally:
        builtins.input = read
        for module, before in names:
            _restore(module, before)
        sys.setrecursionlimit(recursion)
        np.random.set_state(numpys)  # noqa: NPY002
        random.setstate(randoms)
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)
        with contextlib.suppress(OSError):
            os.chdir(folder)


def _restore(module, before: dict) -> None:
    """Set replaced names back; names that are new, such as modules loaded meanwhile, stay."""
    now = vars(module)
    if len(now) == len(before) and all(map(operator.is_, now.values(), before.values())):
        return
    for name, value in before.items():
        if now.get(name, _restore) is not value:
            now[name] = value
