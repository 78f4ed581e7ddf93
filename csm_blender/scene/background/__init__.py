# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes of this Blender: the worker and short one-shot children, and the blocking run without a window."""
