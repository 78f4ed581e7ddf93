# SPDX-License-Identifier: GPL-3.0-or-later
"""``plan``, ``work`` and ``assemble``: what ``refine`` does, in three calls that share a folder (docs/farm.md)."""
