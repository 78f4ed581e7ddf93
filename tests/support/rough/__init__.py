# SPDX-License-Identifier: GPL-3.0-or-later
"""Rough meshes made from known ones: what a generator would deliver, and the surface and color it should have had.

``known`` makes the known meshes, ``damage`` spoils them, ``files`` writes them as GLB, ``measure`` compares a result
with the truth. Axes are Blender's, units meters, colors sRGB from 0 to 1. Everything follows from a seed.
"""
