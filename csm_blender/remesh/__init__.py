# SPDX-License-Identifier: GPL-3.0-or-later
"""The local engine: makes of a rough mesh a clean one, with nothing but Blender.

It knows meshes, not jobs: files, jobs and scenes are the business of its callers.
"""
