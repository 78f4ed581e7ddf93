# SPDX-License-Identifier: GPL-3.0-or-later
"""What a refine is, without Blender.

Nothing in here imports ``bpy`` or ``mathutils``: the same code runs in Blender, in the worker process and in plain
Python. It starts no threads of its own, so that it may run inside Blender's process.
"""
