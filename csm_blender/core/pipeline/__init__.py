# SPDX-License-Identifier: GPL-3.0-or-later
"""The one refine pipeline: the steps of a job, and the schedulers that run them."""
