# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes whose surface and color are known everywhere, of any density."""
