# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesh files of all formats: read into Blender, written from it."""
