# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources, engines and facings: what goes with what, and what is written into a job."""

from __future__ import annotations

import pytest

from csm_blender.core.errors import UsageError
from csm_blender.core.models import DEFAULT_CHOICES, Choices, JobSpec
from csm_blender.core.remesh import RemeshOptions
from csm_blender.core.sources import Engine, Facing, Source, SourceKind, default_facing

FILE = Source(SourceKind.FILE, "/meshes/Old Chair.v2.glb")
OBJECT = Source(SourceKind.OBJECT, "Chair/raw")
SESSION = Source.of("SESSION_1")


def test_a_source_is_written_as_it_is_read() -> None:
    assert [each.text for each in (FILE, OBJECT, SESSION)] == [FILE.name, "object:Chair/raw", "SESSION_1"]
    assert [each.label for each in (FILE, OBJECT, SESSION)] == ["Old Chair.v2.glb", "Chair/raw", "SESSION_1"]


@pytest.mark.parametrize(
    ("source", "stem"),
    [
        (FILE, "Old Chair.v2"),
        (OBJECT, "Chair_raw"),
        (SESSION, "SESSION_1"),
        (Source(SourceKind.OBJECT, "..."), "mesh"),
        (Source(SourceKind.OBJECT, 'a<b>:"c"|?*\n'), "a_b___c_____"),
        (Source(SourceKind.OBJECT, "x" * 300), "x" * 100),
        (Source(SourceKind.FILE, "/meshes/🪑 stool.obj"), "🪑 stool"),
    ],
)
def test_the_stem_can_be_a_file_name_anywhere(source: Source, stem: str) -> None:
    assert source.stem == stem


def test_files_and_objects_are_refined_on_this_computer_unless_asked_otherwise() -> None:
    assert [each.checked_engine(None) for each in (SESSION, FILE, OBJECT)] == [
        Engine.SERVICE,
        Engine.LOCAL,
        Engine.LOCAL,
    ]
    assert all(each.checked_engine(Engine.NONE) is Engine.NONE for each in (SESSION, FILE, OBJECT))
    for source in (FILE, OBJECT):
        with pytest.raises(UsageError, match="sessions only"):
            source.checked_engine(Engine.SERVICE)


def test_only_what_the_service_made_faces_as_it_was_delivered() -> None:
    assert [default_facing(engine) for engine in Engine] == [Facing.AS_DELIVERED, Facing.AUTO, Facing.AUTO]
    assert [facing.degrees for facing in Facing] == [0, 0, 90, 180, 270, 0]


def test_a_job_of_the_service_is_written_as_version_1_0_0_wrote_it() -> None:
    assert not {"engine", "facing", "remesh"} & DEFAULT_CHOICES.as_dict().keys()
    assert not {"engine", "facing", "remesh", "source", "shape"} & JobSpec.keys(required=True)


def test_choices_of_other_jobs_come_back_from_json() -> None:
    chosen = Choices(engine=Engine.LOCAL, facing=Facing.TURN_90, remesh=RemeshOptions(quads=500))
    assert Choices.from_dict(chosen.as_dict()) == chosen
