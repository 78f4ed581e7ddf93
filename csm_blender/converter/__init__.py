# SPDX-License-Identifier: GPL-3.0-or-later
"""The converter: a throwaway background Blender that turns a delivered mesh into ``refined.blend``, fitted.

A file that crashes the importer kills this process and not the user's work, and the minutes an import can take are
not spent on the main thread of a Blender with a window.
"""
