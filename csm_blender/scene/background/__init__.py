# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes: the worker and those that answer one question; and the blocking run without a window."""
