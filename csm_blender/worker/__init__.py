# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker: a child process in plain Python that does all network work for a Blender with a window."""
