# SPDX-License-Identifier: GPL-3.0-or-later
"""The job store: what a job is, which changes of state are allowed, and what people may decide about it."""
