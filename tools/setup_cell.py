def set_up(repository, branch, series, tensorflow):
    """Install the course's package where it is missing, and nothing else; then check
    that all versions fit.
    """
    import importlib
    import os
    import subprocess
    import sys
    from importlib.util import find_spec

    class SetUpError(Exception):
        def _render_traceback_(self):  # shown instead of a traceback
            return [str(self)]

    if find_spec("bncourse") is None:
        # BNCOURSE_REPO: the address of another copy of the repository, or of a .zip
        # archive of one.
        archive = os.environ.get("BNCOURSE_REPO", repository).rstrip("/")
        if "github.com/your--org/" in archive:
            raise SetUpError(
                "This copy of the course has no public address yet: clone it and run "
                "`make lab` there, or set the environment variable BNCOURSE_REPO to "
                "the address of a copy that has one."
            )
        if not archive.endswith(".zip"):
            archive += f"/archive/refs/heads/{branch}.zip"
        # Built with the setuptools that is there, so that nothing else is fetched.
        isolation = ["--no-build-isolation"] if find_spec("setuptools") else []
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
        call = [*pip, "--no-deps", *isolation, archive]
        if subprocess.run(call, capture_output=True).returncode != 0:
            raise SetUpError(
                f"The course's package could not be installed from {archive}: check "
                "the network and run this cell again, or see what is wrong with "
                f"`!pip install --no-deps {archive}`."
            )
        importlib.invalidate_caches()

    from bncourse.environment import require

    require(series, tensorflow=tensorflow)
