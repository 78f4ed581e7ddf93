# SPDX-License-Identifier: GPL-3.0-or-later
"""The CONVERTING step: what a converter tells reaches the job, and a cancel reaches the converter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from jobs_at_hand import settings, spec

from csm_blender.core.jobs import actions
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.messages import NOTHING, Message
from csm_blender.core.pipeline.pipeline import Pipeline
from csm_blender.core.processes.child_process import Progress
from csm_blender.core.processes.converter_pool import ConverterPool

URL = "http://127.0.0.1:9"
BEFORE = (JobState.CHECKING, JobState.SUBMITTING, JobState.REFINING, JobState.DOWNLOADING, JobState.CONVERTING)


class OneConverter:
    """A pool whose converter has just started."""

    def __init__(self) -> None:
        self.told = Progress()
        self.report: dict[str, Any] | None = None
        self.stopped: list[str] = []

    def is_running(self, _job_id: str) -> bool:
        return True

    def progress(self, _job_id: str) -> Progress:
        return self.told

    def collect(self, _job_id: str) -> dict[str, Any] | None:
        return self.report

    def stop(self, job_id: str) -> None:
        self.stopped.append(job_id)


class Converting:
    """A job in CONVERTING whose steps can be done one by one."""

    def __init__(self, folder: Path) -> None:
        self.store, self.converter = Store(folder), OneConverter()
        job = self.store.add(spec("SESSION_1"), URL)
        for state in BEFORE:
            job = self.store.update(job, state=state)
        self.job_id = job.job_id
        self._pipeline = Pipeline(self.store, settings(URL, "key"), cast("ConverterPool", self.converter), "me")

    @property
    def job(self) -> Job:
        job = self.store.get(self.job_id)
        assert job is not None
        return job

    def step(self) -> Job:
        self._pipeline.advance(self.job_id)
        return self.job

    def close(self) -> None:
        self._pipeline.close()
        self.store.close()


@pytest.fixture
def converting(tmp_path: Path) -> Iterator[Converting]:
    """The job."""
    made = Converting(tmp_path)
    yield made
    made.close()


def test_a_converter_that_has_told_nothing_is_converting(converting: Converting) -> None:
    job = converting.step()
    assert (job.message, job.progress) == ("Converting", 0.0)


def test_the_job_says_how_far_its_converter_is(converting: Converting) -> None:
    converting.converter.told = Progress(0.4, Message("Fitting the mesh"))
    job = converting.step()
    assert (job.message, job.progress) == ("Fitting the mesh", 0.4)


def test_small_steps_are_not_written(converting: Converting) -> None:
    converting.converter.told = Progress(0.4, Message("Fitting the mesh"))
    before = converting.step().revision
    converting.converter.told = Progress(0.42, Message("Fitting the mesh"))
    assert converting.step().revision == before
    converting.converter.told = Progress(0.46, Message("Fitting the mesh"))
    assert converting.step().progress == 0.46


def test_a_share_without_words_keeps_the_word_for_the_state(converting: Converting) -> None:
    converting.converter.told = Progress(0.5, NOTHING)
    job = converting.step()
    assert (job.message, job.progress) == ("Converting", 0.5)


def test_a_job_whose_report_is_there_is_ready(converting: Converting) -> None:
    converting.converter.report = {"blend": "refined.blend", "box_min": [0.0] * 3, "box_max": [1.0] * 3}
    job = converting.step()
    assert (job.state, job.progress) == (JobState.READY, 1.0)


def test_a_cancel_stops_the_converter_at_the_next_step(converting: Converting) -> None:
    converting.step()
    actions.cancel(converting.store, converting.job)
    assert converting.step().state is JobState.CANCELLED
    assert converting.converter.stopped
