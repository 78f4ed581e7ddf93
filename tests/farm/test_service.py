# SPDX-License-Identifier: GPL-3.0-or-later
"""The local service with ``--dask``: its refines are done by the workers of a cluster, several at once."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest
from common import asset, load_script, service_python
from conftest import WAIT_S, Cluster, wait_for


def started(folder: Path, address: str) -> Any:
    launch = load_script("csm_server/launch.py")
    options = ["--control", "--refine-seconds", "0", "--texture", "512", "--dask", address]
    return launch.LocalService(python=sys.executable, data=folder, options=options)


def ended(service: Any, code: str) -> dict[str, Any]:
    return wait_for(lambda: (data := service.session(code))["status"] != "training_refine" and data, code, WAIT_S)


def test_refines_are_done_by_the_workers_and_one_that_dies_is_replaced(cluster: Cluster, tmp_path: Path) -> None:
    workers = [cluster.start_worker(), cluster.start_worker()]
    with started(tmp_path / "service", cluster.address) as service:
        assert f"Refines with: the workers of Dask at {cluster.address}" in service.output
        codes = [service.add_session(None, asset("Duck.glb"), style="2024") for _ in range(3)]
        for code in codes:
            assert service.refine(code, scaled_bbox=[1, 2, 3]).status == 200
        percents: set[int] = set()
        while not percents & set(range(1, 100)):
            percents |= {service.session(code)["percentage"] for code in codes}
            time.sleep(0.02)
        workers[0].kill()
        ends = [ended(service, code) for code in codes]
        assert [data["status"] for data in ends] == ["refine_done"] * 3, [data.get("status_message") for data in ends]
        logs = b"".join(log.read_bytes() for log in cluster.folder.glob("*.log"))
        assert service.key.encode() not in logs

        cluster.stop()
        assert service.refine(codes[0]).status == 200
        data = ended(service, codes[0])
        assert data["status"] == "refine_failed"
        assert "Dask" in data["status_message"]


def test_a_python_without_dask_is_told(tmp_path: Path) -> None:
    launch = load_script("csm_server/launch.py")
    with pytest.raises(launch.LaunchError, match="pip install"):
        launch.LocalService(
            python=service_python(), data=tmp_path / "service", options=["--dask", "tcp://127.0.0.1:1"]
        ).start()
