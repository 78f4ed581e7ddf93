# SPDX-License-Identifier: GPL-3.0-or-later
"""The textures: unwrapped, and baked from the original."""
