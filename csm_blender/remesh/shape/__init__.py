# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface: looked at, mended or rebuilt, reduced, measured."""
