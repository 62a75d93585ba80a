"""Several processes on this machine that TensorFlow takes for the workers of a cluster."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def run_processes(count: int, arguments: list[str], *, seconds: float = 300) -> None:
    """Run a Python command in `count` processes of one cluster on 127.0.0.1, each told its place by `TF_CONFIG`.

    Ports are those that the system finds free. No process sees a GPU, which several can't share.

    Args:
        arguments: what follows `python`; "{index}" stands for the process's number.
        seconds: after this time all are killed.

    Raises:
        RuntimeError: if a process fails, with the end of what it wrote, or if time is up; the others are killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        logs = [Path(folder) / f"{index}.txt" for index in range(count)]
        hosts = [f"127.0.0.1:{port}" for port in _free_ports(count)]
        processes = []
        try:
            for index, log in enumerate(logs):
                place = {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": index}}
                path = os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
                environment = {
                    **os.environ,
                    "TF_CONFIG": json.dumps(place),
                    "CUDA_VISIBLE_DEVICES": "-1",
                    "PYTHONPATH": path.rstrip(os.pathsep),
                }
                command = [sys.executable, *(argument.replace("{index}", str(index)) for argument in arguments)]
                with log.open("w") as file:
                    processes.append(subprocess.Popen(command, env=environment, stdout=file, stderr=file))
            _wait(processes, logs, seconds)
        finally:
            for process in processes:
                process.kill()
                process.wait()


def _free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on; all are held until the last is found, so that they differ."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


def _wait(processes, logs, seconds):
    """Until all processes have ended well; raises RuntimeError as soon as one fails, or time is up."""
    deadline = time.monotonic() + seconds
    while any(process.poll() is None for process in processes):
        if time.monotonic() > deadline or any(process.poll() for process in processes):
            break
        time.sleep(0.05)
    codes = [process.poll() for process in processes]
    failed = next((index for index, code in enumerate(codes) if code), None)
    if failed is not None:
        end = "\n".join(logs[failed].read_text(errors="replace").splitlines()[-15:])
        raise RuntimeError(f"expected {len(codes)} processes to end well, received from process {failed}:\n{end}")
    if None in codes:
        waiting = [index for index, code in enumerate(codes) if code is None]
        raise RuntimeError(
            f"expected {len(codes)} processes to end within {seconds:g} seconds; killed, since still at work: {waiting}"
        )
