# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure block-outs: boxes of evaluated objects, of empties, and boxes a user drew."""
