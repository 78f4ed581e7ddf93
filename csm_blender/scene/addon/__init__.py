# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on in this Blender: its environment, preferences, language and disk usage."""
